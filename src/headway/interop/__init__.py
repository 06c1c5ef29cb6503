"""How other systems talk with the district: one package per standard, and `v1`, the product's own interface.

Reads and writes foreign forms and calls actions and questions; keeps no records of its own. Standards do not know each
other.
"""
