"""Ratings come in: receipts, retries, faults, who may, what counts."""

from __future__ import annotations

import pytest

from headway.access.types import SYSTEM
from headway.evidence import queries as ledger
from headway.kit.refusals import Refusal
from headway.proficiency import actions, queries

from .conftest import NOW, standing, viewer

pytestmark = pytest.mark.django_db


def codes(refused: pytest.ExceptionInfo[Refusal]) -> list[tuple[str, int | None, str | None]]:
    return [(f.code, f.line, f.column) for f in refused.value.findings]


def test_a_save_answers_with_contiguous_receipt_and_what_stands(record) -> None:
    saved = record({"level": 2}, {"level": 3, "target": "A2"}, {"level": 4, "student": "u2"})
    assert (saved.receipt.last - saved.receipt.first, len(saved.receipt.written)) == (2, 3)
    assert [(d.student, d.target, d.value, d.state) for d in saved.determinations] == [
        ("u1", "A1", 200, "too_little"), ("u1", "A2", 300, "too_little"), ("u2", "A1", 400, "too_little"),
    ]  # fmt: skip
    # The first-day policy asks two pieces: the decaying average over 2 then 4 is 0.65 * 4 + 0.35 * 2 = 3.3.
    saved = record({"level": 4, "observed_at": "2026-10-02"})
    assert [(d.value, d.state) for d in saved.determinations] == [(330, "proficient")]


def test_a_retry_is_answered_with_the_first_receipt_and_writes_nothing(school) -> None:
    rows = [{"key": "k1", "student": "u1", "target": "A1", "level": 3, "observed_at": "2026-10-01"}]
    first = actions.record_rows(actor=SYSTEM, rows=rows, at=NOW, book=queries.book())
    again = actions.record_rows(actor=SYSTEM, rows=rows, at=NOW, book=queries.book())
    assert (again.receipt.first, again.receipt.last, again.receipt.written) == (
        first.receipt.first,
        first.receipt.last,
        (),
    )
    assert again.determinations == first.determinations
    mixed = [*rows, {**rows[0], "key": "k2"}]
    third = actions.record_rows(actor=SYSTEM, rows=mixed, at=NOW, book=queries.book())
    assert (
        third.receipt.replayed == ("k1",)
        and third.receipt.first == third.receipt.last == first.receipt.last + 1
    )
    with pytest.raises(Refusal) as refused:
        actions.record_rows(actor=SYSTEM, rows=[{**rows[0], "level": 2}], at=NOW, book=queries.book())
    assert refused.value.code == "key_conflict"


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ({"level": "2,5"}, "not_a_number", "level"),
        ({"level": 5}, "outside_scale", "level"),
        ({"level": 2.5}, "outside_scale", "level"),
        ({"level": "nan"}, "not_a_number", "level"),
        ({"level": None}, "level_missing", "level"),
        ({"level": 3, "status": "missed"}, "level_not_empty", "level"),
        ({"level": 3, "status": "asleep"}, "unknown_word", "status"),
        ({"level": 3, "student": "nobody"}, "unknown_student", "student"),
        ({"level": 3, "target": "CA"}, "unknown_target", "target"),
        ({"level": 3, "target": "Z9"}, "unknown_target", "target"),
        ({"level": 3, "observed_at": "2026-11-21"}, "observed_in_future", "observed_at"),
        ({"level": 3, "observed_at": "12/11/2026"}, "not_a_time", "observed_at"),
        ({"level": 3, "override": "decides"}, "reason_missing", "comment"),
        ({"level": 3, "override": "completes"}, "level_not_empty", "level"),
        ({"level": 3, "depth": 7}, "out_of_range", "depth"),
        ({"level": 3, "replaces": "r9999", "comment": "typo"}, "unknown_rating", "replaces"),
        ({"level": 3, "replaces": "r0001"}, "reason_missing", "comment"),
        ({"level": 3, "color": "blue"}, "unknown_field", "color"),
        ({"level": 3, "rater": "nobody"}, "unknown_rater", "rater"),
        ({"level": 3, "continuum_level": 2.5}, "out_of_range", "continuum_level"),
    ],
)
def test_every_fault_is_named_by_row_and_field_and_nothing_is_written(record, row, code, column) -> None:
    before = ledger.head()
    with pytest.raises(Refusal) as refused:
        record({"level": 3}, row)
    assert (code, 2, column) in codes(refused)
    assert ledger.head() == before and standing() is None


def test_a_teacher_rates_only_students_in_scope_and_is_the_rater(record) -> None:
    lopez = viewer("T1")
    record({"level": 3}, actor=lopez)
    rows = ledger.rating_rows(columns=("rater_id", "kind"))
    assert rows == [(lopez.person_id, 0)]
    with pytest.raises(Refusal) as refused:
        record({"level": 3, "student": "u4"}, actor=lopez)
    assert codes(refused) == [("unknown_student", 1, "student")]
    with pytest.raises(Refusal) as refused:
        record({"level": 3, "kind": "moderated"}, {"level": 3, "kind": "self"}, actor=lopez)
    assert {code for code, _, _ in codes(refused)} == {"kind_not_allowed"}


