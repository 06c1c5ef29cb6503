"""Who needs a response, and the day on which each reason begins; the school is that of the tests of plans."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from headway.access.types import SYSTEM
from headway.evidence import actions as evidence
from headway.evidence import queries as evidence_queries
from headway.evidence.models import Piece
from headway.evidence.queries import waiting
from headway.evidence.types import Task
from headway.kit.times import end_of_day
from headway.plans import actions as plans
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as standing
from headway.proficiency.configuration import DEFAULT
from headway.response import queries
from headway.response.types import REASONS, Need

from ..plans.school import CALENDAR, CODES, FIRST, LAST, at, build, rate, student, target

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
AT = datetime(2026, 8, 10, 18, tzinfo=UTC)
EVERYBODY = ("u1", "u2", "u3", "u4")
# Enrollments: Ana (u1) and Ben (u2) since 10 August, Cy (u3) from 15 September to 14 October, Dee (u4) without bound.


@pytest.fixture(autouse=True)
def school(tmp_path: Path) -> None:
    build(tmp_path)


def found(reason: str, day: date, *names: str) -> dict[str, Need]:
    ids = {student(name): name for name in names or EVERYBODY}
    return {ids[need.student]: need for need in queries.needs(at(day), list(ids)) if need.reason == reason}


def configure(**response: Any) -> None:
    said = {**DEFAULT, "calendar": CALENDAR, "response": {**DEFAULT["response"], **response}}
    proficiency.import_policy(actor=SYSTEM, body=said, name="p", at=AT)


# No evidence.


def test_no_evidence_for_three_weeks_of_school() -> None:
    rate("u1", "A.1", "2026-09-01")
    # The day after is the first of 15 school days; the 15th is Tuesday 22 September, 21 days later.
    assert "u1" not in found("no_evidence", date(2026, 9, 21))
    need = found("no_evidence", date(2026, 9, 22))["u1"]
    assert (need.target, need.since, need.detail) == (
        None,
        date(2026, 9, 1),
        {"school_days": 15, "evidence": 1},
    )


def test_the_clock_stands_still_in_a_break() -> None:
    rate("u1", "A.1", "2026-11-13")
    # Five school days to 20 November, none in the break, five to 4 December, five to 11 December: 28 days in all.
    assert "u1" not in found("no_evidence", date(2026, 12, 10))
    assert found("no_evidence", date(2026, 12, 11))["u1"].detail == {"school_days": 15, "evidence": 1}


def test_p6_the_clock_starts_anew_on_the_day_a_student_was_away() -> None:
    rate("u1", "A.1", "2026-09-01")
    rate("u2", "A.1", "2026-09-01")
    ids = [student("u1"), student("u2")]
    task = Task(key="give-0001", title="Map", targets=(target("A.1"),))
    evidence.give(actor=SYSTEM, task=task, students=ids, at=datetime(2026, 9, 8, 18, tzinfo=UTC))
    own = [one.uuid for one in evidence_queries.chances_of(ids) if one.student == ids[0]]
    proficiency.close_opportunities(
        actor=SYSTEM, opportunities=own, state="away", reason="ill", at=datetime(2026, 9, 10, 18, tzinfo=UTC),
        book=standing.book(),
    )  # fmt: skip
    assert set(found("no_evidence", date(2026, 9, 22), "u1", "u2")) == {"u2"}
    need = found("no_evidence", date(2026, 10, 1), "u1")["u1"]
    assert (need.since, need.detail["evidence"]) == (date(2026, 9, 10), 0)


def test_practice_is_evidence_here_and_missed_or_too_little_are_not() -> None:
    for who, fields in (
        ("u1", {"purpose": "practice"}),
        ("u2", {"status": "missed", "level": None}),
        ("u4", {"status": "too_little", "level": None}),
    ):
        rate(who, "A.1", "2026-08-18")
        rate(who, "A.1", "2026-09-15", **fields)
    assert set(found("no_evidence", date(2026, 9, 22), "u1", "u2", "u4")) == {"u2", "u4"}


def test_an_excused_day_starts_the_clock_anew() -> None:
    rate("u1", "A.1", "2026-09-01")
    rate("u1", "A.1", "2026-09-08", None, status="excused")
    assert "u1" not in found("no_evidence", date(2026, 9, 28))
    need = found("no_evidence", date(2026, 9, 29))["u1"]
    assert need.since == date(2026, 9, 8) and need.detail["evidence"] == 0


def test_new_students_are_left_out_for_as_long_as_the_district_says() -> None:
    # Cy came on 15 September: 20 days before 5 October, 21 before 6 October.
    assert "u3" not in found("no_evidence", date(2026, 10, 5))
    need = found("no_evidence", date(2026, 10, 6))["u3"]
    assert need.since == date(2026, 9, 15) and need.detail == {"school_days": 15, "evidence": 0}
    configure(new_student_days=30)
    # Until 14 October; the day after, Cy is in the class no more.
    assert "u3" not in found("no_evidence", date(2026, 10, 14))


def test_who_has_left_needs_nothing() -> None:
    assert "u3" in found("no_evidence", date(2026, 10, 14))
    configure(missed_chances={"count": 1, "days": 30})
    rate("u3", "A.1", "2026-10-12", None, status="missed")
    # Cy's role at the school goes on, so the day after the class ends Cy is still a student of the school.
    assert "u3" in found("missed_chances", date(2026, 10, 15))
    from headway.rosters.models import RoleGrant

    RoleGrant.objects.filter(person_id=student("u3")).update(ends_on=date(2026, 10, 15))
    assert "u3" in found("missed_chances", date(2026, 10, 14))
    assert found("missed_chances", date(2026, 10, 15)) == {}


def test_where_nobody_said_when_a_student_came_the_session_begins_the_clock() -> None:
    # Dee: 15 school days after 17 August end on 7 September, which is 21 days later too.
    assert "u4" not in found("no_evidence", date(2026, 9, 6))
    need = found("no_evidence", date(2026, 9, 7))["u4"]
    assert (need.since, need.detail) == (FIRST, {"school_days": 15, "evidence": 0})


def test_evidence_of_last_year_says_nothing_about_the_first_weeks_of_this_one() -> None:
    rate("u1", "A.1", "2026-05-20")
    assert "u1" not in found("no_evidence", date(2026, 9, 4))
    assert found("no_evidence", date(2026, 9, 7))["u1"].since == FIRST


def test_without_calendar_and_beginning_nothing_is_known() -> None:
    proficiency.import_policy(actor=SYSTEM, body={**DEFAULT, "calendar": []}, name="p", at=AT)
    assert found("no_evidence", date(2026, 9, 22))["u4"] == Need(student("u4"), "no_evidence")


def test_evidence_after_the_day_asked_about_is_not_seen() -> None:
    rate("u4", "A.1", "2026-09-30")
    assert "u4" in found("no_evidence", date(2026, 9, 29)) and "u4" not in found(
        "no_evidence", date(2026, 9, 30)
    )


# Stuck.


def levels(who: str, code: str, *given: float, month: int = 9) -> None:
    for n, level in enumerate(given, 1):
        rate(who, code, f"2026-{month:02}-{n:02}", level)


def test_three_pieces_without_gain() -> None:
    levels("u1", "A.1", 1, 2)
    assert found("stuck", date(2026, 9, 10)) == {}
    levels("u2", "A.1", 1, 2, 1)
    need = found("stuck", date(2026, 9, 10))["u2"]
    # The newest (1) is not above the first of the last three (1).
    assert (need.target, need.since, need.detail) == (
        target("A.1"),
        date(2026, 9, 1),
        {"tries": 3, "level": 1.0},
    )


def test_a_gain_or_proficiency_ends_it() -> None:
    levels("u1", "A.1", 1, 1, 2)
    levels("u2", "A.1", 3, 3, 3)
    assert found("stuck", date(2026, 9, 10)) == {}
    # 1, 1, 2, 2: the last three are 1, 2, 2; 1, 1, 2, 2, 2: 2, 2, 2, and the run begins with the first 2.
    levels("u4", "A.1", 1, 1, 2, 2)
    assert "u4" not in found("stuck", date(2026, 9, 10))
    rate("u4", "A.1", "2026-09-05", 2)
    need = found("stuck", date(2026, 9, 10))["u4"]
    assert need.detail == {"tries": 3, "level": 2.0} and need.since == date(2026, 9, 3)


def test_the_run_goes_back_as_far_as_nothing_was_lower() -> None:
    levels("u1", "A.1", 1, 2, 2, 2, 2)
    assert found("stuck", date(2026, 9, 10))["u1"].detail == {"tries": 4, "level": 2.0}


def test_tries_are_pieces_that_count() -> None:
    rate("u1", "A.1", "2026-09-01", 1, evidence="e", attempt=1)
    rate("u1", "A.1", "2026-09-02", 1, evidence="e", attempt=2)
    rate("u1", "A.1", "2026-09-03", 1, purpose="practice")
    rate("u1", "A.1", "2026-09-04", 1)
    assert found("stuck", date(2026, 9, 10)) == {}
    rate("u1", "A.1", "2026-09-07", 1)
    assert found("stuck", date(2026, 9, 10))["u1"].detail == {"tries": 3, "level": 1.0}


def test_a_rule_that_counts_one_piece_still_sees_all_tries() -> None:
    policy = {**DEFAULT["policy"][0], "rule": "most-recent", "parameters": {}, "in_force": "2026-08-01"}
    said = {**DEFAULT, "calendar": CALENDAR, "policy": [policy]}
    proficiency.import_policy(actor=SYSTEM, body=said, name="p", at=AT)
    levels("u1", "A.1", 2, 2, 2)
    assert found("stuck", date(2026, 9, 10))["u1"].detail == {"tries": 3, "level": 2.0}


def test_what_was_laid_aside_is_no_response_for_this_week() -> None:
    levels("u1", "A.1", 2, 2, 2)
    # The last try was on 3 September: 15 school days later, on 24 September, it is none of this week's.
    assert "u1" in found("stuck", date(2026, 9, 23)) and "u1" not in found("stuck", date(2026, 9, 24))
    rate("u1", "A.1", "2026-09-22", None, status="missed")
    assert "u1" not in found("stuck", date(2026, 9, 24))


def test_at_proficient_nobody_is_stuck_though_something_else_is_missing() -> None:
    policy = {**DEFAULT["policy"][0], "requirement": {"pieces": 2, "depth": 3}, "in_force": "2026-08-01"}
    said = {**DEFAULT, "calendar": CALENDAR, "policy": [policy]}
    proficiency.import_policy(actor=SYSTEM, body=said, name="p", at=AT)
    levels("u1", "A.1", 3, 3, 3)
    levels("u2", "A.1", 2, 2, 2)
    assert set(found("stuck", date(2026, 9, 10))) == {"u2"}


# Missed chances.


def test_three_missed_within_thirty_days() -> None:
    for day in ("2026-09-01", "2026-09-10", "2026-09-11"):
        rate("u1", "A.1", day, None, status="missed")
    # On 30 September, 1 September is 29 days ago; on 1 October it is 30 days ago and no more within 30 days.
    need = found("missed_chances", date(2026, 9, 30))["u1"]
    assert (need.target, need.since, need.detail) == (target("A.1"), date(2026, 9, 1), {"chances": 3})
    assert found("missed_chances", date(2026, 10, 1)) == {}


def test_one_task_on_three_targets_is_missed_once() -> None:
    for code in ("A.1", "A.2", "A.3"):
        rate("u1", code, "2026-09-10", None, status="missed", evidence="poster")
    assert found("missed_chances", date(2026, 9, 15)) == {}
    rate("u1", "A.1", "2026-09-11", None, status="missed")
    rate("u1", "A.2", "2026-09-14", None, status="missed")
    need = found("missed_chances", date(2026, 9, 15))["u1"]
    assert need.target is None and need.detail == {"chances": 3}


# Ready to advance.


def reach(who: str, codes: tuple[str, ...], *days: str) -> None:
    for code in codes:
        for day in days:
            rate(who, code, day, 3)


def test_every_target_of_a_level_reached() -> None:
    reach("u1", CODES[:3], "2026-09-01", "2026-09-02")
    rate("u1", "A.4", "2026-09-01", 3)
    # A.4 has one of two pieces: too little.
    assert found("ready_to_advance", date(2026, 9, 10)) == {}
    rate("u1", "A.4", "2026-09-08", 3)
    need = found("ready_to_advance", date(2026, 9, 10))["u1"]
    assert need.target is None and need.since == date(2026, 9, 8)
    assert (need.detail["level"], need.detail["targets"]) == (3, 4)
    # Fifteen school days later it is no news.
    assert "u1" in found("ready_to_advance", date(2026, 9, 28))
    assert "u1" not in found("ready_to_advance", date(2026, 9, 29))


def test_targets_set_aside_leave_the_level_but_three_remain() -> None:
    reach("u1", CODES[:3], "2026-09-01", "2026-09-02")
    rate("u1", "A.4", "2026-09-01", None, status="not_taught")
    assert found("ready_to_advance", date(2026, 9, 10))["u1"].detail["targets"] == 3
    reach("u2", CODES[:2], "2026-09-01", "2026-09-02")
    for code in CODES[2:4]:
        rate("u2", code, "2026-09-01", None, status="excused")
    assert "u2" not in found("ready_to_advance", date(2026, 9, 10))


def test_the_highest_of_two_levels_is_named() -> None:
    reach("u1", CODES, "2026-09-01", "2026-09-02")
    assert found("ready_to_advance", date(2026, 9, 10))["u1"].detail["level"] == 4


def test_a_complete_level_that_proposes_the_next() -> None:
    scale = {"step": 1, "levels": [{"value": n} for n in range(1, 13)]}
    policy = {
        "name": "best", "in_force": "2026-08-01", "applies": {}, "scale": "continuum", "rule": "best-n",
        "parameters": {"missed_counts": False}, "requirement": {"pieces": 2},
        "complete": {"margin": 0.5, "minimum": 0, "proposes_next_level": True},
    }  # fmt: skip
    said = {**DEFAULT, "scales": {**DEFAULT["scales"], "continuum": scale}, "policy": [policy]}
    proficiency.import_policy(actor=SYSTEM, body=said, name="p", at=AT)
    rate("u1", "A.1", "2026-09-01", 9, continuum_level=9)
    assert found("ready_to_advance", date(2026, 9, 10)) == {}
    rate("u1", "A.1", "2026-09-02", 9, continuum_level=9)
    need = found("ready_to_advance", date(2026, 9, 10))["u1"]
    assert (need.target, need.detail) == (target("A.1"), {"level": 9, "proposed_level": 10})


# Waiting.


def hand_in(who: str, key: str, at: datetime, *codes: str, **fields: Any) -> Piece:
    piece = Piece.objects.create(student_id=student(who), key=key, title=key, handed_in_at=at, **fields)
    piece.targets.set([target(code) for code in codes])
    return piece


EVENING = datetime(2026, 9, 11, 4, tzinfo=UTC)  # 10 September, 22:00 in Denver


def test_work_that_waits_five_days() -> None:
    hand_in("u1", "p1", EVENING, "A.1")
    hand_in("u1", "p2", datetime(2026, 9, 14, 18, tzinfo=UTC), "A.2")
    assert found("waiting", date(2026, 9, 14)) == {}
    need = found("waiting", date(2026, 9, 15))["u1"]
    assert (need.target, need.since, need.detail) == (
        target("A.1"),
        date(2026, 9, 10),
        {"pieces": 1, "days": 5},
    )
    need = found("waiting", date(2026, 9, 19))["u1"]
    assert need.target is None and need.detail == {"pieces": 2, "days": 9}
    assert [w.piece_key for w in queries.pieces_waiting(at(date(2026, 9, 12)), [student("u1")])] == ["p1"]


def test_what_was_rated_waits_no_more() -> None:
    who = [student("u1")]
    hand_in("u1", "p1", EVENING, "A.1", "A.2")
    (one,) = waiting(who)
    assert one.target_ids == tuple(sorted((target("A.1"), target("A.2")))) and one.student == who[0]
    rate("u1", "A.1", "2026-09-11", 3, evidence="p1", kind="self")
    rate("u1", "A.1", "2026-09-10", None, status="missed", evidence="p1")
    assert len(waiting(who)) == 1
    rate("u1", "A.1", "2026-09-12", 3, evidence="p1")
    assert waiting(who) == []
    # As of the evening before the rating it still waits.
    assert len(waiting(who, by=end_of_day(date(2026, 9, 11), at(FIRST).zone))) == 1
    # A second attempt waits again, until it is marked as rated.
    Piece.objects.update(attempt=2, handed_in_at=datetime(2026, 9, 20, tzinfo=UTC), rated_at=EVENING)
    assert len(waiting(who)) == 1
    Piece.objects.update(rated_at=datetime(2026, 9, 21, tzinfo=UTC))
    assert waiting(who) == []
    assert len(waiting(who, by=datetime(2026, 9, 20, 12, tzinfo=UTC))) == 1


# Behind, and all together.


def test_a_plan_behind() -> None:
    version = plans.make_template(actor=SYSTEM, key="P", items=[(target("A.1"), 3)], at=AT)
    plans.assign(
        actor=SYSTEM, version=version.id, students=[student("u1")], starts_on=FIRST, ends_on=LAST, at=AT
    )
    rate("u1", "A.1", "2026-10-05", None, status="missed")
    need = found("behind", date(2026, 11, 6))["u1"]
    assert need.detail == {"filled": 0, "required": 3, "lately": 0}
    rate("u1", "A.1", "2026-10-06")
    # 1 in 8 weeks, 2 remain: 16 weeks, 5 are left.
    assert found("behind", date(2026, 11, 6))["u1"].detail == {
        "filled": 1,
        "required": 3,
        "lately": 1,
        "margin_weeks": -11.0,
    }


def everything() -> None:
    version = plans.make_template(actor=SYSTEM, key="P", items=[(target("A.1"), 30)], at=AT)
    for who in EVERYBODY:
        plans.assign(
            actor=SYSTEM, version=version.id, students=[student(who)], starts_on=FIRST, ends_on=LAST, at=AT
        )
        levels(who, "A.1", 2, 2, 2)
        reach(who, CODES[4:], "2026-09-02", "2026-09-03")
        for day in ("2026-09-23", "2026-09-24", "2026-09-25"):
            rate(who, "A.2", day, None, status="missed")
        hand_in(who, f"piece of {who}", EVENING, "A.1")


def test_reasons_stand_in_their_order_and_students_in_theirs() -> None:
    everything()
    configure(no_evidence_days=14)
    day = date(2026, 9, 17)
    assert [n.reason for n in queries.needs(at(day), [student("u1")])] == [
        "no_evidence", "waiting", "behind"
    ]  # fmt: skip
    rows = queries.rows_for_report(at(date(2026, 9, 28)), [student("u2"), student("u1")])
    assert rows == [
        {"student": who, "reasons": ["no_evidence", "missed_chances", "waiting", "behind"]}
        for who in ("u2", "u1")
    ]
    configure(no_evidence_days=21)
    (row,) = queries.rows_for_report(at(date(2026, 9, 10)), [student("u1")])
    assert row["reasons"] == ["stuck", "ready_to_advance"] and set(row["reasons"]) < set(REASONS)
    assert queries.rows_for_report(at(date(2026, 8, 20)), [student("u1")]) == []
    assert queries.needs(at(day), []) == []


def test_statements_are_as_many_for_one_as_for_all(django_assert_max_num_queries) -> None:
    everything()
    live = standing.moment(now=datetime(2026, 9, 28, 18, tzinfo=UTC))
    counts = []
    for m in (at(date(2026, 9, 28)), live):
        for names in (["u1"], list(EVERYBODY)):
            ids = [student(name) for name in names]
            with django_assert_max_num_queries(8) as captured:
                assert {need.student for need in queries.needs(m, ids)} == set(ids)
            counts.append(len(captured))
        assert counts[-1] == counts[-2]


def test_today_answers_like_the_same_day_asked_later() -> None:
    everything()
    live = standing.moment(now=datetime(2026, 9, 28, 18, tzinfo=UTC))
    ids = [student(name) for name in EVERYBODY]
    assert queries.needs(live, ids) == queries.needs(at(date(2026, 9, 28)), ids)
