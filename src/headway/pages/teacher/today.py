"""Today: who needs the teacher, the work that waits, and an observation in ten seconds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from headway.access.types import Viewer
from headway.calibration import queries as calibration
from headway.contact import queries as contact
from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.frameworks.types import FrameworkView
from headway.pages.parts import needs as words
from headway.pages.parts import tags
from headway.pages.parts.asked import LookBack, look_back
from headway.pages.parts.context import initials, only_stands_in
from headway.pages.parts.loop import asked_views
from headway.pages.parts.news import news
from headway.pages.parts.told import told
from headway.pages.teacher import notes
from headway.pages.teacher.stack import MOST_TARGETS
from headway.proficiency import queries
from headway.response import queries as response
from headway.response.types import Need, ToRate
from headway.rosters import queries as rosters

SHOWN = 6
"""So many names stand under a heading before the rest folds."""

STACKS = 8
"""So many stacks stand on the card of the work that waits; of the rest their pieces are counted."""

OLD_DAYS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One student under one heading, with every reason there: a heading counts students, and so do its rows.

    `own` tells whether any of the reasons is about what the viewer's classes work on with the student.
    """

    sourced_id: str
    name: str
    initials: str
    whys: list[str]
    act: str
    url: str
    own: bool


@dataclass(frozen=True, slots=True)
class Block:
    """One heading with its rows; the first few are shown, the rest folds. `other` is what is about no subject of the viewer's.

    `students_n` counts the rows of the viewer's own subjects: what the heading promises is what stands under it.
    """

    section: words.Section
    students_n: int
    rows: list[Row]
    more: list[Row]
    other: list[Row]


@dataclass(frozen=True, slots=True)
class Observed:
    """A quick observation that was refused: what was sent, in which `field` the fault lies (empty: in none), and the fault."""

    student: str
    target: str
    level: str
    comment: str
    field: str
    fault: str


@dataclass(frozen=True, slots=True)
class Stack:
    """Work that waits in one class under one title; `own` where that class, or the subject, is the viewer's.

    `once` where it is, and no other stack has this title.
    """

    own: bool
    once: bool
    title: str
    class_title: str
    n: int
    days: int
    old: bool
    url: str


def today(request: HttpRequest, *, tried: Any = None, observed: Observed | None = None) -> HttpResponse:
    """Show who needs the teacher and why, oldest work first, and the quick observation; substitutes go on to their class.

    `tried` is an answer to a student, `observed` an observation that was refused: each stands in its form again.
    """
    viewer: Viewer = request.viewer
    if only_stands_in(viewer):
        return redirect("/teacher/substitute")
    look = look_back(request)
    m = queries.moment(now=request.moment, as_of=look.as_of, book=request.book)
    classes = rosters.classes_taught(person_id=viewer.person_id or 0, as_of=look.shown)
    members = rosters.members(class_ids=[c.id for c in classes], as_of=look.shown, viewer=request.viewer)
    students = list(dict.fromkeys(student for listed in members.values() for student in listed))
    people = rosters.people_by_id(person_ids=students)
    found = response.needs(m, students)
    stacks = _stacks(m, classes, members)
    blocks = _blocks(found, people, classes, members, m.book.settings["response"], look)
    own = {row.sourced_id for block in blocks for row in (*block.rows, *block.more)}
    elsewhere = {row.sourced_id for block in blocks for row in block.other} - own
    context = {
        "nav": "teacher.today", "look": look, "classes": classes, "students_n": len(students),
        "heading": heading(len(own), bool(classes)), "elsewhere": len(elsewhere), "waiting_n": sum(s.n for s in stacks),
        "oldest": max((s.days for s in stacks), default=0), "stacks": stacks[:STACKS],
        "more_n": sum(s.n for s in stacks[STACKS:]), "keep": {},
        "blocks": blocks, "observed": observed,
        "targets": _targets(m, classes), "scale": _scale(m, classes), "observe_key": observe_key(request),
        "people": sorted(({"id": p.sourced_id, "name": p.name()} for p in people.values()), key=lambda p: p["name"]),
        "asked": [] if look.past else _asked(students, people),
        "notes": [] if look.past else notes.unread(viewer, classes),
        "calibrating": 0 if look.past else calibration.waiting_n(viewer=viewer),
        "letters": [] if look.past else _letters(people),
        "news": [] if look.past else news(
            request.book, today=look.today, schools={c.school.sourced_id for c in classes}),
        "saved": told(request, "saved"), "fault": told(request, "fault"), "tried": tried,
    }  # fmt: skip
    return render(request, "pages/teacher/today.html", context, status=422 if tried or observed else 200)


