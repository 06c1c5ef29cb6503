"""Before the reveal no byte of any answer tells another's score or whose work it is; afterwards none tells who gave which.

And a rater's own report reaches nobody else, by no address and by no word of it.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import time_machine
from django.test import Client

from headway.calibration import actions, reporting
from headway.calibration.models import CalibrationReport, CalibrationSession, SamplePart, Seat
from headway.calibration.types import Given
from headway.evidence import actions as evidence
from headway.evidence.types import Work
from headway.frameworks import queries as continuums
from headway.pages.parts import files
from headway.project.urls import doors
from headway.rosters.models import Person

from ...calibration.room import (
    CRITERIA,
    FAMILY,
    GIVEN,
    NOW,
    build,
    district,
    everybody_scores,
    planned,
    revealed,
    version,
    viewer,
)
from .reading import client, page, words

pytestmark = pytest.mark.django_db
CANARY = "CANARYMETADATA"


@pytest.fixture(autouse=True)
def room(settings, tmp_path: Path):
    settings.MEDIA_ROOT = tmp_path / "media"
    build()
    with time_machine.travel(NOW, tick=False):
        yield


def png(text: str) -> bytes:
    """Return a picture of one pixel with a text beside it, as a program would leave it."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    pixel = zlib.compress(b"\0\xff\xff\xff")
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
        + chunk(b"prVt", text.encode()) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")
    )  # fmt: skip


def with_picture() -> str:
    """Hand in a picture that says whose it is in its name and beside its pixels; return the key of its piece."""
    student = Person.objects.get(sourced_id="SID-0003")
    kept = files.store(png(f"{CANARY} Wolfram Vandermeer"), "Wolfram Vandermeer.png")
    target = continuums.target_by_reference("T1")
    evidence.hand_in(actor=district(), work=Work(
        key="photo", student=student.id, student_uuid=student.uuid, targets=(target.id,), target_uuids=(target.uuid,),
        title="Wolfram's poster", words="", file_name=kept.name,
        file_type=kept.type, file_digest=kept.digest, file_size=kept.size,
    ), at=NOW)  # fmt: skip
    return "photo"


def session_with_picture() -> CalibrationSession:
    """Open a session of four works, one of them a picture, with three raters whose comments are canaries."""
    session = planned(works=3, raters=3)
    browser = client("root")
    sent = {"piece": with_picture(), "key": "photo-copy", "act": "take", "looked": "1"}
    assert browser.post(f"/calibration/{session}/works/take", sent).status_code == 302
    actions.open_session(actor=viewer("coach"), session=session, looked=True, at=NOW)
    return CalibrationSession.objects.get(uuid=session)


def score_all(session: CalibrationSession) -> None:
    """Let every rater give levels with words that nobody else may read, and hand in but for the last."""
    for n in range(3):
        who = viewer(f"rater{n}")
        for place in range(1, 5):
            given = {uuid: Given(100 * (1 + (n + place + at) % 4), f"CANARY-{n}-{place}-{at}")
                     for at, uuid in enumerate(CRITERIA.values())}  # fmt: skip
            actions.save_scores(actor=who, session=session.uuid, place=place, given=given, at=NOW)
        if n < 2:
            actions.hand_in_round(actor=who, session=session.uuid, at=NOW)


def addresses(session: CalibrationSession) -> Iterator[str]:
    """Yield every address of scoring together with every number that may stand in it."""
    for door in doors:
        if not door.name.startswith("calibration.") or "GET" not in door.methods:
            continue
        for number in range(6):
            parts = {"session": session.uuid, "version": version(), "sample": uuid4(), "place": number, "number": number,
                     "position": 1}  # fmt: skip
            yield "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda m, parts=parts: str(parts[m[1]]), door.route)


