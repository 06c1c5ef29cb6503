"""Questions about the roster. Read only; every answer holds on a day.

Who may see whom is decided in `visibility`, whose questions are asked through this door too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from headway.access.types import Role, Viewer
from headway.kit.refusals import Refusal, Sentence
from headway.rosters import majority
from headway.rosters.models import (
    Demographics,
    Distinct,
    District,
    Enrollment,
    Guardianship,
    KeptCare,
    Org,
    Person,
    Restriction,
    RoleGrant,
    SchoolClass,
    SchoolEvent,
    Term,
)
from headway.rosters.named import known_around, staff, taught_by
from headway.rosters.noted import KindOfEvent
from headway.rosters.noted import kinds as kinds_of_events
from headway.rosters.visibility import (
    LEARNER,
    STANDS_IN,
    TEACHES,
    by_sort_name,
    can_see_student,
    children_of,
    class_in_scope,
    classes_of,
    guardians_by_student,
    guardians_of,
    holds_on,
    is_here,
    people_named,
    reference,
    student_in_scope,
    students_among,
    students_met,
    students_visible_to,
    viewer_for,
)

__all__ = [
    "GROUPS",
    "OF_RACE",
    "KindOfEvent",
    "all_person_uuids",
    "can_see_student",
    "children_of",
    "class_by_reference",
    "class_in_scope",
    "class_of_device",
    "classes_attended",
    "classes_of",
    "classes_stood_in",
    "classes_taught",
    "district",
    "enrolled_school",
    "find_class",
    "find_person",
    "find_term",
    "grades_of",
    "grades_taught",
    "guardians_by_student",
    "guardians_of",
    "holds_on",
    "is_here",
    "kinds_of_events",
    "known_around",
    "last_day_of_class",
    "members",
    "people_by_id",
    "people_named",
    "people_references",
    "person_by_reference",
    "person_ids",
    "person_uuids",
    "school_classes",
    "schools",
    "staff",
    "student_in_scope",
    "students_at_device",
    "students_in_class",
    "students_met",
    "students_visible_to",
    "taught_by",
    "teachers_of_class",
    "terms",
    "viewer_for",
    "visible_ids",
]


# The district and its parts.


def district() -> District:
    """Return the installation's district. Raises `Refusal("no_district")` before `headway init`."""
    found = District.objects.filter(pk=1).first()
    if found is None:
        raise Refusal("no_district", "There is no district yet; run: headway init.")
    return found


def schools() -> list[Org]:
    """Return the active schools by name. One statement."""
    return list(Org.objects.filter(kind="school", active=True).order_by("name", "id"))


def school_classes(*, school_id: int | None = None, as_of: date | None = None) -> QuerySet[SchoolClass]:
    """Return active classes by title, of one school or all; `as_of` keeps those with a term on that day."""
    found = SchoolClass.objects.filter(active=True).select_related("school", "course")
    if school_id is not None:
        found = found.filter(school_id=school_id)
    if as_of is not None:
        link = SchoolClass.terms.through.objects.filter(
            schoolclass_id=OuterRef("pk"), term__starts_on__lte=as_of, term__ends_on__gte=as_of
        )
        found = found.filter(Exists(link))
    return found.order_by("title", "id")


def terms(*, kind: str | None = None) -> list[Term]:
    """Return the active terms in order of time, of one kind or of all."""
    found = Term.objects.filter(active=True)
    return list((found.filter(kind=kind) if kind else found).order_by("starts_on", "ends_on", "id"))


def find_term(text: str) -> Term | None:
    """Return the term with this sourcedId, else the only active one with this title, else None."""
    by_id = Term.objects.filter(sourced_id=text).first()
    if by_id is not None:
        return by_id
    by_title = list(Term.objects.filter(title=text, active=True)[:2])
    return by_title[0] if len(by_title) == 1 else None


def find_class(text: str) -> SchoolClass | None:
    """Return the class with this sourcedId or uuid, or None."""
    return SchoolClass.objects.select_related("school", "course").filter(reference(text)).first()


def class_by_reference(text: str) -> SchoolClass:
    """Return the class with this sourcedId or uuid. Raises `Refusal("no_such_class")`."""
    found = find_class(text)
    if found is None:
        raise Refusal("no_such_class", Sentence("There is no class %(text)s.", text=text))
    return found


# People.


