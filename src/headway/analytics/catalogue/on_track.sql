-- Whether a student's rate reaches what graduation asks: on, off, or too early to say.
SELECT p.student, p.framework, p.trajectory AS state
FROM position p
JOIN (SELECT DISTINCT framework FROM target WHERE kind = 'academic') t ON t.framework = p.framework
WHERE p.graduation IS NOT NULL
