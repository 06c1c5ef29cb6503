"""Handing in: once however often it is sent; what is wrong is said, and what was typed stays."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from headway.access.types import SYSTEM
from headway.evidence import actions as evidence
from headway.evidence.models import Event, Piece
from headway.evidence.queries import waiting
from headway.pages.parts.files import path_of

from .world import NOW, Page, client, jpeg, person, png, rate, read, target

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]
KEY = "work-0123456789"


def file(data: bytes, name: str, said: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type=said)


def test_the_form_suggests_what_is_next_says_so_and_has_its_own_key() -> None:
    rate("u1", "A.3", "2026-11-02", 2)
    browser = client("u1")
    page, other = read(browser, "/student/hand-in"), read(browser, "/student/hand-in")
    (chosen,) = [a for a in page.all("option") if "selected" in a]
    assert (
        chosen["value"] == str(target("A.3")) and "What comes next for you is chosen already." in page.words
    )
    assert "what comes next for you is chosen already." in read(browser, "/student/now").words
    keys = [p.all("input", name="key")[0]["value"] for p in (page, other)]
    assert keys[0] != keys[1] and re.fullmatch(r"work-[0-9a-f-]{36}", str(keys[0]))
    assert page.all("input", name="photo", accept="image/*", capture="environment")
    named = read(browser, f"/student/hand-in?target={target('B.2')}")
    assert [a["value"] for a in named.all("option") if "selected" in a] == [str(target("B.2"))]


def test_a_double_post_hands_in_once() -> None:
    browser = client("u1")
    sent = {
        "key": KEY,
        "target": str(target("A.1")),
        "title": "Paint mix",
        "words": "3 to 5",
        "link": "https://example.org/a",
    }
    for _ in range(2):
        answer = browser.post("/student/hand-in", sent)
        assert answer.status_code == 302 and answer.headers["Location"] == f"/student/work/{KEY}?done=1"
    piece = Piece.objects.get()
    assert (piece.title, piece.words, piece.attempt, piece.student_id) == (
        "Paint mix",
        "3 to 5",
        1,
        person("u1").id,
    )
    assert Event.objects.filter(kind="handed_in").count() == 1
    assert [(w.piece_key, w.target_ids) for w in waiting([person("u1").id])] == [(KEY, (target("A.1"),))]
    assert "Handed in." in read(browser, f"/student/work/{KEY}?done=1").words


def test_a_photo_is_kept_without_its_place_and_shown_sealed() -> None:
    browser = client("u1")
    browser.post("/student/hand-in", {"key": KEY, "target": "", "photo": file(jpeg(), "../../IMG 1.HEIC")})
    piece = Piece.objects.get()
    kept = path_of(piece.file_digest).read_bytes()
    assert b"39.7392" not in kept and piece.file_size == len(kept)
    assert (piece.file_name, piece.file_type, piece.title) == ("IMG 1.jpg", "image/jpeg", "Piece of work")
    assert path_of(piece.file_digest).is_relative_to(settings.MEDIA_ROOT)
    shown = browser.get(f"/files/{piece.file_digest}")
    assert b"".join(shown.streaming_content) == kept
    assert shown.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert (
        shown.headers["X-Content-Type-Options"] == "nosniff" and shown.headers["Content-Type"] == "image/jpeg"
    )
    assert shown.headers["Content-Disposition"].startswith("inline")
    page = read(browser, f"/student/work/{KEY}")
    assert page.all("img", src=f"/files/{piece.file_digest}") and "No target was chosen." in page.words


def test_what_is_no_picture_is_only_saved() -> None:
    browser = client("u1")
    browser.post("/student/hand-in", {"key": KEY, "file": file(b"%PDF-1.7 x", "essay.pdf", "text/html")})
    shown = browser.get(f"/files/{Piece.objects.get().file_digest}")
    assert shown.headers["Content-Disposition"] == 'attachment; filename="essay.pdf"'
    assert shown.headers["Content-Type"] == "application/octet-stream"


def test_a_file_that_is_not_what_its_name_says_is_named_as_it_is_kept() -> None:
    browser = client("u1")
    answer = browser.post(
        "/student/hand-in", {"key": KEY, "file": file(b"Just some words.", "bad.exe", "text/plain")}
    )
    assert "its content is another kind: it is kept as bad.txt." in read(browser, answer["Location"]).words
    answer = browser.post("/student/hand-in", {"key": KEY, "file": file(jpeg(), "a.JPEG"), "after": "1"})
    assert "Its name said" not in read(browser, answer["Location"]).words


def test_a_file_opens_to_whoever_may_see_the_student() -> None:
    client("u1").post("/student/hand-in", {"key": KEY, "file": file(png(), "a.png")})
    digest = Piece.objects.get().file_digest
    assert client("T1").get(f"/files/{digest}").status_code == 200
    assert client("p1").get(f"/files/{digest}").status_code == 200
    for name in ("u2", "T2", "u4"):
        assert client(name).get(f"/files/{digest}").status_code == 404
    from django.test import Client

    assert Client().get(f"/files/{digest}").status_code == 302
    browser = client("u3")
    for wrong in ("0" * 64, "..", "x", digest.upper()):
        assert browser.get(f"/files/{wrong}").status_code == 404


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "a.png", "kind of file cannot be taken"),
        (b"<!doctype html><script>x()</script>", "a.txt", "kind of file cannot be taken"),
        (b"MZ\x90\0\3", "a.jpg", "kind of file cannot be taken"),
        (b"PK\3\4", "a.docx", "kind of file cannot be taken"),
        (b"\0\0\0\x18ftypheic", "a.heic", "kind of file cannot be taken"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a.jpg", "damaged"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.png", "damaged"),
        (b"", "a.png", "empty"),
        (b"a" * (20 * 1024 * 1024 + 1), "a.txt", "larger than 20 MB"),
    ],
)  # fmt: skip
def test_other_files_are_refused_and_what_was_typed_stays(data: bytes, name: str, said: str) -> None:
    sent = {
        "key": KEY,
        "target": str(target("B.1")),
        "title": "Mine <b>",
        "words": "kept words",
        "file": file(data, name),
    }
    answer = client("u1").post("/student/hand-in", sent)
    page = Page(answer)
    if data == b"":
        # Django drops an empty upload before we see it; the words are handed in.
        assert answer.status_code in (302, 422)
        return
    assert answer.status_code == 422 and said in page.words and not Piece.objects.exists()
    assert "kept words" in page.words and page.all("input", name="title", value="Mine <b>")
    assert [a["value"] for a in page.all("option") if "selected" in a] == [str(target("B.1"))]
    assert page.all("input", name="key", value=KEY) and page.all(
        "input", id="file", **{"aria-invalid": "true"}
    )


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Nothing to hand in yet"),
        ({"link": "javascript:alert(1)", "words": "x"}, "A link begins with https://"),
        ({"link": "https://example.org/" + "a" * 500, "words": "x"}, "A link begins with https://"),
        ({"target": "999999", "words": "x"}, "Choose one of the targets"),
        ({"title": "x" * 201, "words": "x"}, "up to 200 letters"),
        ({"words": "x" * 20_001}, "hand in a longer text as a file"),
        ({"key": "' OR 1", "words": "x"}, "The form was not whole"),
    ],
)
def test_faults_are_said_and_nothing_is_written(sent: dict[str, str], said: str) -> None:
    answer = client("u1").post("/student/hand-in", {"key": KEY, **sent})
    assert answer.status_code == 422 and said in Page(answer).words
    assert not Piece.objects.exists()


def test_photo_and_file_at_once_are_two_pieces() -> None:
    sent = {"key": KEY, "photo": file(png(), "a.png"), "file": file(png(), "b.png")}
    answer = client("u1").post("/student/hand-in", sent)
    assert answer.status_code == 422 and "not both" in Page(answer).words


def test_a_revision_is_the_next_attempt_and_keeps_the_file() -> None:
    browser = client("u1")
    browser.post(
        "/student/hand-in",
        {"key": KEY, "target": str(target("A.1")), "title": "Paint mix", "file": file(png(), "a.png")},
    )
    rate("u1", "A.1", "2026-12-02", 2, evidence=KEY, comment="Say why.")
    assert "Rated" in read(browser, f"/student/work/{KEY}").words
    piece = Piece.objects.get()
    page = read(browser, f"/student/hand-in?work={piece.uuid}")
    assert "Hand in “Paint mix” again" in page.words and page.all("input", name="key", value=KEY)
    sent = {
        "key": KEY,
        "target": str(target("A.1")),
        "title": "Paint mix",
        "words": "Because 9 is 3 times 3.",
        "keep": "1",
    }
    for _ in range(2):
        assert browser.post("/student/hand-in", sent).status_code == 302
    piece.refresh_from_db()
    assert (piece.attempt, piece.file_name, piece.words) == (2, "a.png", "Because 9 is 3 times 3.")
    words = read(browser, f"/student/work/{KEY}").words
    assert "Waits to be rated" in words and "Say why." in words


def test_nobody_hands_in_to_or_reads_another_students_piece() -> None:
    client("u1").post("/student/hand-in", {"key": KEY, "words": "mine"})
    other = client("u2")
    assert other.post("/student/hand-in", {"key": KEY, "words": "mine now"}).status_code == 404
    assert other.get(f"/student/work/{KEY}").status_code == 404
    assert other.get(f"/student/hand-in?work={Piece.objects.get().uuid}").status_code == 404
    assert Piece.objects.get().words == "mine"


def test_a_form_without_its_token_is_refused() -> None:
    from django.test import Client

    browser = client("u1")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = browser.cookies
    assert strict.post("/student/hand-in", {"key": KEY, "words": "x"}).status_code == 403


def test_rated_work_that_was_not_handed_in_still_has_a_page() -> None:
    rate("u1", "A.1", "2026-11-02", 3, evidence="shown-in-class", comment="Well told.", task="Short talk")
    words = read(client("u1"), "/student/work/shown-in-class").words
    assert "The work itself is not kept here." in words and "Well told." in words and "Short talk" in words
    assert client("u2").get("/student/work/shown-in-class").status_code == 404


def test_what_came_back_is_not_handed_in_again_as_it_was() -> None:
    browser = client("u1")
    sent = {"key": KEY, "target": str(target("A.1")), "title": "Paint mix", "words": "3 to 5", "after": "0"}
    assert browser.post("/student/hand-in", sent).status_code == 302
    evidence.return_piece(actor=SYSTEM, key=KEY, attempt=1, words="Say why.", notes={}, at=NOW)
    assert "“Paint mix” came back to you, Anita." in read(browser, "/student/now").words
    again = browser.post("/student/hand-in", {**sent, "after": "1"})
    assert (
        again.status_code == 422
        and "Nothing is different yet from what came back to you." in again.content.decode()
    )
    assert Piece.objects.get().attempt == 1
    # The first form, sent once more over a slow line, still answers with what stands.
    assert browser.post("/student/hand-in", sent).status_code == 302
    changed = {**sent, "after": "1", "words": "3 to 5, because 9 is 3 times 3."}
    assert browser.post("/student/hand-in", changed).status_code == 302
    assert Piece.objects.get().attempt == 2 and "came back" not in read(browser, "/student/now").words
