-- Where a student works on a continuum, against the level that is expected for the grade.
SELECT p.student, p.framework, p.grade_level AS state
FROM position p
JOIN (SELECT DISTINCT framework FROM target WHERE kind = 'academic') t ON t.framework = p.framework
WHERE p.grade_level IS NOT NULL
