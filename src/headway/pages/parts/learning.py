"""One student's learning at a moment, as pages for students and families read it: rows, standings, lines, next steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from headway.frameworks import queries as frameworks
from headway.frameworks.types import ACADEMIC, NodeView, Tree
from headway.kit.numbers import is_whole
from headway.proficiency import queries
from headway.proficiency.queries import AT, Line, Moment, NextStep, Row, Standing
from headway.rosters import queries as rosters
from headway.science.codes import Kind

ADULTS = (Kind.TEACHER, Kind.PANEL, Kind.MODERATED)
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Learner:
    """One student at a moment. `grade` is empty on days of an earlier school year: the roster keeps the present one only."""

    person: Any
    m: Moment
    grade: str
    rows: list[Row]
    standings: Mapping[Pair, Standing]
    lines: list[Line]
    school: str | None

    @property
    def given(self) -> str:
        """The given name that the person goes by."""
        return self.person.preferred_given_name or self.person.given_name

    @property
    def academic(self) -> list[Line]:
        """The lines of subjects, the one that most needs work first."""
        return sorted((line for line in self.lines if line.framework.kind == ACADEMIC), key=need)

    @property
    def habits(self) -> list[Line]:
        """The lines of lifelong learning, which are never mixed into a subject."""
        return [line for line in self.lines if line.framework.kind != ACADEMIC]

    def effective(self, node: NodeView) -> Any:
        """Return the policy that holds for this student on a target."""
        return self.m.book.effective(node=node.id, school=self.school, on=self.m.day)

    def standing(self, node: NodeView) -> Standing:
        """Return what stands on a target; without any evidence an empty standing with what is asked."""
        found = self.standings.get((self.person.id, node.id))
        if found is not None:
            return found
        asked = int(self.effective(node).requirement.get("pieces", 1))
        return Standing(self.person.id, node.id, None, "no_evidence", 0, 0, 0, asked)


def need(line: Line) -> tuple[bool, int, int]:
    """Return what orders lines: those with evidence first, the furthest below the grade's level first, then the oldest."""
    gap = (line.expected or 0) - line.working.level if line.working.level and line.expected else 0
    return line.working.level is None, -gap, line.last_observed_us or 0


def learners(people: Sequence[Any], *, as_of: date | None, now: datetime, book: Any) -> list[Learner]:
    """Return the learning of students at a moment. One statement for all; three more where policies differ by school."""
    m = queries.moment(now=now, as_of=as_of, book=book)
    ids = [person.id for person in people]
    rows = queries.rows_of(m, students=ids)
    standings = queries.standings_of(m, rows)
    schools = _schools(m, ids)
    grown = as_of is not None and _school_year(as_of) < _school_year(now.astimezone(m.zone).date())
    trees = [tree for tree in frameworks.remembered().trees.values() if tree.framework.active]
    trees.sort(key=lambda tree: (tree.framework.kind, tree.framework.title.casefold()))
    found = []
    for person in people:
        grade = "" if grown else person.grade
        lines = [
            queries.line_of(m, tree, student=person.id, grade=grade, standings=standings) for tree in trees
        ]
        shown = [line for line in lines if line.working.level is not None or line.expected is not None]
        own = [row for row in rows if row[AT["student_id"]] == person.id]
        found.append(Learner(person, m, grade, own, standings, shown, schools.get(person.id)))
    return found


def _schools(m: Moment, ids: list[int]) -> dict[int, str | None]:
    if not m.book.schools_differ:
        return {}
    names = {school.id: school.sourced_id for school in rosters.schools()}
    return {who: names.get(org) for who, org in rosters.enrolled_school(person_ids=ids, on=m.day).items()}


def _school_year(day: date) -> int:
    return day.year + (day.month >= 8)


# What comes next.


@dataclass(frozen=True, slots=True)
class _Offer:
    """Targets of several lines, each at its level: `next_steps` walks them as one tree, so that one statement serves all."""

    offered: tuple[NodeView, ...]

    def targets(self, *, on: date | None = None) -> tuple[NodeView, ...]:
        return self.offered


def tree_of(line: Line) -> Tree:
    """Return the continuum of a line. No statement."""
    return frameworks.tree(line.framework.id, at=frameworks.remembered_stamp())


def level_of(line: Line) -> int | None:
    """Return the level at which the next steps of a line lie: where the student works, else what the grade expects."""
    if line.working.level is not None:
        return line.working.level
    if line.expected in line.levels:
        return line.expected
    return line.levels[0] if line.levels else None


