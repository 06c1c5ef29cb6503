"""Questions about what the evidence amounts to. Read only; every answer holds at a moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q

from headway.access.types import Role, Viewer
from headway.frameworks import queries as frameworks
from headway.frameworks.types import FrameworkView, NodeView, Tree
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal, Sentence
from headway.kit.times import from_micros
from headway.proficiency import configuration, exporting, levels, projecting, proposing, scales
from headway.proficiency.by_policy import ByPolicy, RuleChange, changes_by_policy, rule_change, rule_changes
from headway.proficiency.configuration import Book
from headway.proficiency.growing import LineGrowth, counts, growth_on, standings_of
from headway.proficiency.lines import Line, NextStep, line_of, lines_of, next_steps
from headway.proficiency.models import Determination, Tally
from headway.proficiency.parents import Summary, summaries
from headway.proficiency.types import Effective, Standing, Trial
from headway.proficiency.working import (
    AT,
    EPOCH_DAY,
    Moment,
    Pair,
    Row,
    components,
    determine_all,
    moment,
    rows_of,
    schools_of,
)
from headway.rosters import queries as rosters
from headway.science.codes import Purpose, State
from headway.science.judgment import Judgment
from headway.science.metrics.working_level import working_level
from headway.science.proficiency import words
from headway.science.proficiency.explain import explain
from headway.tasks.types import Level, Scale

__all__ = [
    "AT",
    "Book",
    "ByPolicy",
    "Line",
    "LineGrowth",
    "Moment",
    "NextStep",
    "Pair",
    "Row",
    "RuleChange",
    "Standing",
    "Summary",
    "book",
    "counts",
    "determine_all",
    "growth_on",
    "line_of",
    "lines_of",
    "moment",
    "next_steps",
    "rows_of",
    "rule_change",
    "rule_changes",
    "schools_of",
    "standings_of",
]  # fmt: skip

book = configuration.book
remembered_book = configuration.remembered_book
basis = proposing.basis
proposed = proposing.proposed
policy_text = proposing.text_of
areas_to_name = proposing.areas
same_levels = levels.same_levels


def determinations_n() -> int:
    """Return how many determinations are stored. One statement."""
    return Determination.objects.count()


def trial_rows(trial: Trial) -> list[dict[str, Any]]:
    """Return every determination that a trial changes or finds on the edge as a row of data, by student and target."""
    from headway.proficiency import laboratory

    rows: list[dict[str, Any]] = laboratory.as_data(trial)["rows"]
    return rows


def scale_changes(*, body: Mapping[str, Any], now: datetime) -> list[scales.Placed]:
    """Return for every level that was given where it would stand after a policy file that changes a scale, and how many."""
    return scales.placed(body, at=now)


def standings(
    m: Moment, *, students: Sequence[int] | None = None, targets: Sequence[int] | None = None
) -> dict[Pair, Standing]:
    """Return what stands, or stood at the moment, by (student, target); pairs without an event are missing."""
    if m.before_us is None and m.through is None:
        return projecting.standing_today(m, students=students, targets=targets)
    rows = rows_of(m, students=students, targets=targets)
    wanted = None if targets is None else set(targets)
    return {
        (s.student, s.target): s
        for group in determine_all(m, rows)
        for s in group.standings()
        if s.n_total and (wanted is None or s.target in wanted)
    }


def effective_for(m: Moment, *, student: int, target: int) -> Effective:
    """Return the policy that holds for a student on a target at the moment."""
    return m.book.effective(node=target, school=schools_of(m, [student])[student], on=m.day)


# One determination with its reasons.


@dataclass(frozen=True, slots=True)
class Explained:
    """One student on one target: the judgment, the rating rows behind it by client key, and the policy.

    `by_policy`: what changed the level without new evidence; `m` and `school`: when and where it was asked.
    """

    standing: Standing
    judgment: Judgment
    rows: dict[str, Row]
    effective: Effective
    target: NodeView
    by_policy: list[ByPolicy]
    m: Moment
    school: str | None

    def level(self, row: Row) -> int | None:
        """Return where a rating's level stands on the present scale."""
        return level_now(self.m, row, school=self.school)


