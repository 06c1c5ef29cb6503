"""From ratings to levels and states: many students and targets in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.codes import State
from headway.science.judgment import Determinations
from headway.science.ledger import Ratings, Segments
from headway.science.pieces import Pieces, pieces
from headway.science.proficiency.bulk import evaluate
from headway.science.proficiency.decisions import completing, decisions, statuses
from headway.science.proficiency.policy import Completion, Policy
from headway.science.proficiency.requirement import Met, Requirement, met
from headway.science.rounding import TOLERANCE, hundredths
from headway.science.uncertainty import Components, simulated_errors, standard_errors

INSTRUCTED_WEEK = 5


@dataclass(frozen=True, slots=True)
class Worked:
    """A determination with what led to it; `explain` reads the rest."""

    answer: Determinations
    pieces: Pieces
    weights: NDArray[np.float64]
    wanted: NDArray[np.int64]
    asked: Met


def determine(
    ratings: Ratings,
    policy: Policy,
    *,
    requirement: Requirement | None = None,
    pieces_by_level: NDArray[np.int64] | None = None,
    today: int | NDArray[np.int64] | None = None,
    components: Components | None = None,
    rng: np.random.Generator | None = None,
    compiled: bool | None = None,
) -> Determinations:
    """Determine value and state of every segment.

    Assumes ratings already cut at the day and the knowledge asked about; one policy for all of them.

    Parameters: `requirement`, in place of the policy's, with numbers or arrays of one number per segment;
    `pieces_by_level`, segments x levels of the continuum, the pieces required there (0: the default);
    `today`, the instructed day asked about (as `Ratings.instructed`; one or one per segment), for rules with a window;
    `components`, to receive standard errors; `rng`, for the errors of rules that choose by level (without it they
    are nan); `compiled`, None to decide by size.
    Returns: `Determinations`, one entry per segment.
    Source: house rules P2, P7, P14, P15, P22; `docs/science/rules.md`.

    >>> answer = determine(Ratings.of(level=[2, 3, 4]), Policy.from_mapping({"rule": "most-recent"}))
    >>> answer.of(0)["value"], answer.of(0)["state"]
    (4.0, 'beyond')
    """
    return work(
        ratings,
        policy,
        requirement=requirement,
        pieces_by_level=pieces_by_level,
        today=today,
        components=components,
        rng=rng,
        compiled=compiled,
    ).answer


def work(
    ratings: Ratings,
    policy: Policy,
    *,
    requirement: Requirement | None = None,
    pieces_by_level: NDArray[np.int64] | None = None,
    today: int | NDArray[np.int64] | None = None,
    components: Components | None = None,
    rng: np.random.Generator | None = None,
    compiled: bool | None = None,
    weigh: bool = False,
) -> Worked:
    """Determine as `determine` does, and keep the pieces, weights and requirements for an explanation."""
    rule, chosen = policy.chosen, policy.parameters
    best = rule.key == "best-n"
    continuum = best and bool((ratings.continuum_level > 0).any())
    sorted_out = pieces(
        ratings,
        order=policy.order,
        same_attempt=policy.same_attempt,
        counted_kinds=policy.kinds,
        by_continuum_level=continuum,
        missed_level=0.0 if getattr(chosen, "missed_counts", False) else None,
        window_days=INSTRUCTED_WEEK * getattr(chosen, "window_weeks", 0),
        today=today,
    )
    count = sorted_out.segments.count
    level = _level(sorted_out, chosen)
    asked = _asked(policy, requirement, pieces_by_level, sorted_out.current, count)
    done = met(sorted_out, asked, completing=completing(sorted_out), fills=policy.fills)
    wanted = _best(chosen, asked, count) if best else np.full(count, rule.window(chosen), np.int64)
    need_weights = weigh or best or components is not None
    weights = np.zeros(len(sorted_out.row) if need_weights else 0)
    values = _values(policy, sorted_out.segments, wanted if best else None, weights, compiled)
    sizes = sorted_out.counts
    n_counted = np.where(wanted > 0, np.minimum(sizes, wanted), sizes)
    completion = policy.complete or (Completion() if best else None)
    complete, engine = _engine(policy, completion, sorted_out, done, values, weights, level)
    status, goal = statuses(sorted_out)
    has = sizes > 0
    carried = _all_carried(sorted_out, has)
    engine = np.where(carried, State.CARRIED, engine)
    silent = ~has
    completes_only = silent & (completing(sorted_out) > 0) & (status == State.NO_EVIDENCE)
    engine = np.where(silent, np.where(completes_only, State.TOO_LITTLE, status), engine)
    engine = np.where(goal, State.INDIVIDUAL_GOAL, engine).astype(np.int8)
    shown = np.where(goal, np.nan, values)
    ruling = decisions(sorted_out)
    state = np.where(ruling.decided, _cut(policy, completion, ruling.level, level), engine).astype(np.int8)
    value = np.where(ruling.decided, ruling.level, shown)
    unasked = np.isin(state, (State.EXCUSED, State.NOT_TAUGHT, State.INDIVIDUAL_GOAL))
    errors = _errors(policy, sorted_out, weights, wanted, done, components, rng)
    top = policy.scale.levels[-1]
    proposes = complete & (level > 0) & (level < top) & bool(completion and completion.proposes_next_level)
    answer = Determinations(
        value=value,
        shown=hundredths(value),
        state=state,
        engine_value=values,
        engine_state=engine,
        n_counted=n_counted,
        n_total=np.bincount(ratings.segment, minlength=count),
        filled=np.where(unasked, 0, done.filled),
        required=np.where(unasked, 0, done.required),
        depth=_depth(policy, completion, sorted_out, level),
        decided=ruling.decided,
        since_decision=ruling.since,
        level=level.astype(np.int16),
        proposed_level=np.where(proposes, level + 1, 0).astype(np.int16),
        complete=complete,
        standard_error=errors,
    )
    return Worked(answer, sorted_out, weights, wanted, done)


def _level(sorted_out: Pieces, chosen: Any) -> NDArray[np.float64]:
    """The level of the continuum that is being completed: the rule's own parameter, else the highest with
    evidence."""
    own = getattr(chosen, "level", None) if hasattr(chosen, "missed_counts") else None
    current = sorted_out.current.astype(np.float64)
    return np.where(current > 0, current, float(own)) if own is not None else current


def _asked(
    policy: Policy,
    requirement: Requirement | None,
    by_level: NDArray[np.int64] | None,
    current: NDArray[np.int16],
    count: int,
) -> Requirement:
    asked = requirement or policy.requirement
    if by_level is None and not policy.pieces_by_level:
        return asked
    wanted = np.broadcast_to(np.asarray(asked.pieces, np.int64), (count,)).copy()
    for level, number in policy.pieces_by_level:
        wanted[(current == level) if level else (current >= 0)] = number
    if by_level is not None:
        told = by_level[np.arange(count), np.minimum(current, by_level.shape[1] - 1)]
        wanted = np.where(told > 0, told, wanted)
    others = {name: getattr(asked, name) for name in asked.__slots__ if name != "pieces"}
    return Requirement(pieces=wanted, **others)


def _best(chosen: Any, asked: Requirement, count: int) -> NDArray[np.int64]:
    """How many of the best pieces count: the rule's own number, else the requirement's."""
    return np.broadcast_to(np.asarray(chosen.n or asked.pieces, np.int64), (count,))


def _values(
    policy: Policy,
    segments: Segments,
    best: NDArray[np.int64] | None,
    weights: NDArray[np.float64],
    compiled: bool | None,
) -> NDArray[np.float64]:
    rule, chosen = policy.chosen, policy.parameters
    if best is None:
        return evaluate(rule, segments, chosen, weights=weights, compiled=compiled)
    values = np.full(segments.count, np.nan)
    index = segments.index()
    for n in np.unique(best):
        # Segments that are asked for other numbers are left empty, so that one pass serves each number.
        these = best == n
        inside = these[index]
        part = segments if these.all() else segments.where(inside)
        own = np.zeros(len(part.levels))
        found = evaluate(rule, part, chosen, weights=own, compiled=compiled, arguments=(int(n),))
        values[these] = found[these]
        weights[inside] = own
    return values


def _engine(
    policy: Policy,
    completion: Completion | None,
    sorted_out: Pieces,
    done: Met,
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    level: NDArray[np.float64],
) -> tuple[NDArray[np.bool_], NDArray[Any]]:
    """Return whether the level of the continuum is complete, and the state by the rule alone."""
    met_all = done.met
    known = ~np.isnan(values)
    state = np.where(known, _cut(policy, completion, values, level), State.TOO_LITTLE)
    if policy.chosen.no_value_is_not_yet:
        enough = sorted_out.counts >= policy.chosen.least(policy.parameters)
        state = np.where(~known & enough, State.NOT_YET, state)
    complete = known & met_all & (level > 0) & (state >= State.PROFICIENT)
    floor = max(completion.minimum if completion else 0.0, getattr(policy.parameters, "minimum", 0.0))
    if floor > 0:
        index = sorted_out.segments.index()
        below = (weights > 0) & (sorted_out.segments.levels < floor - TOLERANCE)
        fails = np.bincount(index[below], minlength=len(values)) > 0
        complete &= ~fails
        state = np.where(fails & (state >= State.PROFICIENT), State.NOT_YET, state)
    return complete, np.where(met_all, state, State.TOO_LITTLE)


def _cut(
    policy: Policy, completion: Completion | None, values: NDArray[np.float64], level: NDArray[np.float64]
) -> NDArray[Any]:
    """Return the state of values by the cut: exact values, tolerance 1e-9."""
    slack = 0.5 if policy.cut == "nearest" else 0.0
    state = np.full(len(values), State.NOT_YET, np.int8)
    exact = values + TOLERANCE
    scale = policy.scale
    if scale.proficient is not None:
        state[exact >= scale.proficient - slack] = State.PROFICIENT
    if scale.beyond is not None:
        state[exact >= scale.beyond - slack] = State.BEYOND
    if completion is not None:
        on = level > 0
        reached = exact >= level - completion.margin
        state[on] = np.where(reached, State.PROFICIENT, State.NOT_YET)[on]
    return state


def _depth(
    policy: Policy, completion: Completion | None, sorted_out: Pieces, level: NDArray[np.float64]
) -> NDArray[np.int8]:
    index = sorted_out.segments.index()
    shown = _cut(policy, completion, sorted_out.segments.levels, level[index]) >= State.PROFICIENT
    depth = np.zeros(sorted_out.segments.count, np.int8)
    np.maximum.at(depth, index[shown], sorted_out.ratings.depth[sorted_out.row][shown])
    return depth


def _all_carried(sorted_out: Pieces, has: NDArray[np.bool_]) -> NDArray[np.bool_]:
    carried = sorted_out.ratings.carried[sorted_out.row]
    if not carried.any():
        return np.zeros(len(has), np.bool_)
    own = np.bincount(sorted_out.segments.index()[~carried], minlength=len(has))
    return np.asarray(has & (own == 0))


def _errors(
    policy: Policy,
    sorted_out: Pieces,
    weights: NDArray[np.float64],
    wanted: NDArray[np.int64],
    done: Met,
    components: Components | None,
    rng: np.random.Generator | None,
) -> NDArray[np.float64]:
    """Return standard errors; none below the required count, and none for a rule that chooses by level
    without `rng`."""
    nothing = np.full(sorted_out.segments.count, np.nan)
    if components is None:
        return nothing
    tasks, raters = sorted_out.ratings.task[sorted_out.row], sorted_out.ratings.rater[sorted_out.row]
    if policy.chosen.linear:
        errors = standard_errors(sorted_out.segments, weights, tasks, raters, components)
    elif rng is None:
        return nothing
    else:
        arguments = (
            (int(wanted[0]),) if policy.chosen.key == "best-n" and len(set(wanted.tolist())) == 1 else None
        )
        errors = simulated_errors(
            policy.chosen,
            sorted_out.segments,
            policy.parameters,
            tasks,
            raters,
            components,
            rng,
            arguments=arguments,
        )
    return np.where(done.filled >= done.required, errors, np.nan)
