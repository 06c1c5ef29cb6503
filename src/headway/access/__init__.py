"""Who may come in, and what was done: accounts, tokens, the viewer, the registry of addresses, audit, import runs.

Names people and objects by (kind, identifier) and never by foreign key, so that it stands below all of them.
Leaves to `rosters` which classes, schools and children a viewer's scopes hold.
"""
