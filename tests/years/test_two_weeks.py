"""Two weeks of a school year through the pages, and its summer: every answer kept, nothing held was seen, every count agrees."""

from __future__ import annotations

import pytest
import time_machine

from headway.evidence.models import Event
from tests.years import acts
from tests.years.holding import differences
from tests.years.play import Year

pytestmark = pytest.mark.django_db
DAYS = 10
OFTEN = (
    "/teacher/give", "/teacher/given/…", "/student/hand-in", "/teacher/rate", "/student/ask", "/teacher/requests/…",
    "/teacher/observe", "/teacher/classes/…/release", "/teacher/students/…/correct", "/teacher/acts/…/undo",
)  # fmt: skip
ONCE = (
    "/teacher/classes/…/new-student", "/teacher/classes/…/paper", "/teacher/classes/…/comments/…", "/teacher/notes/…",
    "/teacher/substitute/…", "/teacher/students/…/decide/…", "/teacher/students/…/conference", "/teacher/students/…/contact",
    "/teacher/students/…/messages/…", "/family/children/…/messages", "/school/report-cards", "/school/report-cards/…",
    "/school/report-cards/…/students/…", "/district/roster", "/district/roster/people/…", "/district/people",
    "/district/transfer-in/…", "/district/classes/…", "/district/events", "/district/laboratory", "/district/frameworks",
    "/district/year", "/district/imports/…/undo", "/class-device/hand-in", "/student/about", "/teacher/students/…/profile",
    "/teacher/students/…/supports", "/family/children/…/rights", "/family/children/…/profile", "/school/rights/…", "digests",
)  # fmt: skip
KINDS = {
    "rating", "amend", "handed_in", "offered", "closed", "returned", "ready", "show_again", "answered", "merged", "policy",
    "conference", "card_comment", "card_issued", "noted", "profile_entry", "accommodation", "language_status", "consent",
    "screener_result", "decision_point", "rights_request",
}  # fmt: skip


def test_two_weeks_of_school_end_as_their_answers_promised() -> None:
    year = Year(students=52, seed=7)
    year.build()
    for day in year.days[:DAYS]:
        year.play(day)
    acts.after_the_last_day(year)
    with time_machine.travel(acts.SUMMER, tick=True):
        assert differences(year) == []
    done = year.book.acts
    assert min(done[one] for one in OFTEN) > 5, done
    assert [one for one in ONCE if not done[one]] == []
    assert len(year.book.ratings) > 100
    kinds = set(Event.objects.values_list("kind", flat=True))
    assert kinds >= KINDS, sorted(kinds)
