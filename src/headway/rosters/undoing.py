"""Taking an import back: rows as they stood, new rows gone; refused by name where later records depend."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from headway.access.actions import record_act
from headway.access.models import Account, ImportChange, ImportRun
from headway.access.types import Viewer
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.rosters.models import HAND, Enrollment, Guardianship, Person, Restriction, RoleGrant
from headway.rosters.recording import BY_NAME, CHILDREN_FIRST, parts, restored, write

Blocker = Callable[[ImportRun], list[str]]
_BLOCKERS: list[Blocker] = []
_NAMED = 20
WHOLE = ("roster", "year-roll")
KINDS = (*WHOLE, "left", "returned")
"""The kinds of runs that are taken back here; those of `WHOLE` stand upon each other, the others on rows."""
LATER = (*KINDS, "merged", "split")
"""The kinds of runs that changed rows of the roster. A merge is taken back by a split, which is a run of its own."""


def register_blocker(blocker: Blocker) -> Blocker:
    """Register a function that names later evidence depending on an import; an empty list means none."""
    if blocker not in _BLOCKERS:
        _BLOCKERS.append(blocker)
    return blocker


def made_by(run: ImportRun, model: str) -> list[int]:
    """Return the keys of the rows of a model that an import made: what a blocker asks for."""
    return list(
        ImportChange.objects.filter(run=run, model=model, before__isnull=True).values_list("row", flat=True)
    )


def undo(*, run_id: int, actor: Viewer, at: datetime) -> ImportRun:
    """Take an import back; see `actions.undo_import`."""
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().filter(pk=run_id, kind__in=KINDS).first()
        if run is None:
            raise Refusal("no_such_import", Sentence("There is no import %(run)s of the roster.", run=run_id))
        if run.status != "applied":
            raise Refusal("already_undone", Sentence("Import %(run)s was taken back already.", run=run_id))
        blocked = _blocked(run)
        if blocked:
            raise Refusal(
                "undo_blocked",
                Sentence("Later records stand on this import: %(records)s.", records=blocked[:_NAMED]),
                [Finding("undo_blocked", one) for one in blocked],
            )
        _restore(run)
        _remove(run)
        ImportRun.objects.filter(pk=run.pk).update(status="undone", undone_at=at)
        run.status, run.undone_at = "undone", at
        record_act(actor=actor, act="undo_import", kind="import", object_id=run.pk, at=at)
        return run


def _blocked(run: ImportRun) -> list[str]:
    later = ImportRun.objects.filter(kind__in=LATER, status="applied", pk__gt=run.pk).order_by("pk")
    found = [
        Sentence("import %(run)s was applied after it", run=one.pk)
        for one in later
        if (run.kind in WHOLE and one.kind in WHOLE) or _share(run, one)
    ]
    found += _made_by_hand(run) + _inside_by_hand(run)
    found += _standing_on(run)
    for blocker in _BLOCKERS:
        found += blocker(run)
    return list(dict.fromkeys(found))


def _share(run: ImportRun, later: ImportRun) -> bool:
    """Whether two runs changed a row in common; one of them is about a single person, and small."""
    small, other = (run, later) if run.kind not in WHOLE else (later, run)
    rows: dict[str, list[int]] = {}
    for model, row in ImportChange.objects.filter(run=small).values_list("model", "row"):
        rows.setdefault(model, []).append(row)
    return any(
        ImportChange.objects.filter(run=other, model=model, row__in=part).exists()
        for model, keys in rows.items()
        for part in parts(keys)
    )


def _inside_by_hand(run: ImportRun) -> list[str]:
    """Name who was put by hand into a class that the run made."""
    found: list[str] = []
    for part in parts(made_by(run, "SchoolClass")):
        rows = Enrollment.objects.filter(source=HAND, school_class_id__in=part).select_related(
            "person", "school_class"
        )
        made = set(made_by(run, "Enrollment"))
        found += [
            Sentence(
                "%(person)s was put into %(school_class)s by hand",
                person=one.person.name(),
                school_class=one.school_class.title,
            )
            for one in rows.order_by("id")
            if one.pk not in made
        ]
    return found


def _made_by_hand(run: ImportRun) -> list[str]:
    found: list[str] = []
    for part in parts(made_by(run, "Person")):
        names = {one.pk: one for one in Person.objects.filter(pk__in=part)}
        hands: tuple[tuple[Any, str, str], ...] = (
            (
                RoleGrant.objects.filter(source=HAND, person_id__in=part),
                "person_id",
                Sentence("a role by hand"),
            ),
            (
                Enrollment.objects.filter(source=HAND, person_id__in=part),
                "person_id",
                Sentence("an enrollment by hand"),
            ),
            (
                Guardianship.objects.filter(source=HAND, student_id__in=part),
                "student_id",
                Sentence("a guardian by hand"),
            ),
            (
                Guardianship.objects.filter(source=HAND, guardian_id__in=part),
                "guardian_id",
                Sentence("a child by hand"),
            ),
            (
                Restriction.objects.filter(student_id__in=part),
                "student_id",
                Sentence("a court restriction"),
            ),
            (
                Restriction.objects.filter(guardian_id__in=part),
                "guardian_id",
                Sentence("a court restriction"),
            ),
        )
        for rows, column, what in hands:
            found += [
                Sentence(
                    "%(person)s has %(what)s",
                    person=f"{names[key].name()} ({names[key].sourced_id})",
                    what=what,
                )
                for key in rows.values_list(column, flat=True)
            ]
        accounts = Account.objects.filter(person__in=[one.uuid for one in names.values()])
        found += [
            Sentence("the account %(username)s belongs to a person of it", username=username)
            for username in accounts.values_list("username", flat=True)
        ]
    return found


def _standing_on(run: ImportRun) -> list[str]:
    """Name the records of other packages that point to rows of the import, whatever they are."""
    found: list[str] = []
    for model in CHILDREN_FIRST:
        links = [
            link
            for link in model._meta.related_objects
            if link.related_model not in CHILDREN_FIRST and link.related_model is not Restriction
        ]
        if not links:
            continue
        for part in parts(made_by(run, str(model._meta.object_name))):
            for link in links:
                rows = link.related_model._default_manager.filter(**{f"{link.field.name}__in": part})
                if n := rows.count():
                    found.append(
                        Sentence(
                            "%(n)s %(records)s records name a %(named)s of it",
                            n=n,
                            records=link.related_model._meta.verbose_name,
                            named=model._meta.verbose_name,
                        )
                    )
    return found


def _restore(run: ImportRun) -> None:
    for name, model in BY_NAME.items():
        kept = ImportChange.objects.filter(run=run, model=name, before__isnull=False).order_by("pk")
        for part in parts(kept.values_list("row", "before").iterator(chunk_size=1_000), 1_000):
            write([restored(model, row, before) for row, before in part])


def _remove(run: ImportRun) -> None:
    # Children go first, and whatever stood on the rows from elsewhere was refused: no cascade is left.
    for model in CHILDREN_FIRST:
        for part in parts(made_by(run, str(model._meta.object_name))):
            rows = model._default_manager.filter(pk__in=part)
            rows._raw_delete(rows.db)