def find_person(text: str) -> Person | None:
    """Return the person with this sourcedId, uuid or username, or None.

    A merged person answers as the one that stands. Raises `Refusal("ambiguous_person")` where a username is
    shared.
    """
    found = Person.objects.select_related("merged_into").filter(reference(text)).first()
    if found is None and text:
        named = list(Person.objects.filter(username=text, merged_into=None).order_by("-active", "id")[:2])
        if len(named) == 2 and named[0].active == named[1].active:
            raise Refusal(
                "ambiguous_person",
                Sentence("Two people have the username %(text)s; give the sourcedId.", text=text),
            )
        found = named[0] if named else None
    return found.merged_into if found is not None and found.merged_into is not None else found


def person_by_reference(text: str) -> Person:
    """Return the person with this sourcedId, uuid or username. Raises `Refusal("no_such_person")`."""
    found = find_person(text)
    if found is None:
        raise Refusal("no_such_person", Sentence("There is no person %(text)s on the roster.", text=text))
    return found


def people_by_id(*, person_ids: Iterable[int]) -> dict[int, Person]:
    """Return people by their integer key. One statement."""
    return Person.objects.in_bulk(list(person_ids))


def person_uuids(*, person_ids: Iterable[int]) -> dict[int, UUID]:
    """Return the ledger's pseudonym of each person. One statement per 500."""
    found: dict[int, UUID] = {}
    for part in _parts(person_ids):
        found.update(Person.objects.filter(id__in=part).values_list("id", "uuid"))
    return found


def identities_of(*, person_id: int) -> list[tuple[int, UUID]]:
    """Return row key and pseudonym of a person: their own first, then those of whoever was merged into them."""
    rows = Person.objects.filter(Q(pk=person_id) | Q(merged_into=person_id)).values_list("id", "uuid")
    return sorted(rows, key=lambda row: (row[0] != person_id, row[0]))


def pseudonyms_of(*, person_ids: Iterable[int]) -> list[UUID]:
    """Return the pseudonyms of people and of whoever was merged into them. One statement."""
    ids = list(person_ids)
    return list(Person.objects.filter(Q(pk__in=ids) | Q(merged_into__in=ids)).values_list("uuid", flat=True))


@dataclass(frozen=True, slots=True)
class Match:
    """A student whom somebody added by hand, somebody of the roster with the same name, and what else they share."""

    person: Person
    other: Person
    shared: tuple[str, ...]


def matches(*, as_of: date, limit: int = 200) -> list[Match]:
    """Return who, added by hand, may be somebody of the roster: the same name, and not yet told apart.

    `shared` names what agrees beside the name: `grade`, `school`, `born`. Who may: the district. At most six statements.
    """
    waiting = list(
        by_sort_name(Person.objects.filter(provisional=True, active=True, merged_into=None))[:limit]
    )
    if not waiting:
        return []
    named = Q(pk__in=[])
    for one in waiting:
        named |= Q(given_name__iexact=one.given_name, family_name__iexact=one.family_name)
        named |= Q(preferred_given_name__iexact=one.given_name, family_name__iexact=one.family_name)
    others = list(by_sort_name(Person.objects.filter(named, provisional=False, merged_into=None)))
    apart = set(Distinct.objects.filter(person__in=waiting).values_list("person_id", "other_id"))
    keys = [one.pk for one in (*waiting, *others)]
    schools: dict[int, set[str]] = {
        key: {org for role, org in roles if role == Role.STUDENT and org}
        for key, roles in roles_on(person_ids=keys, as_of=as_of).items()
    }
    born = dict(Demographics.objects.filter(person__in=keys).values_list("person_id", "birth_on"))
    found = []
    for one in waiting:
        for other in others:
            if (one.pk, other.pk) not in apart and _same_name(one, other):
                same = {"grade": one.grade and one.grade == other.grade, "school": schools[one.pk] & schools[other.pk],
                        "born": born.get(one.pk) and born.get(one.pk) == born.get(other.pk)}  # fmt: skip
                found.append(Match(one, other, tuple(word for word, holds in same.items() if holds)))
    return found


def _same_name(one: Person, other: Person) -> bool:
    given = {other.given_name.casefold(), other.preferred_given_name.casefold()}
    return one.given_name.casefold() in given and one.family_name.casefold() == other.family_name.casefold()


def merged_people() -> list[Person]:
    """Return who was merged into somebody, with that person, by sort name. One statement."""
    return list(by_sort_name(Person.objects.exclude(merged_into=None).select_related("merged_into")))


def row_of_person(text: str) -> Person:
    """Return the row with this sourcedId or uuid, merged or not. Raises `Refusal("no_such_person")`."""
    found = Person.objects.select_related("merged_into").filter(reference(text)).first()
    if found is None:
        raise Refusal("no_such_person", Sentence("There is no person %(text)s on the roster.", text=text))
    return found


