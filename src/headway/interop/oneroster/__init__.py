"""OneRoster: rosters by CSV, versions 1.1 and 1.2, zip or folder.

`read` takes the files apart without a web framework, refuses whatever is not sound, and stages the rest;
`apply` hands what was staged to `rosters.actions`. Leaves to `rosters` what a row means for the records.
"""
