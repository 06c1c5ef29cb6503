"""What crosses the border of access."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Role(StrEnum):
    """What a person is to the district. One person may be several."""

    STUDENT = "student"
    FAMILY = "family"
    TEACHER = "teacher"
    ADVISOR = "advisor"
    COACH = "coach"
    PRINCIPAL = "principal"
    DISTRICT = "district"
    SUPPORT = "support"


LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without look-alikes: first passwords and the codes of slips are read from paper."""

PICTURES = (
    "sun", "moon", "star", "heart", "house", "tree", "fish", "boat", "cup", "key", "ball", "flower",
)  # fmt: skip
"""The pictures of which a child's secret is made; each has its drawing in `pages/parts/_picture.html`."""


@dataclass(frozen=True, slots=True)
class Device:
    """An open class device, as a request finds it. `opened_by` is the teacher's person; `student` is the child at it now.

    `visit` is the row key of that child's visit; both are None where nobody is signed in there.
    """

    uuid: UUID
    school_class: UUID
    opened_by: UUID
    label: str
    ends_at: datetime
    visit: int | None = None
    student: UUID | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks or acts, with the scopes that hold today.

    `person` is the roster's person (None for an account without one); `roles` hold today; the sets of integer keys
    are filled by `rosters`: `schools` where the viewer leads, `classes` that the viewer teaches,
    `standing_in` those of whose teacher they take the place today, `children` in care,
    `own` the viewer's own student record, `kept_from` the students whom a restriction keeps apart from the viewer.
    `token_scopes` is None for a browser session. `device` is set for a browser that is open as a class device: it has no
    account and no role, and reads as signed out everywhere but on the device's pages. `record` is the row that `rosters` has
    of the person, for pages about the viewer.
    """

    account: UUID | None = None
    person: UUID | None = None
    person_id: int | None = None
    name: str = ""
    language: str = "en"
    roles: frozenset[Role] = frozenset()
    schools: frozenset[int] = frozenset()
    classes: frozenset[int] = frozenset()
    standing_in: frozenset[int] = frozenset()
    children: frozenset[int] = frozenset()
    kept_from: frozenset[int] = frozenset()
    token_scopes: frozenset[str] | None = None
    today: date = field(default=date.min)
    device: Device | None = None
    record: Any = field(default=None, compare=False, repr=False)

    @property
    def anonymous(self) -> bool:
        return self.account is None

    def at_school(self) -> Viewer:
        """Return the viewer without what family and an own record open: what an adult may do because of the work at school.

        A teacher whose child attends another class reads about the child as its family does, and rates and decides nothing.
        """
        return replace(self, roles=self.roles - {Role.FAMILY, Role.STUDENT}, children=frozenset())

    def is_a(self, *roles: Role) -> bool:
        """Whether the viewer holds any of `roles` today."""
        return not self.roles.isdisjoint(roles)


SYSTEM = Viewer(account=UUID(int=0), name="system", roles=frozenset({Role.DISTRICT}))
"""The command line and the demonstration act as this viewer; it has no account to sign in with."""
