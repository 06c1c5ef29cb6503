"""A learner's profile as its readers meet it: what each may read, and the form with which each adds to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.frameworks import queries as frameworks
from headway.kit.numbers import is_whole
from headway.kit.refusals import Finding, Refusal
from headway.pages.parts import refused
from headway.pages.parts.asked import LookBack, day_of_form, look_back
from headway.pages.parts.supports import supports
from headway.pages.parts.told import address, told
from headway.proficiency import queries
from headway.proficiency.queries import Moment
from headway.profiles import actions
from headway.profiles import queries as profiles
from headway.profiles.types import AccommodationView, EntryView, Help, NewEntry

MOST_TARGETS = 60
Act = Callable[[HttpRequest, Any], str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry in words. `about` is the name of the target that a goal names."""

    one: EntryView
    who: str
    read_by: str
    about: str


@dataclass(frozen=True, slots=True)
class Part:
    """One field of the profile with the entries that the reader may read."""

    field: str
    name: str
    entries: list[Entry]


def field_words() -> dict[str, str]:
    """Return the fields in words, as the form and the page have them."""
    return {
        "strengths": _("Strengths"), "interests": _("Interests"), "languages": _("Languages"),
        "learn_best": _("How I learn best"), "helps": _("What helps"), "goals": _("Goals"), "check_in": _("Check-ins"),
    }  # fmt: skip


def reader_words() -> dict[str, str]:
    """Return who may be named as a reader, in words."""
    return {
        "family": _("the family"), "teachers": _("the teachers"), "advisor": _("the advisor"),
        "leaders": _("the school’s leaders"),
    }  # fmt: skip


def as_words() -> dict[str, str]:
    """Return as what somebody writes, in words."""
    return {
        "student": _("the student"), "family": _("family"), "teacher": _("teacher"), "advisor": _("advisor"),
        "leader": _("school"),
    }  # fmt: skip


def said(refusal: Refusal) -> str:
    """Return the sentence for a refusal of profiles in the reader's language."""
    fault = refusal.findings[0] if refusal.findings else None
    if refusal.code == "reads_like_a_diagnosis":
        return _(
            "“%(words)s” reads like a diagnosis, and was not saved. Say what helps, such as “has texts read aloud”: a label "
            "stays for years and helps nobody tomorrow."
        ) % {"words": fault.value if fault else ""}
    if refusal.code == "ratings_invalid" and fault is not None:
        return rating_fault(fault)
    return refused.said(refusal)


def rating_fault(fault: Finding | Refusal) -> str:
    """Return what a page says where a rating does not fit a modification or the language; else what was found."""
    return {
        "target_modified": _(
            "This student has a target of their own here. Rate it on the page for rating; it never counts as grade level."
        ),
        "no_such_modification": _("The student’s own target did not hold on that day."),
        "begins_or_ends_own_target": _(
            "With this the student’s own target begins or ends; it is not corrected. End the own target instead."
        ),
        "language_is_target": _(
            "Language is the target here: evidence in another language does not show it."
        ),
    }.get(fault.code) or refused.said(fault)


# What helps.


def help_words(m: Moment, lines: Sequence[Help | AccommodationView]) -> list[str]:
    """Return lines of what helps in the reader's language."""
    known, language = profiles.settings(m.book).accommodations, get_language() or "en"
    found = []
    for one in lines:
        listed = known.get(one.choice, {}) if one.choice else {}
        named = listed.get(language) or listed.get("en") or one.choice
        found.append(": ".join(text for text in (named, one.words) if text))
    return found


# The profile.


def show(
    request: HttpRequest, *, student: Any, reads: Sequence[str], template: str, here: str, nav: str, at_home: bool,
    acts: Mapping[str, Act] = {}, more: Mapping[str, Any] = {},
) -> HttpResponse:  # fmt: skip
    """Show a profile to one of its readers, or do what a form asks: add, take back, and what `acts` names.

    `at_home` shows what is sensitive with it; adults of the school find that on a page of its own.
    """
    fault = ""
    if request.method == "POST":
        try:
            return redirect(address(here, said=do(request, student, {**ACTS, **acts})))
        except Refusal as refusal:
            fault = said(refusal)
    look = look_back(request)
    m = queries.moment(now=request.moment, as_of=look.as_of, book=request.book)
    context = {
        "nav": nav, "student": student, "look": look, "keep": {},
        "said": "" if fault else told(request, "said"), "fault": fault,
        **_parts(request, m, student, reads), "expired": _expired(request, m, student, reads, look),
        **({} if look.past else _form(request, m, student)),
        "supports": supports(m, student, viewer=request.viewer, at_school=False) if at_home else None, **more,
    }  # fmt: skip
    return render(request, template, context, status=422 if fault else 200)


