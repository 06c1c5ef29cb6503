"""One student's plan target by target, what it differs in, and the change taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.access.models import AuditEntry
from headway.access.types import SYSTEM, Role, Viewer
from headway.kit.refusals import Refusal
from headway.plans import actions, queries
from headway.plans.models import Plan
from headway.plans.types import ItemChange, PlanSteps, Step

from .school import FIRST, LAST, at, build, rate, student, target

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
AT = datetime(2026, 9, 1, 18, tzinfo=UTC)
LATER = datetime(2026, 10, 1, 18, tzinfo=UTC)
DAY = date(2026, 10, 5)


@pytest.fixture(autouse=True)
def school(tmp_path: Path) -> None:
    build(tmp_path)


def give(*asked: tuple[str, int], weeks: dict[str, int] | None = None, starts: date = FIRST, ends: date = LAST, n: str = "u1",
         when: datetime = AT) -> int:  # fmt: skip
    version = actions.make_template(
        actor=SYSTEM, key="Fractions", items=[(target(code), pieces) for code, pieces in asked], at=when,
        due_weeks={target(code): week for code, week in (weeks or {}).items()},
    )  # fmt: skip
    actions.assign(
        actor=SYSTEM, version=version.id, students=[student(n)], starts_on=starts, ends_on=ends, at=when
    )
    return Plan.objects.latest("pk").pk


def shown(day: date = DAY, name: str = "u1") -> PlanSteps:
    m = at(day)
    (plan,) = queries.plans_of([student(name)], day)[student(name)]
    return queries.steps_of(m, plan)


def step(code: str, day: date = DAY) -> Step:
    return next(one for one in shown(day).steps if one.target == target(code))


def change(*changes: ItemChange, plan: int | None = None, ends: date = LAST, **said: Any) -> int:
    key = plan or Plan.objects.filter(ended_at=None).latest("pk").pk
    return actions.change_plan(actor=SYSTEM, plan=key, changes=changes, ends_on=ends, at=LATER, **said)


def refused(*changes: ItemChange, **said: Any) -> str:
    before = list(Plan.objects.order_by("pk").values("pk", "ended_at", "differences"))
    with pytest.raises(Refusal) as caught:
        change(*changes, **said)
    assert list(Plan.objects.order_by("pk").values("pk", "ended_at", "differences")) == before
    return caught.value.code


# Target by target.


def test_targets_without_weeks_are_spread_over_the_instructed_days_by_their_pieces() -> None:
    give(("A.1", 1), ("A.2", 1), ("A.3", 2))
    # 85 instructed days from 17 August to 18 December without the break: the quarters end on the 22nd and 43rd.
    assert [(one.due_on, one.state) for one in shown().steps] == [
        (date(2026, 9, 15), "late"), (date(2026, 10, 14), "due"), (LAST, "due")]  # fmt: skip


def test_a_week_of_a_template_is_one_of_the_calendar_with_instruction() -> None:
    give(("A.1", 1), ("A.2", 1), weeks={"A.1": 14, "A.2": 15}, starts=date(2026, 8, 19))
    # The plan begins on a Wednesday; the break of 23 to 27 November is no week of it.
    assert [one.due_on for one in shown().steps] == [date(2026, 11, 20), date(2026, 12, 4)]


def test_a_target_is_done_late_due_or_set_aside() -> None:
    give(("A.1", 1), ("A.2", 2), ("A.3", 1), ("A.4", 1), weeks={"A.1": 1, "A.2": 2, "A.3": 10, "A.4": 3})
    rate("u1", "A.1", "2026-08-20")
    rate("u1", "A.2", "2026-08-20")
    rate("u1", "A.4", "2026-08-25", None, status="excused")
    found = {one.target: (one.state, one.filled) for one in shown().steps}
    assert found == {
        target("A.1"): ("done", 1),
        target("A.2"): ("late", 1),
        target("A.3"): ("due", 0),
        target("A.4"): ("aside", 0),
    }
    weeks = shown().weeks
    assert [(one.asked, one.filled) for one in weeks[:3]] == [(1, 2), (3, 2), (3, 2)]
    (now,) = [one for one in weeks if one.now]
    assert (now.number, now.starts_on, now.asked, now.filled) == (8, DAY, 3, 2)
    assert weeks[9].due == (target("A.3"),) and weeks[9].filled is None


def test_the_pieces_in_are_those_of_the_pace() -> None:
    give(("A.1", 2), ("A.2", 2), ("A.3", 2))
    for day in ("2026-08-20", "2026-08-27", "2026-09-03"):
        rate("u1", "A.1", day)
    rate("u1", "A.2", "2026-09-10")
    change(ItemChange(target("A.3"), 1, None, "moves away"), ItemChange(target("B.1"), 3))
    (pace,) = queries.pace_of(at(DAY), [student("u1")])
    counted = [one for one in shown().steps if one.state not in ("waived", "aside")]
    assert (
        (pace.filled, pace.required)
        == (sum(one.filled for one in counted), sum(one.pieces for one in counted))
        == (3, 7)
    )
    assert next(one for one in shown().weeks if one.now).filled == 3


def test_statements_do_not_grow_with_targets_or_pieces() -> None:
    def statements() -> int:
        m = at(DAY)
        (plan,) = queries.plans_of([student("u1")], DAY)[student("u1")]
        with CaptureQueriesContext(
            connection,
        ) as found:
            queries.steps_of(m, plan)
        return len(found)

    give(("A.1", 1))
    few = statements()
    give(*[(code, 5) for code in ("A.1", "A.2", "A.3", "A.4", "B.1", "B.2", "B.3")], when=LATER)
    for n in range(1, 9):
        rate("u1", "A.1", f"2026-09-0{n}")
    change(ItemChange(target("B.4"), 2))
    assert statements() <= few + 1 <= 7


# Differences.


def test_days_pieces_waived_and_added_targets_are_this_students_alone() -> None:
    give(("A.1", 2), ("A.2", 2), ("A.3", 2), n="u2")
    first = give(("A.1", 2), ("A.2", 2), ("A.3", 2))
    made = change(
        ItemChange(target("A.1"), 3), ItemChange(target("A.2"), 2, date(2026, 11, 4)),
        ItemChange(target("A.3"), 2, None, " shown  elsewhere "), ItemChange(target("B.1"), 1, date(2026, 12, 1)),
    )  # fmt: skip
    assert Plan.objects.get(pk=first).ended_at == LATER and Plan.objects.get(pk=made).ended_at is None
    assert [(one.pieces, one.state, one.own, one.reason) for one in shown().steps] == [
        (3, "late", True, ""), (2, "due", True, ""), (2, "waived", True, "shown elsewhere"), (1, "due", True, "")]  # fmt: skip
    assert (step("A.2").due_on, step("A.1").template_pieces, step("B.1").added) == (
        date(2026, 11, 4),
        2,
        True,
    )
    assert step("A.2").template_due_on == shown(name="u2").steps[1].due_on
    assert not any(one.own for one in shown(name="u2").steps)
    entry = AuditEntry.objects.get(act="change_plan")
    assert entry.detail["before"] == first and "shown elsewhere" not in str(entry.detail)


def test_a_change_back_to_the_template_leaves_no_difference() -> None:
    give(("A.1", 2), ("A.2", 2))
    change(
        ItemChange(target("A.1"), 3), ItemChange(target("A.2"), 2, None, "why"), ItemChange(target("B.1"), 1)
    )
    own = step("A.1")
    change(ItemChange(target("A.1"), 2, own.template_due_on), ItemChange(target("A.2"), 2),
           ItemChange(target("B.1"), 1, None, ""))  # fmt: skip
    assert Plan.objects.get(ended_at=None).differences == {} and not any(one.own for one in shown().steps)


def test_what_a_change_does_not_name_stays_and_nothing_new_writes_nothing() -> None:
    first = give(("A.1", 2), ("A.2", 2))
    assert change(ItemChange(target("A.1"), 2)) == first
    second = change(ItemChange(target("A.1"), 4))
    change(ItemChange(target("A.2"), 1))
    assert [one.pieces for one in shown().steps] == [4, 1]
    assert refused(ItemChange(target("A.1"), 1), plan=second) == "plan_changed"
    assert refused(ItemChange(target("A.1"), 1), plan=first) == "plan_changed"


def test_a_later_last_day_moves_what_the_template_spreads() -> None:
    give(("A.1", 1), ("A.2", 1))
    before = step("A.1").due_on
    change(ends=date(2027, 2, 26))
    found = shown()
    assert found.plan.ends_on == found.steps[1].due_on == date(2027, 2, 26) and found.steps[0].due_on > before
    assert not any(one.own for one in found.steps)


def test_what_a_change_may_not_ask() -> None:
    give(("A.1", 1), ("A.2", 2))
    rate("u1", "A.1", "2026-08-20")
    two = target("A.2")
    for items, code in [
        ([ItemChange(two, 0)], "out_of_range"), ([ItemChange(two, 1000)], "out_of_range"),
        ([ItemChange(two, 1, date(2026, 8, 16))], "not_a_day"), ([ItemChange(two, 1, date(2026, 12, 19))], "not_a_day"),
        ([ItemChange(two, 1, None, "  ")], "reason_required"), ([ItemChange(two, 1, None, "x" * 501)], "too_long"),
        ([ItemChange(target("A.1"), 1, None, "why")], "target_done"), ([ItemChange(two, 1), ItemChange(two, 2)], "target_twice"),
        ([ItemChange(10**12, 1)], "unknown_target"),
    ]:  # fmt: skip
        assert refused(*items) == code, code
    assert refused(ends=date(2026, 8, 1)) == "not_a_span"
    assert refused(plan=10**12) == "no_such_plan"


def test_only_adults_who_see_the_student_at_school_change_a_plan() -> None:
    key = give(("A.1", 1), ("A.2", 2))
    own = Viewer(roles=frozenset({Role.STUDENT}), person_id=student("u1"), today=DAY)
    for actor, code in [
        (own, "forbidden"),
        (Viewer(roles=frozenset({Role.TEACHER}), classes=frozenset({10**9}), today=DAY), "no_such_plan"),
        (
            Viewer(
                roles=frozenset({Role.TEACHER, Role.FAMILY}), children=frozenset({student("u1")}), today=DAY
            ),
            "no_such_plan",
        ),
    ]:
        for act in (
            lambda who: actions.change_plan(
                actor=who, plan=key, changes=[ItemChange(target("A.1"), 2)], ends_on=LAST, at=LATER
            ),
            lambda who: actions.undo_plan_change(actor=who, plan=key, at=LATER),
        ):
            with pytest.raises(Refusal) as caught:
                act(actor)
            assert caught.value.code == code


# Taken back.


def test_the_last_change_is_taken_back_and_the_one_before_it_too() -> None:
    first = give(("A.1", 2), ("A.2", 2))
    second = change(ItemChange(target("A.1"), 3))
    third = change(ItemChange(target("A.2"), 5))
    assert shown().undoable
    assert actions.undo_plan_change(actor=SYSTEM, plan=third, at=LATER) == second
    assert [one.pieces for one in shown().steps] == [3, 2]
    assert actions.undo_plan_change(actor=SYSTEM, plan=second, at=LATER) == first
    assert not any(one.own for one in shown().steps) and not shown().undoable
    with pytest.raises(Refusal) as caught:
        actions.undo_plan_change(actor=SYSTEM, plan=first, at=LATER)
    assert caught.value.code == "nothing_to_undo"
    assert AuditEntry.objects.filter(act="undo_plan_change").count() == 2


def test_an_own_day_moves_with_a_plan_that_is_given_anew() -> None:
    give(("A.1", 1), ("A.2", 1))
    change(ItemChange(target("A.2"), 1, date(2026, 8, 28)))  # the tenth instructed day
    give(("A.1", 1), ("A.2", 1), starts=date(2026, 9, 7), when=LATER)
    assert step("A.2").due_on == date(2026, 9, 18)


def test_reasons_travel_with_the_record_and_go_with_an_erasure() -> None:
    give(("A.1", 1), ("A.2", 1))
    change(ItemChange(target("A.2"), 1, None, "shown at the hospital school"))
    first, second = queries.as_data(student=student("u1"))
    assert first["differences"] == {} and "hospital" in str(second["differences"])
    actions.erase_reasons(student=student("u1"))
    assert "hospital" not in str(queries.as_data(student=student("u1"))) and step("A.2").state == "waived"
