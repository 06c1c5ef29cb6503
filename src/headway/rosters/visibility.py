"""Who may see whom, on a day: the viewer's scopes, and the students that they open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Lower, NullIf

from headway.access.models import Account
from headway.access.types import Role, Viewer
from headway.rosters.majority import bases, born_by, majority, still_cared
from headway.rosters.models import Enrollment, Guardianship, Person, Restriction, RoleGrant, SchoolClass

LEARNER = "student"
# What `holds_on` says, written out: the day is put in twice.
HOLDS = "({0}.starts_on IS NULL OR {0}.starts_on <= %s) AND ({0}.ends_on IS NULL OR {0}.ends_on > %s)".format
TEACHES = ("teacher",)
STANDS_IN = ("substitute",)


def holds_on(day: date, prefix: str = "") -> Q:
    """Return the condition that a span of days holds on `day`: started, and not yet ended."""
    begun = Q(**{f"{prefix}starts_on": None}) | Q(**{f"{prefix}starts_on__lte": day})
    return begun & not_over(day, prefix)


def not_over(day: date, prefix: str = "") -> Q:
    """Return the condition that a span of days holds on `day` or will: not yet ended, begun or not."""
    return Q(**{f"{prefix}ends_on": None}) | Q(**{f"{prefix}ends_on__gt": day})


def by_sort_name(people: QuerySet[Person]) -> QuerySet[Person]:
    empty = Value("")
    return people.order_by(
        Lower(Coalesce(NullIf(F("preferred_family_name"), empty), F("family_name"))),
        Lower(Coalesce(NullIf(F("preferred_given_name"), empty), F("given_name"))),
        "id",
    )


def reference(text: str) -> Q:
    """Return the condition that a row has this sourcedId or uuid."""
    try:
        return Q(sourced_id=text) | Q(uuid=UUID(text))
    except ValueError:
        return Q(sourced_id=text)


def is_here(day: date, person: str) -> tuple[str, list[object]]:
    """Return the condition that the student in column `person` is in a class or holds the role of a student on the day, as
    a text with its values, for a statement that is asked with every page of a student."""
    on = connection.ops.adapt_datefield_value(day)
    own = f"o.person_id = {person} AND o.role = %s AND {HOLDS('o')}"
    either = (
        f"EXISTS (SELECT 1 FROM {table} o WHERE {own})"
        for table in ("headway_enrollment", "headway_rolegrant")
    )
    return f"({' OR '.join(either)})", [LEARNER, on, on, Role.STUDENT.value, on, on]


def _unrestricted(guardian: object, student: str, day: date) -> Q:
    kept_away = Restriction.objects.filter(holds_on(day), guardian_id=guardian, student_id=OuterRef(student))
    return ~Exists(kept_away)


def children_of(*, guardian_person_id: int, as_of: date) -> list[Person]:
    """Return the students in an adult's care on the day, without restricted ones, by sort name.

    A student who has come of age is among them where the adult's care was kept on. One statement.
    """
    adult = guardian_person_id
    linked = _in_care(as_of).filter(guardian_id=adult).values("student_id")
    people = Person.objects.filter(_unrestricted(adult, "pk", as_of), pk__in=linked, merged_into=None)
    return list(by_sort_name(people))


def _in_care(day: date) -> QuerySet[Guardianship]:
    """Return the links of care that open a record on the day: those that hold, of students under age or kept on."""
    return Guardianship.objects.filter(
        holds_on(day), still_cared("student_id", "guardian_id", day, holds_on(day))
    )


def guardians_of(*, student_person_id: int, as_of: date) -> list[Person]:
    """Return the adults who care for a student on the day, without those kept away. One statement.

    Of a student who has come of age, those whose care was kept on. Written out, because every page of a student asks it.
    """
    care, values = _care(as_of)
    asked = (
        "SELECT * FROM headway_person WHERE merged_into_id IS NULL AND id IN "
        f"(SELECT k.guardian_id FROM headway_guardianship k WHERE k.student_id = %s AND {care})"
    )
    found = Person.objects.raw(asked, [student_person_id, *values])
    return sorted(found, key=lambda one: (one.sort_name().lower(), one.id))


def _care(day: date) -> tuple[str, list[object]]:
    """Return the condition that the link of care `k` opens a record on the day, as a text with its values: it holds, no court
    keeps the adult away, and the student is not of age or the care was kept on. `still_cared` says the same of care."""
    rule = majority()
    on, born = (connection.ops.adapt_datefield_value(one) for one in (day, born_by(day, rule.age)))
    kept = bases(rule)
    return (
        f"{HOLDS('k')} AND NOT EXISTS (SELECT 1 FROM headway_restriction r "
        f"WHERE r.guardian_id = k.guardian_id AND r.student_id = k.student_id AND {HOLDS('r')}) "
        "AND (NOT EXISTS (SELECT 1 FROM headway_demographics d WHERE d.person_id = k.student_id AND d.birth_on <= %s) "
        "OR EXISTS (SELECT 1 FROM headway_keptcare o WHERE o.student_id = k.student_id AND o.guardian_id = k.guardian_id "
        f"AND o.basis IN ({', '.join(['%s'] * len(kept))}) AND {HOLDS('o')}))"
    ), [on, on, on, on, born, *kept, on, on]


def guardians_by_student(*, student_ids: Iterable[int], as_of: date) -> dict[int, list[Person]]:
    """Return the adults who care for each student on the day, without those kept away. One statement."""
    away = Restriction.objects.filter(
        holds_on(as_of), guardian_id=OuterRef("guardian_id"), student_id=OuterRef("student_id")
    )
    links = _in_care(as_of).filter(
        ~Exists(away), student_id__in=list(student_ids), guardian__merged_into=None
    )
    found: dict[int, list[Person]] = {}
    for link in links.select_related("guardian").order_by("pk"):
        found.setdefault(link.student_id, []).append(link.guardian)
    return found


def viewer_for(account: Account, today: date, token_scopes: frozenset[str] | None = None) -> Viewer:
    """Return the viewer that an account is today: what grants, enrollments and care open.

    At most 2 statements.

    An enrolled teacher is a teacher without a grant. A substitute is a teacher with no class of their own:
    `standing_in` opens the class's roster, and no record. A parent sees a student who has come of age only where the care
    was kept on. A person who left, or whom the roster disables, holds no role.
    """
    person = None
    if account.person is not None:
        # An account of somebody who was merged opens the record of the person who stands.
        person = next(
            iter(
                Person.objects.raw(_PERSON, [Person.uuid.field.get_db_prep_value(account.person, connection)])
            ),
            None,
        )
    roles: set[Role] = {Role.DISTRICT} if account.is_administrator else set()
    led: set[int] = set()
    taught: set[int] = set()
    stood_in: set[int] = set()
    children: set[int] = set()
    kept_from: set[int] = set()
    if person is not None and person.active and person.enabled:
        for kind, role, key in _links(person.id, today):
            if kind == "grant":
                roles.add(Role(role))
                if role == Role.PRINCIPAL and key is not None:
                    led.add(key)
            elif kind == "care":
                roles.add(Role.FAMILY)
                children.add(key)
            elif kind == "apart":
                kept_from.add(key)
            elif role in TEACHES:
                roles.add(Role.TEACHER)
                taught.add(key)
            elif role in STANDS_IN:
                roles.add(Role.TEACHER)
                stood_in.add(key)
            elif role == LEARNER:
                roles.add(Role.STUDENT)
    return Viewer(
        account=account.id,
        person=person.uuid if person else None,
        person_id=person.id if person else None,
        name=person.name() if person else account.name or account.username,
        language=account.language,
        roles=frozenset(roles),
        schools=frozenset(led),
        classes=frozenset(taught),
        standing_in=frozenset(stood_in),
        children=frozenset(children),
        kept_from=frozenset(kept_from),
        token_scopes=token_scopes,
        today=today,
        record=person,
    )


_PERSON = (
    "SELECT p.* FROM headway_person p WHERE p.id = "
    "(SELECT COALESCE(q.merged_into_id, q.id) FROM headway_person q WHERE q.uuid = %s)"
)


def _links(person_id: int, today: date) -> list[tuple[str, str, int | None]]:
    """Return the grants, enrollments, care and restrictions that hold for a person today, as (kind, role, key). One statement.

    Written out, because every request asks it.
    """
    day = connection.ops.adapt_datefield_value(today)
    care, values = _care(today)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 'grant', g.role, g.org_id FROM headway_rolegrant g WHERE g.person_id = %s AND {HOLDS('g')} "
            "UNION ALL SELECT 'enrolled', e.role, e.school_class_id FROM headway_enrollment e "
            "JOIN headway_schoolclass c ON c.id = e.school_class_id "
            f"WHERE e.person_id = %s AND c.active AND {HOLDS('e')} "
            "UNION ALL SELECT 'care', '', k.student_id FROM headway_guardianship k "
            f"WHERE k.guardian_id = %s AND {care} "
            "UNION ALL SELECT 'apart', '', a.student_id FROM headway_restriction a "
            f"WHERE a.guardian_id = %s AND {HOLDS('a')}",
            [
                person_id,
                day,
                day,
                person_id,
                day,
                day,
                person_id,
                *values,
                person_id,
                day,
                day,
            ],
        )
        return cursor.fetchall()


def students_met(*, viewer: Viewer, class_id: int) -> list[Person]:
    """Return the students of a class whom a substitute meets today, without those a court keeps apart from them, by sort name.

    Names only; the caller has checked that the viewer stands in there. One statement.
    """
    members = Enrollment.objects.filter(holds_on(viewer.today), school_class_id=class_id, role=LEARNER)
    here = Person.objects.filter(pk__in=members.values("person_id"), merged_into=None)
    return list(by_sort_name(here.filter(_unrestricted(viewer.person_id or 0, "pk", viewer.today))))


def students_visible_to(viewer: Viewer, *, as_of: date) -> QuerySet[Person]:
    """Return the students the viewer may see in full, by sort name, as one statement not yet run.

    District: every student. Principal: students of the schools led. Teacher: students of the classes
    taught. Family: the children in care that no court keeps away. Student: the own record. A court's
    restriction closes every way but the district's. Substitutes see names in their class (`students_met`), not
    records.
    """
    everybody = Person.objects.filter(merged_into=None)
    if viewer.is_a(Role.DISTRICT):
        attends = Enrollment.objects.filter(person_id=OuterRef("pk"), role=LEARNER)
        is_student = RoleGrant.objects.filter(person_id=OuterRef("pk"), role=Role.STUDENT)
        return by_sort_name(everybody.filter(Exists(attends) | Exists(is_student) | Q(provisional=True)))
    ways = Q(pk__in=[])
    # By who is enrolled: asked the other way round, each person of the district is looked at.
    enrolled = Enrollment.objects.filter(holds_on(as_of), role=LEARNER)
    if viewer.schools:
        registered = RoleGrant.objects.filter(holds_on(as_of), role=Role.STUDENT, org_id__in=viewer.schools)
        taught = enrolled.filter(school_class__school_id__in=viewer.schools)
        ways |= Q(pk__in=taught.values("person_id")) | Q(pk__in=registered.values("person_id"))
    if viewer.classes:
        ways |= Q(pk__in=enrolled.filter(school_class_id__in=viewer.classes).values("person_id"))
    if viewer.children:
        ways |= Q(pk__in=viewer.children)
    if viewer.person_id is not None and viewer.is_a(Role.STUDENT):
        ways |= Q(pk=viewer.person_id)
    found = everybody.filter(ways)
    if viewer.person_id is not None:
        found = found.filter(_unrestricted(viewer.person_id, "pk", as_of))
    return by_sort_name(found)


def students_among(ids: Sequence[int]) -> set[int]:
    """Return those of the people that `students_visible_to` holds for the district. One statement.

    The same question written out: every save through the interface asks it, and putting it together cost more than the
    answer. `tests/headway/rosters` holds the two against each other.
    """
    marks = ", ".join(["%s"] * len(ids))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.id FROM headway_person p WHERE p.id IN ({marks}) AND p.merged_into_id IS NULL AND (p.provisional "
            "OR EXISTS (SELECT 1 FROM headway_enrollment e WHERE e.person_id = p.id AND e.role = %s) "
            "OR EXISTS (SELECT 1 FROM headway_rolegrant g WHERE g.person_id = p.id AND g.role = %s))",
            [*ids, LEARNER, Role.STUDENT.value],
        )
        return {key for (key,) in cursor.fetchall()}


def can_see_student(viewer: Viewer, person_id: int, as_of: date) -> bool:
    """Whether `students_visible_to` holds this student for the viewer. One statement."""
    return students_visible_to(viewer, as_of=as_of).filter(pk=person_id).exists()


def people_named(viewer: Viewer, *, text: str, as_of: date, limit: int = 20) -> list[Person]:
    """Return students the viewer may see whose names begin with the words of `text`. One statement."""
    found = students_visible_to(viewer, as_of=as_of)
    for word in text.split()[:4]:
        found = found.filter(
            Q(given_name__istartswith=word)
            | Q(family_name__istartswith=word)
            | Q(preferred_given_name__istartswith=word)
            | Q(preferred_family_name__istartswith=word)
        )
    return list(found[:limit]) if text.strip() else []


def class_in_scope(*, viewer: Viewer, reference: str) -> SchoolClass | None:
    """Return the class of this sourcedId if the viewer teaches it or leads its school; else None.

    The district opens every class.

    """
    found = SchoolClass.objects.select_related("school", "course").filter(sourced_id=reference).first()
    if found is None:
        return None
    opened = viewer.is_a(Role.DISTRICT) or found.id in viewer.classes or found.school_id in viewer.schools
    return found if opened else None


def student_in_scope(*, viewer: Viewer, reference: str) -> Person | None:
    """Return the student of this sourcedId if the viewer may see them today; else None. One statement."""
    return students_visible_to(viewer, as_of=viewer.today).filter(sourced_id=reference).first()


def classes_of(*, viewer: Viewer) -> list[SchoolClass]:
    """Return the active classes that the viewer may open today, by title: taught, in schools led, or all."""
    found = SchoolClass.objects.select_related("school", "course").filter(active=True)
    if not viewer.is_a(Role.DISTRICT):
        found = found.filter(Q(id__in=viewer.classes) | Q(school_id__in=viewer.schools))
    return list(found.order_by("title", "id"))
