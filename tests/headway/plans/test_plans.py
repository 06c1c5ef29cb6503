"""Templates, plans, files and their undoing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from headway.access.models import AuditEntry, ImportRun
from headway.access.types import SYSTEM, Role, Viewer
from headway.frameworks.types import UndoScope
from headway.kit.refusals import Refusal
from headway.plans import actions, queries
from headway.plans.models import Plan, PlanTemplate, TemplateVersion
from headway.plans.types import Assigned, PlanItem
from headway.rosters.models import Person, RoleGrant

from .school import FIRST, LAST, build, student, target

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
AT = datetime(2026, 9, 1, 18, tzinfo=UTC)
LATER = datetime(2026, 10, 1, 18, tzinfo=UTC)
HEAD = ("plan", "student", "target", "pieces", "starts", "ends")


@pytest.fixture(autouse=True)
def school(tmp_path: Path) -> None:
    build(tmp_path)


def template(*asked: tuple[str, int], key: str = "Fractions", at: datetime = AT):
    return actions.make_template(actor=SYSTEM, key=key, items=[(target(c), n) for c, n in asked], at=at)


def give(version, *names: str, starts: date = FIRST, ends: date = LAST, at: datetime = AT) -> Assigned:
    return actions.assign(
        actor=SYSTEM,
        version=version.id,
        students=[student(n) for n in names],
        starts_on=starts,
        ends_on=ends,
        at=at,
    )


def read(text: str, at: datetime = AT, **options):
    rows = [dict(zip(HEAD, line.split(","), strict=True)) for line in text.strip().splitlines()]
    return actions.import_plans(
        actor=SYSTEM, rows=rows, lines=range(2, len(rows) + 2), name="plans.csv", digest="d", at=at, **options
    )


def refused(text: str) -> list[tuple]:
    before = (Plan.objects.count(), PlanTemplate.objects.count(), ImportRun.objects.count())
    with pytest.raises(Refusal) as caught:
        read(text)
    assert caught.value.code == "plans_invalid"
    assert (Plan.objects.count(), PlanTemplate.objects.count(), ImportRun.objects.count()) == before
    assert all(f.file == "plans.csv" for f in caught.value.findings)
    return [(f.line, f.column, f.code, f.value) for f in caught.value.findings]


def asked(name: str, day: date = date(2026, 10, 5)) -> dict[str, list[tuple[str, int]]]:
    codes = {target(code): code for code in ("A.1", "A.2", "A.3", "A.4", "B.1")}
    own = student(name)
    found = queries.plans_of([own], day)[own]
    return {plan.plan: [(codes[item.target], item.pieces) for item in plan.items] for plan in found}


# Templates.


def test_a_template_keeps_its_versions_and_makes_none_for_the_same() -> None:
    first = template(("A.1", 2), ("A.2", 3))
    assert (first.number, first.items) == (1, (PlanItem(target("A.1"), 2), PlanItem(target("A.2"), 3)))
    assert template(("A.1", 2), ("A.2", 3)) == first
    # Another order is another version, and going back to the first makes a third.
    assert template(("A.2", 3), ("A.1", 2)).number == 2
    assert template(("A.1", 2), ("A.2", 3)).number == 3
    assert queries.newest_version("Fractions").number == 3
    assert [one.number for one in queries.templates()] == [3]
    assert AuditEntry.objects.filter(act="make_template").count() == 3


def test_templates_stand_in_the_order_of_grades() -> None:
    names = ["Math 10", "Math KG", "Reading 01", "Math 2", "Math PK", "math 01"]
    for name in names:
        template(("A.1", 1), key=name)
    assert [one.plan for one in queries.templates()] == [
        "Math PK", "Math KG", "math 01", "Math 2", "Math 10", "Reading 01",
    ]  # fmt: skip


@pytest.mark.parametrize("items", [[], [("A.1", 0)], [("A.1", 1000)], [("A.1", 1), ("A.1", 2)]])
def test_an_impossible_template_is_refused(items) -> None:
    with pytest.raises(Refusal) as caught:
        template(*items)
    assert caught.value.code == "plan_invalid" and not PlanTemplate.objects.exists()


def test_students_and_families_give_no_plans() -> None:
    version = template(("A.1", 2))
    for role in (Role.STUDENT, Role.FAMILY):
        with pytest.raises(Refusal) as caught:
            actions.assign(
                actor=Viewer(roles=frozenset({role})), version=version.id, students=[student("u1")],
                starts_on=FIRST, ends_on=LAST, at=AT,
            )  # fmt: skip
        assert caught.value.code == "forbidden"


# Plans.


def test_assigning_twice_keeps_the_first() -> None:
    version = template(("A.1", 2))
    assert give(version, "u1", "u2") == Assigned(made=2, kept=0, ended=0)
    assert give(version, "u1", "u2", "u3", at=LATER) == Assigned(made=1, kept=2, ended=0)
    assert Plan.objects.count() == 3 and asked("u1") == {"Fractions": [("A.1", 2)]}


def test_a_new_version_takes_the_place_of_the_old_and_the_old_keeps_its_own_version() -> None:
    give(template(("A.1", 2)), "u1", "u2")
    second = template(("A.1", 2), ("A.2", 1), at=LATER)
    assert give(second, "u1", at=LATER) == Assigned(made=1, kept=0, ended=1)
    assert asked("u1") == {"Fractions": [("A.1", 2), ("A.2", 1)]}
    assert asked("u2") == {"Fractions": [("A.1", 2)]}


def test_a_plan_that_begins_later_leaves_the_old_one_standing_until_then() -> None:
    version = template(("A.1", 2))
    give(version, "u1")
    give(version, "u1", starts=date(2027, 1, 4), ends=date(2027, 5, 28), at=LATER)
    own = student("u1")

    def last(day: date) -> date:
        return queries.plans_of([own], day)[own][0].ends_on

    assert last(date(2026, 12, 18)) == last(date(2027, 1, 3)) == LAST
    assert last(date(2027, 1, 4)) == date(2027, 5, 28)


def test_a_plan_holds_from_its_first_day_and_past_its_last_until_it_is_ended() -> None:
    give(template(("A.1", 2)), "u1", starts=date(2026, 9, 7), ends=date(2026, 9, 18))
    assert asked("u1", date(2026, 9, 6)) == {} and asked("u1", date(2026, 9, 7)) != {}
    assert asked("u1", date(2026, 10, 30)) != {}
    # Ended on 1 October at 20:00 in Denver, which is 2 October in UTC: the day of the school counts.
    evening = datetime(2026, 10, 2, 2, tzinfo=UTC)
    keys = [plan.id for plan in queries.plans_of([student("u1")], date(2026, 9, 30))[student("u1")]]
    assert actions.end_plans(actor=SYSTEM, plans=keys, at=evening) == 1
    assert asked("u1", date(2026, 9, 30)) != {} and asked("u1", date(2026, 10, 1)) == {}
    assert actions.end_plans(actor=SYSTEM, plans=keys, at=evening) == 0


def test_what_cannot_be_assigned() -> None:
    version = template(("A.1", 2))
    for students, starts, ends, number, code in [
        ([student("u1")], LAST, FIRST, version.id, "not_a_span"),
        ([student("T1")], FIRST, LAST, version.id, "no_such_person"),
        ([10**9], FIRST, LAST, version.id, "no_such_person"),
        ([student("u1")], FIRST, LAST, 10**9, "unknown_version"),
    ]:
        with pytest.raises(Refusal) as caught:
            actions.assign(
                actor=SYSTEM, version=number, students=students, starts_on=starts, ends_on=ends, at=AT
            )
        assert caught.value.code == code
    assert not Plan.objects.exists()


def test_statements_to_assign_grow_with_parts_of_rows_only(django_assert_max_num_queries) -> None:
    Person.objects.bulk_create(
        [Person(sourced_id=f"s{n}", given_name="S", family_name=str(n)) for n in range(2000)]
    )
    people = list(
        Person.objects.filter(sourced_id__startswith="s", given_name="S").values_list("id", flat=True)
    )
    RoleGrant.objects.bulk_create([RoleGrant(person_id=p, role="student", starts_on=FIRST) for p in people])
    version = template(("A.1", 2))
    with django_assert_max_num_queries(
        50
    ):  # 8, and per 1,000 rows: 2 to look, 1 to find plans, at most 12 to write
        done = actions.assign(
            actor=SYSTEM, version=version.id, students=people, starts_on=FIRST, ends_on=LAST, at=AT
        )
    assert done == Assigned(2000, 0, 0)
    with django_assert_max_num_queries(16):
        assert actions.assign(
            actor=SYSTEM, version=version.id, students=people, starts_on=FIRST, ends_on=LAST, at=AT
        ) == Assigned(0, 2000, 0)  # fmt: skip
    with django_assert_max_num_queries(2):
        assert sum(map(len, queries.plans_of(people, FIRST).values())) == 2000


# Files.

THREE = """
Fractions,u1,A.1,2,2026-08-17,2026-12-18
Fractions,u1,A.2,2,2026-08-17,2026-12-18
Fractions,u2,A.2,2,2026-08-17,2026-12-18
Fractions,u2,A.1,2,2026-08-17,2026-12-18
Fractions,u3,A.2,5,2026-08-24,2026-12-18
Fractions,u3,MATH_B1,1,2026-08-24,2026-12-18
""".replace("MATH_B1", "Math:B.1")


def test_students_with_the_same_items_share_a_version_and_the_others_hold_what_differs() -> None:
    found = read(THREE)
    assert {k: v for k, v in found.items() if k != "run"} == {
        "rows": 6, "names": 1, "versions": 1, "new": 3, "kept": 0, "ended": 0
    }  # fmt: skip
    assert TemplateVersion.objects.count() == 1
    assert asked("u1") == asked("u2") == {"Fractions": [("A.1", 2), ("A.2", 2)]}
    # Cy leaves A.1 out, asks five of A.2, and adds B.1.
    assert asked("u3") == {"Fractions": [("A.2", 5), ("B.1", 1)]}
    ana, cy = (Plan.objects.get(student_id=student(n)) for n in ("u1", "u3"))
    assert ana.differences == {} and sorted(cy.differences) == ["added", "pieces", "removed"]
    assert ImportRun.objects.get(kind="plans").counts["new"] == 3


def test_the_same_file_again_changes_nothing() -> None:
    read(THREE)
    again = read(THREE, LATER)
    assert (again["new"], again["kept"], again["ended"], again["versions"]) == (0, 3, 0, 0)
    assert Plan.objects.count() == 3


def test_a_plan_of_the_import_writes_nothing() -> None:
    found = read(THREE, plan_only=True)
    assert found == {"plan": True, "rows": 6, "names": 1, "versions": 1, "new": 3, "kept": 0, "ended": 0}
    assert not (
        Plan.objects.exists() or PlanTemplate.objects.exists() or ImportRun.objects.filter(kind="plans")
    )


def test_a_new_assignment_hands_the_differences_on() -> None:
    read(THREE)
    give(template(("A.1", 2), ("A.2", 2), ("A.4", 1), at=LATER), "u3", at=LATER)
    assert asked("u3") == {"Fractions": [("A.2", 5), ("A.4", 1), ("B.1", 1)]}


def test_every_fault_is_named_with_its_place() -> None:
    assert refused(
        """
