"""Alterations by somebody with the database's password: each one is named, and none in a lawful ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import connection

from headway.evidence import ledger, queries
from headway.evidence.models import Erasure, Event, LedgerHead, Payload, Rating
from headway.evidence.types import Break

from .world import World

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


@pytest.fixture
def altered(world: World, without_triggers: list[str]) -> World:
    """Nine events: six ratings, a move (two students), an erasure; the triggers are gone."""
    world.record(world.entry("a"), world.entry("b", "u2"), world.entry("c", "u3"))
    world.record(world.entry("d", "u4"), world.entry("e"), world.entry("f", "u2", level=200))
    world.move("a", "b", to="A.2")
    world.erase("u3")
    assert queries.head()[0] == Event.objects.count() == 9
    assert queries.breaks() == [] and world.projection_breaks() == []
    return world


def said(found: list[Break]) -> list[tuple[int, str]]:
    return [(one.sequence, one.what) for one in found]


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_an_altered_value(altered: World) -> None:
    payload = Payload.objects.get(pk=2)
    Payload.objects.filter(pk=2).update(body=payload.body.replace('"level":300', '"level":400'))
    found = queries.breaks()
    assert said(found) == [(2, "the content was altered")]
    assert found[0].subject == altered.people["u2"].uuid.hex
    assert found[0].expected == Event.objects.get(pk=2).commitment != found[0].found
    # The ratings disagree with the altered content as well: the first row of the rating, and the moved one.
    assert [one.sequence for one in altered.projection_breaks()] == [2, 8]


def test_an_altered_salt(altered: World) -> None:
    Payload.objects.filter(pk=5).update(salt="0" * 32)
    assert said(queries.breaks()) == [(5, "the content was altered")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at_us", 1_700_000_000_000_000),
        ("author", UUID(int=7)),
        ("author", None),
        ("subject", UUID(int=7)),
        ("kind", "policy"),
        ("key_digest", "f" * 64),
    ],
)
def test_an_altered_time_author_or_other_field(altered: World, field: str, value: object) -> None:
    Event.objects.filter(pk=4).update(**{field: value})
    found = queries.breaks()
    assert said(found) == [(4, "the event was altered")]
    assert found[0].expected == Event.objects.get(pk=4).hash


def test_an_altered_seal(altered: World) -> None:
    Event.objects.filter(pk=4).update(hash="a" * 64)
    assert said(queries.breaks()) == [(4, "the event was altered"), (5, "not linked to the event before it")]


def test_a_deleted_event_in_the_middle(altered: World) -> None:
    run("DELETE FROM headway_event WHERE sequence = 4", "DELETE FROM headway_payload WHERE event_id = 4")
    assert said(queries.breaks()) == [(4, "event missing"), (5, "not linked to the event before it")]
    assert said(altered.projection_breaks()) == [(4, "rating d is not in the ledger")]


def test_a_deleted_tail(altered: World) -> None:
    run("DELETE FROM headway_event WHERE sequence > 6", "DELETE FROM headway_payload WHERE event_id > 6")
    found = queries.breaks()
    # The erasure went with the tail, so that nothing explains any more why content is missing.
    assert said(found) == [
        (3, "content missing without an erasure"),
        (7, "the end of the chain is not where the head says"),
    ]
    assert found[1].expected.startswith("9 ") and found[1].found.startswith("6 ")


def test_a_moved_head(altered: World) -> None:
    LedgerHead.objects.update(sequence=10)
    assert said(queries.breaks()) == [(10, "the end of the chain is not where the head says")]


def test_two_events_swapped(altered: World) -> None:
    for table, column in (("headway_event", "sequence"), ("headway_payload", "event_id")):
        run(
            f"UPDATE {table} SET {column} = -1 WHERE {column} = 4",
            f"UPDATE {table} SET {column} = 4 WHERE {column} = 5",
            f"UPDATE {table} SET {column} = 5 WHERE {column} = -1",
        )
    found = said(queries.breaks())
    assert found[:2] == [(4, "not linked to the event before it"), (4, "the event was altered")]
    assert (5, "the event was altered") in found and found[-1] == (6, "not linked to the event before it")


def test_a_forged_event_at_the_end(altered: World) -> None:
    _forge(10)
    found = queries.breaks()
    # Well sealed and linked, but the head was not moved with it.
    assert said(found) == [(11, "the end of the chain is not where the head says")]


def test_a_forged_event_in_the_middle(altered: World) -> None:
    run(
        "UPDATE headway_event SET sequence = sequence + 100 WHERE sequence > 6",
        "UPDATE headway_event SET sequence = sequence - 99 WHERE sequence > 100",
    )
    run("UPDATE headway_payload SET event_id = event_id + 100 WHERE event_id > 6")
    run("UPDATE headway_payload SET event_id = event_id - 99 WHERE event_id > 100")
    _forge(7)
    found = said(queries.breaks())
    # The erasing event moved with the rest, so that nothing explains any more why content 3 is missing.
    assert found[:2] == [(3, "content missing without an erasure"), (8, "not linked to the event before it")]
    assert {(n, "the event was altered") for n in (8, 9, 10)} <= set(found)


def _forge(sequence: int) -> None:
    """Insert a rating that nobody gave, with a right seal and a right link."""
    body = ledger.canonical({**json.loads(Payload.objects.get(pk=5).body), "key": "forged", "level": 400})
    before = Event.objects.get(pk=sequence - 1)
    event = Event(
        sequence=sequence,
        kind="rating",
        at_us=before.at_us,
        commitment=ledger.commitment("00" * 16, body),
        previous=before.hash,
    )
    event.hash = ledger.event_hash(
        sequence, "rating", "", "", "", event.at_us, event.commitment, event.previous
    )
    event.save(force_insert=True)
    Payload(event_id=sequence, salt="00" * 16, body=body).save(force_insert=True)


def test_content_removed_without_an_erasure(altered: World) -> None:
    run("DELETE FROM headway_payload WHERE event_id = 5")
    assert said(queries.breaks()) == [(5, "content missing without an erasure")]


def test_content_removed_under_the_erasure_of_somebody_else(altered: World) -> None:
    """A permission that names any erasing event was once enough, also one about another student."""
    Erasure.objects.create(sequence=5, by=9)
    run("DELETE FROM headway_payload WHERE event_id = 5")
    assert said(queries.breaks()) == [(5, "content missing without an erasure")]


def test_content_put_back_after_an_erasure(altered: World) -> None:
    Payload(event_id=3, salt="00" * 16, body="{}").save(force_insert=True)
    assert said(queries.breaks()) == [(3, "the content was altered")]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"level": 400}, "the row of rating e differs in level"),
        ({"held": True}, "the row of rating e differs in held"),
        ({"comment": "x", "depth": 3}, "the row of rating e differs in depth, comment"),
        ({"to_sequence": 9}, "the row of rating e differs in to_sequence"),
    ],
)
def test_only_the_projection_changed(altered: World, change: dict, what: str) -> None:
    Rating.objects.filter(key="e").update(**change)
    assert queries.breaks() == []
    assert said(altered.projection_breaks()) == [(5, what)]


def test_a_row_added_to_or_removed_from_the_projection(altered: World) -> None:
    row = Rating.objects.get(key="e")
    row.pk, row.key = None, "forged"
    row.save(force_insert=True)
    Rating.objects.filter(key="d").delete()
    assert queries.breaks() == []
    assert said(altered.projection_breaks()) == [
        (4, "the row of rating d is missing"),
        (5, "rating forged is not in the ledger"),
    ]


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"key":"e","student":"x"}', "not json"])
def test_content_that_cannot_be_replayed_is_named(altered: World, body: str) -> None:
    """The walk once stopped with a traceback at content that was no rating."""
    Payload.objects.filter(pk=5).update(body=body)
    assert (5, "the content was altered") in said(queries.breaks())
    found = said(altered.projection_breaks())
    assert (5, "the content cannot be replayed") in found
    assert (5, "rating e is not in the ledger") in found


def _recompute(after: int) -> None:
    """Seal and link every event anew, as somebody who knows the code could."""
    previous = Event.objects.get(pk=after).hash
    for event in Event.objects.filter(pk__gt=after).order_by("pk"):
        payload = Payload.objects.filter(pk=event.pk).first()
        if payload is not None:
            event.commitment = ledger.commitment(payload.salt, payload.body)
        event.previous = previous
        event.hash = ledger.event_hash(
            event.sequence,
            event.kind,
            ledger.plain(event.subject),
            ledger.plain(event.author),
            event.key_digest or "",
            event.at_us,
            event.commitment,
            previous,
        )
        event.save(force_update=True)
        previous = event.hash
    LedgerHead.objects.update(hash=previous)


def test_a_whole_chain_recomputed_is_caught_by_a_kept_head_only(altered: World) -> None:
    kept = dict([queries.head()])
    payload = Payload.objects.get(pk=5)
    Payload.objects.filter(pk=5).update(body=payload.body.replace('"level":300', '"level":400'))
    Rating.objects.filter(key="e").update(level=400)
    _recompute(4)
    assert queries.breaks() == [] and altered.projection_breaks() == []
    found = queries.breaks(heads=kept)
    assert said(found) == [(9, "differs from the head that was kept")]
    assert (found[0].expected, found[0].found) == (kept[9], queries.head()[1])


def test_the_oldest_of_several_kept_heads_narrows_the_place(altered: World) -> None:
    kept = {n: Event.objects.get(pk=n).hash for n in (3, 6, 9)}
    payload = Payload.objects.get(pk=5)
    Payload.objects.filter(pk=5).update(body=payload.body.replace('"level":300', '"level":400'))
    _recompute(4)
    assert said(queries.breaks(heads=kept)) == [
        (6, "differs from the head that was kept"),
        (9, "differs from the head that was kept"),
    ]


def test_an_old_state_restored_is_caught_by_a_kept_head(altered: World) -> None:
    kept = dict([queries.head()])
    # The backup of last week: before the move and the erasure.
    run("DELETE FROM headway_event WHERE sequence > 2", "DELETE FROM headway_payload WHERE event_id > 2")
    run("DELETE FROM headway_rating WHERE from_sequence > 2", "DELETE FROM headway_erasure")
    run("UPDATE headway_rating SET to_sequence = NULL")
    LedgerHead.objects.update(sequence=2, hash=Event.objects.get(pk=2).hash)
    assert queries.breaks() == [] and altered.projection_breaks() == []
    assert said(queries.breaks(heads=kept)) == [(9, "the event of a kept head is missing")]


def test_lawful_heads_are_no_break(altered: World) -> None:
    heads: dict[int, str] = dict(Event.objects.values_list("sequence", "hash"))
    assert len(heads) == 9 and queries.breaks(heads=heads) == []


def test_every_alteration_is_named_with_what_was_expected_and_found(altered: World) -> None:
    steps: list[Callable[[], object]] = [
        lambda: Event.objects.filter(pk=1).update(at_us=1),
        lambda: Payload.objects.filter(pk=2).update(salt="11" * 16),
    ]
    for step in steps:
        step()
    texts = [str(one) for one in queries.breaks()]
    assert len(texts) == 2
    assert texts[0].startswith(
        f"event 1, about {altered.people['u1'].uuid.hex}: the event was altered; expected "
    )
    assert texts[1].startswith(f"event 2, about {altered.people['u2'].uuid.hex}: the content was altered")
