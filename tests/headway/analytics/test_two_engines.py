"""One definition, two engines: every metric gives the same figures on DuckDB and on a Spark cluster of two workers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from headway.analytics.actions import facts_of, figures
from headway.analytics.dictionary import FACTS
from headway.analytics.engine import Duck
from headway.analytics.estimating import answers
from headway.analytics.metrics import EXPLAINED, GROUPS, METRICS, STEPS, STUDENT_PARTS, Metric
from headway.analytics.types import DISTRICT, Engine
from headway.science.proficiency.policy import Policy

from ...spark import SMALL, NoJava, cluster, java
from .anchored import scored, step
from .handmade import write
from .simulated import district

DIGITS = 9
"""Sums of numbers with fractions differ in the last bits by the order of adding up, on one engine from run to run too. Nine
digits are four more than any figure is shown with; counts are compared as they are."""
INQUIRED = (STEPS, EXPLAINED)
"""Kinds whose answer has a row for each student, and whose figures are made of those."""
TOGETHER = (
    (),
    ("school", "grade", "race"),
    ("sex", "english_learner", "economically_disadvantaged", "disability"),
)


def by(metric: Metric) -> Iterator[tuple[str, ...]]:
    """Yield what a metric is told apart by here: nothing, every part of a student, and all that is the metric's own."""
    assert {name for names in TOGETHER for name in names} == set(STUDENT_PARTS)
    if metric.kind in INQUIRED:
        yield from ((name,) for name in GROUPS) if metric.kind == STEPS else ((),)
        return
    yield from TOGETHER
    own = tuple(name for name in metric.parts if name not in metric.apart)
    if own:
        yield own


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        java()
    except NoJava as missing:
        pytest.skip(f"NOT RUN: the same figures on Spark: {missing}")
    with cluster(tmp_path_factory.mktemp("cluster")) as address:
        yield address


@pytest.fixture(scope="module")
def begun(master: str) -> Iterator[Any]:
    from pyspark import SparkContext

    from headway.analytics.spark import session

    with session(master, SMALL) as found:
        yield found
    # The Java of the session would stay beside the other tests to their end.
    SparkContext._gateway.shutdown()
    SparkContext._gateway.proc.stdin.close()
    SparkContext._gateway = SparkContext._jvm = None


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return district(tmp_path_factory.mktemp("district") / "facts", 1)


@pytest.fixture(scope="module")
def there(begun: Any, facts: Path) -> Engine:
    """The same facts on the cluster."""
    from headway.analytics.spark import opened

    return opened(begun, facts)


def rounded(found: Any) -> Any:
    """Return an answer with its fractions rounded, and NaN as a word, which equals itself."""
    if isinstance(found, float):
        return "nan" if math.isnan(found) else float(f"{found:.{DIGITS}g}") if abs(found) > 1e-6 else 0.0
    if isinstance(found, dict):
        return {name: rounded(one) for name, one in found.items()}
    return [rounded(one) for one in found] if isinstance(found, list | tuple) else found


