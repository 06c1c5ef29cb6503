"""What is told of scores: to each rater of their own, of many only where three or more stand behind it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import time_machine

from headway.calibration import actions, figures, queries, reporting
from headway.calibration.models import CalibrationReport, CalibrationSession, SessionRater
from headway.science.agreement.against import against, among

from .room import (
    CRITERIA,
    NOW,
    RATERS,
    build,
    copy,
    district,
    everybody_scores,
    opened,
    planned,
    revealed,
    seen,
    viewer,
)


def rows(raters: int = 8, works: int = 20, criteria: int = 5, seed: int = 1, severe: float = 0.0):
    """Return (rater, work, criterion, level in hundredths); rater 100 is `severe` by so many levels."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(2.5, 0.8, works)
    return [
        (100 + rater, work, line, int(np.clip(round(quality[work] + rng.normal(0, 0.5) - severe * (rater == 0)), 1, 4)) * 100)
        for rater in range(raters) for work in range(works) for line in range(criteria)
    ]  # fmt: skip


def test_pairs_are_every_score_beside_every_other_of_the_same() -> None:
    scores = figures.Scores.of(
        [(1, 1, 1, 300), (2, 1, 1, 200), (3, 1, 1, 400), (1, 2, 1, 100), (2, 2, 2, 100)]
    )
    found = figures.beside_peers(scores, 1)
    assert sorted(zip(found.mine.tolist(), found.theirs.tolist(), found.work.tolist(), strict=True)) == [
        (3.0, 2.0, 1), (3.0, 4.0, 1)]  # fmt: skip
    fixed = figures.beside_anchors(scores, 1, {(2, 1): 2.0, (9, 9): 4.0})
    assert (fixed.mine.tolist(), fixed.theirs.tolist(), fixed.work.tolist()) == ([1.0], [2.0], [2])


def test_a_rater_s_figures_are_those_of_the_science() -> None:
    scores = figures.Scores.of(rows(severe=0.6))
    anchors = {(work, line): 2.0 for work in range(12) for line in range(5)}
    body = figures.own_report(scores, 100, figures.fitted(scores), anchors, [1, 2, 3, 4], range(5), {}, {})
    own = scores.only(scores.rater == 100)
    held = own.only(own.work < 12)
    assert body["anchors"] == figures.read(against(held.level, np.full(60, 2.0), held.work, held.criterion))
    assert body["peers"]["pieces"] == 20 and body["peers"]["kappa"]["low"] < body["peers"]["kappa"]["value"]
    assert body["severity"]["value"] == pytest.approx(0.6 * 7 / 8, abs=0.2) and body["severity"]["low"] > 0
    assert body["leaning"]["value"] < -0.3 and len(body["reread"]) == 3
    assert np.sum(body["scale"]["counts"]) == 7 * 100
    assert [one["exact"]["n"] for one in body["criteria"]] == [20] * 5
    json.dumps(body)


def test_severity_is_not_told_where_definition_16_forbids_it() -> None:
    few = figures.Scores.of(rows(raters=3, works=4))
    found = figures.severity(figures.fitted(few), 100)
    assert found["value"] is None and "too_few_linked" in found["reasons"]
    apart = [one for one in rows(raters=2, works=20) if (one[0] == 100) == (one[1] < 10)]
    told = figures.fitted(figures.Scores.of(apart))
    assert told == "disconnected"
    assert figures.severity(told, 100)["reasons"] == ["disconnected"]
    assert figures.fitted(figures.Scores.of([])) == "no_raters"


def test_no_figure_about_many_rests_on_fewer_than_three() -> None:
    scores = figures.Scores.of(rows(raters=8))
    area = dict.fromkeys(range(5), "a")
    # Schools of 3, 3, 1 and 1: the two that are too small stand together with the smallest other, for two are too few too.
    school = {100 + n: name for n, name in enumerate(["A", "A", "A", "B", "B", "B", "C", "D"])}
    body = figures.group_report(scores, range(5), area, school, {})
    assert [(one["school"], one["raters"]) for one in body["schools"]] == [("B", 3), ("", 5)]
    two = figures.Scores.of(rows(raters=2))
    held = figures.group_report(two, range(5), area, school, {})
    assert (
        held["withheld"]
        and held["all"] is None
        and held["criteria"] == held["schools"] == held["areas"] == []
    )
    # One alone beside big schools: no subtraction tells it.
    school = {100 + n: "A" if n < 7 else "Z" for n in range(8)}
    body = figures.group_report(scores, range(5), area, school, {})
    assert [(one["school"], one["raters"]) for one in body["schools"]] == [("", 8)]
    assert body["all"]["exact"]["value"] == pytest.approx(
        among(scores.rater, scores.level, scores.work, scores.criterion).exact.value, abs=1e-6
    )


def test_each_figure_rests_on_three_raters_not_only_the_session() -> None:
    area, school = dict.fromkeys(range(5), "Number"), dict.fromkeys(range(100, 108), "North")
    # Criterion 0 was scored by two of four, criterion 1 by three of whom one scored works of nobody else.
    kept = [
        one for one in rows(raters=4)
        if not (one[2] == 0 and one[0] > 101) and not (one[2] == 1 and (one[0] == 103 or (one[0] == 102 and one[1] < 40)))
    ] + [(102, 90 + n, 1, 300) for n in range(12)]  # fmt: skip
    body = figures.group_report(figures.Scores.of(kept), range(5), area, school, {(1, 2): 3.0})
    assert [one["criterion"] for one in body["criteria"]] == [2, 3, 4]
    # One rater alone scored an anchor: their agreement with it is nobody else's to read.
    alone = {(1, 2): 3.0}
    own = figures.Scores.of([one for one in rows(raters=4) if one[0] == 100 or one[1] != 1])
    assert figures.group_report(own, range(5), area, school, alone)["anchors"] is None
    assert (
        figures.group_report(figures.Scores.of(rows(raters=4)), range(5), area, school, alone)["anchors"]
        is not None
    )


