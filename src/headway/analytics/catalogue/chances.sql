-- Chances to show a target: distinct pieces rated as evidence, missed or short, and open offers; for each target in scope.
SELECT
  s.student, t.framework, t.area,
  SUM(s.pieces + s.offers) AS hits,
  COUNT(*) AS chances
FROM scope s
JOIN target t ON t.target = s.target
WHERE t.kind = 'academic'
GROUP BY s.student, t.framework, t.area
