-- Of the targets with counted evidence, on how many a teacher's decision stands in place of what the rule says.
SELECT
  d.student, t.framework, t.area,
  SUM(CASE WHEN d.decided THEN 1 ELSE 0 END) AS hits,
  COUNT(*) AS chances
FROM determination d
JOIN target t ON t.target = d.target
WHERE t.kind = 'academic' AND (d.n_counted > 0 OR d.decided)
GROUP BY d.student, t.framework, t.area
