"""What the survey of assessment practice says: its statements, its levels, and the figures beside it."""

from __future__ import annotations

from django.utils.translation import gettext as _


def statements() -> dict[str, str]:
    """Return each statement as an adult answers it."""
    return {
        "task": _("I choose or write a task that shows a target."),
        "descriptors": _("I write descriptors that two people read alike."),
        "feedback": _("I give feedback on each criterion that says what comes next."),
        "level": _("I decide on a level from a body of work, and say why."),
        "blind": _("I score work without knowing whose it is."),
        "supports": _("I choose accommodations that leave the target as it is."),
        "agreement": _("I read a report of agreement, and know what it cannot tell."),
        "bias": _("I spot where a task or a rating treats a group unlike others."),
    }


def short() -> dict[str, str]:
    """Return what each statement is about, in a few words."""
    return {
        "task": _("Tasks that show a target"), "descriptors": _("Descriptors read alike"),
        "feedback": _("Feedback by criterion"), "level": _("A level from a body of work"),
        "blind": _("Scoring without names"), "supports": _("Accommodations that keep the target"),
        "agreement": _("Reading a report of agreement"), "bias": _("Spotting bias"),
    }  # fmt: skip


def levels() -> dict[int, str]:
    """Return the four levels of an answer, the first first."""
    return {1: _("New to me"), 2: _("With help"), 3: _("On my own"), 4: _("I could lead it")}


def indicators() -> dict[str, tuple[str, str]]:
    """Return what each figure of the ledger is called, and of what it is a share or a mean."""
    return {
        "rubric": (_("Rated by a rubric of the bank"), _("share of ratings")),
        "comment": (_("Ratings with words"), _("share of ratings")),
        "pieces": (_("Pieces of work before a decision"), _("mean of decisions")),
        "reason": (_("Decisions with a reason"), _("share of decisions")),
        "bank": (_("Given tasks that are validated or common"), _("share of given tasks")),
        "sessions": (_("Scored in a finished session"), _("share of adults who rate")),
    }


def year(wave: int) -> str:
    """Say a school year by the calendar year in which it ends."""
    return f"{wave - 1}–{wave % 100:02d}"
