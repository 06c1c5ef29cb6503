"""Levels of very many students and targets from a file of ratings, in bounded memory: the kernels of `science` over batches.

The fact `rating` of a snapshot holds what a determination is made from. A file with nothing but `student`, `target` and
`level` says that each row is a piece that counts, oldest first. Needs no Django, so that a cluster's workers run it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from headway.kit.disk import whole
from headway.kit.refusals import Refusal, Sentence
from headway.science.codes import Kind, Override, Purpose, State, Status, Word
from headway.science.ledger import MISSING, Ratings, Segments, weekdays
from headway.science.proficiency.bulk import COMPILE_ABOVE
from headway.science.proficiency.determine import determine
from headway.science.proficiency.policy import Policy
from headway.science.proficiency.snapshot import determine_levels
from headway.science.rounding import NO_VALUE

ROWS, WIDE_ROWS = 262_144, 32_768
"""So many ratings are held at a time, of levels alone and of the whole fact, beside those of one segment that goes on."""
T, R = TypeVar("T"), TypeVar("R")
Starts = NDArray[np.int64]
SEGMENT = ("student", "target")
ALONE = (*SEGMENT, "level")
"""The columns of a file whose rows are pieces that count."""
WORDS: Mapping[str, type[Word]] = {"status": Status, "purpose": Purpose, "kind": Kind, "override": Override}
INSTANTS = {
    "observed_at": "observed",
    "submitted_at": "submitted",
    "due_at": "due",
    "recorded_at": "recorded",
}
NAMES = ("piece", "rater", "task", "setting")
WHOLE = {"attempt": 1, "depth": 0, "continuum_level": 0, "sequence": 0}
RATING = (*ALONE, *WORDS, *INSTANTS, "observed_on", *NAMES, *WHOLE, "key")
"""The columns of the fact `rating` that a determination reads."""
_STATES = pa.array([state.word for state in State])


def determine_in_bulk(ratings: Path, policy: Policy, *, out: Path, as_of: date | None = None) -> int:
    """This will determine every student and target of a file by one policy and write them to `out`; return how many.

    `ratings` is sorted by student and target, and where it holds `level` alone by time; `out` has a row for each student and
    target: `student`, `target`, `value` in levels, `state`, `n_counted`, `n_total`. It appears whole or not at all. Memory
    does not grow with the file. `as_of` is the day asked about, for rules with a window; ratings after it are not left out.
    Raises `Refusal`: `missing_column`, `needs_whole_fact`, `needs_day`, `not_sorted`, `unknown_word`, `no_segment`.
    """
    file = pq.ParquetFile(ratings)
    names = columns_of(file.schema_arrow.names)
    compiled = True if file.metadata.num_rows > COMPILE_ABOVE else None
    rows = ROWS if len(names) == len(ALONE) else WIDE_ROWS
    written = 0

    def work(given: tuple[pa.RecordBatch, Starts]) -> pa.RecordBatch:
        return _determine(*given, policy, as_of, compiled)

    with (
        whole(out) as part,
        pq.ParquetWriter(part, answer_schema(file.schema_arrow), compression="zstd") as writer,
        ThreadPoolExecutor(1) as pool,
    ):
        read = ahead(file.iter_batches(rows, columns=names))
        writing: Future[None] | None = None
        for table in _together(_side_by_side(work, _cut(read))):
            # A thread writes while the next ones are determined; one table at a time waits for it.
            if writing is not None:
                writing.result()
            writing = pool.submit(writer.write_table, table)
            written += table.num_rows
        if writing is not None:
            writing.result()
    return written


def _together(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield batches as tables of some hundred thousand rows: each is a row group, and small ones cost twice."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(one.num_rows for one in held) >= ROWS:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def columns_of(names: Iterable[str]) -> list[str]:
    """Return which columns of a file are read. Raises `Refusal("missing_column")` where it is neither kind of file."""
    held = set(names)
    wanted = ALONE if not held & set(WORDS) else RATING
    missing = [name for name in wanted if name not in held]
    if missing:
        raise Refusal(
            "missing_column",
            Sentence("The file of ratings has no column %(names)s.", names=", ".join(missing)),
        )
    return list(wanted)


def answer_schema(read: pa.Schema) -> pa.Schema:
    """Return the columns of the answer: student and target are of the type that they are read as."""
    own = [pa.field(name, read.field(name).type) for name in SEGMENT]
    return pa.schema([*own, ("value", pa.float64()), ("state", pa.dictionary(pa.int8(), pa.string())),
                      ("n_counted", pa.int64()), ("n_total", pa.int64())])  # fmt: skip


def ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield batches while a thread reads the next one: reading costs as much as determining."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch


def determined(
    batches: Iterable[pa.RecordBatch], policy: Policy, *, as_of: date | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the determinations of batches of ratings, one after the other; more than a million are worth the compiler."""
    seen = 0
    for batch, starts in _cut(batches):
        seen += batch.num_rows
        yield _determine(batch, starts, policy, as_of, True if seen > COMPILE_ABOVE else None)


