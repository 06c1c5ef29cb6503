"""Rating on paper: a sheet with numbered rows to print, and its ratings brought in by row number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.frameworks.types import NodeView
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import refused, tags
from headway.pages.parts.asked import day_of_form
from headway.pages.parts.groups import line_and_level
from headway.pages.parts.learning import language
from headway.pages.parts.told import address
from headway.pages.teacher import undoing
from headway.proficiency import actions, queries
from headway.rosters import queries as rosters

NAV = "teacher.grid"
MOST_COLUMNS = 8
STATUSES = {"M": "missed", "NP": "missed", "EX": "excused"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line that was typed: the row, whose it is, and the level or status in words; `fault` says what is wrong."""

    text: str
    number: int
    person: Any
    value: str
    said: str
    fault: str = ""


def numbered(request: HttpRequest, school_class: Any, day: date) -> list[Any]:
    """Return the class's students in the order of the sheet of a day: row 1 is the first. Those out of sight have no row."""
    people = rosters.students_in_class(class_id=school_class.id, as_of=day, viewer=request.viewer)
    today = request.viewer.today
    seen = rosters.visible_ids(request.viewer, person_ids=[one.id for one in people], as_of=today)
    return [one for one in people if one.id in seen]


def sheet(request: HttpRequest, class_id: str, subject: Any) -> HttpResponse:
    """Show the sheet to print: students in numbered rows, the chosen targets as columns."""
    m = queries.moment(now=request.moment, book=request.book)
    targets = queries.class_targets(m, subject)
    asked = set(request.GET.getlist("target"))
    chosen = [node for node in targets if str(node.id) in asked][:MOST_COLUMNS]
    context = {
        "nav": NAV, "class": subject, "day": m.day, "people": numbered(request, subject, m.day),
        "groups": _groups(targets), "asked": asked, "columns": [node.called(language()) for node in chosen], "most": MOST_COLUMNS,
        "levels": _levels(m, subject, chosen), "blank": range(MOST_COLUMNS - len(chosen)),
    }  # fmt: skip
    return render(request, "pages/teacher/sheet.html", context)


def _groups(targets: Sequence[NodeView]) -> dict[str, list[tuple[str, str]]]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for node in targets:
        name = line_and_level(node)
        groups.setdefault(name, []).append((str(node.id), node.called(language())))
    return groups


def _levels(m: queries.Moment, school_class: Any, nodes: Sequence[NodeView]) -> list[tuple[str, str]]:
    """Return the levels of the scale with their names, where all columns share one."""
    scales = [_scale(m, school_class, node) for node in nodes]
    if not scales or any(one != scales[0] for one in scales):
        return []
    return [(f"{one['value']:g}", tags.level_name(one, language())) for one in scales[0]["levels"]]


def _scale(m: queries.Moment, school_class: Any, node: NodeView) -> dict[str, Any]:
    return m.book.effective(node=node.id, school=school_class.school.sourced_id, on=m.day).scale


# Bringing the ratings in.


def paper(request: HttpRequest, class_id: str, subject: Any) -> HttpResponse:
    """Read what was typed and show whose rows these are; save it once that was seen."""
    m = queries.moment(now=request.moment, book=request.book)
    targets = queries.class_targets(m, subject)
    node = next((one for one in targets if str(one.id) == request.POST.get("target")), None)
    sheet_on = day_of_form(request, "sheet_on") or m.day
    observed = day_of_form(request, "observed_on") or m.day
    lines: list[Line] = []
    fault = ""
    if request.method == "POST":
        people = numbered(request, subject, sheet_on)
        lines = _read(
            request.POST.get("lines", ""), people, None if node is None else _scale(m, subject, node)
        )
        fault = _fault(node, lines, observed, m.day)
        if not fault and request.POST.get("act") == "save":
            fault, done = _save(request, node, lines, observed, m.day)
            if done:
                return redirect(address(request.path, toast=done))
    context = {
        "nav": NAV, "class": subject, "groups": _groups(targets), "target": request.POST.get("target", ""),
        "observed_on": observed.isoformat(), "sheet_on": sheet_on.isoformat(), "today": m.day,
        "text": request.POST.get("lines", ""), "task": request.POST.get("task", ""), "lines": lines, "fault": fault,
        "ready": bool(lines) and not fault, "key": request.POST.get("key") or f"page-{uuid4()}",
        **undoing.toast(request.GET.get("toast") or request.GET.get("saved", "")),
        "here": request.path, "name": node.called(language()) if node else "",
    }  # fmt: skip
    return render(request, "pages/teacher/paper.html", context, status=422 if fault else 200)


