"""What many sessions tell: each rater by student group of their own, leaders of all together; never of one, never of few."""

from __future__ import annotations

import json

import numpy as np
import pytest

from headway.calibration import actions, gathering, leanings, pooling, queries, reporting
from headway.calibration.gathering import Beside, Blind
from headway.calibration.models import CalibrationReport, CalibrationSession, SessionRater
from headway.calibration.types import RESCORING
from headway.rosters.models import Demographics, Person

from .room import NOW, STUDENTS, build, everybody_scores, opened, planned, revealed, seen, viewer
from .test_moderated import everyday

GROUP = "english_learner"


def beside(
    *,
    raters: int = 6,
    students: int = 60,
    lean: float = 0.0,
    named: bool = True,
    fixed: bool = True,
    sessions: int = 1,
):
    """Return levels of everybody on everybody's work; rater 1 leans for the first third, all raters named or blind."""
    rng = np.random.default_rng(4)
    rows = []
    for student in range(1, students + 1):
        for rater in range(1, raters + 1):
            off = lean * (rater == 1 and student <= students // 3) + rng.normal(0, 0.4)
            rows.append((student % sessions + 1, rater, student, student, 1, 3 + off, 3.0, named, fixed))
    return Beside.of(rows)


def groups(students: int = 60) -> dict[str, set[int]]:
    return {GROUP: set(range(1, students // 3 + 1))}


def own(rows: Beside, rater: int, members: dict[str, set[int]], minimum: int):
    return leanings.own(rows, rater, members, minimum, leanings.by_rater(rows, members, minimum))


def test_a_rater_who_leans_for_a_group_finds_it_and_the_others_do_not() -> None:
    rows = beside(lean=0.8)
    body = own(rows, 1, groups(), 10)
    (one,) = body["groups"]
    assert one["low"] > 0 and 0.3 < one["value"] < 0.8 and (one["n"], one["others"]) == (20, 40)
    (other,) = own(rows, 2, groups(), 10)["groups"]
    assert other["low"] < 0 < other["high"] and body["least"] == 10
    json.dumps(body)


def test_below_the_least_number_nothing_is_told_not_even_how_few() -> None:
    rows = beside(students=24)
    for minimum in (0, 10):
        (one,) = own(rows, 1, groups(24), minimum)["groups"]
        assert (one["value"], one["n"], one["others"], one["reasons"]) == (None, 0, 0, ["too_few_in_group"])
    # Whom the rater never met stands there like whom they met too seldom.
    part = rows.only((rows.rater != 1) | (rows.student > 8))
    assert own(part, 1, groups(24), 10)["groups"] == [one]
    (many,) = own(beside(), 1, groups(), 25)["groups"]
    assert many["reasons"] == ["too_few_in_group"]
    assert own(beside(), 99, groups(), 10)["groups"] == []


def test_named_less_blind_is_told_of_all_students_and_of_each_group() -> None:
    rows = beside(lean=0.0)
    whole, group = own(rows, 1, groups(), 10)["named"]
    mine = rows.only(rows.rater == 1)
    assert (
        whole["value"] == pytest.approx(float((mine.mine - mine.other).mean()), abs=1e-6) and whole["n"] == 60
    )
    assert (group["group"], group["n"]) == (GROUP, 20)
    blind_only = own(beside(named=False), 1, groups(), 10)["named"]
    assert {one["value"] for one in blind_only} == {None}


def test_leaders_read_one_figure_of_three_raters_or_more_from_readings_by_others() -> None:
    found = leanings.common(beside(raters=3), groups(), 10)
    assert found["groups"][0]["value"] is not None and found["named"][0]["n"] == 60 and found["raters"] == 3
    two = leanings.common(beside(raters=2), groups(), 10)
    assert {one["value"] for one in (*two["groups"], *two["named"])} == {None} and two["raters"] == 0
    # Raters who are compared with one another only have nothing in common: it cancels, and is not told.
    assert leanings.common(beside(fixed=False), groups(), 10)["groups"][0]["value"] is None
    text = json.dumps(found)
    assert '"rater"' not in text and '"student"' not in text


def test_a_session_of_two_raters_adds_nothing_so_that_two_days_tell_of_nobody() -> None:
    before = beside(raters=3)
    late = Beside(*(getattr(beside(raters=2, students=30), name) for name in Beside.__slots__))
    both = Beside(*(
        np.concatenate([getattr(before, name), getattr(late, name) + (7 if name in ("session", "rater", "student") else 0)])
        if name not in ("named", "fixed") else np.concatenate([getattr(before, name), getattr(late, name)])
        for name in Beside.__slots__
    ))  # fmt: skip
    assert leanings.common(both, groups(), 10) == leanings.common(before, groups(), 10)


def test_what_is_shown_of_races_tells_no_small_rest() -> None:
    races = {
        "white": set(range(1, 41)),
        "asian": set(range(41, 56)),
        "black_or_african_american": set(range(56, 61)),
    }
    found = {one["group"]: one for one in leanings.common(beside(), races, 10)["groups"]}
    # Five are too few; what all less the other two tell is about them: the smaller of the two is withheld as well.
    assert found["black_or_african_american"]["reasons"] == ["too_few_in_group"]
    assert found["asian"]["reasons"] == ["protects"] and found["asian"]["n"] == 0
    assert found["white"]["value"] is not None
    named = {one["group"] for one in leanings.common(beside(), races, 10)["named"]}
    assert named == {"", "white"}


def blind(schools: dict[int, int], *, works: int = 12, session: int = 1, anchor: bool = False) -> Blind:
    """Return scores of raters (by number: their school) who give all works of a session the same but for their school's habit."""
    rows = [(session, rater, school, 100 * session + work, work, work + 1, line, line, 2.0 + (work + line + school) % 2)
            for rater, school in schools.items() for work in range(works) for line in range(3)]  # fmt: skip
    table = np.array(rows)
    level = np.full(len(rows), 2.0 if anchor else np.nan)
    return Blind(*table[:, :8].astype(np.int64).T, table[:, 8], level)


def joined(*parts: Blind) -> Blind:
    return Blind(*(np.concatenate([getattr(one, name) for one in parts]) for name in Blind.__slots__))


NAMES = {1: "Aspen", 2: "Birch", 3: "Cedar"}
SIX = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 2}


def test_a_year_is_read_in_steps_within_and_across_schools() -> None:
    scores = joined(blind(SIX), blind(SIX, session=2, anchor=True))
    found = pooling.year(scores, NAMES)
    assert found["within"]["exact"]["value"] == 1.0 and found["across"]["exact"]["value"] == 0.0
    assert found["across"]["adjacent"]["value"] == 1.0 and found["anchors"]["exact"]["value"] == 0.5
    # The same works in two sessions are the same works: twelve, not twenty-four, are drawn.
    assert (found["within"]["pieces"], found["within"]["sessions"], found["within"]["raters"]) == (12, 2, 6)
    assert found["anchors"]["sessions"] == 1 and found["held_sessions"] == 0
    assert [one["school"] for one in found["schools"]] == ["Aspen", "Birch"]
    assert found["schools"][0]["within"]["raters"] == 3 and found["across"]["chance"] is not None


def test_sessions_and_schools_of_fewer_than_three_raters_are_not_told() -> None:
    two = blind({1: 1, 2: 2}, session=3)
    assert pooling.year(joined(blind(SIX), two), NAMES)["held_sessions"] == 1
    only = pooling.year(two, NAMES)
    assert only["all"] is only["within"] is only["across"] is None and only["schools"] == []
    # Two of a third school: they stand with the smallest other, and neither has a line.
    found = pooling.year(blind({**SIX, 7: 3, 8: 3}), NAMES)
    assert [one["school"] for one in found["schools"]] == ["Birch"]
    assert found["within"]["raters"] == 3
    assert pooling.year(joined(two), {})["all"] is None


@pytest.mark.django_db
def test_everyday_ratings_stand_beside_the_blind_scores_of_others() -> None:
    build()
    for n in range(STUDENTS):
        everyday(n, 4)
        Demographics.objects.create(
            person=Person.objects.get(sourced_id=f"SID-{n:04d}"), english_learner=n < 10
        )
    session = planned(works=0, kind=RESCORING)
    coach = viewer("coach")
    actions.draw_rescoring(
        actor=coach, session=session, per_school=10, since=NOW.date().replace(month=10), at=NOW
    )
    actions.open_session(actor=coach, session=session, looked=True, at=NOW)
    everybody_scores(session, level=lambda rater, number, at: 300 + 100 * ((number + rater) % 3 == 0))
    revealed(session)
    row = CalibrationSession.objects.get()
    rows = gathering.beside_second_reading(gathering.blind(gathering.revealed_until(NOW)))
    named = rows.only(rows.named)
    # Every work has one everyday level on each of its five targets, beside what seven others gave it, not the rater.
    assert len(named.rater) == 5 * STUDENTS and named.fixed.all() and set(named.mine.tolist()) == {4.0}
    assert {round(7 * (one - 3), 6) for one in named.other.tolist()} <= {1.0, 2.0, 3.0}
    assert not rows.only(~rows.named).fixed.any()
    reporting.make_reports(session=row.pk, at=NOW)
    assert queries.pooled(viewer=viewer("principal")) is None
    actions.finish(actor=coach, session=session, at=NOW)
    reporting.make_reports(session=row.pk, at=NOW)
    whole = queries.pooled(viewer=viewer("principal")).body
    assert whole["by_group"]["named"][0]["value"] == pytest.approx(2 / 3, abs=0.1)
    assert whole["by_group"]["named"][0]["n"] == STUDENTS and whole["by_group"]["named_raters"] == 7
    mine = queries.own_report(viewer=viewer("rater0"), session=seen("rater0", session)).body["by_group"]
    assert mine["groups"][0]["group"] == GROUP and mine["groups"][0]["n"] == 10
    assert mine["named"][0]["reasons"] == ["too_few_students"], "three works of their own are too few"


@pytest.mark.django_db
def test_only_leaders_read_what_the_year_tells_and_principals_their_schools() -> None:
    build()
    session = opened(works=12)
    everybody_scores(session)
    revealed(session)
    actions.finish(actor=viewer("coach"), session=session, at=NOW)
    reporting.make_reports(session=CalibrationSession.objects.get().pk, at=NOW)
    assert queries.pooled(viewer=viewer("coach")) is queries.pooled(viewer=viewer("rater0")) is None
    found = queries.pooled(viewer=viewer("principal"))
    assert [one["school"] for one in found.body["schools"]] == ["Juniper"] and found.body["sessions"] == 1
    group = CalibrationReport.objects.get(rater=None).body
    for body in (
        queries.group_report(session=seen("rater0", session)).body,
        queries.consistency(viewer=viewer("principal"))[0][1].body,
    ):
        assert "pooled" in group and "pooled" not in body
    text = json.dumps(group)
    assert not any(
        one.person.sourced_id in text or one.person.name() in text for one in SessionRater.objects.all()
    )


def test_what_a_task_s_sessions_tell_needs_three_raters_and_ten_works() -> None:
    found = pooling.of_task(joined(blind(SIX), blind(SIX, session=2)))
    assert (found["works"], found["sessions"], found["all"]["raters"]) == (12, 2, 6)
    assert (
        sum(one["n"] for one in found["levels"]) == 2 * 6 * 12 * 3
        and found["all"]["exact"]["value"] is not None
    )
    few = pooling.of_task(blind(SIX, works=9))
    assert few["levels"] == [] and few["all"]["exact"]["reasons"] == ["under_10_pieces"]
    assert (
        pooling.of_task(blind({1: 1, 2: 2}))["all"] is None
        and pooling.of_task(blind({1: 1, 2: 2}))["levels"] == []
    )


@pytest.mark.django_db
def test_the_validity_file_reads_finished_sessions_of_the_version_that_is_offered() -> None:
    build()
    session = opened(works=12)
    everybody_scores(session)
    revealed(session)
    row = CalibrationSession.objects.get()
    reporting.make_reports(session=row.pk, at=NOW)
    version = row.version.uuid
    assert queries.of_task(viewer=viewer("rater0"), version=version) is None
    actions.finish(actor=viewer("coach"), session=session, at=NOW)
    reporting.make_reports(session=row.pk, at=NOW)
    found = queries.of_task(viewer=viewer("rater7"), version=version).body
    assert (
        found["works"] == 12
        and found["everyday"] is None
        and found["levels"] == [{"level": 300, "n": 8 * 12 * 5}]
    )
    assert queries.of_task(viewer=viewer("SID-0000"), version=version) is None
    assert queries.of_task(viewer=viewer("rater0"), version=row.uuid) is None
