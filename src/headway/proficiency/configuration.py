"""The district's configuration in force: scales, calendar, pace, response, uncertainty, words; and the policy book.

Loaded whole and kept while nothing newer was imported: one statement per request tells.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from headway.frameworks import queries as frameworks
from headway.kit.naming import Renaming
from headway.proficiency import vocabulary
from headway.proficiency.levels import levels_of_map, same_levels
from headway.proficiency.models import Configuration, PolicyVersion
from headway.proficiency.types import Effective, ScaleChange
from headway.science.proficiency.policy import Policy
from headway.science.proficiency.requirement import Requirement

DEFAULT: dict[str, Any] = {
    "district": {
        "zone": "America/Denver",
        "languages": ["en", "es"],
        "minimum_cell": 10,
        "roster_removal_share": 0.05,
    },
    "scales": {
        "four": {
            "step": 1,
            "levels": [
                {"value": 1, "name": {"en": "Emerging", "es": "Inicial"}, "letter": "E"},
                {"value": 2, "name": {"en": "Developing", "es": "En desarrollo"}, "letter": "D"},
                {"value": 3, "name": {"en": "Proficient", "es": "Competente"}, "letter": "P"},
                {"value": 4, "name": {"en": "Extending", "es": "Avanzado"}, "letter": "X"},
            ],
            "proficient": 3,
            "beyond": 4,
            "cut": "reach",
        }
    },
    "policy": [
        {
            "name": "start",
            "in_force": "1900-01-01",
            "applies": {},
            "scale": "four",
            "rule": "decaying-average",
            "parameters": {"weight": 0.65},
            "order": "observed",
            "same_attempt": "mean",
            "requirement": {"pieces": 2},
            "parent": {"rule": "mean"},
        }
    ],
    "pace": {"window_weeks": 8, "minimum_weeks": 4, "buffer_weeks": 2},
    "contact": {"opens_hour": 8, "closes_hour": 16},
    "notices": {"hour": 17, "quiet_from_hour": 20, "quiet_to_hour": 7, "ahead_days": 2},
    "rights": {"adult_age": 18, "parents_keep": "none", "answer_days": 45},
    "response": {
        "no_evidence_days": 21,
        "stuck_pieces": 3,
        "missed_chances": {"count": 3, "days": 30},
        "ready_waiting_days": 5,
        "new_student_days": 21,
    },
    "uncertainty": {"task": 0.40, "rater": 0.25, "remainder": 0.35, "source": "assumed"},
}
"""What holds from the first day, until a district imports its own: the decaying average over two pieces or more."""

# The more a policy says about where it applies, the later it speaks; a target's place outweighs a school's.
_WEIGHT = {"area": 4, "framework": 2, "school": 1}
# A narrower policy that names its own rule stands on its own, but for what every rule needs.
_KEPT = ("scale", "_scale", "map", "cut", "order", "same_attempt", "locked")
# With the rule its parameters are locked, with the scale its levels.
_LOCKED_WITH = {"rule": ("parameters", "complete"), "scale": ("_scale", "map")}


class _Holding(dict[int, Effective]):
    """The policy that holds for each target, found when it is first asked for."""

    def __init__(self, book: Book, school: str | None, on: date) -> None:
        super().__init__()
        self._asked = book, school, on

    def __missing__(self, node: int) -> Effective:
        book, school, on = self._asked
        found = self[node] = book.resolve(frameworks.place(node_id=node), school, on)
        return found


@dataclass(frozen=True)
class Book:
    """All policies known at one time, ready to answer which holds where and when. Answers are remembered."""

    versions: tuple[dict[str, Any], ...]
    settings: dict[str, Any]
    _answers: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The district's time zone."""
        return ZoneInfo(self.settings["district"]["zone"])

    @property
    def languages(self) -> list[str]:
        """The languages that the district speaks, the first by default."""
        return list(self.settings["district"]["languages"])

    def renaming(self, language: str) -> Renaming | None:
        """Return the district's own words in a language; None where it uses ours."""
        return vocabulary.renaming(self.settings, language)

    def effective(self, *, node: int, school: str | None, on: date) -> Effective:
        """Return the policy that holds for a target on a day, for students of a school (its sourcedId)."""
        return self.holding(school=school, on=on)[node]

    def holding(self, *, school: str | None, on: date) -> Mapping[int, Effective]:
        """Return by target the policy that holds on a day for students of a school, as `effective` does: for many at once."""
        key = (school if self.schools_differ else None, self._era(on))
        found: Mapping[int, Effective] | None = self._answers.get(key)
        if found is None:
            found = self._answers[key] = _Holding(self, school, on)
        return found

    @cached_property
    def schools_differ(self) -> bool:
        """Whether some policy holds in one school only."""
        return any("school" in v["applies"] for v in self.versions)

    @cached_property
    def maps(self) -> bool:
        """Whether some policy changes a scale."""
        return any("map" in v["body"] for v in self.versions)

    @cached_property
    def _starts(self) -> list[date]:
        return sorted(v["in_force_on"] for v in self.versions)

    def _era(self, on: date) -> int:
        return bisect_right(self._starts, on)

    def resolve(self, place: frameworks.Place, school: str | None, on: date) -> Effective:
        """Return the policy that holds at a place on a day. Not remembered: see `holding`."""
        chain = self.chain(place, school, on)
        body = merged(chain)
        changes = self._scale_changes(place, school, on)
        # Places at which the same is asked share one answer: hundreds of targets are then one group for the kernel.
        alike = tuple(tuple(sorted(one.items())) for one in _asked(body, place))
        key = ("built", tuple(v["id"] for v in chain), alike, changes)
        found: Effective | None = self._answers.get(key)
        if found is None:
            found = self._answers[key] = replace(build(body, chain[-1], place), changes=changes)
        return found

    def chain(self, place: frameworks.Place, school: str | None, on: date) -> list[dict[str, Any]]:
        """Return the versions that speak at a place on a day, the one that speaks last at the end."""
        newest: dict[str, dict[str, Any]] = {}
        for version in self.versions:
            if version["in_force_on"] <= on and applies_to(version["applies"], place, school):
                kept = newest.get(version["name"])
                if kept is None or _rank(version) > _rank(kept):
                    newest[version["name"]] = version
        return sorted(newest.values(), key=lambda v: (weight(v["applies"]), v["in_force_on"], v["id"]))

    def _scale_changes(
        self, place: frameworks.Place, school: str | None, on: date
    ) -> tuple[ScaleChange, ...]:
        mapping = [
            v for v in self.versions
            if "map" in v["body"] and v["in_force_on"] <= on and applies_to(v["applies"], place, school)
        ]  # fmt: skip
        found = []
        for day in sorted({v["in_force_on"] for v in mapping}):
            before = self.chain(place, school, day - timedelta(days=1))
            after = merged(self.chain(place, school, day))
            if not before or same_levels(merged(before)["_scale"], after["_scale"]) or "map" not in after:
                continue
            since = max(v["recorded_sequence"] for v in mapping if v["in_force_on"] == day)
            found.append(ScaleChange(day, since, levels_of_map(after["map"])))
        return tuple(found)

    def until(self, day: date) -> Book:
        """Return the book without the versions that come into force on a day or later."""
        key = ("until", day)
        found: Book | None = self._answers.get(key)
        if found is None:
            earlier = tuple(v for v in self.versions if v["in_force_on"] < day)
            found = self._answers[key] = Book(earlier, self.settings)
        return found

    def known(self, through: int) -> Book:
        """Return the book without the versions that were taken in after a sequence of the ledger."""
        key = ("known", through)
        found: Book | None = self._answers.get(key)
        if found is None:
            taken = tuple(v for v in self.versions if v["recorded_sequence"] <= through)
            found = self._answers[key] = Book(taken, self.settings)
        return found

    def with_file(self, body: Mapping[str, Any], *, sequence: int) -> Book:
        """Return the book as it would be after a policy file: what an import writes, without writing it."""
        settings = {**self.settings, **{key: value for key, value in body.items() if key != "policy"}}
        for section in ("district", "pace", "response", "uncertainty"):
            settings[section] = {**DEFAULT[section], **settings.get(section, {})}
        return Book((*self.versions, *new_versions(self.versions, body, sequence=sequence)), settings)


