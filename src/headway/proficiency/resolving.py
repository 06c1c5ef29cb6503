"""From the words of a row to what they name: who may rate whom, on what, and within which scale."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from headway.access.types import Role, Viewer
from headway.evidence.queries import Held, References, RowReader, ratings_by_key
from headway.evidence.types import RatingEntry
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.kit.times import from_micros
from headway.proficiency.working import Moment, schools_of
from headway.rosters import queries as rosters
from headway.science.codes import Kind, Purpose, Status

ADULTS = (Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL, Role.DISTRICT)
LEADING = (Role.COACH, Role.PRINCIPAL, Role.DISTRICT)


def kinds_allowed(actor: Viewer) -> frozenset[Kind]:
    """Return the kinds of rating that the actor's roles may record."""
    if actor.is_a(Role.DISTRICT):
        return frozenset(Kind)
    found: set[Kind] = set()
    if actor.is_a(*ADULTS):
        found |= {Kind.TEACHER, Kind.PANEL}
    if actor.is_a(*LEADING):
        found.add(Kind.MODERATED)
    if actor.is_a(Role.STUDENT):
        found.add(Kind.SELF)
    return frozenset(found)


def _beyond_a_level(entry: RatingEntry) -> str:
    """Return the first column with which a rating would be more than a level of one's own, or nothing."""
    found = {
        "override": entry.override,
        "status": entry.status != Status.RATED,
        "purpose": entry.purpose not in (Purpose.EVIDENCE, Purpose.PRACTICE),
        "replaces": entry.replaces,
        "held": entry.held,
        "by_default": entry.by_default,
        "recorded_at": entry.recorded_us is not None,
        "continuum_level": entry.continuum_level is not None,
        "language": entry.language,
    }
    return next((name for name, more in found.items() if more), "")


Check = Callable[[Moment, Sequence[RatingEntry | Held], Collection[str] | None], Sequence[Finding]]
_CHECKS: list[Check] = []


def register_check(check: Check) -> Check:
    """Register a function with which a higher package refuses ratings.

    It answers with a fault for each, whose `line` counts the entries from 0. Its third argument is None where ratings are
    recorded; after a correction its second is how they stand then, and its third the keys that may not have been corrected.
    """
    if check not in _CHECKS:
        _CHECKS.append(check)
    return check


def refuse_misfits(m: Moment, keys: Sequence[str], *, corrected: Collection[str] | None = None) -> None:
    """Refuse a correction after which a rating would not fit; `corrected` are the keys that it took away or changed (None:
    all of them)."""
    rows = list(ratings_by_key(keys=keys).values())
    named = keys if corrected is None else corrected
    findings = [
        replace(one, line=None, column="key", value=one.value or rows[one.line or 0].key)
        for check in _CHECKS
        for one in check(m, rows, named)
    ]
    if findings:
        raise Refusal(findings[0].code, findings[0].message, findings)


