"""The word for a pace looks ahead; where what is in by now would have said another, the page says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headway.pages.parts.pace import Band, _turn
from headway.plans.types import PaceRow

BAND = Band("", "", "", 0.0, 0.0, "", "", 14, (("26 Nov", 4, 6),))


def row(**own: object) -> PaceRow:
    """Return the pace of one student in one plan."""
    values: dict[str, object] = dict.fromkeys(PaceRow.__dataclass_fields__)
    return PaceRow(**{**values, "state": "behind", "reason": "", "filled": 7, "required": 14, **own})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "filled", "said"),
    [
        ("behind", 7, "more than expected"),
        ("behind", 5, "as many as expected"),
        ("behind", 3, ""),
        ("ahead", 5, "as many as expected"),
        ("ahead", 2, "fewer than expected"),
        ("ahead", 7, ""),
        ("on_pace", 5, ""),
        ("on_pace", 9, "more than expected"),
        ("no_chance_offered", 9, ""),
    ],
)
def test_a_word_that_looks_ahead_says_so_where_today_says_another(state: str, filled: int, said: str) -> None:
    told = _turn(row(state=state, filled=filled), BAND)
    assert (said in told) if said else told == ""
    assert not told or told.endswith("the word looks ahead.")


def test_what_is_done_or_has_no_dates_says_nothing_more() -> None:
    assert _turn(replace(row(), reason="done"), BAND) == ""
    assert _turn(row(), None) == ""
    assert _turn(row(weeks_needed=3.0, margin_weeks=-4.0), BAND) == "", (
        "nothing lies ahead of a plan that ended"
    )