def standing_ids(*, uuids: Iterable[UUID]) -> dict[UUID, int]:
    """Return the integer key by pseudonym; a merged person answers as the one that stands. One statement per 500."""
    found: dict[UUID, int] = {}
    for part in _parts(uuids):
        rows = Person.objects.filter(uuid__in=part)
        found.update(rows.values_list("uuid", Coalesce("merged_into_id", "id")))
    return found


def all_person_uuids() -> dict[int, UUID]:
    """Return the ledger's pseudonym of everybody. One statement."""
    return dict(Person.objects.values_list("id", "uuid"))


def every_student() -> dict[int, str]:
    """Return the sourcedId of everybody who is or was a student, by row key; who was joined stands once. One statement."""
    was = Enrollment.objects.filter(person_id=OuterRef("pk"), role=LEARNER)
    granted = RoleGrant.objects.filter(person_id=OuterRef("pk"), role=Role.STUDENT)
    rows = Person.objects.filter(Exists(was) | Exists(granted), merged_into=None)
    return dict(rows.values_list("id", "sourced_id"))


def person_ids(*, sourced_ids: Iterable[str]) -> dict[str, int]:
    """Return the integer key by sourcedId, for those that exist; a merged person answers as the one that stands.

    One statement per 500.
    """
    found: dict[str, int] = {}
    for part in _parts(sourced_ids):
        rows = Person.objects.filter(sourced_id__in=part)
        found.update(rows.values_list("sourced_id", Coalesce("merged_into_id", "id")))
    return found


_REFERENCES = (
    "SELECT p.sourced_id, COALESCE(q.id, p.id), COALESCE(q.uuid, p.uuid) FROM headway_person p "
    "LEFT JOIN headway_person q ON q.id = p.merged_into_id WHERE p.sourced_id IN "
)


def people_references(*, sourced_ids: Iterable[str]) -> dict[str, tuple[int, UUID]]:
    """Return (integer key, pseudonym) by sourcedId, for those that exist; a merged person answers as the one that stands.

    One statement per 500.
    """
    found: dict[str, tuple[int, UUID]] = {}
    with connection.cursor() as cursor:
        for part in _parts(sourced_ids):
            cursor.execute(_REFERENCES + f"({', '.join(['%s'] * len(part))})", part)
            for name, own, key in cursor.fetchall():
                found[name] = (own, key if isinstance(key, UUID) else UUID(key))
    return found


def visible_ids(viewer: Viewer, *, person_ids: Iterable[int], as_of: date) -> set[int]:
    """Return those of the people that `students_visible_to` holds for the viewer. One statement per 500."""
    found: set[int] = set()
    for part in _parts(person_ids):
        if viewer.is_a(Role.DISTRICT):
            found |= students_among(part)
            continue
        seen = students_visible_to(viewer, as_of=as_of).filter(pk__in=part)
        found.update(seen.order_by().values_list("id", flat=True))
    return found


def _parts(values: Iterable, size: int = 500) -> Iterable[list]:  # type: ignore[type-arg]
    listed = list(dict.fromkeys(values))
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def person_as_data(*, person_id: int) -> dict[str, object]:
    """Return what the roster holds about a person as plain data, roles and demographics with it."""
    person = Person.objects.get(pk=person_id)
    skip = ("id", "merged_into", "uuid")
    found: dict[str, object] = {
        f.name: getattr(person, f.name) for f in Person._meta.concrete_fields if f.name not in skip
    }
    found["pseudonym"] = str(person.uuid)
    found["roles"] = list(
        RoleGrant.objects.filter(person=person)
        .order_by("id")
        .values("role", "org__sourced_id", "starts_on", "ends_on", "source")
    )
    found["demographics"] = Demographics.objects.filter(person=person).values().first()
    return found


def enrollments_as_data(*, person_id: int) -> list[dict[str, object]]:
    """Return a person's enrollments as plain data, ended ones with them."""
    rows = Enrollment.objects.filter(person_id=person_id).order_by("id")
    return list(rows.values("sourced_id", "role", "starts_on", "ends_on", "active", "school_class__sourced_id",
                            "school_class__title", "school_class__school__sourced_id"))  # fmt: skip


def school_events_as_data(*, student_id: int) -> list[dict[str, object]]:
    """Return what other systems noted about a student as plain data, oldest first. Who may: the district."""
    rows = SchoolEvent.objects.filter(student_id=student_id).order_by("at", "id")
    return list(rows.values("kind", "at", "outcome", "sensitive"))


def guardians_as_data(*, student_id: int) -> list[dict[str, object]]:
    """Return who cares for a student as plain data, ended links with them."""
    rows = Guardianship.objects.filter(student_id=student_id).order_by("id")
    return list(rows.values("relation", "starts_on", "ends_on", "source", "guardian__sourced_id"))


