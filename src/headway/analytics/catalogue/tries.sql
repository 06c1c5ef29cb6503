-- Ratings up to the first that reached proficient; targets that are not there yet are still under way.
SELECT j.student, t.framework, t.area, CAST(j.tries AS DOUBLE) AS wait, j.reached AS ended
FROM journey j
JOIN target t ON t.target = j.target
WHERE t.kind = 'academic'
