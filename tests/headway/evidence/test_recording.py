"""Recording: receipts, retries with the same key, conflicts; nothing is written by a refusal or a retry."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from headway.access.models import AuditEntry
from headway.evidence import queries
from headway.evidence.models import Event, Payload, Rating
from headway.kit.refusals import Refusal

from .world import AT, World

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def counts() -> tuple[int, ...]:
    return tuple(table.objects.count() for table in (Event, Payload, Rating, AuditEntry))


def test_a_save_is_one_contiguous_span_with_the_head_after_it(world: World) -> None:
    before = counts()
    first = world.record(world.entry("a"), world.entry("b", "u2"), world.entry("c", "u3"))
    second = world.record(world.entry("d"))
    assert (first.first, first.last, second.first, second.last) == (1, 3, 4, 4)
    assert queries.head() == (4, second.head) and first.head == Event.objects.get(pk=3).hash
    assert list(Event.objects.order_by("pk").values_list("pk", flat=True)) == [1, 2, 3, 4]
    # One audit entry for each save, not for each rating.
    assert counts() == (before[0] + 4, before[1] + 4, before[2] + 4, before[3] + 2)
    written = {(world.people[name].id, world.targets["A.1"].id) for name in ("u1", "u2", "u3")}
    assert set(first.written) == written


def test_each_event_is_linked_and_names_pseudonyms_only(world: World) -> None:
    world.record(world.entry("a"), world.entry("b", "u2"))
    one, two = Event.objects.order_by("pk")
    assert one.previous == "0" * 64 and two.previous == one.hash
    assert (one.subject, one.author) == (world.people["u1"].uuid, world.people["T1"].uuid)
    # A client's key may carry a name: the event holds its digest, and only the payload holds the key.
    assert "a" not in (one.key_digest, one.kind) and len(one.key_digest) == 64
    assert '"key":"a"' in Payload.objects.get(pk=1).body
    assert Payload.objects.get(pk=1).salt != Payload.objects.get(pk=2).salt


def test_a_retry_returns_the_first_receipt_and_writes_nothing(world: World) -> None:
    entries = [world.entry("a"), world.entry("b", "u2")]
    first = world.record(*entries)
    world.record(world.entry("c"))
    before = counts()
    again = world.record(*entries, at=AT + timedelta(hours=1))
    assert (again.first, again.last, again.head) == (first.first, first.last, first.head)
    assert set(again.replayed) == {"a", "b"} and again.written == ()
    assert counts() == before


def test_a_mixed_call_writes_the_new_ones_and_lists_the_old_ones(world: World) -> None:
    world.record(world.entry("a"), world.entry("b", "u2"))
    mixed = world.record(
        world.entry("b", "u2"), world.entry("c", "u3"), world.entry("a"), world.entry("d", "u4")
    )
    assert (mixed.first, mixed.last) == (3, 4) and mixed.replayed == ("b", "a")
    assert Event.objects.count() == Rating.objects.count() == 4


@pytest.mark.parametrize(
    "change",
    [{"level": 200}, {"level": None, "status": 1}, {"observed_us": 1}, {"comment": "x"}, {"held": True}],
    ids=lambda change: next(iter(change)),
)
def test_a_known_key_with_other_content_refuses_the_whole_call(world: World, change: dict) -> None:
    world.record(world.entry("a"))
    before = counts()
    with pytest.raises(Refusal) as refusal:
        world.record(world.entry("new"), replace(world.entry("a"), **change))
    assert refusal.value.code == "key_conflict"
    assert [(f.line, f.column, f.value) for f in refusal.value.findings] == [(2, "key", "a")]
    assert counts() == before


def test_a_known_key_for_another_student_or_target_conflicts(world: World) -> None:
    world.record(world.entry("a"))
    for other in (world.entry("a", "u2"), world.entry("a", target="A.2")):
        with pytest.raises(Refusal) as refusal:
            world.record(other)
        assert refusal.value.code == "key_conflict"


def test_a_key_that_comes_twice_in_one_call_is_refused(world: World) -> None:
    """Two equal entries once met the unique index and answered with a broken page."""
    before = counts()
    with pytest.raises(Refusal) as refusal:
        world.record(world.entry("a"), world.entry("b"), world.entry("a"))
    assert refusal.value.code == "key_twice" and [f.line for f in refusal.value.findings] == [3]
    assert counts() == before


def test_a_retry_after_an_amendment_still_finds_its_receipt(world: World) -> None:
    first = world.record(world.entry("a"))
    world.move("a", to="A.2")
    again = world.record(world.entry("a"))
    assert (again.first, again.head) == (first.first, first.head)
    assert world.standing("a").target == world.targets["A.2"].id


def test_a_correction_ends_the_row_that_it_replaces(world: World) -> None:
    world.record(world.entry("a", level=200))
    world.record(world.entry("b", level=300, replaces="a", comment="misread"))
    assert world.standing("a") is None and world.standing("b").level == 300
    assert Rating.objects.get(key="a").to_sequence == 2
    assert not world.projection_breaks()


def test_a_correction_in_the_same_call_ends_the_row_too(world: World) -> None:
    """The row of a rating that was replaced within its own call once stayed standing beside its correction."""
    world.record(world.entry("a"), world.entry("b", replaces="a"), world.entry("c", replaces="b"))
    assert [world.standing(key) is not None for key in "abc"] == [False, False, True]
    assert not world.projection_breaks()


@pytest.mark.parametrize(
    "entries",
    [
        [("c", "u1", "nobody")],
        [("c", "u2", "a")],
        [("c", "u1", "a"), ("d", "u1", "a")],
        [("c", "u1", "d"), ("d", "u1", "")],
        [("c", "u1", ""), ("d", "u2", "c")],
    ],
    ids=["unknown", "of another student", "twice", "before it comes", "of another student in the same call"],
)
def test_a_correction_names_a_standing_rating_of_the_same_student(world: World, entries: list) -> None:
    """Hypothesis found it: erasing one student brought back another's rating, which a correction had ended."""
    world.record(world.entry("a"))
    before = counts()
    with pytest.raises(Refusal) as refusal:
        world.record(*(world.entry(key, who, replaces=old) for key, who, old in entries))
    assert refusal.value.code == "unknown_rating"
    assert [finding.column for finding in refusal.value.findings] == ["replaces"]
    assert counts() == before


def test_what_was_known_can_be_asked_for_by_sequence(world: World) -> None:
    def seen(through: int) -> set[tuple]:
        return set(queries.rating_rows(columns=["key", "target_id"], through=through))

    world.record(world.entry("a"), world.entry("b", "u2"))
    world.move("a", to="A.2")
    world.record(world.entry("c", "u2", replaces="b"))
    one, two = world.targets["A.1"].id, world.targets["A.2"].id
    assert seen(1) == {("a", one)}
    assert seen(2) == {("a", one), ("b", one)}
    assert seen(3) == {("a", two), ("b", one)}
    assert seen(4) == {("a", two), ("c", one)}
