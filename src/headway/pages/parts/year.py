"""What rolling the school year does, in sentences: one for each group of a plan."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.rosters.types import YearPlan


@dataclass(frozen=True, slots=True)
class Line:
    """One group of a plan as a sentence, with the names behind it."""

    key: str
    sentence: str
    names: tuple[str, ...]


def lines(plan: YearPlan) -> list[Line]:
    """Return the groups of a plan as sentences, in order; a group of nobody has no line."""
    return [Line(one.key, group_said(one.key, len(one.names)), one.names) for one in plan.groups if one.names]


def group_said(key: str, n: int) -> str:
    """Say what happens to `n` of a group."""
    said = {
        "classes": ngettext(
            "%(n)s class begins again, with its continuums and levels; last year’s can only be read.",
            "%(n)s classes begin again, with their continuums and levels; last year’s can only be read.", n),
        "staff_go_on": ngettext(
            "%(n)s place of a teacher or other adult in a class goes on, from today.",
            "%(n)s places of teachers and other adults in classes go on, from today.", n),
        "students_go_on": ngettext(
            "%(n)s student stays in a class that goes on teaching the grade.",
            "%(n)s places of students go on in classes that go on teaching their grade.", n),
        "promoted": ngettext("%(n)s student moves a grade up.", "%(n)s students move a grade up.", n),
        "retained": ngettext("%(n)s student stays in the grade.", "%(n)s students stay in their grade.", n),
        "other_school": ngettext(
            "%(n)s student moves to the school that teaches the next grade.",
            "%(n)s students move to the school that teaches their next grade.", n),
        "needs_school": ngettext(
            "%(n)s student needs a school: none, or more than one, teaches the next grade. Until then the role stays.",
            "%(n)s students need a school: none, or more than one, teaches their next grade. Until then their role stays.", n),
        "no_grade": ngettext(
            "%(n)s student has no grade that can be counted on, and stays as entered.",
            "%(n)s students have no grade that can be counted on, and stay as entered.", n),
        "leavers": ngettext(
            "%(n)s student of the last grade leaves; the record stays.",
            "%(n)s students of the last grade leave; their records stay.", n),
        "roles_over": ngettext("%(n)s role ended during the year.", "%(n)s roles ended during the year.", n),
        "roles_go_on": ngettext("%(n)s role of staff goes on.", "%(n)s roles of staff go on.", n),
        "restrictions": ngettext(
            "%(n)s court restriction stays as it is.", "%(n)s court restrictions stay as they are.", n),
    }  # fmt: skip
    return said[key] % {"n": n}


def session_kind(kind: str) -> str:
    """Say what an academic session is."""
    return {"schoolYear": _("school year"), "semester": _("semester"), "term": _("term"),
            "gradingPeriod": _("grading period")}.get(kind, kind)  # fmt: skip
