"""The facts of one district or of several, as every engine names them.

A rosters' names (sourcedIds) are a district's own: two districts may both have a student `1001`. Where several are joined,
each name that is only told apart inside a district stands with its district before it, `north/1001`, and each row names its
`district`. Continuums and their areas keep their keys: a state asks about one continuum in all its districts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

from headway.analytics.asking import literal
from headway.kit.refusals import Refusal, Sentence

OF_A_DISTRICT = (
    "student", "school", "class", "enrollment", "target", "piece", "opportunity", "request", "plan", "decision", "rater", "key",
    "task",
)  # fmt: skip
"""Columns whose values are names inside one district."""


def facts_in(folders: Sequence[Path], districts: Sequence[str]) -> list[str]:
    """Return the names of the facts that folders hold, the same in each; `districts` as many names, or none for one folder.

    Raises `Refusal`: `no_facts` where a folder holds none, `other_facts` where folders hold different ones, `district_names`
    where districts are not told apart.
    """
    if (len(folders) > 1 or districts) and not _told_apart(districts, len(folders)):
        raise Refusal(
            "district_names",
            "Where districts are joined, each has a name of its own, without a stroke (/) and not empty.",
        )
    schemas = [{path.stem: _columns(path) for path in sorted(folder.glob("*.parquet"))} for folder in folders]
    for folder, own in zip(folders, schemas, strict=True):
        if not own:
            raise Refusal("no_facts", Sentence("%(folder)s holds no facts.", folder=folder.name))
        if own != schemas[0]:
            raise Refusal(
                "other_facts",
                Sentence(
                    "%(folder)s holds other facts or columns than %(first)s: both must come from one version of the product.",
                    folder=folder.name, first=folders[0].name,
                ),
            )  # fmt: skip
    return list(schemas[0])


def _told_apart(districts: Sequence[str], n: int) -> bool:
    # With a stroke in it, district `a/b` and student `c` would read as district `a` and student `b/c`.
    return len(set(districts)) == n and all(one and "/" not in one for one in districts)


def _columns(path: Path) -> list[tuple[str, str]]:
    return [(field.name, str(field.type)) for field in pq.read_schema(path)]


def joined(fact: str, folders: Sequence[Path], districts: Sequence[str]) -> str:
    """Return the text that is a fact of all districts, over one relation for each: `fact_1`, `fact_2` and so on."""
    names = pq.read_schema(folders[0] / f"{fact}.parquet").names
    return "\nUNION ALL\n".join(
        f"SELECT {literal(district)} AS district, {_qualified(names, district)} FROM {fact}_{at}"
        for at, district in enumerate(districts, 1)
    )


def _qualified(names: Sequence[str], district: str) -> str:
    # The empty text says "about none", in every district.
    return ", ".join(
        f"""CASE WHEN "{name}" <> '' THEN {literal(district + "/")} || "{name}" ELSE "{name}" END AS "{name}\""""
        if name in OF_A_DISTRICT
        else f'"{name}"'
        for name in names
    )
