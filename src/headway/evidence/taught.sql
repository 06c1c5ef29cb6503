-- Somebody in the school and grade was offered the target, or was rated on it as evidence.
SELECT DISTINCT p.school, p.grade, e.target
FROM (
  SELECT student, target FROM rating WHERE purpose = 'evidence'
  UNION ALL
  SELECT student, target FROM opportunity
) e
JOIN student p ON p.student = e.student
WHERE p.school IS NOT NULL AND p.grade IS NOT NULL
ORDER BY p.school, p.grade, e.target
