"""Rights of families: asking for the record, amending it, and the list of what left the school.

Owns requests with their clocks, hearings, and disclosures; says when the rights are the student's own. Leaves the statement that
stands with a contested item to `report_cards`, who sees whom to `rosters`, and the record itself to `interop`.
"""