def _asked(students: list[int], people: dict[int, Any]) -> list[dict[str, Any]]:
    """Return the open requests of the students, oldest first, with who asks. Two statements."""
    return [
        {"one": one, "name": people[one.student].name(), "sourced_id": people[one.student].sourced_id}
        for one in asked_views(evidence.open_requests(students=students))
    ]


def observe_key(request: HttpRequest) -> str:
    """Return a fresh client key, so that a form sent twice is recorded once."""
    return f"page-{uuid4()}"


def heading(n: int, any_class: bool) -> str:
    """Say the page's answer."""
    if not any_class:
        return _("You teach no class today.")
    if n == 0:
        return _("Nobody needs a special word today.")
    return ngettext("One student needs you today.", "%(n)s students need you today.", n) % {"n": n}


def _letters(people: dict[int, Any]) -> list[dict[str, Any]]:
    """Return the unread messages of guardians by student. Two statements, one where nothing waits."""
    found = contact.unread(students=people, home=False)
    guardians = rosters.people_by_id(person_ids={guardian for _, guardian in found}) if found else {}
    rows = [
        {"url": f"/teacher/students/{people[student].sourced_id}/messages/{guardians[guardian].sourced_id}", "n": n,
         "student": people[student].name(), "guardian": guardians[guardian].name()}
        for (student, guardian), n in found.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row["student"], row["guardian"]))


def _stacks(m: queries.Moment, classes: list[Any], members: dict[int, list[int]]) -> list[Stack]:
    """Return the work that waits by class and title: that of the viewer's own subjects first, then oldest first.

    A stack is called by the class in which the task was given; work of another subject that answers no task, by its line.
    Three statements.
    """
    attended: dict[int, list[Any]] = {}
    for school_class in classes:
        for student in members[school_class.id]:
            attended.setdefault(student, []).append(school_class)
    waiting = response.work_to_rate(m, list(attended))
    given = evidence.classes_given_in(pieces=[piece.key for piece in waiting])
    stacks: dict[tuple[Any, str], list[ToRate]] = {}
    for piece in waiting:
        stacks.setdefault((_home(piece, attended, given), piece.title), []).append(piece)
    found = []
    titles = Counter(title for _home_of, title in stacks)
    for ((school_class, named, mine), title), pieces in stacks.items():
        oldest = min(pieces, key=lambda piece: piece.at)
        days = (m.day - oldest.at.astimezone(m.zone).date()).days
        url = f"/teacher/rate?piece={oldest.key}&class={school_class.sourced_id}"
        # Where a title stands once, and is of one's own subjects, everybody knows which class it is.
        once = mine and titles[title] == 1
        found.append(Stack(mine, once, title, named, len(pieces), days, days >= OLD_DAYS, url))
    return sorted(found, key=lambda s: (not s.own, -s.days))


def _home(
    piece: ToRate, attended: dict[int, list[Any]], given: dict[str, tuple[int, str]]
) -> tuple[Any, str, bool]:
    """Return the viewer's class in which a piece is rated, what its stack is called, and whether it is of their own subjects."""
    key, named = given.get(piece.key, (0, ""))
    keys = {frameworks.node(target).framework for target in piece.targets}

    def works_on_it(one: Any) -> bool:
        return one.id == key or not keys or not one.frameworks or not keys.isdisjoint(one.frameworks)

    home = max(attended[piece.students[0]], key=lambda one: (one.id == key, works_on_it(one)))
    mine = works_on_it(home)
    return home, named or (home.title if mine else _line_called(piece.targets[0])), mine


def _line_called(target: int) -> str:
    """Return what the continuum of a target is called."""
    line = frameworks.tree(frameworks.node(target).framework_id, at=frameworks.remembered_stamp()).framework
    return line.called(get_language() or "en")


