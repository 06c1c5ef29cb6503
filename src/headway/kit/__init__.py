"""What every package may use and no teacher would name: refusals, identifiers, times, facts, whole files.

Owns no record and knows no word of a school. Leaves all meaning to the packages above it.
"""
