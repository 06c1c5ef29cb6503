"""The reasons of one determination: what counted and how much, what did not and why, what would change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.codes import Override, Reason, State
from headway.science.judgment import Counted, Excluded, Interval, Judgment, WouldChange
from headway.science.ledger import MISSING, Ratings
from headway.science.pieces import Pieces
from headway.science.proficiency import words
from headway.science.proficiency.determine import Worked, work
from headway.science.proficiency.policy import Policy
from headway.science.proficiency.requirement import Requirement
from headway.science.rounding import hundredths
from headway.science.uncertainty import Components, band, certainty, share_at_or_above


def explain(
    ratings: Ratings,
    policy: Policy,
    *,
    keys: Sequence[Any] | None = None,
    requirement: Requirement | None = None,
    pieces_by_level: NDArray[np.int64] | None = None,
    today: int | None = None,
    day: int | None = None,
    components: Components | None = None,
    rng: np.random.Generator | None = None,
    worked: Worked | None = None,
) -> Judgment:
    """Explain the determination of one segment, by the same loop that `determine` runs.

    Assumes the ratings of one student on one target, cut as for `determine`.

    Parameters: `keys`, what names each rating in the answer (default: `ratings.key`); the rest as
    `determine`; `day`, the calendar day (as `Ratings.day`) on which one more piece would be shown (None: the newest
    rating's); `components` default to the assumed ones; `rng` is needed for the interval of a rule that
    chooses by level; `worked`, the determination itself, where the caller has it with its weights and errors.
    Returns: `Judgment`. Weights of counted ratings sum to 1 where there is a value.
    Raises: `ValueError` where there is more than one segment.
    Source: house rule "every answer carries its reasons".

    >>> j = explain(Ratings.of(level=[2, 3]), Policy.from_mapping({"rule": "mean"}))
    >>> [(c.level, c.weight) for c in j.counted], j.state
    ([(2.0, 0.5), (3.0, 0.5)], 'not_yet')
    """
    if ratings.count != 1:
        raise ValueError("explain takes the ratings of one student on one target")
    spread = components or Components()

    worked = worked or work(
        ratings, policy, requirement=requirement, pieces_by_level=pieces_by_level, today=today, components=spread, rng=rng,
        weigh=True,
    )  # fmt: skip
    one = worked.answer.of(0)
    counted, excluded = _rows(worked, policy, ratings.key.tolist() if keys is None else list(keys))
    interval, share = _interval(one, policy, spread)
    changes = _would_change(ratings, policy, requirement, pieces_by_level, one, (day, today))
    lacking = worked.asked.missing(0) if one["engine_state"] == "too_little" else {}
    reasons = _reasons(worked, policy, one)
    sure = None if share is None else certainty(share)
    depths = worked.pieces.ratings.depth[worked.pieces.row]
    shares = {int(d): float(np.mean(depths == d)) for d in np.unique(depths)} if len(depths) else {}
    named = {f.name for f in fields(Judgment)}
    return Judgment(
        **{name: value for name, value in one.items() if name in named},
        rule=policy.rule,
        version=policy.version,
        parameters=policy.parameters.as_mapping(),
        counted=counted,
        excluded=excluded,
        missing=lacking,
        reasons=reasons,
        depth_shares=shares,
        interval=interval,
        share=share,
        certainty=sure,
        would_change=changes,
        words={
            language: _words(policy, one, counted, lacking, reasons, sure, interval, language)
            for language in words.LANGUAGES
        },
        would_change_words={
            language: words.would_change(
                changes,
                one["engine_state"],
                language,
                levels=len(policy.scale.levels),
                decided=bool(one["decided"]),
                missing=lacking,
            )
            for language in words.LANGUAGES
        },
    )


def _levels(policy: Policy, current: int) -> tuple[float, ...]:
    """The levels worth asking about: the scale's, on a long continuum those around the current one."""
    levels = policy.scale.levels
    return tuple(x for x in levels if abs(x - current) <= 2) if current and len(levels) > 6 else levels


def _rows(
    worked: Worked, policy: Policy, keys: list[Any]
) -> tuple[tuple[Counted, ...], tuple[Excluded, ...]]:
    found: Pieces = worked.pieces
    size, wanted = len(found.row), int(worked.wanted[0])
    best = policy.rule == "best-n"
    counted, excluded = [], []
    for row in np.lexsort((found.ratings.ranks(), found.ratings.observed)).tolist():
        position = int(found.position[row])
        told = found.ratings.level[row]
        level = None if np.isnan(told) else float(told)
        if position < 0:
            excluded.append(Excluded(keys[row], level, Reason(int(found.reason[row])).word))
        elif wanted and best and worked.weights[position] == 0.0:
            excluded.append(Excluded(keys[row], level, Reason.NOT_IN_BEST.word))
        elif wanted and not best and position < size - wanted:
            excluded.append(Excluded(keys[row], level, Reason.OUTSIDE_WINDOW.word))
        else:
            own = found.segments.levels[position] if level is None else level
            counted.append(Counted(keys[row], float(own), float(worked.weights[position] * found.part[row])))
    return tuple(counted), tuple(excluded)


def _interval(
    one: dict[str, Any], policy: Policy, spread: Components
) -> tuple[Interval | None, float | None]:
    error, value = one["standard_error"], one["engine_value"]
    if error is None or value is None or one["state"] == "individual_goal":
        return None, None
    low, high = policy.scale.levels[0], policy.scale.levels[-1]
    cut = policy.scale.proficient
    if one["level"]:
        cut = one["level"] - (policy.complete.margin if policy.complete else 0.5)
    elif cut is not None and policy.cut == "nearest":
        cut -= 0.5
    share = None if cut is None else share_at_or_above(value, error, cut, low, high)
    return band(value, error, low, high, source=spread.source), share


def _would_change(
    ratings: Ratings,
    policy: Policy,
    requirement: Requirement | None,
    pieces_by_level: NDArray[np.int64] | None,
    one: dict[str, Any],
    shown: tuple[int | None, int | None],
) -> tuple[WouldChange, ...]:
    """Run the rule with one more piece at each level, newer than all, on a new task and in a new setting, as deep as is
    asked, and rated so that it certifies where that is asked: each level a segment of its own in one call."""
    levels = _levels(policy, one["level"])
    n, rows = len(levels), np.arange(len(ratings))
    before = ratings.take(np.tile(rows, n), count=n, segment=np.repeat(np.arange(n), len(rows)))
    after = work(
        Ratings.joined([before, _newest(ratings, policy, requirement, levels, one["level"], shown)]), policy,
        requirement=None if requirement is None else requirement.of(0),
        pieces_by_level=None if pieces_by_level is None else np.repeat(pieces_by_level, n, axis=0), today=shown[1],
        weigh=True,
    ).answer  # fmt: skip
    found = []
    for at, level in enumerate(levels):
        value, state = float(after.engine_value[at]), State(int(after.engine_state[at])).word
        known = value == value
        found.append(
            WouldChange(
                level, value if known else None, int(hundredths(value)) if known else None, state,
                state != one["engine_state"],
            )
        )  # fmt: skip
    return tuple(found)


def _newest(
    ratings: Ratings,
    policy: Policy,
    requirement: Requirement | None,
    levels: Sequence[float],
    current: int,
    shown: tuple[int | None, int | None],
) -> Ratings:
    """Return one more piece at each level, each in a segment of its own; `shown` is its calendar and its instructed day,
    None for the newest rating's."""
    n = len(levels)

    def following(column: NDArray[Any]) -> list[int]:
        return [int(column.max()) + 1 if len(column) else 0] * n

    columns: dict[str, Any] = {
        name: [max(following(getattr(ratings, name))[0], MISSING + 1)] * n
        for name in ("observed", "submitted", "due", "recorded")
    }
    asked = requirement or policy.requirement
    day = max([*ratings.day.tolist(), *(() if shown[0] is None else (shown[0],))], default=0)
    instructed = max([*ratings.instructed.tolist(), *(() if shown[1] is None else (shown[1],))], default=0)
    # After every client key, should the instant tie.
    ranks = following(ratings.ranks())[0]
    last: Any = {"S": b"\xff", "i": ranks, "u": ranks}
    key = np.array([last.get(ratings.key.dtype.kind, "\U0010ffff")] * n, ratings.key.dtype)
    return Ratings.of(
        level=levels,
        segment=np.arange(n),
        piece=following(ratings.piece),
        task=following(ratings.task),
        setting=following(ratings.setting),
        depth=[int(np.ravel(asked.depth)[0])] * n,
        certifying=[bool(np.ravel(asked.certifying_pieces)[0])] * n,
        day=[day] * n,
        instructed=[instructed] * n,
        continuum_level=[current] * n,
        sequence=following(ratings.sequence),
        key=key,
        **columns,
    )


def _reasons(worked: Worked, policy: Policy, one: dict[str, Any]) -> tuple[str, ...]:
    """Return the codes of what explains the state beyond the numbers."""
    found = []
    if one["engine_value"] is None and len(worked.pieces.row):
        levels = worked.pieces.segments.levels
        found.append(
            "no_logarithm"
            if policy.rule == "power-law" and (levels <= 0).any()
            else f"no_value:{policy.rule}"
        )
    found += (
        [f"missing:{name}" for name in worked.asked.missing(0)] if one["engine_state"] == "too_little" else []
    )
    if one["decided"]:
        found.append("decided")
    if (worked.pieces.ratings.override == Override.COMPLETES).any():
        found.append("completed")
    if one["engine_value"] is not None and one["standard_error"] is None:
        found.append(
            "no_interval:too_little" if one["filled"] < one["required"] else "no_interval:needs_simulation"
        )
    return tuple(found)


def _words(
    policy: Policy,
    one: dict[str, Any],
    counted: tuple[Counted, ...],
    lacking: dict[str, tuple[int, int]],
    reasons: tuple[str, ...],
    sure: str | None,
    interval: Interval | None,
    language: str,
) -> str:
    nothing = one["state"] == "no_evidence" and one["n_total"]
    parts = [words.NONE_COUNTS[language] if nothing else words.STATES[language][one["state"]]]
    if one["n_counted"]:
        weighs = {each.weight > 0.0 for each in counted}
        said = words.counted(one["n_counted"], language, some_decide=len(weighs) == 2)
        parts += [said, policy.chosen.words(policy.parameters, language)]
    if "no_logarithm" in reasons:
        parts.append(words.NO_LOGARITHM[language])
    if one["decided"]:
        parts.append(words.decided(one["since_decision"], language))
    elif lacking:
        parts.append(words.missing(lacking, language))
    elif sure is not None and interval is not None and one["state"] in ("not_yet", "proficient", "beyond"):
        parts.append(words.certainty(sure, interval.low, interval.high, language))
    return " ".join(parts)
