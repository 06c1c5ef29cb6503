"""The pages of the survey and of the capacity map: what is stored is said, a refusal keeps what was chosen, both languages."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine

from headway.calibration.models import CapacityAnswer
from headway.calibration.types import STATEMENTS

from ...calibration.room import NOW, build
from ...calibration.test_capacity import answer, staff
from .reading import client, words

pytestmark = pytest.mark.django_db
FULL = dict.fromkeys(STATEMENTS, "3") | {"help": ["bias", "agreement"]}


@pytest.fixture(autouse=True)
def room(settings, tmp_path: Path):
    settings.MEDIA_ROOT = tmp_path / "media"
    build()
    with time_machine.travel(NOW, tick=False):
        yield


def test_a_teacher_is_told_what_is_stored_answers_and_finds_it_answered() -> None:
    teacher = client("rater0")
    first = words(teacher.get("/calibration/"))
    assert "Say where you stand" in first and "It waits for your answer." in first
    said = words(teacher.get("/calibration/survey"))
    assert "not your name, not your account, not when" in said and "2026–27" in said
    assert teacher.post("/calibration/survey", FULL)["Location"] == "/calibration/survey?done=answered"
    assert CapacityAnswer.objects.get().help == ["agreement", "bias"]
    done = teacher.get("/calibration/survey?done=answered")
    assert "You have answered this year. Thank you." in words(done) and b'name="task"' not in done.content
    again = teacher.post("/calibration/survey", FULL)
    assert again.status_code == 422 and "You have answered this year." in words(again)
    assert CapacityAnswer.objects.count() == 1
    assert "You have answered this year." in words(teacher.get("/calibration/"))


def test_a_refusal_keeps_what_was_chosen_and_says_what_is_missing() -> None:
    teacher = client("rater0")
    sent = {key: value for key, value in FULL.items() if key != "blind"} | {"task": "9"}
    answer_ = teacher.post("/calibration/survey", sent)
    page = answer_.content.decode()
    assert answer_.status_code == 422 and "Choose a level for every statement." in words(answer_)
    assert page.count(" checked") == 6 + 2 and page.count("Choose one.") == 2
    assert 'href="#blind"' in page and 'href="#task"' in page and 'href="#bias"' not in page
    assert not CapacityAnswer.objects.exists()


def test_the_map_is_empty_below_five_and_says_how_to_begin() -> None:
    for name in staff("Juniper", 4):
        answer(name)
    said = words(client("principal").get("/calibration/capacity"))
    assert "Too few have answered to say where help is wanted." in said
    assert "Nothing is told of fewer than 5 answers." in said and "4 answers" not in said
    assert "withheld: too few to tell" in said


def test_leaders_read_counts_and_teachers_do_not_find_the_map() -> None:
    for name in (*staff("Juniper", 5), *staff("Cedar", 5)):
        answer(name)
    said = words(client("principal").get("/calibration/capacity"))
    assert "Help is wanted most with: Spotting bias." in said and "10 answers" in said
    assert "Juniper" in said and "Cedar" not in said
    whole = words(client("root").get("/calibration/capacity"))
    assert "Cedar" in whole and "Aspen withheld: too little to stand alone" in whole
    assert not any(f"Teach{name}".lower() in whole.lower() for name in ("juniper-0", "cedar-0"))
    assert client("rater0").get("/calibration/capacity").status_code == 403
    assert client("coach").get("/calibration/capacity").status_code == 403
    assert client("principal").get("/calibration/survey").status_code == 404


def test_both_pages_speak_spanish() -> None:
    teacher, leader = client("rater0"), client("principal")
    for browser in (teacher, leader):
        browser.cookies["headway_language"] = "es"
        browser.post("/account/language", {"language": "es"})
    assert "Diga dónde se encuentra" in words(teacher.get("/calibration/survey"))
    assert "Lo que dice el registro" in words(leader.get("/calibration/capacity"))
