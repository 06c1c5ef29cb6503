"""Ratings by many raters on one scale: many-facet Rasch measurement, the hierarchical rater model, who scores what.

Owns severity of raters, difficulty of tasks and measures of students that are fair to who was rated by whom. Leaves
agreement coefficients and variance components to their own families, and what is done with a severe rater to people.
"""