,u1,A.1,2,2026-08-17,2026-12-18
Fractions,u9,A.1,2,2026-08-17,2026-12-18
Fractions,T1,A.1,2,2026-08-17,2026-12-18
Fractions,u1,Z.9,2,2026-08-17,2026-12-18
Fractions,u1,A,2,2026-08-17,2026-12-18
Fractions,u1,A.1,0,2026-08-17,2026-12-18
Fractions,u1,A.1,two,17.8.2026,2026-12-18
Fractions,u1,A.1,2,2026-08-17,2026-08-16
Fractions,u2,A.1,2,2026-08-17,2026-12-18
Fractions,u2,Math:A.1,3,2026-08-18,2026-12-18
Fractions,u2,A.2,2,2026-02-30,1900-01-01
"""
    ) == [
        (2, "plan", "required", None),
        (3, "student", "unknown_student", "u9"),
        (4, "student", "unknown_student", "T1"),
        (5, "target", "unknown_target", "Z.9"),
        (6, "target", "unknown_target", "A"),
        (7, "pieces", "out_of_range", "0"),
        (8, "starts", "not_a_day", "17.8.2026"),
        (8, "pieces", "out_of_range", "two"),
        (9, "ends", "ends_before_start", "2026-08-16"),
        (11, "starts", "days_differ", "2026-08-18"),
        (11, "target", "target_twice", "Math:A.1"),
        (12, "starts", "not_a_day", "2026-02-30"),
        (12, "ends", "out_of_range", "1900-01-01"),
    ]


def test_an_undo_puts_back_what_stood() -> None:
    give(template(("A.1", 3)), "u1")
    run = read(THREE, LATER)["run"]
    assert asked("u1") == {"Fractions": [("A.1", 2), ("A.2", 2)]}
    undone = actions.undo_plans(run_id=run, actor=SYSTEM, at=LATER)
    assert undone.status == "undone"
    assert asked("u1") == {"Fractions": [("A.1", 3)]} and asked("u2") == asked("u3") == {}
    assert TemplateVersion.objects.count() == 1
    for number, code in ((run, "already_undone"), (10**6, "no_such_import")):
        with pytest.raises(Refusal) as caught:
            actions.undo_plans(run_id=number, actor=SYSTEM, at=LATER)
        assert caught.value.code == code


def test_an_undo_is_refused_by_name_once_something_stands_on_it() -> None:
    run = read(THREE)["run"]
    plan = Plan.objects.get(student_id=student("u2"))
    actions.end_plans(actor=SYSTEM, plans=[plan.pk], at=LATER)
    give(queries.newest_version("Fractions"), "u4", at=LATER)
    with pytest.raises(Refusal) as caught:
        actions.undo_plans(run_id=run, actor=SYSTEM, at=LATER)
    assert caught.value.code == "undo_blocked"
    assert [f.value for f in caught.value.findings] == ["u2", "u4"] and Plan.objects.count() == 4


def test_a_first_import_undone_leaves_no_template() -> None:
    run = read(THREE)["run"]
    actions.undo_plans(run_id=run, actor=SYSTEM, at=LATER)
    assert not (PlanTemplate.objects.exists() or TemplateVersion.objects.exists() or Plan.objects.exists())


def test_a_continuum_that_plans_ask_for_cannot_be_taken_back() -> None:
    template(("A.1", 2))
    scope = UndoScope(run_id=1, at=AT, added=frozenset({target("A.1")}), changed=frozenset())
    assert [f.value for f in queries.in_the_way_of(scope)] == ["Fractions"]
    scope = UndoScope(run_id=1, at=AT, added=frozenset({target("A.2")}), changed=frozenset())
    assert queries.in_the_way_of(scope) == []


def test_a_roster_whose_students_have_plans_cannot_be_taken_back() -> None:
    give(template(("A.1", 2)), "u2", "u1")
    people = [student(name) for name in ("u1", "u2", "u4")]
    assert queries.in_the_way_of_people(people) == ["student u1 has a plan", "student u2 has a plan"]


def test_statements_of_a_file_do_not_grow_with_its_rows(django_assert_max_num_queries) -> None:
    lines = [
        f"P,u{1 + n % 3},{code},1,2026-08-17,2026-12-18"
        for n in range(3)
        for code in ("A.1", "A.2", "A.3", "A.4")
    ]
    with django_assert_max_num_queries(30):
        read("\n".join(lines))