def comes_of_age(*, person_ids: Iterable[int], as_of: date) -> set[int]:
    """Return those of the students who have come of age by the day. One statement."""
    people = Person.objects.filter(majority.of_age("pk", as_of), pk__in=list(person_ids))
    return set(people.values_list("pk", flat=True))


def carers_of(*, student_person_id: int, as_of: date) -> list[Person]:
    """Return the adults whom the roster links to a student on the day, without those kept away, of age or not. One statement."""
    linked = Guardianship.objects.filter(holds_on(as_of), student_id=student_person_id)
    away = Restriction.objects.filter(
        holds_on(as_of), guardian_id=OuterRef("pk"), student_id=student_person_id
    )
    adults = Person.objects.filter(~Exists(away), pk__in=linked.values("guardian_id"), merged_into=None)
    return list(by_sort_name(adults))


def kept_care(*, student_person_id: int) -> list[KeptCare]:
    """Return what lets adults go on after a student came of age, ended rows with them, newest first. One statement."""
    rows = KeptCare.objects.filter(student_id=student_person_id).select_related("guardian", "student")
    return list(rows.order_by("-starts_on", "-pk"))


def all_kept_care() -> list[KeptCare]:
    """Return every row of kept care. For `headway verify`. One statement."""
    return list(KeptCare.objects.select_related("guardian", "student").order_by("pk"))


def in_care(*, guardian_ids: Iterable[int], as_of: date) -> dict[int, set[int]]:
    """Return the students in each adult's care on the day, restricted ones with them. One statement per 500."""
    found: dict[int, set[int]] = {}
    for part in _parts(guardian_ids):
        rows = Guardianship.objects.filter(holds_on(as_of), guardian_id__in=part)
        for guardian, student in rows.values_list("guardian_id", "student_id"):
            found.setdefault(guardian, set()).add(student)
    return found


# Classes and who is in them.


def classes_of_term(*, term_id: int) -> list[SchoolClass]:
    """Return the classes that meet in a term or in a part of it, or met there and are over, by sourcedId. One statement."""
    found = SchoolClass.objects.select_related("school", "course")
    within = Q(terms=term_id) | Q(terms__parent=term_id) | Q(terms__children=term_id)
    return list(found.filter(within).distinct().order_by("sourced_id"))


def teacher_ids(*, class_ids: Iterable[int]) -> dict[int, set[int]]:
    """Return the keys of everybody who teaches or taught each class. One statement."""
    found: dict[int, set[int]] = {}
    rows = Enrollment.objects.filter(school_class_id__in=list(class_ids), role__in=TEACHES)
    for class_id, person_id in rows.values_list("school_class_id", "person_id"):
        found.setdefault(class_id, set()).add(person_id)
    return found


def students_in_class(*, class_id: int, as_of: date, viewer: Viewer | None) -> list[Person]:
    """Return who is in the class as a student on the day, by sort name. One statement.

    Without those whom a restriction keeps apart from the viewer; None asks for nobody in particular.
    """
    found = _people_as(class_id, (LEARNER,), as_of)
    return [one for one in found if not _kept_apart(viewer, one.id)]


def _kept_apart(viewer: Viewer | None, student: int) -> bool:
    # A court closes every way but the district's.
    return viewer is not None and student in viewer.kept_from and not viewer.is_a(Role.DISTRICT)


def teachers_of_class(*, class_id: int, as_of: date) -> list[Person]:
    """Return who teaches the class on the day, by sort name, without substitutes. One statement."""
    return _people_as(class_id, TEACHES, as_of)


def _people_as(class_id: int, roles: tuple[str, ...], as_of: date) -> list[Person]:
    # By the members of the class: asked the other way round, each person of the district is looked at.
    members = Enrollment.objects.filter(holds_on(as_of), school_class_id=class_id, role__in=roles)
    return list(by_sort_name(Person.objects.filter(pk__in=members.values("person_id"), merged_into=None)))


def classes_taught(*, person_id: int, as_of: date) -> list[SchoolClass]:
    """Return the active classes that the person teaches on the day, by title. One statement."""
    return _classes_as(person_id, TEACHES, as_of)


def classes_stood_in(*, person_id: int, as_of: date) -> list[SchoolClass]:
    """Return the active classes in which the person is a substitute on the day, by title. One statement."""
    return _classes_as(person_id, STANDS_IN, as_of)


