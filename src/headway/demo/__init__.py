"""A demonstration district: simulated students, raters and years, made into records by the same actions that a school uses.

Leaves the simulation to `science.simulate`; owns the continuums in `continuums/`, the names, and the planted students.
"""