def _read(text: str, people: Sequence[Any], scale: dict[str, Any] | None) -> list[Line]:
    """Return the lines that were typed, each with its student and level, or with its fault."""
    found: list[Line] = []
    taken: set[int] = set()
    for line in text.splitlines()[:500]:
        words = line.split()
        if not words:
            continue
        number = int(words[0]) if is_whole(words[0]) else 0
        person = people[number - 1] if 0 < number <= len(people) else None
        value = _number(words[1], scale) if len(words) == 2 else ""
        said = _said(value, scale)
        fault = ""
        if len(words) != 2:
            fault = _("Write the row and the level, as in 3 2.")
        elif person is None:
            fault = _("The sheet has no such row.")
        elif number in taken:
            fault = _("This row was typed before.")
        elif not said:
            fault = _("The scale has no such level.")
        taken.add(number)
        found.append(Line(line.strip()[:40], number, person, value, said, fault))
    return found


def _number(value: str, scale: dict[str, Any] | None) -> str:
    """Return a level's number for the letter that the product prints for it; anything else as it was typed."""
    letters = {
        tags.level_letter(one, language()).upper(): f"{one['value']:g}"
        for one in (scale or {"levels": ()})["levels"]
    }
    return value if value.upper() in STATUSES else letters.get(value.upper(), value)


def _said(value: str, scale: dict[str, Any] | None) -> str:
    if value.upper() in STATUSES:
        return tags.state_words()[STATUSES[value.upper()]]
    names = {
        f"{one['value']:g}": tags.level_name(one, language()) for one in (scale or {"levels": ()})["levels"]
    }
    return names.get(value, "")


def _fault(node: NodeView | None, lines: Sequence[Line], observed: date, today: date) -> str:
    if node is None:
        return _("Choose a target; nothing was saved.")
    if not lines:
        return _("Type at least one line.")
    if observed > today:
        return _("Give a day from 1950 to today.")
    wrong = sum(bool(line.fault) for line in lines)
    if wrong:
        return ngettext(
            "%(n)s line needs a look; nothing was saved.", "%(n)s lines need a look; nothing was saved.", wrong
        ) % {"n": wrong}  # fmt: skip
    return ""


def _save(
    request: HttpRequest, node: NodeView | None, lines: Sequence[Line], observed: date, today: date
) -> tuple[str, str]:
    """Record the lines; return what was refused, or what lets it be taken back."""
    assert node is not None
    base = request.POST.get("key", "")[:80] or f"page-{uuid4()}"
    rows: list[dict[str, Any]] = []
    for line in lines:
        key = f"{base}:{line.person.id}"
        row = {"key": key, "student": line.person.sourced_id, "target": str(node.uuid), "evidence": key,
               "observed_at": observed.isoformat(),
               "task": request.POST.get("task", "").strip()[:190]}  # fmt: skip
        status = STATUSES.get(line.value.upper())
        row |= {"status": status} if status else {"level": line.value}
        if node.depth:
            row["depth"] = str(node.depth)
        rows.append(row)
    try:
        actions.record_rows(
            actor=request.viewer, rows=rows, at=request.moment, book=request.book, source="paper"
        )
    except Refusal as refusal:
        return refused.why(refusal), ""
    said = ngettext("%(n)s rating on “%(target)s”", "%(n)s ratings on “%(target)s”", len(rows)) % {
        "n": len(rows), "target": node.called(language())}  # fmt: skip
    return "", undoing.note(request.viewer, {"keys": [row["key"] for row in rows], "said": said})
