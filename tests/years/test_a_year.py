"""The whole year of 600 students, 180 days: for `make soak`, about an hour."""

from __future__ import annotations

import pytest
import time_machine

from tests.years import acts
from tests.years.holding import differences
from tests.years.play import Year, evening

pytestmark = [pytest.mark.django_db, pytest.mark.soak]
LEAST_DAYS = 180


def test_a_year_of_school_ends_as_its_answers_promised(settings) -> None:
    # Everybody signs in each morning; how slowly a password is checked is looked at elsewhere.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    year = Year(students=600, seed=11, give_every=20)
    year.build()
    assert len(year.days) >= LEAST_DAYS
    for n, day in enumerate(year.days, 1):
        year.play(day)
        print(f"day {n} of {len(year.days)}, {day}: {len(year.book.ratings):,} ratings", flush=True)
        assert year.book.faults == [], f"on day {n}"
        # Four weeks at a time, so that what breaks is found near where it broke.
        if n % 20 == 0 or n == len(year.days):
            with time_machine.travel(evening(day), tick=True):
                assert differences(year) == [], f"after {n} days"
    acts.after_the_last_day(year)
    with time_machine.travel(acts.SUMMER, tick=True):
        assert differences(year) == [], "after the roll into the next year"
