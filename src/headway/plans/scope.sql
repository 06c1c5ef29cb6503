-- What is asked of a student, beside what other facts say of the same student and target.
SELECT
  s.student, s.target, s.in_plan, s.at_grade_level,
  COALESCE(d.state, 'no_evidence') AS state,
  COALESCE(d.n_counted, 0) AS n_counted,
  COALESCE(r.pieces, 0) AS pieces,
  COALESCE(o.offers, 0) AS offers,
  GREATEST(r.deepest, o.deepest) AS deepest,
  COALESCE(o.given, 0) > 0 AS offered,
  k.target IS NOT NULL AS taught,
  j.first_reached, j.tried_again, j.reached
FROM scope s
JOIN student p ON p.student = s.student
LEFT JOIN determination d ON d.student = s.student AND d.target = s.target
LEFT JOIN journey j ON j.student = s.student AND j.target = s.target
LEFT JOIN taught k ON k.school = p.school AND k.grade = p.grade AND k.target = s.target
LEFT JOIN (
  SELECT
    student, target, MAX(depth) AS deepest,
    COUNT(DISTINCT CASE
      WHEN status IN ('rated', 'missed', 'too_little') AND kind IN ('teacher', 'panel', 'moderated') THEN piece
    END) AS pieces
  FROM rating
  WHERE purpose = 'evidence'
  GROUP BY student, target
) r ON r.student = s.student AND r.target = s.target
LEFT JOIN (
  SELECT
    student, target, MAX(depth) AS deepest,
    COUNT(DISTINCT CASE WHEN state = 'offered' THEN opportunity END) AS offers,
    SUM(CASE WHEN state IN ('offered', 'taken', 'missed') THEN 1 ELSE 0 END) AS given
  FROM opportunity
  WHERE purpose = 'evidence'
  GROUP BY student, target
) o ON o.student = s.student AND o.target = s.target
ORDER BY s.student, s.target
