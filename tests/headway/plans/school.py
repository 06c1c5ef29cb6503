"""The small school of these tests: four students, eight targets of mathematics, one calendar.

Instructed days: weekdays from Monday 17 August 2026, without the break of 23 to 27 November. So 20 instructed days end on
Friday 11 September, 40 on Friday 9 October, 60 on Friday 6 November, 70 on Friday 20 November, 75 on Friday 4 December.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from headway.access.types import SYSTEM
from headway.frameworks import actions as frameworks
from headway.frameworks import queries as continuums
from headway.interop.oneroster.apply import import_roster
from headway.proficiency import actions, queries
from headway.proficiency.configuration import DEFAULT
from headway.proficiency.queries import Moment
from headway.rosters import actions as rosters
from headway.rosters import queries as roster

from ..frameworks.packages import node, package, under
from ..interop.oneroster.small_roster import ROSTER_12, folder

BEGUN = datetime(2026, 8, 3, 18, tzinfo=UTC)
NOW = datetime(2027, 3, 1, 18, tzinfo=UTC)
FIRST, LAST = date(2026, 8, 17), date(2026, 12, 18)
CODES = ("A.1", "A.2", "A.3", "A.4", "B.1", "B.2", "B.3", "B.4")
CALENDAR = [
    {
        "session": "2026-27",
        "starts": "2026-08-17",
        "ends": "2027-06-04",
        "breaks": [["2026-11-23", "2026-11-27"], ["2026-12-21", "2027-01-01"]],
    }
]


def build(tmp_path: Path, **body: Any) -> None:
    """Open the school: roster, continuum (A at level 3, B at level 4), policy with its calendar."""
    rosters.begin_district(name="Juniper Valley", at=BEGUN)
    import_roster(folder(tmp_path / "r", ROSTER_12), actor=SYSTEM, at=BEGUN)
    targets = [node(code, level=3 if code < "B" else 4) for code in CODES]
    pack = package(
        "Math",
        ["A", "B", *targets],
        *under("Math", "A", "B"),
        *under("A", *CODES[:4]),
        *under("B", *CODES[4:]),
    )
    frameworks.apply_package(pack, actor=SYSTEM, at=BEGUN)
    actions.begin(at=BEGUN)
    said = {**DEFAULT, "calendar": CALENDAR, **body}
    actions.import_policy(actor=SYSTEM, body=said, name="policy.toml", at=BEGUN)


def student(name: str) -> int:
    return roster.person_ids(sourced_ids=[name])[name]


def target(code: str) -> int:
    return continuums.target_by_reference(code).id


def at(day: date) -> Moment:
    """Return the end of a day, as asked on 1 March 2027."""
    return queries.moment(now=NOW, as_of=day)


_made = iter(range(10**9))


def rate(who: str, code: str, day: str, level: float | None = 2, **fields: Any) -> str:
    """Record one rating at noon of a day."""
    key = fields.pop("key", f"k{next(_made)}")
    row = {"key": key, "student": who, "target": code, "observed_at": day, "level": level, **fields}
    if level is None:
        del row["level"]
    actions.record_rows(actor=SYSTEM, rows=[row], at=NOW, book=queries.book())
    return key
