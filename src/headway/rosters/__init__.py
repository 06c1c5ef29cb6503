"""Who belongs to the district: schools, terms, classes, people, enrollments, care, role grants, restrictions.

Owns the identity of a person (`Person.uuid` is the pseudonym that the ledger uses), the answer to who may
see whom on a day, and the import of a roster with its plan and its undo. Leaves to `access` how people sign
in, to `interop` how a foreign file is read, and to `evidence` everything that people do.

All spans of days are half open: `starts_on` is the first day, `ends_on` the first day after.
"""