def whole(answer) -> bytes:
    """Return everything that an answer sends: its headers, cookies and body."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    heads = "\n".join(f"{name}: {value}" for name, value in answer.items()) + str(answer.cookies)
    return heads.encode() + b"\n" + body


def read_everything(browser: Client, session: CalibrationSession) -> bytes:
    """Return every byte that a person can read of a session, each with its address."""
    return b"\n".join(
        f"\n@@{path}\n".encode() + whole(browser.get(path)) for path in dict.fromkeys(addresses(session))
    )


WHOSE = [*GIVEN, *FAMILY, "SID-0", "login0", "Wolfram", CANARY, "poster"]


@pytest.mark.parametrize("person", ["rater0", "rater2", "coach", "root", "principal", "rater7", "SID-0003"])
def test_before_the_reveal_no_byte_tells_a_score_or_a_name(person: str) -> None:
    session = session_with_picture()
    score_all(session)
    read = read_everything(client(person), session)
    foreign = [n for n in range(3) if person != f"rater{n}"]
    assert not any(f"CANARY-{n}-".encode() in read for n in foreign)
    # In the list of what a planner may copy, and nowhere else, stands whose work it is: for who sees the student anyway.
    kept = re.sub(rb"@@/calibration/[0-9a-f-]+/works\n.*?(?=\n@@)", b"", read, flags=re.S)
    own = ("Wolfram", "Vandermeer") if person == "SID-0003" else ()  # a student's frame says who is signed in
    assert [name for name in WHOSE if name.encode() in kept and name not in own] == []
    if person in ("rater0", "rater2"):
        mine = person.removeprefix("rater")
        assert f"CANARY-{mine}-1-0".encode() in read, "the scan sees what it looks for"
        assert b"image/png" in read and b'filename="work.png"' in read
    if person in ("principal", "rater7", "SID-0003"):
        assert b"Fair price, November" not in read
    digests = SamplePart.objects.exclude(file_digest="").values_list("file_digest", flat=True)
    assert not any(digest.encode() in read for digest in digests)


def test_the_order_and_the_size_of_pages_say_nothing_either() -> None:
    """The same page before and after the others scored is the same, byte for byte, but for tokens."""
    session = session_with_picture()
    who = client("rater2")

    def pages() -> list[bytes]:
        found = []
        for path in (
            "",
            "/score",
            "/score/1",
            "/score/2",
            "/score/3",
            "/score/4",
            "/map",
            "/mine",
            "/report",
        ):
            body = who.get(f"/calibration/{session.uuid}{path}").content
            found.append(re.sub(rb'name="csrfmiddlewaretoken" value="[^"]+"', b"", body))
        return found

    before = pages()
    for n in range(2):
        for place in range(1, 5):
            given = {uuid: Given(400, "x") for uuid in CRITERIA.values()}
            actions.save_scores(
                actor=viewer(f"rater{n}"), session=session.uuid, place=place, given=given, at=NOW
            )
    assert pages() == before


def test_whose_picture_it_was_is_not_in_the_copy() -> None:
    session = session_with_picture()
    (part,) = SamplePart.objects.exclude(file_digest="")
    assert CANARY.encode() not in files.path_of(part.file_digest).read_bytes()
    seat = Seat.objects.get(rater__person__sourced_id="rater0", work__sample=part.sample)
    answer = client("rater0").get(f"/calibration/{session.uuid}/score/{seat.place}/1")
    assert (
        answer["Content-Disposition"] == 'inline; filename="work.png"'
        and answer["Content-Type"] == "image/png"
    )
    other = next(n for n in range(1, 5) if n != seat.place)
    assert client("rater0").get(f"/calibration/{session.uuid}/score/{other}/1").status_code == 404


def test_after_the_reveal_counts_are_told_and_nobody_s_own() -> None:
    session = session_with_picture()
    score_all(session)
    actions.hand_in_round(actor=viewer("rater2"), session=session.uuid, at=NOW)
    revealed(session.uuid)
    reporting.make_reports(session=session.pk, at=NOW)
    read = read_everything(client("rater1"), session)
    assert b"CANARY-0-" not in read and b"CANARY-2-" not in read and "×1".encode() in read
    kept = re.sub(rb"@@/calibration/[0-9a-f-]+/works\n.*?(?=\n@@)", b"", read, flags=re.S)
    assert [name for name in WHOSE if name.encode() in kept] == []
    assert b"Teachrater0" not in kept and b"Teachrater2" not in kept


def test_a_teacher_s_private_report_is_read_by_the_teacher_alone() -> None:
    """By address: nothing names another's report, and one's own is one's own. By words: canaries put into the reports."""
    session = planned(works=12, moderates=True)
    actions.open_session(actor=viewer("coach"), session=session, looked=True, at=NOW)
    everybody_scores(session, level=lambda rater, number, at: 100 * (1 + (number + at + (rater == 1)) % 4))
    revealed(session)
    actions.finish(actor=viewer("coach"), session=session, at=NOW)
    row = CalibrationSession.objects.get(uuid=session)
    reporting.make_reports(session=row.pk, at=NOW)
    for report in CalibrationReport.objects.exclude(rater=None).select_related("rater__person"):
        report.body["severity"]["method"] = f"CANARY-OF-{report.rater.person.sourced_id}-END"
        report.save()
    own = whole(client("rater1").get(f"/calibration/{session}/mine"))
    assert b"CANARY-OF-rater1-END" in own and own.count(b"CANARY-OF-") == 1
    for person, status in (("principal", 404), ("coach", 404), ("root", 404), ("SID-0001", 404)):
        browser = client(person)
        assert browser.get(f"/calibration/{session}/mine").status_code == status, person
        assert b"CANARY-OF-" not in read_everything(browser, row), person
    for person in ("rater0", "rater1"):
        read = read_everything(client(person), row)
        assert set(re.findall(rb"CANARY-OF-(\w+)-END", read)) == {person.encode()}
    # Nor by any other page of the product, of the ledger or of the audit trail.
    for person in ("principal", "root"):
        browser = client(person)
        for door in doors:
            if "GET" in door.methods and "<" not in door.route:
                assert b"CANARY-OF-" not in whole(browser.get("/" + door.route)), (person, door.name)


