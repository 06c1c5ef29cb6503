"""Roles and care that a roster says: grants by role and organization, and who cares for whom."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Any

from django.db.models import Q

from headway.access.types import Role
from headway.kit.refusals import Sentence
from headway.rosters.applying import Work, end_spans, keys_of
from headway.rosters.models import ROSTER, Guardianship, Org, Person, RoleGrant
from headway.rosters.recording import BATCH, parts, windows
from headway.rosters.types import BULK
from headway.rosters.visibility import not_over

LONG_AGO = date(1900, 1, 1)


def apply_grants(work: Work) -> None:
    """Give and end the roles that the roster says; a file never makes an administrator."""
    for part in parts(groupby_person(work.staged.rows("grants")), BATCH):
        _give(work, [row for rows in part for row in rows])
    if work.staged.modes["grants"] == BULK:
        _end_missing_grants(work, RoleGrant.objects.filter(not_over(work.day), source=ROSTER))
    elif work.staged.grants_by_person:
        for part in parts(row.sourced_id for row in work.staged.rows("persons")):
            listed = RoleGrant.objects.filter(not_over(work.day), source=ROSTER, person__sourced_id__in=part)
            _end_missing_grants(work, listed)


def groupby_person(rows: Iterable[Any]) -> Iterable[list[Any]]:
    """Return the rows of each person together."""
    for _person, own in groupby(rows, key=lambda row: row.person):
        yield list(own)


def _give(work: Work, rows: list[Any]) -> None:
    tally = work.tally("grants")
    people = keys_of(Person, (row.person for row in rows))
    orgs = {one.sourced_id: one for one in Org.objects.filter(sourced_id__in={row.org for row in rows})}
    held: dict[tuple[int, str, int | None], RoleGrant] = {}
    for part in parts(people.values()):
        for grant in RoleGrant.objects.filter(not_over(work.day), person_id__in=part, source=ROSTER):
            held[(grant.person_id, grant.role, grant.org_id)] = grant
    made: dict[tuple[int, str, int | None], RoleGrant] = {}
    changed, gone = [], []
    for row in rows:
        if not row.role or row.person not in people or row.org not in orgs:
            continue
        key = (people[row.person], row.role, orgs[row.org].id)
        if row.deleted:
            gone += [held[key]] if key in held else []
        elif key in held:
            changed += _redated(work, held[key], row)
        elif key not in made and _may(work, row, orgs[row.org]):
            starts_on = row.starts_on or (LONG_AGO if work.first else work.day)
            made[key] = RoleGrant(
                person_id=key[0],
                role=row.role,
                org_id=key[2],
                starts_on=starts_on,
                ends_on=row.ends_on,
                source=ROSTER,
            )
    work.changes.make(list(made.values()))
    work.changes.change(changed)
    work.show("grants", "new", made.values())
    tally.new += len(made)
    end_spans(work, "grants", gone)


def _redated(work: Work, grant: RoleGrant, row: Any) -> list[RoleGrant]:
    starts_on = row.starts_on or grant.starts_on
    if (grant.starts_on, grant.ends_on) == (starts_on, row.ends_on):
        work.tally("grants").unchanged += 1
        return []
    work.changes.before(grant)
    grant.starts_on, grant.ends_on = starts_on, row.ends_on
    work.tally("grants").changed += 1
    work.show("grants", "changed", [grant])
    return [grant]


def _may(work: Work, row: Any, org: Org) -> bool:
    if row.role != Role.PRINCIPAL:
        return True
    file = work.file("grants")
    if org.kind != "school":
        work.warn(
            "leads_no_school",
            "A school's leader must belong to a school; the role gives nothing.",
            file,
            row.line,
            "role",
            row.person,
        )
        return False
    work.warn(
        "leads_school",
        Sentence("Becomes a leader of %(name)s and sees its students.", name=org.name),
        file,
        row.line,
        "role",
        row.person,
    )
    return True


def _end_missing_grants(work: Work, rows: Any) -> None:
    for window in windows(rows, "person__sourced_id", "org__sourced_id", "role"):
        said = work.staged.grants_of({one[1] for one in window})
        gone = [one[0] for one in window if (one[1], one[2], one[3]) not in said]
        for part in parts(gone):
            end_spans(work, "grants", RoleGrant.objects.filter(pk__in=part))


def apply_links(work: Work) -> None:
    """Make, renew and end guardianships as students' and guardians' rows list them."""
    for part in parts(work.staged.rows("links"), BATCH):
        _link(work, part)
    if work.staged.modes["links"] == BULK:
        _unlink(work, Guardianship.objects.filter(not_over(work.day), source=ROSTER), whole=True)
        return
    for part in parts(row.sourced_id for row in work.staged.rows("persons")):
        listed = Q(student__sourced_id__in=part) | Q(guardian__sourced_id__in=part)
        _unlink(work, Guardianship.objects.filter(not_over(work.day), listed, source=ROSTER), whole=False)


def _link(work: Work, rows: list[Any]) -> None:
    people = keys_of(Person, [row.person for row in rows] + [row.agent for row in rows])
    roles: dict[int, set[str]] = {}
    for part in parts(people.values()):
        grants = RoleGrant.objects.filter(not_over(work.day), person_id__in=part)
        for person_id, role in grants.values_list("person_id", "role"):
            roles.setdefault(person_id, set()).add(role)
    said = work.staged.said_roles(people)
    pairs: dict[tuple[int, int], tuple[set[str], str]] = {}
    for row in rows:
        own, other = people[row.person], people[row.agent]
        if Role.STUDENT in roles.get(own, ()) and Role.FAMILY in roles.get(other, ()):
            pairs.setdefault((own, other), (set(), said.get(row.agent, "guardian")))[0].add("by_student")
        elif Role.FAMILY in roles.get(own, ()) and Role.STUDENT in roles.get(other, ()):
            pairs.setdefault((other, own), (set(), said.get(row.person, "guardian")))[0].add("by_guardian")
        else:
            work.warn(
                "agent_not_used",
                "The two are not a student and a parent, guardian or relative: no care follows "
                "from this link; add it by hand where it is meant.",
                work.file("links"),
                row.line,
                "agentSourcedIds",
                row.agent,
            )
    _write_pairs(work, pairs)


def _write_pairs(work: Work, pairs: dict[tuple[int, int], tuple[set[str], str]]) -> None:
    tally = work.tally("links")
    held: dict[tuple[int, int], Guardianship] = {}
    for part in parts(sorted({student for student, _ in pairs})):
        held.update(
            {
                (one.student_id, one.guardian_id): one
                for one in Guardianship.objects.filter(student_id__in=part)
            }
        )
    made, changed = [], []
    for pair, (sides, relation) in pairs.items():
        one = held.get(pair)
        if one is None:
            starts_on = None if work.first else work.day
            made.append(
                Guardianship(
                    student_id=pair[0],
                    guardian_id=pair[1],
                    relation=relation,
                    starts_on=starts_on,
                    by_student="by_student" in sides,
                    by_guardian="by_guardian" in sides,
                )
            )
            continue
        over = one.ends_on is not None and one.ends_on <= work.day
        if one.source != ROSTER or (
            not over and one.relation == relation and all(getattr(one, s) for s in sides)
        ):
            tally.unchanged += 1
            continue
        work.changes.before(one)
        one.relation, one.ends_on = relation, None if over else one.ends_on
        for side in sides:
            setattr(one, side, True)
        tally.reactivated += over
        tally.changed += not over
        work.show("links", "reactivated" if over else "changed", [one])
        changed.append(one)
    work.changes.make(made)
    work.changes.change(changed)
    work.show("links", "new", made)
    tally.new += len(made)


def _unlink(work: Work, rows: Any, *, whole: bool) -> None:
    columns = ("student__sourced_id", "guardian__sourced_id", "by_student", "by_guardian")
    for window in windows(rows, *columns):
        people = {one[1] for one in window} | {one[2] for one in window}
        listed, said = work.staged.holds("persons", people), work.staged.links_of(people)
        gone: list[int] = []
        silent: dict[int, dict[str, bool]] = {}
        for key, student, guardian, by_student, by_guardian in window:
            unsaid = {}
            if by_student and (whole or student in listed) and (student, guardian) not in said:
                unsaid["by_student"] = False
            if by_guardian and (whole or guardian in listed) and (guardian, student) not in said:
                unsaid["by_guardian"] = False
            if unsaid:
                silent[key] = unsaid
        for part in parts(silent):
            gone += _silence(work, Guardianship.objects.filter(pk__in=part), silent)
        for part in parts(gone):
            end_spans(work, "links", Guardianship.objects.filter(pk__in=part))


def _silence(work: Work, rows: Any, silent: dict[int, dict[str, bool]]) -> list[int]:
    """Take back the sides that no longer list the link; return the links that no side lists."""
    changed, gone = [], []
    for one in rows:
        work.changes.before(one)
        for side, value in silent[one.pk].items():
            setattr(one, side, value)
        changed.append(one)
        if not (one.by_student or one.by_guardian):
            gone.append(one.pk)
    work.changes.change(changed)
    return gone
