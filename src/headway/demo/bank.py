"""The demonstration's bank of tasks, written, judged and retired by its teachers through the acts that a school uses."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from headway.access.types import SYSTEM, Role, Viewer
from headway.demo.people import Cast, student_id
from headway.demo.years import Person
from headway.evidence import actions as evidence
from headway.evidence import queries as ledger
from headway.evidence.types import Task, Work
from headway.frameworks import queries as frameworks
from headway.rosters import queries as roster
from headway.tasks import actions, queries
from headway.tasks.types import (
    CHANGE,
    LOCAL,
    PROTOCOL,
    VALIDATED,
    YES,
    Answer,
    NewCriterion,
    NewExemplar,
    TaskText,
)

TASKS = Path(__file__).parent / "tasks.toml"
WORDS = ("title", "purpose", "prompt", "materials", "administration", "accommodations", "minutes", "language", "depth",
         "certifies")  # fmt: skip

GIVEN = "which of these doubles"
HANDED_IN = (
    "Ribbon: yes, 5 feet 4 dollars, 10 feet 8 dollars. Candle: yes, the burned part doubles. Taxi: no, 2 miles "
    "7 dollars and 4 miles 11. Square: no, side 2 is 4 and side 4 is 16. Rule for the ribbon: price = 0.8 times feet, and 0.8 is "
    "what one foot costs."
)
PILOT = (
    "Four pieces from my own class; all four could be placed.",
    "Looked at six pieces with a colleague; we placed five alike.",
    "One class tried it; nobody was stuck at the beginning.",
)


def build(who: Cast, ids: dict[str, Person], steady: list[int], first: str, at: datetime) -> None:
    """Fill the bank: each task by a teacher of its area, in mathematics by `first` (a sourcedId), the teacher who signs in.

    One of them is given to that teacher's class, where one of the `steady` students has handed in.
    """
    for days, said in enumerate(tomllib.loads(TASKS.read_text(encoding="utf-8"))["task"]):
        author = first if said["area"] == "MA" else _teachers(who, said["area"])[0]
        _carry(who, ids, said, (author, first), at - timedelta(days=60 - 5 * days))
    _give(who, ids, set(steady), first, at)


def _give(who: Cast, ids: dict[str, Person], steady: set[int], first: str, at: datetime) -> None:
    """Give a task of the bank to the class of who signs in; one student's work on it waits to be rated."""
    own = next(one for one in who.classes if one.teacher == first)
    lead = ids[first]
    teacher = replace(SYSTEM, person=lead.uuid, person_id=lead.id, name=first)
    (row,) = queries.bank(viewer=teacher, search=GIVEN).rows
    view = queries.task_version(viewer=teacher, version=row.version)
    task = Task(
        key=f"demo-bank-{own.sourced_id}", title=view.title, words=view.prompt, targets=view.targets, depth=view.depth,
        due_on=(at + timedelta(days=6)).date(), school_class=roster.class_by_reference(own.sourced_id).id, version=view.uuid,
    )  # fmt: skip
    students = [ids[student_id(number)].id for number in own.students]
    evidence.give(actor=teacher, task=task, students=students, at=at - timedelta(days=2))
    number = next((one for one in reversed(own.students) if one in steady), own.students[-1])
    person = ids[student_id(number)]
    chance = next(one for one in ledger.chances_of([person.id]) if one.version == view.uuid)
    work = Work(
        key=chance.piece_key, student=person.id, student_uuid=person.uuid, targets=view.targets, title=view.title,
        target_uuids=tuple(frameworks.node(target).uuid for target in view.targets), words=HANDED_IN,
    )  # fmt: skip
    evidence.hand_in(actor=SYSTEM, work=work, at=at - timedelta(hours=20))


def _teachers(who: Cast, area: str) -> list[str]:
    """Return the teachers whose class is of an area, else all: a small demonstration has no class in every subject."""
    found = [one.teacher for one in who.classes if one.subject == area]
    return found or [one.teacher for one in who.classes]


