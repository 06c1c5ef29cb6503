-- How far the targets that are asked of a student came: offered, handed in and rated, proficient at the first rating, else
-- rated again, proficient then. A target that was rated was offered; a chance that was excused, or from which the
-- student was away, is none. Excused and not taught targets and individual goals are in no step.
SELECT
  s.student,
  COUNT(*) AS asked,
  SUM(CASE WHEN s.offered OR s.first_reached IS NOT NULL THEN 1 ELSE 0 END) AS offered,
  SUM(CASE WHEN s.first_reached IS NOT NULL THEN 1 ELSE 0 END) AS rated,
  SUM(CASE WHEN s.first_reached THEN 1 ELSE 0 END) AS first_reached,
  SUM(CASE WHEN NOT s.first_reached AND s.tried_again THEN 1 ELSE 0 END) AS tried_again,
  SUM(CASE WHEN NOT s.first_reached AND s.tried_again AND s.reached THEN 1 ELSE 0 END) AS reached_then
FROM scope s
JOIN target t ON t.target = s.target
WHERE t.kind = 'academic' AND s.state NOT IN ('excused', 'not_taught', 'individual_goal')
GROUP BY s.student
