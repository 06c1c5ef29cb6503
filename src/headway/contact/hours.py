"""Office hours: when the school reads what a family writes. The district's policy file has them under `[contact]`."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from headway.proficiency.queries import Moment

SEARCHED_DAYS = 150


def read_from(m: Moment, at: datetime) -> datetime | None:
    """Return from when a message written at an instant will be read; None within office hours, when it is read at once.

    Office hours lie on instructed days. Where the calendar knows no later one, the next weekday is said.
    """
    said = m.book.settings["contact"]
    opens, closes = time(int(said["opens_hour"])), int(said["closes_hour"])
    local = at.astimezone(m.zone)
    day = local.date()
    if m.calendar.instructed(day) and opens.hour <= local.hour < closes:
        return None
    if local.hour >= opens.hour:
        day += timedelta(days=1)
    days = [day + timedelta(days=n) for n in range(SEARCHED_DAYS)]
    weekdays = [one for one in days if one.weekday() < 5]
    found = next((one for one in days if m.calendar.instructed(one)), weekdays[0])
    return datetime.combine(found, opens, m.zone)