def classes_attended(*, person_id: int, as_of: date) -> list[SchoolClass]:
    """Return the active classes that the person attends as a student on the day, by title. One statement."""
    return _classes_as(person_id, (LEARNER,), as_of)


def _classes_as(person_id: int, roles: tuple[str, ...], as_of: date) -> list[SchoolClass]:
    own = Enrollment.objects.filter(holds_on(as_of), person_id=person_id, role__in=roles)
    found = SchoolClass.objects.select_related("school", "course")
    found = found.filter(pk__in=own.values("school_class_id"), active=True)
    return list(found.order_by("title", "id"))


def class_of_device(*, school_class: UUID, opened_by: UUID, as_of: date) -> SchoolClass | None:
    """Return the active class of this pseudonym if the person who opened a device for it teaches it on the day; else None.

    One statement.
    """
    teaches = Enrollment.objects.filter(
        holds_on(as_of), school_class_id=OuterRef("pk"), person__uuid=opened_by, person__active=True,
        person__enabled=True, role__in=TEACHES,
    )  # fmt: skip
    found = SchoolClass.objects.select_related("school").filter(Exists(teaches), uuid=school_class)
    return found.filter(active=True).first()


def students_at_device(*, class_id: int, as_of: date) -> list[Person]:
    """Return the students who may sign in on a device of the class on the day, by sort name. One statement."""
    people = students_in_class(class_id=class_id, as_of=as_of, viewer=None)
    return [person for person in people if person.active and person.enabled]


def last_day_of_class(*, class_id: int, on: date) -> date | None:
    """Return the last day of the class's terms that hold on a day, or None where none does. One statement."""
    held = Term.objects.filter(classes=class_id, active=True, starts_on__lte=on, ends_on__gte=on)
    return held.order_by("-ends_on").values_list("ends_on", flat=True).first()


def members(*, class_ids: Iterable[int], as_of: date, viewer: Viewer | None) -> dict[int, list[int]]:
    """Return the students' keys of each class on the day, as `students_in_class` does. One statement."""
    found: dict[int, list[int]] = {class_id: [] for class_id in class_ids}
    rows = Enrollment.objects.filter(holds_on(as_of), school_class_id__in=list(found), role=LEARNER)
    # Two enrollments of one person in one class, as after a return, are one member.
    for class_id, person_id in dict.fromkeys(rows.order_by("id").values_list("school_class_id", "person_id")):
        if not _kept_apart(viewer, person_id):
            found[class_id].append(person_id)
    return found


def enrolled_school(*, person_ids: Iterable[int], on: date) -> dict[int, int]:
    """Return the school (key of an Org) in which each student is enrolled on the day: its policy applies.

    The school of the classes attended; where these lie in several schools, the school of the student's own
    grant if it is among them, else the one with most classes. A student without a class has the school of
    the grant. Two statements.
    """
    wanted = list(person_ids)
    counts: dict[int, dict[int, int]] = {}
    rows = Enrollment.objects.filter(holds_on(on), person_id__in=wanted, role=LEARNER)
    for person_id, school_id in rows.values_list("person_id", "school_class__school_id"):
        schools_of = counts.setdefault(person_id, {})
        schools_of[school_id] = schools_of.get(school_id, 0) + 1
    granted: dict[int, list[int]] = {}
    grants = RoleGrant.objects.filter(
        holds_on(on), person_id__in=wanted, role=Role.STUDENT, org__kind="school"
    )
    for person_id, org_id in grants.order_by("id").values_list("person_id", "org_id"):
        granted.setdefault(person_id, []).append(org_id)
    found: dict[int, int] = {}
    for person_id in wanted:
        own, attended = granted.get(person_id, []), counts.get(person_id, {})
        shared = [school for school in own if school in attended]
        if shared or (own and not attended):
            found[person_id] = (shared or own)[0]
        elif attended:
            found[person_id] = min(attended, key=lambda school: (-attended[school], school))
    return found


def student_since(*, person_ids: Iterable[int], on: date) -> dict[int, date | None]:
    """Return since when each is in a class as a student (None: nobody said), of those who are in one on the day.

    The earliest beginning that is known among the enrollments that hold on the day; without any, of the roles of a student
    that do. One statement, and another where somebody has no class.
    """
    wanted = list(person_ids)
    found: dict[int, date | None] = {}
    for table, role in ((Enrollment, LEARNER), (RoleGrant, Role.STUDENT.value)):
        without = [one for one in wanted if one not in found]
        if not without:
            break
        rows = table.objects.filter(holds_on(on), person_id__in=without, role=role, person__merged_into=None)
        began: dict[int, date | None] = {}
        for person_id, starts_on in rows.values_list("person_id", "starts_on"):
            known = began.get(person_id)
            began[person_id] = starts_on if known is None else min(starts_on or known, known)
        found |= began
    return found


