"""This week: the students and classes of a school that need a response, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.frameworks import queries as frameworks
from headway.pages.parts import needs as words
from headway.pages.parts.asked import LookBack, look_back
from headway.pages.parts.context import initials
from headway.pages.parts.grades import grade_name, grade_rank
from headway.pages.parts.sheets import csv_file
from headway.proficiency import queries as proficiency
from headway.response import queries as response
from headway.response.types import REASONS, ClassNeed, Need
from headway.rosters import queries as rosters

SORTS = ("name", "oldest", "most")
SHOWN = 8
COLUMNS = ("student", "name", "grade", "reason", "target", "since", "why")


@dataclass(frozen=True, slots=True)
class Row:
    """One student under one reason, with every need of that reason in words."""

    sourced_id: str
    name: str
    sort_name: str
    grade: str
    initials: str
    whys: list[str]
    since: date | None


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class that needs a response, with its reasons in words."""

    sourced_id: str
    title: str
    n: int
    whys: list[str]


@dataclass(frozen=True, slots=True)
class Week:
    """What the page and its file show: needs after the filters, people by key, classes."""

    people: dict[int, Any]
    needs: list[Need]
    classes: list[ClassRow]
    students_n: int
    grades: list[str]
    settings: dict[str, Any]


def week(request: HttpRequest, subject: Any) -> HttpResponse:
    """Show who needs a response, grouped by reason, and which classes do."""
    look = look_back(request)
    school = _school(request, subject)
    if school is None:
        return _choose(request, subject, look)
    found = _found(request, school, look)
    sort = request.GET.get("sort") if request.GET.get("sort") in SORTS else "name"
    reason, grade = _asked(request)
    keep = {k: v for k in ("school", "grade", "reason", "sort") if (v := request.GET.get(k))}
    context = {
        "nav": "school.week", "school": school, "schools": subject, "look": look, "keep": keep, "sort": sort,
        "reason": reason, "grade": grade, "grades": found.grades, "students_n": found.students_n,
        "sections": words.sections(found.settings), "heading": _headed(found, reason, look.past),
        "groups": _groups(found, reason, str(sort)), "classes": found.classes, "ways_on": _ways_on(found),
        "patience": int(found.settings["ready_waiting_days"]),
    }  # fmt: skip
    return render(request, "pages/school/week.html", context)


def as_csv(request: HttpRequest, subject: Any) -> HttpResponse:
    """Give the same list as a file, by the same filters."""
    look = look_back(request)
    school = _school(request, subject)
    if school is None:
        raise Http404
    found = _found(request, school, look)
    titles = {one.reason: one.title for one in words.sections(found.settings)}
    rows = []
    for need in found.needs:
        person = found.people[need.student]
        target = frameworks.node(need.target).reference if need.target is not None else ""
        rows.append(
            (
                person.sourced_id,
                person.name(),
                person.grade,
                titles[need.reason],
                target,
                need.since,
                words.say(need),
            )
        )
    return csv_file(f"week-{look.shown.isoformat()}.csv", COLUMNS, rows)


def _headed(found: Week, reason: str, past: bool) -> str:
    """Say who needs a response; of one reason the students alone, as a class stands out by all reasons together."""
    students = len({need.student for need in found.needs})
    if reason and not students:
        return _("Nobody is listed for this reason.")
    return heading(students, 0 if reason else len(found.classes), past)


def heading(students: int, classes: int, past: bool) -> str:
    """Say how many students and classes need a response, as a person would."""
    if not students and not classes:
        return _("Nobody needed a response that week.") if past else _("Nobody needs a response this week.")
    who = ngettext("%(n)s student", "%(n)s students", students) % {"n": students}
    if not classes:
        what = who
    else:
        rooms = ngettext("%(n)s class", "%(n)s classes", classes) % {"n": classes}
        what = _("%(students)s and %(classes)s") % {"students": who, "classes": rooms} if students else rooms
    one = students + classes == 1
    if past:
        return _("%(who)s needed a response that week.") % {"who": what}
    return (_("%(who)s needs a response this week.") if one else _("%(who)s need a response this week.")) % {
        "who": what
    }


def _school(request: HttpRequest, led: list[Any]) -> Any:
    asked = request.GET.get("school", "")
    if asked:
        found = next((school for school in led if school.sourced_id == asked), None)
        if found is None:
            raise Http404
        return found
    return led[0] if len(led) == 1 else None


def _choose(request: HttpRequest, led: list[Any], look: LookBack) -> HttpResponse:
    sizes = rosters.school_sizes(as_of=look.shown)
    rows = [{"school": school, "n": sizes.get(school.id, 0)} for school in led]
    return render(request, "pages/school/choose.html", {"nav": "school.week", "rows": rows, "look": look})


