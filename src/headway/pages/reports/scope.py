"""Which reports an address may name, and what of them a reader sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headway.access.types import Role, Viewer
from headway.reports import queries as reports
from headway.reports.types import Report, Set
from headway.rosters import queries as rosters


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the schools (Org) whose figures they see beside the district's; `all` for the district itself."""

    schools: list[Any]
    all: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """One report, and who reads it."""

    report: Report
    reader: Reader


@dataclass(frozen=True, slots=True)
class SetSubject:
    """One set of reports as it stands now, and who reads it."""

    set: Set
    reader: Reader


def reader(viewer: Viewer, **_: Any) -> Reader:
    """Return whose figures the viewer sees; nobody's for people of other roles, whom the door then turns away."""
    return Reader(rosters.schools_led(viewer=viewer), viewer.is_a(Role.DISTRICT))


def report(viewer: Viewer, name: str, **_: Any) -> Subject | None:
    """Return the report of this name, None where there is none; for people of other roles something, so that the door speaks."""
    found = reports.every_report().get(name)
    if found is None and viewer.is_a(Role.PRINCIPAL, Role.DISTRICT):
        return None
    return Subject(found or next(iter(reports.REPORTS.values())), reader(viewer))


def own(viewer: Viewer, name: str, **_: Any) -> Subject | None:
    """Return a report of the district's own, also one that is withdrawn; for people of other roles something, as above."""
    found = reports.find_own(name)
    if found is None and viewer.is_a(Role.DISTRICT):
        return None
    return Subject(found or next(iter(reports.REPORTS.values())), reader(viewer))


def set_(viewer: Viewer, name: str, **_: Any) -> SetSubject | Reader | None:
    """Return a set: all for the district, for who leads a school what is for schools; for others something, as above."""
    if not viewer.is_a(Role.PRINCIPAL, Role.DISTRICT):
        return reader(viewer)
    found = reports.sets(withdrawn=True).get(name)
    district = viewer.is_a(Role.DISTRICT)
    if found is None or not (district or (found.for_schools and not found.withdrawn)):
        return None
    return SetSubject(found, reader(viewer))
