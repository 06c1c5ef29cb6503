"""What a family states about an entry that was not amended, as it stands with the entry."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.frameworks import queries as frameworks
from headway.report_cards import queries as report_cards
from headway.report_cards.types import Contested


def contested_words(kind: str, target: str) -> str:
    """Say what an entry of the record is, in the reader's language."""
    said = {"rating": _("A rating"), "decision": _("A decision"), "report_card": _("A report card")}.get(
        kind, _("Something else in the record")
    )
    return _("%(what)s: %(target)s") % {"what": said, "target": target} if target else said


def named(one: Contested) -> str:
    """Say what a statement stands with."""
    target = "" if one.target is None else frameworks.node(one.target).called(get_language() or "en")
    return contested_words(one.kind, target)


def beside(*, student: int, target: int) -> Sequence[Contested]:
    """Return the statements that stand with the level of a student on a target. One statement."""
    found = report_cards.contested(students=[student]).get(student, [])
    return [one for one in found if one.target == target]
