-- Whether any plan of a student is behind (1) or none is (0), and the mean level at which the student began; plans without a pace
-- are left out.
SELECT p.student, MAX(CASE WHEN p.state = 'behind' THEN 1 ELSE 0 END) AS value, MAX(e.entry) AS entry
FROM pace p
LEFT JOIN (
  SELECT d.student, AVG(d.baseline) AS entry
  FROM determination d
  JOIN target t ON t.target = d.target
  WHERE t.kind = 'academic' AND d.baseline IS NOT NULL
  GROUP BY d.student
) e ON e.student = p.student
WHERE p.state IN ('behind', 'on_pace', 'ahead')
GROUP BY p.student
