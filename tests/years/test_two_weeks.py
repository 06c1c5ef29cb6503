"""Two weeks of a school year through the pages: every answer kept, nothing held was seen, every count agrees."""

from __future__ import annotations

import pytest
import time_machine

from tests.years.holding import differences
from tests.years.play import Year, evening

pytestmark = pytest.mark.django_db
DAYS = 10
EVERY = (
    "/teacher/give", "/teacher/given/…", "/student/hand-in", "/teacher/rate", "/student/ask", "/teacher/requests/…",
    "/teacher/observe", "/teacher/classes/…/release", "/teacher/students/…/correct", "/teacher/acts/…/undo",
)  # fmt: skip


def test_two_weeks_of_school_end_as_their_answers_promised() -> None:
    year = Year(students=52, seed=7)
    year.build()
    for day in year.days[:DAYS]:
        year.play(day)
    with time_machine.travel(evening(year.days[DAYS - 1]), tick=True):
        assert differences(year) == []
    done = year.book.acts
    assert min(done[one] for one in EVERY) > 5, done
    assert len(year.book.ratings) > 100
