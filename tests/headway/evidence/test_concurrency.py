"""Several writers at once, each with a connection of its own: no gap, no twin, every key once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from headway.evidence import queries
from headway.evidence.models import Event, Payload, Rating
from headway.evidence.types import Receipt
from headway.kit.refusals import Refusal

from .world import STUDENTS, World

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
THREADS, SAVES = 4, 10


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """Run `work(thread)` in all threads, begun together; return what each returned."""
    start = Barrier(THREADS, timeout=30)

    def one(thread: int) -> Any:
        try:
            start.wait()
            return work(thread)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return [future.result() for future in [pool.submit(one, n) for n in range(THREADS)]]


def ledger_holds(world: World, events: int) -> None:
    assert list(Event.objects.order_by("pk").values_list("pk", flat=True)) == list(range(1, events + 1))
    assert Payload.objects.count() == events
    assert queries.breaks() == [] and world.projection_breaks() == []


def test_saves_of_many_teachers_share_one_gapless_sequence(committed_world: World) -> None:
    """The very first save of a ledger is among them: two first writers once made two heads on PostgreSQL."""
    world = committed_world

    def save(thread: int) -> list[Receipt]:
        return [
            world.record(*(world.entry(f"{thread}-{n}-{who}", who) for who in STUDENTS)) for n in range(SAVES)
        ]

    receipts = [receipt for part in at_once(save) for receipt in part]
    ledger_holds(world, THREADS * SAVES * len(STUDENTS))
    spans = sorted((one.first, one.last) for one in receipts)
    # Each save is contiguous, and together they leave nothing out.
    assert spans == [(4 * n + 1, 4 * n + 4) for n in range(THREADS * SAVES)]
    assert Rating.objects.values("key").distinct().count() == THREADS * SAVES * len(STUDENTS)
    for receipt in receipts:
        assert Event.objects.get(pk=receipt.last).hash == receipt.head


def test_a_storm_of_retries_writes_each_key_once(committed_world: World) -> None:
    """Two saves with the same keys at once: the second once met the unique index instead of the first receipt."""
    world = committed_world

    def save(_thread: int) -> list[tuple[int, int, str]]:
        receipts = [world.record(world.entry(f"{n}-a"), world.entry(f"{n}-b", "u2")) for n in range(SAVES)]
        return [(one.first, one.last, one.head) for one in receipts]

    told = at_once(save)
    assert all(one == told[0] for one in told)
    ledger_holds(world, 2 * SAVES)


def test_conflicting_saves_of_one_key_leave_one(committed_world: World) -> None:
    world = committed_world

    def save(thread: int) -> list[str]:
        codes = []
        for n in range(SAVES):
            try:
                world.record(world.entry(f"{n}", level=100 * (thread + 1)))
                codes.append("written")
            except Refusal as refusal:
                codes.append(refusal.code)
        return codes

    codes = [code for part in at_once(save) for code in part]
    assert codes.count("written") == SAVES and codes.count("key_conflict") == SAVES * (THREADS - 1)
    ledger_holds(world, SAVES)


def test_changes_of_the_same_rating_at_once_come_one_after_the_other(committed_world: World) -> None:
    """A change that began from a row another one had just ended once left rows that no replay makes."""
    world = committed_world
    world.record(*(world.entry(f"{n}", held=True) for n in range(SAVES)))
    acts: list[Callable[[str], int]] = [
        lambda key: world.move(key, to="A.2"),
        lambda key: world.move(key, to="A.3"),
        lambda key: world.release(key),
        lambda key: world.amend("redate", {key: {"observed_us": 1}}),
    ]
    at_once(lambda thread: [acts[thread](f"{n}") for n in range(SAVES)])
    ledger_holds(world, SAVES * (1 + THREADS))
    for n in range(SAVES):
        stands = world.standing(f"{n}")
        # No change was lost.
        assert not stands.held and stands.observed_us == 1


def test_an_act_is_undone_once(committed_world: World) -> None:
    world = committed_world
    world.record(world.entry("a"))
    act = world.move("a", to="A.2")

    def undo(_thread: int) -> str:
        try:
            world.undo(act)
            return "undone"
        except Refusal as refusal:
            return refusal.code

    assert sorted(at_once(undo)) == ["changed_since"] * (THREADS - 1) + ["undone"]
    ledger_holds(world, 3)
