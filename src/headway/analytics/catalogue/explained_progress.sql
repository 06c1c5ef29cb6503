-- The mean progress of the plans in force, and the mean level at which the student began, empty where nobody knows it.
SELECT p.student, AVG(p.progress) AS value, MAX(e.entry) AS entry
FROM pace p
LEFT JOIN (
  SELECT d.student, AVG(d.baseline) AS entry
  FROM determination d
  JOIN target t ON t.target = d.target
  WHERE t.kind = 'academic' AND d.baseline IS NOT NULL
  GROUP BY d.student
) e ON e.student = p.student
WHERE p.progress IS NOT NULL
GROUP BY p.student