def grades_taught() -> tuple[str, ...]:
    """Return the grades in which the roster has students who are there, as it writes them. One statement."""
    taught = Enrollment.objects.filter(role=LEARNER).values("person_id")
    found = Person.objects.filter(active=True, grade__gt="", id__in=taught).order_by("grade")
    return tuple(found.values_list("grade", flat=True).distinct())


def grades_of(*, person_ids: Iterable[int]) -> dict[int, str]:
    """Return the present grade of each of these people. One statement for 500."""
    found: dict[int, str] = {}
    for part in _parts(person_ids):
        found.update(Person.objects.filter(id__in=part).values_list("id", "grade"))
    return found


GROUPS = (
    "american_indian_or_alaska_native", "asian", "black_or_african_american", "native_hawaiian_or_other_pacific_islander",
    "white", "two_or_more_races", "hispanic_or_latino", "english_learner", "economically_disadvantaged", "disability",
)  # fmt: skip
"""The groups of the roster's demographics, by the names of its columns."""
RACES = GROUPS[:6]
OF_RACE = GROUPS[:7]
"""Groups by race, and by race and ethnicity."""


def race(said: dict[str, Any]) -> str | None:
    """Return the one group by race and ethnicity in which federal reports count a student; None where nothing is said.

    Hispanic or Latino before any race; then two or more races; then the one race.
    """
    if said.get("hispanic_or_latino"):
        return "hispanic_or_latino"
    own = [name for name in RACES if said.get(name)]
    if len(own) > 1:
        return "two_or_more_races"
    return own[0] if own else None


def demographic_groups(*, person_ids: Iterable[int]) -> dict[str, set[int]]:
    """Return who of these belongs to each demographic group that the roster holds, each student to one by race and ethnicity.

    For counts that a page withholds below the district's smallest cell, and never beside a name. One statement for 500.
    """
    found: dict[str, set[int]] = {}
    for part in _parts(person_ids):
        for row in Demographics.objects.filter(active=True, person_id__in=part).values("person_id", *GROUPS):
            own = [race(row), *(group for group in GROUPS if group not in OF_RACE and row[group])]
            for group in own:
                if group is not None:
                    found.setdefault(group, set()).add(row["person_id"])
    return found


# A school and the district at a glance.


def students_of_school(
    *, viewer: Viewer, school_id: int, as_of: date, grade: str | None = None, leavers: bool = False
) -> QuerySet[Person]:
    """Return the students of one school on the day that the viewer may see, of one grade or all, as one statement not yet run.

    Students of the school: in one of its classes, or with the role of a student there. Who may: whoever leads the school,
    and the district; for others the answer is empty. `leavers` keeps those who were there on the day and left since.
    """
    leads = viewer.is_a(Role.DISTRICT) or school_id in viewer.schools
    # A court's restriction closes every way but the district's.
    person = None if viewer.is_a(Role.DISTRICT) else viewer.person_id
    narrowed = Viewer(
        account=viewer.account,
        person_id=person,
        roles=frozenset({Role.PRINCIPAL}),
        schools=frozenset({school_id} if leads else ()),
        today=viewer.today,
    )
    found = students_visible_to(narrowed, as_of=as_of)
    if not leavers:
        found = found.filter(active=True)
    return found if grade is None else found.filter(grade=grade)


def schools_led(*, viewer: Viewer) -> list[Org]:
    """Return the schools that the viewer leads by name; the district leads all. One statement."""
    found = Org.objects.filter(kind="school", active=True)
    if not viewer.is_a(Role.DISTRICT):
        found = found.filter(id__in=viewer.schools)
    return list(found.order_by("name", "id"))


def school_sizes(*, as_of: date) -> dict[int, int]:
    """Return how many students each school has in its classes on the day. One statement."""
    rows = Enrollment.objects.filter(holds_on(as_of), role=LEARNER, school_class__active=True)
    counted = rows.order_by().values("school_class__school_id").annotate(n=Count("person_id", distinct=True))
    return {row["school_class__school_id"]: row["n"] for row in counted}


def roster_counts(*, as_of: date) -> dict[str, int]:
    """Return how many schools, classes, students, teachers and guardians the roster holds on the day. Five statements."""
    enrolled = Enrollment.objects.filter(holds_on(as_of), school_class__active=True).order_by()
    return {
        "schools": Org.objects.filter(kind="school", active=True).count(),
        "classes": SchoolClass.objects.filter(active=True).count(),
        "students": enrolled.filter(role=LEARNER).values("person_id").distinct().count(),
        "teachers": enrolled.filter(role__in=TEACHES).values("person_id").distinct().count(),
        "guardians": Guardianship.objects.filter(holds_on(as_of)).values("guardian_id").distinct().count(),
    }


