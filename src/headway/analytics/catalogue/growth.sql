-- Growth of a student on a continuum in levels per instructed year; unknown below 12 instructed weeks.
SELECT p.student, p.framework, p.rate AS value
FROM position p
JOIN (SELECT DISTINCT framework FROM target WHERE kind = 'academic') t ON t.framework = p.framework
