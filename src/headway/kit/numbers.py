"""Whole numbers in texts."""

from __future__ import annotations


def is_whole(text: str) -> bool:
    """Whether the text is 1 to 18 digits: `str.isdigit` alone is also true of signs that `int` refuses, and knows no end."""
    return text.isascii() and text.isdigit() and len(text) <= 18