def _side_by_side(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield the results of work in the order of its items, at most two at a time: a kernel lets other threads run."""
    with ThreadPoolExecutor(2) as pool:
        waiting: deque[Future[R]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 2:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _cut(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[pa.RecordBatch, Starts]]:
    """Yield batches cut where a student or a target ends: rows of whole segments, where each begins and the last ends."""
    rest: pa.RecordBatch | None = None
    last: tuple[Any, Any] | None = None
    for batch in batches:
        if batch.num_rows == 0:
            continue
        held = batch if rest is None else pa.concat_batches([rest, batch])
        starts = _starts(held)
        border = int(starts[-1])
        rest = held.slice(border)
        if border:
            last = _risen(held, starts[:-1], last)
            yield held.slice(0, border), starts
    if rest is not None:
        starts = np.array([0, rest.num_rows])
        _risen(rest, starts[:-1], last)
        yield rest, starts


def _starts(batch: pa.RecordBatch) -> Starts:
    """Return the first row of each segment."""
    changes = np.ones(batch.num_rows, np.bool_)
    columns = [batch.column(name) for name in SEGMENT]
    if any(column.null_count for column in columns):
        raise Refusal("no_segment", "A rating names no student or no target.")
    differ = [pc.not_equal(column.slice(1), column.slice(0, len(column) - 1)) for column in columns]
    changes[1:] = pc.or_(*differ).to_numpy(zero_copy_only=False)
    return np.flatnonzero(changes)


def _risen(batch: pa.RecordBatch, starts: Starts, last: tuple[Any, Any] | None) -> tuple[Any, Any]:
    """Return the newest segment. Raises `Refusal("not_sorted")` where segments do not rise: one would be two halves."""
    student, target = (batch.column(name).take(pa.array(starts)) for name in SEGMENT)
    n = len(student) - 1
    rises = pc.or_(
        pc.greater(student.slice(1), student.slice(0, n)),
        pc.and_(
            pc.equal(student.slice(1), student.slice(0, n)), pc.greater(target.slice(1), target.slice(0, n))
        ),
    )
    first = (student[0].as_py(), target[0].as_py())
    if pc.all(rises, min_count=0).as_py() is False or (last is not None and first <= last):
        raise Refusal("not_sorted", "The file of ratings is not sorted by student and target.")
    return student[-1].as_py(), target[-1].as_py()


def _determine(
    batch: pa.RecordBatch,
    starts: Starts,
    policy: Policy,
    as_of: date | None,
    compiled: bool | None,
) -> pa.RecordBatch:
    """Return the answers of whole segments: `starts`, and where the last one ends."""
    alone = "status" not in batch.schema.names
    shown, state, counted = (_alone if alone else _whole)(batch, starts, policy, as_of, compiled)
    value = pa.array(shown / 100.0, mask=shown == NO_VALUE)
    states = pa.DictionaryArray.from_arrays(pa.array(state), _STATES)
    own = [batch.column(name).take(pa.array(starts[:-1])) for name in SEGMENT]
    columns = [*own, value, states, pa.array(counted), pa.array(np.diff(starts))]
    return pa.record_batch(columns, schema=answer_schema(batch.schema))


def _alone(
    batch: pa.RecordBatch,
    starts: Starts,
    policy: Policy,
    as_of: date | None,
    compiled: bool | None,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    _only_levels(policy)
    levels = batch.column("level")
    if levels.null_count:
        raise Refusal(
            "needs_whole_fact",
            "A piece that counts has a level: where some have none, their status must say why.",
        )
    rule, scale = policy.chosen, policy.scale
    slack = 0.5 if policy.cut == "nearest" else 0.0
    found = determine_levels(
        Segments(levels.to_numpy(), starts, {}), rule, policy.parameters,
        proficient=np.inf if scale.proficient is None else scale.proficient - slack,
        beyond=None if scale.beyond is None else scale.beyond - slack, pieces=int(policy.requirement.pieces),
        compiled=compiled,
    )  # fmt: skip
    sizes, window = np.diff(starts), rule.window(policy.parameters)
    return found.shown, found.state, np.minimum(sizes, window) if window else sizes


def _only_levels(policy: Policy) -> None:
    """Refuse a policy that asks for more than levels."""
    others = [
        f.name
        for f in fields(policy.requirement)
        if f.name != "pieces" and getattr(policy.requirement, f.name)
    ]
    rule = policy.chosen
    if others or policy.pieces_by_level or policy.complete or rule.columns or rule.key == "best-n":
        raise Refusal(
            "needs_whole_fact",
            "This policy looks at more than levels: take the whole fact of ratings, not a file of levels alone.",
        )


def _whole(
    batch: pa.RecordBatch,
    starts: Starts,
    policy: Policy,
    as_of: date | None,
    compiled: bool | None,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    if getattr(policy.parameters, "window_weeks", 0) and as_of is None:
        raise Refusal("needs_day", "This rule looks back from a day: say which.")
    today = None if as_of is None else int(weekdays(np.array([(as_of - date(1970, 1, 1)).days], np.int32))[0])
    found = determine(ratings_of(batch, starts), policy, today=today, compiled=compiled)
    return found.shown, found.state, found.n_counted


def ratings_of(batch: pa.RecordBatch, starts: Starts) -> Ratings:
    """Return rows of the fact `rating` as columns of `science`; every weekday is an instructed day."""
    made: dict[str, Any] = {name: _codes(batch.column(name), words) for name, words in WORDS.items()}
    for name, own in INSTANTS.items():
        made[own] = batch.column(name).cast(pa.int64()).fill_null(MISSING).to_numpy()
    for name in NAMES:
        made[name] = batch.column(name).dictionary_encode().indices.cast(pa.int64()).fill_null(-1).to_numpy()
    for name, missing in WHOLE.items():
        made[name] = batch.column(name).fill_null(missing).to_numpy()
    level = batch.column("level").cast(pa.float64()).fill_null(np.nan).to_numpy()
    return Ratings.of(
        level=level, segment=np.repeat(np.arange(len(starts) - 1), np.diff(starts)), count=len(starts) - 1,
        # Ties break by the order of the keys in bytes, which is how Arrow ranks texts.
        key=pc.rank(batch.column("key"), tiebreaker="dense").to_numpy().astype(np.int64),
        day=batch.column("observed_on").cast(pa.int32()).to_numpy(), **made,
    )  # fmt: skip


def _codes(column: pa.Array, words: type[Word]) -> NDArray[np.int8]:
    known = pa.array([one.word for one in words])
    found = pc.index_in(column, value_set=known)
    if found.null_count:
        strange = pc.unique(column.filter(pc.is_null(found))).to_pylist()
        raise Refusal(
            "unknown_word",
            Sentence("%(words)s: none of %(known)s.", words=strange, known=", ".join(known.to_pylist())),
        )
    return np.asarray(found.to_numpy(), np.int8)
