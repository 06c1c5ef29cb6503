-- Required pieces that are in, of those that the plans ask for.
SELECT student, SUM(filled) AS hits, SUM(required) AS chances
FROM pace
WHERE required > 0
GROUP BY student
