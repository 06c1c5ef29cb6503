"""Snapshots: one consistent read, whole or not at all, each fact the same as what is asked live; the small school of plans."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.conf import LazySettings

from headway.access.types import SYSTEM
from headway.analytics import actions, queries, snapshots
from headway.analytics.bulk import determine_in_bulk
from headway.analytics.dictionary import FACTS, as_markdown
from headway.analytics.types import Snapshot
from headway.evidence import actions as chances
from headway.evidence import queries as evidence
from headway.evidence.types import Task
from headway.kit.facts import SENSITIVITIES, TYPES
from headway.plans import actions as plans
from headway.plans import queries as pace
from headway.proficiency import actions as closing
from headway.proficiency import queries as levels
from headway.project.commands import erase
from headway.response import queries as response
from headway.rosters import queries as rosters

from ..plans.school import BEGUN, CODES, FIRST, LAST, NOW, at, build, rate, student, target

pytestmark = [pytest.mark.django_db]
DAY = date(2026, 11, 20)
TAKEN = datetime(2027, 3, 1, 18, tzinfo=UTC)


@pytest.fixture(autouse=True)
def school(tmp_path: Path, settings: LazySettings) -> None:
    settings.HOME = tmp_path / "home"
    build(tmp_path)
    for name, code, day, level in (
        ("u1", "A.1", "2026-09-01", 2), ("u1", "A.1", "2026-09-21", 3), ("u1", "A.1", "2026-10-01", 4),
        ("u1", "A.2", "2026-10-05", 2), ("u2", "A.1", "2026-09-03", 1), ("u2", "B.1", "2026-10-20", 3),
        ("u2", "B.1", "2026-10-28", 3),
        ("u1", "B.2", "2026-12-02", 4),
    ):  # fmt: skip
        rate(name, code, day, level)
    rate("u2", "A.3", "2026-10-02", None, status="missed")
    # Held back: in no fact.
    rate("u2", "A.4", "2026-10-03", 4, held=True)
    version = plans.make_template(
        actor=SYSTEM, key="p", items=[(target(c), 2) for c in ("A.1", "A.2")], at=BEGUN
    )
    plans.assign(
        actor=SYSTEM, version=version.id, students=[student("u1")], starts_on=FIRST, ends_on=LAST, at=BEGUN
    )


def take(as_of: date | None = DAY) -> Snapshot:
    return actions.take_snapshot(at=TAKEN, as_of=as_of)


def rows(taken: Snapshot, fact: str) -> list[dict[str, Any]]:
    return pq.read_table(queries.folder() / taken.name / f"{fact}.parquet").to_pylist()


def everybody() -> list[int]:
    return list(rosters.every_student())


def test_determinations_are_those_of_the_export() -> None:
    exported = levels.exported_all(as_of=DAY, known_at=None, now=NOW, statements={})
    live = {(row["student"], f"Math:{row['target']}"): row for row in exported if "." in row["target"]}
    found = {(row["student"], row["target"]): row for row in rows(take(), "determination")}
    assert set(found) == set(live) and len(found) == 5
    same = (
        "value",
        "state",
        "n_counted",
        "n_total",
        "growth",
        "growth_per_year",
        "baseline",
        "depth",
        "decided",
        "rule",
        "policy",
    )
    for key, row in found.items():
        for name in same:
            assert row[name] == live[key][name], (key, name)


def test_ratings_are_those_of_the_ledger_up_to_the_day_and_none_that_is_held() -> None:
    found = rows(take(), "rating")
    live = evidence.rating_rows(
        columns=["origin_sequence"], students=everybody(), before_us=at(DAY).before_us
    )
    assert [row["sequence"] for row in sorted(found, key=lambda row: row["sequence"])] == sorted(
        row[0] for row in live
    )
    assert len(found) == 8
    whole = rows(take(None), "rating")
    assert len(whole) == 9 and {row["target"] for row in whole} >= {"Math:B.2"}
    assert "Math:A.4" not in {row["target"] for row in whole}


def test_the_fact_of_ratings_holds_what_its_determinations_are_made_from(tmp_path: Path) -> None:
    # With equal times what was handed in first is the older one, and then the key decides.
    for name, handed_in in (("x", "2026-11-03T15:00:00Z"), ("y", "2026-11-02T15:00:00Z"), ("w", None)):
        rate("u3", "A.1", "2026-11-04", {"x": 2, "y": 4, "w": 3}[name], key=name, submitted_at=handed_in)
    taken = take()
    book = levels.remembered_book()
    chosen = {
        book.effective(node=target(code), school=None, on=DAY).policy for code in ("A.1", "A.2", "A.3", "B.1")
    }
    (policy,) = chosen
    determine_in_bulk(
        queries.folder() / taken.name / "rating.parquet", policy, out=tmp_path / "levels.parquet"
    )
    same = ("student", "target", "value", "state", "n_counted", "n_total")
    found = [
        {name: row[name] for name in same} for row in pq.read_table(tmp_path / "levels.parquet").to_pylist()
    ]
    assert found == [{name: row[name] for name in same} for row in rows(taken, "determination")]
    assert len(found) == 6


def test_needs_and_paces_are_those_asked_live() -> None:
    taken = take()
    live = {(need.student, need.reason) for need in response.needs(at(DAY), everybody())}
    names = rosters.every_student()
    assert {(row["student"], row["reason"]) for row in rows(taken, "need")} == {
        (names[s], reason) for s, reason in live
    }
    assert live
    assert len(rows(taken, "pace")) == len(pace.rows_for_report(at(DAY), everybody()))


def test_journeys_say_how_many_tries_it_took() -> None:
    found = {(row["student"], row["target"]): row for row in rows(take(), "journey")}
    one = found["u1", "Math:A.1"]
    assert (one["tries"], one["reached"], one["first_reached"], one["days"]) == (2, True, False, 20)
    other = found["u2", "Math:A.1"]
    assert (other["tries"], other["reached"], other["days"]) == (1, False, (DAY - date(2026, 9, 3)).days)


def test_scope_is_the_level_of_the_grade_and_the_plan() -> None:
    found = rows(take(), "scope")
    assert {row["student"] for row in found} <= {"u1", "u2", "u3", "u4"}
    assert all(row["in_plan"] or row["at_grade_level"] for row in found)


def test_what_stands_beside_a_target_in_scope_is_what_is_asked_live() -> None:
    who = [student("u1"), student("u2")]
    for key, code, depth in (("give-0001", "A.2", 3), ("give-0002", "A.3", 0)):
        task = Task(key=key, title="Map", targets=(target(code),), depth=depth)
        chances.give(actor=SYSTEM, task=task, students=who, at=datetime(2026, 10, 6, 18, tzinfo=UTC))
    away = [one.uuid for one in evidence.chances_of([who[1]]) if one.targets == (target("A.3"),)]
    closing.close_opportunities(
        actor=SYSTEM, opportunities=away, state="away", reason="ill", at=datetime(2026, 10, 7, 18, tzinfo=UTC),
        book=levels.book(),
    )  # fmt: skip
    version = plans.make_template(
        actor=SYSTEM, key="q", items=[(target(c), 2) for c in ("A.1", "A.3", "A.4")], at=BEGUN
    )
    plans.assign(actor=SYSTEM, version=version.id, students=who, starts_on=FIRST, ends_on=LAST, at=BEGUN)
    taken = take()
    exported = levels.exported_all(as_of=DAY, known_at=None, now=NOW, statements={})
    live = {(row["student"], f"Math:{row['target']}"): row for row in exported}
    names, codes = rosters.every_student(), {target(code): f"Math:{code}" for code in CODES}
    rated: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for row in evidence.rating_rows(
        columns=["student_id", "target_id", "piece", "key", "depth"], students=everybody(), before_us=at(DAY).before_us
    ):  # fmt: skip
        rated.setdefault((names[row[0]], codes[row[1]]), []).append(row[2:])
    given: dict[tuple[str, str], list[Any]] = {}
    for one in evidence.chances_of(everybody()):
        for each in one.targets:
            given.setdefault((names[one.student], codes[each]), []).append(one)
    came = {(row["student"], row["target"]): row for row in rows(taken, "journey")}
    found = {(row["student"], row["target"]): row for row in rows(taken, "scope")}
    for key, row in found.items():
        now = live.get(key, {"state": "no_evidence", "n_counted": 0})
        shown, offers = rated.get(key, []), given.get(key, [])
        assert (row["state"], row["n_counted"]) == (now["state"], now["n_counted"]), key
        assert row["pieces"] == len({piece or name for piece, name, _ in shown}), key
        assert row["offers"] == sum(one.state == "offered" for one in offers), key
        assert row["offered"] == any(one.state in ("offered", "taken", "missed") for one in offers), key
        deep = [one.depth for one in offers] + [depth for *_, depth in shown]
        assert row["deepest"] == (max(deep, default=0) or None), key
        assert row["first_reached"] == came.get(key, {}).get("first_reached"), key
    one, other = found["u1", "Math:A.1"], found["u1", "Math:A.2"]
    assert (one["state"], one["pieces"], one["first_reached"], one["reached"]) == (
        "proficient",
        3,
        False,
        True,
    )
    assert (other["offers"], other["deepest"], other["offered"], other["taught"]) == (1, 3, True, True)
    # Missed and away: it was offered, so it is taught; what nobody met is not.
    missed = found["u2", "Math:A.3"]
    assert (missed["state"], missed["pieces"], missed["offered"], missed["first_reached"]) == (
        "missed",
        1,
        False,
        None,
    )
    assert {key: row["taught"] for key, row in found.items() if key[0] == "u2"} == {
        ("u2", "Math:A.1"): True, ("u2", "Math:A.3"): True, ("u2", "Math:A.4"): False,
    }  # fmt: skip


def test_files_are_sorted_and_the_manifest_tells_their_digests() -> None:
    taken = take()
    assert (
        queries.snapshots() == [taken]
        and queries.newest(DAY) == taken
        and queries.newest(date(2000, 1, 1)) is None
    )
    for fact in FACTS:
        path = queries.folder() / taken.name / f"{fact.name}.parquet"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == taken.digests[fact.name]
        found = rows(taken, fact.name)
        assert len(found) == taken.rows[fact.name]
        keys = [tuple(row[name] for name in fact.order) for row in found]
        assert keys == sorted(keys)
        assert len(set(keys)) == len(keys), f"{fact.name}: {fact.order} do not tell rows apart"
    assert taken.through == evidence.head()[0]


def test_parts_of_students_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = take()
    whole = {fact.name: rows(before, fact.name) for fact in FACTS}
    monkeypatch.setattr(snapshots, "PART", 1)
    monkeypatch.setattr(snapshots, "TOGETHER", 1)
    taken = actions.take_snapshot(at=TAKEN.replace(hour=19), as_of=DAY)
    again = {fact.name: rows(taken, fact.name) for fact in FACTS}
    for name, found in whole.items():
        assert again[name] == found, name


def test_a_snapshot_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(reading: Any) -> Any:
        raise OSError("no space left")

    spoiled = [replace(FACTS[-1], read=broken)]
    monkeypatch.setattr(snapshots, "FACTS", (*FACTS[:-1], *spoiled))
    with pytest.raises(OSError, match="no space left"):
        take()
    assert queries.snapshots() == [] and list(queries.folder().iterdir()) == []


def test_whoever_is_erased_is_in_no_snapshot_any_more() -> None:
    take()
    assert erase("u1", "asked for")["student"] == "u1"
    assert queries.snapshots() == []
    again = take()
    assert "u1" not in {row["student"] for row in rows(again, "rating")}


def test_the_manifest_is_readable_and_says_the_version() -> None:
    taken = take()
    said = json.loads((queries.folder() / taken.name / "manifest.json").read_text())
    assert said["as_of"] == "2026-11-20" and said["schema"] == taken.schema and said["version"]


def test_the_dictionary_names_every_fact_and_every_column_has_a_meaning() -> None:
    page = as_markdown()
    for fact in FACTS:
        assert f"## `{fact.name}`" in page and set(fact.order) <= {c.name for c in fact.columns}
        for column in fact.columns:
            assert column.meaning and column.type in TYPES and column.sensitivity in SENSITIVITIES


def test_of_a_day_the_newest_is_kept_and_what_was_just_taken() -> None:
    first, second = take(), actions.take_snapshot(at=TAKEN + timedelta(minutes=5), as_of=DAY)
    other = actions.take_snapshot(at=TAKEN, as_of=date(2026, 10, 1))
    assert actions.tidy(at=TAKEN + timedelta(minutes=30)) == 0
    assert actions.tidy(at=TAKEN + timedelta(hours=2)) == 1
    assert {one.name for one in queries.snapshots()} == {
        second.name,
        other.name,
    } and first.name != second.name


def test_whoever_is_erased_while_a_snapshot_is_taken_is_not_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real, done = snapshots._take, []

    def erased_meanwhile(*given: Any) -> Snapshot:
        found = real(*given)
        if not done:
            done.append(found.name)
            # After the read, before anybody has looked: as another process would do it.
            erase("u1", "asked for")
            write_back = queries.folder() / found.name
            assert not write_back.exists(), "the erasure removes what is there"
            write_back.mkdir()
        return found

    monkeypatch.setattr(snapshots, "_take", erased_meanwhile)
    taken = take()
    assert "u1" not in {row["student"] for row in rows(taken, "rating")}
    assert queries.snapshots() == [taken]
