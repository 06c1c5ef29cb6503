-- Each student's plan that needs most: behind before no chance offered, not enough data, on pace, ahead.
SELECT
  student,
  CASE MIN(CASE state
    WHEN 'behind' THEN 1 WHEN 'no_chance_offered' THEN 2 WHEN 'not_enough_data' THEN 3 WHEN 'on_pace' THEN 4 ELSE 5 END)
    WHEN 1 THEN 'behind' WHEN 2 THEN 'no_chance_offered' WHEN 3 THEN 'not_enough_data' WHEN 4 THEN 'on_pace' ELSE 'ahead'
  END AS state
FROM pace
GROUP BY student