def level_now(m: Moment, row: Row, *, school: str | None) -> int | None:
    """Return where the level of a rating (hundredths) stands on the scale in force at the moment; as given if none changed."""
    level: int | None = row[AT["level"]]
    if level is None or not m.book.maps:
        return level
    effective = m.book.effective(node=row[AT["target_id"]], school=school, on=m.day)
    day = from_micros(row[AT["observed_us"]]).astimezone(m.zone).date()
    return effective.placed(level, day=day, sequence=row[AT["origin_sequence"]])


def judge(
    m: Moment, *, student: int, target: int, held: bool = False, rows: Sequence[Row] | None = None
) -> Explained:
    """Return the determination of one student on one target, with its reasons.

    `rows` are all the student's rating rows at the moment, where the caller has them: then it takes no statement.
    """
    if rows is None:
        rows = rows_of(m, pairs=[(student, target)], held=held)
    schools = schools_of(m, [student])
    group = determine_all(
        m, rows, pairs=[(student, target)], schools=schools, errors=True, weigh=True, rng=_chance()
    )[0]
    policy = group.effective[0].policy
    judgment = explain(
        group.worked.pieces.ratings,
        policy,
        keys=group.keys,
        requirement=policy.requirement,
        today=m.today,
        day=m.day.toordinal() - EPOCH_DAY,
        components=components(m),
        worked=group.worked,
    )
    standing = next(group.standings())
    own = set(group.keys)
    behind = {row[AT["key"]]: row for row in rows if row[AT["key"]] in own}
    changed = changes_by_policy(m, student=student, target=target, school=schools[student], rows=behind)
    return Explained(
        standing, judgment, behind, group.effective[0], frameworks.node(target), changed, m, schools[student]
    )


def _chance() -> Any:
    import numpy as np

    # A fixed beginning: the same question has the same answer.
    return np.random.default_rng(20_260_801)


def explained(
    *, viewer: Viewer, student: str, target: str, as_of: date | None, now: datetime,
    known_at: datetime | int | None = None, reader: str = "teacher", language: str = "en",
) -> dict[str, Any]:  # fmt: skip
    """Return one determination with its reasons as data and in words, for a teacher or a family.

    Raises `Refusal`: `no_such_person` (also for a student out of sight), `unknown_target`, `ambiguous_target`,
    `unknown_word`.
    """
    if reader not in ("teacher", "family", "student") or language not in ("en", "es"):
        raise Refusal("unknown_word", "reader is teacher, student or family; language is en or es.")
    reader = _reader(viewer, reader)
    m = moment(now=now, as_of=as_of, known_at=known_at)
    person = rosters.find_person(student) if student else None
    if person is None or not rosters.visible_ids(
        viewer, person_ids=[person.id], as_of=now.astimezone(m.zone).date()
    ):
        raise Refusal(
            "no_such_person", Sentence("There is no student %(student)s that you may see.", student=student)
        )
    # A target that has ended keeps its history: ask without a day, and take the item even when it has ended.
    item = _item(target, m.day)
    if not item.is_leaf:
        return _explained_parent(m, person.id, person.sourced_id, item, reader, language)
    found = judge(m, student=person.id, target=item.id)
    return as_data(found, student=person.sourced_id, reader=reader, language=language, m=m)


def _item(text: str, day: date) -> NodeView:
    found = frameworks.find_targets([text], on=day, any_item=True)[text]
    if isinstance(found, NodeView):
        return found
    if found.code == "retired_target":
        return frameworks.find_any(text)[-1]
    raise Refusal(found.code, found.message, [found])


