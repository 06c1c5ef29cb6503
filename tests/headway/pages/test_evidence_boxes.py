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