@dataclass(frozen=True, slots=True)
class Gap:
    """One lack in the roster: how many rows have it, and the first of them as (sourcedId, name)."""

    n: int
    first: tuple[tuple[str, str], ...]


def roster_gaps(*, as_of: date, limit: int = 12) -> dict[str, Gap]:
    """Return what the roster lacks on the day: `students_without_class`, `classes_without_teacher`, `classes_without_students`,
    `classes_without_continuum`. Eight statements at most.
    """
    enrolled = Enrollment.objects.filter(holds_on(as_of))
    attends = enrolled.filter(person_id=OuterRef("pk"), role=LEARNER, school_class__active=True)
    granted = RoleGrant.objects.filter(holds_on(as_of), person_id=OuterRef("pk"), role=Role.STUDENT)
    people = Person.objects.filter(Exists(granted), ~Exists(attends), active=True, merged_into=None)
    classes = SchoolClass.objects.filter(active=True).order_by("title", "id")
    inside = enrolled.filter(school_class_id=OuterRef("pk"))
    return {
        "students_without_class": _gap(by_sort_name(people), lambda one: (one.sourced_id, one.name()), limit),
        "classes_without_teacher": _gap(classes.filter(~Exists(inside.filter(role__in=TEACHES))), _class_said, limit),
        "classes_without_students": _gap(classes.filter(~Exists(inside.filter(role=LEARNER))), _class_said, limit),
        "classes_without_continuum": _gap(classes.filter(frameworks=[]), _class_said, limit),
    }  # fmt: skip


def _class_said(one: SchoolClass) -> tuple[str, str]:
    return one.sourced_id, one.title


