"""Continuums: areas, competencies, targets, levels, relations, versions, alignments.

Owns what students are to learn and how it hangs together; what a student has shown is `evidence`, what that
amounts to is `proficiency`. Foreign forms (CASE, the spreadsheet) are read and written in `interop`; both
meet here as a `Package`.
"""
