"""A small district with a ledger: four students, one teacher, three targets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from headway.access.types import SYSTEM, Role, Viewer
from headway.evidence import actions, queries
from headway.evidence.types import Break, RatingEntry, Receipt
from headway.frameworks import actions as frameworks
from headway.frameworks.models import Node
from headway.interop.oneroster.apply import import_roster
from headway.kit.times import micros
from headway.rosters import actions as rosters
from headway.rosters.models import Person

from ..frameworks.packages import package, under
from ..interop.oneroster.small_roster import ROSTER_12, folder

AT = datetime(2026, 9, 20, 18, tzinfo=UTC)
STUDENTS = ("u1", "u2", "u3", "u4")
TARGETS = ("A.1", "A.2", "A.3")


@dataclass(frozen=True)
class World:
    """The people and targets by the names that tests use, and the teacher who acts."""

    people: dict[str, Person]
    targets: dict[str, Node]
    teacher: Viewer

    def entry(self, key: str, student: str = "u1", target: str = "A.1", **fields: Any) -> RatingEntry:
        """Return a rating by the teacher, observed a day before the save."""
        who, what, rater = self.people[student], self.targets[target], self.people["T1"]
        given = {"level": 300, "observed_us": micros(AT - timedelta(days=1)), **fields}
        return RatingEntry(
            key=key,
            student=who.id,
            student_uuid=who.uuid,
            target=what.id,
            target_uuid=what.uuid,
            rater=rater.id,
            rater_uuid=rater.uuid,
            **given,
        )

    def record(self, *entries: RatingEntry, at: datetime = AT) -> Receipt:
        return actions.record_ratings(actor=self.teacher, entries=entries, at=at)

    def move(self, *keys: str, to: str) -> int:
        node = self.targets[to]
        change = {"target_id": node.id, "target": str(node.uuid)}
        return self.amend("move", {key: dict(change) for key in keys})

    def release(self, *keys: str) -> int:
        return self.amend("release", {key: {"held": False} for key in keys})

    def withdraw(self, *keys: str) -> int:
        return self.amend("withdraw", dict.fromkeys(keys))

    def amend(self, act: str, changes: dict[str, Any]) -> int:
        number, _ = actions.amend_ratings(
            actor=self.teacher, act=act, changes=changes, reason="a slip", at=AT
        )
        return number

    def undo(self, act: int) -> int:
        return actions.undo_amendment(actor=self.teacher, act=act, at=AT)[0]

    def erase(self, student: str) -> int:
        subject = self.people[student].uuid
        return actions.erase_payloads(actor=SYSTEM, subject=subject, reason="asked for", at=AT)

    def projection_breaks(self) -> list[Break]:
        return queries.projection_breaks(
            students={str(one.uuid): one.id for one in self.people.values()},
            targets={str(one.uuid): one.id for one in self.targets.values()},
        )

    def standing(self, key: str) -> queries.Held | None:
        return queries.ratings_by_key(keys=[key]).get(key)


def build(folder_for_roster: Path) -> World:
    """Build the district through actions."""
    rosters.begin_district(name="Juniper Valley", at=AT)
    import_roster(folder(folder_for_roster, ROSTER_12), actor=SYSTEM, at=AT)
    pack = package("Math", ["A", *TARGETS], *under("Math", "A"), *under("A", *TARGETS))
    frameworks.apply_package(pack, actor=SYSTEM, at=AT)
    people = {one.sourced_id: one for one in Person.objects.all()}
    lopez = people["T1"]
    teacher = Viewer(
        account=lopez.uuid,
        person=lopez.uuid,
        person_id=lopez.id,
        name="Lopez",
        roles=frozenset({Role.TEACHER}),
    )
    return World(people, {one.code: one for one in Node.objects.all()}, teacher)