def viewer_of(ids: dict[str, Person], reference: str, at: datetime) -> Viewer:
    """Return a teacher of the demonstration as who acts."""
    person = ids[reference]
    return Viewer(person=person.uuid, person_id=person.id, name=reference, roles=frozenset({Role.TEACHER}),
                  today=at.date())  # fmt: skip


def _carry(
    who: Cast, ids: dict[str, Person], said: dict[str, Any], people: tuple[str, str], at: datetime
) -> None:
    """Write one task and carry it to the standing that it is to have; `people` are its author, and who signs in."""
    author, _ = people
    actor = viewer_of(ids, author, at)
    school = next(one.id for one in queries.schools_for(actor))
    text = TaskText(**{name: said[name] for name in WORDS if name in said}, criteria=_criteria(said))
    version = actions.draft_task(actor=actor, key=said["key"], text=text, at=at, school=school)
    for one in said.get("exemplars", ()):
        levels = {place: 100 * level for place, level in enumerate(one["levels"], 1)}
        made = NewExemplar(title=one["title"], why=one["why"], levels=levels, words=one["words"])
        actions.add_exemplar(actor=actor, version=version, made=made, at=at)
    if said["standing"] == "draft":
        return
    actions.publish_task(actor=actor, version=version, at=at)
    if said["standing"] == "retired":
        task = queries.task_version(viewer=actor, version=version).task
        actions.retire_task(actor=actor, task=task, reason=said["reason"], at=at + timedelta(days=30))
    elif said["standing"] != LOCAL:
        _judge(who, ids, version, said, people, at + timedelta(days=7))


def _judge(
    who: Cast, ids: dict[str, Person], version: UUID, said: dict[str, Any], people: tuple[str, str], at: datetime
) -> None:  # fmt: skip
    """Have a task judged by a team of several areas and schools; of one that is `asked`, the verdict of who signs in waits."""
    author, first = people
    actor = viewer_of(ids, author, at)
    task = queries.task_version(viewer=actor, version=version).task
    waits = said["standing"] == "asked"
    wanted = VALIDATED if waits else said["standing"]
    found = actions.open_validation(actor=actor, key=f"{said['key']}-judged", task=task, wanted=wanted, at=at)
    team = _team(who, author)
    team = [*[one for one in team if one != first][:2], first] if waits else team
    for one in team:
        actions.ask_member(actor=actor, validation=found, person=ids[one].id, at=at)
    for place, one in enumerate(team[:-1] if waits else team):
        answers = {name: Answer(YES, "") for name in PROTOCOL} | {
            "pilot": Answer(YES, PILOT[place % len(PILOT)])
        }
        if place == 0:
            answers["time"] = Answer(CHANGE, "Two lessons in most rooms; the time should say so.")
        judge = viewer_of(ids, one, at)
        actions.give_verdict(actor=judge, validation=found, answers=answers, at=at + timedelta(days=3))
    if not waits:
        closer = viewer_of(ids, team[0], at)
        actions.close_validation(
            actor=closer, validation=found, outcome=wanted, at=at + timedelta(days=4),
            reason="Read together and tried in two rooms. The time is the only point that we would still change.",
        )  # fmt: skip


def _team(who: Cast, author: str) -> list[str]:
    """Return three colleagues of an author who teach different subjects in several schools, as far as there are such."""
    found: list[str] = []
    for unlike in (("subject", "school"), ("subject",), ()):
        seen = [one for one in who.classes if one.teacher in found]
        for one in who.classes:
            fits = all(getattr(one, name) not in {getattr(other, name) for other in seen} for name in unlike)
            if one.teacher != author and one.teacher not in found and fits:
                found.append(one.teacher)
                seen.append(one)
    return found[:3]


def _criteria(said: dict[str, Any]) -> tuple[NewCriterion, ...]:
    codes = [one["target"] for one in said["criteria"]]
    targets = frameworks.targets_by_reference(codes)
    return tuple(
        NewCriterion(one["name"], targets[one["target"]].id,
                     {100 * level: words for level, words in enumerate(one["levels"], 1) if words})
        for one in said["criteria"]
    )  # fmt: skip