def _gap(rows: QuerySet[Any], said: Callable[[Any], tuple[str, str]], limit: int) -> Gap:
    first = [said(one) for one in rows[: limit + 1]]
    return Gap(len(first) if len(first) <= limit else rows.count(), tuple(first[:limit]))


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search: people, and how many there are in all."""

    people: list[Person]
    n: int


def people_searched(
    *, text: str, as_of: date, role: str = "", school_id: int | None = None, sort: str = "name", start: int = 0, size: int = 50
) -> Found:  # fmt: skip
    """Return people of every role whose names begin with the words, or whose sourcedId or username begins with the text.

    Who may: the district. Two statements.
    """
    found = Person.objects.filter(merged_into=None)
    text = text.strip()
    if text:
        found = found.filter(_named(text) | Q(sourced_id__istartswith=text) | Q(username__istartswith=text))
    if role:
        found = found.filter(_has_role(role, as_of))
    if school_id is not None:
        own = {"person_id": OuterRef("pk")}
        granted = RoleGrant.objects.filter(holds_on(as_of), org_id=school_id, **own)
        enrolled = Enrollment.objects.filter(holds_on(as_of), school_class__school_id=school_id, **own)
        found = found.filter(Exists(granted) | Exists(enrolled))
    orders = {"id": ("sourced_id",), "grade": ("grade", "family_name", "given_name", "id")}
    ordered = found.order_by(*orders[sort]) if sort in orders else by_sort_name(found)
    return Found(list(ordered[start : start + size]), found.order_by().count())


def _has_role(role: str, as_of: date) -> Q:
    granted = RoleGrant.objects.filter(holds_on(as_of), person_id=OuterRef("pk"), role=role)
    if role == Role.FAMILY:
        return Q(Exists(Guardianship.objects.filter(holds_on(as_of), guardian_id=OuterRef("pk")))) | Q(
            Exists(granted)
        )
    word = {Role.STUDENT.value: (LEARNER,), Role.TEACHER.value: TEACHES}.get(role, ())
    enrolled = Enrollment.objects.filter(holds_on(as_of), person_id=OuterRef("pk"), role__in=word)
    return Q(Exists(granted)) | Q(Exists(enrolled))


def roles_on(*, person_ids: Iterable[int], as_of: date) -> dict[int, list[tuple[str, str]]]:
    """Return (role, organization) of each person on the day, by grant, enrollment or care. Three statements."""
    ids = list(person_ids)
    found: dict[int, dict[tuple[str, str], None]] = {key: {} for key in ids}
    rows = RoleGrant.objects.filter(holds_on(as_of), person_id__in=ids).order_by("id")
    for person, role, org in rows.values_list("person_id", "role", "org__name"):
        found[person][role, org or ""] = None
    enrolled = Enrollment.objects.filter(
        holds_on(as_of), person_id__in=ids, role__in=(LEARNER, *TEACHES, *STANDS_IN)
    )
    for person, role, org in (
        enrolled.order_by().values_list("person_id", "role", "school_class__school__name").distinct()
    ):
        found[person][role, org] = None
    links = Guardianship.objects.filter(holds_on(as_of), guardian_id__in=ids)
    for person in links.order_by().values_list("guardian_id", flat=True).distinct():
        if not any(role == Role.FAMILY for role, _ in found[person]):
            found[person][Role.FAMILY.value, ""] = None
    return {key: list(roles) for key, roles in found.items()}


def schools_of_staff(*, person_ids: Iterable[int], on: date) -> dict[int, set[int]]:
    """Return the schools (row keys) in which people work on the day, by grant or by a class they teach. Two statements."""
    ids = list(person_ids)
    found: dict[int, set[int]] = {}
    work = [Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL]
    granted = RoleGrant.objects.filter(holds_on(on), person_id__in=ids, role__in=work, org__kind="school")
    taught = Enrollment.objects.filter(holds_on(on), person_id__in=ids, role__in=TEACHES)
    for person, school in granted.values_list("person_id", "org_id"):
        found.setdefault(person, set()).add(school)
    for person, school in taught.values_list("person_id", "school_class__school_id"):
        found.setdefault(person, set()).add(school)
    return found


def areas_taught(*, person_ids: Iterable[int], on: date) -> dict[int, set[str]]:
    """Return what people teach on the day: the continuums of their classes, else the subjects that the roster names. One
    statement."""
    rows = Enrollment.objects.filter(holds_on(on), person_id__in=list(person_ids), role__in=TEACHES)
    found: dict[int, set[str]] = {}
    for row in rows.select_related("school_class__course"):
        one = row.school_class
        named = one.frameworks or one.subjects or (one.course.subjects if one.course is not None else [])
        found.setdefault(row.person_id, set()).update(str(name) for name in named)
    return found


def _named(text: str) -> Q:
    """Return what people fulfil whose given or family names begin with each of the first four words."""
    named = Q()
    for word in text.split()[:4]:
        named &= (
            Q(given_name__istartswith=word) | Q(family_name__istartswith=word)
            | Q(preferred_given_name__istartswith=word) | Q(preferred_family_name__istartswith=word)
        )  # fmt: skip
    return named


def staff_named(*, text: str, on: date, limit: int = 20) -> list[Person]:
    """Return people who work in the schools on the day, whose names begin with the words. One statement.

    Who may: adults of the schools, who know one another.
    """
    own = {"person_id": OuterRef("pk")}
    work = [Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL]
    granted = RoleGrant.objects.filter(holds_on(on), role__in=work, **own)
    taught = Enrollment.objects.filter(holds_on(on), role__in=TEACHES, **own)
    found = Person.objects.filter(
        _named(text), Exists(granted) | Exists(taught), merged_into=None, active=True
    )
    return list(by_sort_name(found)[:limit]) if text.strip() else []


def enrollments_of(*, person_id: int) -> list[Enrollment]:
    """Return a person's enrollments with their classes, newest first. One statement."""
    rows = Enrollment.objects.filter(person_id=person_id).select_related("school_class__school")
    return list(rows.order_by("-starts_on", "school_class__title", "id"))


def grants_of(*, person_id: int) -> list[RoleGrant]:
    """Return a person's roles, ended ones with them. One statement."""
    return list(
        RoleGrant.objects.filter(person_id=person_id).select_related("org").order_by("starts_on", "id")
    )


def care_of(*, person_id: int) -> list[Guardianship]:
    """Return the links of care in which a person is student or adult. One statement."""
    rows = Guardianship.objects.filter(Q(student_id=person_id) | Q(guardian_id=person_id))
    return list(rows.select_related("student", "guardian").order_by("id"))


def restrictions_of(*, person_id: int) -> list[Restriction]:
    """Return the court's restrictions in which a person is student or adult, newest first. One statement.

    Who may: the district.
    """
    rows = Restriction.objects.filter(Q(student_id=person_id) | Q(guardian_id=person_id))
    return list(rows.select_related("student", "guardian").order_by("-starts_on", "-id"))


def substitutes_of(*, class_id: int, as_of: date) -> list[Enrollment]:
    """Return who stands in for the class's teacher on the day or later. One statement."""
    rows = Enrollment.objects.filter(school_class_id=class_id, role__in=STANDS_IN, ends_on__gt=as_of)
    return list(rows.select_related("person").order_by("starts_on", "id"))
