"""Incremental, bulk, as-of and known-at results agree, whatever the history, ties included."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headway.access.types import SYSTEM
from headway.evidence import queries as ledger
from headway.kit.refusals import Refusal
from headway.proficiency import actions, projecting, queries
from headway.proficiency.models import Determination, Tally
from headway.proficiency.types import REACHED
from headway.proficiency.working import determine_days, moment, rows_of
from headway.science.codes import State

from .conftest import policy

pytestmark = pytest.mark.django_db
DAYS = [date(2026, 9, day) for day in (1, 2, 3, 4)]
RULES = (
    "most-recent",
    "decaying-average",
    "mean",
    "highest",
    "median",
    "mode",
    "weighted-newest",
    "doubling-weights",
    "power-law",
)
RULE = st.sampled_from(RULES)
# Few instants, so that ties are common; levels on the scale; two students, two targets, few pieces and attempts.
RATING = st.fixed_dictionaries(
    {
        "student": st.sampled_from(["u1", "u2"]),
        "target": st.sampled_from(["A1", "A2"]),
        "day": st.integers(0, 3),
        "hour": st.sampled_from([9, 15]),
        "level": st.integers(1, 4),
        "piece": st.sampled_from(["", "p1", "p2"]),
        "attempt": st.integers(1, 2),
        "kind": st.sampled_from(["teacher", "panel", "self", "moderated"]),
        "submitted": st.sampled_from(["", "2026-08-30T10:00:00Z", "2026-08-31T10:00:00Z"]),
        "held": st.booleans(),
        "status": st.sampled_from(["rated"] * 6 + ["missed", "excused"]),
    }
)
ACT = st.one_of(
    RATING.map(lambda r: ("rate", r)), RATING.map(lambda r: ("replace", r)),
    st.tuples(st.just("move"), st.integers(0, 30)), st.tuples(st.just("withdraw"), st.integers(0, 30)),
    st.tuples(st.just("release"), st.integers(0, 30)), st.tuples(st.just("undo"), st.integers(0, 30)),
)  # fmt: skip
QUIET = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def row_of(number: int, r: dict[str, Any]) -> dict[str, Any]:
    observed = datetime(2026, 9, 1 + r["day"], r["hour"], tzinfo=UTC).isoformat()
    row = {"key": f"k{number:03d}", "student": r["student"], "target": r["target"], "observed_at": observed, "kind": r["kind"],
           "evidence": r["piece"] and f"{r['student']}-{r['piece']}", "attempt": r["attempt"], "status": r["status"],
           "submitted_at": r["submitted"], "held": r["held"]}  # fmt: skip
    if r["status"] == "rated":
        row["level"] = r["level"]
    return row


def plain(found: dict[Any, Any]) -> dict[Any, Any]:
    return {pair: projecting.row_of(s, 0) for pair, s in found.items()}


def tallies() -> set[tuple[Any, ...]]:
    """Return the tallies; a row of two zeros says no more than none."""
    rows = Tally.objects.values_list("student_id", "framework_id", "level", "reached", "seen")
    return {row for row in rows if any(row[3:])}


def counted() -> set[tuple[Any, ...]]:
    """Count the stored rows one by one."""
    found: dict[tuple[int, int, int], list[int]] = {}
    for d in Determination.objects.select_related("target"):
        own = found.setdefault((d.student_id, d.target.framework_id, d.target.level or 1), [0, 0])
        own[0] += d.state in (State.PROFICIENT, State.BEYOND)
        own[1] += d.n_counted > 0 or d.decided
    return {(*key, *own) for key, own in found.items() if any(own)}


def at_once(days: list[Any], rows: list[Any]) -> dict[Any, tuple[bool, bool]]:
    """What several days ask of one student in one call: whether each target is reached, and whether it was seen."""
    return {
        (m.day, pair): said
        for moments, group in determine_days(days, rows, schools=[None] * len(days))
        for m, pair, said in zip(moments, group.pairs, group.speaks(), strict=True)
    }


def perform(act: tuple[str, Any], keys: list[str], acts: list[int], number: int, at: datetime) -> None:
    name, what = act
    if name in ("rate", "replace"):
        row = row_of(number, what)
        if name == "replace" and keys:
            row |= {"replaces": keys[number % len(keys)], "comment": "corrected"}
        actions.record_rows(actor=SYSTEM, rows=[row], at=at, book=queries.book())
        keys.append(row["key"])
    elif name == "undo" and acts:
        acts.append(actions.undo_act(actor=SYSTEM, act=acts[what % len(acts)], at=at))
    elif keys and name != "undo":
        key = [keys[what % len(keys)]]
        if name == "move":
            acts.append(actions.move_ratings(actor=SYSTEM, keys=key, target="A2", reason="moved", at=at))
        elif name == "withdraw":
            acts.append(actions.withdraw_ratings(actor=SYSTEM, keys=key, reason="withdrawn", at=at))
        else:
            acts.append(actions.release_ratings(actor=SYSTEM, keys=key, at=at))


@QUIET
@given(rule=RULE, history=st.lists(ACT, min_size=1, max_size=14))
def test_whatever_happened_every_way_of_asking_agrees(school, rule: str, history: list[Any]) -> None:
    from django.db import transaction

    at = datetime(2026, 9, 20, 12, tzinfo=UTC)
    keys: list[str] = []
    acts: list[int] = []
    then: list[tuple[int, date | None, dict[Any, Any]]] = []
    with transaction.atomic():
        actions.import_policy(
            actor=SYSTEM,
            body=policy(rule=rule, requirement={"pieces": 2}),
            name="p.toml",
            at=at - timedelta(days=19),
        )
        for number, act in enumerate(history):
            try:
                perform(act, keys, acts, number, at + timedelta(minutes=number))
            except Refusal:
                continue
            now = at + timedelta(minutes=number)
            stored = plain(queries.standings(moment(now=now)))
            assert stored == plain(projecting.replayed(moment(now=now)))
            assert tallies() == counted()
            sequence = ledger.head()[0]
            then += [
                (sequence, day, plain(queries.standings(moment(now=now, as_of=day)))) for day in (*DAYS, None)
            ]
        later = at + timedelta(days=1)
        for sequence, day, expected in then:
            # What was known then, asked later, is what was said then; today's question is a replay without a cut.
            assert plain(queries.standings(moment(now=later, as_of=day, known_at=sequence))) == expected
        for student in {pair[0] for pair in queries.standings(moment(now=later))}:
            days = [moment(now=later, as_of=day) for day in DAYS]
            assert at_once(days, rows_of(moment(now=later), students=[student])) == {
                (m.day, pair): (one.state in REACHED, one.seen)
                for m in days for pair, one in queries.standings(m, students=[student]).items()
            }  # fmt: skip
        assert actions.redetermine(at=later, apply=False) == []
        assert ledger.breaks() == []
        transaction.set_rollback(True)


@QUIET
@given(rule=RULE, ratings=st.lists(RATING, min_size=2, max_size=5))
def test_the_order_of_entry_changes_nothing(school, rule: str, ratings: list[Any]) -> None:
    from django.db import transaction

    at = datetime(2026, 9, 20, 12, tzinfo=UTC)
    rows = [row_of(number, {**r, "held": False}) for number, r in enumerate(ratings)]
    answers = set()
    for order in itertools.islice(itertools.permutations(rows), 6):
        with transaction.atomic():
            actions.import_policy(
                actor=SYSTEM, body=policy(rule=rule), name="p.toml", at=at - timedelta(days=19)
            )
            for row in order:
                actions.record_rows(actor=SYSTEM, rows=[row], at=at, book=queries.book())
            # The policy's own number differs from try to try; all else must not.
            answers.add(
                str(
                    {
                        pair: row[:14] + row[15:]
                        for pair, row in sorted(plain(projecting.replayed(moment(now=at))).items())
                    }
                )
            )
            transaction.set_rollback(True)
    assert len(answers) == 1


@QUIET
@given(ratings=st.lists(RATING, min_size=1, max_size=8))
def test_one_save_of_many_equals_many_saves_of_one(school, ratings: list[Any]) -> None:
    from django.db import transaction

    at = datetime(2026, 9, 20, 12, tzinfo=UTC)
    rows = [row_of(number, r) for number, r in enumerate(ratings)]
    found = []
    for parts in ([rows], [[row] for row in rows]):
        with transaction.atomic():
            for part in parts:
                actions.record_rows(actor=SYSTEM, rows=part, at=at, book=queries.book())
            found.append(plain(queries.standings(moment(now=at))))
            transaction.set_rollback(True)
    assert found[0] == found[1]