def new_versions(
    versions: Sequence[Mapping[str, Any]], body: Mapping[str, Any], *, sequence: int
) -> list[dict[str, Any]]:
    """Return the versions that a policy file makes: of each policy that differs from its newest version."""
    newest: dict[str, Mapping[str, Any]] = {}
    for version in versions:
        kept = newest.get(version["name"])
        if kept is None or version["number"] > kept["number"]:
            newest[version["name"]] = version
    made = []
    last = max((v["id"] for v in versions), default=0)
    for policy in body.get("policy", []):
        full = {key: value for key, value in policy.items() if key not in ("name", "in_force", "applies")}
        if "scale" in policy:
            full["_scale"] = body["scales"][policy["scale"]]
        old = newest.get(policy["name"])
        version = {
            "id": last + len(made) + 1, "name": policy["name"], "number": (old["number"] if old else 0) + 1,
            "in_force_on": date.fromisoformat(policy["in_force"]), "applies": dict(policy.get("applies", {})), "body": full,
            "recorded_sequence": sequence,
        }  # fmt: skip
        if old is not None and all(old[key] == version[key] for key in ("in_force_on", "applies", "body")):
            continue
        newest[policy["name"]] = version
        made.append(version)
    return made


def merged(chain: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a chain of versions says together: each laid over those before it, but for what these lock."""
    found: dict[str, Any] = {}
    for version in chain:
        locked = locked_keys(found)
        body = {key: value for key, value in version["body"].items() if key not in locked}
        if "rule" in body:
            found = {key: found[key] for key in (*_KEPT, *locked) if key in found}
        if "_scale" in body:
            # A map belongs to the scale that it leads to.
            found.pop("map", None)
        found = {**found, **body}
    return found


def _rank(version: Mapping[str, Any]) -> tuple[date, int]:
    return version["in_force_on"], version["number"]


def locked_keys(body: dict[str, Any]) -> set[str]:
    """Return what a policy's `locked` keeps narrower policies from changing."""
    named = set(body.get("locked", ()))
    return named | {also for key in named for also in _LOCKED_WITH.get(key, ())}


def weight(applies: dict[str, Any]) -> int:
    """Return how much a policy says about where it applies."""
    return sum(_WEIGHT[key] for key in applies)


def applies_to(applies: dict[str, Any], place: frameworks.Place, school: str | None) -> bool:
    """Whether a policy's `applies` covers a target at a place, for students of a school."""
    if "school" in applies and applies["school"] != school:
        return False
    if "framework" in applies and applies["framework"] != place.framework:
        return False
    if "area" in applies:
        framework, _, code = applies["area"].rpartition(":")
        if code not in place.path or (framework and framework != place.framework):
            return False
    return True


def build(body: dict[str, Any], version: dict[str, Any], place: frameworks.Place) -> Effective:
    """Return the effective policy of a merged body at a place."""
    scale = body["_scale"]
    requirement, by_level = _asked(body, place)
    policy = Policy.from_mapping(
        {
            "rule": body["rule"],
            "parameters": body.get("parameters", {}),
            "order": body.get("order", "observed"),
            "same_attempt": body.get("same_attempt", "mean"),
            "requirement": requirement,
            "requirement_by_level": by_level,
            "kinds": body.get("kinds"),
            "parent": body.get("parent", {}),
            "complete": body.get("complete"),
            "growth": body.get("growth"),
            "cut": body.get("cut", scale.get("cut", "reach")),
            "scale": scale,
        }
    )
    return Effective(
        version_id=version["id"],
        name=version["name"],
        number=version["number"],
        in_force_on=version["in_force_on"],
        scale_key=body.get("scale", ""),
        scale=scale,
        policy=policy,
        requirement=requirement,
        alike=replace(policy, requirement=Requirement(), pieces_by_level=()),
        body=body,
    )


def _asked(body: dict[str, Any], place: frameworks.Place) -> tuple[dict[str, int], dict[str, int]]:
    """Return what a policy asks for at a place, and the pieces that it asks for by level."""
    requirement = {**body.get("requirement", {}), **place.requirement}
    return requirement, _pieces_by_level(body, place, requirement)


def _pieces_by_level(
    body: dict[str, Any], place: frameworks.Place, requirement: dict[str, int]
) -> dict[str, int]:
    """Return the pieces asked at each level of the continuum: the entry nearest to the target speaks."""
    told = body.get("requirement_by_level")
    if told is None:
        return {}
    named: list[tuple[int, dict[str, int]]] = []
    for key, value in told.items():
        framework, _, code = key.rpartition(":")
        if key != "default" and code in place.path and framework in ("", place.framework):
            named.append((place.path.index(code), value))
    nearest = max(named, key=lambda one: one[0])[1] if named else {}
    return {"default": told.get("default", requirement.get("pieces", 1)), **nearest}


Stamp = tuple[tuple[int, str, int], ...]

# What this thread saw last, so that a rule asked for with every viewer costs no statement of its own.
_seen = threading.local()


def stamps() -> tuple[Stamp, frameworks.Stamp]:
    """Return what changes when configuration changes, and when any continuum does: one statement, which every request asks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, c.digest, "  # noqa: S608  put together of our own texts, no word of it from outside
            "(SELECT COALESCE(MAX(p.id), 0) FROM headway_policyversion p WHERE p.configuration_id = c.id), NULL "
            "FROM headway_configuration c WHERE NOT c.withdrawn "
            f"UNION ALL SELECT f.id, NULL, NULL, f.revision FROM ({frameworks.REVISIONS}) f ORDER BY 1"
        )
        rows = cursor.fetchall()
    own = tuple((row[0], row[1], row[2]) for row in rows if row[1] is not None)
    return own, frameworks.stamped((row[0], row[3]) for row in rows if row[1] is None)


def forget() -> None:
    """Drop what was remembered of the configuration: after an import in this process."""
    _book.cache_clear()


def book(through: int | None = None) -> Book:
    """Return the policy book as known by a sequence of the ledger (None: now)."""
    name = connection.settings_dict["NAME"]
    found = _book(name, *stamps(), through)
    if through is None:
        _seen.book = (name, found)
    return found


def remembered_book() -> Book:
    """Return the book that this thread saw last; asks only where it never did. Every request asks once at its beginning."""
    name, found = getattr(_seen, "book", (None, None))
    return found if found is not None and name == connection.settings_dict["NAME"] else book()


@lru_cache(maxsize=16)
def _book(_database: str, _stamp: Stamp, _frameworks: object, through: int | None) -> Book:
    configurations = Configuration.objects.filter(withdrawn=False)
    policies = PolicyVersion.objects.filter(withdrawn=False).select_related("configuration")
    if through is not None:
        configurations = configurations.filter(recorded_sequence__lte=through)
        policies = policies.filter(recorded_sequence__lte=through)
    settings = dict(DEFAULT)
    for configuration in configurations.order_by("id"):
        settings.update({key: value for key, value in configuration.body.items() if key != "policy"})
        settings["district"] = {**DEFAULT["district"], **settings["district"]}
    for section in ("pace", "response", "contact", "notices", "rights", "uncertainty"):
        settings[section] = {**DEFAULT[section], **settings.get(section, {})}
    zone = ZoneInfo(settings["district"]["zone"])
    versions = [
        {
            "id": p.id,
            "name": p.name,
            "number": p.number,
            "in_force_on": p.in_force_on,
            "applies": p.applies,
            "body": p.body,
            "recorded_sequence": p.recorded_sequence,
            "recorded_on": p.configuration.recorded_at.astimezone(zone).date(),
        }
        for p in policies.order_by("id")
    ]
    if not any(not v["applies"] for v in versions):
        versions.insert(0, _default_version())
    return Book(tuple(versions), settings)


def _default_version() -> dict[str, Any]:
    # A ledger that is asked for a time before its first policy still answers, by the rule that holds from the first day.
    first = PolicyVersion.objects.filter(name="start").values_list("id", flat=True).first() or 0
    body = {**DEFAULT["policy"][0], "_scale": DEFAULT["scales"]["four"]}
    return {
        "id": first,
        "name": "start",
        "number": 1,
        "in_force_on": date(1900, 1, 1),
        "applies": {},
        "body": body,
        "recorded_sequence": 0,
    }


@dataclass(frozen=True)
class Calendar:
    """The instructed days of the district: weekdays inside its sessions, minus breaks."""

    sessions: tuple[tuple[date, date, tuple[tuple[date, date], ...]], ...]

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Calendar:
        day = date.fromisoformat
        return cls(
            tuple(
                (day(c["starts"]), day(c["ends"]), tuple((day(a), day(b)) for a, b in c.get("breaks", [])))
                for c in settings.get("calendar", [])
            )
        )

    def days(self, after: date, through: date) -> int:
        """Return the number of instructed days after one day up to and with another; every weekday where no session is set."""
        count, day = 0, after + timedelta(days=1)
        while day <= through:
            count += self.instructed(day)
            day += timedelta(days=1)
        return count

    def weeks(self, after: date, through: date) -> float:
        """Return instructed weeks of five days."""
        return self.days(after, through) / 5

    def instructed(self, day: date) -> bool:
        """Whether a day is instructed."""
        if day.weekday() > 4:
            return False
        if not self.sessions:
            return True
        return any(
            a <= day <= b and not any(c <= day <= d for c, d in breaks) for a, b, breaks in self.sessions
        )


def as_of_us(as_of: date | None, zone: ZoneInfo, now: datetime) -> int:
    """Return the instant, in microseconds, before which evidence counts: the end of the day in the school's zone."""
    from headway.kit.times import end_of_day, micros

    return micros(now) + 1 if as_of is None else micros(end_of_day(as_of, zone))
