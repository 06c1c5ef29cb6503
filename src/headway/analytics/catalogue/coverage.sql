-- Of the targets in scope, on how many something counts. It stands beside every share of proficient.
SELECT
  s.student, t.framework, t.area,
  SUM(CASE WHEN s.n_counted > 0 THEN 1 ELSE 0 END) AS hits,
  COUNT(*) AS chances
FROM scope s
JOIN target t ON t.target = s.target
WHERE t.kind = 'academic' AND s.state NOT IN ('excused', 'not_taught', 'individual_goal')
GROUP BY s.student, t.framework, t.area
