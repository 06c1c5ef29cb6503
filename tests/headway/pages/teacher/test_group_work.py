"""Group work on the pages (P2): groups are made, one hands in for all, all are rated on one screen, each on their own."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.evidence import queries as ledger
from headway.evidence.models import Piece, Rating, Return

from ..student.world import Page, again, client, person, read, target
from .test_loop import chance, give, hand_in, post, rate_path

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]
BOTH = ("u1", "u2")


def in_group(**said: Any) -> dict[str, Any]:
    return {f"group-{person(name).id}": "1" for name in BOTH} | said


def own(name: str) -> str:
    return f"own-{person(name).id}-{target('A.1')}"


def test_p2_one_of_a_group_hands_in_and_both_read_the_same_piece() -> None:
    give(client("T1"), **in_group())
    browser = client("u1")
    words = read(browser, f"/student/hand-in?offer={chance('u1').uuid}").words
    assert f"Group work with {person('u2').name()}." in words
    piece = hand_in(browser)
    page = read(client("u2"), f"/student/work/{quote(chance('u2').piece_key, safe='')}")
    assert "One to three." in page.words and f"with {person('u1').name()}" in page.words
    family = read(client("p1"), f"/family/children/u1/work/{quote(piece.key, safe='')}").words
    assert "with one other" in family and person("u2").family_name not in family


def test_p2_who_opened_the_form_before_a_mate_handed_in_is_told_and_may_go_on() -> None:
    give(client("T1"), **in_group())
    hand_in(client("u1"))
    sent = {"key": chance("u2").piece_key, "words": "Two to six.", "after": "0"}
    browser = client("u2")
    answer = browser.post("/student/hand-in", sent)
    page = Page(answer)
    assert answer.status_code == 422 and "This was handed in since you opened the page." in page.words
    assert page.all("input", name="after", value="1") and "Two to six." in page.words
    assert browser.post("/student/hand-in", sent | {"after": "1"}).status_code == 302
    assert set(Piece.objects.values_list("attempt", "words")) == {(2, "Two to six.")}


def test_p2_a_group_is_rated_on_one_screen_the_same_for_all_but_where_it_differs() -> None:
    teacher, node = client("T1"), target("A.1")
    give(teacher, **in_group())
    piece = hand_in(client("u1"))
    stack = read(teacher, "/teacher/rate/waiting").words
    assert "One piece waits for you." in stack, "it stands once in the stack"
    page = read(teacher, rate_path(piece))
    assert "One by one" in page.words and page.all("select", name=own("u2"))
    assert not [one for one in page.all("input", name=f"level-{node}") if "checked" in one], (
        "nobody's last level"
    )
    sent = {"key": "page-group", f"level-{node}": "3", f"comment-{node}": "Clear steps.", own("u2"): "2",
            f"own-words-{person('u2').id}": "Say more about yours."}  # fmt: skip
    with CaptureQueriesContext(connection) as asked:
        assert teacher.post(rate_path(piece), sent).status_code == 302
    inserts = [one["sql"].split('"')[1] for one in asked if one["sql"].startswith("INSERT")]
    assert len(inserts) == len(set(inserts)), "one statement for each table"
    rows = {one.student.sourced_id: one for one in Rating.objects.select_related("student")}
    assert {who: (one.level, one.comment, one.by_default) for who, one in rows.items()} == {
        "u1": (300, "Clear steps.", False), "u2": (200, "Clear steps.\n\nSay more about yours.", False),
    }  # fmt: skip
    assert ledger.waiting([person(name).id for name in BOTH]) == []
    assert (
        "Say more about yours."
        not in read(again("u1", "en"), f"/student/work/{quote(piece.key, safe='')}").words
    )


def test_p2_held_moved_and_excused_for_one_of_them_only() -> None:
    teacher, node = client("T1"), target("A.1")
    give(teacher, **in_group())
    piece = hand_in(client("u1"))
    sent = {"key": "page-group", f"level-{node}": "3", own("u2"): "status:excused", "hold": "1"}
    assert teacher.post(rate_path(piece), sent).status_code == 302
    held = {one.student: one for one in ledger.held_ratings(students=[person(name).id for name in BOTH])}
    assert [held[person(name).id].status for name in BOTH] == [0, 2]
    post(teacher, "/teacher/classes/k1/release", rating=[held[person("u1").id].key])
    move = {"rating": [held[person("u1").id].key], "act": "move", "to": "A.2", "reason": "The other target"}
    assert "act=" in teacher.post("/teacher/students/u1/correct", move)["Location"]
    stands = Rating.objects.filter(to_sequence=None).values_list("student__sourced_id", "target_id", "held")
    assert set(stands) == {("u1", target("A.2"), False), ("u2", node, True)}


def test_p2_a_group_piece_is_returned_to_all_with_words_for_one_and_undone_at_once() -> None:
    teacher = client("T1")
    give(teacher, **in_group())
    piece = hand_in(client("u1"))
    sent = {"key": "page-back", "attempt": "1", "act": "return", "words": "Say why.",
            f"own-words-{person('u2').id}": "And you?"}  # fmt: skip
    answer = teacher.post(rate_path(piece), sent)
    assert sorted(Return.objects.values_list("words", flat=True)) == ["Say why.", "Say why.\n\nAnd you?"]
    assert "And you?" in read(client("u2"), "/student/now").words
    assert "And you?" not in read(again("u1", "en"), "/student/now").words
    token = Page(teacher.get(answer["Location"])).all("input", name="saved")[0]["value"]
    teacher.post("/teacher/rate/undo", {"saved": token, "back": "/teacher/rate"})
    assert Return.objects.count() == 0


def test_p2_groups_are_made_on_the_page_of_what_was_given() -> None:
    teacher = client("T1")
    offer = give(teacher)
    path = f"/teacher/given/{offer.uuid}"
    sent = {f"group-{chance(name).uuid}": "1" for name in BOTH}
    page = post(teacher, path, act="group", **sent)
    assert "2 students work in other groups." in page.words and page.words.count("Group 1") >= 2
    page = post(teacher, path, act="group", **dict.fromkeys(sent, ""))
    assert "2 students work in other groups." in page.words
    post(teacher, path, act="group", **sent)
    hand_in(client("u1"))
    assert "2 Handed in" in read(teacher, path).words


def test_earlier_attempts_are_read_by_teacher_student_and_family() -> None:
    teacher, student = client("T1"), client("u1")
    give(teacher)
    piece = hand_in(student)
    key = quote(piece.key, safe="")
    assert "Earlier attempts" not in read(student, f"/student/work/{key}").words
    hand_in(again("u1", "en"), words="Because three parts are white.")
    for browser, path in (
        (student, f"/student/work/{key}"), (client("p1"), f"/family/children/u1/work/{key}"), (teacher, rate_path(piece))
    ):  # fmt: skip
        words = read(browser, path).words
        assert "Attempt 1, handed in 3 Dec" in words and "One to three." in words
    assert client("u2").get(f"/student/work/{key}").status_code == 404


def test_p2_a_group_is_saved_in_as_many_statements_on_two_targets_as_on_one() -> None:
    teacher = client("T1")
    both = [str(target("A.1")), str(target("A.2"))]
    found = []
    for number, targets in enumerate((both[:1], both)):
        give(teacher, key=f"give-000000000{number}", title=f"Mix {number}", target=targets, **in_group())
        piece = hand_in(again("u1", "en") if number else client("u1"))
        sent = {"key": f"page-many-{number}", **{f"level-{one}": "3" for one in targets}}
        teacher.get(rate_path(piece))
        with CaptureQueriesContext(connection) as asked:
            assert teacher.post(rate_path(piece), sent).status_code == 302
        found.append(sum(one["sql"].startswith(("INSERT", "UPDATE", "SELECT")) for one in asked))
    assert Rating.objects.count() == 6
    assert found[1] <= found[0] + 1, found


def seen_form(browser: Client, piece: Any) -> dict[str, Any]:
    page = read(browser, rate_path(piece))
    return {name: str(page.all("input", name=name)[0]["value"]) for name in ("key", "seen", "attempt")}


def test_p2_an_attempt_that_came_in_since_is_shown_before_it_is_rated_and_nothing_typed_is_lost() -> None:
    teacher, node = client("T1"), target("A.1")
    give(teacher, **in_group())
    piece = hand_in(client("u1"))
    sent = seen_form(teacher, piece) | {
        f"level-{node}": "3", f"comment-{node}": "Clear.", own("u2"): "2", f"own-words-{person('u2').id}": "Yours too.",
        "depth": "2", "language": "es", "keep": "1",
    }  # fmt: skip
    client("u2").post(
        "/student/hand-in", {"key": chance("u2").piece_key, "words": "Two to six.", "after": "1"}
    )
    answer = teacher.post(rate_path(piece), sent)
    page = Page(answer)
    assert answer.status_code == 422 and "A newer attempt was handed in since. It is shown now." in page.words
    assert "Two to six." in page.words and not Rating.objects.exists()
    assert [one["value"] for one in page.all("input", name=f"level-{node}") if "checked" in one] == ["3"]
    assert page.all("input", name=f"comment-{node}", value="Clear.") and page.all("input", value="Yours too.")
    assert [one["value"] for one in page.all("option") if "selected" in one] == ["2", "2"]
    assert page.all("input", name="language", value="es") and "checked" in page.all("input", name="keep")[0]
    sent["attempt"] = str(page.all("input", name="attempt")[0]["value"])
    assert teacher.post(rate_path(piece), sent).status_code == 302
    assert set(Rating.objects.values_list("attempt", "level")) == {(2, 300), (2, 200)}


@pytest.mark.parametrize("status", ["individual_goal", "evil", ""])
def test_p2_only_the_words_of_the_form_stand_in_the_place_of_a_level(status: str) -> None:
    teacher, node = client("T1"), target("A.1")
    give(teacher, **in_group())
    piece = hand_in(client("u1"))
    for sent in (
        {own("u2"): f"status:{status}", f"level-{node}": "3"},
        {f"status-{node}": status or "x"},
    ):
        answer = teacher.post(rate_path(piece), {"key": "page-group", **sent})
        words = Page(answer).words
        assert answer.status_code == 422 and "Choose a level or one of the words of the list." in words
    assert not Rating.objects.exists()


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "What you saved with this form was taken back since."), ("es", "Lo que guardó con este formulario se deshizo")],
)  # fmt: skip
def test_p6_what_was_undone_is_saved_again_with_a_fresh_key(language: str, said: str) -> None:
    give(client("T1"))
    teacher = again("T1", language)
    piece, node = hand_in(client("u1")), target("A.1")
    sent = {"key": "page-undone", f"level-{node}": "3"}
    answer = teacher.post(rate_path(piece), sent)
    saved = parse_qs(answer["Location"].split("?")[1])["saved"][0]
    teacher.post("/teacher/rate/undo", {"saved": saved, "back": "/teacher/rate"})
    answer = teacher.post(rate_path(piece), sent)
    page = Page(answer)
    assert answer.status_code == 422 and said in page.words and "new key" not in page.words
    key = str(page.all("input", name="key")[0]["value"])
    assert key != sent["key"]
    assert teacher.post(rate_path(piece), sent | {"key": key}).status_code == 302
    assert Rating.objects.filter(to_sequence=None).count() == 1


def test_p6_a_form_that_was_saved_with_other_content_is_told_and_may_add() -> None:
    teacher, node = client("T1"), target("A.1")
    give(teacher)
    piece = hand_in(client("u1"))
    sent = {"key": "page-twice", f"level-{node}": "3"}
    assert teacher.post(rate_path(piece), sent).status_code == 302
    sent[f"level-{node}"] = "2"
    page = Page(teacher.post(rate_path(piece), sent))
    assert "This form was saved before with other content." in page.words
    sent["key"] = str(page.all("input", name="key")[0]["value"])
    assert teacher.post(rate_path(piece), sent).status_code == 302
