-- The mean level that a student has, and the mean level at which the student began, empty where nobody knows it.
SELECT d.student, AVG(d.value) AS value, AVG(d.baseline) AS entry
FROM determination d
JOIN target t ON t.target = d.target
WHERE t.kind = 'academic' AND d.value IS NOT NULL
GROUP BY d.student
