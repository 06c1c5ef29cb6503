"""The stack over several classes (P6, P8): what came in and what did not, closed many at once; who else rates is told."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.evidence import queries as ledger
from headway.evidence.models import Event, Opportunity, Rating
from headway.pages.teacher import undoing
from headway.rosters.models import Enrollment, SchoolClass

from ..student.world import Page, again, client, person, rate, read, target
from .test_loop import chance, give, hand_in, post, rate_path, rating

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]
STACK = "/teacher/rate/waiting"


def states() -> dict[str, str]:
    return dict(Opportunity.objects.values_list("student__sourced_id", "state"))


def toast(page: Page) -> str:
    return undoing.said(str(page.all("input", name="saved")[0]["value"]))


def undo(browser: Any, page: Page) -> None:
    token = page.all("input", name="saved")[0]["value"]
    browser.post("/teacher/rate/undo", {"saved": token, "back": "/teacher/rate"})


def colleague() -> Any:
    """A second teacher of the class of Maria Lopez."""
    Enrollment.objects.create(
        sourced_id="both",
        person=person("T2"),
        school_class=SchoolClass.objects.get(sourced_id="k1"),
        role="teacher",
    )
    return client("T2")


def test_p6_the_stack_closes_many_at_once_with_one_undo() -> None:
    teacher = client("T1")
    give(teacher, due="2026-12-03")
    page = read(teacher, STACK)
    assert "Nothing came for 2 chances that were due by today." in page.words
    both = [str(a["value"]) for a in page.all("input", name="chance")]
    assert len(both) == 2
    page = post(teacher, STACK, act="excused", chance=both)
    assert "Say why they are excused." in page.words and set(states().values()) == {"offered"}
    assert "Choose at least one student of the list." in post(teacher, STACK, act="missed").words
    assert "Choose what to do with them." in post(teacher, STACK, act="x", chance=both).words
    page = post(teacher, STACK, act="missed", chance=both)
    assert toast(page) == "Missed: 2 students." and set(states().values()) == {"missed"}
    undo(teacher, page)
    assert set(states().values()) == {"offered"} and not Rating.objects.filter(to_sequence=None).exists()
    post(teacher, STACK, act="away", chance=both)
    assert set(states().values()) == {"away"}


def test_p6_after_the_last_work_of_a_stack_the_next_oldest_work_is_one_key_away() -> None:
    teacher = client("T1")
    give(teacher, due="2026-12-03", names=("u1", "u2"))
    first = hand_in(client("u1"))
    give(teacher, due="2026-12-03", key="give-1111111111", title="Second", names=("u2",))
    other = hand_in(client("u2"), "u2")
    assert other.title == "Second"
    page = read(teacher, rate_path(first))
    assert "1 of 1; then one chance for which nothing came" in page.words, (
        "what came is counted apart from what did not"
    )
    skip = str(next(a["href"] for a in page.all("a") if "data-skip" in a))
    saved = teacher.post(rate_path(first), rating(first))["Location"]
    for place in (skip, saved):
        (button,) = [a for a in read(teacher, place).all("a") if "autofocus" in a]
        assert quote(other.key, safe="") in str(button["href"]) and "class=k1" in str(button["href"])
    # With no other work left, the stack goes on to those for whom nothing came, and the focus waits on what changes nothing.
    answer = teacher.post(rate_path(other), rating(other, key="page-rate-other"))
    (button,) = [a for a in read(teacher, answer["Location"]).all("a") if "autofocus" in a]
    assert button["href"] == "/teacher/today"
    page = read(teacher, f"/teacher/rate?chance={chance_of('u2', 'Paint mix').uuid}")
    assert "without work: 1 of 1" in page.words
    assert ["data-skip" in a for a in page.all("a") if "autofocus" in a] == [True]


def test_p6_what_was_rated_on_the_way_through_a_stack_stays_counted() -> None:
    teacher = client("T1")
    give(teacher)
    # Both came in at one instant: the stack orders them by key.
    first, second = sorted((hand_in(client("u1")), hand_in(client("u2"), "u2")), key=lambda one: str(one.key))
    assert "1 of 2, 1 more after this" in read(teacher, rate_path(first)).words
    (form,) = [one for one in read(teacher, rate_path(first)).all("form") if "data-rate" in one]
    answer = teacher.post(str(form["action"]), rating(first))
    page = read(teacher, answer["Location"])
    assert "2 of 2" in page.words and "more after this" not in page.words
    (form,) = [one for one in page.all("form") if "data-rate" in one]
    assert "of=2" in str(form["action"]) and "of=" not in str(form["data-rate"])
    token = str(page.all("input", name="saved")[0]["value"])
    back = teacher.post("/teacher/rate/undo", {"saved": token, "back": "/teacher/rate"})["Location"]
    assert "1 of 2, 1 more after this" in read(teacher, back).words
    assert "2 of 2, 1 more after this" in read(teacher, rate_path(second)).words, "as the stack stands there"


def chance_of(name: str, title: str) -> ledger.Chance:
    return next(one for one in ledger.chances_of([person(name).id]) if one.title == title)


def test_p3_an_undo_opens_what_it_took_back_and_not_the_next_student() -> None:
    teacher = client("T1")
    give(teacher)
    first, second = hand_in(client("u1")), hand_in(client("u2"), "u2")
    page = post(teacher, rate_path(first), **rating(first))
    assert second.title in page.words and person("u2").name() in page.words
    token = str(page.all("input", name="saved")[0]["value"])
    back = str(page.all("input", name="back")[0]["value"])
    page = post(teacher, "/teacher/rate/undo", saved=token, back=back)
    assert not Rating.objects.filter(to_sequence=None).exists()
    (form,) = [one for one in page.all("form") if "data-rate" in one]
    assert f"piece={first.key}" in str(form["action"]).replace("%3A", ":"), (
        "the correction lands on the first student"
    )
    answer = teacher.post("/teacher/rate/undo", {"saved": token, "back": back})
    assert f"piece={first.key}" in answer["Location"].replace("%3A", ":"), (
        "and again where nothing is left to undo"
    )


def test_p3_an_undo_says_what_it_took_back_and_offers_none_for_itself() -> None:
    teacher = client("T1")
    give(teacher)
    piece = hand_in(client("u1"))
    page = post(teacher, rate_path(piece), **rating(piece))
    token = str(page.all("input", name="saved")[0]["value"])
    answer = teacher.post("/teacher/rate/undo", {"saved": token, "back": "/teacher/rate"}, follow=True)
    assert f"Undone: {person('u1').name()}: Proficient" in answer.content.decode()
    assert not [one for one in Page(answer).all("button") if "data-undo" in one]


def test_p6_what_is_not_due_yet_is_not_in_the_stack() -> None:
    teacher = client("T1")
    give(teacher, due="2026-12-04")
    assert "Everything that was due came in, or was closed." in read(teacher, STACK).words


def test_p6_the_chance_at_hand_is_closed_and_the_stack_goes_on() -> None:
    teacher = client("T1")
    give(teacher, due="2026-12-03")
    first = f"/teacher/rate?chance={chance('u1').uuid}"
    page = read(teacher, first)
    assert "Nothing came for this task." in page.words and page.all("button", value="away")
    answer = teacher.post(first, {"act": "excused"})
    assert answer.status_code == 422 and "Say why they are excused." in Page(answer).words
    answer = teacher.post(first, {"act": "missed"})
    assert str(chance("u2").uuid) in answer["Location"], "the next in the stack"
    page = read(teacher, answer["Location"])
    assert toast(page) == f"{person('u1').name()}: Missed: 1 student."
    assert states() == {"u1": "missed", "u2": "offered"}
    undo(teacher, page)
    assert states() == {"u1": "offered", "u2": "offered"}
    assert "This chance is not open any more." not in read(teacher, first).words
    assert client("T2").get(first).status_code == 404
    assert teacher.get("/teacher/rate?chance=x").status_code == 404


def test_p6_work_comes_before_what_did_not_and_the_walk_leads_from_one_to_the_other() -> None:
    teacher = client("T1")
    give(teacher, due="2026-12-03")
    piece = hand_in(client("u2"), "u2")
    answer = teacher.post(rate_path(piece), rating(piece))
    assert f"chance={chance('u1').uuid}" in answer["Location"] and "class=k1" in answer["Location"]


def test_p6_filters_stay_in_the_address_and_a_class_out_of_scope_is_not_there() -> None:
    teacher = client("T1")
    give(teacher, due="2026-12-03")
    give(teacher, due="2026-12-03", key="give-1111111111", title="Second")
    page = read(teacher, f"{STACK}?class=k1&title=Second&show=nothing")
    links = [link for link in page.links if "chance=" in link]
    assert len(links) == 2 and all("class=k1" in link and "title=Second" in link for link in links)
    assert read(teacher, f"{STACK}?show=work").words.count("nothing came") == 0
    assert teacher.get(f"{STACK}?class=k9").status_code == 404
    page = read(teacher, links[0])
    assert re.search(r"1 of 2", page.words), "the walk keeps to the filter"
    page = read(teacher, links[0].replace("title=Second", "title="))
    assert re.search(r"\d of 4", page.words), "or goes through every task"


def test_p8_a_piece_that_another_rated_meanwhile_is_told_and_not_overwritten() -> None:
    teacher, other = client("T1"), colleague()
    give(teacher)
    piece = hand_in(client("u1"))
    seen = str(read(teacher, rate_path(piece)).all("input", name="seen")[0]["value"])
    theirs = read(other, rate_path(piece)).all("input", name="seen")[0]["value"]
    sent = rating(piece, key="page-theirs", seen=str(theirs), **{f"level-{target('A.1')}": "2"})
    assert other.post(rate_path(piece), sent).status_code == 302
    answer = teacher.post(rate_path(piece), rating(piece, seen=seen))
    page = Page(answer)
    name = person("T2").name()
    assert answer.status_code == 422 and f"{name} rated this since you opened the page." in page.words
    assert f"Rated already: {name}" in page.words and "Clear steps." in str(
        page.all("input", name=f"comment-{target('A.1')}")
    )
    assert [one.level for one in Rating.objects.filter(to_sequence=None)] == [200]
    newer = str(page.all("input", name="seen")[0]["value"])
    assert teacher.post(rate_path(piece), rating(piece, seen=newer)).status_code == 302
    assert sorted(Rating.objects.filter(to_sequence=None).values_list("level", flat=True)) == [200, 300]


def test_p8_a_student_whom_another_rated_meanwhile_is_told_in_a_class_too() -> None:
    teacher = client("T1")
    colleague()
    node = target("A.1")
    path = f"/teacher/rate?class=k1&target={node}&student={person('u1').id}"
    seen = str(read(teacher, path).all("input", name="seen")[0]["value"])
    rate("u1", "A.1", "2026-12-03", 2, rater="T2")
    rate("u1", "A.2", "2026-12-03", 2, rater="T2")
    assert teacher.post(path, {"key": "page-0001", f"level-{node}": "3", "seen": seen}).status_code == 422
    other = path.replace(f"student={person('u1').id}", f"student={person('u2').id}")
    assert teacher.post(other, {"key": "page-0002", f"level-{node}": "3", "seen": seen}).status_code == 302


def test_p8_the_stack_says_who_else_rated_in_the_last_hour() -> None:
    teacher = client("T1")
    colleague()
    rate("u1", "A.1", "2026-12-03", 2, rater="T2")
    rate("u2", "A.1", "2026-12-03", 2)
    words = read(teacher, STACK).words
    assert f"In the last hour: {person('T2').name()} (1 rating)" in words


def test_p3_the_page_says_that_a_save_confirms_and_marks_the_default() -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    words = read(
        client("T1"), f"/teacher/rate?class=k1&target={target('A.1')}&student={person('u1').id}"
    ).words
    assert "already chosen: the last level here; your save confirms it and marks it so" in words
    assert "Already chosen: the last level here. Your save confirms it. Save and next" in words
    rate("u2", "A.2", "2026-11-02", 3)
    path = f"/teacher/rate?class=k1&target={target('A.1')}&student={person('u2').id}"
    assert "Already chosen" not in read(again("T1", "en"), path).words


def test_p6_a_chance_that_was_closed_meanwhile_is_said() -> None:
    teacher = client("T1")
    give(teacher, due="2026-12-03")
    path = f"/teacher/rate?chance={chance('u1').uuid}"
    teacher.post(path, {"act": "missed"})
    assert "This chance is not open any more." in read(teacher, path).words
    answer = teacher.post(path, {"act": "away"})
    assert (
        answer.status_code == 422
        and "One of these was handed in, closed or opened since." in Page(answer).words
    )
    assert ledger.chances_of([person("u1").id])[0].state == "missed"


def test_statements_of_the_stack_do_not_grow_with_what_waits() -> None:
    teacher = client("T1")
    give(teacher, due="2026-12-03")
    piece = hand_in(client("u1"))
    paths = [
        STACK,
        rate_path(piece),
        f"{rate_path(piece)}&title=",
        f"/teacher/rate?chance={chance('u2').uuid}&title=",
    ]

    def cost(path: str) -> int:
        teacher.get(path)
        with CaptureQueriesContext(connection) as asked:
            assert teacher.get(path).status_code == 200
        return len(asked)

    before = [cost(path) for path in paths]
    for n in range(4):
        give(teacher, due="2026-12-03", key=f"give-000000000{n}", title=f"More {n}")
        if n % 2:
            answer = again("u1", "en").post("/student/hand-in", {"key": chance("u1").piece_key, "words": "x"})
            assert answer.status_code == 302
    assert all(after <= one for after, one in zip([cost(path) for path in paths], before, strict=True))
    assert max(before) <= 30, before


def test_p6_work_taken_in_from_paper_offers_no_undo_and_a_note_of_nothing_undoes_nothing() -> None:
    teacher = client("T1")
    give(teacher, due="2026-12-03")
    page = post(teacher, STACK, act="paper", chance=[str(chance("u1").uuid)])
    assert "Handed in on paper: it waits to be rated" in page.words
    assert not [one for one in page.all("button") if "data-undo" in one]
    answer = teacher.post(STACK, {"act": "paper", "chance": [str(chance("u2").uuid)]})
    n = Event.objects.count()
    sent = {"saved": parse_qs(answer["Location"])["saved"][0], "back": STACK}
    assert teacher.post("/teacher/rate/undo", sent)["Location"] == STACK
    assert Event.objects.count() == n and set(states().values()) == {"taken"}


def test_p6_what_was_missed_is_opened_again_and_not_withdrawn_among_what_one_rated() -> None:
    teacher = client("T1")
    offer = give(teacher, due="2026-12-03")
    post(teacher, STACK, act="missed", chance=[str(chance("u1").uuid)])
    key = Rating.objects.get().key
    said = {"rating": [key], "act": "withdraw", "reason": "He was there"}
    page = Page(teacher.post("/teacher/rated", said))
    assert "open the task again for the student on its page." in page.words
    post(
        teacher, f"/teacher/given/{offer.uuid}", act="reopen", chance=[str(chance("u1").uuid)], reason="Late"
    )
    act = Event.objects.filter(kind="amend").latest("sequence").sequence
    page = post(teacher, f"/teacher/acts/{act}/undo", back="/teacher/rated")
    assert "The task was opened again for the student since" in page.words
    assert not Rating.objects.filter(to_sequence=None).exists() and set(states().values()) == {"offered"}


def test_p6_today_the_list_and_the_stack_count_a_group_s_piece_once(monkeypatch) -> None:
    teacher = client("T1")
    give(teacher, **{f"group-{person(name).id}": "1" for name in ("u1", "u2")})
    hand_in(client("u1"))
    for path in (STACK, "/teacher/rate"):
        assert "One piece waits for you." in read(teacher, path).words
    answer = teacher.get("/teacher/today")
    assert answer.context["waiting_n"] == 1 and [one.n for one in answer.context["stacks"]] == [1]
    give(teacher, key="give-1111111111", title="Second")
    hand_in(again("u1", "en"))
    monkeypatch.setattr("headway.pages.teacher.choose.SHOWN", 1)
    page = read(teacher, "/teacher/rate")
    assert "and 1 more" in page.words and f"{STACK}?show=work" in page.links


def test_a_rated_piece_that_is_opened_again_has_nothing_chosen_and_says_what_it_got() -> None:
    teacher = client("T1")
    give(teacher, due="2026-12-03")
    hand_in(client("u1"))
    piece = ledger.pieces_of(students=[person("u1").id])[0]
    rate("u1", "A.1", "2026-11-02", 3)
    path = f"/teacher/rate?piece={piece.key}"
    assert "already chosen: the last" in read(teacher, path).words
    rate("u1", "A.1", "2026-12-03", 2, evidence=piece.key)
    page = read(teacher, path)
    assert "already chosen: the last" not in page.words and "your choice" in page.words
    assert "Rated already: Maria Lopez, 3 Dec: Developing." in page.words
    assert [tag for tag in page.all("input") if tag.get("type") == "radio" and "checked" in tag] == []


def test_missing_work_is_not_said_to_have_come_in_where_only_work_is_shown() -> None:
    teacher = client("T1")
    give(teacher, due="2026-12-03")
    assert "Nothing came for" in read(teacher, "/teacher/rate/waiting").words
    words = read(teacher, "/teacher/rate/waiting?show=work").words
    assert "Work only: what was due and did not come is left out." in words
    assert "Everything that was due came in" not in words