def _parts(request: HttpRequest, m: Moment, student: Any, reads: Sequence[str]) -> dict[str, Any]:
    """Return the fields with what the reader may read, what helps by accommodation, and the names of the empty ones."""
    found = profiles.entries_of(m, viewer=request.viewer, student=student.id, reads=reads)
    helped = _accommodations(m, student)
    parts = [
        Part(field, name, _in_words([one for one in found if one.field == field]))
        for field, name in field_words().items()
    ]
    empty = [one.name for one in parts if not one.entries and not (one.field == "helps" and helped)]
    return {"parts": parts, "accommodations": helped, "empty": ", ".join(empty)}


def _expired(
    request: HttpRequest, m: Moment, student: Any, reads: Sequence[str], look: LookBack
) -> list[Entry]:
    if look.past:
        return []
    return _in_words(
        profiles.entries_of(m, viewer=request.viewer, student=student.id, reads=reads, expired=True)
    )


def _in_words(entries: Sequence[EntryView]) -> list[Entry]:
    names, roles, language = reader_words(), as_words(), get_language() or "en"
    return [
        Entry(
            one, one.by or roles.get(one.written_as, ""), ", ".join(names[name] for name in one.readers),
            frameworks.node(one.target).called(language) if one.target else "",
        )
        for one in entries
    ]  # fmt: skip


def _accommodations(m: Moment, student: Any) -> list[tuple[AccommodationView, str]]:
    lines = profiles.accommodations_of(students=[student.id], on=m.day).get(student.id, [])
    return list(zip(lines, help_words(m, lines), strict=True))


def _form(request: HttpRequest, m: Moment, student: Any) -> dict[str, Any]:
    kept, language = profiles.settings(m.book), get_language() or "en"
    sent = request.method == "POST" and request.POST.get("act") == "entry"
    begun = {target for _student, target in queries.standings(m, students=[student.id])}
    nodes = [frameworks.node(target) for target in begun]
    names = sorted((one.called(language), one.id) for one in nodes if one.is_leaf)
    last = m.day + timedelta(days=kept.longest_days)
    return {
        "fields": field_words().items(), "readers": reader_words().items(), "targets": names[:MOST_TARGETS],
        "key": request.POST.get("key") if sent else f"page-{uuid4()}", "first_day": m.day + timedelta(days=1), "last_day": last,
        "form": {
            "field": request.POST.get("field", "") if sent else "", "words": request.POST.get("words", "") if sent else "",
            "readers": request.POST.getlist("readers") if sent else ["family", "teachers", "advisor"],
            "expires": request.POST.get("expires", "") if sent else (m.day + timedelta(days=kept.expires_days)).isoformat(),
            "next": request.POST.get("next", "") if sent else "", "target": request.POST.get("target", "") if sent else "",
        },
    }  # fmt: skip


def do(request: HttpRequest, student: Any, acts: Mapping[str, Act]) -> str:
    """Do the act that a form names, and return what to say."""
    wanted = acts.get(request.POST.get("act", ""))
    if wanted is None:
        raise Refusal("unknown_word", "Choose what to do.")
    return wanted(request, student)


def _add(request: HttpRequest, student: Any) -> str:
    target = request.POST.get("target", "")
    if target and not (is_whole(target) and len(target) < 19):
        raise Refusal("unknown_target", "There is no such target.")
    entry = NewEntry(
        field=request.POST.get("field", ""), words=request.POST.get("words", ""),
        readers=tuple(request.POST.getlist("readers")), expires_on=_day(request, "expires"), next_on=_day(request, "next"),
        target=int(target) if target else None,
    )  # fmt: skip
    actions.add_entry(
        actor=request.viewer,
        student_id=student.id,
        key=key_of(request),
        entry=entry,
        at=request.moment,
        book=request.book,
    )
    return _("Added.")


def _withdraw(request: HttpRequest, student: Any) -> str:
    actions.withdraw_entry(actor=request.viewer, entry=uuid_of(request, "entry"), at=request.moment)
    return _("Taken back.")


def withdraw_consent(request: HttpRequest, student: Any) -> str:
    """Withdraw a consent, as family or school."""
    actions.withdraw_consent(actor=request.viewer, consent=uuid_of(request, "consent"), at=request.moment)
    return _("Withdrawn. What was found under it is shown no more.")


ACTS: dict[str, Act] = {"entry": _add, "withdraw": _withdraw}


def key_of(request: HttpRequest) -> str:
    """Return the key of a form as far as one may be long."""
    return request.POST.get("key", "").replace("\0", "")[:100]


def _day(request: HttpRequest, name: str) -> date | None:
    """Return the day that a form gives; None where it gives none. Raises `Refusal("day_passed")` where it is no day."""
    if not request.POST.get(name, "").strip():
        return None
    found = day_of_form(request, name)
    if found is None:
        raise Refusal("day_passed", "Give a day.")
    return found


def uuid_of(request: HttpRequest, name: str) -> UUID:
    """Return the identifier that a form gives. Raises `Refusal("no_such_entry")`."""
    try:
        return UUID(request.POST.get(name, ""))
    except ValueError as error:
        raise Refusal("no_such_entry", "There is no such entry.") from error
