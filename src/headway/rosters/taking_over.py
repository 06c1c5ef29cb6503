"""A roster meets a year that was rolled: what the file brings under its own sourcedId takes the rolled row over.

So neither classes nor people are there twice, and what was set by hand on a class stays. What no row of the file takes
over is a row like any other: a bulk file that leaves it out ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from headway.rosters.applying import ROLLED, Work, keys_of
from headway.rosters.models import Enrollment, SchoolClass, Term
from headway.rosters.recording import parts


def take_over(work: Work, kind: str) -> None:
    """Give rolled sessions, classes and enrollments the sourcedIds under which the file brings the same."""
    pairs = {"terms": _terms, "classes": _classes, "enrollments": _enrollments}.get(kind)
    if pairs is None:
        return
    changed = []
    for sourced_id, one in pairs(work):
        work.changes.before(one)
        one.sourced_id = sourced_id
        changed.append(one)
    for part in parts(changed):
        work.changes.change(part)


def _rolled(model: Any) -> Any:
    return model.objects.filter(active=True, sourced_id__startswith=ROLLED)


def _fresh(work: Work, kind: str, model: Any) -> Iterable[Any]:
    """Return the rows of the file that the records do not hold."""
    for rows in parts(work.staged.rows(kind)):
        known = keys_of(model, (row.sourced_id for row in rows))
        yield from (row for row in rows if not row.deleted and row.sourced_id not in known)


def _terms(work: Work) -> Iterable[tuple[str, Term]]:
    """Pair sessions of one kind and year in order of time, where there are as many here as there."""
    rolled: dict[Hashable, list[Term]] = {}
    for one in _rolled(Term).order_by("starts_on", "ends_on", "id"):
        rolled.setdefault((one.kind, one.school_year), []).append(one)
    if not rolled:
        return []
    fresh: dict[Hashable, list[Any]] = {}
    for row in sorted(
        _fresh(work, "terms", Term), key=lambda row: (row.starts_on, row.ends_on, row.sourced_id)
    ):
        fresh.setdefault((row.kind, row.school_year), []).append(row)
    return [
        (row.sourced_id, one)
        for key, ones in rolled.items()
        if len(fresh.get(key, ())) == len(ones)
        for row, one in zip(fresh[key], ones, strict=True)
    ]


def _classes(work: Work) -> Iterable[tuple[str, SchoolClass]]:
    """Pair classes of a rolled year in one school by their code, else by their title, where each is the only one."""
    rolled = list(_rolled(SchoolClass).select_related("school").order_by("id"))
    if not rolled:
        return []
    years = set(_rolled_years())
    rows = list(_fresh(work, "classes", SchoolClass))
    held = Term.objects.filter(sourced_id__in={term for row in rows for term in row.terms})
    of_year = {one.sourced_id for one in held if one.school_year in years}
    rows = [row for row in rows if of_year.intersection(row.terms)]
    found: list[tuple[str, SchoolClass]] = []
    for said in (
        lambda school, one: (school, one.code) if one.code else None,
        lambda school, one: (school, one.title.casefold()),
    ):
        pairs = _only(rows, lambda row, said=said: said(row.school, row), rolled,
                      lambda one, said=said: said(one.school.sourced_id, one))  # fmt: skip
        found += [(row.sourced_id, one) for row, one in pairs]
        taken = {id(row) for row, _ in pairs}
        rows = [row for row in rows if id(row) not in taken]
        rolled = [one for one in rolled if one.pk not in {other.pk for _, other in pairs}]
    return found


def _rolled_years() -> Iterable[int]:
    linked = _rolled(SchoolClass).values("terms__school_year").distinct()
    return [row["terms__school_year"] for row in linked]


def _only(
    rows: list[Any], key: Callable[[Any], Hashable], ones: list[Any], own: Callable[[Any], Hashable]
) -> list[tuple[Any, Any]]:
    """Pair rows and records that share a key which nobody else has, on either side."""
    here: dict[Hashable, list[Any]] = {}
    there: dict[Hashable, list[Any]] = {}
    for row in rows:
        here.setdefault(key(row), []).append(row)
    for one in ones:
        there.setdefault(own(one), []).append(one)
    return [
        (here[k][0], there[k][0])
        for k in here
        if k is not None and len(here[k]) == 1 and len(there.get(k, ())) == 1
    ]


def _enrollments(work: Work) -> Iterable[tuple[str, Enrollment]]:
    """Pair enrollments of one person in one class in one role."""
    rolled: dict[tuple[str, str, str], Enrollment] = {}
    for one in _rolled(Enrollment).select_related("person", "school_class").order_by("id"):
        rolled.setdefault((one.person.sourced_id, one.school_class.sourced_id, one.role), one)
    if not rolled:
        return
    for row in _fresh(work, "enrollments", Enrollment):
        one = rolled.pop((row.person, row.school_class, row.role), None)
        if one is not None:
            yield row.sourced_id, one
