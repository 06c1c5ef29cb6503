"""Packages meet at their doors: from another domain package only `queries`, `actions` and `types` are imported."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

import grimp
import pytest

from .house import domain_packages

DOORS = {"queries", "actions", "types"}
OWN_DOORS = {"access": {"doors"}}
_RECORDS = "ImportRun and Account lie below every package that imports or speaks of a person; no door would add a word"
_HEAVY = "loaded by one command only; kept out of queries and actions, which the web process loads"

EXCEPTIONS: list[tuple[str, str, str]] = [
    # importer, imported, reason. A star stands for any text; an exception that nothing uses fails the test.
    ("headway.models", "headway.*.models", "Django looks for all records in one place"),
    ("headway.migrations.*", "headway.*.models", "a migration names functions that give default values"),
    ("headway.migrations.*_triggers", "headway.evidence.triggers", "the migration installs the triggers"),
    (
        "headway.project.tables",
        "headway.evidence.triggers",
        "a new home has the triggers that the history installs",
    ),
    ("headway.*.models", "headway.*.models", "foreign keys; test_foreign_keys holds that they point down"),
    ("headway.rosters.*", "headway.access.models", _RECORDS),
    ("headway.frameworks.*", "headway.access.models", _RECORDS),
    ("headway.proficiency.*", "headway.access.models", _RECORDS),
    ("headway.plans.*", "headway.access.models", _RECORDS),
    ("headway.interop.oneroster.apply", "headway.access.models", "names the type that the import returns"),
    (
        "headway.project.commands.*",
        "headway.access.models",
        "says what an import or an account is, by its record",
    ),
    (
        "headway.project.*",
        "headway.evidence.durability",
        "start-up and health ask whether commits are durable",
    ),
    ("headway.project.commands.*", "headway.proficiency.policy_file", "reads the policy file of a command"),
    (
        "headway.demo.*",
        "headway.proficiency.policy_file",
        "reads the policy file that the demonstration ships",
    ),
    (
        "headway.analytics.dictionary",
        "headway.*.facts",
        "facts are read by analytics alone, and listed in one place",
    ),
    ("headway.project.working", "headway.*.jobs", "background work is registered and run in one place"),
    ("headway.project.commands.*", "headway.proficiency.laboratory", _HEAVY),
    ("headway.project.commands.*", "headway.proficiency.exporting", _HEAVY),
    ("headway.project.commands.*", "headway.analytics.opening", _HEAVY),
    (
        "headway.interop.v1.record",
        "headway.proficiency.exporting",
        "one form for a row, in the export and the record",
    ),
]


def past_the_doors(graph: grimp.ImportGraph) -> Iterator[tuple[str, str]]:
    """Yield each import that reaches into a domain package from outside, and not through a door."""
    domain = domain_packages()
    for importer in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(importer)):
            parts = imported.split(".")
            if len(parts) < 2 or parts[1] not in domain or importer.split(".")[1:2] == parts[1:2]:
                continue
            if len(parts) > 2 and parts[2] in DOORS | OWN_DOORS.get(parts[1], set()):
                continue
            yield importer, imported


def excused(importer: str, imported: str) -> int | None:
    for number, (who, what, _) in enumerate(EXCEPTIONS):
        if fnmatchcase(importer, who) and fnmatchcase(imported, what):
            return number
    return None


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("headway", cache_dir=None)


def test_other_packages_come_through_the_doors(graph: grimp.ImportGraph) -> None:
    used, wrong = set(), []
    for importer, imported in past_the_doors(graph):
        number = excused(importer, imported)
        if number is None:
            wrong.append(f"{importer} imports {imported}")
        else:
            used.add(number)
    assert not wrong, "ask queries, actions or types instead, or give a reason in EXCEPTIONS:\n" + "\n".join(
        wrong
    )
    unused = [EXCEPTIONS[number][:2] for number in set(range(len(EXCEPTIONS))) - used]
    assert not unused, f"take these exceptions out of the table: {unused}"


def test_every_exception_has_a_reason() -> None:
    assert all(len(reason.split()) > 3 for _, _, reason in EXCEPTIONS)
    assert len({row[:2] for row in EXCEPTIONS}) == len(EXCEPTIONS)


def test_pages_import_no_records(graph: grimp.ImportGraph) -> None:
    wrong = [
        f"{importer} imports {imported}"
        for importer in sorted(graph.modules)
        if importer.startswith("headway.pages")
        for imported in sorted(graph.find_modules_directly_imported_by(importer))
        if imported.split(".")[-1] == "models" or imported.startswith("django.db")
    ]
    assert not wrong, "\n".join(wrong)


def test_a_hole_in_the_wall_is_seen(graph: grimp.ImportGraph) -> None:
    """The check itself: an import past the doors, added to the graph, is found."""
    graph.add_import(importer="headway.pages.parts.tags", imported="headway.evidence.ledger")
    try:
        found = list(past_the_doors(graph))
        assert ("headway.pages.parts.tags", "headway.evidence.ledger") in found
        assert excused("headway.pages.parts.tags", "headway.evidence.ledger") is None
    finally:
        graph.remove_import(importer="headway.pages.parts.tags", imported="headway.evidence.ledger")
