"""How an import writes: many rows at once, each with its state before, for taking it back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any
from uuid import UUID

from django.db import models

from headway.access.models import ImportChange, ImportRun
from headway.rosters.models import (
    Course,
    Demographics,
    Enrollment,
    Guardianship,
    Org,
    Person,
    RoleGrant,
    SchoolClass,
    Term,
)

BATCH = 1_000
ClassTerm = SchoolClass.terms.through
CHILDREN_FIRST: tuple[type[models.Model], ...] = (
    ClassTerm,
    Demographics,
    Guardianship,
    Enrollment,
    RoleGrant,
    SchoolClass,
    Course,
    Person,
    Term,
    Org,
)
BY_NAME = {model._meta.object_name: model for model in CHILDREN_FIRST}


def parts(values: Iterable[Any], size: int = 500) -> Iterator[list[Any]]:
    """Return the values in lists of at most `size`."""
    part: list[Any] = []
    for value in values:
        part.append(value)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def windows(rows: models.QuerySet[Any], *columns: str, size: int = 2_000) -> Iterator[list[tuple[Any, ...]]]:
    """Return (pk, *columns) of all rows in the order of their keys, a window at a time.

    Changes between two windows move nothing.
    """
    last = 0
    while True:
        window = list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", *columns)[:size])
        if not window:
            return
        yield window
        last = window[-1][0]


def state(row: models.Model) -> dict[str, Any]:
    """Return a row's columns as plain data."""
    return {
        f.attname: _plain(getattr(row, f.attname)) for f in row._meta.concrete_fields if not f.primary_key
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, UUID) else value


def restored(model: type[models.Model], key: int, before: dict[str, Any]) -> models.Model:
    """Return the row as it stood."""
    values = {
        f.attname: f.to_python(before[f.attname]) for f in model._meta.concrete_fields if f.attname in before
    }
    return model(pk=key, **values)


def write(rows: list[Any]) -> None:
    """Write rows that have keys, whether they exist or not."""
    if rows:
        columns = [f.name for f in rows[0]._meta.concrete_fields if not f.primary_key]
        type(rows[0])._default_manager.bulk_create(
            rows, update_conflicts=True, unique_fields=["pk"], update_fields=columns, batch_size=BATCH
        )


class Changes:
    """Writes rows in batches and keeps how they stood before."""

    def __init__(self, run: ImportRun) -> None:
        self.run = run
        self._waiting: list[ImportChange] = []
        self._kept: set[tuple[str, int]] = set()

    def make(self, rows: list[Any]) -> None:
        """Insert new rows; they get their keys."""
        if rows:
            type(rows[0])._default_manager.bulk_create(rows, batch_size=BATCH)
            name = rows[0]._meta.object_name
            self._keep([ImportChange(run=self.run, model=name, row=row.pk, before=None) for row in rows])

    def before(self, row: Any) -> None:
        """Keep how a row stands, before it is changed; the first time counts."""
        mark = (row._meta.object_name, row.pk)
        if mark not in self._kept:
            self._kept.add(mark)
            self._keep([ImportChange(run=self.run, model=mark[0], row=row.pk, before=state(row))])

    def change(self, rows: list[Any]) -> None:
        """Write changed rows, whose state before is kept."""
        write(rows)

    def remove(self, rows: list[Any]) -> None:
        """Delete rows of a link table, which carry no history."""
        for row in rows:
            self.before(row)
        for part in parts(row.pk for row in rows):
            type(rows[0])._default_manager.filter(pk__in=part).delete()

    def flush(self) -> None:
        """Write the states that wait."""
        ImportChange.objects.bulk_create(self._waiting, batch_size=BATCH)
        self._waiting.clear()

    def _keep(self, changes: list[ImportChange]) -> None:
        self._waiting.extend(changes)
        if len(self._waiting) >= BATCH:
            self.flush()