class Resolver:
    """Reads the rows of one save: `entries` of the sound ones, `findings` for every fault."""

    def __init__(
        self,
        m: Moment,
        *,
        actor: Viewer,
        now: datetime,
        file: str | None = None,
        lines: Sequence[int] | None = None,
    ) -> None:
        self.m, self.actor, self.now, self.file, self.lines = m, actor, now, file, lines
        self.findings: list[Finding] = []
        self.line_of: dict[str, int] = {}
        self.people: dict[str, tuple[int, UUID]] = {}
        self._targets: dict[tuple[str, date], tuple[int, UUID] | Finding] = {}
        self._stamp = frameworks.remembered_stamp()

    def read(self, rows: Sequence[Mapping[str, Any]]) -> list[RatingEntry]:
        """Return the entries of the rows, in order; none of a row with a fault."""
        self.people = rosters.people_references(sourced_ids=self._named(rows, "student", "rater"))
        visible = self._visible(rows)
        students = {name: self.people[name] for name in visible}
        raters = self.people if self.actor.is_a(Role.DISTRICT) else self._own()
        reader = RowReader(
            references=References(student=students, rater=raters, target=self._target),
            zone=self.m.zone, now=self.now, file=self.file, lines=self.lines,
        )  # fmt: skip
        entries = reader.read(rows)
        self.findings, self.line_of = reader.findings, reader.line_of
        entries = [self._with_rater(entry) for entry in entries]
        self._check(entries, reader)
        return entries

    def _named(self, rows: Sequence[Mapping[str, Any]], *columns: str) -> set[str]:
        named = {
            str(row[name]).strip() for row in rows for name in columns if row.get(name) not in (None, "")
        }
        # Half of a character is nobody's name, and no database can be asked for it.
        return {name for name in named if name.isascii() or name.encode("utf-8", "ignore").decode() == name}

    def _visible(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        named = [name for name in self._named(rows, "student") if name in self.people]
        ids = [self.people[name][0] for name in named]
        seen = rosters.visible_ids(self.actor, person_ids=ids, as_of=self.m.day)
        return [name for name in named if self.people[name][0] in seen]

    def _own(self) -> dict[str, tuple[int, UUID]]:
        own = self.actor.person_id
        return {name: found for name, found in self.people.items() if found[0] == own}

    def _with_rater(self, entry: RatingEntry) -> RatingEntry:
        if entry.rater is not None or self.actor.person_id is None:
            return entry
        return replace(entry, rater=self.actor.person_id, rater_uuid=self.actor.person)

    def _target(self, text: str, observed: datetime) -> tuple[int, UUID] | Finding:
        day = observed.astimezone(self.m.zone).date()
        key = (text, day)
        if key not in self._targets:
            found = frameworks.find_targets([text], on=day, at=self._stamp)[text]
            self._targets[key] = found if isinstance(found, Finding) else (found.id, found.uuid)
        return self._targets[key]

    def _check(self, entries: list[RatingEntry], reader: RowReader) -> None:
        allowed = kinds_allowed(self.actor)
        grown = self.actor.is_a(*ADULTS)
        schools = schools_of(self.m, (entry.student for entry in entries))
        for entry in entries:
            line = reader.line_of[entry.key]
            if Kind(entry.kind) not in allowed:
                self._fault(line, "kind_not_allowed", "kind", Kind(entry.kind).word,
                            "Your role does not record ratings of this kind.")  # fmt: skip
            elif not grown and (more := _beyond_a_level(entry)):
                self._fault(line, "not_for_students", more, None,
                            "A student's own rating carries a level and nothing else.")  # fmt: skip
            self._on_scale(entry, line, schools[entry.student])
        for check in _CHECKS:
            self.findings += [
                replace(one, file=self.file, line=reader.line_of[entries[one.line or 0].key])
                for one in check(self.m, entries, None)
            ]

    def _on_scale(self, entry: RatingEntry, line: int, school: str | None) -> None:
        day = from_micros(entry.observed_us).astimezone(self.m.zone).date()
        effective = self.m.book.effective(node=entry.target, school=school, on=day)
        levels = [round(level["value"] * 100) for level in effective.scale["levels"]]
        step = max(1, round(effective.scale.get("step", 1) * 100))
        if entry.level is not None and not (
            levels[0] <= entry.level <= levels[-1] and (entry.level - levels[0]) % step == 0
        ):
            self._fault(
                line, "outside_scale", "level", f"{entry.level / 100:g}",
                Sentence(
                    "The scale of this target goes from %(lowest)s to %(highest)s in steps of %(step)s.",
                    lowest=f"{levels[0] / 100:g}", highest=f"{levels[-1] / 100:g}", step=f"{step / 100:g}",
                ),
            )  # fmt: skip
        if entry.continuum_level is not None and (entry.continuum_level <= 0 or entry.continuum_level % 100):
            self._fault(line, "out_of_range", "continuum_level", f"{entry.continuum_level / 100:g}",
                        "A level on the continuum is a whole number from 1.")  # fmt: skip

    def _fault(self, line: int, code: str, column: str, value: str | None, message: str) -> None:
        self.findings.append(Finding(code, message, self.file, line, column, value))
