"""Random lawful histories against a plain model: the ledger holds, and the rows are what a replay makes of it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headway.evidence import queries
from headway.evidence.models import Event, Rating
from headway.evidence.types import RatingEntry
from headway.kit.refusals import Refusal

from .world import STUDENTS, TARGETS, World

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]

number = st.integers(0, 1_000)
some = st.lists(number, min_size=1, max_size=4)
a_rating = st.tuples(st.sampled_from(STUDENTS), st.sampled_from(TARGETS), st.booleans(), st.none() | number)
step = st.one_of(
    st.tuples(st.just("record"), st.lists(a_rating, min_size=1, max_size=3)),
    st.tuples(st.just("retry"), some),
    st.tuples(st.just("move"), some, st.sampled_from(TARGETS)),
    st.tuples(st.just("redate"), some, st.integers(1, 10**15)),
    st.tuples(st.just("release"), some),
    st.tuples(st.just("withdraw"), some),
    st.tuples(st.just("undo"), number),
    st.tuples(st.just("undo"), number),
    st.tuples(st.just("erase"), st.sampled_from(STUDENTS)),
)

Fields = dict[str, Any]


@dataclass
class Model:
    """What stands, by key; which act last touched a key; what each act found before it. Knows no sequence or hash."""

    world: World
    entries: dict[str, RatingEntry] = field(default_factory=dict)
    standing: dict[str, Fields] = field(default_factory=dict)
    touched: dict[str, int] = field(default_factory=dict)
    acts: dict[int, dict[str, Fields | None]] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    written: int = 0

    def keys(self, numbers: list[int]) -> list[str]:
        names = list(self.entries)
        return list(dict.fromkeys(names[n % len(names)] for n in numbers)) if names else []

    def record(self, ratings: list[tuple[str, str, bool, int | None]]) -> None:
        entries: list[RatingEntry] = []
        stands = {key: fields["student"] for key, fields in self.standing.items()}
        lawful = True
        for student, target, held, replaces in ratings:
            count = len(self.entries) + len(entries)
            whose = self.world.people[student].id
            # Mostly a rating that may be corrected; every eighth time any rating there ever was.
            known = [key for key in stands if stands[key] == whose]
            if replaces is not None and replaces % 8 == 0:
                known = list(self.entries)
            old = known[replaces % len(known)] if replaces is not None and known else ""
            lawful &= not old or stands.pop(old, None) == whose
            level = 100 + 25 * (count % 13)
            entry = self.world.entry(f"k{count}", student, target, held=held, replaces=old, level=level)
            stands[entry.key] = whose
            entries.append(entry)
        if not lawful:
            self._refused("unknown_rating", self.world.record, *entries)
            return
        self.entries.update((entry.key, entry) for entry in entries)
        receipt = self.world.record(*entries)
        assert (receipt.first, receipt.last) == (self.written + 1, self.written + len(entries))
        for sequence, entry in enumerate(entries, receipt.first):
            if entry.replaces in self.standing:
                self.standing.pop(entry.replaces)
                self.touched[entry.replaces] = sequence
            self.standing[entry.key] = {
                "student": entry.student,
                "target": entry.target,
                "level": entry.level,
                "held": entry.held,
                "observed_us": entry.observed_us,
            }
            self.touched[entry.key] = sequence
        self.written += len(entries)

    def retry(self, numbers: list[int]) -> None:
        keys = self.keys(numbers)
        if not keys:
            return
        if self.erased & set(keys):
            self._refused("key_conflict", self.world.record, *(self.entries[key] for key in keys))
        elif any(key not in self.standing and self.touched[key] in self.acts for key in keys):
            # Taken back by an act; one that another rating replaced answers with its first receipt.
            self._refused("key_withdrawn", self.world.record, *(self.entries[key] for key in keys))
        else:
            assert self.world.record(*(self.entries[key] for key in keys)).replayed == tuple(keys)

    def amend(self, act: str, numbers: list[int], change: Fields | None, **said: Any) -> None:
        keys = self.keys(numbers)
        if not keys:
            return
        changes = {key: None if change is None else {**change, **said} for key in keys}
        if any(key not in self.standing for key in keys):
            self._refused("unknown_rating", self.world.amend, act, changes)
            return
        own = {name.removesuffix("_id"): value for name, value in (change or {}).items()}
        after = {key: None if change is None else {**self.standing[key], **own} for key in keys}
        self._done(self.world.amend(act, changes), after)

    def undo(self, chosen: int) -> None:
        if not self.acts:
            return
        act = list(self.acts)[chosen % len(self.acts)]
        before = self.acts[act]
        if self.erased & set(before):
            self._refused("erased", self.world.undo, act)
        elif any(self.touched[key] != act for key in before):
            self._refused("changed_since", self.world.undo, act)
        else:
            self._done(self.world.undo(act), before)

    def erase(self, student: str) -> None:
        gone = {key for key, entry in self.entries.items() if entry.student == self.world.people[student].id}
        self.world.erase(student)
        self.erased |= gone
        for key in gone:
            self.standing.pop(key, None)
        self.written += 1

    def _done(self, act: int, after: dict[str, Fields | None]) -> None:
        assert act == self.written + 1
        self.acts[act] = {key: self.standing.get(key) for key in after}
        self.written += len({self.entries[key].student for key in after})
        for key, fields in after.items():
            self.touched[key] = act
            if fields is None:
                self.standing.pop(key, None)
            else:
                self.standing[key] = fields

    def _refused(self, code: str, call: Any, *arguments: Any) -> None:
        with pytest.raises(Refusal) as refusal:
            call(*arguments)
        assert refusal.value.code == code


@settings(
    max_examples=int(os.environ.get("HEADWAY_HISTORIES", "25")),
    deadline=None,
    derandomize="HEADWAY_HISTORIES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
@given(steps=st.lists(step, min_size=3, max_size=25))
def test_rows_equal_the_replay_after_any_lawful_history(world: World, steps: list[tuple]) -> None:
    # Each history starts from an empty ledger: what it wrote is taken back at its end.
    with transaction.atomic():
        model = Model(world)
        for name, *given_ in steps:
            play(model, name, given_)
        check(model)
        transaction.set_rollback(True)


def play(model: Model, name: str, given_: list[Any]) -> None:
    if name == "move":
        node = model.world.targets[given_[1]]
        model.amend("move", given_[0], {"target_id": node.id}, target=str(node.uuid))
    elif name == "redate":
        model.amend("redate", given_[0], {"observed_us": given_[1]})
    elif name == "release":
        model.amend("release", given_[0], {"held": False})
    elif name == "withdraw":
        model.amend("withdraw", given_[0], None)
    else:
        getattr(model, name)(*given_)


def check(model: Model) -> None:
    heads = dict([queries.head()]) if model.written else {}
    assert queries.breaks(heads=heads) == []
    assert model.world.projection_breaks() == []
    assert Event.objects.count() == queries.head()[0] == model.written
    rows = Rating.objects.filter(to_sequence=None)
    found = {
        row.key: {
            "student": row.student_id,
            "target": row.target_id,
            "level": row.level,
            "held": row.held,
            "observed_us": row.observed_us,
        }
        for row in rows
    }
    assert found == model.standing
