"""What there is to say to one person: asked of the packages below, about those whom the person may see today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from headway.access.types import Role, Viewer
from headway.contact import queries as contact
from headway.contact.types import HOME, SCHOOL, STUDENT
from headway.evidence import queries as evidence
from headway.evidence.types import AWAY, OFFERED
from headway.notices import types
from headway.notices.types import AT_WORK, Line
from headway.report_cards import queries as report_cards
from headway.reports import queries as reports
from headway.rosters import queries as rosters

LONGEST_BACK = timedelta(days=7)
"""Nobody is told what is older than this: not after holidays, and not who has just come to see a student."""
OLDEST_WORK = timedelta(days=60)
"""A rating of work older than this came by an import, and is no news."""


@dataclass(frozen=True, slots=True)
class Span:
    """Since when, and up to when, something is new: instants, the end of the ledger then, days looked ahead to."""

    since: datetime
    after: int
    at: datetime
    today: date
    ahead_from: date
    ahead_to: date

    def falls_due(self, on: date | None, known_at: datetime | None = None) -> bool:
        """Whether a day lies ahead near enough, and was not said before."""
        if on is None or not self.today <= on <= self.ahead_to:
            return False
        return on >= self.ahead_from or (known_at is not None and known_at > self.since)


def lines(viewer: Viewer, span: Span, *, without: Iterable[str]) -> list[Line]:
    """Return what is new for a person, feedback first. At most 18 statements."""
    found = [*_at_home(viewer, span), *_at_work(viewer, span), *_reports(viewer, span)]
    kept = [line for line in found if line.kind not in set(without) and line.n]
    return sorted(kept, key=lambda line: types.KINDS.index(line.kind))


def readable(viewer: Viewer, said: Iterable[Line]) -> list[Line]:
    """Return the lines about whom the person may see today: asked again whenever something is shown or sent."""
    home, leads = _whose(viewer), viewer.is_a(*types.LEADS)

    def may(line: Line) -> bool:
        if line.student is not None:
            return line.student in home
        return leads if line.kind == types.REPORTS else bool(viewer.classes)

    return [line for line in said if may(line)]


def _whose(viewer: Viewer) -> set[int]:
    own = {viewer.person_id} if viewer.person_id is not None and viewer.is_a(Role.STUDENT) else set()
    return {*viewer.children, *own}


def _at_home(viewer: Viewer, span: Span) -> list[Line]:
    """Return what is new about the children in care, and about oneself."""
    students = sorted(_whose(viewer))
    if not students:
        return []
    feedback = evidence.feedback_since(
        students=students, after=span.after, observed_from=span.at - OLDEST_WORK
    )
    found = [Line(types.FEEDBACK, n, student) for student, n in feedback.items()]
    asked = [one.student for one in evidence.requests_of(students=students) if _since(one.answered_at, span)]
    found += _counted(types.ANSWERED, asked)
    if viewer.children and viewer.person_id is not None:
        waiting = contact.messages_since(
            students=sorted(viewer.children), home=True, since=span.since, guardian=viewer.person_id
        )
        found += [Line(types.MESSAGES, n, student) for student, n in waiting.items()]
    issued = report_cards.issued_since(students=students, since=span.since)
    found += [Line(types.CARD, n, student) for student, n in issued.items()]
    held = contact.conferences_since(students=students, since=span.since)
    found += [Line(types.CONFERENCE, 1, student, day) for student, day in held.items()]
    agreed = contact.agreements_due(
        students=students, who=(HOME, STUDENT), first=max(span.today, span.ahead_from), last=span.ahead_to
    )
    found += [Line(types.AGREED, len(days), student, days[-1]) for student, days in agreed.items()]
    due: dict[int, list[date]] = {}
    for chance in evidence.chances_of(students, states=(OFFERED, AWAY)):
        if chance.due_on is not None and span.falls_due(chance.due_on, chance.given_at):
            due.setdefault(chance.student, []).append(chance.due_on)
    return found + [Line(types.DUE, len(days), student, max(days)) for student, days in due.items()]


def _at_work(viewer: Viewer, span: Span) -> list[Line]:
    """Return what is new in the classes that the person teaches, all students together."""
    if not viewer.classes:
        return []
    school = viewer.at_school()
    members = rosters.members(class_ids=viewer.classes, as_of=span.today, viewer=viewer)
    students = sorted(
        rosters.visible_ids(
            school, person_ids={one for own in members.values() for one in own}, as_of=span.today
        )
    )
    if not students:
        return []
    work = sum(one.handed_in_at > span.since for one in evidence.waiting(students))
    asked = sum(one.asked_at > span.since for one in evidence.open_requests(students=students))
    written = sum(contact.messages_since(students=students, home=False, since=span.since).values())
    agreed = contact.agreements_due(
        students=students, who=(SCHOOL,), first=max(span.today, span.ahead_from), last=span.ahead_to
    )
    days = [day for own in agreed.values() for day in own]
    return [
        Line(types.HANDED_IN, work), Line(types.ASKED, asked), Line(types.MESSAGES, written),
        Line(types.AGREED, len(days), None, max(days, default=None)),
    ]  # fmt: skip


def _reports(viewer: Viewer, span: Span) -> list[Line]:
    """Return that sets of reports came, for those whom they are for."""
    if not viewer.is_a(*types.LEADS):
        return []
    days = reports.delivered_since(since=span.since, district=viewer.is_a(Role.DISTRICT))
    return [Line(types.REPORTS, len(days), None, days[-1])] if days else []


def _since(at: datetime | None, span: Span) -> bool:
    return at is not None and at > span.since


def _counted(kind: str, students: Iterable[int]) -> list[Line]:
    listed = list(students)
    return [Line(kind, listed.count(one), one) for one in dict.fromkeys(listed)]


def kinds_for(viewer: Viewer) -> tuple[str, ...]:
    """Return the kinds of notices that a person can get, in the order in which they are said."""
    home = set(types.KINDS) - {types.HANDED_IN, types.ASKED, types.REPORTS} if _whose(viewer) else set()
    if not viewer.children:
        home -= {types.MESSAGES}
    work = set(AT_WORK) if viewer.classes else set()
    leads = {types.REPORTS} if viewer.is_a(*types.LEADS) else set()
    return tuple(kind for kind in types.KINDS if kind in home | work | leads)
