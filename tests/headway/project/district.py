"""The real `headway` command on throw-away homes: how tests call it, a small district to call it on, and what a
database holds.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ..interop.oneroster.small_roster import ROSTER_11, ROSTER_12, folder, zipped
from . import starter

HEADWAY = Path(sys.executable).with_name("headway")
ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT.parent / "shared"
TODAY = datetime.now(UTC).date()
# The command compiles its modules once for all calls of this process, and never into the tree.
_BYTECODE = os.environ.get("PYTHONPYCACHEPREFIX") or tempfile.mkdtemp(prefix="headway-bytecode-")


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a command: no home and no database of the caller's."""
    dropped = ("HEADWAY_HOME", "DATABASE_URL", "PYTHONDONTWRITEBYTECODE", "DJANGO_SETTINGS_MODULE")
    env = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**env, "PYTHONPYCACHEPREFIX": _BYTECODE, **more}


@dataclass(frozen=True)
class Answer:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The one JSON document on standard output."""
        lines = self.out.splitlines()
        assert len(lines) == 1, self.out
        return json.loads(self.out)

    @property
    def errors(self) -> list[dict[str, Any]]:
        data = self.data
        assert set(data) == {"errors"} and data["errors"], data
        for error in data["errors"]:
            assert list(error) == ["code", "message", "file", "line", "column", "value"], error
            assert error["code"] and error["message"], error
        return data["errors"]

    @property
    def codes(self) -> list[str]:
        return [error["code"] for error in self.errors]


@dataclass(frozen=True)
class Home:
    """One home, on SQLite or, with `url`, on PostgreSQL."""

    path: Path
    url: str = ""

    def env(self, **more: str) -> dict[str, str]:
        return environment(**({"DATABASE_URL": self.url} if self.url else {}), **more)

    def call(self, *words: object, code: int | None = 0, env: Mapping[str, str] | None = None) -> Answer:
        """Run a command on the home in a pipe; it must exit with `code` and must not crash."""
        command = [str(HEADWAY), *map(str, words), "--home", str(self.path)]
        found = Answer(*starter.run(command, env={**self.env(), **(env or {})}))
        assert "Traceback" not in found.err, found.err
        assert "\r" not in found.err, "progress in a pipe"
        assert code is None or found.code == code, (words, found)
        return found

    def json(self, *words: object, code: int = 0) -> Any:
        """Run a command with --json; return its document. Nothing but the document is said."""
        found = self.call(*words, "--json", code=code)
        assert found.err == "", found.err
        return found.data

    def refused(self, *words: object) -> list[dict[str, Any]]:
        """Run a command that must be refused; return its errors."""
        found = self.call(*words, "--json", code=1)
        assert found.err == "", found.err
        return found.errors

    def copy(self, to: Path) -> Home:
        """Return a copy of a home that no process has open."""
        shutil.copytree(self.path, to)
        return Home(to, new_database(self.url) if self.url else "")

    @property
    def database(self) -> Path:
        return self.path / "headway.sqlite3"

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a statement, read past the product."""
        with _connected(self) as connection:
            return list((connection.execute(sql, values) if values else connection.execute(sql)).fetchall())

    def write(self, *statements: str) -> None:
        """Run statements past the product, as somebody with the database's password could, triggers dropped."""
        with _connected(self) as connection:
            for statement in (*_dropping(self, connection), *statements):
                connection.execute(statement)
            connection.commit()

    def dump(self, *, without: Sequence[str] = ()) -> dict[str, str]:
        """Return a digest of each table's rows, in an order of their own."""
        with _connected(self) as connection:
            return {
                name: _digest(connection.execute(f'SELECT * FROM "{name}"').fetchall())
                for name in _tables(self, connection)
                if name not in without
            }


def new_database(copy_of: str = "") -> str:
    """Return the URL of a new database beside the one that DATABASE_URL names: empty, or a copy of another."""
    import psycopg

    parts = urlsplit(os.environ["DATABASE_URL"])
    name = f"headway_test_{secrets.token_hex(6)}"
    template = f' TEMPLATE "{urlsplit(copy_of).path[1:]}"' if copy_of else ""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"{template}')
    return urlunsplit(parts._replace(path=f"/{name}"))


def drop_database(url: str) -> None:
    """Drop a database that `new_database` made."""
    import psycopg

    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)')


def _digest(rows: Iterable[tuple[Any, ...]]) -> str:
    return hashlib.sha256("\n".join(sorted(map(repr, rows))).encode()).hexdigest()


class _connected:
    def __init__(self, home: Home) -> None:
        self.home = home

    def __enter__(self) -> Any:
        if self.home.url:
            import psycopg

            self.connection: Any = psycopg.connect(self.home.url)
        else:
            self.connection = sqlite3.connect(self.home.database, timeout=20)
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def _tables(home: Home, connection: Any) -> list[str]:
    if home.url:
        sql = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    else:
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
    return [row[0] for row in connection.execute(sql).fetchall()]


def _dropping(home: Home, connection: Any) -> list[str]:
    if home.url:
        sql = "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
        return [f"DROP TRIGGER {name} ON {table}" for name, table in connection.execute(sql).fetchall()]
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    return [f"DROP TRIGGER {name}" for (name,) in found]


# A small district whose days lie around today, so that the tests hold on any day.

_DAYS = {
    "2026-08-10": -100, "2027-06-01": 190, "2026-12-20": 25, "2027-01-05": 40, "2026-09-15": -70, "2026-10-15": -40,
}  # fmt: skip


