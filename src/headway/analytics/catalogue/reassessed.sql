-- Of the targets whose first rating was below proficient, on how many there was a second.
SELECT
  j.student, t.framework, t.area,
  SUM(CASE WHEN j.tried_again THEN 1 ELSE 0 END) AS hits,
  COUNT(*) AS chances
FROM journey j
JOIN target t ON t.target = j.target
WHERE NOT j.first_reached AND t.kind = 'academic'
GROUP BY j.student, t.framework, t.area
