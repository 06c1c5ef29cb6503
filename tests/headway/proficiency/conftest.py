"""A small named school: three students, two teachers, one continuum; expected numbers are worked by hand in the tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headway.access import actions as access
from headway.access.types import SYSTEM, Viewer
from headway.frameworks import actions as frameworks
from headway.interop.oneroster.apply import import_roster
from headway.proficiency import actions, queries
from headway.rosters import actions as rosters
from headway.rosters import queries as roster
from headway.rosters.models import Person

from ..frameworks.packages import package, relation, under
from ..interop.oneroster.small_roster import ROSTER_12, folder

START = datetime(2026, 8, 12, 18, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)


def policy(**own: Any) -> dict[str, Any]:
    """Return a policy file's content with one policy for everybody."""
    base = {
        "name": "district", "in_force": "2026-08-01", "applies": {}, "scale": "four", "rule": "most-recent",
        "requirement": {"pieces": 1}, "parent": {"rule": "mean"},
    }  # fmt: skip
    levels = [
        {"value": n, "name": {"en": name}}
        for n, name in enumerate(("Emerging", "Developing", "Proficient", "Extending"), 1)
    ]
    scale = {"step": 1, "levels": levels, "proficient": 3, "beyond": 4, "cut": "reach"}
    return {"scales": {"four": scale}, "policy": [{**base, **own}]}


@pytest.fixture
def school(tmp_path: Path, db: None) -> None:
    """Students u1 to u3 in class k1 of teacher T1, u4 with T2 in another school; continuum MATH with targets A1 to A3, B1."""
    rosters.begin_district(name="Juniper Valley", at=START)
    actions.begin(at=START)
    import_roster(folder(tmp_path / "r", ROSTER_12), actor=SYSTEM, at=START)
    links = [*under("AR", "CA", "CB"), *under("CA", "A1", "A2", "A3"), *under("CB", "B1")]
    frameworks.apply_package(package("MATH", "AR CA CB A1 A2 A3 B1", *links), actor=SYSTEM, at=START)
    assert relation  # the helper is shared with other tests


@pytest.fixture
def record(school: None) -> Callable[..., Any]:
    """Return a function that records one row or several, as the command line would."""
    made = {"n": 0}

    def save(*rows: dict[str, Any], actor: Viewer = SYSTEM, at: datetime = NOW) -> Any:
        full = []
        for row in rows:
            made["n"] += 1
            full.append(
                {
                    "key": f"r{made['n']:04d}",
                    "student": "u1",
                    "target": "A1",
                    "observed_at": "2026-10-01",
                    **row,
                }
            )
        return actions.record_rows(actor=actor, rows=full, at=at, book=queries.book())

    return save


def viewer(sourced_id: str, *, scopes: frozenset[str] | None = None) -> Viewer:
    """Return a person of the roster as a viewer today."""
    person = Person.objects.get(sourced_id=sourced_id)
    account, _ = access.open_account(
        actor=SYSTEM, username=f"account-{sourced_id}", name="", at=START, person=person.uuid
    )
    return roster.viewer_for(account, NOW.date(), scopes)


def standing(student: str = "u1", target: str = "A1", **when: Any) -> Any:
    """Return what stands of a student on a target at a moment."""
    from headway.frameworks import queries as continuums

    m = queries.moment(now=NOW, **when)
    found = queries.standings(m, students=[roster.find_person(student).id])
    node = continuums.find_any(target)[-1]
    return found.get((roster.find_person(student).id, node.id))
