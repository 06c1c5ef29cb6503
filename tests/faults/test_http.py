"""`/api/v1/` through the real server: what is written, what is refused whole, what comes back, who may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ..headway.project.district import Home, day
from .serving import Client, Server

_numbers = count(1)


def row(**own: Any) -> dict[str, Any]:
    """Return a sound rating under a key of its own."""
    return {
        "key": f"h{next(_numbers):05d}", "student": "u1", "target": "MATH:A1", "level": 3, "observed_at": day(3), **own,
    }  # fmt: skip


class School:
    """The small district served, with a client for each person."""

    def __init__(self, home: Home) -> None:
        self.home, self.server = home, Server(home)
        both = ("ratings.write", "ratings.read")
        self.tokens = {
            name: self.token(user, *scopes)
            for name, user, scopes in (
                ("teacher", "T1", both), ("other", "T2", both), ("student", "u1", both), ("family", "p1", both),
                ("admin", "admin", ("admin",)), ("reader", "T1", ("ratings.read",)), ("writer", "T1", ("ratings.write",)),
            )
        }  # fmt: skip

    def token(self, user: str, *scopes: str) -> str:
        return str(
            self.home.json("token", user, *(word for scope in scopes for word in ("--scope", scope)))["token"]
        )

    def __getattr__(self, name: str) -> Client:
        return Client(self.server.port, self.tokens[name])

    def events(self) -> int:
        return int(self.home.rows("SELECT COUNT(*) FROM headway_event")[0][0])


@pytest.fixture(scope="module")
def school(made: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    served = School(made.copy(tmp_path_factory.mktemp("http") / "home"))
    served.server.start()
    try:
        yield served
    finally:
        served.server.kill()
        assert served.home.json("verify")["ok"] is True


def codes(answer: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(e["row"], e["key"], e["field"], e["code"]) for e in answer["errors"]]


# Recording.


def test_ratings_are_recorded_and_determined(school: School) -> None:
    before = school.events()
    rows = [row(student="u3", target="A2", level=2), row(student="u3", target="A2", level=4, observed_at=day(1)),
            row(student="u3", target="A3", level=1)]  # fmt: skip
    status, answer = school.admin.rate(*rows)
    assert status == 201 and set(answer) == {"receipt", "determinations"}
    receipt = answer["receipt"]
    assert (receipt["first"], receipt["last"]) == (before + 1, before + 3)
    assert school.home.rows("SELECT hash FROM headway_event WHERE sequence = ?", before + 3) == [
        (receipt["head"],)
    ]
    assert answer["determinations"] == [
        {"student": "u3", "target": "A2", "value": 3.0, "state": "proficient"},
        {"student": "u3", "target": "A3", "value": 1.0, "state": "not_yet"},
    ]
    # Known keys with equal content: the first receipt, and nothing is written.
    status, again = school.admin.rate(*rows)
    assert (status, again["receipt"]) == (200, receipt) and again["determinations"] == answer[
        "determinations"
    ]
    assert school.events() == before + 3
    # Mixed: the new ones are written, the old ones listed.
    new = row(student="u3", target="B1", level=2)
    status, mixed = school.admin.rate(rows[1], new)
    assert (status, mixed["replayed"]) == (201, [rows[1]["key"]])
    assert (mixed["receipt"]["first"], mixed["receipt"]["last"]) == (before + 4, before + 4)
    # A known key with other content.
    status, conflict = school.admin.rate(row(), {**rows[0], "level": 3})
    assert (status, conflict["code"]) == (409, "key_conflict")
    assert codes(conflict) == [(2, rows[0]["key"], "key", "key_conflict")]
    assert school.events() == before + 4


def test_1_to_500_ratings_in_one_call(school: School) -> None:
    before = school.events()
    rows = [row(student=f"u{n % 2 + 1}", target="A3", level=1 + n % 4) for n in range(501)]
    assert school.admin.rate(*rows)[0] == 422 and school.admin.rate()[0] == 422
    assert school.events() == before
    status, answer = school.admin.rate(*rows[:500])
    assert status == 201 and answer["receipt"]["last"] - answer["receipt"]["first"] == 499
    assert school.events() == before + 500
    assert school.home.rows("SELECT COUNT(*) FROM headway_rating WHERE from_sequence > ?", before) == [(500,)]


def test_one_fault_refuses_the_whole_call_and_every_fault_is_named(school: School) -> None:
    later = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    faults = [
        (row(student="nobody"), "student", "unknown_student"),
        (row(target="NOTHING"), "target", "unknown_target"),
        (row(target="A1"), "target", "ambiguous_target"),
        (row(target="OLD"), "target", "retired_target"),
        (row(level=5), "level", "outside_scale"),
        (row(level=2.5), "level", "outside_scale"),
        (row(level=None), "level", "level_missing"),
        (row(observed_at=later), "observed_at", "observed_in_future"),
        (row(observed_at="11/12/2026"), "observed_at", "not_a_time"),
        (row(kind="tutor"), "kind", "unknown_word"),
        (row(status="missed"), "level", "level_not_empty"),
        (row(override="decides"), "comment", "reason_missing"),
        (row(grade="A"), "grade", "unknown_field"),
        (row(rater="nobody"), "rater", "unknown_rater"),
    ]  # fmt: skip
    before = school.events()
    status, answer = school.admin.rate(row(), *(fault for fault, _, _ in faults), row())
    assert (status, answer["code"]) == (422, "ratings_invalid")
    assert codes(answer) == [
        (n, fault["key"], field, code) for n, (fault, field, code) in enumerate(faults, 2)
    ]
    by_field = {e["field"]: e for e in answer["errors"]}
    assert by_field["student"]["value"] == "nobody" and all(e["message"] for e in answer["errors"])
    assert school.events() == before
    twin = row()
    status, answer = school.admin.rate(twin, twin)
    assert status == 422 and codes(answer) == [(2, twin["key"], "key", "key_twice")]
    assert school.events() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": ["a"]}, {"key": 5}, {"student": {"a": 1}}, {"target": True}, {"level": True}, {"level": [3]}, {"level": 10**400},
        {"observed_at": 20261112}, {"comment": {"a": "b"}}, {"held": "perhaps"}, {"held": 1}, {"attempt": [1]}, {"depth": {}},
        {"key": ""}, {"key": None}, {"key": "\x00"}, {"comment": "\ud800"}, {"student": "\ud800"}, {"rater": "\ud800"},
        {"key": "k" * 191}, {"level": "three"},
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_refused_by_field(school: School, wrong: dict[str, Any]) -> None:
    before = school.events()
    status, answer = school.admin.rate(row(**wrong))
    assert status == 422, answer
    assert {e["field"] for e in answer["errors"]} == set(wrong) and {e["row"] for e in answer["errors"]} == {
        1
    }
    assert school.events() == before


def test_bodies_that_are_no_ratings(school: School) -> None:
    before = school.events()
    for raw in (
        b"", b"{", b"[]", b"5", b"null", b'{"ratings": {}}', b'{"ratings": [5]}', b'{"ratings": "x"}', b"\xff\xfe",
        b'{"ratings": [{"level": NaN}]}', b'{"ratings": ' + b"[" * 100_000, b'{"ratings": [{"level": 1e999}]}',
    ):  # fmt: skip
        status, answer = school.admin.call("POST", "/api/v1/ratings", raw=raw)
        assert status == 422 and answer["errors"], (raw[:40], status, answer)
    # More than 5 MB is not even read: the answer says so, or the connection is closed in the middle of it.
    try:
        assert school.admin.call("POST", "/api/v1/ratings", raw=b" " * (6 * 1024 * 1024))[0] in (400, 413)
    except ConnectionError:
        assert school.admin.rate()[0] == 422
    assert school.events() == before


# Who may.


def test_tokens_and_scopes(school: School) -> None:
    before = school.events()
    port = school.server.port
    for token in ("", "hw_unknown", school.tokens["teacher"] + "x", school.tokens["teacher"].lower()):
        stranger = Client(port, token)
        assert stranger.rate(row())[0] == 401
        assert stranger.get("/api/v1/determinations?student=u1")[0] == 401
    assert school.reader.rate(row())[0] == 403
    assert school.writer.get("/api/v1/determinations?student=u1")[0] == 403
    assert (
        school.reader.post("/api/v1/ratings/move", {"keys": ["k01"], "target": "A3", "reason": "x"})[0] == 403
    )
    assert school.reader.post("/api/v1/ratings/release", {"keys": ["k01"]})[0] == 403
    assert school.events() == before
    assert school.writer.rate(row())[0] == 201
    assert school.reader.get("/api/v1/determinations?student=u1")[0] == 200
    # A token that was withdrawn or has ended is dead with the next call.
    ended, revoked = school.token("T1", "ratings.read"), school.token("T1", "ratings.read")
    assert Client(port, ended).get("/api/v1/determinations?student=u1")[0] == 200
    import hashlib

    for secret, column in ((ended, "expires_at"), (revoked, "revoked_at")):
        digest = hashlib.sha256(secret.encode()).hexdigest()
        assert school.home.rows("SELECT COUNT(*) FROM headway_token WHERE digest = ?", digest) == [(1,)]
        import sqlite3

        with sqlite3.connect(school.home.database, timeout=20) as connection:
            connection.execute(
                f"UPDATE headway_token SET {column} = '2020-01-01 00:00:00' WHERE digest = ?", [digest]
            )
        assert Client(port, secret).get("/api/v1/determinations?student=u1")[0] == 401


def test_the_rater_is_the_token_s_owner_and_the_kind_is_the_role_s(school: School) -> None:
    mine = row()
    assert school.teacher.rate(mine)[0] == 201
    sql = (
        "SELECT p.sourced_id FROM headway_rating r JOIN headway_person p ON p.id = r.rater_id WHERE r.key = ?"
    )
    assert school.home.rows(sql, mine["key"]) == [("T1",)]
    before = school.events()
    # Nobody rates in another's name.
    assert school.teacher.rate(row(rater="T2"))[0] == 422
    for client, own, code in (
        (school.teacher, {"kind": "moderated"}, "kind_not_allowed"),
        (school.teacher, {"kind": "self"}, "kind_not_allowed"),
        (school.student, {"kind": "teacher"}, "kind_not_allowed"),
        (school.student, {}, "kind_not_allowed"),
        (school.student, {"kind": "self", "student": "u2"}, "unknown_student"),
        (school.student, {"kind": "self", "level": None, "status": "excused"}, "not_for_students"),
        (school.student, {"kind": "self", "override": "decides", "comment": "x"}, "not_for_students"),
        # A teacher of another school, in whose eyes this student is not there.
        (school.other, {"student": "u1"}, "unknown_student"),
    ):
        status, answer = client.rate(row(**own))
        assert status == 422 and [e["code"] for e in answer["errors"]] == [code], (own, answer)
    assert school.family.rate(row())[0] == 403
    assert school.events() == before
    assert school.student.rate(row(kind="self"))[0] == 201
    assert school.teacher.rate(row(kind="panel"))[0] == 201


# Held, moved, taken back.


def standing(school: School, student: str, target: str) -> dict[str, Any] | None:
    status, answer = school.admin.get(f"/api/v1/determinations?student={student}")
    assert status == 200
    found = [r for r in answer["determinations"] if r["target"] == target]
    return found[0] if found else None


def test_a_held_rating_counts_from_its_release(school: School) -> None:
    held = row(student="u4", target="A2", level=4, held=True)
    status, answer = school.admin.rate(held)
    assert status == 201 and answer["determinations"][0]["state"] == "no_evidence"
    assert standing(school, "u4", "A2") is None
    assert school.teacher.post("/api/v1/ratings/release", {"keys": [held["key"]]})[0] == 422
    status, released = school.admin.post("/api/v1/ratings/release", {"keys": [held["key"]]})
    assert status == 201 and released["act"] == school.events()
    found = standing(school, "u4", "A2")
    assert found is not None and (found["value"], found["n_counted"]) == (4.0, 1)
    before = school.events()
    status, answer = school.admin.post("/api/v1/ratings/release", {"keys": [held["key"]]})
    assert (status, answer["code"]) == (422, "not_held")
    status, answer = school.admin.post("/api/v1/ratings/release", {"keys": ["nothing"]})
    assert (status, answer["code"]) == (422, "unknown_rating")
    assert school.events() == before


def test_a_move_and_its_undo(school: School) -> None:
    one, two = row(student="u4", target="A3", level=2), row(student="u4", target="A3", level=4)
    assert school.admin.rate(one, two)[0] == 201
    keys = [one["key"], two["key"]]
    move = {"keys": keys, "target": "MATH:A1", "reason": "wrong column"}
    assert standing(school, "u4", "MATH:A1") is None
    status, answer = school.admin.post("/api/v1/ratings/move", move)
    assert status == 201 and isinstance(answer["act"], int)
    moved = standing(school, "u4", "MATH:A1")
    assert (
        moved is not None
        and (moved["value"], moved["n_total"]) == (3.0, 2)
        and standing(school, "u4", "A3") is None
    )
    status, undone = school.admin.post(f"/api/v1/ratings/move/{answer['act']}/undo", {})
    assert status == 201 and undone["act"] > answer["act"]
    back = standing(school, "u4", "A3")
    assert back is not None and (back["value"], back["n_total"]) == (3.0, 2)
    assert standing(school, "u4", "MATH:A1") is None

    before = school.events()
    for body, wanted in (
        ({**move, "target": "NOTHING"}, 422), ({**move, "target": "OLD"}, 422), ({**move, "reason": " "}, 422),
        ({**move, "keys": []}, 422), ({**move, "keys": "x"}, 422), ({**move, "keys": [5]}, 422), ({"keys": keys}, 422),
        ({**move, "keys": [*keys, "nothing"]}, 422), ({**move, "keys": [f"n{n}" for n in range(501)]}, 422),
        ({**move, "reason": 5}, 422), ({**move, "reason": "\x00"}, 422), ({**move, "reason": "\ud800"}, 422),
        ({**move, "target": "\x00"}, 422), ({**move, "keys": ["\x00"]}, 422), ({**move, "keys": ["\ud800"]}, 422),
        ({**move, "reason": "x" * 30_000}, 422), ({**move, "target": ["A2"]}, 422),
    ):  # fmt: skip
        assert school.admin.post("/api/v1/ratings/move", body)[0] == wanted, body
    assert school.other.post("/api/v1/ratings/move", {**move, "keys": ["k01"]})[0] == 422
    for act in (1, 99_999, 2**53 - 1, 2**53, 10**30):
        assert school.admin.post(f"/api/v1/ratings/move/{act}/undo", {})[0] == 404, act
    assert school.events() == before


def test_a_correction_replaces_and_a_decision_is_taken_back(school: School) -> None:
    first = row(student="u4", target="B1", level=1)
    assert school.admin.rate(first)[0] == 201
    fix = row(student="u4", target="B1", level=3, replaces=first["key"], comment="misread")
    status, answer = school.admin.rate(fix)
    # u4 had a 4 there (k12): the mean of 4 and 3.
    assert status == 201 and answer["determinations"] == [
        {"student": "u4", "target": "B1", "value": 3.5, "state": "proficient"}
    ]
    decided = row(student="u4", target="B1", level=2, override="decides", comment="seen in class")
    assert school.admin.rate(decided)[1]["determinations"][0]["value"] == 2.0
    taken_back = row(student="u4", target="B1", level=None, override="reverts", comment="mistaken")
    assert school.admin.rate(taken_back)[1]["determinations"][0]["value"] == 3.5


# Reading.


def test_determinations_and_explanations_are_read(school: School) -> None:
    status, answer = school.teacher.get("/api/v1/determinations?student=u2")
    assert status == 200
    told = {r["target"]: r for r in school.home.json("export", "determinations", "--student", "u2")}
    assert {r["target"]: r for r in answer["determinations"]} == told and len(told) > 5
    early = school.teacher.get(f"/api/v1/determinations?student=u1&as_of={day(20)}")[1]["determinations"]
    assert {r["target"]: r["value"] for r in early if r["kind"] == "target"} == {"MATH:A1": 2.5}
    status, why = school.teacher.get(f"/api/v1/explain?student=u1&target=MATH:A1&as_of={day(20)}")
    assert status == 200 and [c["key"] for c in why["counted"]] == ["k01", "k02"]
    assert set(why) >= {
        "excluded",
        "depth_shares",
        "standard_error",
        "interval",
        "share",
        "words",
        "would_change",
    }
    family = school.family.get("/api/v1/explain?student=u1&target=A2&reader=family")[1]
    assert (family["standard_error"], family["interval"], family["share"]) == (None, None, None)
    # Out of sight and not there answer alike, byte for byte but for the name that was asked.
    for path in ("/api/v1/determinations?student={}", "/api/v1/explain?student={}&target=A2"):
        hidden, missing = (school.other.get(path.format(who)) for who in ("u1", "zz"))
        assert hidden[0] == missing[0] == 422
        assert json.dumps(hidden[1]).replace("u1", "zz") == json.dumps(missing[1])
    for query in (
        "determinations", "determinations?student=u1&as_of=soon", "determinations?student=u1&as_of=9999-12-31",
        "determinations?student=u1&as_of=0001-01-01", "explain?student=u1", "explain?student=u1&target=A1",
        "explain?student=u1&target=A2&reader=press", "explain?student=u1&target=A2&language=xx",
        "determinations?student=%00", "explain?student=u1&target=%00",
    ):  # fmt: skip
        status, answer = school.teacher.get(f"/api/v1/{query}")
        assert status == 422 and answer["errors"], (query, status, answer)


def test_the_interface_is_the_one_described(school: School) -> None:
    import jsonschema

    stranger = Client(school.server.port)
    status, described = stranger.get("/api/v1/openapi.json")
    assert (status, described["openapi"]) == (200, "3.1.0")
    described["$defs"] = described["components"]["schemas"]

    def fits(schema: str, value: Any) -> None:
        text = json.dumps({"$ref": f"#/components/schemas/{schema}"} | described)
        jsonschema.Draft202012Validator(json.loads(text)).validate(value)

    # Every address is there, asks for a token, and takes no other method than it says.
    for path, methods in described["paths"].items():
        real = path.replace("{act}", "1")
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            assert stranger.call(method, real)[0] == 401, (method, path)
            status, _ = school.admin.call(method, real)
            assert (status == 405) == (method.lower() not in methods), (method, path, status)
    # Every address of the interface is described.
    from headway.interop.v1 import api

    served = {"/" + door.route.replace("<int:act>", "{act}") for door in api.doors} - {"/api/v1/openapi.json"}
    assert set(described["paths"]) == served
    sound = row()
    fits("Ratings", {"ratings": [sound]})
    status, answer = school.admin.rate(sound)
    assert str(status) in described["paths"]["/api/v1/ratings"]["post"]["responses"]
    fits("Receipt", answer)
    fits("Receipt", school.admin.rate(sound)[1])
    fits("Error", school.admin.rate(row(level=9))[1])
    fits("Error", school.admin.rate({**sound, "level": 1})[1])
    for wrong in ({"key": ["a"]}, {"level": True}, {"held": 1}, {"unknown": 1}, {"attempt": "x"}):
        with pytest.raises(jsonschema.ValidationError):
            fits("Ratings", {"ratings": [row(**wrong)]})
    fields = set(described["components"]["schemas"]["Rating"]["properties"])
    assert fields >= {"key", "replaces", "setting", "recorded_at", "override", "held", "continuum_level"}


def test_nothing_is_lost_by_looking(school: School, tmp_path: Path) -> None:
    backup = tmp_path / "live.zip"
    # A backup is taken while the product runs.
    assert school.home.json("backup", backup)["events"] == school.events()
    restored = Home(tmp_path / "restored")
    assert restored.json("restore", backup)["events"] == school.events()
    assert restored.json("verify")["ok"] is True
