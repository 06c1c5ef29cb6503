"""Why a student needs a response, in words: the same on a teacher's Today and in a principal's week."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from headway.frameworks import queries as frameworks
from headway.pages.parts import tags
from headway.pages.parts.pace import LEAST_LATELY
from headway.response.types import Need


@dataclass(frozen=True, slots=True)
class Section:
    """One heading of the list: its reason, words, and what the reason means."""

    reason: str
    title: str
    means: str
    empty: str


def sections(settings: dict[str, object]) -> list[Section]:
    """Return the sections in the order in which a teacher acts; `settings` are the district's `[response]`."""
    days, tries = settings["no_evidence_days"], settings["stuck_pieces"]
    return [
        Section(
            "ready_to_advance",
            _("Ready to move up"),
            _("Every target of a level is reached: time to speak of the next one"),
            _("A name comes here when every target of a level is reached. Nothing moves by itself."),
        ),
        Section(
            "stuck",
            _("Stuck"),
            _("%(n)s pieces or more without gain") % {"n": tries},
            _("A name comes here after %(n)s pieces on one target without gain.") % {"n": tries},
        ),
        Section(
            "missed_chances",
            _("Missed chances"),
            _("Several chances missed of late"),
            _("A name comes here when several chances were missed."),
        ),
        Section(
            "no_evidence",
            _("No evidence for %(n)s days") % {"n": days},
            _("School time; breaks and excused days do not count"),
            _("Everybody has shown something of late."),
        ),
        Section(
            "behind",
            _("Behind plan"),
            _("Against the dates of the plan, by the pace of the last weeks"),
            _("Nobody’s plan is behind."),
        ),
        Section(
            "waiting", _("Work that waits long"), _("Handed in and not rated yet"), _("No work waits long.")
        ),
    ]


def say(need: Need) -> str:
    """Say why in one sentence, with the numbers behind it."""
    name = frameworks.node(need.target).called(get_language() or "en") if need.target is not None else ""
    lead = f"{name}: " if name else ""
    detail, since = need.detail, tags.day(need.since) if need.since else ""
    if need.reason == "no_evidence":
        if not since or not detail.get("evidence", 1):
            return _("No evidence yet in this class, or since an excused time.")
        return _("Last evidence on %(day)s, %(n)s school days ago.") % {
            "day": since,
            "n": round(detail.get("school_days", 0)),
        }
    if need.reason == "stuck":
        return lead + _("%(n)s pieces since %(day)s without gain.") % {
            "n": round(detail["tries"]),
            "day": since,
        }
    if need.reason == "missed_chances":
        return lead + _("%(n)s chances missed since %(day)s.") % {"n": round(detail["chances"]), "day": since}
    if need.reason == "ready_to_advance":
        if "proposed_level" in detail:
            return lead + _("level %(level)s is complete; level %(next)s is proposed.") % {
                "level": round(detail["level"]), "next": round(detail["proposed_level"])}  # fmt: skip
        title = frameworks.tree(
            round(detail["continuum"]), at=frameworks.remembered_stamp()
        ).framework.called(get_language() or "en")
        return _("%(line)s: all %(n)s targets of level %(level)s are reached.") % {
            "line": title,
            "n": round(detail["targets"]),
            "level": round(detail["level"]),
        }
    if need.reason == "waiting":
        n = round(detail["pieces"])
        words = ngettext(
            "%(n)s piece waits, the oldest for %(days)s days.",
            "%(n)s pieces wait, the oldest for %(days)s days.",
            n,
        )
        return lead + words % {"n": n, "days": round(detail["days"])}
    filled, required = round(detail["filled"]), round(detail["required"])
    said = _("%(filled)s of %(required)s pieces of the plan are in") % {
        "filled": filled,
        "required": required,
    }
    lately = round(detail["lately"])
    said += ngettext("; %(n)s in the last weeks", "; %(n)s in the last weeks", lately) % {"n": lately}
    if 0 < lately < LEAST_LATELY:
        return said + _(", too few lately to say when the rest will be in.")
    if "margin_weeks" in detail:
        late = round(-detail["margin_weeks"])
        return said + ngettext(
            ", and at that rate %(n)s week late.", ", and at that rate %(n)s weeks late.", late
        ) % {"n": late}
    return said + _(", and at that rate there is no finish.")