def _asked(request: HttpRequest) -> tuple[str, str]:
    reason = request.GET.get("reason", "")
    return reason if reason in REASONS else "", request.GET.get("grade", "")[:10]


def _found(request: HttpRequest, school: Any, look: LookBack) -> Week:
    viewer, book = request.viewer, request.book
    m = proficiency.moment(now=request.moment, as_of=look.as_of, book=book)
    reason, grade = _asked(request)
    everybody = list(rosters.students_of_school(viewer=viewer, school_id=school.id, as_of=m.day))
    needs = response.needs(m, [person.id for person in everybody])
    rooms = list(rosters.school_classes(school_id=school.id, as_of=m.day))
    members = rosters.members(class_ids=[room.id for room in rooms], as_of=m.day, viewer=viewer)
    seen = {person.id: person for person in everybody}
    members = {key: [one for one in students if one in seen] for key, students in members.items()}
    late = response.work_to_rate(m, seen)
    hits = response.class_needs(
        m, needs=needs, waiting=late, members=members, continuums={room.id: room.frameworks for room in rooms}
    )
    by_id = {room.id: room for room in rooms}
    asked = [
        need for need in needs
        if (not reason or need.reason == reason) and (not grade or seen[need.student].grade == grade)
    ]  # fmt: skip
    patience = int(book.settings["response"]["ready_waiting_days"])
    classes = [_class_row(by_id[hit.school_class], hit, patience) for hit in hits]
    if grade:
        kept = {p.id for p in everybody if p.grade == grade}
        classes = [
            row for row, hit in zip(classes, hits, strict=True) if kept & set(members[hit.school_class])
        ]
    grades = sorted({person.grade for person in everybody if person.grade}, key=grade_rank)
    return Week(seen, asked, classes, len(everybody), grades, book.settings["response"])


def _class_row(room: Any, hit: ClassNeed, patience: int) -> ClassRow:
    whys = []
    if hit.need_n >= hit.n * response.NEED_SHARE:
        whys.append(_("%(k)s of %(n)s students have a reason (%(share)s %%)") % {
            "k": hit.need_n, "n": hit.n, "share": round(hit.need_n / hit.n * 100)})  # fmt: skip
    if hit.thin_n >= hit.n * response.THIN_SHARE:
        whys.append(
            _("evidence is thin: %(k)s of %(n)s have shown nothing of late") % {"k": hit.thin_n, "n": hit.n}
        )
    if hit.oldest_days is not None and hit.oldest_days >= patience:
        said = ngettext("%(k)s piece waits for a rating, the oldest for %(days)s days",
                        "%(k)s pieces wait for a rating, the oldest for %(days)s days", hit.waiting_n)  # fmt: skip
        whys.append(said % {"k": hit.waiting_n, "days": hit.oldest_days})
    return ClassRow(room.sourced_id, room.title, hit.n, whys)


def _groups(found: Week, reason: str, sort: str) -> list[dict[str, Any]]:
    counts: dict[int, int] = {}
    for need in found.needs:
        counts[need.student] = counts.get(need.student, 0) + 1
    groups = []
    for section in words.sections(found.settings):
        if reason and section.reason != reason:
            continue
        by_student: dict[int, list[Need]] = {}
        for need in found.needs:
            if need.reason == section.reason:
                by_student.setdefault(need.student, []).append(need)
        rows = [(_row(found.people[key], own), counts[key]) for key, own in by_student.items()]
        if sort == "name":
            rows.sort(key=lambda pair: pair[0].sort_name.casefold())
        elif sort == "oldest":
            rows.sort(key=lambda pair: (pair[0].since or date.min, pair[0].sort_name.casefold()))
        else:
            rows.sort(key=lambda pair: (-pair[1], pair[0].sort_name.casefold()))
        listed = [row for row, _count in rows]
        # A school of five thousand still opens: the whole list of a reason is one choice away, and in the file.
        shown = SHOWN if not reason else 500
        groups.append(
            {"section": section, "n": len(listed), "rows": listed[:shown], "more": len(listed) - shown}
        )
    return groups


def _row(person: Any, own: list[Need]) -> Row:
    since = min((need.since for need in own if need.since), default=None)
    whys = [words.say(need) for need in own]
    if len(whys) > 3:
        more = len(whys) - 2
        whys = [*whys[:2], _("and %(n)s more") % {"n": more}]
    return Row(
        person.sourced_id,
        person.name(),
        person.sort_name(),
        grade_name(person.grade) if person.grade else "",
        initials(person.name()),
        whys,
        since,
    )


def _ways_on(found: Week) -> list[dict[str, str]]:
    return [{"grade": code, "label": grade_name(code)} for code in found.grades]
