"""Why a level, in a family's words."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine

from ..student.world import NOW, again, build, client, rate, read, target

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def test_what_was_shown_what_counts_and_what_would_change_it() -> None:
    rate("u1", "A.1", "2026-10-05", 2, comment="Say why.", evidence="p1")
    rate("u1", "A.1", "2026-10-19", 3, evidence="p1", attempt=2, task="Paint mix")
    rate("u1", "A.1", "2026-11-02", 3, kind="peer", rater="u3")
    words = read(client("p1"), f"/family/children/u1/why/{target('A.1')}").words
    assert "Compare ratios My child can compare ratios." in words
    assert "“Say why.” Developing · Not counted: a newer attempt stands Maria Lopez, 5 Oct" in words
    assert "Paint mix Proficient Maria Lopez, 19 Oct" in words
    assert "Cy O'Neil" not in words and "A classmate" in words
    assert "One more piece at Proficient makes this Proficient." in words
    assert "1 of 2 pieces in" in words and "A.1 at 4" in words


def test_no_plus_or_minus_and_no_share_of_a_rating() -> None:
    for day in ("2026-10-05", "2026-10-19", "2026-11-02"):
        rate("u1", "A.1", day, 3)
    words = read(client("p1"), f"/family/children/u1/why/{target('A.1')}").words
    assert "±" not in words and "80 %" not in words and "counts for" not in words and "standard" not in words
    assert "sure of this" in words or "one more piece will help" in words


def test_an_interval_lies_between_named_levels_and_the_two_counts_are_joined() -> None:
    for day, level in (("2026-10-05", 2), ("2026-10-19", 3), ("2026-11-02", 2), ("2026-11-09", 3)):
        rate("u1", "A.1", day, level)
    here = f"/why/{target('A.1')}"
    student = f"/student/continuum?target={target('A.1')}"
    for who, path in (("p1", f"/family/children/u1{here}"), ("u1", student)):
        client(who)
        words = read(again(who, "en"), path).words
        assert "The level lies between Developing and Extending;" in words, words
        assert "Of the 2 pieces that the policy asks for, 2 are in; the rule counted 4." in words
        spanish = read(again(who, "es"), path).words
        assert "El nivel está entre En desarrollo y " in spanish, spanish
    assert (
        "The level lies between 2" in read(client("T1"), f"/teacher/students/u1?target={target('A.1')}").words
    )


def test_nothing_yet() -> None:
    words = read(client("p1"), f"/family/children/u2/why/{target('A.1')}").words
    assert "Nothing yet. The first rated piece of Ben appears here." in words
