"""Learning plans: which targets, in which order, by when; and the pace at which the evidence comes in.

Owns templates, the plans of students and their dates. Leaves levels to `proficiency` and the arithmetic of pace to
`science`.
"""
