-- Of the targets in scope that ask for depth 3 or more, on how many a chance of that depth was given.
SELECT
  s.student, t.framework, t.area,
  SUM(CASE WHEN s.deepest >= 3 THEN 1 ELSE 0 END) AS hits,
  COUNT(*) AS chances
FROM scope s
JOIN target t ON t.target = s.target
WHERE t.kind = 'academic' AND t.asks_depth >= 3
GROUP BY s.student, t.framework, t.area
