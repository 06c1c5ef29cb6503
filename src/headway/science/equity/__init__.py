"""Equity: gaps between groups, risk ratios, inequality, predictability, steps at which a gap opens, steadied small groups.

Owns the estimates and their intervals. Leaves who is in which group, and what may be released, to the application.
"""
