"""Headway does not start where a commit that returned may be lost in a power cut."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client

from headway.evidence.durability import require_durable_commits
from headway.kit.refusals import Refusal
from headway.project.home import require_current

# With real transactions: inside one, SQLite does not change its safety level.
pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
UNSAFE = {
    "sqlite": ["PRAGMA synchronous=NORMAL", "PRAGMA synchronous=OFF", "PRAGMA journal_mode=MEMORY"],
    "postgresql": ["SET synchronous_commit = off"],
}


@pytest.fixture(autouse=True)
def fresh_connection() -> Iterator[None]:
    """Each test begins and ends with a connection as the product opens it."""
    connection.close()
    yield
    connection.close()


def test_the_product_opens_durable_connections() -> None:
    require_durable_commits()
    require_current()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous")
            assert cursor.fetchone() == (2,)
            cursor.execute("PRAGMA journal_mode")
            assert cursor.fetchone() == ("wal",)
    assert Client().get("/healthz").status_code == 200


def test_start_up_refuses_unsafe_settings() -> None:
    for statement in UNSAFE[connection.vendor]:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute(statement)
        for check in (require_durable_commits, require_current):
            with pytest.raises(Refusal) as refusal:
                check()
            assert refusal.value.code == "unsafe_durability", statement


def test_health_tells_of_unsafe_settings() -> None:
    with connection.cursor() as cursor:
        cursor.execute(UNSAFE[connection.vendor][0])
    answer = Client().get("/healthz")
    assert answer.status_code == 503 and answer.json()["ok"] is False
