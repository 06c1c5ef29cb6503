"""What crosses the border of access."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
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


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks or acts, with the scopes that hold today.

    `person` is the roster's person (None for an account without one); `roles` hold today; the sets of integer keys
    are filled by `rosters`: `schools` where the viewer leads, `classes` that the viewer teaches,
    `standing_in` those of whose teacher they take the place today, `children` in care,
    `own` the viewer's own student record. `token_scopes` is None for a browser session.
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
    token_scopes: frozenset[str] | None = None
    today: date = field(default=date.min)

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