def test_drift_needs_a_second_session_and_sees_who_changed() -> None:
    rng = np.random.default_rng(3)
    quality = rng.normal(2.5, 0.8, 20)

    def given(session: int, person: int, sample: int, line: int) -> tuple[int, int, int, int, int]:
        moved = 0.9 if (person, session) == (1, 2) else 0.0
        level = int(np.clip(round(quality[sample] + rng.normal(0, 0.4) - moved), 1, 4)) * 100
        return session, person, sample, line, level

    table = [given(s, p, w, c) for s in (1, 2) for p in range(1, 7) for w in range(20) for c in range(4)]
    assert figures.drift([one for one in table if one[0] == 1], 1, 1)["reasons"] == ["first_session"]
    found = figures.drift(table, 1, 2)
    assert (
        found["flagged"]
        and found["value"] == pytest.approx(0.37, abs=0.15)
        and found["low"] < found["value"] < found["high"]
    )
    # What one moves, the mean of all moves by a sixth: the others are told no more than that.
    assert all(abs(figures.drift(table, person, 2)["value"]) < 0.2 for person in range(2, 7))


@pytest.mark.django_db
def test_reports_are_made_and_each_rater_reads_only_their_own() -> None:
    build()
    session = opened(works=12)
    everybody_scores(session, level=lambda rater, number, at: 100 + 100 * ((number + at + (rater == 0)) % 4))
    revealed(session)
    row = CalibrationSession.objects.get()
    assert reporting.make_reports(session=row.pk, at=NOW) == RATERS + 1
    assert reporting.make_reports(session=row.pk, at=NOW) == RATERS + 1 == CalibrationReport.objects.count()
    own = queries.own_report(viewer=viewer("rater0"), session=seen("rater0", session))
    assert own.body["works"] == 12 and own.body["peers"]["exact"]["value"] == 0.0
    other = queries.own_report(viewer=viewer("rater1"), session=seen("rater1", session))
    assert other.body["peers"]["exact"]["value"] == pytest.approx(6 / 7, abs=1e-6)
    for name in ("coach",):
        assert queries.own_report(viewer=viewer(name), session=seen(name, session)) is None
    assert queries.own_report(viewer=district(), session=seen("coach", session)) is None
    group = queries.group_report(session=seen("rater0", session))
    assert "schools" not in group.body and len(group.body["criteria"]) == 5
    assert {one["criterion"] for one in group.body["criteria"]} == {str(uuid) for uuid in CRITERIA.values()}


@pytest.mark.django_db
def test_leaders_read_figures_by_school_of_finished_sessions() -> None:
    build()
    session = opened(works=12)
    everybody_scores(session)
    revealed(session)
    row = CalibrationSession.objects.get()
    reporting.make_reports(session=row.pk, at=NOW)
    assert queries.consistency(viewer=district()) == []
    actions.finish(actor=viewer("coach"), session=session, at=NOW)
    reporting.make_reports(session=row.pk, at=NOW)
    ((_, found),) = queries.consistency(viewer=district())
    # Schools of 3, 3 and 2 raters: two are too few, and one school joins them.
    assert [(one["school"], one["raters"]) for one in found.body["schools"]] == [("Juniper", 3), ("", 5)]
    ((_, own),) = queries.consistency(viewer=viewer("principal"))
    assert [one["school"] for one in own.body["schools"]] == ["Juniper"]
    assert queries.consistency(viewer=viewer("coach")) == queries.consistency(viewer=viewer("rater0")) == []
    text = json.dumps(found.body)
    assert not any(
        one.person.sourced_id in text or one.person.name() in text for one in SessionRater.objects.all()
    )


@pytest.mark.django_db
def test_anchors_scored_again_tell_drift_between_sessions() -> None:
    build()
    samples = [copy(n) for n in range(12)]
    coach = viewer("coach")
    sessions = []
    for term in range(2):
        session = planned(works=0)
        actions.put_in(actor=coach, session=session, samples=samples, at=NOW)
        actions.open_session(actor=coach, session=session, looked=True, at=NOW)
        from headway.calibration.models import SessionWork

        of = {
            one.number: samples.index(one.sample.uuid)
            for one in SessionWork.objects.filter(session__uuid=session)
        }
        everybody_scores(session, level=lambda rater, number, at, of=of, term=term: 100 + 100 * min(
            3, (of[number] + at) % 4 + (1 if rater == 2 and term else 0)))  # fmt: skip
        with time_machine.travel(NOW, tick=False):
            revealed(session)
        if not term:
            for number in range(1, 13):
                for line in CRITERIA.values():
                    actions.agree(
                        actor=coach,
                        session=session,
                        number=number,
                        criterion=line,
                        level=300,
                        why="clear",
                        at=NOW,
                    )
                actions.keep_anchor(actor=coach, session=session, number=number, at=NOW)
        reporting.make_reports(session=CalibrationSession.objects.get(uuid=session).pk, at=NOW)
        sessions.append(session)
    first, second = (
        queries.own_report(viewer=viewer("rater2"), session=seen("rater2", one)).body for one in sessions
    )
    assert first["drift"]["reasons"] == ["first_session"] and first["anchors"]["pieces"] == 0
    assert second["drift"]["windows"] == 2 and second["anchors"]["pieces"] == 12
    assert second["drift"].get("flagged") is True and second["drift"]["value"] < 0, "more lenient than before"
