"""Amendments and their undoing: move, release, withdraw; an undo is refused by name after a later change."""

from __future__ import annotations

import pytest

from headway.evidence.models import Event, Rating
from headway.kit.refusals import Refusal

from .world import World

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def ledger_holds(world: World):
    """After every test of this file the projection equals the replay."""
    yield
    assert world.projection_breaks() == []


def refused(call, *arguments, **options) -> Refusal:
    before = (Event.objects.count(), Rating.objects.count())
    with pytest.raises(Refusal) as refusal:
        call(*arguments, **options)
    assert (Event.objects.count(), Rating.objects.count()) == before
    return refusal.value


def test_a_move_and_its_undo(world: World) -> None:
    world.record(world.entry("a"), world.entry("b", "u2"), world.entry("c"))
    act = world.move("a", "b", to="A.2")
    # One event for each student, one after the other; the number of the act is the first one's.
    assert act == 4 and Event.objects.count() == 5
    assert {world.standing(key).target for key in "ab"} == {world.targets["A.2"].id}
    assert world.standing("c").target == world.targets["A.1"].id
    undo = world.undo(act)
    assert undo == 6 and Event.objects.count() == 7
    assert {world.standing(key).target for key in "abc"} == {world.targets["A.1"].id}
    # Both versions are kept, and the first event stays the origin.
    assert (
        list(Rating.objects.filter(key="a").order_by("pk").values_list("origin_sequence", flat=True))
        == [1] * 3
    )


def test_a_release_and_its_undo(world: World) -> None:
    world.record(world.entry("a", held=True))
    assert world.standing("a").held
    act = world.release("a")
    assert not world.standing("a").held
    world.undo(act)
    assert world.standing("a").held


def test_a_withdrawal_and_its_undo(world: World) -> None:
    world.record(world.entry("a"), world.entry("b", "u2"))
    act = world.withdraw("a", "b")
    assert world.standing("a") is None and world.standing("b") is None
    world.undo(act)
    assert world.standing("a").level == world.standing("b").level == 300


def test_an_undo_can_be_undone(world: World) -> None:
    """Undoing the undo of a withdrawal once failed, since the undo had ended no row."""
    world.record(world.entry("a"), world.entry("b"))
    moved = world.undo(world.move("a", to="A.3"))
    withdrawn = world.undo(world.withdraw("b"))
    world.undo(moved)
    world.undo(withdrawn)
    assert world.standing("a").target == world.targets["A.3"].id and world.standing("b") is None


def test_an_undo_is_refused_by_name_after_a_later_change(world: World) -> None:
    world.record(world.entry("a"), world.entry("b"), world.entry("c"))
    act = world.move("a", "b", "c", to="A.2")
    world.move("b", to="A.3")
    world.record(world.entry("d", replaces="c"))
    refusal = refused(world.undo, act)
    assert refusal.code == "changed_since"
    assert {finding.value for finding in refusal.findings} == {"b", "c"}


def test_the_undo_of_a_withdrawal_is_refused_after_it_was_undone(world: World) -> None:
    world.record(world.entry("a"))
    act = world.withdraw("a")
    world.undo(act)
    assert refused(world.undo, act).code == "changed_since"
    world.withdraw("a")
    assert refused(world.undo, act).code == "changed_since"


def test_undo_of_what_is_no_act_is_refused(world: World) -> None:
    world.record(world.entry("a"))
    assert refused(world.undo, 1).code == "unknown_act"
    assert refused(world.undo, 99).code == "unknown_act"


def test_undo_of_an_erased_act_is_refused(world: World) -> None:
    """An act whose content was erased once answered with a broken page."""
    world.record(world.entry("a"), world.entry("b", "u2"))
    act = world.move("a", "b", to="A.2")
    world.erase("u2")
    assert refused(world.undo, act).code == "erased"
    world.erase("u1")
    assert refused(world.undo, act).code == "erased"


def test_only_standing_ratings_can_be_changed(world: World) -> None:
    world.record(world.entry("a"), world.entry("b"), world.entry("c", replaces="b"))
    refusal = refused(world.move, "a", "b", "nobody", to="A.2")
    assert refusal.code == "unknown_rating"
    assert [finding.value for finding in refusal.findings] == ["b", "nobody"]


def test_an_amendment_of_nothing_writes_nothing(world: World) -> None:
    before = Event.objects.count()
    assert world.amend("withdraw", {}) == 0
    assert Event.objects.count() == before
