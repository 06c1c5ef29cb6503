"""Today counts what it lists, and every page says in the same words why a line shows no level."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from headway.pages.parts.learning import learners
from headway.pages.parts.stations import said, without_level
from headway.proficiency import queries
from headway.response.types import Need

from ..student.world import NOW, again, client, person, rate, read, target
from .test_loop import give, hand_in, rate_path, rating

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]


def test_a_heading_and_its_rows_count_students_and_a_row_names_every_target(monkeypatch: Any) -> None:
    teacher, one = client("T1"), person("u1").id
    found = [
        Need(one, "stuck", since=date(2026, 11, 2), target=target(code), detail={"tries": 4.0})
        for code in ("A.1", "A.2")
    ]
    monkeypatch.setattr("headway.pages.teacher.today.response.needs", lambda *_a, **_k: found)
    monkeypatch.setattr("headway.pages.teacher.today.SHOWN", 1)
    answer = teacher.get("/teacher/today")
    block = next(one for one in answer.context["blocks"] if one.section.reason == "stuck")
    assert (block.students_n, len(block.rows), block.more) == (1, 1, [])
    assert len(block.rows[0].whys) == 2 and block.rows[0].url.count("target=") == 2


def test_a_line_without_level_says_why_in_the_same_words_on_every_page(monkeypatch: Any) -> None:
    (learner,) = learners([person("u1")], as_of=None, now=NOW, book=queries.book())
    (line,) = learner.academic
    old = replace(line, last_observed_us=1)
    assert without_level(line) == "No evidence yet"
    assert said(learner, old).startswith(without_level(old)) and without_level(old).startswith(
        "Nothing recent"
    )
    monkeypatch.setattr("headway.pages.teacher.student.queries.lines_of", lambda *_a, **_k: [old])
    assert "Nothing recent enough to show a level." in read(client("T1"), "/teacher/students/u1").words


def test_feedback_on_practice_says_so_to_the_student_and_the_work_to_the_family() -> None:
    rate("u1", "A.1", "2026-11-02", 3, comment="Try the other way.", purpose="practice")
    assert "practice, does not count “Try the other way.”" in read(client("u1"), "/student/now").words
    teacher = client("T1")
    give(teacher, purpose="practice")
    piece = hand_in(again("u1", "en"))
    teacher.post(rate_path(piece), rating(piece))
    words = read(client("p1"), "/family/children/u1").words
    assert "Rated; practice, does not count" in words, words


def test_what_was_given_stacks_on_a_phone() -> None:
    teacher = client("T1")
    give(teacher)
    page = read(teacher, "/teacher/classes/k1/given")
    assert page.all("table", class_="table stacked")
    assert {a.get("data-h") for a in page.all("td")} == {"Given", "Due", "Where it stands"}
