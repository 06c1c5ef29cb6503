"""What was taken back is back as it was, what a student may not touch stays, and a new day is no alteration."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from headway.access.types import SYSTEM
from headway.evidence.models import Piece
from headway.kit.refusals import Refusal
from headway.proficiency import actions, projecting, queries
from headway.rosters.models import Person

from .conftest import NOW, policy, standing, viewer

pytestmark = pytest.mark.django_db
HEAD = "key,student,target,level,observed_at,replaces,comment"


def bring_in(*lines: str, at: datetime = NOW) -> int:
    """Import lines as a file of ratings; return the number of the run."""
    rows = [dict(zip(HEAD.split(","), line.split(","), strict=True)) for line in lines]
    return actions.import_ratings(
        actor=SYSTEM, rows=rows, lines=list(range(2, len(rows) + 2)), name="r.csv", digest="0" * 64, at=at
    )["run"]


def refused(record, row, actor=SYSTEM) -> set[tuple[str, str | None]]:
    with pytest.raises(Refusal) as caught:
        record(row, actor=actor)
    return {(one.code, one.column) for one in caught.value.findings}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("replaces", "t1"),
        ("held", "true"),
        ("by_default", "true"),
        ("recorded_at", "2026-10-02"),
        ("continuum_level", "3"),
    ],
)
def test_a_students_own_rating_carries_a_level_and_nothing_else(record, column: str, value: str) -> None:
    record({"key": "t1", "level": 2})
    row = {"key": "s1", "level": 4, "kind": "self", "comment": "x", column: value}
    assert ("not_for_students", column) in refused(record, row, actor=viewer("u1"))
    assert standing().value == 200


def test_the_undo_of_an_import_lets_what_it_corrected_stand_again(record) -> None:
    record({"key": "a", "level": 3}, {"key": "b", "level": 2, "target": "A2"})
    before = (standing(), standing(target="A2"))
    run = bring_in(
        "c,u1,A1,1,2026-10-03,a,typo",
        "d,u1,A1,2,2026-10-04,c,typo",
        "e,u1,A2,4,2026-10-05,,",
    )
    assert standing().value == 200
    actions.undo_ratings(run_id=run, actor=SYSTEM, at=NOW + timedelta(minutes=1))
    assert (standing(), standing(target="A2")) == before
    assert actions.redetermine(at=NOW + timedelta(minutes=2), apply=False) == []


def test_a_rating_that_was_taken_back_is_not_acknowledged_again(record) -> None:
    run = bring_in("a,u1,A1,3,2026-10-03,,")
    actions.undo_ratings(run_id=run, actor=SYSTEM, at=NOW)
    with pytest.raises(Refusal) as caught:
        bring_in("a,u1,A1,3,2026-10-03,,")
    assert "key_withdrawn" in {caught.value.code, *(one.code for one in caught.value.findings)}
    # A retry of what a correction replaced is answered with its first receipt: it did come in.
    record({"key": "x", "level": 2, "target": "A2"})
    record({"key": "y", "level": 3, "target": "A2", "replaces": "x", "comment": "typo"})
    assert record({"key": "x", "level": 2, "target": "A2"}).receipt.replayed == ("x",)


def test_a_rating_ends_the_wait_of_its_own_students_piece_only(record) -> None:
    for who in ("u1", "u2"):
        Piece.objects.create(
            key=f"p-{who}", student=Person.objects.get(sourced_id=who), title="Map", handed_in_at=NOW
        )
    record({"level": 3, "evidence": "p-u2"}, {"level": 3, "evidence": "p-u1", "target": "A2"})
    assert Piece.objects.get(key="p-u2").rated_at is None
    assert Piece.objects.get(key="p-u1").rated_at == NOW


def test_today_may_be_written_in_the_morning_and_a_retry_agrees(record) -> None:
    morning = NOW.replace(hour=15, minute=5)  # five past eight in the school's zone
    row = {"key": "m", "level": 3, "observed_at": "2026-11-20"}
    record(row, at=morning)
    assert record(row, at=morning + timedelta(hours=6)).receipt.replayed == ("m",)
    assert ("observed_in_future", "observed_at") in refused(record, {"level": 3, "observed_at": "2026-11-21"})


@pytest.mark.parametrize("level", ["1e0", "٣", "1_0", "2.999999999", "9" * 400, "0x1"])
def test_a_level_is_written_in_plain_figures(record, level: str) -> None:
    assert {column for _, column in refused(record, {"level": level})} == {"level"}


def test_a_new_day_is_told_from_an_alteration_and_is_caught_up_with(record) -> None:
    record({"level": 1, "observed_at": "2026-09-01"}, {"level": 4, "observed_at": "2026-10-01"})
    body = policy(rule="mean", in_force="2026-12-01")
    actions.import_policy(actor=SYSTEM, body=body, name="next.toml", at=NOW)
    later = NOW + timedelta(days=20)
    found = actions.redetermine(at=later, apply=False)
    assert len(found) == 1 and actions.due(found, at=later) == found
    assert actions.bring_up_to_date(at=later) == 1
    assert actions.redetermine(at=later, apply=False) == [] and actions.bring_up_to_date(at=later) == 0
    assert projecting.tally_breaks() == []
    # The same row altered is not explained by the day.
    from headway.proficiency.models import Determination

    Determination.objects.update(value=100)
    found = actions.redetermine(at=later, apply=False)
    assert len(found) == 1 and actions.due(found, at=later) == []
    assert queries.book().schools_differ is False


@pytest.mark.parametrize(
    "text",
    [
        "[response]\nmissed_chances = { count = 1, days = 9999999999999 }\n", "[pace]\nbuffer_weeks = nan\n",
        "[pace]\nwindow_weeks = 1e308\n", "[response]\nno_evidence_days = inf\n", "a = " + "[" * 5000,
    ],
)  # fmt: skip
def test_a_number_that_no_page_can_bear_is_refused(school, text: str) -> None:
    with pytest.raises(Refusal) as caught:
        actions.read_policy(text.encode(), name="p.toml")
    assert caught.value.code == "policy_invalid"
