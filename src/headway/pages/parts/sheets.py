"""Cells of files that a spreadsheet opens."""

from __future__ import annotations


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula: an apostrophe stands before what looks like one."""
    return "'" + text if text.lstrip()[:1] in ("=", "+", "-", "@") or text[:1] in ("\t", "\r", "\n") else text
