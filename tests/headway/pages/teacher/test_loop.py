"""The daily loop on the pages of teacher, student and family: each reader finds the same state in the same words."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.access.types import SYSTEM
from headway.evidence import actions as evidence
from headway.evidence import queries as ledger
from headway.evidence.models import Event, Offer, Piece, Rating, SavedComment, StudentRequest
from headway.evidence.types import Task
from headway.interop.case import exchange

from ..student.world import NOW, Page, again, client, person, read, target

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]


def form(**said: Any) -> dict[str, Any]:
    students = [str(person(name).id) for name in said.pop("names", ("u1", "u2"))]
    return {"key": "give-0123456789", "class": "k1", "title": "Paint mix", "words": "Two colors.", "due": "2026-12-07",
            "target": [str(target("A.1"))], "student": students, "purpose": "evidence", **said}  # fmt: skip


def give(browser: Client, **said: Any) -> Offer:
    answer = browser.post("/teacher/give", form(**said))
    assert answer.status_code == 302, Page(answer).words
    return Offer.objects.latest("pk")


def chance(name: str) -> ledger.Chance:
    return ledger.chances_of([person(name).id])[0]


def hand_in(browser: Client, name: str = "u1", words: str = "One to three.") -> Any:
    answer = browser.post("/student/hand-in", {"key": chance(name).piece_key, "words": words})
    assert answer.status_code == 302
    return Piece.objects.get(key=chance(name).piece_key)


def post(browser: Client, path: str, **said: Any) -> Page:
    """Send a form and read the page that it leads to."""
    answer = browser.post(path, said, follow=True)
    assert answer.status_code == 200
    return Page(answer)


def rate_path(piece: Any) -> str:
    return f"/teacher/rate?piece={quote(piece.key, safe='')}&class=k1"


def rating(piece: Any, **said: Any) -> dict[str, Any]:
    node = target("A.1")
    return {"key": f"page-rate-{piece.attempt}", "attempt": piece.attempt, f"level-{node}": "3",
            f"comment-{node}": "Clear steps.", **said}  # fmt: skip


# Giving.


def test_p1_a_task_is_given_from_the_form_once_and_taken_back() -> None:
    teacher = client("T1")
    page = read(teacher, "/teacher/give?class=k1")
    assert len(page.all("input", name="student", checked=None)) >= 2
    for _ in range(2):
        offer = give(teacher)
    assert (Offer.objects.count(), offer.title, offer.opportunities.count()) == (1, "Paint mix", 2)
    words = read(teacher, f"/teacher/given/{offer.uuid}").words
    assert "2 Given" in words and "due 7 Dec" in words and "Take it back from everybody" in words
    assert "Given to me" in read(client("u1"), "/student/now").words
    assert (
        "Taken back: nobody has it any more."
        in post(teacher, f"/teacher/given/{offer.uuid}", act="withdraw").words
    )
    assert "Given to me" not in read(again("u1", "en"), "/student/now").words
    assert "Nothing was given in this class yet." in read(teacher, "/teacher/classes/k1/given").words


def test_p1_one_student_is_given_a_bare_target_which_is_its_name() -> None:
    teacher = client("T1")
    page = read(teacher, f"/teacher/give?student=u1&target={target('A.1')}")
    assert [a["value"] for a in page.all("input", name="student") if "checked" in a] == [str(person("u1").id)]
    assert [a["value"] for a in page.all("input", name="target") if "checked" in a] == [str(target("A.1"))]
    assert give(teacher, title=" ", names=("u1",)).title == "Compare ratios"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"target": []}, "Choose one to 6 targets."),
        ({"names": ()}, "Choose at least one student."),
        ({"due": "2026-12-01"}, "Give a day from today on, or leave it empty."),
        ({"due": "soon"}, "Give a day from today on, or leave it empty."),
        ({"link": "javascript:alert(1)"}, "A link begins with https://"),
        ({"title": "x" * 201}, "The name may have up to 200 letters."),
    ],
)
def test_p1_what_is_wrong_is_said_and_what_was_typed_stays(said: dict[str, Any], words: str) -> None:
    answer = client("T1").post("/teacher/give", form(**said))
    page = Page(answer)
    assert answer.status_code == 422 and words in page.words and "Two colors." in page.words
    assert Offer.objects.count() == 0


def test_p1_a_class_or_a_student_out_of_scope_is_not_there() -> None:
    browser = client("T2")
    assert browser.get("/teacher/give?class=k1").status_code == 404
    assert browser.get("/teacher/give?student=u1").status_code == 404
    assert browser.post("/teacher/give", form()).status_code == 404


# The student's side.


def test_p1_handing_in_inherits_title_and_targets_and_takes_the_chance() -> None:
    give(client("T1"), link="https://example.org/colors")
    browser = client("u1")
    page = read(browser, f"/student/hand-in?offer={chance('u1').uuid}")
    assert (
        "Hand in “Paint mix”" in page.words
        and "Two colors." in page.words
        and "It shows: Compare ratios." in page.words
    )
    assert "https://example.org/colors" in page.links and not page.all("select", name="target")
    piece = hand_in(browser)
    assert (piece.title, [node.id for node in piece.targets.all()]) == ("Paint mix", [target("A.1")])
    assert chance("u1").state == "taken"
    assert "Given to me" not in read(browser, "/student/now").words
    other = client("u2")
    assert other.get(f"/student/hand-in?offer={chance('u1').uuid}").status_code == 404
    assert other.post("/student/hand-in", {"key": piece.key, "words": "x"}).status_code == 404


def test_p6_a_closed_task_takes_no_work_and_says_what_to_do() -> None:
    teacher = client("T1")
    offer = give(teacher)
    path = f"/teacher/given/{offer.uuid}"
    post(teacher, path, act="missed", reason="no work came", chance=[str(chance("u1").uuid)])
    answer = client("u1").post("/student/hand-in", {"key": chance("u1").piece_key, "words": "late"})
    assert answer.status_code == 422 and "Ask your teacher to open it again." in Page(answer).words
    for who, path in (("u1", "/student/now"), ("p1", "/family/children/u1")):
        browser = again("u1", "en") if who == "u1" else client("p1")
        page = read(browser, path)
        assert "Missed: no work came" in page.words
        assert f"/student/hand-in?offer={chance('u1').uuid}" not in page.links


# The whole round, read by three.


def stands(name: str) -> tuple[str, str]:
    """Return what student and family read about the piece."""
    key = quote(chance("u1").piece_key, safe="")
    found = []
    for who, path in (("u1", f"/student/work/{key}"), ("p1", f"/family/children/u1/work/{key}")):
        words = read(again(who, "en"), path).words
        found.append(re.search(r"Stands (.+?)(?: · |$| Revise| What was asked)", words)[1])
    assert name in read(again("p1", "en"), "/family/children/u1").words
    return tuple(found)


def test_p1_p4_the_round_reads_the_same_for_everybody_and_held_is_nobodys() -> None:
    teacher, student, family = client("T1"), client("u1"), client("p1")
    offer = give(teacher)
    given = f"/teacher/given/{offer.uuid}"
    assert "Paint mix Given." in read(family, "/family/children/u1").words
    piece = hand_in(student)
    assert stands("Handed in") == ("Handed in", "Handed in")
    assert "1 Handed in" in read(teacher, given).words
    node = target("A.1")
    sent = {
        "key": "page-return",
        "attempt": "1",
        "act": "return",
        "words": "Say why.",
        f"comment-{node}": "Which parts?",
    }
    post(teacher, rate_path(piece), **sent)
    assert stands("Returned for revision") == ("Returned for revision", "Returned for revision")
    assert "1 Returned for revision" in read(teacher, given).words
    assert "Paint mix" not in read(teacher, "/teacher/today").words
    now = read(student, "/student/now").words
    assert now.index("Say why.") < now.index("Do next") and "Compare ratios: Which parts?" in now
    assert "Paint mix" not in now.split("Waits to be rated")[1]
    assert "Say why." in read(student, f"/student/hand-in?work={piece.uuid}").words
    piece = hand_in(student, words="Because three parts are white.")
    assert stands("Handed in again") == ("Handed in again", "Handed in again")
    assert "Say why." in read(teacher, rate_path(piece)).words
    post(teacher, rate_path(piece), **rating(piece, hold="1"))
    assert stands("Handed in again") == ("Handed in again", "Handed in again")
    assert "1 Rated, held" in read(teacher, given).words
    assert "Rated, held" in read(teacher, "/teacher/students/u1").words
    (held,) = ledger.held_ratings(students=[person("u1").id])
    page = read(teacher, "/teacher/classes/k1/release")
    assert "One rating is held." in page.words and page.all("input", name="rating", value=held.key)
    page = post(teacher, "/teacher/classes/k1/release", rating=[held.key])
    assert "1 rating released: student and family see it now." in page.words
    assert stands("Rated") == ("Rated", "Rated")
    assert "Clear steps." in read(student, f"/student/work/{quote(piece.key, safe='')}").words


def test_p4_a_release_is_held_again_by_its_undo() -> None:
    teacher, student = client("T1"), client("u1")
    give(teacher)
    piece = hand_in(student)
    post(teacher, rate_path(piece), **rating(piece, hold="1"))
    (held,) = ledger.held_ratings(students=[person("u1").id])
    page = post(teacher, "/teacher/classes/k1/release", rating=[held.key])
    (undo,) = [a["action"] for a in page.all("form") if "/undo" in str(a.get("action"))]
    assert (
        "The correction is taken back." in post(teacher, str(undo), back="/teacher/classes/k1/release").words
    )
    assert [one.key for one in ledger.held_ratings(students=[person("u1").id])] == [held.key]
    assert (
        "Choose at least one rating." in post(teacher, "/teacher/classes/k1/release", rating=["other"]).words
    )


def test_a_return_is_undone_at_once_and_says_what_it_lacks() -> None:
    teacher = client("T1")
    give(teacher)
    piece = hand_in(client("u1"))
    answer = teacher.post(rate_path(piece), {"key": "page-1", "attempt": "1", "act": "return", "words": " "})
    assert answer.status_code == 422 and "Say in words what to revise" in Page(answer).words
    answer = teacher.post(
        rate_path(piece), {"key": "page-1", "attempt": "1", "act": "return", "words": "Say why."}
    )
    token = Page(teacher.get(answer["Location"])).all("input", name="saved")[0]["value"]
    assert ledger.waiting([person("u1").id]) == []
    teacher.post("/teacher/rate/undo", {"saved": token, "back": "/teacher/rate"})
    assert len(ledger.waiting([person("u1").id])) == 1
    hand_in(again("u1", "en"), words="Newer.")
    answer = teacher.post(
        rate_path(piece), {"key": "page-2", "attempt": "1", "act": "return", "words": "Say why."}
    )
    assert answer.status_code == 422 and "A newer attempt was handed in since." in Page(answer).words


def test_p2_what_was_given_for_practice_is_rated_for_practice_at_the_asked_depth_and_day() -> None:
    teacher = client("T1")
    give(teacher, purpose="practice", depth="3")
    piece = hand_in(client("u1"))
    post(teacher, rate_path(piece), **rating(piece))
    row = Rating.objects.get(piece=piece.key)
    assert (row.purpose, row.depth, row.due_us is not None) == (1, 3, True)


def test_the_choice_to_hold_goes_with_the_stack() -> None:
    teacher = client("T1")
    path = f"/teacher/rate?class=k1&target={target('A.1')}"
    answer = teacher.post(path, {"key": "page-9", f"level-{target('A.1')}": "3", "hold": "1"})
    assert "hold=1" in answer["Location"]
    assert [a for a in Page(teacher.get(answer["Location"])).all("input", name="hold") if "checked" in a]
    assert Rating.objects.get().held


# Closing many.


def test_p6_many_are_closed_with_one_reason_and_one_undo() -> None:
    teacher = client("T1")
    offer = give(teacher)
    path, both = f"/teacher/given/{offer.uuid}", [str(chance(n).uuid) for n in ("u1", "u2")]
    refused = teacher.post(path, {"act": "excused", "chance": both})
    assert refused.status_code == 422 and "Give one reason for all of them." in Page(refused).words
    ticked = [a["value"] for a in Page(refused).all("input", name="chance") if "checked" in a]
    assert sorted(str(one) for one in ticked) == sorted(both), "what was chosen stays chosen"
    nobody = teacher.post(path, {"act": "missed", "reason": "x"})
    assert "Choose at least one student of the list." in Page(nobody).words
    page = post(teacher, path, act="excused", reason="field trip", chance=both)
    assert "Excused: 2 students." in page.words and "2 Excused" in page.words and "field trip" in page.words
    assert "Excused" in read(client("u1"), f"/student/continuum?target={target('A.1')}").words
    undo = [a["value"] for a in page.all("input", name="chance", type="hidden")]
    assert sorted(map(str, undo)) == sorted(both)
    page = post(teacher, path, act="undo", chance=undo)
    assert "Open again for 2 students." in page.words and "2 Given" in page.words
    page = post(teacher, path, act="paper", chance=both)
    assert "Taken in from paper for 2 students." in page.words and "2 Handed in" in page.words
    assert "Something was handed in or closed already" in Page(teacher.post(path, {"act": "withdraw"})).words


def test_p1_since_when_is_the_day_of_the_state_and_not_of_the_first_attempt() -> None:
    offer = give(client("T1"))
    piece = hand_in(client("u1"))

    def since() -> int:
        rows = again("T1", "en").get(f"/teacher/given/{offer.uuid}").context["rows"]
        return next(int(row.at.day) for row in rows if row.sourced_id == "u1")

    assert since() == 3
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        sent = {"key": "page-1", "attempt": "1", "act": "return", "words": "Say why."}
        assert again("T1", "en").post(rate_path(piece), sent).status_code == 302
        assert since() == 4
    with time_machine.travel(NOW + timedelta(days=4), tick=False):
        hand_in(again("u1", "en"), words="Now with why.")
        assert since() == 7
        assert again("T1", "en").post(rate_path(piece), rating(piece, attempt=2)).status_code == 302
        assert since() == 7


# Requests.


def test_p21_a_request_its_answer_and_reason_are_read_by_three() -> None:
    student, teacher = client("u1"), client("T1")
    page = post(student, "/student/ask", target=target("A.1"), kind="show_again", words="I practiced.")
    assert "What I asked" in page.words and "No answer yet" in page.words
    one = StudentRequest.objects.get()
    today = read(teacher, "/teacher/today").words
    assert "Students ask 1" in today and "I practiced." in today
    answer = f"/teacher/requests/{one.uuid}"
    for back, said, fault in (
        ("today", {"answer": "yes"}, "A yes names the day"),
        ("student", {"answer": "no"}, "Say why, in words"),
    ):
        refused = teacher.post(
            answer, {**said, "back": back, "reason": "" if back == "student" else "Bring it."}
        )
        page = Page(refused)
        assert refused.status_code == 422 and fault in page.words, "it stays on its page"
        assert [a for a in page.all("details") if "open" in a] and "A yes needs its day" in page.words
        assert [a["value"] for a in page.all("input", type="radio", name="answer") if "checked" in a] == [
            said["answer"]
        ]
    assert (
        "Bring it."
        in teacher.post(answer, {"answer": "yes", "back": "today", "reason": "Bring it."}).content.decode()
    )
    page = post(teacher, answer, answer="yes", on="2026-12-05", reason="Bring new numbers.", back="today")
    assert "Yes" in page.words and "Students ask" not in page.words
    for who, path in (("u1", "/student/now"), ("p1", "/family/children/u1"), ("T1", "/teacher/students/u1")):
        browser = client("p1") if who == "p1" else again(who, "en")
        words = read(browser, path).words
        assert (
            "Saturday 5 December 2026" in words
            and "Bring new numbers." in words
            and "Maria Lopez, 3 Dec" in words
        )
    words = read(again("p1", "es"), "/family/children/u1").words
    assert "¿Puedo mostrarlo otra vez?" in words and "sábado 5" in words


def test_p21_a_student_takes_back_what_is_open() -> None:
    student = client("u1")
    post(student, "/student/ask", target=target("A.1"), kind="ready")
    one = StudentRequest.objects.get()
    assert (
        "Your request is taken back."
        in post(student, "/student/ask", act="take_back", request=one.uuid).words
    )
    assert (
        client("u2").post("/student/ask", {"act": "take_back", "request": str(one.uuid)}).status_code == 404
    )
    assert student.post("/student/ask", {"act": "take_back", "request": "x"}).status_code == 404
    assert student.post("/student/ask", {"target": "999999", "kind": "ready"}).status_code == 404


# Kept comments.


def test_a_comment_is_kept_for_its_teacher_only_and_removed() -> None:
    teacher = client("T1")
    path = f"/teacher/rate?class=k1&target={target('A.1')}"
    node = target("A.1")
    teacher.post(
        path, {"key": "page-9", f"level-{node}": "3", f"comment-{node}": "Name the units.", "keep": "1"}
    )
    page = read(teacher, path)
    assert page.all("option", value="Name the units.") and "My kept comments (1)" in page.words
    number = SavedComment.objects.get().pk
    client("T2").post("/teacher/kept-comments", {"drop": str(number)})
    assert SavedComment.objects.count() == 1
    teacher.post("/teacher/kept-comments", {"drop": str(number), "back": path})
    assert SavedComment.objects.count() == 0


# Words and statements.


def test_a_family_reads_the_state_in_spanish() -> None:
    give(client("T1"))
    client("p1")
    words = read(again("p1", "es"), "/family/children/u1").words
    assert "Trabajos en curso" in words and "Paint mix Dada." in words and "para el 7 dic" in words.lower()


def test_an_earlier_day_shows_no_work_in_hand() -> None:
    give(client("T1"))
    assert "Work in hand" not in read(client("p1"), "/family/children/u1?as_of=2026-10-01").words


def test_statements_of_lists_do_not_grow_with_students_or_tasks() -> None:
    teacher = client("T1")

    def cost(path: str) -> int:
        teacher.get(path)
        with CaptureQueriesContext(connection) as asked:
            assert teacher.get(path).status_code == 200
        return len(asked)

    first = give(teacher, names=("u1",))
    paths = [
        "/teacher/classes/k1/given",
        f"/teacher/given/{first.uuid}",
        "/teacher/today",
        "/teacher/classes/k1/release",
    ]
    before = {path: cost(path) for path in paths}
    students = [person(name).id for name in ("u1", "u2")]
    for n in range(4):
        task = Task(
            key=f"more-{n:04d}",
            title=f"More {n}",
            targets=(target("A.2"),),
            school_class=first.school_class_id,
        )
        evidence.give(actor=SYSTEM, task=task, students=students, at=NOW)
    after = {path: cost(path) for path in paths}
    assert before == after and max(after.values()) <= 25, (before, after)
    assert Event.objects.filter(kind="offered").count() == 9


# A target that ends while work on it is open.


def replace_target() -> int:
    """Let A.9 take the place of A.1 from today on; return it."""
    rows = list(csv.DictReader(io.StringIO(exchange.export_framework("Math", "csv"))))
    old = next(row for row in rows if row["code"] == "A.1")
    rows.append({**old, "code": "A.9", "identifier": "", "name": "Compare rates of change"})
    old |= {"replaced_by": "A.9", "ends": NOW.date().isoformat()}
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write(out.getvalue())
        file.flush()
        exchange.import_framework(Path(file.name), actor=SYSTEM, at=NOW, in_force_on=NOW.date())
    return target("A.9")


def test_p15_work_on_a_target_that_ended_is_rated_on_what_took_its_place() -> None:
    teacher = client("T1")
    give(teacher, names=("u1",))
    piece = hand_in(client("u1"))
    new = replace_target()
    page = read(teacher, rate_path(piece))
    assert "Compare rates of change" in page.words and page.all("input", name=f"level-{new}")
    sent = teacher.post(rate_path(piece), {"key": "page-new-1", "attempt": 1, f"level-{new}": "3"})
    assert sent.status_code == 302 and Rating.objects.get().target_id == new


def test_p15_a_chance_on_a_target_that_ended_closes_and_opens_again() -> None:
    teacher = client("T1")
    offer = give(teacher)
    new = replace_target()
    path = f"/teacher/given/{offer.uuid}"
    keys = [str(chance(name).uuid) for name in ("u1", "u2")]
    closed = teacher.post(path, {"act": "missed", "chance": keys, "reason": "Not handed in."})
    assert "fault=" not in closed["Location"]
    assert set(Rating.objects.values_list("target_id", flat=True)) == {new}
    assert {chance(name).state for name in ("u1", "u2")} == {"missed"}
    opened = teacher.post(path, {"act": "reopen", "chance": keys, "reason": "It comes."})
    assert "fault=" not in opened["Location"] and {chance(name).state for name in ("u1", "u2")} == {"offered"}
    assert not ledger.ratings_by_key(keys=list(Rating.objects.values_list("key", flat=True)))
