-- Mean level on lifelong-learning targets, by who observed: never mixed with academic levels.
SELECT r.student, t.framework, r.kind AS observer, AVG(r.level) AS value
FROM rating r
JOIN target t ON t.target = r.target
WHERE t.kind = 'lifelong' AND r.status = 'rated' AND r.purpose IN ('evidence', 'practice')
GROUP BY r.student, t.framework, r.kind
