"""A cohort: where its students work, worked by hand for three of them, and the statements it takes."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine

from headway.access.types import SYSTEM
from headway.frameworks import actions as frameworks
from headway.frameworks import queries as continuums

from ...frameworks.packages import node, package, under
from ...plans.school import BEGUN, CODES, build, rate
from .reading import NOW, client_of, crowd, lead, principal, read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    targets = [node(code, level=3 if code < "B" else 4) for code in CODES]
    pack = package(
        "Math", ["A", "B", *targets], *under("Math", "A", "B"), *under("A", *CODES[:4]), *under("B", *CODES[4:]),
        expected_levels={"05": 4, "06": 4},
    )  # fmt: skip
    frameworks.apply_package(pack, actor=SYSTEM, at=BEGUN)
    continuums.forest()
    with time_machine.travel(NOW, tick=False):
        yield


def test_who_works_where_against_the_grade() -> None:
    # Ana reached all four targets of level 3 and works at 4; Ben has one piece at level 3 and works there.
    for code in CODES[:4]:
        for day in ("2026-09-01", "2026-09-08"):
            rate("u1", code, day, 3)
    rate("u2", "A.1", "2026-09-01", 2)
    page = read(principal("s1").get("/school/cohorts/s1"))
    assert page.text("h1") == "Math: 1 of 2 students work below the level for their grade."
    assert (
        "Of 2 students with evidence, 1 work below the level for their grade, 1 at it, 0 above it."
        in page.text()
    )
    assert "80 % of targets with evidence are reached (n = 5 pairs of student and target)." in page.text()
    # The report of the same day has another base: the page says so where the number stands.
    assert "The base is targets with evidence alone. No interval is given" in page.text()
    assert "/reports/standing?metric=proficient_share" in page.links()
    rows = [text for _a, text in page.all("tr")][1:]
    # Three students of grade 5 and one of grade 6 who belongs to both schools: level 4 is expected of all.
    assert rows[0] == "31–" and rows[1].startswith("41")


def test_a_grade_of_a_school() -> None:
    rate("u1", "A.1", "2026-09-01", 2)
    client = principal("s1")
    assert "Grade 5" in read(client.get("/school/cohorts/s1:05")).text()
    assert "No evidence here yet." in read(client.get("/school/cohorts/s1:12")).text()
    for address in ("s2", "s2:06", "none", "s1:", "none:05", "s1:05:06"):
        assert client.get(f"/school/cohorts/{address}").status_code == 404, address
    assert read(lead().get("/school/cohorts/s2:06")).text("h1") == "Where students work"


def test_the_chart_has_its_table_and_its_sentence() -> None:
    rate("u4", "B.1", "2026-09-01", 2)
    page = read(client_of("T2").get("/school/cohorts/s2"))
    assert len(page.all("svg", class_="bars")) == len(page.all("table")) == 1
    assert page.all("svg", class_="bars")[0][0]["role"] == "img"


@pytest.mark.parametrize("n", [10, 100])
def test_at_most_fifteen_statements(tmp_path: Path, n: int, django_assert_max_num_queries) -> None:
    crowd(tmp_path, n)
    client = principal("s1")
    client.get("/school/cohorts/s1")
    with django_assert_max_num_queries(15):
        page = read(client.get("/school/cohorts/s1"))
    assert f"{n + 3} students" in page.text()


def test_habits_are_not_set_against_a_grade(tmp_path: Path) -> None:
    pack = package(
        "Habits", ["H", node("H.1", level=4)], *under("Habits", "H"), *under("H", "H.1"),
        kind="lifelong", expected_levels={"05": 3, "06": 3},
    )  # fmt: skip
    frameworks.apply_package(pack, actor=SYSTEM, at=BEGUN)
    continuums.forest()
    rate("u1", "H.1", "2026-09-01", 1)
    page = read(principal("s1").get("/school/cohorts/s1")).text()
    assert "1 student with evidence. Habits are reported apart and never set against a grade." in page
    assert "above it" not in page and "Where students work" in page