def as_data(found: Explained, *, student: str, reader: str, language: str, m: Moment) -> dict[str, Any]:
    """Return an explanation as JSON data."""
    j, policy = found.judgment, found.effective
    data: dict[str, Any] = {
        "student": student, "target": found.target.code or str(found.target.uuid), "framework": found.target.framework,
        "name": found.target.called(language), "as_of": m.day, "value": j.value,
        "shown": None if j.shown is None else j.shown / 100, "state": j.state, "engine_value": j.engine_value,
        "engine_state": j.engine_state, "decided": j.decided, "since_decision": j.since_decision, "rule": j.rule,
        "rule_version": j.version, "parameters": dict(j.parameters), "policy": policy.name,
        "policy_version": policy.number, "in_force": policy.in_force_on, "requirement": dict(policy.requirement),
        "n_counted": j.n_counted, "n_total": found.standing.n_total, "filled": j.filled, "required": j.required,
        "progress": j.progress, "missing": {name: list(pair) for name, pair in j.missing.items()}, "depth": j.depth or None,
        "depth_shares": {str(depth): share for depth, share in j.depth_shares.items()},
        "continuum_level": j.level or None, "proposed_level": j.proposed_level or None, "complete": j.complete,
        "counted": [{"key": c.key, "level": c.level, "weight": c.weight} for c in j.counted],
        "excluded": [{"key": e.key, "level": e.level, "reason": e.reason} for e in j.excluded],
        "reasons": list(j.reasons), "certainty": j.certainty,
        "words": j.words[language], "would_change": [
            {"level": c.level, "value": c.value, "state": c.state, "changes_state": c.changes_state} for c in j.would_change],
        "would_change_words": j.would_change_words[language],
        "changed_by_policy": [
            {"day": c.day, "before": None if c.before.value is None else c.before.value / 100, "before_state": c.before.state,
             "after": None if c.after.value is None else c.after.value / 100, "after_state": c.after.state,
             "school": c.school or None} for c in found.by_policy],
    }  # fmt: skip
    if reader == "teacher":
        data["standard_error"] = j.standard_error
        data["share"] = j.share
        data["interval"] = None if j.interval is None else {
            "low": j.interval.low, "high": j.interval.high, "chance": j.interval.chance, "source": j.interval.source}  # fmt: skip
    else:
        # Families are told how sure a level is in words, never with a plus or minus.
        data = told({**data, "standard_error": None, "share": None, "interval": None})
    return data


def _explained_parent(
    m: Moment, student: int, name: str, item: NodeView, reader: str, language: str
) -> dict[str, Any]:
    tree = frameworks.tree(item.framework_id)
    found = summarize(m, tree, [student])
    own = found.get((student, item.id))
    if own is None:
        raise Refusal(
            "no_targets",
            Sentence("%(label)s has no targets in force on %(day)s.", label=item.label, day=m.day),
        )
    below = [found[student, child] for child in tree.children[item.id] if (student, child) in found]
    row = exporting.row_of(own, item, name)
    row.update(
        counted=[
            {"key": tree.nodes[one.node].label, "level": one.value, "state": one.state} for one in below
        ],
        words=_parent_words(own, item, below, language),
    )
    return row if reader == "teacher" else told(row)


def _parent_words(own: Summary, item: NodeView, below: Sequence[Summary], language: str) -> str:
    """Say a competency's state, and from how many of its parts it was made."""
    made = sum(one.value is not None for one in below)
    state = words.STATES[language][own.state]
    made_of = {
        "en": "Made from {made} of {all} parts that have a value; {n} pieces count.",
        "es": "Hecho de {made} de {all} partes con un valor; {n} evidencias cuentan.",
    }[language].format(made=made, all=len(below), n=own.n_counted)
    return f"{item.called(language)}: {state} {made_of}"


