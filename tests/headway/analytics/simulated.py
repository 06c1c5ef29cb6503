"""A district's snapshot drawn at random from a seed, with what makes engines differ: empty cells, ties, groups of nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from .handmade import rated, stands, student, target, write

BEGIN = datetime(2026, 8, 24, 12, tzinfo=UTC)
STATES = (
    "no_evidence",
    "too_little",
    "not_yet",
    "proficient",
    "beyond",
    "carried",
    "excused",
    "not_taught",
    "individual_goal",
)
TARGETS = [
    target("A.1", asks_depth=2), target("A.2", asks_depth=3), target("B.1", asks_depth=4), target("B.2", asks_depth=None),
    target("C.1", area=None, asks_depth=1), target("W.1", "Écrire", asks_depth=3), target("H.1", "L", kind="lifelong"),
    target("H.2", "L", kind="lifelong", area=None),
]  # fmt: skip


def district(folder: Path, seed: int, *, students: int = 60, schools: int = 3) -> Path:
    """Write the facts of a district. Names are the same in every district, as rosters that count from one have them."""
    rng = np.random.default_rng(seed)
    people = [_person(rng, i, schools) for i in range(students)]
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in _EMPTY}
    for one in people[: students - 3]:  # of the last three nothing is known but that they are there
        _evidence(rng, one["student"], rows)
    for own in rows.values():
        own.sort(
            key=lambda row: [str(row.get(name)) for name in ("student", "target", "observed_at", "sequence")]
        )
    named = [{"school": f"S{i}", "name": f"School {i}"} for i in range(schools)]
    return write(folder, school=named, student=people, target=TARGETS, **rows)


_EMPTY = (
    "scope",
    "rating",
    "opportunity",
    "determination",
    "journey",
    "pace",
    "position",
    "need",
    "attempt",
    "request",
)


def _pick(rng: np.random.Generator, words: tuple[Any, ...]) -> Any:
    return words[int(rng.integers(len(words)))]


def _person(rng: np.random.Generator, i: int, schools: int) -> dict[str, Any]:
    yes = (True, False, False, None)
    return student(
        f"u{i:04d}", school=None if i % 17 == 5 else f"S{int(rng.integers(schools))}",
        grade=_pick(rng, ("07", "07", "08", "KG", None)), sex=_pick(rng, ("female", "male", None)),
        race=_pick(rng, ("white", "white", "Black or African American", "unknown", "Ñu", None)),
        english_learner=_pick(rng, yes), economically_disadvantaged=_pick(rng, yes), disability=_pick(rng, yes),
    )  # fmt: skip


def _evidence(rng: np.random.Generator, who: str, rows: dict[str, list[dict[str, Any]]]) -> None:
    for code in [row["target"] for row in TARGETS]:
        if rng.random() < 0.8:
            rows["scope"].append({"student": who, "target": code, "in_plan": True, "at_grade_level": False})
        ratings = int(rng.integers(0, 5))
        for n in range(ratings):
            status = _pick(rng, ("rated",) * 6 + ("missed", "too_little", "excused"))
            at, number = BEGIN + timedelta(days=int(rng.integers(0, 4))), len(rows["rating"]) + 1
            rows["rating"].append(rated(
                who, code, sequence=number, key=f"k{number}", observed_at=at, observed_on=at.date(), recorded_at=at,
                level=float(rng.integers(2, 9)) / 2 if status == "rated" else None, status=status,
                kind=_pick(rng, ("teacher", "teacher", "self", "peer", "panel")), depth=_pick(rng, (1, 2, 3, None)),
                purpose=_pick(rng, ("evidence", "evidence", "evidence", "practice")), piece=f"{who}{code}{n // 2}",
                attempt=n % 2 + 1,
            ))  # fmt: skip
        if ratings:
            decided = bool(rng.random() < 0.2)
            rows["determination"].append(stands(
                who, code, _pick(rng, STATES), depth=_pick(rng, (1, 2, 3, 4, None)), decided=decided,
                direction=_pick(rng, ("up", "down", "same")) if decided else None, value=float(rng.integers(2, 9)) / 2,
                baseline=_pick(rng, (1.0, 1.5, 2.0, 2.5, None)),
            ))  # fmt: skip
            first = bool(rng.random() < 0.4)
            rows["journey"].append({
                "student": who, "target": code, "first_reached": first, "tried_again": ratings > 1,
                "reached": first or bool(rng.random() < 0.6), "tries": 1 if first else ratings, "days": int(rng.integers(0, 60)),
            })  # fmt: skip
        for n in range(int(rng.integers(0, 3))):
            rows["opportunity"].append({
                "opportunity": f"o{who}{code}{n}", "student": who, "target": code,
                "purpose": _pick(rng, ("evidence", "practice")),
                "state": _pick(rng, ("offered", "taken", "missed")), "depth": _pick(rng, (2, 3, 4, None)),
            })  # fmt: skip
    for n in range(int(rng.integers(0, 3))):
        rows["pace"].append({
            "student": who, "plan": str(n), "filled": int(rng.integers(0, 5)), "required": _pick(rng, (0, 4, 6)),
            "state": _pick(rng, ("behind", "no_chance_offered", "not_enough_data", "on_pace", "ahead")),
        })  # fmt: skip
        own = rows["pace"][-1]
        own["progress"] = min(1.0, own["filled"] / own["required"]) if own["required"] else None
    for framework in ("M", "L", "Écrire"):
        if rng.random() < 0.8:
            rows["position"].append({
                "student": who, "framework": framework, "grade_level": _pick(rng, ("below", "at", "above", None)),
                "rate": None if rng.random() < 0.2 else round(float(rng.normal(0.8, 0.5)), 6),
                "graduation": _pick(rng, (12, None)), "trajectory": _pick(rng, ("on", "off", "too_early")),
            })  # fmt: skip
    for reason in ("stuck", "ready_to_advance", "behind"):
        if rng.random() < 0.3:
            rows["need"].append({"student": who, "reason": reason, "target": "", "times": 1})
    for n in range(int(rng.integers(0, 4))):
        answered, days = bool(rng.random() < 0.7), float(rng.integers(0, 8)) / 2
        rows["attempt"].append(
            {"student": who, "piece": f"{who}{n}", "attempt": 1, "answered": answered, "wait_days": days}
        )
        rows["request"].append({
            "request": f"r{who}{n}", "student": who, "target": "A.1", "kind": _pick(rng, ("ready", "show_again")),
            "answered": answered, "wait_days": round(days + float(rng.random()), 6),
        })  # fmt: skip
