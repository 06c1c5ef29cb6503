"""The next school year: sessions and classes once more a year later, grades up, the last grade leaves.

One reading makes the plan; writing follows it, with every row as it stood before. Rows that a roll makes have a sourcedId
that begins with `ROLLED`, until a roster takes them over (`taking_over`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from headway.access.actions import record_act
from headway.access.models import ImportRun
from headway.access.types import Role, Viewer
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.rosters.applying import ROLLED
from headway.rosters.importing import local_day
from headway.rosters.models import (
    District,
    Enrollment,
    Person,
    Restriction,
    RoleGrant,
    SchoolClass,
    Term,
)
from headway.rosters.recording import Changes, ClassTerm, parts
from headway.rosters.types import GRADES, GROUPS, Choices, Group, Session, YearPlan
from headway.rosters.visibility import LEARNER, STANDS_IN, by_sort_name, holds_on

WEEKS = timedelta(weeks=52)
DAY = timedelta(days=1)
LONGEST = timedelta(days=400)


@dataclass(slots=True)
class Roll:
    """One year and the next: what is read, and what follows from it."""

    day: date
    year: int
    starts_on: date
    ends_on: date
    closing: date
    choices: Choices
    terms: list[Term]
    sessions: dict[int, Session] = field(default_factory=dict)
    classes: list[SchoolClass] = field(default_factory=list)
    grades: dict[int, str] = field(default_factory=dict)
    leavers: set[int] = field(default_factory=set)
    people: dict[int, Person] = field(default_factory=dict)
    standing: list[Enrollment] = field(default_factory=list)
    goes_on: list[Enrollment] = field(default_factory=list)
    moves: list[tuple[RoleGrant, int]] = field(default_factory=list)
    over: list[RoleGrant] = field(default_factory=list)
    last_grade: str = ""
    said: dict[str, list[str]] = field(default_factory=dict)

    def plan(self) -> YearPlan:
        """Return what this roll does."""
        whole = next((one for one in self.terms if one.kind == "schoolYear"), self.terms[0])
        return YearPlan(
            before=whole.title,
            title=self.sessions[whole.pk].title,
            year=self.year + 1,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            last_grade=self.last_grade,
            sessions=tuple(self.sessions[term.pk] for term in self.terms),
            groups=tuple(Group(key, tuple(self.said.get(key, ()))) for key in GROUPS),
        )


def read_year(*, at: datetime, choices: Choices) -> Roll:
    """Read the newest year of the roster and work out the next one. Raises the refusals of `actions.plan_year`."""
    day = local_day(at)
    newest = Term.objects.filter(active=True).order_by("-school_year").first()
    if newest is None:
        raise Refusal("no_year", "The roster has no school year yet; import a roster first.")
    terms = list(
        Term.objects.filter(active=True, school_year=newest.school_year).order_by(
            "starts_on", "-ends_on", "id"
        )
    )
    begins, ends = min(one.starts_on for one in terms), max(one.ends_on for one in terms)
    if day <= ends:
        raise Refusal(
            "year_not_over",
            Sentence(
                "The newest school year of the roster ends on %(ends)s; it is rolled after that day.",
                ends=ends,
            ),
        )
    shift = WEEKS if choices.starts_on is None else choices.starts_on - begins
    starts_on, ends_on = begins + shift, choices.ends_on or ends + shift
    _refuse_days(starts_on, ends_on, ends)
    roll = Roll(day, newest.school_year, starts_on, ends_on, ends + DAY, choices, terms)
    for term in terms:
        last = ends_on if term.ends_on == ends else min(term.ends_on + shift, ends_on)
        roll.sessions[term.pk] = Session(
            term.title, next_title(term.title), term.kind, min(term.starts_on + shift, last), last
        )
    linked = ClassTerm.objects.filter(term__in=terms).values("schoolclass_id")
    found = SchoolClass.objects.filter(active=True, pk__in=linked).select_related("school")
    roll.classes = list(found.order_by("title", "id"))
    _read_people(roll)
    _read_roles(roll, begins)
    _read_enrollments(roll)
    roll.said["classes"] = [f"{one.title} ({one.school.name})" for one in roll.classes]
    return roll


def _refuse_days(starts_on: date, ends_on: date, before: date) -> None:
    if starts_on <= before:
        raise Refusal(
            "not_a_span",
            Sentence(
                "The next year begins after %(before)s, the last day of this one; not on %(starts_on)s.",
                before=before,
                starts_on=starts_on,
            ),
        )
    if not starts_on < ends_on <= starts_on + LONGEST:
        raise Refusal(
            "not_a_span",
            Sentence(
                "A school year from %(starts_on)s to %(ends_on)s is none.",
                starts_on=starts_on,
                ends_on=ends_on,
            ),
        )


def next_title(title: str) -> str:
    """Return the title of a session a year later: 2026-2027 becomes 2027-2028, 2026-27 becomes 2027-28."""

    def later(found: re.Match[str]) -> str:
        first, between, second = found["first"], found["between"] or "", found["second"] or ""
        width = len(second)
        return f"{int(first) + 1}{between}" + (f"{(int(second) + 1) % 10**width:0{width}d}" if width else "")

    return re.sub(
        r"(?<!\d)(?P<first>20\d\d)(?:(?P<between>[-–/])(?P<second>20\d\d|\d\d)(?!\d))?(?!\d)", later, title
    )


def _read_people(roll: Roll) -> None:
    """Say of each student of the year which grade follows, or that school is over."""
    last = roll.closing - DAY
    attends = Enrollment.objects.filter(
        holds_on(last), role=LEARNER, school_class__in=[one.pk for one in roll.classes]
    )
    granted = RoleGrant.objects.filter(holds_on(last) | holds_on(roll.day), role=Role.STUDENT)
    people = Person.objects.filter(
        Q(pk__in=attends.values("person_id")) | Q(pk__in=granted.values("person_id")),
        active=True,
        merged_into=None,
    )
    roll.people = {one.pk: one for one in by_sort_name(people)}
    roll.last_grade = roll.choices.last_grade or _highest(roll)
    if roll.last_grade and roll.last_grade not in GRADES:
        raise Refusal("unknown_grade", "Grades are written PK, KG, 01 to 12 (CEDS codes).")
    retained, taught = _retained(roll), {grade for one in roll.classes for grade in one.grades}
    for key, person in roll.people.items():
        if person.grade not in GRADES:
            roll.said.setdefault("no_grade", []).append(named(person))
        elif key in retained:
            roll.grades[key] = person.grade
            roll.said.setdefault("retained", []).append(named(person))
        elif person.grade == roll.last_grade or person.grade == GRADES[-1]:
            roll.leavers.add(key)
            roll.said.setdefault("leavers", []).append(named(person))
        else:
            roll.grades[key] = _next(person.grade, taught)
            roll.said.setdefault("promoted", []).append(
                f"{named(person)}: {person.grade} → {roll.grades[key]}"
            )


def _next(grade: str, taught: set[str]) -> str:
    """Return the grade that follows; the transitional year before kindergarten only where a class teaches it."""
    after = GRADES[GRADES.index(grade) + 1]
    return "KG" if after == "TK" and "TK" not in taught else after


def named(person: Person) -> str:
    """Return a person as a list names one."""
    return f"{person.sort_name()} ({person.sourced_id})"


def _highest(roll: Roll) -> str:
    taught = {grade for one in roll.classes for grade in one.grades}
    known = [grade for grade in taught or {one.grade for one in roll.people.values()} if grade in GRADES]
    return max(known, key=GRADES.index, default="")


def _retained(roll: Roll) -> set[int]:
    by_id = {one.sourced_id: key for key, one in roll.people.items()}
    unknown = [one for one in roll.choices.retained if one not in by_id]
    if unknown:
        raise Refusal(
            "unknown_student",
            Sentence("Not students of this year: %(names)s.", names=", ".join(unknown)),
            [
                Finding("unknown_student", "No student of this year.", column="retained", value=one)
                for one in unknown
            ],
        )
    return {by_id[one] for one in roll.choices.retained}


def _read_roles(roll: Roll, begins: date) -> None:
    """Say whose role ends, who moves to the school that teaches their next grade, and who waits for a school."""
    taught: dict[int, set[str]] = {}
    for one in roll.classes:
        taught.setdefault(one.school_id, set()).update(one.grades)
    own: dict[int, list[RoleGrant]] = {}
    for part in parts(roll.people):
        rows = RoleGrant.objects.filter(
            holds_on(roll.day), role=Role.STUDENT, person_id__in=part
        ).select_related("org")
        for grant in rows.order_by("id"):
            own.setdefault(grant.person_id, []).append(grant)
    for key, person in roll.people.items():
        grants = own.get(key, [])
        if key in roll.leavers:
            roll.over += grants
        elif key in roll.grades:
            _place(roll, person, grants, taught)
    ended = RoleGrant.objects.filter(ends_on__gt=begins, ends_on__lte=roll.day).select_related(
        "person", "org"
    )
    roll.said["roles_over"] = [_role_said(one) for one in ended.order_by("ends_on", "id")]
    staff = RoleGrant.objects.filter(holds_on(roll.day)).exclude(role__in=[Role.STUDENT, Role.FAMILY])
    roll.said["roles_go_on"] = [
        _role_said(one) for one in staff.select_related("person", "org").order_by("id")
    ]
    kept = Restriction.objects.filter(holds_on(roll.day)).select_related("student", "guardian")
    roll.said["restrictions"] = [
        f"{one.guardian.name()} – {one.student.name()}" for one in kept.order_by("id")
    ]


def _place(roll: Roll, person: Person, grants: list[RoleGrant], taught: dict[int, set[str]]) -> None:
    grade = roll.grades[person.pk]
    own = [one for one in grants if one.org is not None and one.org.kind == "school"]
    if not own or any(not taught.get(one.org_id) or grade in taught[one.org_id] for one in own):
        return
    others = [school for school, grades in taught.items() if grade in grades]
    if len(others) != 1:
        roll.said.setdefault("needs_school", []).append(f"{named(person)}: {grade}")
        return
    roll.moves += [(one, others[0]) for one in own]
    school = next(one.school for one in roll.classes if one.school_id == others[0])
    roll.said.setdefault("other_school", []).append(f"{named(person)}: {school.name}")


def _role_said(grant: RoleGrant) -> str:
    where = f", {grant.org.name}" if grant.org is not None else ""
    return f"{named(grant.person)}: {grant.role}{where}"


def _read_enrollments(roll: Roll) -> None:
    """Say which enrollments end with the year, and which go on: staff, and students whose grade the class still teaches."""
    by_key = {one.pk: one for one in roll.classes}
    for part in parts(by_key):
        rows = Enrollment.objects.filter(
            Q(ends_on=None) | Q(ends_on__gte=roll.closing - DAY), school_class_id__in=part
        )
        roll.standing += rows.select_related("person").order_by("id")
    twice: set[tuple[int, int, str]] = set()
    for one in roll.standing:
        mark = (one.person_id, one.school_class_id, one.role)
        school_class = by_key[one.school_class_id]
        if mark in twice or one.role in STANDS_IN or not one.person.active:
            continue
        if one.role != LEARNER:
            key = "staff_go_on"
        elif _stays(roll, one, school_class):
            key = "students_go_on"
        else:
            continue
        twice.add(mark)
        roll.goes_on.append(one)
        roll.said.setdefault(key, []).append(f"{named(one.person)}: {school_class.title}")


def _stays(roll: Roll, one: Enrollment, school_class: SchoolClass) -> bool:
    grade = roll.grades.get(one.person_id)
    return roll.choices.with_students and grade is not None and grade in (school_class.grades or [grade])


# Writing.


def write_year(*, actor: Viewer, at: datetime, choices: Choices) -> ImportRun:
    """Roll the year; see `actions.roll_year`."""
    with transaction.atomic():
        District.objects.select_for_update().filter(pk=1).first()
        roll = read_year(at=at, choices=choices)
        plan = roll.plan()
        run = ImportRun.objects.create(
            kind="year-roll",
            name=plan.title[:200],
            digest=hashlib.sha256(repr(plan).encode()).hexdigest(),
            actor=actor.account,
            at=at,
            counts={
                "counts": plan.counts(),
                "year": plan.year,
                "starts_on": plan.starts_on.isoformat(),
                "ends_on": plan.ends_on.isoformat(),
            },
        )
        changes = Changes(run)
        terms = _write_terms(roll, changes)
        classes = _write_classes(roll, changes, terms)
        _write_enrollments(roll, changes, classes)
        _write_people(roll, changes)
        changes.flush()
        record_act(
            actor=actor, act="roll_year", kind="import", object_id=run.pk, at=at,
            detail={"name": run.name, "counts": plan.counts()},
        )  # fmt: skip
        return run


def rolled_id(year: int, sourced_id: str) -> str:
    """Return the sourcedId of the row that follows another in a year."""
    base = sourced_id.split(":", 2)[2] if sourced_id.startswith(ROLLED) else sourced_id
    return f"{ROLLED}{year}:{base}"[:255]


def _write_terms(roll: Roll, changes: Changes) -> dict[int, Term]:
    made: dict[int, Term] = {}
    waiting = list(roll.terms)
    # Parents first: a session of the year may stand on another one of it.
    while waiting:
        own = {one.pk for one in waiting}
        ready = [one for one in waiting if one.parent_id not in own] or waiting
        for one in ready:
            session = roll.sessions[one.pk]
            above = made.get(one.parent_id) if one.parent_id is not None else None
            made[one.pk] = Term(
                sourced_id=rolled_id(roll.year + 1, one.sourced_id), title=session.title, kind=one.kind,
                starts_on=session.starts_on, ends_on=session.ends_on, school_year=roll.year + 1,
                parent=above,
            )  # fmt: skip
        changes.make([made[one.pk] for one in ready])
        waiting = [one for one in waiting if one.pk not in made]
    return made


def _write_classes(roll: Roll, changes: Changes, terms: dict[int, Term]) -> dict[int, SchoolClass]:
    copied = [
        f.attname for f in SchoolClass._meta.concrete_fields if f.name not in ("id", "uuid", "sourced_id", "active")
    ]  # fmt: skip
    made = {
        one.pk: SchoolClass(
            sourced_id=rolled_id(roll.year + 1, one.sourced_id),
            **{name: getattr(one, name) for name in copied},
        )
        for one in roll.classes
    }
    changes.make(list(made.values()))
    links = []
    for part in parts(made):
        rows = ClassTerm.objects.filter(schoolclass_id__in=part, term_id__in=list(terms)).order_by("id")
        links += [
            ClassTerm(schoolclass_id=made[one.schoolclass_id].pk, term_id=terms[one.term_id].pk)
            for one in rows
        ]
    changes.make(links)
    for one in roll.classes:
        changes.before(one)
        one.active = False
    changes.change(roll.classes)
    return made


def _write_enrollments(roll: Roll, changes: Changes, classes: dict[int, SchoolClass]) -> None:
    changes.make(
        [
            Enrollment(
                sourced_id=rolled_id(roll.year + 1, one.sourced_id), person_id=one.person_id,
                school_class_id=classes[one.school_class_id].pk, role=one.role, is_primary=one.is_primary,
                # Staff open their classes at once, to prepare them; students belong to them from the first day.
                starts_on=roll.starts_on if one.role == LEARNER else roll.day, source=one.source,
            )
            for one in roll.goes_on
        ]
    )  # fmt: skip
    ending = [one for one in roll.standing if one.ends_on is None or one.ends_on > roll.closing or one.active]
    for one in ending:
        changes.before(one)
        one.ends_on = roll.closing if one.ends_on is None else min(one.ends_on, roll.closing)
        one.active = False
    changes.change(ending)


def _write_people(roll: Roll, changes: Changes) -> None:
    changed = []
    for key, person in roll.people.items():
        if key in roll.leavers or roll.grades.get(key, person.grade) != person.grade:
            changes.before(person)
            person.active = person.active and key not in roll.leavers
            person.grade = roll.grades.get(key, person.grade)
            changed.append(person)
    changes.change(changed)
    made = {
        (one.person_id, school): RoleGrant(
            person_id=one.person_id,
            role=Role.STUDENT,
            org_id=school,
            starts_on=roll.closing,
            source=one.source,
        )
        for one, school in roll.moves
    }
    changes.make(list(made.values()))
    _end(changes, [*roll.over, *(one for one, _ in roll.moves)], roll.closing)


def _end(changes: Changes, rows: Iterable[Any], day: date) -> None:
    for part in parts(rows):
        for row in part:
            changes.before(row)
            row.ends_on = max(day, row.starts_on)
        changes.change(part)
