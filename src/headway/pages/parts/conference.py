"""The sheet of a conference: one printable page in the language of the home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from headway.contact.types import AgreementView, ConferenceView
from headway.pages.parts.asked import LookBack
from headway.pages.parts.child import Child, children
from headway.pages.parts.learning import learners
from headway.pages.parts.tags import local_day

BLANK_ROWS = 3
SHOWN_WHOLE = 3


@dataclass(frozen=True, slots=True)
class Agreed:
    """One agreement in words; `late` where its day has passed and it is still open."""

    one: AgreementView
    who: str
    state: str
    late: bool


def who_words() -> dict[str, str]:
    """Return who does what was agreed, in words."""
    return {"school": _("School"), "student": _("Student"), "home": _("Family")}


def state_words() -> dict[str, str]:
    """Return how an agreement stands, in words."""
    return {"open": _("to do"), "done": _("done"), "changed": _("changed")}


def agreed(rows: Sequence[AgreementView], today: date) -> list[Agreed]:
    """Return agreements in the reader's words."""
    who, state = who_words(), state_words()
    return [
        Agreed(
            one, who[one.who], state[one.state], one.state == "open" and one.by_on is not None and one.by_on < today
        ) for one in rows
    ]  # fmt: skip


def questions(child: Child) -> list[str]:
    """Return what to talk about, around the child's own work."""
    given = child.given
    found = [_("What is %(name)s proud of, and how did it come about?") % {"name": given}]
    step = next((area.next for area in child.areas if area.next), "")
    if step:
        said = {"name": given, "target": step}
        found.append(
            _("Next is “%(target)s”. What would help %(name)s with it, at school and at home?") % said
        )
    found.append(_("What do you see at home that school does not see?"))
    found.append(_("What should be different when we meet again, and how will we tell?"))
    return found


def sheet(
    request: HttpRequest, student: Any, look: LookBack, *, language: str, held: Sequence[ConferenceView]
) -> str:
    """Return the sheet as markup in a language, for the day looked back to. The caller has checked who may see the student."""
    with translation.override(language):
        found = learners([student], as_of=look.as_of, now=request.moment, book=request.book)
        (child,) = children(found, whole=True)
        shown = [one for one in held if one.held_on <= look.shown or not look.past]
        context = {
            "child": child, "look": look, "language": language, "questions": questions(child),
            "held": _held(shown, look.today),
            "blank": range(BLANK_ROWS), "today": local_day(request.moment),
        }  # fmt: skip
        return render_to_string("pages/parts/_sheet.html", context)


def _held(held: Sequence[ConferenceView], today: date) -> list[tuple[ConferenceView, list[Agreed]]]:
    """Return the newest conferences whole; of older ones what is still to be done."""
    older = [(one, [row for row in one.agreements if row.state == "open"]) for one in held[SHOWN_WHOLE:]]
    rows = [(one, list(one.agreements)) for one in held[:SHOWN_WHOLE]] + [pair for pair in older if pair[1]]
    return [(one, agreed(own, today)) for one, own in rows]
