-- How far the targets that are asked of a student came: offered, handed in and rated, proficient at the first rating, else
-- rated again, proficient then. A target that was rated was offered; a chance that was excused, or from which the
-- student was away, is none. Excused and not taught targets and individual goals are in no step.
SELECT
  s.student,
  COUNT(*) AS asked,
  SUM(CASE WHEN o.target IS NOT NULL OR j.target IS NOT NULL THEN 1 ELSE 0 END) AS offered,
  SUM(CASE WHEN j.target IS NOT NULL THEN 1 ELSE 0 END) AS rated,
  SUM(CASE WHEN j.first_reached THEN 1 ELSE 0 END) AS first_reached,
  SUM(CASE WHEN NOT j.first_reached AND j.tried_again THEN 1 ELSE 0 END) AS tried_again,
  SUM(CASE WHEN NOT j.first_reached AND j.tried_again AND j.reached THEN 1 ELSE 0 END) AS reached_then
FROM scope s
JOIN target t ON t.target = s.target
LEFT JOIN (
  SELECT DISTINCT student, target FROM opportunity WHERE purpose = 'evidence' AND state IN ('offered', 'taken', 'missed')
) o ON o.student = s.student AND o.target = s.target
LEFT JOIN journey j ON j.student = s.student AND j.target = s.target
LEFT JOIN determination d ON d.student = s.student AND d.target = s.target
WHERE t.kind = 'academic' AND COALESCE(d.state, 'no_evidence') NOT IN ('excused', 'not_taught', 'individual_goal')
GROUP BY s.student