class Heard:
    """An engine that remembers what it answered."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.answers = engine, {}

    def rows(self, text: str) -> list[dict[str, Any]]:
        self.answers[text] = self.engine.rows(text)
        return self.answers[text]


def asked(engine: Engine, questions: Sequence[tuple[Metric, tuple[str, ...]]]) -> list[Any]:
    """Return of each question the rows of its texts and the figures that science makes of them."""

    def one(given: tuple[Metric, tuple[str, ...]]) -> Any:
        heard = Heard(engine)
        metric, names = given
        if metric.kind in INQUIRED:
            return heard.answers, [
                (asdict(cell), {}) for cell in figures(heard, metric.key, names, minimum=2).cells
            ]
        return heard.answers, [(asdict(cell), sums) for cell, sums in answers(heard, metric, names)]

    # A cluster answers several at once; DuckDB's connection is one.
    with ThreadPoolExecutor(1 if isinstance(engine, Duck) else 3) as pool:
        return [rounded(found) for found in pool.map(one, questions)]


def same(
    one: Iterable[Any], other: Iterable[Any], questions: Sequence[tuple[Metric, tuple[str, ...]]]
) -> None:
    for mine, theirs, (metric, names) in zip(one, other, questions, strict=True):
        assert mine == theirs, (metric.key, names)


def test_every_metric_is_the_same_on_both_engines_by_every_part(there: Engine, facts: Path) -> None:
    questions = [(metric, names) for metric in METRICS.values() for names in by(metric)]
    assert len(questions) > 2.9 * len(METRICS)
    with facts_of(facts) as here:
        expected = asked(here, questions)
    assert all(cells for _, cells in expected), "a metric without a figure compares nothing"
    same(expected, asked(there, questions), questions)


def test_facts_that_are_put_together_are_the_same_on_both_engines(there: Engine, facts: Path) -> None:
    together = [fact for fact in FACTS if fact.text]
    for fact in together:
        expected = pq.read_table(facts / f"{fact.name}.parquet").to_pylist()
        assert there.rows(fact.text) == expected and expected, fact.name
        assert not _NEVER.search(re.sub("--.*", "", fact.text)), (
            f"{fact.name}: engines differ in what it uses"
        )
    assert together


def test_without_a_single_row_both_engines_have_the_same_nothing(begun: Any, tmp_path: Path) -> None:
    from headway.analytics.spark import opened

    folder = write(tmp_path / "facts")
    questions = [(metric, ("race",) if metric.kind == STEPS else ()) for metric in METRICS.values()]
    with facts_of(folder) as here:
        expected = asked(here, questions)
    assert all(not cells for _, cells in expected)
    same(expected, asked(opened(begun, folder), questions), questions)


def test_joined_districts_are_the_same_on_both_engines(begun: Any, tmp_path: Path) -> None:
    from headway.analytics.spark import opened

    names = ("north", "south")
    folders = [district(tmp_path / name, seed) for seed, name in enumerate(names, 3)]
    of_a_kind = {metric.kind: metric for metric in METRICS.values()}
    questions = [(metric, (DISTRICT,)) for metric in of_a_kind.values()]
    with facts_of(*folders, districts=names) as here:
        expected = asked(here, questions)
        told = figures(here, "coverage", (DISTRICT, "sex"), minimum=10)
    there = opened(begun, *folders, districts=names)
    same(expected, asked(there, questions), questions)
    # Protected and rounded as it leaves the gate, a figure is the same to its last digit.
    assert figures(there, "coverage", (DISTRICT, "sex"), minimum=10) == told


def test_comparability_of_districts_is_the_same_on_both_engines(begun: Any, tmp_path: Path) -> None:
    from headway.analytics.spark import opened
    from headway.reports.comparing import compared

    names = ("north", "south", "west")
    folders = [
        write(
            tmp_path / name,
            **scored(seed, severe=0.3 * seed),
            agreement_step=[step("within"), step("across", None)],
        )
        for seed, name in enumerate(names)
    ]
    with facts_of(*folders, districts=names) as here:
        expected = rounded(compared(here, names))
    assert sum(row["value"] is not None for row in expected) >= 15
    assert rounded(compared(opened(begun, *folders, districts=names), names)) == expected


def test_workers_determine_the_levels_that_one_machine_does(begun: Any, facts: Path, tmp_path: Path) -> None:
    from headway.analytics.bulk import determine_in_bulk
    from headway.analytics.spark import determine_on_spark

    for rule in (
        {"rule": "decaying-average"},
        {"rule": "mode", "requirement": {"pieces": 2}, "same_attempt": "lead"},
    ):
        chosen = Policy.from_mapping(rule)
        n = determine_in_bulk(facts / "rating.parquet", chosen, out=tmp_path / "levels.parquet")
        expected = pq.read_table(tmp_path / "levels.parquet").to_pylist()
        found = (
            determine_on_spark(begun, facts / "rating.parquet", chosen).orderBy("student", "target").collect()
        )
        assert len(found) == n > 200
        assert [row.asDict() for row in found] == expected


ALIKE = (
    "SELECT level, COUNT(*) AS n FROM rating GROUP BY level ORDER BY level",
    "SELECT level, COUNT(*) AS n FROM rating GROUP BY level ORDER BY level DESC",
    "SELECT 7 / 2 AS a, 7 // 2 AS b, -7 // 2 AS c, -7 % 3 AS d, 1 / 3 AS e",
    "SELECT COUNT(*) FILTER (WHERE status = 'rated') AS n, SUM(level) FILTER (WHERE kind = 'self') AS s FROM rating",
    "SELECT AVG(level) AS a, AVG(attempt) AS b, MIN(kind) AS c, COUNT(DISTINCT kind) AS d FROM rating",
    "SELECT 'a' || NULL AS a, COALESCE(NULL, 'x') AS b, GREATEST(1, NULL, 3) AS c, NULLIF(1, 1) AS d",
    "SELECT COUNT(*) AS n FROM student WHERE race NOT IN ('white')",
    "SELECT race, COUNT(*) AS n FROM student GROUP BY race ORDER BY race",
    "SELECT DATE_DIFF('day', DATE '2026-08-24', DATE '2026-11-20') AS n",
)
"""What a definition may be made of."""
UNLIKE = (
    # Rounded on the one, cut off on the other; what a date less a date is; where the week begins; infinite or an error;
    # the last bits, and texts that sqlglot says wrongly.
    "SELECT CAST(2.5 AS BIGINT) AS a",
    "SELECT DATE '2026-11-20' - DATE '2026-08-24' AS a",
    "SELECT EXTRACT(dow FROM DATE '2026-11-20') AS a",
    "SELECT 1 / 0 AS a",
    "SELECT QUANTILE_CONT(level, 0.3) AS a FROM rating",
)
_NEVER = re.compile(
    r"\bAS\s+(BIG)?INT|\bEXTRACT\b|\bQUANTILE|\bMEDIAN|\bDATE\b|\bSTDDEV|\bVAR_|/(?!/)", re.IGNORECASE
)


def answered(engine: Engine, text: str) -> Any:
    try:
        return rounded(engine.rows(text))
    except Exception as error:
        return type(error).__name__


def test_what_a_definition_may_be_made_of_is_alike_and_what_it_must_not_is_not(
    there: Engine, facts: Path
) -> None:
    with facts_of(facts) as here:
        for text in ALIKE:
            assert answered(here, text) == answered(there, text), text
        # Where an engine learned the other's answer, the text may be used from then on.
        for text in UNLIKE:
            assert answered(here, text) != answered(there, text), text
        for text in UNLIKE:
            assert _NEVER.search(text), text
    for metric in METRICS.values():
        assert not _NEVER.search(re.sub("--.*", "", metric.sql)), (
            f"{metric.key}: engines differ in what it uses"
        )


def test_a_sum_that_does_not_fit_is_an_error_and_no_number(there: Engine) -> None:
    assert answered(there, "SELECT SUM(9223372036854775807) AS a FROM rating") == "ArithmeticException"


def test_without_a_java_that_spark_runs_on_it_is_said_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(NoJava, match="install Java 17 or newer"):
        java()
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    old.chmod(0o755)
    with pytest.raises(NoJava, match="no Java 17 or newer"):
        java()


def test_a_difference_between_engines_is_found(tmp_path: Path) -> None:
    questions = [(METRICS["growth"], ())]
    with facts_of(district(tmp_path / "one", 1)) as one, facts_of(district(tmp_path / "other", 2)) as other:
        expected, found = asked(one, questions), asked(other, questions)
    with pytest.raises(AssertionError, match="growth"):
        same(expected, found, questions)
