-- Whether a student needs a response on the day; readiness to move up is none.
SELECT p.student, CASE WHEN n.student IS NULL THEN 'no' ELSE 'yes' END AS state
FROM student p
LEFT JOIN (SELECT DISTINCT student FROM need WHERE reason <> 'ready_to_advance') n ON n.student = p.student
