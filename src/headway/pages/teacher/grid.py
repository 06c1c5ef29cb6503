"""The class grid: students down, targets across, and why beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.access.types import Role
from headway.kit.numbers import is_whole
from headway.pages.parts import tags, why
from headway.pages.parts.asked import look_back, wants_fragment
from headway.pages.parts.news import news
from headway.proficiency import queries
from headway.rosters import queries as rosters

# At most as many columns at once as a teacher can read; the rest is one choice away.
COLUMNS = 120
SORTS = ("name", "least", "most")


@dataclass(frozen=True, slots=True)
class Head:
    """A group of columns under one competency."""

    name: str
    span: int


def first(request: HttpRequest) -> HttpResponse:
    """Go to the grid of the teacher's first class, or say that there is none."""
    classes = rosters.classes_of(viewer=request.viewer)
    if classes:
        return redirect(f"/teacher/classes/{classes[0].sourced_id}/grid")
    return render(request, "pages/teacher/no_class.html", {"nav": "teacher.grid"})


def grid(request: HttpRequest, class_id: str, subject: Any) -> HttpResponse:
    """Show the class's students against its targets, as they stand or stood; the chosen cell's why beside it."""
    look = look_back(request)
    day = look.as_of or look.today
    view = queries.class_grid(
        viewer=request.viewer,
        school_class=subject,
        as_of=look.as_of,
        now=request.moment,
        book=request.book,
        day=day,
        area=request.GET.get("area") or None,
        limit=COLUMNS,
        language=get_language() or "en",
    )
    chosen = _chosen(request)
    side = None
    if chosen:
        side = _side(request, subject, view, chosen, look)
        if side is None:
            raise Http404
        if wants_fragment(request):
            return render(request, "pages/teacher/_side.html", side)
    sort = request.GET.get("sort") if request.GET.get("sort") in SORTS else "name"
    students = _sorted(view, str(sort))
    turned = request.GET.get("turn") == "1"
    keep = {name: request.GET[name] for name in ("area", "sort", "turn", "as_of") if request.GET.get(name)}
    context = {
        "nav": "teacher.grid",
        "class": subject,
        "own": subject.active and subject.id in request.viewer.classes,
        "view": view,
        "look": look,
        "sort": sort,
        "turned": turned,
        "keep": keep,
        "keep_look": {k: v for k, v in keep.items() if k != "as_of"},
        "students_n": len(view.students),
        "head": _head(view),
        "body": _body(view, students, turned, keep, chosen),
        "students": students,
        "classes": rosters.classes_of(viewer=request.viewer),
        "levels": _levels(view.scale),
        "news": []
        if look.past
        else news(request.book, today=look.today, schools={subject.school.sourced_id}),
        **(side or {}),
    }
    return render(request, "pages/teacher/grid.html", context)


def _chosen(request: HttpRequest) -> tuple[int, int] | None:
    student, _sep, target = request.GET.get("c", "").partition("-")
    return (
        (int(student), int(target))
        if is_whole(student) and is_whole(target) and len(student + target) < 30
        else None
    )


def _side(
    request: HttpRequest, subject: Any, view: queries.Grid, chosen: tuple[int, int], look: Any
) -> dict[str, Any] | None:
    student = next((s for s in view.students if s.id == chosen[0]), None)
    target = next((t for t in view.targets if t.id == chosen[1]), None)
    if student is None or target is None:
        return None
    panel = why.panel(
        viewer=request.viewer,
        student=student,
        target_id=target.id,
        as_of=look.as_of,
        now=request.moment,
        book=request.book,
        over=student.name,
        pieces=why.TO_RATE,
    )
    teaches = request.viewer.is_a(Role.TEACHER) and not look.past
    if teaches:
        panel.rate_url = f"/teacher/rate?{urlencode({'class': subject.sourced_id, 'target': target.id, 'student': student.id})}"
        panel.decide_url = (
            f"/teacher/students/{student.sourced_id}/decide/{target.id}?class={subject.sourced_id}"
        )
    return {"why": panel, "actions": teaches, "close": request.path}


def _sorted(view: queries.Grid, sort: str) -> Sequence[Any]:
    if sort == "name":
        return view.students
    done = {
        s.id: sum(
            view.cells[s.id, t.id].state in ("proficient", "beyond")
            for t in view.targets
            if (s.id, t.id) in view.cells
        )
        for s in view.students
    }
    return sorted(view.students, key=lambda s: (done[s.id] if sort == "least" else -done[s.id], s.sort_name))


def _head(view: queries.Grid) -> list[Head]:
    found: list[Head] = []
    for target in view.targets:
        if found and found[-1].name == target.group:
            found[-1] = Head(target.group, found[-1].span + 1)
        else:
            found.append(Head(target.group, 1))
    return found


def _levels(scale: dict[str, Any]) -> list[dict[str, Any]]:
    language = get_language() or "en"
    return (
        [
            {
                "rank": n,
                "letter": tags.level_letter(level, language),
                "name": tags.level_name(level, language),
            }
            for n, level in enumerate(scale["levels"], 1)
        ]
        if len(scale["levels"]) <= 6
        else []
    )


def _body(
    view: queries.Grid,
    students: Sequence[Any],
    turned: bool,
    keep: dict[str, str],
    chosen: tuple[int, int] | None,
) -> SafeString:
    """Build the rows as one string: a cell's inside is built once per distinct state, level and count."""
    tail = escape("&" + urlencode(keep)) if keep else ""
    made: dict[tuple[Any, ...], str] = {}
    scales = {target.id: target.scale for target in view.targets}
    none = _inside("no_evidence", None, 0, False, view.scale)
    rows = []
    outer, inner = (view.targets, students) if turned else (students, view.targets)
    for row in outer:
        if turned:
            name = f'<span class="rowname">{escape(row.name)}</span>'
        else:
            name = f'<a href="/teacher/students/{escape(row.sourced_id)}">{escape(row.name)}</a>'
        parts = [f'<tr><th scope="row">{name}</th>']
        for column in inner:
            student, target = (column.id, row.id) if turned else (row.id, column.id)
            cell = view.cells.get((student, target))
            if cell is None:
                inside = none
            else:
                key = (cell.state, cell.value, cell.n_counted, cell.decided, id(scales[target]))
                inside = made.get(key) or made.setdefault(key, _inside(*key[:4], scales[target]))
            here = ' aria-current="true"' if chosen == (student, target) else ""
            parts.append(f'<td><a href="?c={student}-{target}{tail}"{here}{inside}</a>')
        rows.append("".join(parts))
    return SafeString("\n".join(rows))


def _inside(state: str, value: int | None, count: int, decided: bool, scale: dict[str, Any]) -> str:
    language = get_language() or "en"
    mark = " ovr" if decided else ""
    if value is not None and state in ("not_yet", "proficient", "beyond") and len(scale["levels"]) <= 6:
        rank = tags.rank_in(state, value, scale)
        level = scale["levels"][rank - 1]
        return f' class="c p{rank}{mark}"><i>{escape(tags.level_letter(level, language))}</i>{count}'
    if value is not None and state in ("not_yet", "proficient", "beyond"):
        return f' class="c pn{mark}"><i>{tags.number(value)}</i>{count}'
    kind, letter = tags.state_letter(state)
    said = "" if letter else f'<b class="vh">{escape(tags.state_words()[state])}</b>'
    return f' class="c s-{kind}{mark}"><i>{escape(letter)}</i>{said}{count or ""}'


def page_title(subject: Any) -> str:
    """Return what the browser's tab says."""
    return _("Class grid · %(class)s") % {"class": subject.title}
