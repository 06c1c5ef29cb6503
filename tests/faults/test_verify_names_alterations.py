"""`headway verify` after somebody with the database's password altered a row: exit 1, and the first altered event by name."""

from __future__ import annotations

import pytest

from ..headway.project.district import Home

pytestmark = pytest.mark.postgres

FORGED = "0f0e0d0c-0b0a-4908-8706-050403020100"
# Events: 1 the policy, 2 to 13 the ratings k01 to k12.
ALTERATIONS = {
    "a level": (["UPDATE headway_payload SET body = REPLACE(body, '\"level\":200', '\"level\":400') WHERE event_id = 5"], 5),
    "a time": (["UPDATE headway_event SET at_us = at_us - 86400000000 WHERE sequence = 4"], 4),
    "an author": (["UPDATE headway_event SET author = '{forged}' WHERE sequence = 7"], 7),
    "a subject": (["UPDATE headway_event SET subject = '{forged}' WHERE sequence = 3"], 3),
    "a salt": (["UPDATE headway_payload SET salt = '00000000000000000000000000000000' WHERE event_id = 9"], 9),
    "a hash": (["UPDATE headway_event SET hash = previous WHERE sequence = 8"], 8),
    "a content gone": (["DELETE FROM headway_payload WHERE event_id = 11"], 11),
    "an event in the middle gone": (
        ["DELETE FROM headway_payload WHERE event_id = 6", "DELETE FROM headway_event WHERE sequence = 6"], 6,
    ),
    "the tail gone": (
        ["DELETE FROM headway_payload WHERE event_id = 13", "DELETE FROM headway_event WHERE sequence = 13"], 13,
    ),
    "a rating row's level": (["UPDATE headway_rating SET level = 400 WHERE key = 'k04'"], 5),
    "a rating row's day": (["UPDATE headway_rating SET observed_us = observed_us - 1 WHERE key = 'k03'"], 4),
    "a rating row's student": (
        ["UPDATE headway_rating SET student_id = (SELECT id FROM headway_person WHERE sourced_id = 'u3') WHERE key = 'k08'"], 9,
    ),
    "a rating row gone": (["DELETE FROM headway_rating WHERE key = 'k11'"], 12),
    "a held rating": (["UPDATE headway_rating SET held = '1' WHERE key = 'k12'"], 13),
    "several": (
        [
            "UPDATE headway_payload SET body = REPLACE(body, '\"level\":600', '\"level\":900') WHERE event_id = 12",
            "UPDATE headway_event SET at_us = at_us + 1 WHERE sequence = 6",
            "UPDATE headway_rating SET level = 100 WHERE key = 'k02'",
        ], 6,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ALTERATIONS)
def test_the_first_altered_event_is_named(name: str, home: Home) -> None:
    statements, sequence = ALTERATIONS[name]
    forged = FORGED if home.url else FORGED.replace("-", "")
    home.write(
        *(
            statement.format(forged=forged) if "{forged}" in statement else statement
            for statement in statements
        )
    )
    found = home.json("verify", code=1)
    assert found["ok"] is False and found["n"] >= 1 and found["first"] == found["breaks"][0]
    assert found["first"]["sequence"] == sequence, found["breaks"]
    assert found["first"]["expected"] != found["first"]["found"]
    assert f"event {sequence}" in found["first"]["message"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE headway_determination SET value = 400 WHERE n_counted = 3",
        "UPDATE headway_determination SET state = state + 1 WHERE n_counted = 3",
        "UPDATE headway_determination SET n_total = 9 WHERE n_counted = 3",
        "DELETE FROM headway_determination WHERE n_counted = 3",
    ],
)
def test_an_altered_determination_is_named_by_student_and_target(statement: str, home: Home) -> None:
    home.write(statement)
    found = home.json("verify", code=1)
    # Counts made from determinations may differ with it, and are named after it.
    assert [one["what"] for one in found["breaks"]].count("determination") == 1, found
    assert found["first"]["what"] == "determination", found
    assert "A1" in found["first"]["message"] and found["first"]["subject"] in found["first"]["message"]
    # Nothing in the ledger was touched: a replay mends it, and everything holds again.
    assert home.json("determine", "--apply")["n"] == 1
    assert home.json("verify")["ok"] is True


def test_what_was_not_altered_is_not_named(home: Home) -> None:
    found = home.json("verify")
    assert (found["ok"], found["events"], found["n"], found["first"], found["breaks"]) == (
        True,
        13,
        0,
        None,
        [],
    )
    said = home.call("verify").out
    assert said.startswith("Everything holds: 13 events")


def test_the_triggers_stand_in_the_way_of_a_careless_hand(home: Home) -> None:
    import sqlite3

    import psycopg

    for statement in (
        "UPDATE headway_event SET at_us = 0 WHERE sequence = 2", "DELETE FROM headway_event WHERE sequence = 2",
        "UPDATE headway_payload SET body = '{}' WHERE event_id = 2", "DELETE FROM headway_payload WHERE event_id = 2",
    ):  # fmt: skip
        with pytest.raises((sqlite3.IntegrityError, psycopg.Error), match="append-only"):
            home.rows(statement)
    assert home.json("verify")["ok"] is True