def test_no_setting_opens_a_private_report() -> None:
    """What the question answers does not depend on anything but who asks: no policy, no role, no owner of the session."""
    import inspect

    from headway.calibration import queries

    assert list(inspect.signature(queries.own_report).parameters) == ["viewer", "session"]
    source = inspect.getsource(queries.own_report)
    assert (
        "rater__person_id=viewer.person_id" in source and "settings" not in source and "policy" not in source
    )


def test_reports_hold_no_name() -> None:
    session = session_with_picture()
    score_all(session)
    actions.hand_in_round(actor=viewer("rater2"), session=session.uuid, at=NOW)
    revealed(session.uuid)
    reporting.make_reports(session=session.pk, at=NOW)
    for report in CalibrationReport.objects.all():
        text = json.dumps(report.body)
        assert not any(name in text for name in [*WHOSE, "Teachrater", "rater0", "rater1", "CANARY-"])
    assert "Wolfram" not in words(page(client("rater0"), session.uuid, "map", 1))


def test_what_a_rater_gives_a_group_is_read_by_the_rater_alone() -> None:
    """Figures by student group and named beside blind: by address and by every word of every page, also where they are told."""
    session = planned(works=12)
    actions.open_session(actor=viewer("coach"), session=session, looked=True, at=NOW)
    everybody_scores(session)
    revealed(session)
    actions.finish(actor=viewer("coach"), session=session, at=NOW)
    row = CalibrationSession.objects.get(uuid=session)
    reporting.make_reports(session=row.pk, at=NOW)
    for report in CalibrationReport.objects.exclude(rater=None).select_related("rater__person"):
        word = f"CANARY-GROUP-{report.rater.person.sourced_id}-END"
        one = {"value": 0.5, "low": 0.25, "high": 0.75, "n": 33, "method": word, "reasons": [], "others": 44}
        report.body["by_group"] = {
            "least": 10, "groups": [{"group": "disability", **one}], "named": [{"group": "", **one}],
        }  # fmt: skip
        report.save()
    own = client("rater1").get(f"/calibration/{session}/mine")
    said = words(own)
    assert (
        "Students with disabilities +0.50 +0.25 to +0.75 beyond chance, false alarm 5 % 33 and 44 others"
        in said
    )
    assert "it says nothing about a cause" in said and b"CANARY-GROUP-rater1-END" in own.content
    for person in ("principal", "coach", "root", "rater0", "rater7", "SID-0001"):
        browser = client(person)
        read = read_everything(browser, row)
        if person not in ("rater0", "rater7"):
            assert browser.get(f"/calibration/{session}/mine").status_code == 404, person
        assert set(re.findall(rb"CANARY-GROUP-(\w+)-END", read)) <= {person.encode()}, person
    for person in ("principal", "root"):
        for door in doors:
            if "GET" in door.methods and "<" not in door.route:
                assert b"CANARY-GROUP-" not in whole(client(person).get("/" + door.route)), (
                    person,
                    door.name,
                )
