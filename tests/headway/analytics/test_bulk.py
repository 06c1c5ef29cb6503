"""Levels from a file of ratings in bounded memory: the same as determined at once, whatever the size of a batch."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headway.analytics import bulk
from headway.analytics.bulk import determine_in_bulk
from headway.kit.refusals import Refusal
from headway.science.ledger import Ratings
from headway.science.proficiency.determine import determine
from headway.science.proficiency.policy import Policy
from headway.science.proficiency.registry import keys

from .handmade import rated, write
from .simulated import BEGIN, district


def policy(rule: str = "decaying-average", **more: Any) -> Policy:
    return Policy.from_mapping({"rule": rule, **more})


def levels(found: Path) -> list[tuple[Any, ...]]:
    names = ("student", "target", "value", "state", "n_counted", "n_total")
    return [tuple(row[name] for name in names) for row in pq.read_table(found).to_pylist()]


def alone(path: Path, *, segments: int = 200, seed: int = 1) -> Path:
    """Write student, target and level of pieces that count."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 9, segments)
    which = np.repeat(np.arange(segments), sizes)
    student, target, level = (
        (which // 7).astype(np.int32),
        (which % 7).astype(np.int16),
        rng.integers(1, 5, len(which), np.uint8),
    )
    pq.write_table(pa.table({"student": student, "target": target, "level": level}), path, row_group_size=50)
    return path


@pytest.mark.parametrize("rule", [key for key in keys() if key not in ("profile", "best-n")])
def test_levels_alone_are_determined_as_the_ratings_that_they_are(rule: str, tmp_path: Path) -> None:
    chosen = policy(rule, requirement={"pieces": 2})
    n = determine_in_bulk(alone(tmp_path / "levels.parquet"), chosen, out=tmp_path / "out.parquet")
    read = pq.read_table(tmp_path / "levels.parquet")
    which = np.unique(np.stack([read["student"], read["target"]]), axis=1, return_inverse=True)[1].ravel()
    expected = determine(Ratings.of(level=read["level"], segment=which), chosen)
    found = pq.read_table(tmp_path / "out.parquet")
    assert n == found.num_rows == len(expected) == 200
    shown = [None if one["value"] is None else one["shown"] / 100 for one in map(expected.of, range(n))]
    assert found["value"].to_pylist() == shown
    assert found["state"].to_pylist() == [expected.of(at)["state"] for at in range(n)]
    assert found["n_counted"].to_pylist() == [
        min(size, chosen.chosen.window(chosen.parameters) or size) for size in np.bincount(which).tolist()
    ]


@pytest.mark.parametrize("rows", [1, 2, 7, 1000])
def test_batches_change_nothing(rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = district(tmp_path / "facts", 5, students=25) / "rating.parquet"
    for name, path, chosen in (
        ("whole", facts, policy(same_attempt="moderated")), ("alone", alone(tmp_path / "levels.parquet"), policy()),
    ):  # fmt: skip
        determine_in_bulk(path, chosen, out=tmp_path / f"{name}.parquet")
        with monkeypatch.context() as small:
            small.setattr(bulk, "ROWS", rows)
            small.setattr(bulk, "WIDE_ROWS", rows)
            determine_in_bulk(path, chosen, out=tmp_path / f"{name}-{rows}.parquet")
        assert levels(tmp_path / f"{name}-{rows}.parquet") == levels(tmp_path / f"{name}.parquet") != []


def test_what_does_not_count_does_not(tmp_path: Path) -> None:
    def one(code: str, day: int, level: float | None, **more: Any) -> dict[str, Any]:
        at = BEGIN + timedelta(days=day)
        return rated("a", code, level=level, observed_at=at, observed_on=at.date(), sequence=day, key=f"k{day}",
                     **{"piece": f"{code}{day}", **more})  # fmt: skip

    facts = write(tmp_path / "facts", rating=[
        one("P", 1, 2.0), one("P", 2, 4.0), one("P", 3, 1.0, purpose="practice"), one("P", 4, 1.0, kind="self"),
        one("Q", 1, 1.0, piece="x"), one("Q", 2, 3.0, piece="x", attempt=2), one("Q", 3, None, status="excused"),
        one("R", 1, None, status="excused"), one("S", 1, 2.0), one("S", 2, 4.0, override="decides"),
    ])  # fmt: skip
    determine_in_bulk(facts / "rating.parquet", policy("mean"), out=tmp_path / "out.parquet")
    assert levels(tmp_path / "out.parquet") == [
        ("a", "P", 3.0, "proficient", 2, 4), ("a", "Q", 3.0, "proficient", 1, 3), ("a", "R", None, "excused", 0, 1),
        ("a", "S", 4.0, "beyond", 1, 2),
    ]  # fmt: skip


def test_of_two_at_one_time_the_key_that_comes_last_in_bytes_is_the_newest(tmp_path: Path) -> None:
    rows = [rated("a", "P", level=level, observed_at=BEGIN, observed_on=BEGIN.date(), sequence=n, key=key, piece=key)
            for n, (key, level) in enumerate((("b", 2.0), ("é", 4.0), ("z", 3.0)))]  # fmt: skip
    facts = write(tmp_path / "facts", rating=rows)
    determine_in_bulk(facts / "rating.parquet", policy("most-recent"), out=tmp_path / "out.parquet")
    assert levels(tmp_path / "out.parquet")[0][2] == 4.0


def refused(path: Path, chosen: Policy) -> str:
    out = path.parent / "refused"
    out.mkdir(exist_ok=True)
    with pytest.raises(Refusal) as no:
        determine_in_bulk(path, chosen, out=out / "out.parquet")
    assert list(out.iterdir()) == [], "something half written is left"
    return no.value.code


def test_files_that_would_give_wrong_levels_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "levels.parquet"

    def file(**columns: Any) -> Path:
        pq.write_table(pa.table(columns), path, row_group_size=2)
        return path

    fine = {"student": ["a", "a", "b"], "target": ["P", "P", "P"], "level": [1.0, 2.0, 3.0]}
    assert refused(file(**{**fine, "student": ["a", "b", "a"]}), policy()) == "not_sorted"
    assert refused(file(**{**fine, "target": ["Q", "P", "P"]}), policy()) == "not_sorted"
    assert refused(file(**{**fine, "student": ["a", None, "b"]}), policy()) == "no_segment"
    assert refused(file(**{**fine, "level": [1.0, None, 3.0]}), policy()) == "needs_whole_fact"
    assert refused(file(**fine), policy(requirement={"raters": 2})) == "needs_whole_fact"
    assert refused(file(**fine), policy("profile")) == "needs_whole_fact"
    assert refused(file(**{**fine, "status": ["rated"] * 3}), policy()) == "missing_column"
    assert refused(file(student=["a"], level=[1.0]), policy()) == "missing_column"
    facts = district(tmp_path / "facts", 5, students=9) / "rating.parquet"
    assert refused(facts, policy("profile")) == "needs_day"
    read = pq.read_table(facts)
    strange = pa.array(["gossip"] * read.num_rows)
    pq.write_table(read.set_column(read.schema.get_field_index("kind"), "kind", strange), facts)
    assert refused(facts, policy()) == "unknown_word"


def test_an_empty_file_has_no_determinations(tmp_path: Path) -> None:
    facts = write(tmp_path / "facts")
    assert determine_in_bulk(facts / "rating.parquet", policy(), out=tmp_path / "out.parquet") == 0
    assert levels(tmp_path / "out.parquet") == []
