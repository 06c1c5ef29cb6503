"""P18: a class's rating sheet with numbered rows, and its ratings brought in by row number."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine

from headway.frameworks import queries as frameworks
from headway.proficiency import queries
from headway.proficiency.queries import AT

from ..student.world import NOW, build, client, person, read, target

pytestmark = pytest.mark.django_db
PAPER = "/teacher/classes/k1/paper"


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def levels() -> dict[str, int | None]:
    m = queries.moment(now=NOW)
    rows = queries.rows_of(m, students=[person("u1").id, person("u2").id])
    names = {person(who).id: who for who in ("u1", "u2")}
    return {names[row[0]]: row[AT["level"]] for row in rows}


def form(lines: str, act: str = "save", **more: str) -> dict[str, str]:
    return {"act": act, "key": "page-1", "target": str(target("A.1")), "lines": lines, "observed_on": "2026-12-01",
            "sheet_on": "2026-12-03", "task": "Graph talk", **more}  # fmt: skip


def test_p18_the_sheet_numbers_its_rows_and_names_its_columns() -> None:
    browser = client("T1")
    page = read(browser, f"/teacher/classes/k1/sheet?target={target('A.1')}&target={target('A.3')}")
    assert "1 Abeyta, Anita" in page.words and "2 Ortiz, Ben" in page.words
    assert "Row Student Compare ratios Read a graph" in page.words and "1 = Emerging" in page.words
    assert "Thursday 3 December 2026" in page.words


def test_p18_names_are_shown_before_anything_is_saved() -> None:
    browser = client("T1")
    shown = browser.post(PAPER, form("1 3\n2 2", act="check"))
    assert shown.status_code == 200 and b"Anita Abeyta" in shown.content and b"Proficient" in shown.content
    assert levels() == {}
    done = browser.post(PAPER, form("1 3\n2 2"))
    assert levels() == {"u1": 300, "u2": 200}
    page = read(browser, done["Location"])
    token = page.all("input", name="saved")[0]["value"]
    browser.post(PAPER, form("1 3\n2 2"))
    m = queries.moment(now=NOW)
    assert len(queries.rows_of(m, students=[person("u1").id])) == 1, "a form sent twice records once"
    browser.post("/teacher/rate/undo", {"saved": token, "back": PAPER})
    assert levels() == {}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("9 3", b"The sheet has no such row."), ("1 3\n1 2", b"This row was typed before."),
        ("1 7", b"The scale has no such level."), ("1", b"Write the row and the level"), ("", b"Type at least one line."),
    ],
)  # fmt: skip
def test_p18_a_line_with_a_fault_is_named_and_nothing_is_saved(lines: str, said: bytes) -> None:
    answer = client("T1").post(PAPER, form(f"2 3\n{lines}" if lines else ""))
    assert answer.status_code == 422 and said in answer.content
    assert levels() == {}


def test_p18_a_missed_or_excused_row_is_a_state_and_no_level() -> None:
    client("T1").post(PAPER, form("1 M\n2 ex"))
    m = queries.moment(now=NOW)
    found = queries.standings(m, students=[person("u1").id, person("u2").id])
    states = {key[0]: one.state for key, one in found.items()}
    assert states == {person("u1").id: "missed", person("u2").id: "excused"}
    assert all(one.value is None for one in found.values())


def test_p18_paper_needs_a_target_and_a_day_that_has_been() -> None:
    browser = client("T1")
    assert browser.post(PAPER, form("1 3", target="0")).status_code == 422
    assert browser.post(PAPER, form("1 3", observed_on="2027-01-05")).status_code == 422
    assert levels() == {} and frameworks.node(target("A.1")).is_leaf


def test_sheet_and_paper_cost_few_statements(django_assert_max_num_queries) -> None:
    browser = client("T1")
    for path in ("/teacher/classes/k1/sheet", PAPER):
        browser.get(path)
        with django_assert_max_num_queries(14):
            assert browser.get(path).status_code == 200
