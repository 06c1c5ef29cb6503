"""Erasure: the content of a student's events goes, and the chain still verifies."""

from __future__ import annotations

import pytest

from headway.evidence import queries
from headway.evidence.models import Event, Payload, Rating
from headway.kit.refusals import Refusal

from .world import World

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def test_erasure_removes_content_and_keeps_the_chain(world: World) -> None:
    world.record(world.entry("a", comment="about Ana"), world.entry("b", "u2"), world.entry("c"))
    world.move("a", to="A.2")
    head = queries.head()
    assert world.erase("u1") == 3
    assert sorted(Payload.objects.values_list("pk", flat=True)) == [2, 5]
    assert not Rating.objects.filter(student=world.people["u1"]).exists()
    assert not Payload.objects.filter(body__contains="Ana").exists()
    assert Event.objects.count() == 5 and world.standing("b") is not None
    assert queries.breaks(heads=dict([head])) == [] and world.projection_breaks() == []


def test_a_second_erasure_counts_what_is_left(world: World) -> None:
    """It once counted again what the first erasure had removed."""
    world.record(world.entry("a"))
    assert world.erase("u1") == 1
    world.record(world.entry("b"), world.entry("c"))
    assert world.erase("u1") == 2
    assert world.erase("u1") == 0
    assert queries.breaks() == [] and world.projection_breaks() == []


def test_the_key_of_an_erased_rating_is_spent(world: World) -> None:
    world.record(world.entry("a"))
    world.erase("u1")
    with pytest.raises(Refusal) as refusal:
        world.record(world.entry("a"))
    assert refusal.value.code == "key_conflict"
