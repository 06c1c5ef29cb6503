"""Today counts what it lists, and every page says in the same words why a line shows no level."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from headway.evidence import queries as ledger
from headway.frameworks import queries as continuums
from headway.pages.parts.learning import learners
from headway.pages.parts.stations import said, without_level
from headway.proficiency import queries
from headway.response.types import Need
from headway.rosters.models import Enrollment, SchoolClass

from ..student.world import NOW, Page, again, client, person, rate, read, target
from .test_loop import give, hand_in, post, rate_path, rating

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


def test_today_begins_with_the_teachers_own_subjects_and_names_the_others(monkeypatch: Any) -> None:
    SchoolClass.objects.update(frameworks=["Math"])
    one, two = person("u1").id, person("u2").id
    habits = continuums.node(target("H.1")).framework_id
    tries = {"since": date(2026, 11, 2), "detail": {"tries": 4.0}}
    found = [
        Need(one, "stuck", target=target("H.1"), **tries),
        Need(two, "stuck", target=target("H.1"), **tries),
        Need(two, "stuck", target=target("A.1"), **tries),
        Need(one, "ready_to_advance", detail={"continuum": habits, "targets": 4, "level": 1}),
        Need(one, "behind", detail={"filled": 1, "required": 9, "lately": 2, "margin_weeks": -64}),
    ]
    monkeypatch.setattr("headway.pages.teacher.today.response.needs", lambda *_a, **_k: found)
    teacher = client("T1")
    context = teacher.get("/teacher/today").context
    assert context["heading"] == "2 students need you today." and context["elsewhere"] == 0
    blocks = {one.section.reason: one for one in context["blocks"]}
    stuck, ready, behind = (blocks[name] for name in ("stuck", "ready_to_advance", "behind"))
    assert [row.sourced_id for row in stuck.rows] == ["u2"] and stuck.students_n == 1
    first, second = stuck.rows[0].whys
    assert first.startswith("Compare ratios: ") and second.endswith(
        "4 pieces since 2 Nov without gain. (Habits)"
    )
    assert stuck.rows[0].url.count("target=") == 1 and f"target={target('A.1')}" in stuck.rows[0].url
    assert [row.sourced_id for row in stuck.other] == ["u1"] and stuck.other[0].url == "/teacher/students/u1"
    assert (ready.rows, [row.sourced_id for row in ready.other]) == ([], ["u1"])
    assert [row.whys for row in behind.rows] == [
        [
            "1 of 9 pieces of the plan are in; 2 in the last weeks, too few lately to say when the rest will be in."
        ]
    ]
    words = read(teacher, "/teacher/today").words
    assert "1 in another subject" in words and "64" not in words
    # A class without continuums of its own works on all of them.
    SchoolClass.objects.update(frameworks=[])
    blocks = {one.section.reason: one for one in teacher.get("/teacher/today").context["blocks"]}
    assert len(blocks["stuck"].rows) == 2 and not blocks["stuck"].other and "(Habits)" not in str(blocks)


def test_the_headline_counts_the_own_subjects_and_says_how_many_more_in_others(monkeypatch: Any) -> None:
    SchoolClass.objects.update(frameworks=["Math"])
    habits = continuums.node(target("H.1")).framework_id
    detail = {"continuum": habits, "targets": 4, "level": 1}
    found = [Need(person("u1").id, "ready_to_advance", detail=detail)]
    monkeypatch.setattr("headway.pages.teacher.today.response.needs", lambda *_a, **_k: found)
    words = read(client("T1"), "/teacher/today").words
    assert "Nobody needs a special word today." in words
    assert "1 more student needs a response in another subject." in words
    assert "1 in another subject" in words and "Ready to move up 1 student" not in words


def test_work_of_another_subject_is_called_by_its_class_and_is_not_the_first_thing_to_do() -> None:
    math = SchoolClass.objects.get(sourced_id="k1")
    SchoolClass.objects.filter(pk=math.pk).update(frameworks=["Math"])
    give(client("T1"))
    hand_in(client("u1"))
    advisory = SchoolClass.objects.get(pk=math.pk)
    advisory.pk, advisory.sourced_id, advisory.title = None, "ad", "Advisory 7A"
    advisory.uuid, advisory.frameworks = uuid4(), ["Habits"]
    advisory.save()
    for name, role in (("T2", "teacher"), ("T1", "teacher"), ("u1", "student")):
        Enrollment.objects.create(
            sourced_id=f"ad-{name}", person=person(name), school_class=advisory, role=role
        )
    answer = client("T2").get("/teacher/today")
    (stack,) = answer.context["stacks"]
    assert (stack.class_title, stack.own) == (math.title, False)
    page = Page(answer)
    assert "Rate the oldest stack" not in page.words and "None of it is of your own subjects." in page.words
    assert stack.url in page.links and "class=ad" in stack.url
    (stack,) = again("T1", "en").get("/teacher/today").context["stacks"]
    assert (stack.class_title, stack.own) == (math.title, True) and "class=k1" in stack.url
    # What a student handed in without a task is of no class: it is called by its line.
    answer = again("u1", "en").post(
        "/student/hand-in",
        {"key": "page-own-0001", "title": "Own idea", "words": "x", "target": target("A.1")},
    )
    assert answer.status_code == 302
    stacks = again("T2", "en").get("/teacher/today").context["stacks"]
    assert {one.title: one.class_title for one in stacks}["Own idea"] == "Math"


def test_an_observation_that_is_refused_comes_back_filled_with_the_fault_beside_its_field() -> None:
    teacher, node = client("T1"), target("A.1")
    sent = {
        "key": "page-o-1",
        "student": "Anita Nobody",
        "target": str(node),
        "level": "3",
        "comment": "Saw it.",
    }
    answer = teacher.post("/teacher/observe", sent)
    page = Page(answer)
    assert answer.status_code == 422 and "Choose a student from the list" in page.words
    (field,) = page.all("input", name="student")
    assert field["value"] == "Anita Nobody" and field["aria-invalid"] == "true"
    assert page.all("p", id=str(field["aria-describedby"]))
    assert [a["value"] for a in page.all("option") if "selected" in a] == [str(node)]
    assert [a["value"] for a in page.all("input", name="level") if "checked" in a] == ["3"]
    assert page.all("input", name="comment")[0]["value"] == "Saw it."
    assert "Saved." in post(teacher, "/teacher/observe", **{**sent, "student": "(u1)"}).words
    assert teacher.get("/teacher/observe?as_of=2026-12-01")["Location"] == "/teacher/today?as_of=2026-12-01"


def test_a_line_without_a_level_counts_no_targets() -> None:
    line = continuums.node(target("A.1")).framework_id
    words = read(client("T1"), f"/teacher/students/u1?line={line}").words
    assert "reached at the working level" not in words
    rate("u1", "A.1", "2026-12-02", 3)
    assert (
        "reached at the working level" in read(again("T1", "en"), f"/teacher/students/u1?line={line}").words
    )


def test_the_card_of_the_work_that_waits_counts_what_it_does_not_list(monkeypatch: Any) -> None:
    teacher = client("T1")
    for n in range(2):
        give(teacher, key=f"give-012345678{n}", title=f"Task {n}")
    for name in ("u1", "u2"):
        student = client(name)
        for one in ledger.chances_of([person(name).id]):
            student.post("/student/hand-in", {"key": one.piece_key, "words": "One to three."})
    monkeypatch.setattr("headway.pages.teacher.today.STACKS", 1)
    page = read(teacher, "/teacher/today")
    assert "4 pieces wait for a rating." in page.words and "and 2 more pieces" in page.words
    assert "/teacher/rate/waiting?show=work" in page.links and "/teacher/plans" in page.links
    assert "4 pieces wait for you." in read(teacher, "/teacher/rate/waiting?show=work").words


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
