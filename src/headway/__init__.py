"""Headway: the open information system for schools that teach by competency.

Packages are words that a teacher says; imports only go down. The order, from the ground up: science, kit, access,
rosters, frameworks, evidence, proficiency, interop, pages, demo, project, cli (`pyproject.toml` holds the contract).
"""

__version__ = "0.1.0.dev0"
