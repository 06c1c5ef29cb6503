"""A staged roster meets the records: what is new, changed, unchanged, ended, or back; written set by set.

Runs inside the caller's transaction. Rows are matched by sourcedId only. In a bulk file whatever is missing
is ended; in a delta whatever is marked is ended. Rows that people made by hand, and restrictions, are never
touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from django.db.models import Max, Q

from headway.access.models import ImportRun
from headway.kit.refusals import Finding
from headway.rosters.models import (
    HAND,
    ROSTER,
    Course,
    Demographics,
    Enrollment,
    Guardianship,
    Org,
    Person,
    RoleGrant,
    SchoolClass,
    Term,
)
from headway.rosters.recording import BATCH, Changes, ClassTerm, parts, windows
from headway.rosters.types import BULK, Plan, Progress, Staged, Tally
from headway.rosters.visibility import holds_on, not_over

MODELS: dict[str, Any] = {
    "orgs": Org,
    "terms": Term,
    "courses": Course,
    "classes": SchoolClass,
    "persons": Person,
    "enrollments": Enrollment,
    "demographics": Demographics,
}
DEMOGRAPHIC = tuple(
    f.name for f in Demographics._meta.concrete_fields if f.name not in ("id", "person", "active")
)
PERSONAL = (
    "given_name",
    "family_name",
    "middle_name",
    "preferred_given_name",
    "preferred_family_name",
    "identifier",
    "master_identifier",
    "username",
    "email",
    "grade",
    "enabled",
)
MOST_WARNINGS = 1_000
MOST_SHOWN = 50
ROLLED = "roll:"
"""How the sourcedIds begin of rows that a roll of the year made and no roster has taken over."""


@dataclass(slots=True)
class Work:
    """One import in progress."""

    staged: Staged
    changes: Changes
    day: date
    plan: Plan
    first: bool
    progress: Progress | None
    findings: list[Finding] = field(default_factory=list)
    ended: dict[str, list[int]] = field(default_factory=dict)
    over: set[int] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    shown: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    def show(self, kind: str, word: str, rows: Iterable[Any]) -> None:
        """Keep the first rows behind a word of a tally, to name them in the plan."""
        kept = self.shown.setdefault((kind, word), [])
        kept += islice(rows, MOST_SHOWN - len(kept))

    def tally(self, kind: str) -> Tally:
        """Return the tally of a kind."""
        return self.plan.tallies.setdefault(kind, Tally())

    def warn(self, code: str, message: str, file: str, line: int | None, column: str, value: str) -> None:
        """Add a warning to the plan, up to a limit."""
        if len(self.plan.warnings) < MOST_WARNINGS:
            self.plan.warnings.append(Finding(code, message, file, line, column, value))

    def file(self, kind: str) -> str:
        """Return the name of the file that a kind is read from."""
        return self.staged.files.get(kind, kind)


def begin(staged: Staged, run: ImportRun, day: date, progress: Progress | None) -> Work:
    """Return the work of an import, with the rows that stand counted."""
    plan = Plan(
        staged.name,
        staged.version,
        dict(staged.modes),
        warnings=list(staged.warnings),
        repairs=list(staged.repairs),
    )
    first = not Person.objects.filter(provisional=False).exists()
    work = Work(staged, Changes(run), day, plan, first, progress, counts=staged.counts())
    # A class whose last term is over ends by itself: to leave its enrollments out removes nobody.
    work.over = set(_over(day).values_list("id", flat=True))
    work.tally("persons").active = Person.objects.filter(
        active=True, provisional=False, merged_into=None
    ).count()
    standing = Enrollment.objects.filter(holds_on(day), active=True, source=ROSTER)
    standing = standing.exclude(sourced_id__startswith=ROLLED)
    if work.over:
        standing = standing.exclude(school_class_id__in=_over(day).values("id"))
    work.tally("enrollments").active = standing.count()
    return work


def _over(day: date) -> Any:
    return SchoolClass.objects.annotate(last=Max("terms__ends_on")).filter(last__lte=day)


def apply(work: Work, kind: str) -> None:
    """Write one kind of rows; in a bulk file, end what is missing."""
    done = 0
    for rows in _in_order(work.staged, kind):
        _apply_rows(work, kind, rows)
        done += len(rows)
        if work.progress is not None:
            work.progress(kind, done, work.counts[kind])
    if work.staged.modes[kind] == BULK:
        _end_missing(work, kind)


def _in_order(staged: Staged, kind: str) -> Iterable[list[Any]]:
    if kind not in ("orgs", "terms"):
        return parts(staged.rows(kind), BATCH)
    # Parents before children: these tables are small.
    rows = {row.sourced_id: row for row in staged.rows(kind)}
    levels: dict[int, list[Any]] = {}
    for row in rows.values():
        depth, above = 0, row.parent
        while above in rows:
            depth, above = depth + 1, rows[above].parent
        levels.setdefault(depth, []).append(row)
    return [part for depth in sorted(levels) for part in parts(levels[depth], BATCH)]


def keys_of(model: Any, sourced_ids: Iterable[str | None]) -> dict[str, int]:
    """Return the key by sourcedId."""
    found: dict[str, int] = {}
    for part in parts(sorted({one for one in sourced_ids if one is not None})):
        found.update(model.objects.filter(sourced_id__in=part).values_list("sourced_id", "id"))
    return found


def _held(kind: str, rows: list[Any]) -> dict[str, Any]:
    held: dict[str, Any] = {}
    for part in parts(row.sourced_id for row in rows):
        if kind == "demographics":
            for one in Demographics.objects.select_related("person").filter(person__sourced_id__in=part):
                held[one.person.sourced_id] = one
        else:
            held.update({one.sourced_id: one for one in MODELS[kind].objects.filter(sourced_id__in=part)})
    return held


def _apply_rows(work: Work, kind: str, rows: list[Any]) -> None:
    tally, model, held = work.tally(kind), MODELS[kind], _held(kind, rows)
    alive = [row for row in rows if not row.deleted]
    values_of = _VALUES[kind](alive)
    made, changed, untouched = [], [], set()
    for row in alive:
        values, one = values_of(row), held.get(row.sourced_id)
        if one is None:
            key = {} if kind == "demographics" else {"sourced_id": row.sourced_id}
            made.append(model(**key, **values))
            continue
        if all(getattr(one, name) == value for name, value in values.items()):
            untouched.add(row.sourced_id)
            continue
        work.changes.before(one)
        tally.reactivated += not one.active
        tally.changed += one.active
        work.show(kind, "changed" if one.active else "reactivated", [one])
        for name, value in values.items():
            setattr(one, name, value)
        changed.append(one)
    work.changes.make(made)
    work.show(kind, "new", made)
    work.changes.change(changed)
    if kind == "classes":
        terms_changed = _apply_terms(work, alive) & untouched
        tally.changed += len(terms_changed)
        work.show(kind, "changed", (held[one] for one in sorted(terms_changed)))
        untouched -= terms_changed
    tally.new += len(made)
    tally.unchanged += len(untouched)
    gone = [held[row.sourced_id] for row in rows if row.deleted and row.sourced_id in held]
    end(work, kind, [one for one in gone if one.active])


def _org_values(rows: list[Any]) -> Callable[[Any], dict[str, Any]]:
    above = keys_of(Org, (row.parent for row in rows))
    return lambda row: {
        "name": row.name,
        "kind": row.kind,
        "identifier": row.identifier,
        "parent_id": above.get(row.parent),
        "active": True,
    }


def _term_values(rows: list[Any]) -> Callable[[Any], dict[str, Any]]:
    above = keys_of(Term, (row.parent for row in rows))
    return lambda row: {
        "title": row.title,
        "kind": row.kind,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "parent_id": above.get(row.parent),
        "school_year": row.school_year,
        "active": True,
    }


def _course_values(rows: list[Any]) -> Callable[[Any], dict[str, Any]]:
    orgs = keys_of(Org, (row.org for row in rows))
    return lambda row: {
        "title": row.title,
        "code": row.code,
        "org_id": orgs.get(row.org),
        "grades": row.grades,
        "subjects": row.subjects,
        "active": True,
    }


def _class_values(rows: list[Any]) -> Callable[[Any], dict[str, Any]]:
    orgs = keys_of(Org, (row.school for row in rows))
    courses = keys_of(Course, (row.course for row in rows))
    return lambda row: {
        "title": row.title,
        "code": row.code,
        "kind": row.kind,
        "school_id": orgs[row.school],
        "course_id": courses.get(row.course),
        "grades": row.grades,
        "periods": row.periods,
        "location": row.location,
        "subjects": row.subjects,
        "active": True,
    }


def _person_values(_rows: list[Any]) -> Callable[[Any], dict[str, Any]]:
    return lambda row: {**{name: getattr(row, name) for name in PERSONAL}, "active": True}


def _enrollment_values(rows: list[Any]) -> Callable[[Any], dict[str, Any]]:
    people = keys_of(Person, (row.person for row in rows))
    classes = keys_of(SchoolClass, (row.school_class for row in rows))
    return lambda row: {
        "person_id": people[row.person],
        "school_class_id": classes[row.school_class],
        "role": row.role,
        "is_primary": row.is_primary,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "active": True,
    }


def _demographic_values(rows: list[Any]) -> Callable[[Any], dict[str, Any]]:
    people = keys_of(Person, (row.sourced_id for row in rows))
    return lambda row: {
        **{name: getattr(row, name) for name in DEMOGRAPHIC},
        "person_id": people[row.sourced_id],
        "active": True,
    }


_VALUES: dict[str, Callable[[list[Any]], Callable[[Any], dict[str, Any]]]] = {
    "orgs": _org_values,
    "terms": _term_values,
    "courses": _course_values,
    "classes": _class_values,
    "persons": _person_values,
    "enrollments": _enrollment_values,
    "demographics": _demographic_values,
}


def _apply_terms(work: Work, rows: list[Any]) -> set[str]:
    classes = keys_of(SchoolClass, (row.sourced_id for row in rows))
    terms = keys_of(Term, (term for row in rows for term in row.terms))
    wanted = {(classes[row.sourced_id], terms[term]) for row in rows for term in row.terms}
    held = {}
    for part in parts(classes.values()):
        held.update(
            {
                (one.schoolclass_id, one.term_id): one
                for one in ClassTerm.objects.filter(schoolclass_id__in=part)
            }
        )
    missing = sorted(wanted - held.keys())
    work.changes.make([ClassTerm(schoolclass_id=one, term_id=term) for one, term in missing])
    extra = [held[pair] for pair in sorted(held.keys() - wanted)]
    if extra:
        work.changes.remove(extra)
    touched = {pair[0] for pair in missing} | {one.schoolclass_id for one in extra}
    return {sourced_id for sourced_id, key in classes.items() if key in touched}


def _end_missing(work: Work, kind: str) -> None:
    model = MODELS[kind]
    column = "person__sourced_id" if kind == "demographics" else "sourced_id"
    rows = model.objects.filter(active=True)
    if kind == "persons":
        rows = rows.filter(provisional=False, merged_into=None)
    elif kind == "enrollments":
        rows = rows.filter(source=ROSTER)
    elif kind == "demographics":
        rows = rows.filter(person__provisional=False)
    for window in windows(rows, column):
        held = work.staged.holds(kind, [one[1] for one in window])
        gone = [one[0] for one in window if one[1] not in held]
        for part in parts(gone):
            end(work, kind, list(model.objects.filter(pk__in=part)))


def end(work: Work, kind: str, rows: list[Any]) -> None:
    """End rows, and what cannot stand without them."""
    if not rows:
        return
    tally = work.tally(kind)
    for row in rows:
        work.changes.before(row)
        row.active = False
        if kind == "enrollments":
            standing = row.ends_on is None or row.ends_on > work.day
            proposed = row.sourced_id.startswith(ROLLED)
            tally.removed += standing and not proposed and row.school_class_id not in work.over
            row.ends_on = work.day if standing else row.ends_on
        elif kind == "persons":
            tally.removed += 1
    work.changes.change(rows)
    work.show(kind, "ended", rows)
    tally.ended += len(rows)
    keys = [row.pk for row in rows]
    work.ended.setdefault(kind, []).extend(keys)
    if kind == "persons":
        _end_enrollments(work, Q(person_id__in=keys))
        end_spans(
            work, "grants", RoleGrant.objects.filter(not_over(work.day), person_id__in=keys, source=ROSTER)
        )
        cares = Guardianship.objects.filter(Q(student_id__in=keys) | Q(guardian_id__in=keys), source=ROSTER)
        end_spans(work, "links", cares.filter(not_over(work.day)))
    elif kind == "classes":
        _end_enrollments(work, Q(school_class_id__in=keys))


def _end_enrollments(work: Work, which: Q) -> None:
    end(work, "enrollments", list(Enrollment.objects.filter(which, active=True).exclude(source=HAND)))


def end_spans(work: Work, kind: str, rows: Iterable[Any]) -> None:
    """End grants or links on the day."""
    for part in parts(rows):
        for row in part:
            work.changes.before(row)
            row.ends_on = work.day
        work.changes.change(part)
        work.show(kind, "ended", part)
        work.tally(kind).ended += len(part)
