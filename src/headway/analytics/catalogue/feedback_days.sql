-- Days from an attempt's coming in to its first answer; attempts without one are still waiting.
SELECT student, wait_days AS wait, answered AS ended
FROM attempt
