"""Figures about many at size: `python -m bench.figures [--ratings N] [--metric KEY]`.

Facts as a snapshot holds them (names are texts, files are sorted), drawn by DuckDB into a temporary folder: 100 targets for each
student, ten ratings for each of them. What a snapshot puts together from other facts is put together by the product itself, which
is the first figure. Every metric is asked by school, from its text to its intervals, with the engine's own limit of memory (those
that compare groups student by student up to their row for each student); beside it stands what one count of students over the
largest fact that it reads takes in the same minute. Then R5: 500,000 ratings of 5,000 students, one for each target, and what a
leader asks of a snapshot by group, through the gate: who needs a response, who is behind, how many tries it took. Of two times
the second is told, the first beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.baseline import machine, peak_mib, timed
from headway.analytics.metrics import EXPLAINED, GROUPS, METRICS, STEPS

TARGETS = 100
SCHOOL = 500
STUDENT = "printf('u%07d', {i})"
PICK = "list_extract([{words}], 1 + CAST(hash({i}, {salt}) % {n} AS INTEGER))"
INQUIRED = (STEPS, EXPLAINED)
BEHIND = (("needs", ("race",)), ("pace", ("race",)), ("tries", ("race",)))


def pick(salt: int, *words: str, i: str = "i") -> str:
    """Return the text that picks one of some words by chance, the same each time."""
    return PICK.format(words=", ".join(words), i=i, salt=salt, n=len(words))


def texts(students: int, each: int) -> dict[str, str]:
    """Return what each fact is made of; `each` ratings of a student on a target."""
    who, one = STUDENT.format(i="i"), STUDENT.format(i=f"i // {TARGETS}")
    code = f"printf('M:T%02d', i % {TARGETS})"
    yes = pick(7, "true", "false", "false", "NULL")
    pairs, pieces = students * TARGETS, students * TARGETS * each
    of = f"i // {each}"
    return {
        "student": f"""SELECT {who} AS student, printf('s%04d', i // {SCHOOL}) AS school,
            {pick(1, "'07'", "'08'", "'09'")} AS grade, {pick(2, "'white'", "'black'", "'asian'", "'latino'", "NULL")} AS race,
            {pick(3, "'female'", "'male'")} AS sex,
            {yes} AS english_learner, {yes} AS economically_disadvantaged, {yes} AS disability FROM range({students}) t(i)""",
        "target": f"""SELECT printf('M:T%02d', i) AS target, CASE WHEN i < 90 THEN 'M' ELSE 'L' END AS framework,
            CASE WHEN i < 90 THEN 'academic' ELSE 'lifelong' END AS kind, printf('M:%d', i // 10) AS area,
            CAST(1 + i % 4 AS BIGINT) AS asks_depth FROM range({TARGETS}) t(i)""",
        "scope": f"""SELECT {one} AS student, {code} AS target, true AS in_plan, i % 3 = 0 AS at_grade_level
            FROM range({pairs}) t(i)""",
        "determination": f"""SELECT {one} AS student, {code} AS target,
            {pick(4, "'not_yet'", "'proficient'", "'beyond'", "'too_little'", "'excused'")} AS state,
            CAST({each} AS BIGINT) AS n_counted, CAST(1 + hash(i, 5) % 4 AS BIGINT) AS depth, hash(i, 6) % 20 = 0 AS decided,
            CAST(1 + hash(i, 25) % 301 AS DOUBLE) / 100 AS value,
            CASE WHEN hash(i, 26) % 4 > 0 THEN CAST(1 + hash(i, 27) % 301 AS DOUBLE) / 100 END AS baseline,
            {pick(8, "'up'", "'down'")} AS direction, 'decaying-average' AS rule, CAST(1 AS BIGINT) AS rule_version
            FROM range({pairs}) t(i)""",
        "journey": f"""SELECT {one} AS student, {code} AS target, hash(i, 9) % 3 = 0 AS first_reached, {each} > 1 AS tried_again,
            hash(i, 9) % 3 < 2 AS reached, CAST(1 + hash(i, 10) % 8 AS BIGINT) AS tries FROM range({pairs}) t(i)""",
        "rating": f"""SELECT {STUDENT.format(i=f"({of}) // {TARGETS}")} AS student,
            printf('M:T%02d', ({of}) % {TARGETS}) AS target,
            CAST(1 + hash(i, 11) % 4 AS DOUBLE) AS level, 'rated' AS status,
            {pick(12, "'teacher'", "'teacher'", "'self'")} AS kind,
            {pick(13, "'evidence'", "'evidence'", "'evidence'", "'practice'")} AS purpose,
            printf('p%09d', i) AS piece, CAST(1 + hash(i, 14) % 4 AS BIGINT) AS depth FROM range({pieces}) t(i)""",
        "opportunity": f"""SELECT {STUDENT.format(i="i // 10")} AS student, printf('M:T%02d', i * 7 % {TARGETS}) AS target,
            printf('o%08d', i) AS opportunity, 'offered' AS state, 'evidence' AS purpose, CAST(1 + i % 4 AS BIGINT) AS depth
            FROM range({students * 10}) t(i)""",
        "pace": f"""SELECT {who} AS student, CAST(hash(i, 15) % 20 AS BIGINT) AS filled, CAST(20 AS BIGINT) AS required,
            CAST(hash(i, 15) % 20 AS DOUBLE) / 20 AS progress,
            {pick(16, "'behind'", "'on_pace'", "'on_pace'", "'ahead'")} AS state FROM range({students}) t(i)""",
        "position": f"""SELECT {who} AS student, 'M' AS framework, CAST(hash(i, 17) % 300 AS DOUBLE) / 100 AS rate,
            {pick(18, "'below'", "'at'", "'above'")} AS grade_level, CAST(12 AS BIGINT) AS graduation,
            {pick(19, "'on'", "'off'", "'too_early'")} AS trajectory FROM range({students}) t(i)""",
        "need": f"SELECT {who} AS student, 'stuck' AS reason FROM range({students}) t(i) WHERE hash(i, 20) % 5 = 0",
        "attempt": f"""SELECT {STUDENT.format(i="i // 10")} AS student, hash(i, 21) % 10 > 0 AS answered,
            CAST(hash(i, 22) % 140 AS DOUBLE) / 10 AS wait_days FROM range({students * 10}) t(i)""",
        "request": f"""SELECT {who} AS student, 'ready' AS kind, hash(i, 23) % 10 > 0 AS answered,
            CAST(hash(i, 24) % 140 AS DOUBLE) / 10 AS wait_days FROM range({students}) t(i)""",
    }  # fmt: skip


def write(folder: Path, students: int, each: int) -> Path:
    """Write the facts that a package would read; those that are put together from them are not there yet."""
    import duckdb

    folder.mkdir()
    with duckdb.connect(":memory:") as connection:
        for name, text in texts(students, each).items():
            connection.execute(
                f"COPY ({text}) TO '{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd)"
            )
    return folder


def together(folder: Path) -> dict[str, Any]:
    """Put together the facts that a snapshot puts together from others, as it does; return what that takes."""
    import pyarrow.parquet as pq

    from headway.analytics.dictionary import FACTS
    from headway.analytics.snapshots import put_together

    students = pq.read_table(folder / "student.parquet", columns=["student"]).column("student").to_pylist()
    wall, cpu, rows = timed(
        lambda: {fact.name: put_together(folder, fact, students) for fact in FACTS if fact.text}
    )
    return {"figure": "facts put together from others", "unit": "s", "value": round(wall, 2), "cpu_s": round(cpu, 2),
            "rows": rows, "peak_mib": peak_mib()}  # fmt: skip


def at_size(folder: Path, key: str) -> dict[str, Any]:
    """Return what one metric takes, by school."""
    from headway.analytics.asking import question
    from headway.analytics.engine import duck
    from headway.analytics.estimating import answers

    metric = METRICS[key]
    largest = max(
        (name for name in texts(1, 1) if f" {name} " in f"{metric.sql} ".replace("\n", " ")),
        key=lambda name: (folder / f"{name}.parquet").stat().st_size,
    )
    with duck(folder) as engine:

        def ask() -> int:
            if metric.kind in INQUIRED:
                # What science makes of a row for each student has a benchmark of its own: bench/equity.py.
                return len(engine.rows(question(metric, ("race",) if metric.kind == STEPS else GROUPS)))
            return len(list(answers(engine, metric, ("school",))))

        floor, _, _ = timed(lambda: engine.rows(f"SELECT COUNT(DISTINCT student) AS n FROM {largest}"))
        first, _, _ = timed(ask)
        wall, cpu, cells = timed(ask)
        rows = engine.rows(f"SELECT COUNT(*) AS n FROM {largest}")[0]["n"]
    return {
        "figure": f"metric {key}", "unit": "s", "value": round(wall, 3), "first_s": round(first, 3), "cpu_s": round(cpu, 2),
        "reads": largest, "rows": rows, "cells": cells, "peak_mib": peak_mib(), "floor_students_s": round(floor, 3),
        "multiple_of_floor": round(wall / floor, 1),
    }  # fmt: skip


def behind(folder: Path) -> dict[str, Any]:
    """Return what R5 takes: four tables by group, asked, estimated and protected."""
    from headway.analytics.actions import facts_of, figures

    def ask() -> int:
        with facts_of(folder) as engine:
            return sum(len(figures(engine, key, by, minimum=10).cells) for key, by in BEHIND)

    first, _, _ = timed(ask)
    wall, cpu, cells = timed(ask)
    return {"figure": "R5: behind, by group, protected", "unit": "s", "value": round(wall, 3), "first_s": round(first, 3),
            "cpu_s": round(cpu, 2), "ratings": 500_000, "cells": cells, "peak_mib": peak_mib()}  # fmt: skip


def main() -> None:
    """Write the facts and take each figure in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ratings", type=int, default=10_000_000)
    parser.add_argument("--metric", default="")
    parser.add_argument("--of", default="", help=argparse.SUPPRESS)
    parser.add_argument("--put", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.of:
        os.environ |= {"HEADWAY_HOME": given.of, "DJANGO_SETTINGS_MODULE": "headway.project.settings"}
        import django

        django.setup()
        of = Path(given.of)
        found = together(of) if given.put else at_size(of, given.metric) if given.metric else behind(of)
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as place:
        base = machine(Path(place))
        size = write(Path(place) / "state", given.ratings // (TARGETS * 10), 10)
        small = write(Path(place) / "school", 5000, 1)
        for more, folder in [
            (["--put"], size), (["--put"], small),
            *((["--metric", key], size) for key in ([given.metric] if given.metric else METRICS)), ([], small),
        ]:  # fmt: skip
            command = [sys.executable, "-m", "bench.figures", *more, "--of", str(folder)]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                # What does not fit is a figure too.
                failed = {"figure": " ".join(more), "failed": done.stderr.strip().splitlines()[-1][:200]}
                print(json.dumps(failed | base), flush=True)
                continue
            print(json.dumps(json.loads(done.stdout) | base), flush=True)


if __name__ == "__main__":
    main()