def first_step(learner: Learner, line: Line, level: int) -> NextStep | None:
    """Return what to work on next at a level of a line; None where everything there is done. One statement."""
    tree, student = tree_of(line), learner.person.id
    found = queries.next_steps(
        learner.m, tree, student=student, level=level, standings=learner.standings, limit=1
    )
    return found[0] if found else None


def steps(learner: Learner) -> dict[int, list[NextStep]]:
    """Return the next steps of every line by the continuum's key, nearest first. One statement for all lines."""
    offered: list[NodeView] = []
    for line in learner.lines:
        at = level_of(line)
        offered += [node for node in tree_of(line).targets(on=learner.m.day) if (node.level or 1) == at]
    found: dict[int, list[NextStep]] = {line.framework.id: [] for line in learner.lines}
    if offered:
        whole: Any = _Offer(tuple(offered))
        for step in queries.next_steps(
            learner.m,
            whole,
            student=learner.person.id,
            level=None,
            standings=learner.standings,
            limit=len(offered),
        ):
            found[step.node.framework_id].append(step)
    return found


# Words.


def language() -> str:
    """Return the reader's language."""
    return get_language() or "en"


def grade_in_sentence(code: str) -> str:
    """Say a grade inside a sentence: grade 7, el 7.º grado."""
    if code == "KG":
        return _("kindergarten")
    return _("grade %(n)s") % {"n": code.lstrip("0") or code} if code else ""


def grade_title(code: str) -> str:
    """Say a grade on its own: Grade 7, 7.º grado."""
    if code == "KG":
        return _("Kindergarten")
    return _("Grade %(n)s") % {"n": code.lstrip("0") or code} if code else ""


def few(n: int) -> str:
    """Say a small number as a word."""
    return {1: _("one"), 2: _("two"), 3: _("three"), 4: _("four"), 5: _("five"), 6: _("six")}.get(n, str(n))


def few_subjects(n: int) -> str:
    """Say a small number of subjects as a word: some languages tell one subject from one level."""
    return pgettext("number of subjects", "one") if n == 1 else few(n)


def against_grade(line: Line, grade: str) -> str:
    """Say where a working level lies beside the level expected for the grade; empty where nothing is expected."""
    return beside_grade(line.working.level, line.expected, grade)


def beside_grade(level: int | None, expected: int | None, grade: str) -> str:
    """Say where a level lies beside the one expected for a grade; empty where one of them is unknown."""
    if expected is None or level is None or not grade:
        return ""
    apart = level - expected
    said = {"n": few(abs(apart)), "grade": grade_in_sentence(grade)}
    if apart == 0:
        return _("where %(grade)s is now") % said
    return (_("%(n)s below %(grade)s") if apart < 0 else _("%(n)s above %(grade)s")) % said


def target_of(learner: Learner, text: str) -> NodeView | None:
    """Return the target of this number if it is in force on an active continuum; else None."""
    woods = frameworks.remembered()
    if not (is_whole(text) and len(text) < 12 and int(text) in woods.framework_of):
        return None
    node = woods.node(int(text))
    active = woods.trees[node.framework_id].framework.active
    return node if active and node.is_leaf and node.holds(learner.m.day) else None


def targets_to_choose(
    learner: Learner, offered: dict[int, list[Any]], chosen: str
) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """Return the choices of targets: the next steps first, then every target at the working levels, then the chosen one."""
    lines = [*learner.academic, *learner.habits]
    groups, seen = [], set()

    def option(node: NodeView) -> tuple[str, str, bool]:
        seen.add(node.id)
        return str(node.id), node.called(language()), str(node.id) == chosen

    first = [step.node for line in lines for step in offered[line.framework.id][:2]]
    if first:
        groups.append((_("Your next steps"), [option(node) for node in first]))
    for line in lines:
        nodes = [
            n
            for n in tree_of(line).targets(on=learner.m.day)
            if (n.level or 1) == level_of(line) and n.id not in seen
        ]
        name = _("%(line)s, level %(level)s") % {
            "line": line.framework.called(language()),
            "level": level_of(line),
        }
        if nodes:
            groups.append((name, [option(node) for node in nodes]))
    other = target_of(learner, chosen)
    if other is not None and other.id not in seen:
        groups.insert(0, (_("Chosen"), [option(other)]))
    return groups
