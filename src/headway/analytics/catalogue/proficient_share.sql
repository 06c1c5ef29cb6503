-- Of the targets in scope that are taught, how many are proficient or beyond. A target is taught in a school where
-- somebody of the same grade was offered it, or rated on it as evidence. Excused, not taught and individual goals leave both.
SELECT
  s.student, t.framework, t.area,
  SUM(CASE WHEN s.state IN ('proficient', 'beyond') THEN 1 ELSE 0 END) AS hits,
  COUNT(*) AS chances
FROM scope s
JOIN target t ON t.target = s.target
WHERE t.kind = 'academic' AND s.taught AND s.state NOT IN ('excused', 'not_taught', 'individual_goal')
GROUP BY s.student, t.framework, t.area