def test_a_student_rates_only_the_own_work_and_it_does_not_count(record) -> None:
    ana = viewer("u1")
    record({"level": 4, "kind": "self"}, actor=ana)
    found = standing()
    assert (found.state, found.n_counted, found.n_total) == ("no_evidence", 0, 1)
    for row in ({"level": 4}, {"level": 4, "kind": "self", "student": "u2"}, {"kind": "self", "status": "excused"},
                {"level": 4, "kind": "self", "override": "decides", "comment": "me"}):  # fmt: skip
        with pytest.raises(Refusal):
            record(row, actor=ana)


def test_families_record_nothing(record) -> None:
    with pytest.raises(Refusal) as refused:
        record({"level": 4}, actor=viewer("p1"))
    assert "kind_not_allowed" in {code for code, _, _ in codes(refused)}


def test_held_ratings_count_only_once_released(record) -> None:
    record(
        {"level": 3, "held": True, "key": "h1"},
        {"level": 4, "held": True, "key": "h2", "observed_at": "2026-10-02"},
    )
    assert standing() is None
    with pytest.raises(Refusal) as refused:
        actions.release_ratings(actor=SYSTEM, keys=["h1", "unknown"], at=NOW)
    assert refused.value.code == "unknown_rating" and standing() is None
    actions.release_ratings(actor=SYSTEM, keys=["h1", "h2"], at=NOW)
    assert (standing().value, standing().n_counted) == (365, 2)
    with pytest.raises(Refusal) as refused:
        actions.release_ratings(actor=SYSTEM, keys=["h1"], at=NOW)
    assert refused.value.code == "not_held"


def test_a_correction_replaces_and_the_old_value_stays_visible(record) -> None:
    first = record({"level": 1, "key": "old"})
    record({"level": 3, "key": "new", "replaces": "old", "comment": "Wrong row of the sheet."})
    assert (standing().value, standing().n_total) == (300, 1)
    assert standing(known_at=first.receipt.last).value == 100


def test_move_and_undo_touch_both_targets(record) -> None:
    record({"level": 3, "key": "m1"}, {"level": 2, "key": "m2", "observed_at": "2026-10-05"})
    act = actions.move_ratings(
        actor=viewer("T1"), keys=["m1", "m2"], target="A2", reason="Wrong column", at=NOW
    )
    assert standing() is None and standing(target="A2").n_counted == 2
    actions.undo_act(actor=SYSTEM, act=act, at=NOW)
    assert standing().n_counted == 2 and standing(target="A2") is None
    with pytest.raises(Refusal) as refused:
        actions.move_ratings(actor=viewer("T2"), keys=["m1"], target="A2", reason="x", at=NOW)
    assert refused.value.code == "unknown_rating"
    with pytest.raises(Refusal):
        actions.undo_act(actor=viewer("u2"), act=act, at=NOW)


def test_a_decision_stands_beside_the_engine_until_it_is_reverted(record) -> None:
    record({"level": 2}, {"level": 2, "observed_at": "2026-10-02"})
    record(
        {"override": "decides", "level": 3, "comment": "Seen in the workshop", "observed_at": "2026-10-03"}
    )
    found = standing()
    assert (found.value, found.state, found.engine_value, found.engine_state) == (
        300,
        "proficient",
        200,
        "not_yet",
    )
    assert found.decided and found.since_decision == 0
    record({"level": 1, "observed_at": "2026-10-10"})
    assert (standing().value, standing().since_decision) == (300, 1)
    record({"override": "reverts", "comment": "Not again", "observed_at": "2026-10-11"})
    assert not standing().decided and standing().value == standing().engine_value


def test_the_stored_rows_equal_a_replay_and_a_lost_one_is_found(record) -> None:
    from headway.proficiency.models import Determination

    record({"level": 2}, {"level": 3, "target": "A2"}, {"level": 4, "student": "u2"})
    assert actions.redetermine(at=NOW, apply=False) == []
    Determination.objects.filter(value=400).update(value=100)
    Determination.objects.filter(value=300).delete()
    assert len(actions.redetermine(at=NOW, apply=False)) == 2
    actions.redetermine(at=NOW, apply=True)
    assert actions.redetermine(at=NOW, apply=False) == []


def test_statements_of_a_save_do_not_grow_with_the_class(record, django_assert_max_num_queries) -> None:
    record({"level": 2})
    with django_assert_max_num_queries(22):
        record(
            *({"level": 3, "student": s, "target": t} for s in ("u1", "u2", "u3") for t in ("A1", "A2", "A3"))
        )
