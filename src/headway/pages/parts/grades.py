"""Grades in words, in order."""

from __future__ import annotations

from django.utils.translation import gettext as _

from headway.kit.numbers import is_whole


def grade_name(code: str) -> str:
    """Say a grade: kindergarten, or its number."""
    if code in ("KG", "K"):
        return _("Kindergarten")
    return _("Grade %(n)s") % {"n": int(code) if is_whole(code) else code}


def grade_rank(code: str) -> tuple[int, int, str]:
    """Return by what grades are sorted: kindergarten and other words first, then numbers."""
    return (1, int(code), "") if is_whole(code) else (0, 0, code)
