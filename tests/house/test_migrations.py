"""The one migration history says what the records say, on both databases."""

from __future__ import annotations

import io

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
