-- Of the targets in scope that are taught, how many are proficient or beyond. A target is taught in a school where
-- somebody of the same grade was offered it, or rated on it as evidence. Excused, not taught and individual goals leave both.
SELECT
  s.student, t.framework, t.area,
  SUM(CASE WHEN d.state IN ('proficient', 'beyond') THEN 1 ELSE 0 END) AS hits,
  COUNT(*) AS chances
FROM scope s
JOIN student p ON p.student = s.student
JOIN target t ON t.target = s.target
JOIN (
  SELECT DISTINCT b.school, b.grade, e.target
  FROM (
    SELECT student, target FROM rating WHERE purpose = 'evidence'
    UNION
    SELECT student, target FROM opportunity
  ) e
  JOIN student b ON b.student = e.student
) k ON k.school = p.school AND k.grade = p.grade AND k.target = s.target
LEFT JOIN determination d ON d.student = s.student AND d.target = s.target
WHERE t.kind = 'academic' AND COALESCE(d.state, 'no_evidence') NOT IN ('excused', 'not_taught', 'individual_goal')
GROUP BY s.student, t.framework, t.area
