"""Instants and days. Instants are stored in UTC; a day is a day in the school's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """Return the current instant in UTC. Called once at the top of a request or command, then passed down."""
    return datetime.now(UTC)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant after `day` in `zone`, as UTC: everything observed on the day lies before it."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def in_span(hour: int, first: int, end: int) -> bool:
    """Whether an hour of the day lies in the hours from `first` up to `end`, which may lie after midnight; equal is never."""
    return first <= hour < end if first <= end else hour >= first or hour < end


def parse_instant(text: str, zone: ZoneInfo) -> datetime:
    """Return the instant that an RFC 3339 text names; a bare date means noon of that day in `zone`.

    Raises ValueError where the text is neither.
    """
    text = text.strip()
    if len(text) == 10:
        return datetime.combine(date.fromisoformat(text), time(12), zone).astimezone(UTC)
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=zone)
    return parsed.astimezone(UTC)


def micros(instant: datetime) -> int:
    """Return microseconds since 1970 in UTC."""
    delta = instant - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_micros(value: int) -> datetime:
    """Return the instant that `micros` encodes."""
    return EPOCH + timedelta(microseconds=value)
