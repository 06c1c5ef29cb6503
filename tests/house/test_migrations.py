"""The one migration history says what the records say, on both databases."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def test_no_migration_is_owed() -> None:
    said = io.StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, interactive=False, stdout=said, verbosity=3)
    except SystemExit:
        pytest.fail(f"run makemigrations:\n{said.getvalue()}")


def test_the_history_is_one_line() -> None:
    loader = MigrationLoader(connection)
    assert len([leaf for leaf in loader.graph.leaf_nodes() if leaf[0] == "headway"]) == 1
    assert not loader.detect_conflicts()
    loader.check_consistent_history(connection)
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []


def test_the_migrations_install_the_triggers() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        found = {row[0] for row in cursor.fetchall()}
    assert {"payload_no_update", "payload_no_delete"} <= found
    assert {"event_no_change", "event_no_truncate"} <= found or {
        "event_no_update",
        "event_no_delete",
    } <= found


def shape(database: Path) -> dict[tuple[str, str], list[str]]:
    """Return what a database holds: each table with its columns and conditions in no order, each index, each trigger."""
    found = {}
    with sqlite3.connect(database) as asked:
        for kind, name, said in asked.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        ):
            found[kind, name] = clauses(said) if kind == "table" else [" ".join(said.split())]
    return found


def clauses(said: str) -> list[str]:
    parts, depth, part = [], 0, ""
    for letter in said[said.index("(") + 1 : said.rindex(")")]:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += letter
    return sorted([*parts, part.strip()])


def run(home: Path, *words: str) -> None:
    home.mkdir()
    named = {"HEADWAY_HOME": str(home), "DJANGO_SETTINGS_MODULE": "headway.project.settings"}
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | named
    subprocess.run([sys.executable, *words], env=env, check=True, capture_output=True)


def test_a_new_home_has_the_tables_that_the_history_makes(tmp_path: Path) -> None:
    run(tmp_path / "new", "-m", "headway.cli", "init", "--home", str(tmp_path / "new"))
    run(tmp_path / "old", "-m", "django", "migrate")
    new, old = (shape(tmp_path / name / "headway.sqlite3") for name in ("new", "old"))
    assert len(new) > 300 and ("trigger", "event_no_update") in new
    assert new == old
    with (
        sqlite3.connect(tmp_path / "new" / "headway.sqlite3") as asked,
        sqlite3.connect(tmp_path / "old" / "headway.sqlite3") as walked,
    ):
        told = "SELECT app, name FROM django_migrations ORDER BY app, name"
        assert asked.execute(told).fetchall() == walked.execute(told).fetchall()
