"""Questions about the roster. Read only; every answer holds on a day.

Who may see whom is decided in `visibility`, whose questions are asked through this door too.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from headway.access.types import Role, Viewer
from headway.kit.refusals import Refusal
from headway.rosters.models import (
    Demographics,
    District,
    Enrollment,
    Guardianship,
    Org,
    Person,
    RoleGrant,
    SchoolClass,
    Term,
)
from headway.rosters.visibility import (
    LEARNER,
    STANDS_IN,
    TEACHES,
    by_sort_name,
    can_see_student,
    children_of,
    class_in_scope,
    classes_of,
    guardians_of,
    holds_on,
    people_named,
    reference,
    stands_in,
    student_in_scope,
    students_visible_to,
    viewer_for,
)

__all__ = [
    "all_person_uuids",
    "can_see_student",
    "children_of",
    "class_by_reference",
    "class_in_scope",
    "classes_attended",
    "classes_of",
    "classes_stood_in",
    "classes_taught",
    "district",
    "enrolled_school",
    "find_class",
    "find_person",
    "find_term",
    "guardians_of",
    "holds_on",
    "members",
    "people_by_id",
    "people_named",
    "people_references",
    "person_by_reference",
    "person_ids",
    "person_uuids",
    "school_classes",
    "schools",
    "stands_in",
    "student_in_scope",
    "students_in_class",
    "students_visible_to",
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
        raise Refusal("no_such_class", f"There is no class {text}.")
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
            raise Refusal("ambiguous_person", f"Two people have the username {text}; give the sourcedId.")
        found = named[0] if named else None
    return found.merged_into if found is not None and found.merged_into is not None else found


def person_by_reference(text: str) -> Person:
    """Return the person with this sourcedId, uuid or username. Raises `Refusal("no_such_person")`."""
    found = find_person(text)
    if found is None:
        raise Refusal("no_such_person", f"There is no person {text} on the roster.")
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


def all_person_uuids() -> dict[int, UUID]:
    """Return the ledger's pseudonym of everybody. One statement."""
    return dict(Person.objects.values_list("id", "uuid"))


def person_ids(*, sourced_ids: Iterable[str]) -> dict[str, int]:
    """Return the integer key by sourcedId, for those that exist. One statement per 500."""
    found: dict[str, int] = {}
    for part in _parts(sourced_ids):
        found.update(Person.objects.filter(sourced_id__in=part).values_list("sourced_id", "id"))
    return found


def people_references(*, sourced_ids: Iterable[str]) -> dict[str, tuple[int, UUID]]:
    """Return (integer key, pseudonym) by sourcedId, for those that exist; a merged person answers as the one that stands.

    One statement per 500.
    """
    found: dict[str, tuple[int, UUID]] = {}
    for part in _parts(sourced_ids):
        rows = Person.objects.filter(sourced_id__in=part)
        for name, own, key, into, into_key in rows.values_list(
            "sourced_id", "id", "uuid", "merged_into_id", "merged_into__uuid"
        ):
            found[name] = (own, key) if into is None else (into, into_key)
    return found


def visible_ids(viewer: Viewer, *, person_ids: Iterable[int], as_of: date) -> set[int]:
    """Return those of the people that `students_visible_to` holds for the viewer. One statement per 500."""
    found: set[int] = set()
    for part in _parts(person_ids):
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


def guardians_as_data(*, student_id: int) -> list[dict[str, object]]:
    """Return who cares for a student as plain data, ended links with them."""
    rows = Guardianship.objects.filter(student_id=student_id).order_by("id")
    return list(rows.values("relation", "starts_on", "ends_on", "source", "guardian__sourced_id"))


# Classes and who is in them.


def classes_of_term(*, term_id: int) -> list[SchoolClass]:
    """Return the active classes that meet in a term or in a part of it, by sourcedId. One statement."""
    found = SchoolClass.objects.select_related("school", "course").filter(active=True)
    within = Q(terms=term_id) | Q(terms__parent=term_id) | Q(terms__children=term_id)
    return list(found.filter(within).distinct().order_by("sourced_id"))


def teacher_ids(*, class_ids: Iterable[int]) -> dict[int, set[int]]:
    """Return the keys of everybody who teaches or taught each class. One statement."""
    found: dict[int, set[int]] = {}
    rows = Enrollment.objects.filter(school_class_id__in=list(class_ids), role__in=TEACHES)
    for class_id, person_id in rows.values_list("school_class_id", "person_id"):
        found.setdefault(class_id, set()).add(person_id)
    return found


def students_in_class(*, class_id: int, as_of: date) -> list[Person]:
    """Return who is in the class as a student on the day, by sort name. One statement."""
    return _people_as(class_id, (LEARNER,), as_of)


def teachers_of_class(*, class_id: int, as_of: date) -> list[Person]:
    """Return who teaches the class on the day, by sort name, without substitutes. One statement."""
    return _people_as(class_id, TEACHES, as_of)


def _people_as(class_id: int, roles: tuple[str, ...], as_of: date) -> list[Person]:
    member = Enrollment.objects.filter(
        holds_on(as_of), person_id=OuterRef("pk"), school_class_id=class_id, role__in=roles
    )
    return list(by_sort_name(Person.objects.filter(Exists(member), merged_into=None)))


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
    member = Enrollment.objects.filter(
        holds_on(as_of), school_class_id=OuterRef("pk"), person_id=person_id, role__in=roles
    )
    found = SchoolClass.objects.select_related("school", "course").filter(Exists(member), active=True)
    return list(found.order_by("title", "id"))


def members(*, class_ids: Iterable[int], as_of: date) -> dict[int, list[int]]:
    """Return the students' keys of each class on the day. One statement."""
    found: dict[int, list[int]] = {class_id: [] for class_id in class_ids}
    rows = Enrollment.objects.filter(holds_on(as_of), school_class_id__in=list(found), role=LEARNER)
    for class_id, person_id in rows.order_by("id").values_list("school_class_id", "person_id").distinct():
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
