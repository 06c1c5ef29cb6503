"""Who may see whom, on a day, with the number of statements that it takes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from headway.access import actions as access
from headway.access.types import SYSTEM, Role, Viewer
from headway.interop.oneroster.apply import import_roster
from headway.kit.refusals import Refusal
from headway.rosters import actions, queries
from headway.rosters.models import Org, Person, SchoolClass

from ..interop.oneroster.small_roster import ROSTER_12, folder

pytestmark = pytest.mark.django_db
AT = datetime(2026, 9, 20, 18, tzinfo=UTC)
DAY = date(2026, 9, 20)


@pytest.fixture(autouse=True)
def roster(tmp_path: Path) -> None:
    actions.begin_district(name="Juniper Valley", at=AT)
    import_roster(folder(tmp_path / "r", ROSTER_12), actor=SYSTEM, at=AT)


def viewer(sourced_id: str, day: date = DAY) -> Viewer:
    person = Person.objects.get(sourced_id=sourced_id)
    account, _ = access.open_account(
        actor=SYSTEM, username=f"{sourced_id}@{day}", name="", at=AT, person=None
    )
    account.person = person.uuid
    return queries.viewer_for(account, day)


def seen(who: Viewer, day: date = DAY) -> set[str]:
    found = {person.sourced_id for person in queries.students_visible_to(who, as_of=day)}
    assert queries.visible_ids(who, person_ids=[p.id for p in Person.objects.all()], as_of=day) == {
        p.id for p in Person.objects.filter(sourced_id__in=found)
    }
    for person in Person.objects.all():
        assert queries.can_see_student(who, person.id, day) == (person.sourced_id in found)
    return found


def test_a_teacher_sees_the_members_of_classes_taught_while_they_are_members() -> None:
    lopez = viewer("T1")
    assert Role.TEACHER in lopez.roles and len(lopez.classes) == 2
    assert seen(lopez) == {"u1", "u2", "u3"}
    assert seen(lopez, date(2026, 9, 14)) == {"u1", "u2"}
    # The last day of an enrollment is the day before its end.
    assert "u3" in seen(lopez, date(2026, 10, 14)) and "u3" not in seen(lopez, date(2026, 10, 15))


def test_a_principal_sees_the_school_for_the_time_of_the_grant() -> None:
    reed = viewer("T2")
    assert reed.is_a(Role.PRINCIPAL, Role.TEACHER) and seen(reed) == {"u4"}
    assert Role.PRINCIPAL not in viewer("T2", date(2027, 6, 1)).roles


def test_a_family_sees_its_children_and_a_student_sees_one() -> None:
    pat = viewer("p1")
    assert pat.roles == {Role.FAMILY} and seen(pat) == {"u1", "u2"}
    ana = viewer("u1")
    assert ana.roles == {Role.STUDENT} and seen(ana) == {"u1"}


def test_an_administrator_by_file_sees_nobody() -> None:
    assert viewer("a1").roles == frozenset() and seen(viewer("a1", date(2026, 9, 21))) == set()


def test_the_district_sees_all_students() -> None:
    assert seen(SYSTEM) == {"u1", "u2", "u3", "u4"}


def test_a_restriction_closes_every_way() -> None:
    ana, pat, lopez = (Person.objects.get(sourced_id=one) for one in ("u1", "p1", "T1"))
    for adult in (pat, lopez):
        actions.restrict_guardian(
            actor=SYSTEM,
            student_id=ana.id,
            guardian_id=adult.id,
            reason_code="court",
            at=AT,
            ends_on=date(2026, 12, 1),
        )
    assert viewer("p1").children == {Person.objects.get(sourced_id="u2").id}
    assert seen(viewer("p1", date(2026, 9, 21))) == {"u2"}
    assert seen(viewer("T1")) == {"u2", "u3"}
    assert "u1" in seen(viewer("p1", date(2026, 12, 1)), date(2026, 12, 1))


def test_a_restriction_is_lifted_by_people_only() -> None:
    ana, pat = (Person.objects.get(sourced_id=one) for one in ("u1", "p1"))
    kept = actions.restrict_guardian(
        actor=SYSTEM, student_id=ana.id, guardian_id=pat.id, reason_code="court", at=AT
    )
    with pytest.raises(Refusal, match="district"):
        actions.lift_restriction(actor=viewer("p1"), restriction_id=kept.pk, at=AT)
    actions.lift_restriction(actor=SYSTEM, restriction_id=kept.pk, at=AT)
    assert seen(viewer("p1", date(2026, 9, 21))) == {"u1", "u2"}


def test_a_substitute_stands_in_and_sees_no_record() -> None:
    boss, k1 = Person.objects.get(sourced_id="a1"), SchoolClass.objects.get(sourced_id="k1")
    actions.name_substitute(
        actor=SYSTEM, class_id=k1.id, person_id=boss.id, starts_on=DAY, ends_on=date(2026, 9, 21), at=AT
    )
    today, tomorrow = viewer("a1"), viewer("a1", date(2026, 9, 21))
    assert today.is_a(Role.TEACHER) and not today.classes and seen(today) == set()
    assert today.standing_in == {k1.id} and tomorrow.standing_in == frozenset()
    assert queries.class_in_scope(viewer=today, reference="k1") is None


def test_a_disabled_person_holds_no_role() -> None:
    Person.objects.filter(sourced_id="T1").update(enabled=False)
    assert viewer("T1").roles == frozenset()


def test_scopes_by_reference() -> None:
    lopez = viewer("T1")
    assert queries.class_in_scope(viewer=lopez, reference="k1") is not None
    assert queries.class_in_scope(viewer=lopez, reference="k3") is None
    assert queries.student_in_scope(viewer=lopez, reference="u1") is not None
    assert queries.student_in_scope(viewer=lopez, reference="u4") is None
    assert [one.sourced_id for one in queries.classes_of(viewer=lopez)] == ["k1", "k2"]


def test_references_and_search() -> None:
    ana = queries.person_by_reference("u1")
    assert queries.person_by_reference("ana") == queries.person_by_reference(str(ana.uuid)) == ana
    with pytest.raises(Refusal) as refusal:
        queries.person_by_reference("nobody")
    assert refusal.value.code == "no_such_person"
    assert [one.sourced_id for one in queries.people_named(viewer("T1"), text="an ab", as_of=DAY)] == ["u1"]
    assert queries.people_named(viewer("T2"), text="an ab", as_of=DAY) == []


def test_the_school_of_enrollment_is_that_of_the_classes() -> None:
    ids = queries.person_ids(sourced_ids=["u1", "u4"])
    schools = {one.sourced_id: one.id for one in Org.objects.filter(kind="school")}
    found = queries.enrolled_school(person_ids=ids.values(), on=DAY)
    assert found == {ids["u1"]: schools["s1"], ids["u4"]: schools["s2"]}


def test_the_number_of_statements_is_constant(django_assert_num_queries) -> None:
    pat = Person.objects.get(sourced_id="T1")
    account, _ = access.open_account(actor=SYSTEM, username="x", name="", at=AT, person=pat.uuid)
    with django_assert_num_queries(2):
        who = queries.viewer_for(account, DAY)
    with django_assert_num_queries(1):
        queries.can_see_student(who, pat.id, DAY)
    with django_assert_num_queries(1):
        list(queries.students_visible_to(who, as_of=DAY))
    with django_assert_num_queries(2):
        queries.enrolled_school(person_ids=range(1, 50), on=DAY)


def test_lists_sort_by_the_name_a_person_goes_by() -> None:
    k1 = SchoolClass.objects.get(sourced_id="k1")
    names = [one.sort_name() for one in queries.students_in_class(class_id=k1.id, as_of=DAY, viewer=None)]
    assert names == ["Abeyta, Anita", "O'Neil, Cy", "Ortiz, Ben"]
    assert Person(given_name="Suharto", family_name="Suharto").name() == "Suharto"
