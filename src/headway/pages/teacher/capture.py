"""Taking in the work of many: a task or a target once, then a photo for each student, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.evidence import actions
from headway.evidence import queries as evidence
from headway.evidence.types import Work
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal
from headway.pages.parts import uploads
from headway.pages.parts.groups import line_and_level
from headway.pages.parts.learning import language
from headway.pages.parts.loop import state_words
from headway.pages.parts.told import address, told
from headway.proficiency import queries
from headway.rosters import queries as rosters

NAV = "teacher.grid"
TASK, TARGET = "task:", "target:"
LONGEST_KEY = 60


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the photos are for: a task of the class, or a bare target."""

    value: str
    title: str
    targets: tuple[int, ...]
    chances: dict[int, Any]
    task: Any = None


@dataclass(frozen=True, slots=True)
class Row:
    """One student: whether a photo may come for them, or the words of where they stand."""

    id: int
    name: str
    open: bool
    said: str
    group: int = 0


def capture(request: HttpRequest, class_id: str, subject: Any) -> HttpResponse:
    """Offer what to take in; take in the photos that were sent, each once however often it is sent."""
    here = f"/teacher/classes/{quote(class_id, safe='')}/capture"
    m = queries.moment(now=request.moment, book=request.book)
    given = evidence.given_in(school_class=subject.id)
    targets = queries.class_targets(m, subject)
    asked = request.POST if request.method == "POST" else request.GET
    chosen = _chosen(asked.get("what", ""), given, targets)
    people = _people(request, subject)
    if request.method == "POST" and chosen is not None:
        said, fault = _take(request, chosen, people)
        values = {"what": chosen.value} | ({"from": "files"} if asked.get("from") == "files" else {})
        values |= ({"said": said} if said else {}) | ({"fault": fault} if fault else {})
        return redirect(address(here, **values))
    groups: dict[str, list[tuple[str, str]]] = {}
    for node in targets:
        name = line_and_level(node)
        groups.setdefault(name, []).append((f"{TARGET}{node.id}", node.called(language())))
    tasks = [(f"{TASK}{one.uuid}", one.title) for one in given if any(chance.open for chance in one.chances)]
    context = {
        "nav": NAV, "class": subject, "here": here, "tasks": tasks, "groups": groups, "chosen": chosen,
        "rows": _rows(chosen, people) if chosen else [], "from_files": asked.get("from") == "files",
        "in_groups": bool(chosen) and any(one.group for one in chosen.chances.values() if one.open),
        "said": told(request, "said"), "fault": told(request, "fault"), "key": f"capture-{uuid4()}",
    }  # fmt: skip
    return render(request, "pages/teacher/capture.html", context)


def _people(request: HttpRequest, school_class: Any) -> list[Any]:
    people = rosters.students_in_class(
        class_id=school_class.id, as_of=request.viewer.today, viewer=request.viewer
    )
    seen = rosters.visible_ids(
        request.viewer, person_ids=[one.id for one in people], as_of=request.viewer.today
    )
    return [one for one in people if one.id in seen]


def _chosen(value: str, given: list[Any], targets: Any) -> Chosen | None:
    """Return the task of the class, or its target, that a form names; else None."""
    for one in given:
        if value == f"{TASK}{one.uuid}":
            return Chosen(value, one.title, one.targets, {each.student: each for each in one.chances}, one)
    for node in targets:
        if value == f"{TARGET}{node.id}":
            return Chosen(value, node.called(language()), (node.id,), {})
    return None


def _rows(chosen: Chosen, people: list[Any]) -> list[Row]:
    found = []
    for one in people:
        chance = chosen.chances.get(one.id)
        if chosen.task is None:
            found.append(Row(one.id, one.name(), True, ""))
        elif chance is not None:
            found.append(
                Row(
                    one.id,
                    one.name(),
                    chance.open,
                    "" if chance.open else state_words(chance.state),
                    chance.group,
                )
            )
    return found


def _take(request: HttpRequest, chosen: Chosen, people: list[Any]) -> tuple[str, str]:
    """Take in every photo that is good, in one act; return what to say, and what was wrong with the others."""
    key, works, faults = request.POST.get("key", "").replace("\0", ""), [], []
    if not 8 <= len(key) <= LONGEST_KEY:
        return "", _("The form was not whole. Please send it once more.")
    uuids = tuple(frameworks.node(target).uuid for target in chosen.targets)
    for one in people:
        upload, chance = request.FILES.get(f"photo-{one.id}"), chosen.chances.get(one.id)
        if not upload or (chosen.task is not None and chance is None):
            continue
        stored, fault = uploads.taken(upload)
        if stored is None:
            faults.append(f"{one.name()}: {fault}")
            continue
        works.append(
            Work(
                key=chance.piece_key if chance else f"{key}-{one.id}", student=one.id, student_uuid=one.uuid,
                targets=chosen.targets, target_uuids=uuids, title=chosen.title[:200], file_name=stored.name,
                file_type=stored.type, file_digest=stored.digest, file_size=stored.size,
            )
        )  # fmt: skip
    if not works:
        return "", " ".join(faults) or _("Nothing to take in yet: take a photo for at least one student.")
    try:
        n = actions.capture(actor=request.viewer, works=works, at=request.moment)
    except Refusal as refusal:
        named = {one.value for one in refusal.findings}
        together = ", ".join(one.name() for one in people if str(one.uuid) in named)
        return "", {
            "group_twice": _(
                "One photo is enough for a group, and nothing was taken in: %(names)s hand in together."
            )
            % {"names": together},
            "chance_closed": _(
                "This task is closed for one of them. Open it again first; nothing was taken in."
            ),
            "already_taken": _(
                "One of them handed it in already; nothing was taken in. Look at the list again."
            ),
        }.get(refusal.code) or _(
            "This could not be taken in just now. Open the page anew and send it once more."
        )
    done = {work.student for work in works}
    names = ", ".join(one.name() for one in people if one.id in done)
    said = ngettext("Taken in for %(n)s student: %(names)s.", "Taken in for %(n)s students: %(names)s.", n)
    return said % {"n": n, "names": names}, " ".join(faults)
