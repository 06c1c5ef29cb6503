"""Acts on the roster: each one atomic and audited."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from headway.access import actions as access
from headway.access import queries as accounts
from headway.access.actions import record_act
from headway.access.models import ImportRun
from headway.access.types import Role, Viewer
from headway.kit.refusals import Refusal, Sentence
from headway.rosters import merging, noting
from headway.rosters.importing import local_day, run_import
from headway.rosters.leaving import come_back, leave
from headway.rosters.merging import Joining, register_follower
from headway.rosters.models import (
    HAND,
    District,
    Enrollment,
    Guardianship,
    Org,
    Person,
    Restriction,
    RoleGrant,
    SchoolClass,
)
from headway.rosters.rolling import read_year, write_year
from headway.rosters.types import Choices, Plan, Progress, Staged, YearPlan
from headway.rosters.undoing import made_by, register_blocker, undo

__all__ = [
    "Joining",
    "add_guardianship",
    "add_provisional_student",
    "begin_district",
    "configure_district",
    "end_guardianship",
    "end_role",
    "erase_events",
    "grant_role",
    "import_events",
    "import_roster",
    "invite",
    "lift_restriction",
    "made_by",
    "merge_people",
    "name_substitute",
    "plan_roster",
    "plan_year",
    "register_blocker",
    "register_follower",
    "restrict_guardian",
    "return_student",
    "roll_year",
    "set_frameworks",
    "split_people",
    "tell_apart",
    "undo_events",
    "undo_import",
    "withdraw_student",
]


def begin_district(*, name: str, at: datetime) -> District:
    """This will make the installation's district, once; safe to repeat. Written: the district."""
    with transaction.atomic():
        found, _ = District.objects.get_or_create(pk=1, defaults={"name": name})
        return found


def configure_district(
    *,
    actor: Viewer,
    at: datetime,
    zone: str | None = None,
    languages: list[str] | None = None,
    **settings: object,
) -> District:
    """This will set the district's zone, languages and settings, as its policy file says.

    Written: the district. Who may: administrators and the command line. Raises `Refusal`: `forbidden`.
    """
    _require(actor, Role.DISTRICT)
    with transaction.atomic():
        found = District.objects.select_for_update().get(pk=1)
        found.zone = zone or found.zone
        found.languages = languages or found.languages
        found.settings = {**found.settings, **settings}
        found.save(update_fields=["zone", "languages", "settings"])
        return found


# Imports.


def plan_roster(
    *,
    staged: Staged,
    actor: Viewer,
    at: datetime,
    removal_share: float | None = None,
    progress: Progress | None = None,
) -> Plan:
    """This will say what a staged roster would do, by doing it and taking it back. Nothing is written.

    Raises `Refusal`: `roster_invalid`, `roster_stale`. Too many removals are a warning of the plan.
    """
    found = run_import(
        staged=staged,
        actor=actor,
        at=at,
        accept_removals=False,
        plan_only=True,
        removal_share=removal_share,
        progress=progress,
    )
    assert isinstance(found, Plan)
    return found


def import_roster(
    *,
    staged: Staged,
    actor: Viewer,
    at: datetime,
    accept_removals: bool = False,
    removal_share: float | None = None,
    progress: Progress | None = None,
) -> ImportRun:
    """This will bring a staged roster into the records, in one transaction.

    Written: the roster, one import run with every row as it stood before, one audit entry. What a bulk file
    leaves out is ended on the day, never deleted. Raises `Refusal`: `roster_invalid`, `roster_stale`,
    `too_many_removals` where more than `removal_share` (else the district's setting) of people or
    enrollments would end. Who may: administrators and the command line.
    """
    _require(actor, Role.DISTRICT)
    found = run_import(
        staged=staged,
        actor=actor,
        at=at,
        accept_removals=accept_removals,
        plan_only=False,
        removal_share=removal_share,
        progress=progress,
    )
    assert isinstance(found, ImportRun)
    return found


