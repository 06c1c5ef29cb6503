"""What all tests share: a throw-away home, and a ledger that can be emptied between tests."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest


def _move_to(home: Path) -> None:
    """Make `home` the home of this process. pytest-django reads the settings before it reads this file."""
    (home / "static").mkdir()
    os.environ["HEADWAY_HOME"] = str(home)
    from django.conf import settings

    from headway.project import settings as read

    read.HOME = home
    settings.HOME, settings.MEDIA_ROOT, settings.STATIC_ROOT = home, home / "media", home / "static"
    settings.COPY_MARK = home / "restored-copy"
    database = settings.DATABASES["default"]
    if "sqlite" in database["ENGINE"]:
        database["NAME"] = home / "headway.sqlite3"
        database["TEST"]["NAME"] = str(home / "test.sqlite3")


_HOME = Path(tempfile.mkdtemp(prefix="headway-test-"))
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
_move_to(_HOME)


SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Pass over a test that reads the published cases where they are missing, and say so."""
    if item.get_closest_marker("shared") and not SHARED.is_dir():
        pytest.skip("NOT RUN: the published cases are not beside the checkout")


LONG = (
    "tests/years/",
    "tests/journeys/",
    "tests/faults/",
    "tests/headway/project/",
    "tests/headway/analytics/test_two_engines",
)
"""Where the files lie that take longest: they go first, so that two workers end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the long files to the front, in their order; the others stay as they are."""
    items.sort(
        key=lambda item: next(
            (at for at, place in enumerate(LONG) if item.nodeid.startswith(place)), len(LONG)
        )
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud how many tests were not run, and why."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        why = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        reasons[why.removeprefix("Skipped: ")] = reasons.get(why.removeprefix("Skipped: "), 0) + 1
    for why, n in sorted(reasons.items()):
        terminalreporter.write_line(f"!!! {n} test{'s' if n > 1 else ''}: {why}", yellow=True)


@pytest.fixture(scope="session")
def django_db_use_migrations() -> bool:
    """Test databases take their tables as a new home does: the history of migrations has a test of its own."""
    from django.core.management import call_command
    from django.db.backends.base import creation

    from headway.project import tables

    def made(name: str, *words: str, **options: object) -> object:
        return tables.make() if name == "migrate" else call_command(name, *words, **options)

    creation.call_command = made
    return True


@pytest.fixture(scope="session", autouse=True)
def _ledger_can_be_emptied():
    """Let Django empty the tables after a test that committed: the ledger's triggers refuse even that."""
    from django.db.backends.base.operations import BaseDatabaseOperations

    from headway.evidence import triggers

    flush = BaseDatabaseOperations.execute_sql_flush

    def flush_without_triggers(operations, sql_list):
        drop_triggers(operations.connection)
        flush(operations, sql_list)
        triggers.install(operations.connection)

    BaseDatabaseOperations.execute_sql_flush = flush_without_triggers
    yield
    BaseDatabaseOperations.execute_sql_flush = flush


def drop_triggers(connection) -> list[str]:
    """Drop every trigger of the database, as somebody with its password could; return their names."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
            )
            found = cursor.fetchall()
            statements = [f"DROP TRIGGER {name} ON {table}" for name, table in found]
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY 1")
            found = cursor.fetchall()
            statements = [f"DROP TRIGGER {name}" for (name,) in found]
        for statement in statements:
            cursor.execute(statement)
    return [row[0] for row in found]


@pytest.fixture
def without_triggers(db) -> list[str]:
    """The database after somebody with its password dropped the ledger's triggers."""
    from django.db import connection

    return drop_triggers(connection)
