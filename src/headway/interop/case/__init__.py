"""CASE, the competency standard: packages of version 1.0 and 1.1 in, version 1.1 out, and its read-only
addresses.

Beside it the documented spreadsheet, for people who write a continuum by hand. Both forms meet in the
`Package` of `frameworks`; nothing is stored here.
"""
