"""A copy says nothing of whose it was, is an anchor only with reasons, and goes with the student's record."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from headway.calibration import actions, queries
from headway.calibration.masking import MARK, mask
from headway.calibration.models import CalibrationReport, Sample, SamplePart, Score
from headway.calibration.types import NewPart
from headway.kit.refusals import Refusal
from headway.rosters.models import Person

from .room import (
    CRITERIA,
    FAMILY,
    GIVEN,
    NOW,
    RATERS,
    build,
    copy,
    district,
    everybody_scores,
    opened,
    piece,
    revealed,
    seen,
    version,
    viewer,
)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("JOSÉ and josé and Jose’s dog", f"{MARK} and {MARK} and {MARK}’s dog"),
        ("will will go with Will", f"will will go with {MARK}"),
        ("Josefina is another name, so is josette", "Josefina is another name, so is josette"),
        ("Cy cycled; cy did not", f"{MARK} cycled; cy did not"),
        ("Ask jo.se+1@school.test or https://x.test/a?b=c or @josé_o", f"Ask {MARK} or {MARK} or {MARK}"),
        ("Call (505) 555-0101; 1 1/2 cups cost 1,250 dollars in 2026", f"Call ({MARK}; 1 1/2 cups cost 1,250 dollars in 2026"),
        ("S-0004 sat beside login004.", f"{MARK} sat beside {MARK}."),
        ("Ortiz-Núñez, O’Neil and D'Angelo", f"{MARK}-{MARK}, O’{MARK} and D'{MARK}"),
        ("Jose\u0301 wrote it", f"{MARK} wrote it"),
        ("", ""),
    ],
)  # fmt: skip
def test_names_are_found_however_they_are_written(words: str, said: str) -> None:
    names = ["José Ortiz", "Will Núñez", "Cy O'Neil", "D'Angelo"]
    assert mask(words, names, marks=["S-0004", "login004", "x"]).words == said


def test_names_are_found_in_the_forms_that_hands_give_them() -> None:
    names = ["Łukasz José O'Brien-Møller"]
    for written in (
        "Lukasz", "LUKASZ", "Moller", "Josés", "Brien", "OBrien", "obrienmoller", "jose99", "LukaszOBrienMoller",
        "Jo\u200bse", "Jo\u00adsé",
    ):  # fmt: skip
        assert mask(f"It was {written}, I think.", names).words == "It was […], I think.", written
    assert mask("Call 505.555.1234 or 3.14159265", []).words == "Call […] or 3.14159265"
    assert mask("Two glasses", ["Glasse Møller"]).words == "Two […]"
    assert mask("Two glasses", ["Glassen Møller"]).words == "Two glasses"


def test_what_a_person_found_is_masked_too() -> None:
    assert mask("Joey and the Comets", ["José"], also=["joey", "Comets"]).words == f"{MARK} and the {MARK}"


pytestmark = pytest.mark.django_db


@pytest.fixture
def room(settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    build()


def refused(code: str):
    return pytest.raises(Refusal, check=lambda error: error.code == code)


def test_a_copy_holds_no_name_of_the_school(room: None) -> None:
    for n in range(20):
        copy(n)
    texts = " ".join(SamplePart.objects.values_list("words", flat=True))
    assert "three apples cost two dollars" in texts
    for name in (*GIVEN, *FAMILY, "Rater0", "Rater1", "SID-0", "login0", "Price by"):
        assert name.lower() not in texts.lower(), name
    assert "My name is" in texts and MARK in texts


def test_who_may_take_a_copy_and_of_what(room: None) -> None:
    key = piece(0)  # a student of Juniper, whom rater0 teaches and rater1 does not
    said = {"version": version(), "files": {}, "also": (), "looked": True, "at": NOW}
    with refused("no_such_work"):
        actions.take_sample(actor=viewer("rater1"), key="c1", pieces=[key], **said)
    with refused("forbidden"):
        actions.take_sample(actor=viewer("SID-0000"), key="c1", pieces=[key], **said)
    with refused("not_looked"):
        actions.take_sample(actor=viewer("rater0"), key="c1", pieces=[key], **{**said, "looked": False})
    with refused("no_such_work"):
        actions.take_sample(actor=district(), key="c1", pieces=[key, piece(1)], **said)
    with refused("unknown_task"):
        actions.take_sample(actor=viewer("rater0"), key="c1", pieces=[key], **{**said, "version": uuid4()})
    first = actions.take_sample(actor=viewer("rater0"), key="c1", pieces=[key], **said)
    assert actions.take_sample(actor=viewer("rater0"), key="c1", pieces=[key], **said) == first
    assert Sample.objects.count() == 1


@pytest.mark.parametrize("kind", ["application/pdf", "video/mp4"])
def test_what_cannot_be_masked_is_not_taken(room: None, kind: str) -> None:
    key = piece(2, file_name="by Zephyrine.pdf", file_type=kind, file_digest="a" * 64, file_size=1)
    with refused("cannot_be_masked"):
        actions.take_sample(
            actor=district(), key="c", version=version(), pieces=[key], files={key: NewPart(file_digest="a" * 64)}, also=(),
            looked=True, at=NOW,
        )  # fmt: skip
    assert not Sample.objects.exists()


def test_a_body_of_work_is_several_pieces_of_one_student(room: None) -> None:
    one = piece(4)
    from headway.evidence import actions as evidence
    from headway.evidence.types import Work

    student = Person.objects.get(sourced_id="SID-0004")
    evidence.hand_in(actor=district(), work=Work(
        key="poster", student=student.id, student_uuid=student.uuid, targets=(), target_uuids=(), title="Poster", words="",
        file_name="Yaretzi.png", file_type="image/png", file_digest="b" * 64, file_size=9,
    ), at=NOW)  # fmt: skip
    made = actions.take_sample(
        actor=district(), key="body", version=version(), pieces=[one, "poster"],
        files={"poster": NewPart("", "c" * 64, "image/png", 8)}, also=(), looked=True, at=NOW,
    )  # fmt: skip
    parts = list(SamplePart.objects.filter(sample__uuid=made).values_list("position", "file_digest"))
    assert parts == [(1, ""), (2, "c" * 64)]
    assert queries.files_kept(student=student.id) == ["c" * 64] == queries.files_kept()


def test_a_work_is_an_anchor_only_when_all_was_agreed_with_reasons(room: None) -> None:
    session = opened(works=2, raters=3)
    everybody_scores(session, raters=3)
    revealed(session)
    coach = viewer("coach")
    with refused("levels_missing"):
        actions.keep_anchor(actor=coach, session=session, number=1, at=NOW)
    for line in CRITERIA.values():
        actions.agree(
            actor=coach, session=session, number=1, criterion=line, level=200, why="No unit.", at=NOW
        )
    with refused("no_such_session"):
        actions.keep_anchor(actor=viewer("rater0"), session=session, number=1, at=NOW)
    for _ in range(2):
        actions.keep_anchor(actor=coach, session=session, number=1, at=NOW)
    (anchor,) = queries.samples(viewer=coach, version=version(), anchors=True)
    assert (
        set(anchor.levels.values()) == {200}
        and set(anchor.why.values()) == {"No unit."}
        and anchor.origin == "student"
    )
    # Nobody but who keeps anchors reads what was agreed.
    assert queries.samples(viewer=viewer("rater0"), version=version(), anchors=True) == []
    actions.retire_anchor(actor=coach, sample=anchor.uuid, at=NOW)
    with refused("no_such_work"):
        actions.retire_anchor(actor=coach, sample=anchor.uuid, at=NOW)
    with refused("forbidden"):
        actions.retire_anchor(actor=viewer("rater0"), sample=anchor.uuid, at=NOW)


def test_erasing_a_student_takes_every_copy_with_its_scores_and_files(room: None) -> None:
    from headway.pages.parts import files
    from headway.project.commands.people import erase

    session = opened(works=3, raters=3)
    everybody_scores(session, raters=3)
    revealed(session)
    kept = files.store(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0IEND\xaeB`\x82", "x.png")
    own = Sample.objects.get(student__sourced_id="SID-0001")
    SamplePart.objects.create(
        sample=own, position=2, file_digest=kept.digest, file_type="image/png", file_size=3
    )
    assert queries.as_data(student=own.student_id)[0]["sessions"] == 1
    before = Score.objects.count()
    erase("SID-0001", "asked for")
    assert not Sample.objects.filter(student__sourced_id="SID-0001").exists()
    assert Score.objects.count() == before - 3 * len(CRITERIA) and not files.path_of(kept.digest).exists()
    assert queries.as_data(student=own.student_id) == []
    from headway.calibration import reporting
    from headway.calibration.models import CalibrationSession

    assert reporting.make_reports(session=CalibrationSession.objects.get().pk, at=NOW) == 4
    assert (
        len(queries.map_of(session=seen("rater0", session))) == 2 and CalibrationReport.objects.count() == 4
    )


def test_merging_people_moves_their_part(room: None) -> None:
    from headway.rosters import actions as rosters

    opened(works=2, raters=3)
    twin = Person.objects.create(sourced_id="twin", given_name="Rater0", family_name="Teachrater0")
    Person.objects.filter(sourced_id="rater0").update(provisional=True)
    one = Person.objects.get(sourced_id="rater0")
    run = rosters.merge_people(actor=district(), person_id=one.id, into_id=twin.id, reason="the same", at=NOW)
    from headway.calibration.models import SessionRater

    assert SessionRater.objects.filter(person=twin).count() == 1
    rosters.split_people(actor=district(), person_id=one.id, reason="not the same", at=NOW)
    assert SessionRater.objects.filter(person=one).count() == 1 and run.pk and RATERS


def test_who_keeps_anchors_and_scores_them_blind_reads_nothing_of_them(room: None) -> None:
    session = opened(works=2, raters=3)
    everybody_scores(session, raters=3)
    revealed(session)
    coach = viewer("coach")
    for line in CRITERIA.values():
        actions.agree(
            actor=coach, session=session, number=1, criterion=line, level=200, why="No unit.", at=NOW
        )
    actions.keep_anchor(actor=coach, session=session, number=1, at=NOW)
    from .room import planned

    again = planned(works=0, raters=2)
    (anchor,) = queries.samples(viewer=coach, version=version(), anchors=True)
    actions.put_in(actor=coach, session=again, samples=[anchor.uuid, copy(9)], at=NOW)
    actions.invite(actor=coach, session=again, people=[coach.person_id], at=NOW)
    assert [one.anchor for one in queries.works_of(session=seen("coach", again))] == [True, False]
    actions.open_session(actor=coach, session=again, looked=True, at=NOW)
    (blind,) = queries.samples(viewer=coach, version=version(), anchors=True)
    assert (blind.anchor, dict(blind.levels), dict(blind.why)) == (False, {}, {})
    assert {one.anchor for one in queries.works_of(session=seen("coach", again))} == {False}
    assert (
        seen("coach", again).anchors_n == 1
        and queries.samples(viewer=district(), version=version(), anchors=True)[0].levels
    )
