"""What the district's data lead opens: roster, frameworks, policies, the ledger."""
