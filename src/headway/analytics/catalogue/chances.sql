-- Chances to show a target: distinct pieces rated as evidence, missed or short, and open offers; for each target in scope.
SELECT
  s.student, t.framework, t.area,
  SUM(COALESCE(r.pieces, 0) + COALESCE(o.offers, 0)) AS hits,
  COUNT(*) AS chances
FROM scope s
JOIN target t ON t.target = s.target
LEFT JOIN (
  SELECT student, target, COUNT(piece) AS pieces
  FROM (
    -- Not COUNT(DISTINCT piece): of 100 million ratings that does not fit into a gigabyte, and this spills.
    SELECT DISTINCT student, target, piece
    FROM rating
    WHERE purpose = 'evidence' AND status IN ('rated', 'missed', 'too_little') AND kind IN ('teacher', 'panel', 'moderated')
  ) one
  GROUP BY student, target
) r ON r.student = s.student AND r.target = s.target
LEFT JOIN (
  SELECT student, target, COUNT(DISTINCT opportunity) AS offers
  FROM opportunity
  WHERE state = 'offered' AND purpose = 'evidence'
  GROUP BY student, target
) o ON o.student = s.student AND o.target = s.target
WHERE t.kind = 'academic'
GROUP BY s.student, t.framework, t.area
