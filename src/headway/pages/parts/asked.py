"""What several pages ask of their request: the look-back day, and whether a fragment is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.http import HttpRequest
from django.utils import timezone

from headway.kit.times import end_of_day


@dataclass(frozen=True, slots=True)
class LookBack:
    """The day a page looks back to. `as_of` is None for today: then the page shows what stands now. `fault`: a day was asked
    for that is none to look back to, and today is shown."""

    as_of: date | None
    shown: date
    today: date
    fault: bool = False

    @property
    def past(self) -> bool:
        return self.as_of is not None

    @property
    def before(self) -> datetime | None:
        """The first instant after the day looked back to; None for today."""
        return None if self.as_of is None else end_of_day(self.as_of, timezone.get_current_timezone())


def look_back(request: HttpRequest) -> LookBack:
    """Return the look-back day of the address (`?as_of=2026-10-01`); today means now, and so does, as a fault, what is no day,
    a day to come or one before 1950."""
    today = timezone.localtime(request.moment).date()
    text = request.GET.get("as_of", "")
    if not text:
        return LookBack(None, today, today)
    try:
        asked = date.fromisoformat(text)
    except ValueError:
        return LookBack(None, today, today, fault=True)
    if asked >= today or asked.year < 1950:
        return LookBack(None, today, today, fault=asked != today)
    return LookBack(asked, asked, today)


def wants_fragment(request: HttpRequest) -> bool:
    """Whether the page's own script asks for the part beside the grid only."""
    return request.headers.get("X-Fragment") == "1"


def day_of_form(request: HttpRequest, name: str) -> date | None:
    """Return the day that a form gives, or None."""
    try:
        found = date.fromisoformat(request.POST.get(name, ""))
    except ValueError:
        return None
    return found if 1950 <= found.year <= 2100 else None
