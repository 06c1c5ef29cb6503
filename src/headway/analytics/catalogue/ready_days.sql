-- Days from a student's "I'm ready" to the answer; requests without one are still waiting.
SELECT student, wait_days AS wait, answered AS ended
FROM request
WHERE kind = 'ready'
