"""Proficiency: one file per rule, a registry, and the determination of many students and targets at once.

A rule is one plain loop over the levels of a segment. It runs as Python for a page and compiled for a
snapshot; there is no second implementation. `determine` gives values and states, `explain` the reasons, both
by the same loop.
"""

from headway.science.proficiency.registry import parameters, rule, rules

__all__ = ["parameters", "rule", "rules"]
