"""Small cells: which counts of a table are withheld so that nobody can work them out, and what an attacker still can.

Owns the protection of counts and the attack that tests it. Leaves which tables are released, and to whom, to `analytics`.
"""

TOTAL = "total"
"""How a dimension of a cell says: all of them together. An empty cell and `*` are read the same."""