def day(ago: int) -> str:
    """Return the day so many days ago, as files have it."""
    return (TODAY - timedelta(days=ago)).isoformat()


def dated(roster: dict[str, str]) -> dict[str, str]:
    """Return a roster whose school year is the running one."""
    found = {}
    for name, text in roster.items():
        for old, days in _DAYS.items():
            text = text.replace(old, day(-days))
        found[name] = text
    return found


def roster_zip(at: Path) -> Path:
    """Write the small roster as a OneRoster 1.1 zip with a folder inside, as another system exports it."""
    return zipped(at, dated(ROSTER_11), "export/")


def roster_folder(at: Path, **files: str) -> Path:
    """Write the small roster as a OneRoster 1.2 folder; `files` replace its own, without `.csv`."""
    return folder(at, {**dated(ROSTER_12), **{f"{name}.csv": text for name, text in files.items()}})


SHEET = """row,code,parents,name,name_es,statement,kind,depth,descriptor_1,descriptor_2,descriptor_3,after,replaced_by,ends
framework,,,MATH,Matemáticas,Numbers and shapes,,,,,,,,
area,AR,,Numbers,,,,,,,,,,
competency,CA,AR,Fractions,,,,,,,,,,
target,A1,CA,Equal parts,Partes iguales,Splits a whole,,2,with help,alone,explains,,,
target,A2,CA,Adding,,=SUM of parts,,2,,,,A1,,
target,A3,CA,Comparing,,,,2,,,,A1,,
competency,CB,AR,Decimals,,,,,,,,,,
target,B1,CB,Tenths,,,,2,,,,,,
target,OLD,CB,Tenths before,,,,2,,,,,B1,{ended}
"""
OTHER = """row,code,parents,name,kind
framework,,,LIFE,lifelong
area,L,,Habits,
target,A1,L,Uses comments,
target,L2,L,Plans ahead,
"""
POLICY = """
[district]
zone = "America/Denver"

[scales.four]
levels = [
  { value = 1, name = { en = "Emerging" } },
  { value = 2, name = { en = "Developing" } },
  { value = 3, name = { en = "Proficient" } },
  { value = 4, name = { en = "Extending" } },
]
proficient = 3
beyond = 4

[scales.twelve]
levels = [{ value = 1 }, { value = 6 }, { value = 12 }]
proficient = 6

[[policy]]
name = "district"
in_force = 2020-01-01
applies = { }
scale = "four"
rule = "mean"
requirement = { pieces = 1 }

[[policy]]
name = "habits"
in_force = 2020-01-01
applies = { framework = "LIFE" }
scale = "twelve"
rule = "most-recent"
requirement = { pieces = 1 }
"""


def sheet(at: Path, text: str = SHEET) -> Path:
    """Write a continuum as the spreadsheet."""
    at.write_text(text.format(ended=day(60)), encoding="utf-8")
    return at


def csv_file(at: Path, header: str, *rows: str) -> Path:
    """Write a CSV file."""
    at.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return at


RATINGS = (
    "key,student,target,level,observed_at,rater,kind,status,purpose,evidence,attempt,depth,comment,override"
)


def good_ratings() -> list[str]:
    """Return the rows of a sound file. u1 on MATH:A1: 2, 3, 4, mean 3; on A2: 2; u2: missed, excused, decided, completed."""
    return [
        f"k01,u1,MATH:A1,2,{day(30)},T1,teacher,,,,,2,,",
        f"k02,u1,MATH:A1,3,{day(20)}T09:30:00-07:00,T1,teacher,rated,evidence,p2,1,2,,",
        f"k03,u1,MATH:A1,4.0,{day(10)},T1,teacher,,,,,3,\"Well, done\",",
        f"k04,u1,A2,2,{day(10)},T1,,,,,,,,",
        f"k05,u1,A2,4,{day(9)},T1,,,practice,,,,,",
        f"k06,u2,MATH:A1,,{day(8)},T1,,missed,,,,,,",
        f"k07,u2,A2,,{day(8)},T1,,excused,,,,,,",
        f"k08,u2,A3,1,{day(8)},T1,,,,,,,,",
        f"k09,u2,A3,3,{day(7)},T1,,,,,,,seen in class,decides",
        f"k10,u2,B1,,{day(7)},T1,,,,,,,,completes",
        f"k11,u3,LIFE:A1,6,{day(6)},T1,,,,,,,,",
        f"k12,u4,B1,4,{day(5)},T2,,,,,,,,",
    ]  # fmt: skip


def begin(home: Home, files: Path, *, ratings: bool = True) -> Home:
    """Make the small district: roster, two continuums, policy, twelve ratings. Imports 1 to 4, and 5."""
    home.json("init", "--name", "Juniper Valley")
    assert home.json("import", "roster", roster_zip(files / "sis.zip"))["run"] == 1
    assert home.json("import", "framework", sheet(files / "math.csv"))["run"] == 2
    assert home.json("import", "framework", sheet(files / "life.csv", OTHER))["run"] == 3
    (files / "policy.toml").write_text(POLICY)
    assert home.json("import", "policy", files / "policy.toml")["run"] == 4
    if ratings:
        found = home.json("import", "ratings", csv_file(files / "ratings.csv", RATINGS, *good_ratings()))
        assert found["run"] == 5 and found["new"] == 12, found
    return home