def undo_import(*, run_id: int, actor: Viewer, at: datetime) -> ImportRun:
    """This will take a roster import back: rows stand as before, new rows are gone.

    Raises `Refusal`: `no_such_import`, `already_undone`, `undo_blocked` with the names of what depends on it.
    """
    _require(actor, Role.DISTRICT)
    return undo(run_id=run_id, actor=actor, at=at)


# The next school year.


def plan_year(*, actor: Viewer, at: datetime, choices: Choices) -> YearPlan:
    """This will say what rolling the newest school year would do, by name. Nothing is written.

    Raises `Refusal`: `forbidden`, `no_year`, `year_not_over`, `not_a_span`, `unknown_grade`, `unknown_student`.
    """
    _require(actor, Role.DISTRICT)
    return read_year(at=at, choices=choices).plan()


def roll_year(*, actor: Viewer, at: datetime, choices: Choices) -> ImportRun:
    """This will begin the next school year: sessions and classes a year later, staff with them, grades up, leavers out.

    Levels, plans and evidence stay as they are; care and court restrictions are not touched. Written in one transaction:
    the roster, one run of kind `year-roll` with every row as it stood before, one audit entry; `undo_import` takes it
    back. Who may: the district. Raises what `plan_year` raises.
    """
    _require(actor, Role.DISTRICT)
    return write_year(actor=actor, at=at, choices=choices)


# Leaving and coming back.


def withdraw_student(*, actor: Viewer, person_id: int, on: date, reason: str, at: datetime) -> ImportRun:
    """This will end a student's classes and roles from a day on; `on` is the first day without the student.

    Lists, pace, signs and the way in end with them; levels, evidence, plans, family and restrictions stay. Written: the
    rows, one run of kind `left` with each as it stood before, one audit entry with the reason; `undo_import` takes it
    back. Who may: the district. Raises `Refusal`: `forbidden`, `no_such_person`, `reason_missing`, `day_ahead`, `not_here`.
    """
    _require(actor, Role.DISTRICT)
    return leave(actor=actor, person=_person(person_id), on=on, reason=reason, at=at)


def return_student(*, actor: Viewer, person_id: int, on: date, reason: str, at: datetime) -> ImportRun:
    """This will let a student who left come back from a day on: the same person, with the same history.

    The classes and roles that ended last begin again where the class still meets; the days between stay days of absence.
    Written: enrollments, roles, one run of kind `returned`, one audit entry with the reason; `undo_import` takes it back.
    Who may: the district. Raises `Refusal`: `forbidden`, `no_such_person`, `reason_missing`, `day_ahead`, `still_here`,
    `never_here`, `not_a_span`.
    """
    _require(actor, Role.DISTRICT)
    return come_back(actor=actor, person=_person(person_id), on=on, reason=reason, at=at)


# School events.


