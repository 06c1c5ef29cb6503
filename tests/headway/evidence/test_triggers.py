"""The database itself refuses to change the past, also to whoever writes SQL by hand."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from headway.evidence import triggers
from headway.evidence.models import Event, Payload

from .world import World

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def refused(statement: str) -> bool:
    before = [list(table.objects.order_by("pk").values_list()) for table in (Event, Payload)]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as error:
        assert "append-only" in str(error)
        assert [list(table.objects.order_by("pk").values_list()) for table in (Event, Payload)] == before
        return True
    return False


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE headway_event SET at_us = at_us + 1 WHERE sequence = 1",
        "UPDATE headway_event SET hash = hash",
        "UPDATE headway_event SET sequence = 9 WHERE sequence = 2",
        "DELETE FROM headway_event WHERE sequence = 2",
        "DELETE FROM headway_event",
        "UPDATE headway_payload SET body = '{}' WHERE event_id = 1",
        "UPDATE headway_payload SET salt = salt",
        "DELETE FROM headway_payload WHERE event_id = 1",
        "DELETE FROM headway_payload",
    ],
)
def test_change_and_removal_are_refused(world: World, statement: str) -> None:
    world.record(world.entry("a"), world.entry("b", "u2"))
    assert refused(statement)


def test_replacing_a_row_is_refused(world: World) -> None:
    """SQLite's REPLACE removes the old row without a DELETE trigger, unless recursive triggers are on."""
    if connection.vendor != "sqlite":
        return
    world.record(world.entry("a"))
    assert refused(
        "REPLACE INTO headway_event SELECT sequence, kind, subject, author, key_digest, at_us + 1, commitment,"
        " previous, hash FROM headway_event"
    )
    assert refused("REPLACE INTO headway_payload SELECT event_id, salt, '{}' FROM headway_payload")


def test_emptying_the_tables_is_refused(world: World) -> None:
    world.record(world.entry("a"))
    if connection.vendor == "postgresql":
        assert refused("TRUNCATE headway_event CASCADE")
        assert refused("TRUNCATE headway_payload")
    else:
        assert refused("DELETE FROM headway_event WHERE 1")


def test_only_the_content_that_an_erasure_names_may_go(world: World) -> None:
    world.record(world.entry("a"), world.entry("b", "u2"), world.entry("c", "u3"))
    world.erase("u2")
    assert not Payload.objects.filter(pk=2).exists()
    assert refused("DELETE FROM headway_payload WHERE event_id = 1")
    assert refused("DELETE FROM headway_payload WHERE event_id IN (2, 3)")
    # The erasing event itself stays in full.
    assert refused("DELETE FROM headway_payload WHERE event_id = 4")


def test_the_triggers_can_be_installed_again(world: World, without_triggers: list[str]) -> None:
    assert len(without_triggers) >= 4
    world.record(world.entry("a"))
    triggers.install(connection)
    triggers.install(connection)
    assert refused("DELETE FROM headway_event")
