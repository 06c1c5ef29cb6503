"""Snapshots that somebody names: whole, of one day, joined where they are several, open on the engine of their choice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from headway.analytics.dictionary import schema_digest
from headway.analytics.engine import duck
from headway.analytics.queries import MANIFEST, read
from headway.analytics.types import Engine, Snapshot
from headway.kit.disk import digest_of
from headway.kit.refusals import Refusal, Sentence

DUCKDB, SPARK = "duckdb", "spark"
ENGINES = (DUCKDB, SPARK)


@dataclass(frozen=True, slots=True)
class Opened:
    """Facts that answer questions. `districts` name the snapshots where they are several, in the same order."""

    engine: Engine
    snapshots: tuple[Snapshot, ...]
    districts: tuple[str, ...]


@contextmanager
def opened(given: Sequence[str], *, engine: str = DUCKDB, master: str = "") -> Iterator[Opened]:
    """Open snapshots by `FOLDER`, or several by `NAME=FOLDER`, where NAME is what a district is called.

    Every file is compared with the digest that its snapshot was written with. `master` is a Spark master's address, "" for
    this machine alone. Raises `Refusal`: `unknown_engine`, `district_names`, `no_facts`, `snapshot_damaged`, `other_facts`,
    `other_days`, and what the engine refuses.
    """
    if engine not in ENGINES:
        raise Refusal("unknown_engine", Sentence("Engines are: %(names)s.", names=", ".join(ENGINES)))
    districts, folders = zip(*map(_named, given), strict=True)
    if len(given) == 1 and not districts[0]:
        districts = ()
    snapshots = tuple(map(_whole, folders))
    days = sorted({one.as_of.isoformat() for one in snapshots})
    if len(days) > 1:
        raise Refusal(
            "other_days",
            Sentence(
                "A figure is about one day, and these snapshots are of several: %(days)s.",
                days=", ".join(days),
            ),
        )
    if engine == DUCKDB:
        with duck(*folders, districts=districts) as facts:
            yield Opened(facts, snapshots, districts)
        return
    from headway.analytics.spark import HERE, spark

    with spark(*folders, districts=districts, master=master or HERE) as facts:
        yield Opened(facts, snapshots, districts)


def _named(given: str) -> tuple[str, Path]:
    if Path(given).is_dir():
        return "", Path(given)
    name, _, folder = given.partition("=")
    return (name, Path(folder)) if folder else ("", Path(given))


def _whole(folder: Path) -> Snapshot:
    """Return what a snapshot says of itself, once its files are those that it was written with."""
    if not (folder / MANIFEST).is_file():
        raise Refusal(
            "no_facts", Sentence("%(folder)s is no snapshot: there is no manifest in it.", folder=folder.name)
        )
    found = read(folder)
    for fact, digest in found.digests.items():
        path = folder / f"{fact}.parquet"
        if not path.is_file() or digest_of(path) != digest:
            raise Refusal(
                "snapshot_damaged",
                Sentence(
                    "%(file)s of %(folder)s is not the file that the snapshot was written with.",
                    file=path.name, folder=folder.name,
                ),
            )  # fmt: skip
    if found.schema != schema_digest():
        raise Refusal(
            "other_facts",
            Sentence(
                "%(folder)s was taken by another version of the product, whose facts are others: take it again with this one.",
                folder=folder.name,
            ),
        )
    return found
