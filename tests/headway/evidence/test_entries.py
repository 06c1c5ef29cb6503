"""From what a client says to checked entries: every fault is named with its row, field and value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.evidence.entries import References, RowReader
from headway.evidence.types import FIELDS, RatingEntry
from headway.kit.refusals import Finding
from headway.kit.times import micros

NOW = datetime(2026, 9, 20, 18, tzinfo=UTC)
ANA, LOPEZ, TARGET = (1, UUID(int=1)), (2, UUID(int=2)), (7, UUID(int=7))
ROW = {"key": "k1", "student": "u1", "target": "A.1", "level": 3, "observed_at": "2026-09-18"}


def target(text: str, _on: datetime) -> tuple[int, UUID] | Finding:
    return TARGET if text == "A.1" else Finding("unknown_target", "No target has this name.")


def read(*rows: dict[str, Any], **options: Any) -> tuple[list[RatingEntry], list[Finding]]:
    references = References(student={"u1": ANA}, rater={"T1": LOPEZ}, target=target)
    reader = RowReader(references=references, zone=ZoneInfo("America/Denver"), now=NOW, **options)
    return reader.read(rows), reader.findings


def faults(**fields: Any) -> list[tuple[str, str | None]]:
    entries, found = read({**ROW, **fields})
    assert not found or not entries
    return [(one.code, one.column) for one in found]


def test_a_row_becomes_an_entry() -> None:
    (entry,), found = read({**ROW, "level": "2.5", "rater": "T1", "due_at": "2026-09-19T10:00:00-06:00"})
    assert not found
    assert (entry.key, entry.student, entry.target, entry.rater, entry.level) == ("k1", 1, 7, 2, 250)
    # A day without a time is noon of that day in the school's zone.
    assert entry.observed_us == micros(datetime(2026, 9, 18, 18, tzinfo=UTC))
    assert entry.due_us == micros(datetime(2026, 9, 19, 16, tzinfo=UTC))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"key": ""}, ("required", "key")),
        ({"key": "k" * 191}, ("too_long", "key")),
        ({"student": "u9"}, ("unknown_student", "student")),
        ({"rater": "T9"}, ("unknown_rater", "rater")),
        ({"target": "Z"}, ("unknown_target", "target")),
        ({"observed_at": "2026-09-21"}, ("observed_in_future", "observed_at")),
        ({"observed_at": "18.9.2026"}, ("not_a_time", "observed_at")),
        ({"observed_at": "1899-01-01"}, ("out_of_range", "observed_at")),
        ({"observed_at": "0001-01-01T00:00:00+14:00"}, ("not_a_time", "observed_at")),
        ({"level": "three"}, ("not_a_number", "level")),
        ({"level": "nan"}, ("not_a_number", "level")),
        ({"level": True}, ("not_a_number", "level")),
        ({"level": 2.125}, ("too_fine", "level")),
        ({"level": None}, ("level_missing", "level")),
        ({"status": "missed"}, ("level_not_empty", "level")),
        ({"status": "gone"}, ("unknown_word", "status")),
        ({"override": "completes"}, ("level_not_empty", "level")),
        ({"override": "decides"}, ("reason_missing", "comment")),
        ({"replaces": "k0"}, ("reason_missing", "comment")),
        ({"attempt": "0"}, ("out_of_range", "attempt")),
        ({"held": "maybe"}, ("unknown_word", "held")),
        ({"grade": "A"}, ("unknown_field", "grade")),
        ({"comment": "a\x00b"}, ("control_character", "comment")),
    ],
)
def test_a_fault_is_named_with_its_field(fields: dict[str, Any], code: tuple[str, str]) -> None:
    assert code in faults(**fields)


@pytest.mark.parametrize("digits", ["²", "٣", "①", "1_0", "1.0", "-1"])
def test_only_plain_digits_are_whole_numbers(digits: str) -> None:
    """A superscript two once counted as a digit and then stopped the import with a traceback."""
    assert faults(attempt=digits) == [("out_of_range", "attempt")]


@pytest.mark.parametrize("name", ["key", "comment", "task", "student"])
def test_half_of_a_character_is_refused(name: str) -> None:
    """JSON may carry half of a surrogate pair; the ledger once met it only when it hashed the text."""
    assert ("not_unicode", name) in faults(**{name: "a\ud800"})
    for finding in read({**ROW, name: "a\ud800"})[1]:
        str(finding).encode()


def test_a_key_twice_names_both_rows() -> None:
    entries, (found,) = read(ROW, {**ROW, "key": "k2"}, ROW, lines=[2, 3, 5], file="ratings.csv")
    assert [entry.key for entry in entries] == ["k1", "k2"]
    assert (found.code, found.line, found.file) == (
        "key_twice",
        5,
        "ratings.csv",
    ) and "row 2" in found.message


VALUE = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.lists(st.integers())
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.dictionaries(st.sampled_from([*FIELDS, "other"]), VALUE))
def test_whatever_comes_is_an_entry_or_a_fault(fields: dict[str, Any]) -> None:
    row = {**ROW, **fields}
    entries, found = read(row)
    assert bool(entries) != bool(found)
    for entry in entries:
        entry.body()
