"""Small cells: which counts of a table are withheld so that nobody can work them out, and what an attacker still can.

Owns the protection of counts and the attack that tests it. Leaves which tables are released, and to whom, to `analytics`.
"""
