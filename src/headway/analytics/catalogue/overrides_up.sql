-- Of the decisions that stand, how many put the target higher than the rule does.
SELECT
  d.student, t.framework, t.area,
  SUM(CASE WHEN d.direction = 'up' THEN 1 ELSE 0 END) AS hits,
  COUNT(*) AS chances
FROM determination d
JOIN target t ON t.target = d.target
WHERE t.kind = 'academic' AND d.decided
GROUP BY d.student, t.framework, t.area
