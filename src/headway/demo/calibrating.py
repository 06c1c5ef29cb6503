"""The demonstration's scoring together: a coach, a task with its rubric, three finished sessions, one that runs, one planned.

Raters are teachers of all three schools, each with a habit of their own; works are what students handed in, without names.
Some twenty teachers have answered the survey of the year.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from headway.access.types import SYSTEM, Role, Viewer
from headway.calibration import actions, queries
from headway.calibration.types import EVERYBODY, LINKED, RESCORING, TOGETHER, Given, NewSession
from headway.demo import everyday
from headway.demo.people import COACH, SCHOOLS, Cast, student_id
from headway.demo.problems import PROBLEMS
from headway.demo.years import Person
from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.rosters import actions as rosters
from headway.rosters import queries as roster
from headway.tasks import actions as tasks
from headway.tasks import queries as bank
from headway.tasks.types import ALIGNMENT, CONSEQUENCES, PROCESS, NewCriterion, NewEntry, TaskText

DAY = timedelta(days=1)
RUBRIC: tuple[tuple[str, tuple[str, str, str, str]], ...] = (
    ("Model", (
        "Takes numbers from the story; what they stand for is not said.",
        "Shows what the numbers stand for, for the first step.",
        "Shows the whole situation: what is known, what is asked, how they hang together.",
        "Shows it so that another question about the same situation could be answered too.",
    )),
    ("Method", (
        "Calculates something with the numbers of the story.",
        "Chooses a way that fits a part of the question.",
        "Chooses a way that answers the question, and carries it through.",
        "Chooses between ways, or joins two, and it shows in the work.",
    )),
    ("Reasons", (
        "Gives a result.",
        "Says what was done.",
        "Says why it may be done so.",
        "Says why it must be so, or where it would not hold.",
    )),
    ("Check", (
        "The result stands as it came.",
        "Says that it looks right.",
        "Checks by an estimate, or by going back.",
        "Checks in a way that would have found the likely mistake.",
    )),
    ("Words and units", (
        "Numbers alone.",
        "Some numbers have their unit.",
        "Every result has its unit, and the question is answered in words.",
        "Words and units let a reader follow who does not know the story.",
    )),
)  # fmt: skip
OFF = np.array([0.0, -0.2, 0.3, 0.1, 0.4])
"""How much harder than the first each criterion is scored, in levels."""
SEVERE = np.array([0.0, 0.1, -0.1, 0.45, 0.0, -0.3, 0.1, 0.05])
"""By how many levels each rater scores below the others."""

USUAL = {
    "task": 2.9,
    "descriptors": 2.2,
    "feedback": 3.2,
    "level": 2.8,
    "blind": 2.4,
    "supports": 2.7,
    "agreement": 1.5,
    "bias": 2.0,
}
"""Where teachers stand on average in the survey, by statement."""


def build(who: Cast, ids: dict[str, Person], teacher: str, steady: list[int], at: datetime) -> None:
    """Make the coach, the task and the five sessions; `teacher` is the ready-made login, who rates in all of them."""
    person = roster.person_by_reference(COACH[0])
    rosters.grant_role(
        actor=SYSTEM,
        person_id=person.id,
        role=Role.COACH,
        at=at,
        org_id=None,
        starts_on=(at - 365 * DAY).date(),
    )
    coach = Viewer(account=SYSTEM.account, person=person.uuid, person_id=person.id, name=person.name(),
                   roles=frozenset({Role.COACH}), today=at.date())  # fmt: skip
    version = _task(coach, at - 90 * DAY)
    everyday.build(who, ids, steady, bank.task_version(viewer=coach, version=version), at - 55 * DAY)
    raters = _raters(who, ids, teacher)
    copies = _copies(who, ids, version, at)
    _wave(who, ids, teacher, at)
    if len(copies) < 12 or len(raters) < 3:
        return
    scene = _Scene(coach, version, raters)
    scene.finished("Problems of our own, first look", copies[:12], at - 60 * DAY)
    anchors = [one.uuid for one in queries.samples(viewer=coach, version=version, anchors=True)]
    again = [anchors[n] for n in range(len(anchors))] + [uuid for uuid, _ in copies[12:20]]
    quality = dict(copies)
    scene.finished(
        "Problems of our own, with anchors", [(uuid, quality[uuid]) for uuid in again], at - 14 * DAY
    )
    scene.rescored("Everyday ratings, scored again", at - 34 * DAY)
    _file(coach, version, raters[1], at)
    scene.running("Autumn check across schools", copies[:16], at)
    scene.plan(
        "Winter: the same anchors again", [(uuid, 0) for uuid in anchors], at, opens=at.date() + 60 * DAY
    )


def _wave(who: Cast, ids: dict[str, Person], teacher: str, at: datetime) -> None:
    """Let some twenty teachers say where they stand; the ready-made one has not yet."""
    rng = np.random.default_rng(23)
    for (school, _, _), n in zip(SCHOOLS, (10, 5, 5), strict=True):
        asked = [one.teacher for one in who.classes if one.school == school and one.teacher != teacher]
        for key in list(dict.fromkeys(asked))[:n]:
            levels = {
                name: int(np.clip(round(rng.normal(usual, 0.9)), 1, 4)) for name, usual in USUAL.items()
            }
            wished = [name for name, level in levels.items() if rng.random() < 0.6 - 0.15 * level]
            actor = Viewer(account=SYSTEM.account, person=ids[key].uuid, person_id=ids[key].id, name=key,
                           roles=frozenset({Role.TEACHER}), today=at.date())  # fmt: skip
            actions.answer_survey(actor=actor, levels=levels, help=wished, at=at)


def _file(coach: Viewer, version: UUID, teacher: Viewer, at: datetime) -> None:
    """Write what was found about the task into its validity file; one kind of evidence is still missing, and says so."""
    task = bank.task_version(viewer=coach, version=version)
    (lead,) = roster.people_by_id(person_ids=[teacher.person_id or 0]).values()
    teacher = replace(teacher, name=lead.name())
    for n, (who, kind, days, words) in enumerate((
        (coach, ALIGNMENT, 70, "Three of us solved it ourselves and marked which line each step falls under. All five lines were "
         "reached; “Check” only where the situation can be checked. The prompt now asks for it."),
        (teacher, PROCESS, 20, "Six students thought aloud while they worked. Four chose numbers that come out even: an easy "
         "situation can hide what a student can do. Raters said that “Reasons” is hard to tell from “Words and units”."),
        (coach, CONSEQUENCES, 9, "Two classes began to write problems for one another. Students who write little in English took "
         "longer; a recording was offered, and used by three."),
    )):  # fmt: skip
        day = at - days * DAY
        actor = replace(who, today=day.date())
        entry = NewEntry(kind=kind, version=task.number, on=day.date(), words=words)
        tasks.add_validity_entry(actor=actor, key=f"demo-validity-{n}", task=task.task, entry=entry, at=day)


def _task(coach: Viewer, at: datetime) -> UUID:
    tree = frameworks.tree(frameworks.framework_by_key("Mathematics").id)
    targets = [node for node in tree.targets() if node.level == tree.framework.expected_levels.get("07")][:3]
    lines = tuple(
        NewCriterion(
            name, targets[n % len(targets)].id, {100 * rank: words for rank, words in enumerate(texts, 1)}
        )
        for n, (name, texts) in enumerate(RUBRIC)
    )
    text = TaskText(
        title="A problem from your day",
        purpose="See how a student turns a situation into mathematics, and whether the answer is trusted for a reason.",
        prompt="Find something in your day that can be calculated. Write the problem, solve it, and say how you know that your "
        "answer is right.",
        materials="Paper; a ruler where something is measured.",
        administration="Two lessons; students may talk about the problem, and solve it alone.",
        accommodations="A drawing or a recording counts as writing. Any language.",
        minutes=90, depth=3, criteria=lines,
    )  # fmt: skip
    draft = tasks.draft_task(actor=coach, key="demo-own-problem", text=text, at=at)
    tasks.publish_task(actor=coach, version=draft, at=at)
    return bank.task_version(viewer=coach, version=draft).uuid


def _raters(who: Cast, ids: dict[str, Person], teacher: str) -> list[Viewer]:
    """Return eight teachers of mathematics: the ready-made one, and others of each school in turn."""
    by_school: dict[str, list[str]] = {code: [] for code, _, _ in SCHOOLS}
    for one in who.classes:
        if one.subject in ("MA", "HR") and one.teacher not in by_school[one.school]:
            by_school[one.school].append(one.teacher)
    order = [teacher]
    for place in range(3):
        order += [keys[place] for keys in by_school.values() if place < len(keys) and keys[place] != teacher]
    return [
        Viewer(account=SYSTEM.account, person=ids[key].uuid, person_id=ids[key].id, name=key, roles=frozenset({Role.TEACHER}))
        for key in dict.fromkeys(order)
    ][:8]  # fmt: skip


def _copies(who: Cast, ids: dict[str, Person], version: UUID, at: datetime) -> list[tuple[UUID, int]]:
    """Take one copy of each problem that somebody handed in; return it with the level that most would give."""
    level = {title: quality for title, _, quality in PROBLEMS}
    found: dict[str, Any] = {}
    students = [ids[student_id(number)].id for number in range(len(who.names))]
    for start in range(0, len(students), 500):
        for piece in evidence.pieces_of(students=students[start : start + 500], limit=5_000):
            if piece.title in level and piece.key.startswith("demo-waiting-"):
                found.setdefault(piece.title, piece)
    keeper = replace(SYSTEM, today=at.date())
    return [
        (actions.take_sample(actor=keeper, key=f"demo-copy-{piece.key}", version=version, pieces=[piece.key], files={},
                             also=(), looked=True, at=at - 61 * DAY), level[title])
        for title, piece in sorted(found.items())
    ]  # fmt: skip


def _quality(words: str) -> int:
    """Return the level that most would give a problem: a rater knows a work by its words alone."""
    return next((level for _, text, level in PROBLEMS if text[:20] == words[:20]), 3)


class _Scene:
    """The people and the task of the demonstration's sessions, and how they score."""

    def __init__(self, coach: Viewer, version: UUID, raters: list[Viewer]) -> None:
        self.coach, self.version, self.raters, self.rng = coach, version, raters, np.random.default_rng(17)
        self.lines = [one.uuid for one in bank.task_version(viewer=coach, version=version).criteria]

    def plan(
        self, title: str, works: list[tuple[UUID, int]], at: datetime, *, opens: date, way: str = EVERYBODY, per_work: int = 0,
        kind: str = TOGETHER,
    ) -> UUID:  # fmt: skip
        new = NewSession(
            key=f"demo-{title}", title=title, purpose="Do we mean the same by “proficient” in all three schools?",
            version=self.version, opens_on=opens, closes_on=opens + 14 * DAY, way=way, per_work=per_work, kind=kind,
        )  # fmt: skip
        coach = replace(self.coach, today=min(opens, at.date()))
        made = actions.plan_session(actor=coach, new=new, at=at)
        if kind == RESCORING:
            actions.draw_rescoring(
                actor=coach, session=made, per_school=40, since=(at - 30 * DAY).date(), at=at
            )
        else:
            actions.put_in(actor=coach, session=made, samples=[uuid for uuid, _ in works], at=at)
        people = [one.person_id for one in self.raters if one.person_id]
        actions.invite(actor=coach, session=made, people=people, at=at)
        return made

    def finished(self, title: str, works: list[tuple[UUID, int]], at: datetime) -> UUID:
        """Hold a session from its first day to its end ten days later, with levels agreed on every work."""
        session = self.plan(title, works, at, opens=at.date())
        coach = replace(self.coach, today=at.date())
        actions.open_session(actor=coach, session=session, looked=True, at=at)
        self._score(session, at + DAY, share=1.0)
        actions.reveal(actor=coach, session=session, without=True, at=at + 3 * DAY)
        quality, view = dict(works), queries.find_session(viewer=coach, session=session)
        assert view is not None
        numbers = {one.number: one.uuid for one in queries.works_of(session=view)}
        for row in queries.map_of(session=view):
            if row.anchor:
                continue
            for at_line, cell in enumerate(row.cells):
                level = self._level(quality[numbers[row.number]], at_line, 0.0, 0.0)
                actions.agree(actor=coach, session=session, number=row.number, criterion=cell.criterion, level=level,
                              why=RUBRIC[at_line][1][level // 100 - 1], at=at + 4 * DAY)  # fmt: skip
            actions.keep_anchor(actor=coach, session=session, number=row.number, at=at + 4 * DAY)
        wide = queries.map_of(session=view)[0]
        actions.note(
            actor=coach, session=session, number=wide.number, criterion=wide.cells[2].criterion, key=f"demo-{session}",
            words="Does “it is more” count as a reason? We say: only where it says why.", at=at + 4 * DAY,
        )  # fmt: skip
        actions.finish(actor=coach, session=session, at=at + 10 * DAY)
        return session

    def rescored(self, title: str, at: datetime) -> None:
        """Hold a blind second scoring of everyday ratings, each by three, from its first day to its end ten days later."""
        session = self.plan(title, [], at, opens=at.date(), way=LINKED, per_work=3, kind=RESCORING)
        actions.open_session(actor=replace(self.coach, today=at.date()), session=session, looked=True, at=at)
        self._score(session, at + DAY, share=1.0)
        actions.reveal(actor=self.coach, session=session, without=True, at=at + 3 * DAY)
        actions.finish(actor=self.coach, session=session, at=at + 10 * DAY)

    def running(self, title: str, works: list[tuple[UUID, int]], at: datetime) -> None:
        """Open a session a few days ago: some have handed in, some are on their way, the ready-made teacher has begun."""
        began = at - 4 * DAY
        session = self.plan(title, works, began, opens=began.date(), way=LINKED, per_work=4)
        actions.open_session(
            actor=replace(self.coach, today=began.date()), session=session, looked=True, at=began
        )
        self._score(session, began + DAY, share=0.6)

    def _score(self, session: UUID, at: datetime, *, share: float) -> None:
        """Let each rater score works in their own order; below a share of 1 the first has three, the others more or all."""
        for n, rater in enumerate(self.raters):
            who = replace(rater, today=at.date())
            view = queries.find_session(viewer=who, session=session)
            assert view is not None
            n_done = view.mine_n if share == 1.0 else (3, view.mine_n, view.mine_n // 2)[n % 3]
            for place in range(1, n_done + 1):
                seat = queries.seat(viewer=who, session=view, place=place)
                assert seat is not None
                level = _quality(seat.parts[0].words)
                given = {
                    line: Given(self._level(level, at_line, SEVERE[n], 0.45))
                    for at_line, line in enumerate(self.lines)
                }
                actions.save_scores(actor=who, session=session, place=place, given=given, at=at)
            if n_done == view.mine_n:
                actions.hand_in_round(actor=who, session=session, at=at)

    def _level(self, quality: int, line: int, severe: float, noise: float) -> int:
        drawn = quality - 0.5 * OFF[line] - severe + (self.rng.normal(0, noise) if noise else 0.0)
        return 100 * int(np.clip(round(float(drawn)), 1, 4))