def import_events(
    *, actor: Viewer, rows: Sequence[Mapping[str, Any]], lines: Sequence[int], name: str, digest: str, at: datetime,
    plan_only: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """This will bring in what another system noted about students: one row each, known ones not twice.

    Written in one transaction: the events, one import run, one audit entry with counts and no names. Who may: the
    district. Raises `Refusal`: `forbidden`, `events_invalid` with file, line, column and value of every fault.
    """
    _require(actor, Role.DISTRICT)
    return noting.bring(
        actor=actor, rows=rows, lines=lines, name=name, digest=digest, at=at, plan_only=plan_only
    )


def undo_events(*, run_id: int, actor: Viewer, at: datetime) -> ImportRun:
    """This will take an import of school events back: the rows that it brought are gone.

    Who may: the district. Raises `Refusal`: `forbidden`, `no_such_import`, `already_undone`.
    """
    _require(actor, Role.DISTRICT)
    return noting.take_back(run_id=run_id, actor=actor, at=at)


def erase_events(*, person_id: int) -> int:
    """This will remove a student's school events; returns how many. In the caller's transaction, which writes the audit.

    Who may: the caller has checked.
    """
    return noting.erase(person_id=person_id)


def erase_copies(*, person_id: int) -> int:
    """This will remove what merges and splits of a person kept of rows that say something; returns how many copies.

    The rows themselves are gone, so that nothing is left to restore; rows of the roster keep theirs. In the caller's
    transaction, which writes the audit. Who may: the caller has checked.
    """
    return merging.erase_copies(person_id=person_id)


# One person or two.


def merge_people(*, actor: Viewer, person_id: int, into_id: int, reason: str, at: datetime) -> ImportRun:
    """This will join a person to another who is the same human being: everything is seen under the one who stays.

    Enrollments, roles, care, restrictions, ratings, pieces and plans follow; what was put in by hand and the roster says
    too ends today. Written in one transaction: the rows, one event `merged`, one run of kind `merged`, audit entries.
    `split_people` takes it back. Who may: the district. Raises `Refusal`: `forbidden`, `no_such_person`, `reason_missing`,
    `same_person`, `already_merged`, `both_on_roster`.
    """
    _require(actor, Role.DISTRICT)
    return merging.merge(actor=actor, person=_person(person_id), into=_person(into_id), reason=reason, at=at)


def split_people(*, actor: Viewer, person_id: int, reason: str, at: datetime) -> ImportRun:
    """This will split a person from the one they were joined to: what was theirs is theirs again, as it stands now.

    What came since stays with the one who stayed. Written: the rows, one event `split`, one run, audit entries. Who may:
    the district. Raises `Refusal`: `forbidden`, `no_such_person`, `reason_missing`, `not_merged`, `changed_since` naming
    ratings that were withdrawn or replaced since the merge.
    """
    _require(actor, Role.DISTRICT)
    return merging.split(actor=actor, person=_person(person_id), reason=reason, at=at)


def tell_apart(*, actor: Viewer, person_id: int, other_id: int, at: datetime) -> None:
    """This will note that two people alike in name are two, so that they are not proposed again.

    Who may: the district. Raises `Refusal`: `forbidden`, `no_such_person`.
    """
    _require(actor, Role.DISTRICT)
    merging.tell_apart(actor=actor, person=_person(person_id), other=_person(other_id), at=at)


# Roles, care, restrictions.


def grant_role(
    *,
    actor: Viewer,
    person_id: int,
    role: Role,
    at: datetime,
    org_id: int | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> RoleGrant:
    """This will give a person a role by hand, from today or another day; no import takes it away.

    Raises `Refusal`: `forbidden`, `no_such_person`, `org_required` for a principal without a school.
    """
    _require(actor, Role.DISTRICT)
    if role == Role.PRINCIPAL and not Org.objects.filter(pk=org_id, kind="school").exists():
        raise Refusal("org_required", "A principal leads a school; say which.")
    with transaction.atomic():
        person = _person(person_id)
        grant = RoleGrant.objects.create(
            person=person,
            role=role,
            org_id=org_id,
            starts_on=starts_on or local_day(at),
            ends_on=ends_on,
            source=HAND,
        )
        _note(actor, "grant_role", person, at, role=role.value, org=org_id)
        return grant


def end_role(*, actor: Viewer, grant_id: int, at: datetime, ends_on: date | None = None) -> RoleGrant:
    """This will end a role today or on another day. Raises `Refusal`: `forbidden`, `no_such_grant`."""
    _require(actor, Role.DISTRICT)
    with transaction.atomic():
        grant = RoleGrant.objects.select_related("person").filter(pk=grant_id).first()
        if grant is None:
            raise Refusal("no_such_grant", "There is no such role.")
        grant.ends_on = ends_on or local_day(at)
        grant.save(update_fields=["ends_on"])
        _note(actor, "end_role", grant.person, at, role=grant.role, org=grant.org_id)
        return grant


def add_guardianship(
    *, actor: Viewer, student_id: int, guardian_id: int, at: datetime, relation: str = "guardian"
) -> Guardianship:
    """This will put a student in an adult's care by hand; no import ends it, and a restriction beats it.

    Raises `Refusal`: `forbidden`, `no_such_person`, `own_guardian`.
    """
    _require(actor, Role.DISTRICT)
    if student_id == guardian_id:
        raise Refusal("own_guardian", "Nobody is their own guardian.")
    with transaction.atomic():
        student, guardian = _person(student_id), _person(guardian_id)
        link, _ = Guardianship.objects.update_or_create(
            student=student,
            guardian=guardian,
            defaults={"relation": relation, "ends_on": None, "source": HAND},
            create_defaults={"relation": relation, "starts_on": local_day(at), "source": HAND},
        )
        _note(actor, "add_guardianship", student, at, guardian=str(guardian.uuid))
        return link


def end_guardianship(*, actor: Viewer, student_id: int, guardian_id: int, at: datetime) -> None:
    """This will end an adult's care of a student today.

    Raises `Refusal`: `forbidden`, `no_such_guardianship`.
    """
    _require(actor, Role.DISTRICT)
    with transaction.atomic():
        link = Guardianship.objects.filter(student_id=student_id, guardian_id=guardian_id).first()
        if link is None:
            raise Refusal("no_such_guardianship", "This adult does not care for this student.")
        link.ends_on = local_day(at)
        link.save(update_fields=["ends_on"])
        _note(actor, "end_guardianship", _person(student_id), at, guardian=str(_person(guardian_id).uuid))


def restrict_guardian(
    *,
    actor: Viewer,
    student_id: int,
    guardian_id: int,
    reason_code: str,
    at: datetime,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> Restriction:
    """This will keep an adult from a student as a court ordered, from today or another day.

    It beats guardianship at once and on every surface; no import lifts it. Raises `Refusal`: `forbidden`,
    `no_such_person`.
    """
    _require(actor, Role.DISTRICT, Role.PRINCIPAL)
    with transaction.atomic():
        student, guardian = _person(student_id), _person(guardian_id)
        found = Restriction.objects.create(
            student=student,
            guardian=guardian,
            starts_on=starts_on or local_day(at),
            ends_on=ends_on,
            reason_code=reason_code,
            recorded_by=actor.account,
        )
        _note(actor, "restrict_guardian", student, at, guardian=str(guardian.uuid), reason=reason_code)
        return found


def lift_restriction(
    *, actor: Viewer, restriction_id: int, at: datetime, ends_on: date | None = None
) -> Restriction:
    """This will end a court's restriction today or on another day.

    Raises `Refusal`: `forbidden`, `no_such_restriction`.
    """
    _require(actor, Role.DISTRICT)
    with transaction.atomic():
        found = Restriction.objects.select_related("student").filter(pk=restriction_id).first()
        if found is None:
            raise Refusal("no_such_restriction", "There is no such restriction.")
        found.ends_on = ends_on or local_day(at)
        found.save(update_fields=["ends_on"])
        _note(actor, "lift_restriction", found.student, at, restriction=found.pk)
        return found


# Classes.


def add_provisional_student(
    *, actor: Viewer, class_id: int, given_name: str, family_name: str, at: datetime, grade: str = ""
) -> Person:
    """This will add a student who is here today and not yet on the roster.

    The next import proposes the match.

    Written: person, enrollment and role by hand. Who may: the class's teacher, the school's principal, the
    district. Raises `Refusal`: `forbidden`, `no_such_class`, `name_required`.
    """
    if not given_name.strip() or not family_name.strip():
        raise Refusal("name_required", "A student has a given and a family name.")
    with transaction.atomic():
        school_class = _class(actor, class_id)
        key, day = uuid.uuid4(), local_day(at)
        person = Person.objects.create(
            uuid=key,
            sourced_id=f"provisional:{key}",
            given_name=given_name.strip(),
            family_name=family_name.strip(),
            grade=grade,
            provisional=True,
        )
        Enrollment.objects.create(
            sourced_id=f"hand:{uuid.uuid4()}",
            person=person,
            school_class=school_class,
            role="student",
            starts_on=day,
            source=HAND,
        )
        RoleGrant.objects.create(
            person=person, role=Role.STUDENT, org_id=school_class.school_id, starts_on=day, source=HAND
        )
        _note(actor, "add_provisional_student", person, at, school_class=school_class.sourced_id)
        return person


def name_substitute(
    *, actor: Viewer, class_id: int, person_id: int, starts_on: date, ends_on: date, at: datetime
) -> Enrollment:
    """This will let a person stand in for a class's teacher from a day up to, not including, another.

    A substitute sees the roster and the plan and writes notes; no history, no decision. Who may: the
    class's teacher, the school's principal, the district. Raises `Refusal`: `forbidden`, `no_such_class`,
    `no_such_person`, `not_a_span`.
    """
    if ends_on <= starts_on:
        raise Refusal("not_a_span", "A substitute's time ends after it begins.")
    with transaction.atomic():
        school_class, person = _class(actor, class_id), _person(person_id)
        found = Enrollment.objects.create(
            sourced_id=f"hand:{uuid.uuid4()}",
            person=person,
            school_class=school_class,
            role="substitute",
            starts_on=starts_on,
            ends_on=ends_on,
            source=HAND,
        )
        _note(actor, "name_substitute", person, at, school_class=school_class.sourced_id)
        return found


def set_frameworks(
    *, actor: Viewer, class_id: int, frameworks: list[str], at: datetime, levels: list[str] | None = None
) -> SchoolClass:
    """This will say which continuums a class works on, and which of their levels its grid shows ([] = all).

    Who may: the class's teacher, the school's principal, the district. Raises `Refusal`: `forbidden`,
    `no_such_class`.
    """
    with transaction.atomic():
        school_class = _class(actor, class_id)
        school_class.frameworks = list(frameworks)
        school_class.levels = list(levels or [])
        school_class.save(update_fields=["frameworks", "levels"])
        record_act(
            actor=actor,
            act="set_frameworks",
            kind="class",
            object_id=school_class.uuid,
            at=at,
            detail={"frameworks": school_class.frameworks, "levels": school_class.levels},
        )
        return school_class


def _require(actor: Viewer, *roles: Role) -> None:
    if not actor.is_a(*roles):
        raise Refusal(
            "forbidden",
            Sentence("This may be done by: %(roles)s.", roles=", ".join(role.value for role in roles)),
        )


def _class(actor: Viewer, class_id: int) -> SchoolClass:
    found = SchoolClass.objects.filter(pk=class_id).first()
    if found is None:
        raise Refusal("no_such_class", "There is no such class.")
    if not found.active:
        raise Refusal("class_over", "This class is over; it can be read and no longer changed.")
    if not (actor.is_a(Role.DISTRICT) or found.id in actor.classes or found.school_id in actor.schools):
        raise Refusal(
            "forbidden", "Only the class's teachers, its school's leaders and the district may do this."
        )
    return found


def _person(person_id: int) -> Person:
    found = Person.objects.filter(pk=person_id).first()
    if found is None:
        raise Refusal("no_such_person", "There is no such person.")
    return found


def _note(actor: Viewer, act: str, person: Person, at: datetime, **detail: object) -> None:
    record_act(actor=actor, act=act, kind="person", object_id=person.uuid, detail=dict(detail), at=at)


def invite(*, actor: Viewer, person_id: int, at: datetime) -> tuple[str, str]:
    """This will give a person an account, or a new first password for theirs; returns username and password, shown once.

    Written: account, audit entry. Who may: the district. Raises `Refusal`: `forbidden`, `no_such_person`.
    """
    _require(actor, Role.DISTRICT)
    with transaction.atomic():
        person = _person(person_id)
        account = accounts.account_of(person.uuid)
        if account is not None:
            return account.username, access.reset_password(actor=actor, account=account, at=at)
        wanted = person.username or person.sourced_id
        names = (wanted, *(f"{wanted}{n}" for n in range(2, 1_000)))
        name = next(one for one in names if accounts.find_account(one) is None)
        made, shown = access.open_account(
            actor=actor, username=name, name=person.name(), at=at, person=person.uuid, password="",
            language=person.language,
        )  # fmt: skip
        return made.username, shown or ""