def _blocks(
    found: list[Need], people: dict[int, Any], classes: list[Any], members: dict[int, list[int]], settings: dict[str, Any],
    look: LookBack,
) -> list[Block]:  # fmt: skip
    where = {student: c for c in reversed(classes) for student in members[c.id]}
    lines = _lines(classes, members)
    blocks = []
    for section in words.sections(settings):
        own: dict[int, list[Need]] = {}
        for need in found:
            if need.reason == section.reason:
                own.setdefault(need.student, []).append(need)
        rows = [
            _row(needs, people[student], where[student], lines[student], look)
            for student, needs in own.items()
        ]
        rows.sort(key=lambda row: row.name)
        mine, other = ([row for row in rows if row.own is which] for which in (True, False))
        blocks.append(Block(section, len(mine), mine[:SHOWN], mine[SHOWN:], other))
    return blocks


def _lines(classes: list[Any], members: dict[int, list[int]]) -> dict[int, frozenset[str]]:
    """Return the continuums that the classes work on with each student, by key; an empty set means all."""
    found: dict[int, list[Any]] = {}
    for school_class in classes:
        for student in members[school_class.id]:
            found.setdefault(student, []).append(school_class.frameworks)
    return {
        student: frozenset(key for keys in each for key in keys) if all(each) else frozenset()
        for student, each in found.items()
    }


def _continuum(need: Need) -> FrameworkView | None:
    """Return the continuum that a need is about; None where it is about the student as a whole."""
    if need.target is not None:
        key = frameworks.node(need.target).framework_id
    elif "continuum" in need.detail:
        key = round(need.detail["continuum"])
    else:
        return None
    return frameworks.tree(key, at=frameworks.remembered_stamp()).framework


def _why(need: Need, line: FrameworkView) -> str:
    """Say a need of another subject than the viewer's, with the subject."""
    said = words.say(need)
    return f"{said} ({line.called(get_language() or 'en')})" if need.target is not None else said


def _row(needs: list[Need], person: Any, school_class: Any, lines: frozenset[str], look: LookBack) -> Row:
    """Return the row of a student with all needs of one reason; its act is on all of their targets at once.

    What is about another subject than the viewer's comes last and names it.
    """
    act, url, reason = _("Open"), f"/teacher/students/{person.sourced_id}", needs[0].reason
    of = [(need, _continuum(need)) for need in needs]
    own = [need for need, line in of if line is None or not lines or line.key in lines]
    other = [(need, line) for need, line in of if line is not None and lines and line.key not in lines]
    targets = [need.target for need in own if need.target is not None][:MOST_TARGETS]
    if not look.past and targets and reason in ("stuck", "no_evidence", "waiting"):
        act = _("Rate") if reason == "waiting" else _("Observe")
        query = {"class": school_class.sourced_id, "student": person.id, "target": targets}
        url = f"/teacher/rate?{urlencode(query, doseq=True)}"
    return Row(
        person.sourced_id,
        person.name(),
        initials(person.name()),
        [*map(words.say, own), *(_why(need, line) for need, line in other)],
        act,
        url,
        bool(own),
    )


def _targets(m: queries.Moment, classes: list[Any]) -> list[dict[str, Any]]:
    """Return the targets for the quick observation, grouped by continuum and level."""
    language = get_language() or "en"
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for school_class in classes:
        for node in queries.class_targets(m, school_class):
            key = (node.framework, node.level or 0)
            entry = {"id": node.id, "name": node.called(language)}
            if entry not in groups.setdefault(key, []):
                groups[key].append(entry)
    word = _("level")
    return [
        {"name": f"{framework} · {word} {level}" if level else framework, "targets": targets}
        for (framework, level), targets in sorted(groups.items())
    ]


def _scale(m: queries.Moment, classes: list[Any]) -> list[dict[str, Any]]:
    language = get_language() or "en"
    scale = next(iter(m.book.settings["scales"].values()))
    for school_class in classes:
        for node in queries.class_targets(m, school_class)[:1]:
            scale = m.book.effective(node=node.id, school=school_class.school.sourced_id, on=m.day).scale
    return [
        {"value": f"{level['value']:g}", "mark": tags.draw("level", round(level["value"] * 100), scale),
         "name": tags.level_name(level, language)}
        for level in scale["levels"]
    ]  # fmt: skip
