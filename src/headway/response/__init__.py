"""Who needs what now: one question for the teacher's Today, the principal's week and the report.

Owns no records: it reads determinations, the ledger and plans, and says for each student why a person should act.
"""
