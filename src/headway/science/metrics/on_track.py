"""On track: whether the rate of growth reaches the graduation level in the years that are left."""

from __future__ import annotations

from dataclasses import dataclass

from headway.science.metrics.growth import WEEKS_A_YEAR

Z80 = 1.2815515655446004
"""Standard normal quantile of a central 80 % interval."""
LAST_GRADE = 12


@dataclass(frozen=True, slots=True)
class OnTrack:
    """`grade_level` below, at or above the expected level, `distance` in levels; `trajectory` on, off or
    too_early.

    `required` levels per instructed year; `interval` the 80 % interval of the student's rate; None where
    unknown.
    """

    grade_level: str | None
    distance: float | None
    trajectory: str
    required: float | None
    interval: tuple[float, float] | None
    reason: str


def years_left(grade: int, *, weeks: float) -> float | None:
    """Return the instructed years to the end of grade 12.

    Assumes that a student goes up one grade in a year.

    Parameters: `grade`, -1 preschool, 0 kindergarten, up to 12; `weeks`, instructed weeks that are left of the session under way,
    0 between sessions.
    Returns: years of 36 instructed weeks; None above grade 12.
    Source: house definition 8: whole grades, and what is left of the session, at most a year.
    When not to use: for a student whose plan ends in another year.

    >>> years_left(9, weeks=18), years_left(12, weeks=0), years_left(13, weeks=10)
    (3.5, 0.0, None)
    """
    return None if grade > LAST_GRADE else LAST_GRADE - grade + min(1.0, weeks / WEEKS_A_YEAR)


def on_track(
    *,
    level: float | None,
    expected: float | None,
    graduation: float | None,
    years_left: float | None,
    rate: float | None,
    standard_error: float | None,
    ratings: int,
) -> OnTrack:
    """Compare a student's level with grade level, and the rate of growth with what graduation asks.

    Assumes one continuum, and a rate measured over at least 12 instructed weeks.

    Parameters: `level` now; `expected` for the grade; `graduation` level; `years_left`, instructed years to
    the end of grade 12; `rate`, levels per instructed year, with its `standard_error`; `ratings` behind it.
    None = unknown.
    Returns: `OnTrack`; reasons `no_level`, `no_rate`, `one_rating`, `reached`, `no_time_left`, or "".
    Source: house definition 8: required = (graduation - now) ÷ years left; on when the lower bound of the 80
    % interval reaches it, off when the upper is under it, else too early to say.
    When not to use: to promise a date; none is given beyond twice the observed span.

    >>> now = dict(level=8, expected=9, graduation=11, years_left=3, ratings=20)
    >>> on_track(rate=1.4, standard_error=0.2, **now).trajectory
    'on'
    """
    if level is None:
        return OnTrack(None, None, "too_early", None, None, "no_level")
    distance = None if expected is None else level - expected
    standing = (
        None
        if distance is None
        else "below"
        if distance < -1e-9
        else "above"
        if distance >= 1 - 1e-9
        else "at"
    )
    known = rate is not None and standard_error is not None
    interval = (rate - Z80 * standard_error, rate + Z80 * standard_error) if known else None  # type: ignore[operator]
    if graduation is None or years_left is None:
        return OnTrack(standing, distance, "too_early", None, interval, "no_graduation_level")
    if level >= graduation - 1e-9:
        return OnTrack(standing, distance, "on", 0.0, interval, "reached")
    if years_left <= 0:
        return OnTrack(standing, distance, "off", None, interval, "no_time_left")
    required = (graduation - level) / years_left
    if interval is None:
        return OnTrack(standing, distance, "too_early", required, None, "no_rate")
    if ratings < 2:
        return OnTrack(standing, distance, "too_early", required, None, "one_rating")
    if interval[0] >= required - 1e-9:
        return OnTrack(standing, distance, "on", required, interval, "")
    return OnTrack(
        standing, distance, "off" if interval[1] < required - 1e-9 else "too_early", required, interval, ""
    )
