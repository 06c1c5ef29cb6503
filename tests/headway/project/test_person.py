"""P10: `headway person merge` and `person split` on a small district; `verify` and `determine` hold after each."""

from __future__ import annotations

import sqlite3

from .district import Home


def test_p10_merge_verify_split_verify(fresh: Home) -> None:
    fresh.write("UPDATE headway_person SET active = 0 WHERE sourced_id = 'u3'")
    refused = fresh.refused("person", "merge", "u1", "u2", "--reason", "x")
    assert [e["code"] for e in refused] == ["both_on_roster"]
    assert [e["code"] for e in fresh.refused("person", "merge", "zz", "u2", "--reason", "x")] == [
        "no_such_person"
    ]
    found = fresh.json("person", "merge", "u3", "u2", "--reason", "came twice")
    assert (found["person"], found["into"]) == ("u3", "u2")
    held = [row["key"] for row in fresh.json("export", "record", "u3")["ratings"]]
    assert "k11" in held and "k06" in held
    assert fresh.json("determine")["differences"] == []
    rows = "SELECT p.sourced_id FROM headway_rating r JOIN headway_person p ON p.id = r.student_id WHERE r.key = 'k11' AND r.to_sequence IS NULL"  # noqa: E501
    assert fresh.rows(rows) == [("u2",)]
    found = fresh.json("person", "split", "u3", "--reason", "two children")
    assert (found["person"], found["from"]) == ("u3", "u2")
    assert fresh.rows(rows) == [("u3",)] and fresh.json("determine")["differences"] == []
    assert [e["code"] for e in fresh.refused("person", "split", "u3", "--reason", "x")] == ["not_merged"]


def test_p10_verify_holds_through_merge_split_and_erasure(fresh: Home) -> None:
    with sqlite3.connect(fresh.database) as roster:
        # As if the roster had ended u3; by a plain statement, so that the ledger keeps its triggers.
        roster.execute("UPDATE headway_person SET active = 0 WHERE sourced_id = 'u3'")
    roster.close()
    assert (
        fresh.json("person", "merge", "u1", "u1", "--reason", "x", code=1)["errors"][0]["code"]
        == "same_person"
    )
    fresh.json("person", "merge", "u3", "u2", "--reason", "came twice")
    assert fresh.json("verify")["ok"]
    fresh.json("person", "split", "u3", "--reason", "two children")
    assert fresh.json("verify")["ok"]
    fresh.json("person", "merge", "u3", "u2", "--reason", "one after all")
    assert fresh.json("erase", "u2", "--reason", "asked for")["events"] == 9
    assert fresh.json("verify")["ok"] and fresh.rows(
        "SELECT COUNT(*) FROM headway_rating WHERE key = 'k11'"
    ) == [(0,)]
