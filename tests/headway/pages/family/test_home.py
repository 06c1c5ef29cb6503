"""How is my child: in words, for the children in care and nobody else's, as on any day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import time_machine
from django.test import Client

from headway.access.types import SYSTEM
from headway.frameworks import actions as frameworks
from headway.pages.parts.child import headline
from headway.pages.parts.learning import learners
from headway.plans import actions as plans
from headway.proficiency.queries import book
from headway.rosters import actions as rosters

from ...frameworks.packages import node, package, under
from ..student.world import BEGUN, NOW, again, build, client, person, rate, read, target

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def test_each_child_has_a_sentence_for_each_subject() -> None:
    rate("u1", "A.1", "2026-11-02", 3, comment="Well told.")
    page = read(client("p1"), "/family/")
    assert "How are my children" in page.words
    assert "Anita is on the way to where grade 5 is now. What comes next is named below." in page.words
    assert (
        "Math Works at level 4, one below grade 5. 0 of 3 targets there are reached. Next: Compare ratios."
        in page.words
    )
    assert "There is no rated work of Ben yet." in page.words
    assert "/family/children/u1" in page.links and "/family/children/u2" in page.links
    assert f"/family/children/u1/why/{target('A.1')}" in page.links


def test_one_child_is_the_page_itself() -> None:
    rosters.end_guardianship(actor=SYSTEM, student_id=person("u2").id, guardian_id=person("p1").id, at=NOW)
    rate("u1", "B.1", "2026-11-02", 3)
    page = read(client("p1"), "/family/")
    assert "Anita works where grade 5 is now, or above, in every subject." in page.words
    assert "Works at level 5, where grade 5 is now." in page.words and "Ben" not in page.words


def test_a_child_in_full() -> None:
    version = plans.make_template(actor=SYSTEM, key="P", title="Autumn", items=[(target("A.1"), 2)], at=NOW)
    plans.assign(
        actor=SYSTEM,
        version=version.id,
        students=[person("u1").id],
        at=NOW,
        starts_on=date(2026, 9, 1),
        ends_on=date(2026, 12, 18),
    )
    rate("u1", "A.1", "2026-11-02", 3, comment="Well told.", evidence="p1", task="Short talk")
    rate("u1", "H.1", "2026-11-03", 3)
    rate("u1", "H.1", "2026-11-10", 3)
    page = read(client("p1"), "/family/children/u1")
    assert "Short talk: Compare ratios Well told. Maria Lopez, Math" in page.words
    assert "Something to try at home" in page.words and "My child can compare ratios." in page.words
    assert (
        "Habits of learning Reported apart; never part of a level Shown in several settings: Use comments (Proficient)"
        in page.words
    )
    assert "Math Works at level 4" in page.words and "Pace: Autumn" in page.words
    assert "Math 5 Lopez Maria Lopez" in page.words and "All children" in page.words
    assert "/family/children/u1/work/p1" in page.links


def test_only_children_in_care_are_there_and_others_look_like_nothing() -> None:
    browser = client("p1")

    def bytes_of(path: str) -> bytes:
        answer = browser.get(path)
        assert answer.status_code == 404
        text = answer.content.replace(path.encode(), b"")
        return text.split(b'name="csrfmiddlewaretoken" value="')[0] + text.rsplit(b"</form>", 1)[-1]

    nothing = bytes_of("/family/children/nobody")
    for path in ("/family/children/u3", "/family/children/T1", f"/family/children/u3/why/{target('A.1')}",
                 "/family/children/u1/why/999999", "/family/children/u1/work/none", "/family/children/u3/work/none"):  # fmt: skip
        assert bytes_of(path) == nothing, path


def test_a_court_order_closes_the_page() -> None:
    rosters.restrict_guardian(
        actor=SYSTEM, student_id=person("u1").id, guardian_id=person("p1").id, reason_code="court", at=NOW
    )
    browser = client("p1")
    assert browser.get("/family/children/u1").status_code == 404
    assert browser.get(f"/family/children/u1/why/{target('A.1')}").status_code == 404
    page = read(browser, "/family/")
    assert "Anita" not in page.words and "Ben" in page.words


def test_who_may_open_it() -> None:
    assert Client().get("/family/").headers["Location"] == "/account/sign-in?next=/family/"
    assert client("u1").get("/family/").status_code == 403
    principal = client("T2")
    assert principal.get("/family/").status_code == 403
    assert principal.get("/family/children/u4").status_code == 403
    assert principal.get("/family/children/u1").status_code == 404
    # Maria Lopez is a parent too, of no child here: her students are not her children.
    teacher = client("T1")
    assert "No child is linked to this account." in read(teacher, "/family/").words
    assert teacher.get("/family/children/u1").status_code == 404


def test_what_is_held_or_only_practice_is_not_for_the_family() -> None:
    rate("u1", "A.1", "2026-11-02", 4, comment="Held words.", held=True)
    rate("u1", "A.1", "2026-11-03", 1, comment="Practice words.", purpose="practice")
    browser = client("p1")
    for path in ("/family/", "/family/children/u1", f"/family/children/u1/why/{target('A.1')}"):
        words = read(browser, path).words
        assert "Held words." not in words and "Practice words." not in words
    assert "There is no rated work of Anita yet." in read(browser, "/family/children/u1").words


def test_it_stood_otherwise_on_an_earlier_day() -> None:
    rate("u1", "A.1", "2026-10-05", 3, comment="The first words.")
    rate("u1", "A.1", "2026-11-02", 3, comment="The later words.")
    browser = client("p1")
    then = read(browser, "/family/children/u1?as_of=2026-10-12").words
    assert (
        "The first words." in then
        and "The later words." not in then
        and "As of Monday 12 October 2026." in then
    )
    why = read(browser, f"/family/children/u1/why/{target('A.1')}?as_of=2026-10-12").words
    assert "1 of 2 pieces in" in why and "The later words." not in why


def test_the_first_day_says_what_will_be_here() -> None:
    words = read(client("p1"), "/family/children/u2").words
    assert "There is no rated work of Ben yet." in words
    assert "When a teacher comments on a piece of work, the words appear here." in words


def test_it_is_there_in_spanish() -> None:
    rate("u1", "A.1", "2026-11-02", 3, comment="Well told.")
    client("p1")
    browser = again("p1", "es")
    for path in ("/family/", "/family/children/u1", f"/family/children/u1/why/{target('A.1')}"):
        page = read(browser, path)
        assert "Comparar razones" in page.words and page.all("html", lang="es")
    assert "Mi niño sabe comparar razones." in read(browser, "/family/children/u1").words


def test_children_cost_few_statements(django_assert_max_num_queries) -> None:
    rate("u1", "A.1", "2026-11-02", 3, comment="Well told.")
    rate("u2", "A.1", "2026-11-02", 3, comment="Well told.")
    browser = client("p1")
    browser.get("/family/")
    for path, most in (
        ("/family/", 20),
        ("/family/children/u1", 24),
        (f"/family/children/u1/why/{target('A.1')}", 20),
    ):
        with django_assert_max_num_queries(most):
            assert browser.get(path).status_code == 200


def science(*students: str, day: str = "2026-11-02") -> None:
    """Add a second subject with one target at level 5, and rate students on it."""
    one = node("S.1", name="Plan a fair test", level=5)
    made = package("Science", [node("S", name="Practice"), one], *under("Science", "S"), *under("S", "S.1"),
                   expected_levels={"05": 5})  # fmt: skip
    frameworks.apply_package(made, actor=SYSTEM, at=BEGUN)
    for who in students:
        rate(who, "S.1", day, 3)


def test_a_subject_without_rated_work_is_named_and_not_counted_among_every_subject() -> None:
    science()
    rate("u1", "B.1", "2026-11-02", 3)
    rate("u2", "A.1", "2026-11-02", 3)
    words = read(client("p1"), "/family/").words
    assert "Anita works where grade 5 is now, or above, in every subject with rated work." in words
    assert words.count("No rated work yet in: Science.") == 2
    assert "No rated work yet in: Science." in read(again("p1", "en"), "/family/children/u1").words


def test_old_evidence_says_from_when_it_is() -> None:
    rate("u1", "B.1", "2025-06-03", 3)
    rate("u2", "B.1", "2025-12-10", 3)
    client("p1")
    words = {tongue: read(again("p1", tongue), "/family/").words for tongue in ("en", "es")}
    assert words["en"].count("This is from work up to") == 1 and "up to June 2025." in words["en"]
    assert "Esto viene de trabajos de hasta junio de 2025." in words["es"]


def test_pace_and_level_are_told_apart_and_joined_where_they_point_apart() -> None:
    for who, code, asked, last in (("u1", "A.1", 2, date(2027, 6, 1)), ("u2", "B.1", 9, date(2026, 12, 18))):
        version = plans.make_template(
            actor=SYSTEM, key=who, title="Autumn", items=[(target(code), asked)], at=NOW
        )
        plans.assign(actor=SYSTEM, version=version.id, students=[person(who).id], at=NOW,
                     starts_on=date(2026, 9, 1), ends_on=last)  # fmt: skip
    for day in ("2026-11-02", "2026-11-16", "2026-11-23"):
        rate("u1", "A.1", day, 4)
        rate("u2", "B.1", day, 3)
    ahead, behind = (read(client(who), "/student/now").words for who in ("u1", "u2"))
    assert "Ahead of the plan and below the grade:" in ahead
    assert "Behind the plan and not below the grade:" in behind
    page = read(client("p1"), "/family/children/u1").words
    assert "Pace: ahead of the plan" in page and "Ahead of the plan and below the grade:" in page


def test_work_that_is_called_like_its_target_is_named_in_the_language_of_the_reader() -> None:
    rate("u1", "A.1", "2026-11-02", 3, comment="Well told.", task="Compare ratios")
    rate("u1", "A.1", "2026-11-03", 3, comment="Again.", task="Paint mix")
    client("p1")
    words = read(again("p1", "es"), "/family/children/u1").words
    assert "Compare ratios" not in words and "Paint mix" in words
    why = read(again("p1", "es"), f"/family/children/u1/why/{target('A.1')}").words
    assert "Regla: Promedio decreciente, versión 1; política del primer día, número 1" in why


def test_who_is_below_in_most_subjects_is_told_so_first() -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    one = next(iter(learners([person("u1")], as_of=None, now=NOW, book=book())))
    (line,) = one.academic
    ahead = replace(line, working=replace(line.working, level=line.expected))
    said = [headline(replace(one, lines=lines)) for lines in ([line, line, ahead], [line, ahead, ahead])]
    assert said == [
        (
            "Anita is on the way to where grade 5 is now in two of three subjects.",
            "Math has one level to go.",
        ),
        (
            "Anita works where grade 5 is now, or above, in two of three subjects.",
            "Math has one level to go.",
        ),
    ]
    far = replace(line, working=replace(line.working, level=(line.expected or 0) - 2))
    for lines in ([line, far, ahead], [far, ahead, ahead]):
        assert headline(replace(one, lines=lines))[1] == "Math has two levels to go."


def test_the_newest_comment_is_not_called_the_newest_work() -> None:
    rate("u1", "A.1", "2026-11-02", 3, comment="Well told.")
    rate("u1", "A.1", "2026-11-19", 3)
    assert "Newest work with a comment, 2 Nov" in read(client("p1"), "/family/children/u1").words


@pytest.mark.parametrize("asked", ["banana", "2026-02-30", "2030-01-01", "1900-01-01"])
def test_a_day_that_cannot_be_looked_back_to_is_said(asked: str) -> None:
    browser = client("p1")
    said = "The day that was asked for could not be used"
    for path in ("/family/", "/family/children/u1", "/family/children/u1/conference"):
        page = read(browser, f"{path}?as_of={asked}").words
        assert said in page and "You look at" not in page, path
    assert said not in read(browser, f"/family/?as_of={NOW.date()}").words
