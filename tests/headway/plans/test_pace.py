"""Pace in a plan, with every number worked by hand; the weeks are those of `school`."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from headway.access.types import SYSTEM
from headway.frameworks import actions as frameworks
from headway.frameworks.types import REPLACED_BY
from headway.plans import actions, queries
from headway.plans.types import PaceRow
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as standing
from headway.proficiency.queries import Moment

from ..frameworks.packages import node, package, under
from .school import CODES, FIRST, LAST, NOW, at, build, rate, student, target

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
AT = datetime(2026, 8, 10, 18, tzinfo=UTC)
NOVEMBER = date(2026, 11, 6)  # instructed day 60; the window of 40 days begins after day 20, on 14 September


@pytest.fixture(autouse=True)
def school(tmp_path: Path) -> None:
    build(tmp_path)


def plan(
    who: str = "u1", pieces: int = 3, codes: str = "A.1 A.2 A.3 A.4", key: str = "P", **days: date
) -> None:
    version = actions.make_template(
        actor=SYSTEM, key=key, items=[(target(code), pieces) for code in codes.split()], at=AT
    )
    actions.assign(
        actor=SYSTEM, version=version.id, students=[student(who)], at=AT,
        starts_on=days.get("starts", FIRST), ends_on=days.get("ends", LAST),
    )  # fmt: skip


def pace(day: date | Moment = NOVEMBER, who: str = "u1") -> PaceRow:
    (row,) = queries.pace_of(day if isinstance(day, Moment) else at(day), [student(who)])
    return row


def test_the_fields_of_a_row() -> None:
    first = ("student", "plan", "progress", "filled", "required", "rate", "low", "high")
    last = ("weeks_needed", "margin_weeks", "state", "reason", "color", "n")
    assert tuple(f.name for f in fields(PaceRow)) == first + last


def test_a_plan_by_hand() -> None:
    plan()
    for code, days in {"A.1": "08-20 09-15 10-01", "A.2": "09-11 09-14"}.items():
        for day in days.split():
            rate("u1", code, f"2026-{day}")
    rate("u1", "A.3", "2026-10-05", None, status="missed")
    rate("u1", "A.4", "2026-10-06", None, status="excused")
    row = pace()
    # A.4 is excused and leaves both sums: 3 + 2 + 0 of 3 x 3. In the window: 15 September, 1 October, 14 September.
    assert (row.plan, row.filled, row.required, row.n) == ("P", 5, 9, 3)
    assert row.progress == pytest.approx(5 / 9)
    # 3 in 8 weeks; 4 remain: 10.67 weeks. To 18 December 25 instructed days are left, the break set aside: 5 weeks.
    assert row.rate == pytest.approx(0.375) and row.weeks_needed == pytest.approx(4 / 0.375)
    assert row.margin_weeks == pytest.approx(5 - 4 / 0.375)
    assert (row.state, row.reason) == ("behind", "")
    # gamma(3.5) has its 10 % and 90 % points at 1.4166 and 6.0085 (chi-square with 7 degrees: 2.833, 12.017).
    assert row.low == pytest.approx(1.4166 / 8, abs=1e-4) and row.high == pytest.approx(6.0085 / 8, abs=1e-4)
    # At the high end 4 / 0.7511 = 5.33 weeks: 0.33 late, inside the buffer of 2; so it is not red yet.
    assert row.color == "amber"


def test_the_window_begins_on_the_day_after_forty_instructed_days() -> None:
    plan(codes="A.1 A.2")
    rate("u1", "A.1", "2026-09-11")
    rate("u1", "A.1", "2026-09-12")  # a Saturday belongs to the Friday before it
    rate("u1", "A.1", "2026-09-13")
    assert pace().n == 0 and pace().filled == 3
    rate("u1", "A.2", "2026-09-14")
    assert pace().n == 1


def test_a_plan_younger_than_the_window_is_counted_from_its_first_day() -> None:
    plan(starts=date(2026, 10, 5), codes="A.1 A.2")
    rate("u1", "A.1", "2026-10-02")
    rate("u1", "A.1", "2026-10-05")
    rate("u1", "A.1", "2026-11-06")
    row = pace()
    # The piece from before the plan fills a place but says nothing about its pace. 25 days, 5 weeks known: 2 / 5.
    assert (row.filled, row.n) == (3, 2) and row.rate == pytest.approx(2 / 5)
    # 3 remain: 7.5 weeks, 5 are left.
    assert row.margin_weeks == pytest.approx(-2.5) and row.state == "behind"


def test_four_weeks_are_known_on_the_twentieth_instructed_day() -> None:
    plan()
    rate("u1", "A.1", "2026-09-09")
    row = pace(date(2026, 9, 10))
    assert (row.state, row.reason, row.rate, row.n) == ("not_enough_data", "under_minimum_weeks", None, 1)
    assert row.progress == pytest.approx(1 / 12)
    row = pace(date(2026, 9, 11))
    assert row.rate == pytest.approx(1 / 4) and row.state == "behind"


def test_no_chance_offered_and_no_finish() -> None:
    plan()
    rate("u1", "B.1", "2026-10-01")  # outside the plan
    rate("u1", "A.1", "2026-10-01", 3, purpose="practice")
    rate("u1", "A.1", "2026-10-01", 3, kind="self")
    row = pace()
    assert (row.state, row.reason, row.color, row.n) == ("no_chance_offered", "no_chance_offered", "none", 0)
    rate("u1", "A.1", "2026-09-11", None, status="missed")  # before the window
    assert pace().state == "no_chance_offered"
    rate("u1", "A.1", "2026-09-14", None, status="missed")
    row = pace()
    assert (row.state, row.reason, row.rate) == ("behind", "no_finish_at_this_rate", 0.0)
    assert row.weeks_needed is None and row.margin_weeks is None


def test_work_of_which_there_is_too_little_is_a_chance_and_no_piece() -> None:
    plan()
    rate("u1", "A.1", "2026-10-01", None, status="too_little")
    assert (pace().state, pace().filled, pace().reason) == ("behind", 0, "no_finish_at_this_rate")


def test_work_beyond_what_is_asked_brings_the_end_no_nearer() -> None:
    plan(pieces=2, codes="A.1 A.2")
    for day in ("2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06"):
        rate("u1", "A.1", day)
    row = pace()
    assert (row.filled, row.required, row.n) == (2, 4, 2)


def test_showing_a_piece_again_is_no_second_piece() -> None:
    plan(codes="A.1 A.2")
    rate("u1", "A.1", "2026-08-20", 2, evidence="essay")
    rate("u1", "A.1", "2026-10-20", 3, evidence="essay", attempt=2)
    row = pace()
    # It belongs to August, outside the window; the second showing is a chance.
    assert (row.filled, row.n, row.reason) == (1, 0, "no_finish_at_this_rate")
    # A piece on two targets fills a place on each; two raters of one attempt are one piece.
    rate("u1", "A.1", "2026-10-21", 3, evidence="talk")
    rate("u1", "A.1", "2026-10-22", 2, evidence="talk", kind="panel")
    rate("u1", "A.2", "2026-10-21", 3, evidence="talk")
    assert (pace().filled, pace().n) == (3, 2)


def test_completing_fills_what_remains() -> None:
    plan(pieces=4, codes="A.1 A.2")
    rate("u1", "A.1", "2026-10-01", None, override="completes")
    # The policy asks for 2 pieces, the plan for 4: `completes` fills the plan's places too, and is no evidence.
    assert (pace().filled, pace().required, pace().n, pace().reason) == (4, 8, 0, "no_chance_offered")


def test_done_is_ahead_while_time_is_left() -> None:
    plan(pieces=1, codes="A.1")
    rate("u1", "A.1", "2026-08-18")
    row = pace(date(2026, 8, 19))
    assert (row.state, row.reason, row.progress, row.color) == ("ahead", "done", 1.0, "green")
    # 30 November to 18 December: 15 instructed days, 3 weeks, after Friday 20 November and the break alike.
    assert pace(date(2026, 11, 20)).margin_weeks == pace(date(2026, 11, 29)).margin_weeks == 3.0
    assert (pace(date(2026, 12, 4)).state, pace(date(2026, 12, 4)).margin_weeks) == ("on_pace", 2.0)


def test_past_the_last_day_time_left_is_below_zero() -> None:
    plan(codes="A.1 A.2", ends=date(2026, 10, 30))
    for code in ("A.1", "A.2"):
        for day in ("2026-09-14", "2026-10-01"):
            rate("u1", code, day)
    row = pace()
    # 4 in 8 weeks, 2 remain: 4 weeks; the plan ended 5 instructed days ago.
    assert row.weeks_needed == pytest.approx(4.0) and row.margin_weeks == pytest.approx(-5.0)
    assert row.state == "behind"


def test_on_pace_and_ahead_by_the_buffer() -> None:
    plan(pieces=4, codes="A.1 A.2")
    for code in ("A.1", "A.2"):
        for day in ("2026-09-14", "2026-10-01"):
            rate("u1", code, day)
    # 4 in 8 weeks, 4 remain: 8 weeks, 5 are left: 3 late, beyond the buffer of 2.
    assert (pace().margin_weeks, pace().state) == (pytest.approx(-3.0), "behind")
    rate("u1", "A.1", "2026-10-02")
    # 5 in 8 weeks, 3 remain: 4.8 weeks.
    assert (pace().margin_weeks, pace().state) == (pytest.approx(0.2), "on_pace")
    rate("u1", "A.2", "2026-10-02")
    # 6 in 8 weeks, 2 remain: 2.67 weeks.
    assert (pace().margin_weeks, pace().state) == (pytest.approx(5 - 8 / 3), "ahead")


def test_where_everything_is_set_aside_nothing_is_said() -> None:
    plan(codes="A.1 A.2")
    rate("u1", "A.1", "2026-10-01", None, status="not_taught")
    rate("u1", "A.2", "2026-10-01", None, status="individual_goal")
    row = pace()
    assert (row.progress, row.required, row.state, row.reason) == (
        None,
        0,
        "not_enough_data",
        "nothing_required",
    )


def test_a_target_that_has_ended_leaves_the_plan() -> None:
    plan(codes="A.1 A.4")
    rate("u1", "A.1", "2026-10-01")
    rate("u1", "A.4", "2026-10-01")
    targets = [node(code, level=3 if code < "B" else 4) for code in (*CODES, "A.5")]
    targets.remove(next(one for one in targets if one.code == "A.4"))
    pack = package(
        "Math", ["A", "B", *targets], *under("Math", "A", "B"), *under("A", "A.1", "A.2", "A.3", "A.5"),
        *under("B", *CODES[4:]), (REPLACED_BY, "A.4", "A.5"),
    )  # fmt: skip
    frameworks.apply_package(
        pack, actor=SYSTEM, at=datetime(2026, 10, 10, tzinfo=UTC), in_force_on=date(2026, 11, 1)
    )
    assert (pace(date(2026, 10, 31)).filled, pace(date(2026, 10, 31)).required) == (2, 6)
    assert (pace().filled, pace().required) == (1, 3)
    # On the new target the evidence of the old one counts as its first.
    plan("u1", codes="A.5", key="Q")
    assert [(row.plan, row.filled, row.n) for row in queries.pace_of(at(NOVEMBER), [student("u1")])] == [
        ("P", 1, 1), ("Q", 1, 1)
    ]  # fmt: skip


def test_what_came_later_or_is_held_does_not_count() -> None:
    plan(codes="A.1 A.2")
    rate("u1", "A.1", "2026-10-01")
    rate("u1", "A.1", "2026-11-07")
    key = rate("u1", "A.2", "2026-10-02", held=True)
    assert (pace().filled, pace().n) == (1, 1)
    proficiency.release_ratings(actor=SYSTEM, keys=[key], at=NOW)
    assert (pace().filled, pace().n) == (2, 2)


def test_today_needs_no_day() -> None:
    plan(codes="A.1 A.2")
    rate("u1", "A.1", "2026-10-01")
    live = standing.moment(now=datetime(2026, 11, 6, 18, tzinfo=UTC))
    assert pace(live) == pace()


def test_a_missed_chance_that_counts_as_zero_is_still_no_piece(tmp_path: Path) -> None:
    policy = {
        "name": "best", "in_force": "2026-08-01", "applies": {}, "scale": "four", "rule": "best-n",
        "parameters": {"n": 2, "level": 3, "missed_counts": True}, "requirement": {"pieces": 2},
    }  # fmt: skip
    from headway.proficiency.configuration import DEFAULT

    from .school import CALENDAR

    body = {**DEFAULT, "calendar": CALENDAR, "policy": [policy]}
    proficiency.import_policy(actor=SYSTEM, body=body, name="p", at=AT)
    plan(codes="A.1 A.2")
    rate("u1", "A.1", "2026-10-01", None, status="missed")
    rate("u1", "A.1", "2026-10-02", 3)
    rate("u1", "A.1", "2026-10-05", 3)
    rate("u1", "A.1", "2026-10-06", 3)
    # The rule looks at its best 2, the plan asks for 3 and has them.
    assert (pace().filled, pace().n) == (3, 3)


def test_without_a_calendar_every_weekday_is_instructed() -> None:
    from headway.proficiency.configuration import DEFAULT

    proficiency.import_policy(actor=SYSTEM, body={**DEFAULT, "calendar": []}, name="p", at=AT)
    plan(pieces=1, codes="A.1")
    rate("u1", "A.1", "2026-08-18")
    # The week of 23 November counts: 6 weeks, not 5.
    assert pace().margin_weeks == 6.0


def test_the_report_names_students_and_plans() -> None:
    plan()
    plan(codes="B.1", key="Other")
    plan("u2")
    rows = queries.rows_for_report(at(NOVEMBER), [student("u1"), student("u2"), student("u4")])
    assert [(row["student"], row["plan"]) for row in rows] == [("u1", "Other"), ("u1", "P"), ("u2", "P")]
    assert {"student", "progress", "rate", "weeks_needed", "margin_weeks", "state", "reason"} <= rows[
        0
    ].keys()


def test_statements_are_as_many_for_one_as_for_all(django_assert_num_queries) -> None:
    for who in ("u1", "u2", "u3", "u4"):
        plan(who)
        rate(who, "A.1", "2026-10-01")
    m = at(NOVEMBER)
    for names in (["u1"], ["u1", "u2", "u3", "u4"]):
        ids = [student(name) for name in names]
        with django_assert_num_queries(3):
            assert len(queries.pace_of(m, ids)) == len(names)
    with django_assert_num_queries(1):
        assert queries.pace_of(m, [0]) == []
