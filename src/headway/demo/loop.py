"""The demonstration's daily loop: tasks given, handed in, returned and revised, chances that passed, requests and answers;
and what some students say of themselves.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from headway.access.types import SYSTEM, Role, Viewer
from headway.demo.people import Cast, grade_code, student_id
from headway.demo.years import Person
from headway.evidence import actions as evidence
from headway.evidence import queries as ledger
from headway.evidence.types import READY, SHOW_AGAIN, Task, Work
from headway.frameworks import queries as frameworks
from headway.frameworks.types import NodeView
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as standings
from headway.profiles import actions as profiles
from headway.profiles.types import NewEntry
from headway.rosters import queries as roster

DAY = timedelta(days=1)
NOW_DUE = (
    "A problem of your own",
    "Make up a problem from your day that belongs here. Solve it, and say how you know that the answer is right.",
)
PAST = (
    "One problem, two ways",
    "Solve one problem in two ways. Say which way you would show to a friend, and why.",
)
MADE = (
    "First I drew it, then I calculated it. Both come to the same. I would show the drawing.",
    "Once step by step and once with a shortcut. The shortcut is faster, but I had to check it.",
    "I did it with a table and with a rule. The table shows why the rule works, so I would show both.",
)
REVISE = (
    "Both ways are right. Say why they must come to the same.",
    "Good shortcut. Check the second step once more, and write the unit.",
)
ABOUT_ME = (
    ("strengths", "I notice when a number cannot be right, and say so."),
    ("learn_best", "I draw it first, then I write."),
    ("goals", "To explain a problem of my own to the class before winter."),
)
TOGETHER = "We each solved it alone and compared. One of us had rounded too early; we say where, and what it changed."
AGAIN = "I checked the second step: it was off by one, and now both ways agree. The unit is meters."


def build(who: Cast, ids: dict[str, Person], steady: list[int], at: datetime) -> None:
    """Give every mathematics class and homeroom two tasks, and carry the older one on; some students ask.

    Only `steady` students do more than receive: what was planted for the others stays what it is.
    """
    tree = frameworks.tree(frameworks.framework_by_key("Mathematics").id)
    closing: list[Any] = []
    calm = set(steady)
    for one in who.classes:
        if one.subject not in ("MA", "HR"):
            continue
        level = tree.framework.expected_levels.get(grade_code(one.grade))
        targets = [node for node in tree.targets() if node.level == level]
        lead = ids[one.teacher]
        teacher = replace(SYSTEM, person=lead.uuid, person_id=lead.id, name=one.teacher)
        students = [ids[student_id(number)] for number in one.students]
        class_id = roster.class_by_reference(one.sourced_id).id
        # The ready-made student sits a third down the list, and is the first here.
        third = len(one.students) // 3
        ordered = [*one.students[third:], *one.students[:third]]
        free = [ids[student_id(number)] for number in ordered if number in calm]
        pair = free[1:3] if len(free) > 2 else []
        for text, node, began, lasts in (
            (NOW_DUE, targets[0], 3, 7),
            (PAST, targets[1 % len(targets)], 12, 8),
        ):
            given_at = at - began * DAY
            task = Task(
                key=f"demo-{one.sourced_id}-{node.id}-{began}", title=text[0], words=text[1], targets=(node.id,),
                due_on=(given_at + lasts * DAY).date(), depth=node.depth or 0, school_class=class_id,
                groups={person.id: 1 for person in pair} if text is NOW_DUE else {},
            )  # fmt: skip
            evidence.give(actor=teacher, task=task, students=[person.id for person in students], at=given_at)
        if pair:
            _together(pair, at)
        closing += _carry_on(teacher, free, at)
        _ask(teacher, free, targets, at)
        if one.subject == "HR" and free:
            tell(teacher, free[0], at)
    for teacher, chances, state, reason in closing:
        proficiency.close_opportunities(
            actor=teacher, opportunities=chances, state=state, reason=reason, at=at, book=standings.book()
        )


def _together(pair: list[Person], at: datetime) -> None:
    """Hand in what two students made as a group: one of them for both."""
    chance = next(one for one in ledger.chances_of([pair[0].id]) if one.title == NOW_DUE[0])
    evidence.hand_in(actor=SYSTEM, work=_work(chance, pair[0], TOGETHER), at=at - DAY)


def _carry_on(
    teacher: Viewer, students: list[Person], at: datetime
) -> list[tuple[Viewer, list[Any], str, str]]:
    """Hand three pieces in for the older task, return two of them, revise one; return which chances are to be closed."""
    by_student = {
        one.student: one for one in ledger.chances_of([person.id for person in students], limit=1_000)
        if one.title == PAST[0]
    }  # fmt: skip
    for n, person in enumerate(students[: len(MADE)]):
        work = _work(by_student[person.id], person, MADE[n])
        evidence.hand_in(actor=SYSTEM, work=work, at=at - (8 - n) * DAY)
        if n < len(REVISE):
            evidence.return_piece(
                actor=teacher, key=work.key, attempt=1, words=REVISE[n], notes={}, at=at - (6 - n) * DAY
            )
        if n == 1:
            again = _work(by_student[person.id], person, f"{MADE[n]} {AGAIN}")
            evidence.hand_in(actor=SYSTEM, work=again, at=at - 2 * DAY)
    late = [by_student[person.id].uuid for person in students[len(MADE) : len(MADE) + 3]]
    return [
        (teacher, late[:2], "missed", "no work by the due day"),
        (teacher, late[2:], "away", "ill"),
    ] if len(late) == 3 else []  # fmt: skip


def tell(teacher: Viewer, person: Person, at: datetime) -> None:
    """Let a student say how they learn, and their teacher what helps."""
    today, book = at.date(), standings.book()
    student = Viewer(person=person.uuid, person_id=person.id, roles=frozenset({Role.STUDENT}), today=today)
    readers = ("family", "teachers")
    for field, words in ABOUT_ME:
        entry = NewEntry(field=field, words=words, readers=readers)
        key = f"demo-{field}-{person.id}"
        profiles.add_entry(
            actor=student, student_id=person.id, key=key, entry=entry, at=at - 2 * DAY, book=book
        )
    profiles.add_accommodation(
        actor=replace(teacher, today=today), student_id=person.id, key=f"demo-helps-{person.id}", choice="smaller-steps",
        words="", starts_on=today - 30 * DAY, at=at - 2 * DAY, book=book,
    )  # fmt: skip


def _work(chance: Any, person: Person, words: str) -> Work:
    nodes = [frameworks.node(target) for target in chance.targets]
    return Work(
        key=chance.piece_key, student=person.id, student_uuid=person.uuid, targets=chance.targets,
        target_uuids=tuple(node.uuid for node in nodes), title=chance.title, words=words,
    )  # fmt: skip


def _ask(teacher: Viewer, students: list[Person], targets: list[NodeView], at: datetime) -> None:
    for n, person in enumerate(students[:3]):
        actor = Viewer(person=person.uuid, person_id=person.id, roles=frozenset({Role.STUDENT}))
        asked = evidence.ask(
            actor=actor, target=targets[n % len(targets)].id, kind=(READY, SHOW_AGAIN, READY)[n],
            words=("", "I practiced with my brother.", "I can explain it now.")[n], at=at - (5 - n) * DAY,
        )  # fmt: skip
        if n == 0:
            evidence.answer_request(
                actor=teacher, request=asked.uuid, answer="not_yet", on=None, at=at - 3 * DAY,
                reason="First finish the returned piece; then show it with new numbers.",
            )  # fmt: skip
