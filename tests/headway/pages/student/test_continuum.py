"""Lines with stations, the targets of one line, why, and the same line four ways: as on any day."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine

from headway.frameworks import queries as continuums
from headway.pages.parts import stations

from .world import NOW, build, client, rate, read, target

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def line(title: str) -> int:
    return continuums.framework_by_key(title).id


def test_a_line_shows_where_one_works_and_what_the_grade_expects() -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    page = read(client("u1"), "/student/continuum")
    assert page.all("svg", **{"aria-label": "Level 4 of 5; level for grade 5: 5"})
    assert "Level 4, one below grade 5" in page.words
    assert "Math, level 4 0 of 3 targets reached · level 5 opens at 3" in page.words
    # Two stations only: the levels that have targets.
    assert len(page.all("circle", class_="t-here f1")) == 1 and len(page.all("circle", class_="t-exp")) >= 1


def test_habits_stand_apart_and_have_no_four_ways() -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    rate("u1", "H.1", "2026-11-03", 3)
    words = read(client("u1"), f"/student/continuum?line={line('Habits')}").words
    assert "Habits and lifelong learning Apart, and never part of a subject’s level" in words
    assert "Habits, level 1" in words and "The same line, four ways" not in words
    assert words.index("Math") < words.index("Habits and lifelong learning")


def test_the_table_says_level_evidence_and_what_is_next() -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    rate("u1", "A.1", "2026-11-03", 3)
    rate("u1", "A.2", "2026-11-03", 1)
    rate("u1", "A.3", "2026-11-03", None, status="excused")
    words = read(client("u1"), f"/student/continuum?line={line('Math')}").words
    assert "Compare ratios P Proficient Proficient Done" in words
    assert "Use percents ? Too little Too little 1 more piece" in words
    assert "Read a graph Ex Excused Excused Excused" in words
    # Excused leaves the sums: 2 of 2 and 1 of 2.
    assert "3 of 4 pieces" in words and "1 of 3 targets Proficient" in words
    assert "1 more piece fills “Use percents”" in words


def test_the_why_of_a_target_stands_beside_it() -> None:
    rate("u1", "A.1", "2026-11-02", 3, comment="Clear.", task="Paint mix")
    page = read(client("u1"), f"/student/continuum?target={target('A.1')}")
    assert "Compare ratios: Too little" in page.words and "Maria Lopez" in page.words
    assert "One more piece at Proficient makes this Proficient." in page.words
    assert "A.1 at 3" in page.words and "80 %" not in page.words
    assert f"/student/hand-in?target={target('A.1')}" in page.links


def test_a_classmate_who_rated_is_not_named() -> None:
    rate("u1", "A.1", "2026-11-02", 2, kind="peer", rater="u2")
    words = read(client("u1"), f"/student/continuum?target={target('A.1')}").words
    assert "Ben Ortiz" not in words and "Not counted: a classmate’s rating" in words


def test_it_stood_otherwise_on_an_earlier_day() -> None:
    rate("u1", "A.1", "2026-10-05", 1)
    rate("u1", "A.1", "2026-11-02", 4)
    rate("u1", "A.1", "2026-11-16", 4)
    browser = client("u1")
    now = read(browser, f"/student/continuum?target={target('A.1')}").words
    then = read(browser, f"/student/continuum?target={target('A.1')}&as_of=2026-10-12")
    assert "Compare ratios: Proficient" in now
    assert "Compare ratios: Too little" in then.words and "2 Nov" not in then.words
    assert "You look at Monday 12 October 2026" in then.words and "/student/continuum" in then.links
    assert "/student/hand-in?target=" not in " ".join(then.links)
    before = read(browser, "/student/continuum?as_of=2026-09-01").words
    assert "No evidence yet; level for grade 5: 5" in before
    # In an earlier school year the roster's grade does not hold, so nothing is expected and no line had begun.
    assert (
        "Your lines begin with your first piece."
        in read(browser, "/student/continuum?as_of=2026-05-01").words
    )
    # Whoever looks at a line and goes back behind its first piece is not told that the page does not exist.
    line = continuums.framework_by_key("Math").id
    for query in (f"line={line}", f"target={target('A.1')}"):
        assert "Your lines begin" in read(browser, f"/student/continuum?{query}&as_of=2026-05-01").words
    read(browser, "/student/continuum?line=987654&as_of=2026-05-01", 404)


def test_growth_is_unknown_until_there_is_enough() -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    words = read(client("u1"), "/student/continuum").words
    assert (
        "Unknown 0 school weeks since the first pieces; 12 are needed to speak of growth. · n = 1 piece"
        in words
    )
    assert "Unknown There is no plan with dates for this line." in words


def test_growth_counts_from_where_one_began() -> None:
    rate("u1", "A.1", "2026-08-05", 3)
    for code in ("A.1", "A.2", "A.3"):
        for day in ("2026-10-05", "2026-10-19"):
            rate("u1", code, day, 3)
    rate("u1", "B.1", "2026-11-02", 3)
    page = read(client("u1"), f"/student/continuum?line={line('Math')}")
    # Base on 2 September: level 4 + 0 of 3. Now: level 5 + 0 of 2. 66 weekdays between: 13.2 weeks; 36 ÷ 13.2 = 2.7.
    assert (
        "2.7 levels a school year from 4.0 in Sep 2026 to 5.0, the level and how much of it is reached; no interval"
        in page.words
    )
    assert "n = 8 pieces" in page.words and page.all("polyline", class_="g-line")


@pytest.mark.parametrize("query", ["target=999999", "target=x", "line=999999", "line=²", "target=-1"])
def test_what_is_not_there_is_not_found(query: str) -> None:
    assert client("u1").get(f"/student/continuum?{query}").status_code == 404


def test_plates_spread_over_any_number_of_levels() -> None:
    assert [stations.colour(n, tuple(range(1, 13))) for n in (1, 6, 12)] == [1, 6, 12]
    assert [stations.colour(n, (1, 2, 3, 4)) for n in (1, 2, 3, 4)] == [1, 5, 8, 12]
    assert [stations.colour(n, (1, 2, 3, 4, 5)) for n in (1, 3, 5)] == [1, 7, 12]
    assert stations.colour(3, (3,)) == 6
