-- Of the targets in scope that ask for depth 3 or more, on how many a chance of that depth was given.
SELECT
  s.student, t.framework, t.area,
  SUM(CASE WHEN x.target IS NOT NULL THEN 1 ELSE 0 END) AS hits,
  COUNT(*) AS chances
FROM scope s
JOIN target t ON t.target = s.target
LEFT JOIN (
  SELECT student, target FROM rating WHERE purpose = 'evidence' AND depth >= 3
  UNION
  SELECT student, target FROM opportunity WHERE purpose = 'evidence' AND depth >= 3
) x ON x.student = s.student AND x.target = s.target
WHERE t.kind = 'academic' AND t.asks_depth >= 3
GROUP BY s.student, t.framework, t.area
