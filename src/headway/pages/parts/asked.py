"""What several pages ask of their request: the look-back day, and whether a fragment is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest
from django.utils import timezone


@dataclass(frozen=True, slots=True)
class LookBack:
    """The day a page looks back to. `as_of` is None for today: then the page shows what stands now."""

    as_of: date | None
    shown: date
    today: date
    fault: bool = False

    @property
    def past(self) -> bool:
        return self.as_of is not None


def look_back(request: HttpRequest) -> LookBack:
    """Return the look-back day of the address (`?as_of=2026-10-01`); today and later days mean now."""
    today = timezone.localtime(request.moment).date()
    text = request.GET.get("as_of", "")
    if not text:
        return LookBack(None, today, today)
    try:
        asked = date.fromisoformat(text)
    except ValueError:
        return LookBack(None, today, today, fault=True)
    if asked >= today or asked.year < 1950:
        return LookBack(None, today, today, fault=asked.year < 1950)
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
