"""Marks for another system's gradebook: a CSV file, by the district's crosswalk from levels to marks.

What the crosswalk loses is said in the file's head, in the comment of each row, and on the district's page. Leaves standings and
their classes to `interop.term`.
"""
