"""A student's first page says what is next and why, and shows only what was released."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import time_machine

from headway.access.types import SYSTEM
from headway.evidence import actions as evidence
from headway.evidence.types import Work
from headway.plans import actions as plans
from headway.proficiency import actions

from .world import NOW, again, build, client, person, rate, read, target

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def hand_in(who: str, key: str, title: str, code: str = "A.1") -> None:
    one = person(who)
    from headway.frameworks import queries as continuums

    found = continuums.target_by_reference(code)
    work = Work(key, one.id, one.uuid, (found.id,), (found.uuid,), title, words="x")
    evidence.hand_in(actor=SYSTEM, work=work, at=NOW)


def test_one_more_piece_is_said_only_where_it_is_true() -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    page = read(client("u1"), "/student/now")
    assert "One more piece at Proficient, and “Compare ratios” is yours, Anita." in page.words
    assert "One more at Proficient makes it Proficient." in page.words
    assert "Math has the longest way to go: you work at level 4, one below grade 5." in page.words
    assert page.all("span", aria_label="1 of 2 required pieces are in") or "1 of 2 pieces in" in page.words
    assert f"/student/hand-in?target={target('A.1')}" in page.links


def test_where_one_piece_is_too_few_the_page_does_not_promise() -> None:
    for day in ("2026-11-02", "2026-11-03", "2026-11-04"):
        rate("u1", "A.1", day, 1)
    page = read(client("u1"), "/student/now")
    # 1 before and a 4 now: 0.35 + 2.6 = 2.95, under 3.
    assert "Keep going with “Compare ratios”, Anita." in page.words
    assert "One more piece, and" not in page.words


def test_feedback_stands_before_the_level_and_never_a_level_alone() -> None:
    rate("u1", "A.1", "2026-11-02", 2, comment="Say why the table works.", evidence="p1")
    rate("u1", "A.3", "2026-11-20", 4, evidence="p2")
    page = read(client("u1"), "/student/now")
    assert "“Say why the table works.” Maria Lopez, 2 Nov" in page.words.replace(" ,", ",")
    assert "/student/work/p1" in page.links and "/student/work/p2" not in page.links


def test_why_leads_to_the_piece_and_to_its_page_for_who_rates() -> None:
    hand_in("u1", "work/1234", "Paint mix")
    rate("u1", "A.1", "2026-11-02", 3, evidence="work/1234")
    rate("u1", "A.1", "2026-11-03", 3, task="Seen in class")
    own = read(client("u1"), f"/student/continuum?target={target('A.1')}")
    assert [link for link in own.links if "/work/" in link] == ["/student/work/work%2F1234"]
    assert "Seen in class" in own.words
    teacher = client("T1")
    for path in (f"/teacher/students/u1?target={target('A.1')}", f"/teacher/students/u1/decide/{target('A.1')}",
                 f"/teacher/classes/k1/grid?c={person('u1').id}-{target('A.1')}"):  # fmt: skip
        links = [link for link in read(teacher, path).links if link == "/teacher/rate?piece=work%2F1234"]
        assert links, path
    assert again("u1", "en").get("/student/work/work%2F1234").status_code == 200


def test_what_is_held_is_nowhere() -> None:
    hand_in("u1", "work-held-1", "Paint mix")
    key = rate("u1", "A.1", "2026-11-02", 4, comment="Secret words.", held=True, evidence="work-held-1")
    browser = client("u1")
    for path in ("/student/now", "/student/continuum", "/student/work/work-held-1"):
        page = read(browser, path)
        assert "Secret words." not in page.words and (
            "Extending" not in page.words or path == "/student/continuum"
        )
    assert "Waits to be rated Paint mix" in read(browser, "/student/now").words
    assert "Waits to be rated" in read(browser, "/student/work/work-held-1").words
    actions.release_ratings(actor=SYSTEM, keys=[key], at=NOW)
    assert "“Secret words.”" in read(browser, "/student/now").words
    assert "Nothing waits." in read(browser, "/student/now").words


def test_a_rating_that_calibrates_raters_is_not_about_the_student() -> None:
    rate("u1", "A.1", "2026-11-02", 1, comment="For the panel only.", purpose="calibration")
    rate("u1", "A.1", "2026-11-03", 2, comment="Try it once more.", purpose="practice")
    words = read(client("u1"), "/student/now").words
    assert "For the panel only." not in words and "Try it once more." in words


def test_the_first_day_teaches_the_first_step() -> None:
    page = read(client("u2"), "/student/now")
    assert "Math has no evidence yet, so any piece helps. A first piece shows where you stand." in page.words
    assert "No feedback yet." in page.words and "Nothing waits." in page.words
    assert "You have no plan with dates yet." in page.words
    assert {
        "/student/hand-in#photo",
        "/student/hand-in#file",
        "/student/hand-in#link",
        "/student/hand-in#words",
    } <= set(page.links)


def test_a_student_without_any_line_is_welcome() -> None:
    # Dee is in grade 6, for which no continuum states a level.
    page = read(client("u4"), "/student/now")
    assert "Your first piece begins your line." in page.words and "/student/hand-in" in page.links


def test_pace_is_a_word_a_sentence_and_a_band() -> None:
    version = plans.make_template(
        actor=SYSTEM, key="P", title="Autumn", items=[(target(c), 2) for c in ("A.1", "A.2", "A.3")], at=NOW
    )
    plans.assign(
        actor=SYSTEM,
        version=version.id,
        students=[person("u1").id],
        at=NOW,
        starts_on=date(2026, 9, 1),
        ends_on=date(2026, 12, 18),
    )
    rate("u1", "A.1", "2026-10-19", 3)
    rate("u1", "A.1", "2026-11-09", 3)
    page = read(client("u1"), "/student/now")
    assert "My pace: Autumn" in page.words and page.all("span", **{"data-pace": "behind"})
    # 68 of 79 school days: the plan expects 6 × (68 ± 10) ÷ 79, 4.4 to 5.9.
    assert "2 of 6 pieces are in; the plan expects 4 to 6 by 3 Dec." in page.words
    assert "n = 2 pieces in the last 8 school weeks" in page.words
    assert page.all("polyline", class_="g-line") and page.all("polygon", class_="g-band")


def test_who_may_open_it() -> None:
    from django.test import Client

    assert Client().get("/student/now").headers["Location"] == "/account/sign-in?next=/student/now"
    for name in ("T1", "p1"):
        browser = client(name)
        for path in ("now", "continuum", "hand-in", "work/p1"):
            assert browser.get(f"/student/{path}").status_code == 403
    assert client("u1").post("/student/now").status_code == 405


def test_it_takes_at_most_twenty_statements(django_assert_max_num_queries) -> None:
    for n, day in enumerate(("2026-10-02", "2026-10-09", "2026-11-02")):
        rate("u1", ("A.1", "A.3", "B.1")[n], day, 2, comment="Go on.", evidence=f"p{n}")
    rate("u1", "H.1", "2026-11-03", 3)
    hand_in("u1", "work-1234", "Paint mix")
    version = plans.make_template(actor=SYSTEM, key="P", items=[(target("A.1"), 2)], at=NOW)
    plans.assign(
        actor=SYSTEM,
        version=version.id,
        students=[person("u1").id],
        at=NOW,
        starts_on=date(2026, 9, 1),
        ends_on=date(2026, 12, 18),
    )
    browser = client("u1")
    browser.get("/student/now")
    pages = ("now", "continuum", f"continuum?target={target('A.1')}", "continuum?as_of=2026-10-12", "hand-in", "work/work-1234",
             "work/p1")  # fmt: skip
    for page in pages:
        with django_assert_max_num_queries(20):
            assert browser.get(f"/student/{page}").status_code == 200


def test_it_speaks_spanish_where_the_names_do() -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    client("u1")
    assert "Comparar razones" in read(again("u1", "es"), "/student/now").words


def test_work_that_was_rated_without_a_word_is_named_and_its_level_is_not() -> None:
    hand_in("u1", "work-4", "Paint mix")
    rate("u1", "A.1", "2026-12-01", 4, evidence="work-4")
    browser = client("u1")
    page = read(browser, "/student/now")
    assert "Rated, without words." in page.words and "/student/work/work-4" in page.links
    assert "Extending" not in page.words and "No feedback yet" not in page.words
    rate("u1", "A.1", "2026-12-02", 4, evidence="work-4", comment="All of it.")
    page = read(browser, "/student/now")
    assert "Rated, without words." not in page.words and "All of it." in page.words
