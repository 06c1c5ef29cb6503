"""Boxes of evidence: one for each required piece; full ones never pass for enough where something else is asked."""

from __future__ import annotations

import pytest

from headway.pages.parts import tags


@pytest.mark.parametrize(
    ("filled", "required", "state", "more"),
    [
        (3, 3, "too_little", True),
        (4, 3, "too_little", True),
        (2, 3, "too_little", False),
        (3, 3, "proficient", False),
        (0, 0, "too_little", False),
    ],
)
def test_where_all_pieces_are_in_and_something_else_is_asked_a_dashed_box_says_so(
    filled: int, required: int, state: str, more: bool
) -> None:
    drawn = tags.boxes(filled, required, state)
    assert ('class="more"' in drawn) is more and ("something else is still asked" in drawn) is more
    assert drawn.count("<i") == max(required, 1) + more


@pytest.mark.parametrize(
    ("filled", "required", "on"),
    [(0, 0, 0), (0, 12, 0), (1, 20, 1), (8, 12, 5), (11, 12, 7), (12, 12, 8), (15, 12, 8)],
)
def test_of_more_than_eight_pieces_the_last_box_is_full_only_when_all_are_in(
    filled: int, required: int, on: int
) -> None:
    assert tags.boxes(filled, required).count('class="on"') == on