def told(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without what families are told in words only: how far a level may be off."""
    return {**row, **{name: None for name in ("standard_error", "share", "interval") if name in row}}


def _reader(viewer: Viewer, asked: str) -> str:
    """Return for whom an explanation is: adults of the school may ask for any reader, others get their own."""
    if viewer.is_a(Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL, Role.DISTRICT):
        return asked
    return "family" if viewer.is_a(Role.FAMILY) else "student"


def summarize(m: Moment, tree: Tree, students: Sequence[int]) -> dict[Pair, Summary]:
    """Return every target in force and everything above it for students, with rows or without."""
    leaves = [node.id for node in tree.targets(on=m.day)]
    rows = rows_of(m, students=students, targets=leaves)
    groups = determine_all(m, rows, pairs=[(s, t) for s in students for t in leaves], weigh=True)
    return summaries(m, tree, groups, students)


def exported(
    *, viewer: Viewer, student: str | None, as_of: date | None, now: datetime,
    statements: Callable[[int], exporting.Statements],
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the determinations of one student as rows, with what `statements` says stands beside levels.

    Raises `Refusal("no_such_person")`.
    """
    m = moment(now=now, as_of=as_of)
    person = rosters.find_person(student) if student else None
    if person is None or not rosters.visible_ids(
        viewer, person_ids=[person.id], as_of=now.astimezone(m.zone).date()
    ):
        raise Refusal("no_such_person", "Name a student that you may see.")
    rows = exporting.exported_rows(m, students=[person.id], statements=statements(person.id))
    return [row if _reader(viewer, "teacher") == "teacher" else told(row) for row in rows]


def exported_all(
    *, as_of: date | None, known_at: datetime | int | None, now: datetime, student: str | None = None,
    statements: exporting.Statements,
) -> Iterable[dict[str, Any]]:  # fmt: skip
    """Yield the determinations of all students, or one, as rows: for the command line. `statements` as in `exported_rows`."""
    m = moment(now=now, as_of=as_of, known_at=known_at)
    students = None if student is None else [rosters.person_by_reference(student).id]
    return exporting.exported_rows(m, students=students, statements=statements)


# A class at a glance.


@dataclass(frozen=True, slots=True)
class GridStudent:
    """One row of the grid."""

    id: int
    sourced_id: str
    name: str
    sort_name: str


@dataclass(frozen=True, slots=True)
class GridTarget:
    """One column of the grid, under the competency it belongs to."""

    id: int
    name: str
    group: str
    statement: str
    scale: dict[str, Any]
    level: int | None


@dataclass(frozen=True, slots=True)
class Area:
    """One choice of what the grid shows."""

    key: str
    name: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Grid:
    """A class against targets: `cells` by (student, target); `more` targets were left out of the view."""

    students: list[GridStudent]
    targets: list[GridTarget]
    cells: dict[Pair, Standing]
    areas: list[Area]
    scale: dict[str, Any]
    more: int


def class_grid(
    *, viewer: Viewer, school_class: Any, as_of: date | None, now: datetime, book: Book, day: date, area: str | None,
    limit: int, language: str = "en",
) -> Grid:  # fmt: skip
    """Return a class's students against the targets of an area, or against all that were ever rated in it.

    Who may: the caller has checked that the viewer may open the class.
    """
    m = moment(now=now, as_of=as_of, book=book)
    people = rosters.students_in_class(class_id=school_class.id, as_of=day, viewer=viewer)
    ids = [person.id for person in people]
    trees = class_trees(school_class)
    cells = standings(m, students=ids) if ids else {}
    chosen = _columns(m, school_class, trees, cells, area)
    shown = chosen[:limit]
    scale = (
        m.book.effective(node=shown[0].id, school=school_class.school.sourced_id, on=m.day).scale
        if shown
        else _first_scale(m)
    )
    wanted = {node.id for node in shown}
    return Grid(
        students=[GridStudent(p.id, p.sourced_id, p.name(), p.sort_name()) for p in people],
        targets=[
            GridTarget(
                node.id, node.called(language), _group_name(node, language), node.statement,
                m.book.effective(node=node.id, school=school_class.school.sourced_id, on=m.day).scale, node.level,
            ) for node in shown
        ],
        cells={pair: s for pair, s in cells.items() if pair[1] in wanted},
        areas=_areas(trees, area, language),
        scale=scale,
        more=len(chosen) - len(shown),
    )  # fmt: skip


def class_trees(school_class: Any) -> list[Tree]:
    """Return the continuums that a class works on: those chosen for it, else all in use."""
    keys = set(school_class.frameworks)
    return [
        frameworks.tree(f.id, at=frameworks.remembered_stamp())
        for f in frameworks.frameworks(at=frameworks.remembered_stamp())
        if not keys or f.key in keys
    ]


def class_targets(m: Moment, school_class: Any) -> list[NodeView]:
    """Return the targets in force that a class works on, at the levels chosen for it."""
    levels = {int(level) for level in school_class.levels if is_whole(str(level))}
    return [
        node for tree in class_trees(school_class) for node in tree.targets(on=m.day)
        if not levels or node.level is None or node.level in levels
    ]  # fmt: skip


def _columns(
    m: Moment, school_class: Any, trees: list[Tree], cells: dict[Pair, Standing], area: str | None
) -> list[NodeView]:
    if area and area != "rated":
        for tree in trees:
            if area == f"f{tree.framework.id}":
                return list(tree.targets(on=m.day))
            if is_whole(area) and int(area) in tree.nodes:
                return list(tree.targets(int(area), on=m.day))
    if school_class.frameworks and school_class.levels and area != "rated":
        return class_targets(m, school_class)
    rated = {target for _, target in cells}
    own = [frameworks.node(target) for target in rated]
    if school_class.frameworks:
        own = [node for node in own if node.framework in school_class.frameworks]
    return sorted(
        (node for node in own if node.holds(m.day)), key=lambda node: (node.framework, node.position)
    )


def _areas(trees: list[Tree], area: str | None, language: str) -> list[Area]:
    found = [Area("", {"es": "Objetivos de la clase"}.get(language, "The class's targets"), not area),
             Area("rated", {"es": "Todo lo evaluado"}.get(language, "Everything rated"), area == "rated")]  # fmt: skip
    for tree in trees:
        key = f"f{tree.framework.id}"
        found.append(Area(key, tree.framework.called(language), area == key))
        for root in tree.roots:
            if not tree.nodes[root].is_leaf:
                name = f"{tree.framework.called(language)}: {tree.nodes[root].called(language)}"
                found.append(Area(str(root), name, area == str(root)))
    return found


def _group_name(node: NodeView, language: str) -> str:
    tree = frameworks.tree(node.framework_id, at=frameworks.remembered_stamp())
    parents = tree.parents[node.id]
    return tree.nodes[parents[0]].called(language) if parents else tree.framework.called(language)


def _first_scale(m: Moment) -> dict[str, Any]:
    return next(iter(m.book.settings["scales"].values()))


# What a teacher rates on.


def scale_of(target: int, on: date) -> Scale:
    """Return the scale that the district's policies rate a target on, on a day. No statement within a request.

    For `tasks.queries.register_scale`.
    """
    found = remembered_book().effective(node=target, school=None, on=on)
    levels = (Level(round(one["value"] * 100), one["name"]) for one in found.scale["levels"])
    return Scale(found.scale_key, tuple(levels))


def validation_team() -> Mapping[str, int]:
    """Return what the district's policy file says under `[tasks]`. For `tasks.queries.register_team`."""
    return dict(remembered_book().settings.get("tasks", {}))


@dataclass(frozen=True, slots=True)
class LastLevel:
    """The newest rating of evidence of one student on one target: what is offered as the default."""

    student: int
    target: int
    level: int
    observed_us: int


def last_levels(
    *, students: Sequence[int], targets: Sequence[int], now: datetime, book: Book
) -> dict[Pair, LastLevel]:
    """Return each student's newest rated level on each target. One statement."""
    m = moment(now=now, book=book)
    rows = rows_of(m, students=students, targets=targets)
    schools = schools_of(m, students) if m.book.maps else dict.fromkeys(students)
    found: dict[Pair, LastLevel] = {}
    for row in sorted(rows, key=lambda r: (r[AT["observed_us"]], r[AT["key"]])):
        if (
            row[AT["level"]] is not None
            and row[AT["purpose"]] == Purpose.EVIDENCE
            and not row[AT["override"]]
        ):
            level = level_now(m, row, school=schools[row[0]])
            found[row[0], row[1]] = LastLevel(row[0], row[1], level or 0, row[AT["observed_us"]])
    return found


# A cohort at a glance.


@dataclass(frozen=True, slots=True)
class CohortLine:
    """One continuum for many students: where they work, against what is expected of the grade of each.

    `at_level` counts students by working level; `below`, `at` and `above` those for whose grade a level is expected.
    `reached` of `judged` pairs of student and target with evidence are proficient or beyond.
    """

    framework: FrameworkView
    levels: tuple[int, ...]
    at_level: Mapping[int, int]
    expected: Mapping[int, int]
    n: int
    below: int
    at: int
    above: int
    reached: int
    judged: int


@dataclass(frozen=True, slots=True)
class CohortView:
    """How many students a cohort has, the grades among them, and its lines."""

    n: int
    grades: list[str]
    lines: list[CohortLine]


def cohort(m: Moment, *, students: Any) -> CohortView:
    """Return a cohort's lines on the continuums in use with evidence of any of its students.

    `students` is a question of `rosters` not yet run: it is counted and joined inside the database, so that the answer
    takes four statements for any number of students. Read from the tallies of the determinations that stand today, and from
    the determinations themselves for targets with a first or a last day. A continuum without levels has one level, 1. Who
    may: the caller has checked that the viewer may see these students.
    """
    grades = dict(students.order_by().values_list("id", "grade"))
    per: dict[int, dict[int, dict[int, tuple[int, int]]]] = {}
    dated = [
        node.id for tree in frameworks.remembered().trees.values() for node in tree.targets(on=m.day)
        if node.starts_on or node.ends_on
    ]  # fmt: skip
    rows = Determination.objects.filter(
        target_id__in=dated, student_id__in=students.order_by().values("id")
    ).order_by()
    live = rows.values_list("student_id", "target__framework_id", "target__level").annotate(
        reached=Count("id", filter=Q(state__in=(int(State.PROFICIENT), int(State.BEYOND)))),
        seen=Count(
            "id", filter=(Q(n_counted__gt=0) | Q(decided=True)) & ~Q(state=int(State.INDIVIDUAL_GOAL))
        ),
    )
    always = Tally.objects.filter(student_id__in=students.order_by().values("id")).order_by()
    counts = always.values_list("student_id", "framework_id", "level", "reached", "seen")
    for student, framework, level, reached, seen in [*counts, *live]:
        own = per.setdefault(framework, {}).setdefault(student, {})
        before = own.get(level or 1, (0, 0))
        own[level or 1] = (before[0] + reached, before[1] + seen)
    lines = [
        _cohort_line(m, frameworks.tree(view.id, at=frameworks.remembered_stamp()), per[view.id], grades)
        for view in frameworks.frameworks(at=frameworks.remembered_stamp()) if view.id in per
    ]  # fmt: skip
    named = sorted({g for g in grades.values() if g}, key=lambda g: (is_whole(g), g))
    return CohortView(len(grades), named, [line for line in lines if line.n])


def _cohort_line(
    m: Moment, tree: Tree, per: Mapping[int, Mapping[int, tuple[int, int]]], grades: Mapping[int, str]
) -> CohortLine:
    sizes = Counter(node.level or 1 for node in tree.targets(on=m.day))
    levels = sorted(sizes)
    totals = [sizes[level] for level in levels]
    where: Counter[int] = Counter()
    against = {-1: 0, 0: 0, 1: 0}
    reached_n = judged_n = 0
    place: dict[tuple[tuple[int, int], ...], int | None] = {}
    for student, own in per.items():
        counts = tuple(own.get(level, (0, 0)) for level in levels)
        reached_n += sum(a for a, _ in counts)
        judged_n += sum(max(a, b) for a, b in counts)
        if counts not in place:
            # Many students share their counts: each pattern is placed once.
            place[counts] = working_level(
                levels, totals, [a for a, _ in counts], [b for _, b in counts]
            ).level
        level = place[counts]
        if level is None:
            continue
        where[level] += 1
        expected = tree.framework.expected_levels.get(grades.get(student, ""))
        if expected is not None:
            against[(level > expected) - (level < expected)] += 1
    wanted = Counter(
        expected
        for grade in grades.values()
        if (expected := tree.framework.expected_levels.get(grade)) is not None
    )
    return CohortLine(
        tree.framework, tuple(levels), where, wanted, sum(where.values()), against[-1], against[0], against[1],
        reached_n, judged_n,
    )  # fmt: skip
