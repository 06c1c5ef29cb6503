"""A policy that asks for certified pieces speaks of no level before work was rated by the whole rubric of a task of the bank."""

from __future__ import annotations

from typing import Any

import pytest

from headway.proficiency import actions as proficiency
from headway.proficiency import queries as levels
from headway.proficiency.policy_file import read_policy
from headway.tasks import queries
from headway.tasks.types import NewCriterion, rated_on

from ..pages.student.world import person, rate
from .bank import NOW, SYSTEM, WHOLE, draft, published, target, viewer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _policy(school_with_files: None, tmp_path: Any) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(
        '[[policy]]\nname = "certified"\nin_force = 2026-08-01\nrule = "mean"\n'
        "requirement = { pieces = 2, tasks = 2, certifying_pieces = 1 }\n",
        encoding="utf-8",
    )
    proficiency.import_policy(actor=SYSTEM, body=read_policy(file), name="policy.toml", at=NOW)


def explained(code: str) -> dict[str, Any]:
    return levels.explained(viewer=SYSTEM, student="u1", target=code, as_of=None, now=NOW)


def name_of(version: Any, number: int | None = None) -> str:
    """Return what a rating calls a version of a task."""
    found = queries.task_version(viewer=SYSTEM, version=version)
    return rated_on(found.task, number or found.number)


def test_work_on_a_task_that_certifies_opens_the_level() -> None:
    rate("u1", "A.1", "2026-10-01", 3, task="Map")
    rate("u1", "A.1", "2026-10-02", 4, task="Poster")
    found = explained("A.1")
    assert (found["state"], found["missing"]) == ("too_little", {"certifying_pieces": [0, 1]})
    assert "whose rubric may certify" in found["words"]
    rate("u1", "A.1", "2026-10-03", 3, task=name_of(published(certifies=True)))
    found = explained("A.1")
    assert (found["state"], found["missing"], round(found["value"], 2)) == ("proficient", {}, 3.33)


def test_a_rubric_certifies_its_own_targets_only_and_no_draft_does() -> None:
    whole = published(certifies=True)
    bare = published(certifies=False)
    for code, task in (("A.2", name_of(whole)), ("A.1", name_of(bare)), ("A.1", name_of(draft(certifies=True))),
                       ("A.1", name_of(whole, 2))):  # fmt: skip
        rate("u1", code, "2026-10-01", 3, task=task)
        rate("u1", code, "2026-10-02", 3, task="Map")
    for code in ("A.1", "A.2"):
        assert explained(code)["missing"] == {"certifying_pieces": [0, 1]}, code


def test_two_versions_of_a_task_are_one_task() -> None:
    first = published(certifies=True, criteria=(NewCriterion("Compares", target("A.1"), WHOLE),))
    rate("u1", "A.1", "2026-10-01", 3, task=name_of(first))
    rate("u1", "A.1", "2026-10-02", 3, task=name_of(first, 2))
    assert explained("A.1")["missing"] == {"tasks": [1, 2]}


def test_a_policy_that_does_not_ask_costs_no_statement(django_assert_num_queries: Any) -> None:
    from headway.proficiency.working import determine_all, moment, rows_of

    rate("u1", "A.1", "2026-10-01", 3, task=name_of(published(certifies=True)))
    m = moment(now=NOW, book=levels.book())
    rows = rows_of(m, students=[person("u1").id])
    with django_assert_num_queries(1):
        determine_all(m, rows)
    assert viewer("T1").today == NOW.date()
    before = m.book.until(m.day.replace(year=2026, month=8, day=1))
    from dataclasses import replace

    with django_assert_num_queries(0):
        determine_all(replace(m, book=before), rows)
