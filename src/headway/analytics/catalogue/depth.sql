-- Of the proficient targets to which depth applies, how many were shown at the depth that the target asks for.
SELECT
  d.student, t.framework, t.area,
  SUM(CASE WHEN d.depth >= t.asks_depth THEN 1 ELSE 0 END) AS hits,
  COUNT(*) AS chances
FROM determination d
JOIN target t ON t.target = d.target
WHERE d.state IN ('proficient', 'beyond') AND t.asks_depth IS NOT NULL AND t.kind = 'academic'
GROUP BY d.student, t.framework, t.area
