"""P10, leavers: rosters, lists, pace and signs end that day, history stays, and a return resumes the same line."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from headway.access import actions as access
from headway.access.models import AuditEntry, ImportRun
from headway.access.types import SYSTEM, Role, Viewer
from headway.interop.oneroster.apply import import_roster
from headway.kit.refusals import Refusal
from headway.plans import actions as planning
from headway.plans import queries as plans
from headway.proficiency import queries as standings
from headway.response import queries as response
from headway.rosters import actions, queries
from headway.rosters.models import Enrollment, Person, RoleGrant, SchoolClass

from ..interop.oneroster.small_roster import ENROLLMENTS, ROSTER_12, USERS_11, delta, folder
from ..plans.school import at as moment_at
from ..plans.school import build, rate, student, target
from .test_year_roll import dump

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
LEFT, BACK = date(2026, 11, 2), date(2026, 11, 16)


@pytest.fixture(autouse=True)
def school(tmp_path: Path) -> None:
    build(tmp_path)
    rate("u1", "A.1", "2026-09-01", 2)
    template = planning.make_template(
        actor=SYSTEM, key="core", title="Core", items=[(target("A.1"), 2), (target("A.2"), 2)], at=NOW
    )
    planning.assign(
        actor=SYSTEM, version=template.id, students=[student("u1")], starts_on=date(2026, 8, 17),
        ends_on=date(2026, 12, 18), at=NOW,
    )  # fmt: skip


def leave(on: date = LEFT, reason: str = "moved away", now: datetime = NOW, who: str = "u1") -> ImportRun:
    return actions.withdraw_student(actor=SYSTEM, person_id=student(who), on=on, reason=reason, at=now)


def back(on: date = BACK, now: datetime = NOW) -> ImportRun:
    return actions.return_student(actor=SYSTEM, person_id=student("u1"), on=on, reason="moved back", at=now)


def listed(class_id: str, day: date) -> list[str]:
    own = SchoolClass.objects.get(sourced_id=class_id).id
    return [one.sourced_id for one in queries.students_in_class(class_id=own, as_of=day, viewer=None)]


def reasons(day: date) -> set[str]:
    return {need.reason for need in response.needs(moment_at(day), [student("u1")])}


def test_p10_lists_pace_and_signs_end_that_day_and_history_stays() -> None:
    assert reasons(date(2026, 11, 10)) >= {"no_evidence"} and plans.pace_of(
        moment_at(date(2026, 11, 10)), [student("u1")]
    )
    level = standings.standings(moment_at(LEFT), students=[student("u1")])
    run = leave()
    assert (run.kind, run.counts["counts"]) == ("left", {"classes": 2, "roles": 1})
    assert listed("k1", date(2026, 11, 1)) == ["u1", "u2"] and listed("k1", LEFT) == ["u2"]
    for day in (LEFT, date(2026, 11, 10)):
        assert reasons(day) == set() and plans.pace_of(moment_at(day), [student("u1")]) == []
    assert plans.pace_of(moment_at(date(2026, 11, 1)), [student("u1")])
    assert standings.standings(moment_at(LEFT), students=[student("u1")]) == level
    # The family keeps the child; the student's own way in is closed; the district still finds the record.
    adult = Person.objects.get(sourced_id="p1")
    assert student("u1") in {one.id for one in queries.children_of(guardian_person_id=adult.id, as_of=LEFT)}
    person = Person.objects.get(sourced_id="u1")
    account, _ = access.open_account(actor=SYSTEM, username="ana", name="", at=NOW, person=person.uuid)
    assert queries.viewer_for(account, NOW.date()).roles == frozenset()
    assert queries.can_see_student(SYSTEM, person.id, NOW.date())
    entry = AuditEntry.objects.get(act="withdraw_student")
    assert entry.detail == {"run": run.pk, "on": "2026-11-02", "reason": "moved away"}


def test_p10_a_return_resumes_the_same_line_and_leaves_the_gap() -> None:
    leave()
    run = back()
    assert run.counts["counts"] == {"classes": 2, "roles": 1, "classes_over": 0}
    assert [listed("k1", day) for day in (date(2026, 11, 1), LEFT, date(2026, 11, 15), BACK)] == [
        ["u1", "u2"],
        ["u2"],
        ["u2"],
        ["u1", "u2"],
    ]
    assert plans.pace_of(moment_at(BACK), [student("u1")]) and Person.objects.get(sourced_id="u1").active
    assert len(standings.standings(moment_at(BACK), students=[student("u1")])) == len(
        standings.standings(moment_at(date(2026, 11, 1)), students=[student("u1")])
    )


def test_p10_a_class_that_is_over_is_not_begun_again() -> None:
    leave()
    SchoolClass.objects.filter(sourced_id="k2").update(active=False)
    assert back().counts["counts"] == {"classes": 1, "roles": 1, "classes_over": 1}


def test_p10_both_are_taken_back_in_their_order() -> None:
    before = dump()
    first = leave()
    between = dump()
    second = back()
    with pytest.raises(Refusal) as refusal:
        actions.undo_import(run_id=first.pk, actor=SYSTEM, at=NOW)
    assert refusal.value.code == "undo_blocked"
    actions.undo_import(run_id=second.pk, actor=SYSTEM, at=NOW)
    assert dump() == between
    actions.undo_import(run_id=first.pk, actor=SYSTEM, at=NOW)
    assert dump() == before


def test_p10_leavings_of_two_students_are_taken_back_in_any_order() -> None:
    before = dump()
    first, second = leave(), leave(who="u2")
    for run in (first, second):
        actions.undo_import(run_id=run.pk, actor=SYSTEM, at=NOW)
    assert dump() == before


def test_p10_a_roster_that_somebody_left_since_is_not_taken_back() -> None:
    run = ImportRun.objects.filter(kind="roster").latest("pk")
    left = leave()
    with pytest.raises(Refusal) as refusal:
        actions.undo_import(run_id=run.pk, actor=SYSTEM, at=NOW)
    assert f"import {left.pk} was applied after it" in [one.message for one in refusal.value.findings]


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda: leave(on=date(2026, 11, 21)), "day_ahead"),
        (lambda: leave(reason="  "), "reason_missing"),
        (lambda: leave(who="p1"), "not_here"),
        (lambda: (leave(), leave()), "not_here"),
        (back, "still_here"),
        (lambda: (leave(), back(on=date(2026, 11, 1))), "still_here"),
        (lambda: (leave(), back(), leave(on=date(2026, 11, 18)), back(on=date(2026, 11, 10))), "not_a_span"),
    ],
)
def test_p10_what_cannot_be_is_refused(act, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        act()
    assert refusal.value.code == code


def test_p10_only_the_district() -> None:
    with pytest.raises(Refusal) as refusal:
        actions.withdraw_student(
            actor=Viewer(roles=frozenset({Role.TEACHER})),
            person_id=student("u1"),
            on=LEFT,
            reason="x",
            at=NOW,
        )
    assert refusal.value.code == "forbidden"


def test_p10_an_adult_who_learns_here_keeps_the_other_ways_in() -> None:
    teacher = Person.objects.get(sourced_id="T1")
    RoleGrant.objects.create(person=teacher, role=Role.STUDENT, org_id=None, starts_on=date(2026, 9, 1))
    actions.withdraw_student(actor=SYSTEM, person_id=teacher.id, on=LEFT, reason="course over", at=NOW)
    teacher.refresh_from_db()
    assert teacher.active and queries.teachers_of_class(
        class_id=SchoolClass.objects.get(sourced_id="k1").id, as_of=LEFT
    ) == [teacher]


def test_p10_a_delta_that_deletes_a_student_does_the_same_and_the_page_brings_them_back(
    tmp_path: Path,
) -> None:
    head = USERS_11.splitlines()[0]
    gone = f"{head}\nu1,tobedeleted,2026-11-02T00:00:00Z,true,s1,student,ana,,Ana,Abeyta,,9001,,,,p1,05,\n"
    when = datetime(2026, 11, 2, 18, tzinfo=UTC)
    import_roster(folder(tmp_path / "d", delta(users=gone)), actor=SYSTEM, at=when, accept_removals=True)
    assert listed("k1", date(2026, 11, 1)) == ["u1", "u2"] and listed("k1", LEFT) == ["u2"]
    assert reasons(LEFT) == set() and plans.pace_of(moment_at(LEFT), [student("u1")]) == []
    back()
    assert listed("k1", BACK) == ["u1", "u2"] and plans.pace_of(moment_at(BACK), [student("u1")])


def test_p10_a_delta_that_brings_the_student_back_makes_nobody_twice(tmp_path: Path) -> None:
    leave()
    back()
    rows = (
        f"{ENROLLMENTS.splitlines()[0]}\ne1,active,2026-11-18T00:00:00Z,k1,s1,u1,student,false,2026-08-10,\n"
    )
    import_roster(folder(tmp_path / "d", delta(enrollments=rows)), actor=SYSTEM, at=NOW)
    assert listed("k1", NOW.date()) == ["u1", "u2"]
    assert queries.members(
        class_ids=[SchoolClass.objects.get(sourced_id="k1").id], as_of=NOW.date(), viewer=None
    ) == {SchoolClass.objects.get(sourced_id="k1").id: [student("u1"), student("u2")]}
    assert Enrollment.objects.filter(person_id=student("u1"), school_class__sourced_id="k1").count() == 2


def test_p10_a_roster_that_goes_on_listing_who_left_says_so(tmp_path: Path) -> None:
    leave()
    place = folder(tmp_path / "again", ROSTER_12)
    plan = import_roster(place, actor=SYSTEM, at=NOW, plan_only=True)
    said = [one for one in plan.warnings if one.code == "left_and_listed"]
    assert [one.value for one in said] == ["u1"] and "left on 2026-11-02" in said[0].message
    import_roster(place, actor=SYSTEM, at=NOW)
    assert listed("k1", NOW.date()) == ["u1", "u2"]
    leave(on=NOW.date())
    head = ENROLLMENTS.splitlines()[0]
    later = import_roster(
        folder(tmp_path / "d", delta(enrollments=f"{head}\n")), actor=SYSTEM, at=NOW, plan_only=True
    )
    assert "left_and_listed" not in [one.code for one in later.warnings]
