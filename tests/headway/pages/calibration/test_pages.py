"""Pages of scoring together: each opens, says what comes next, and keeps what was sent."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from headway.calibration import reporting
from headway.calibration.models import (
    AgreedScore,
    CalibrationReport,
    CalibrationSession,
    DiscussionNote,
    Sample,
    Score,
    SessionRater,
    SessionWork,
)
from headway.evidence.models import Rating
from headway.pages.parts.figures import figure
from headway.rosters.models import Person
from headway.tasks.models import TaskVersion

from ...calibration.room import (
    CRITERIA,
    NOW,
    TODAY,
    build,
    copy,
    everybody_scores,
    opened,
    piece,
    planned,
    revealed,
    version,
)
from .reading import client, page, words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def room(settings, tmp_path: Path):
    settings.MEDIA_ROOT = tmp_path / "media"
    build()
    with time_machine.travel(NOW, tick=False):
        yield


def test_a_coach_s_first_page_teaches_the_first_step() -> None:
    coach = client("coach")
    assert coach.get("/").headers["Location"] == "/calibration/"
    said = words(coach.get("/calibration/"))
    assert "Score the same work, then talk." in said and "Plan the first session" in said
    assert "A coach or your principal invites you." in words(client("rater0").get("/calibration/"))
    assert client("SID-0000").get("/calibration/").status_code == 403


def test_a_session_is_planned_filled_opened_scored_and_finished_by_its_pages() -> None:
    coach, rater = client("coach"), client("rater0")
    form = {
        "key": "plan-1", "title": "Fair price", "purpose": "What is proficient?", "version": str(version()), "kind": "together",
        "opens_on": TODAY.isoformat(), "closes_on": (TODAY + timedelta(days=7)).isoformat(), "way": "everybody", "per_work": "0",
        "moderates": "1",
    }  # fmt: skip
    assert "Fair price" not in words(coach.get("/calibration/new"))
    bad = coach.post("/calibration/new", {**form, "title": " "})
    assert bad.status_code == 422 and "Give the session a name." in words(bad)
    made = coach.post("/calibration/new", form)
    assert coach.post("/calibration/new", form)["Location"] == made["Location"]
    session = CalibrationSession.objects.get().uuid
    assert made["Location"] == f"/calibration/{session}" and "Put works in." in words(page(coach, session))
    # A rater of the session puts in work of a student whom they teach, after having looked at the copy.
    assert coach.post(f"/calibration/{session}/raters", {"person": [
        Person.objects.get(sourced_id=f"rater{n}").id for n in range(3)]}).status_code == 302  # fmt: skip
    key = piece(0, words="Xochitl Vandermeer and her friend Xo sold apples for the Comets.")
    offered = page(rater, session, "works")
    assert "Price by Xochitl" in words(offered)
    look = rater.get(f"/calibration/{session}/works/take?piece={key}")
    assert (
        "Xo sold apples" in words(look)
        and "Vandermeer" not in words(look)
        and "2 places were masked" in words(look)
    )
    sent = {"piece": key, "also": "Xo, comets", "key": "copy-1", "act": "take"}
    again = rater.post(f"/calibration/{session}/works/take", {**sent, "act": "look"})
    assert "[…] sold apples for the […]" in words(again) and not Sample.objects.exists()
    assert rater.post(f"/calibration/{session}/works/take", sent).status_code == 422
    assert rater.post(f"/calibration/{session}/works/take", {**sent, "looked": "1"}).status_code == 302
    assert client("rater1").get(f"/calibration/{session}/works/take?piece={key}").status_code == 404
    more = [str(copy(n)) for n in range(1, 4)]
    assert coach.post(f"/calibration/{session}/works", {"sample": more}).status_code == 302
    assert coach.post(f"/calibration/{session}/works", {"out": "4"}).status_code == 302
    assert coach.post(f"/calibration/{session}/works", {"sample": "no"}).status_code == 422
    said = words(page(coach, session))
    assert (
        "Raters of each work: 3; works of each rater: 3." in said
        and "too little to speak of severity" in said
    )
    assert "Work 1" in words(page(coach, session, "works"))
    # Opened only by somebody who looked.
    assert coach.post(f"/calibration/{session}", {"act": "open"}).status_code == 422
    assert coach.post(f"/calibration/{session}", {"act": "open", "looked": "1"}).status_code == 302
    assert rater.post(f"/calibration/{session}", {"act": "reveal"}).status_code == 404
    for n in range(3):
        browser = client(f"rater{n}")
        assert "One session waits for your scores." in words(browser.get("/calibration/"))
        assert browser.post(f"/calibration/{session}/score").status_code == 422
        place = f"/calibration/{session}/score/1"
        for _ in range(3):
            assert browser.get(place).status_code == 200
            assert browser.post(place, {}).status_code == 422
            place = browser.post(place, {f"level-{at}": 300 - 100 * (n == at == 1) for at in range(1, 6)})[
                "Location"
            ]
        assert place == f"/calibration/{session}/score"
        assert browser.post(place)["Location"].endswith("?done=handed")
        assert "You have handed in." in words(browser.get(place))
    assert "3 of 3 handed in" in words(page(coach, session)) and "Revealed now" not in words(
        page(coach, session)
    )
    assert coach.post(f"/calibration/{session}", {"act": "reveal"})["Location"].endswith("/map?done=revealed")
    assert "Nowhere do you stand two levels apart." in words(page(rater, session, "map"))
    work = f"/calibration/{session}/map/1"
    line = str(CRITERIA["Reason"])
    assert rater.post(work, {"act": "note", "key": "n-1", "words": "It names the unit."}).status_code == 302
    assert (
        rater.post(work, {"act": "note", "key": "n-2", "words": "Why so?", "criterion": line}).status_code
        == 302
    )
    assert rater.post(work, {"act": "agree", "criterion": line, "level": "300", "why": ""}).status_code == 422
    for uuid in CRITERIA.values():
        rater.post(
            work, {"act": "agree", "criterion": str(uuid), "level": "300", "why": "Both reasons are there."}
        )
    assert (DiscussionNote.objects.count(), AgreedScore.objects.count()) == (2, 5)
    said = words(rater.get(work))
    assert "It names the unit." in said and "Agreed: Proficient" in said and "Keep as an anchor" not in said
    assert coach.post(work, {"act": "anchor"}).status_code == 302
    assert "1 anchor" in words(coach.get(f"/calibration/anchors/{version()}"))
    assert coach.post(f"/calibration/{session}", {"act": "second"}).status_code == 302
    assert "Look again at what you want to change." in words(page(rater, session, "score"))
    assert rater.post(f"/calibration/{session}/score").status_code == 302
    assert coach.post(f"/calibration/{session}", {"act": "finish"}).status_code == 302
    reporting.make_reports(session=CalibrationSession.objects.get().pk, at=NOW)
    said = words(page(rater, session, "mine"))
    assert "You alone can read this page" in said and "withheld: fewer than 10 works" in said
    said = words(page(coach, session, "report"))
    assert "There is too little to say where you differ." in said
    # Three works with five criteria: the column counts what the rule of 30 counts, also where too few works withhold the rest.
    assert "Levels compared Works All raters" in said and " – withheld – withheld 15 3 " in said
    # Why figures are withheld is said above each table once and not in each cell.
    assert said.count("A dash is withheld: fewer than 10 works.") == said.count("fewer than 10 works") == 3
    assert coach.post(f"/calibration/{session}", {"act": "moderated"}).status_code == 302
    assert Rating.objects.filter(kind=4).count() == 5
    assert coach.post(f"/calibration/{session}", {"act": "off"}).status_code == 422


def test_what_many_scores_say_is_told_with_interval_and_n() -> None:
    session = opened(works=20)
    everybody_scores(
        session, level=lambda rater, number, at: 100 * min(4, max(1, 1 + (number + at) % 4 - (rater == 0)))
    )
    revealed(session)
    rater = client("rater0")
    assert "Your report is being made." in words(page(rater, session, "mine"))
    assert "The report is being made." in words(page(rater, session, "report"))
    reporting.make_reports(session=CalibrationSession.objects.get().pk, at=NOW)
    said = words(page(rater, session, "mine"))
    assert "levels more severely than your colleagues." in said and "100 shared scores" in said
    exact = CalibrationReport.objects.get(rater__person__sourced_id="rater0").body["peers"]["exact"]
    shown = [f"{100 * exact[name]:.0f} %" for name in ("value", "low", "high")]
    assert f"{shown[0]} {shown[1]} to {shown[2]}" in said
    assert "Most worth reading again" in said and "many-facet Rasch" in said
    assert "You score as your colleagues do." in words(page(client("rater3"), session, "mine"))
    group = words(page(client("rater3"), session, "report"))
    assert "You differ most on" in group and "Kappa, quadratic" in group and "Juniper" not in group
    assert "20 levels compared" in words(client("coach").get("/calibration/"))
    client("coach").post(f"/calibration/{session}", {"act": "finish"})
    reporting.make_reports(session=CalibrationSession.objects.get().pk, at=NOW)
    district = words(client("root").get("/calibration/consistency"))
    assert (
        "Juniper" in district
        and "Other schools together" in district
        and "with raters of other schools" in district
    )
    assert "Levels compared" in district and " 100 20 " in district and "Scores" not in district
    assert "Where all agree nothing varies from work to work" in district
    validity = words(client("rater3").get(f"/tasks/{TaskVersion.objects.get().task.uuid}/validity"))
    assert (
        "100 levels compared, 20 works, 8 raters" in validity
        and "A score is the level that one rater gave" in validity
    )
    assert sum(int(one) for one in re.findall(r"%, (\d+) scores?\b", validity)) == 800
    # Step by step, and what no step can say here is refused in words.
    assert (
        "Raters of different schools gave the same level in" in district
        and "Together, the last twelve months" in district
    )
    assert (
        "Told to whoever joins the snapshots of districts, by headway report comparability" in district
        and "1 finished session" in district
    )
    assert "There is too little to compare named with blind ratings." in district
    principal = words(client("principal").get("/calibration/consistency"))
    assert "Juniper" in principal and "Other schools together" not in principal
    for name in [*(f"Teachrater{n}" for n in range(8)), *(f"Rater{n}" for n in range(8))]:
        assert name not in district and name not in principal
    assert client("coach").get("/calibration/consistency").status_code == 403


def test_a_rater_may_leave_and_a_day_may_move() -> None:
    session = opened(works=2, raters=3)
    coach, rater = client("coach"), client("rater2")
    assert coach.post(f"/calibration/{session}", {"act": "extend", "closes_on": "x"}).status_code == 422
    later = (TODAY + timedelta(days=30)).isoformat()
    assert coach.post(f"/calibration/{session}", {"act": "extend", "closes_on": later}).status_code == 302
    assert rater.post(f"/calibration/{session}", {"act": "leave"}).status_code == 302
    assert rater.get(f"/calibration/{session}").status_code == 404
    left = SessionRater.objects.get(person__sourced_id="rater1")
    assert coach.post(f"/calibration/{session}/raters", {"leaves": left.pk}).status_code == 302
    late = Person.objects.get(sourced_id="rater7").id
    assert coach.post(f"/calibration/{session}/raters", {"person": late}).status_code == 302
    assert coach.post(f"/calibration/{session}", {"act": "reveal"}).status_code == 422
    assert coach.post(f"/calibration/{session}", {"act": "reveal", "without": "1"}).status_code == 302
    session = planned(works=1, raters=2)
    assert "Change the plan" in words(page(coach, session, "plan"))
    said = {
        "key": "x",
        "title": "Another name",
        "opens_on": TODAY.isoformat(),
        "closes_on": later,
        "way": "pairs",
    }
    assert coach.post(f"/calibration/{session}/plan", said).status_code == 302
    assert CalibrationSession.objects.get(uuid=session).title == "Another name"
    assert coach.post(f"/calibration/{session}", {"act": "off"}).status_code == 302
    assert "called off" in words(coach.get("/calibration/"))


def test_letting_a_rater_leave_is_asked_first_and_said_afterwards() -> None:
    session = opened(works=3, raters=4)
    coach, rater = client("coach"), client("rater1")
    first = rater.post(f"/calibration/{session}/score/1", {f"level-{at}": 300 for at in range(1, 6)})[
        "Location"
    ]
    assert rater.post(first, {f"level-{at}": 200 for at in range(1, 6)}).status_code == 302
    one = SessionRater.objects.get(person__sourced_id="rater1")
    listed = coach.get(f"/calibration/{session}/raters")
    assert (
        f'href="?leave={one.pk}"' in listed.content.decode()
        and 'name="leaves"' not in listed.content.decode()
    )
    asked = coach.get(f"/calibration/{session}/raters?leave={one.pk}")
    said = words(asked)
    assert f"Let {one.person.name()} leave?" in said and "No, they stay" in said
    assert (
        f"{one.person.name()} has saved 2 works. These scores are removed and cannot be brought back." in said
    )
    assert f'name="leaves" value="{one.pk}"' in asked.content.decode()
    assert Score.objects.count() == 10 and not SessionRater.objects.exclude(withdrawn_at=None).exists()
    assert "4 raters" in said
    gone = coach.post(f"/calibration/{session}/raters", {"leaves": one.pk}, follow=True)
    assert f"{one.person.name()} has left the session; their scores are removed." in words(gone)
    assert "3 raters" in words(gone) and "4 raters" not in words(gone) and not Score.objects.exists()
    # Who has left is asked about no more, and an act that is not done is not said.
    again = words(coach.get(f"/calibration/{session}/raters?leave={one.pk}"))
    assert "Let Rater1" not in again and "has left the session" not in again
    other = SessionRater.objects.get(person__sourced_id="rater2")
    assert "has saved no whole work." in words(coach.get(f"/calibration/{session}/raters?leave={other.pk}"))


def test_where_no_work_has_two_raters_nothing_is_said_to_agree() -> None:
    session = opened(works=2, raters=3)
    coach, rater = client("coach"), client("rater0")
    none = "Revealed now, nothing can be compared: no work has two raters’ scores."
    nothing = "Nothing can be compared: no work has two raters."
    assert none in words(page(coach, session)) and none not in words(page(rater, session))
    sent = {f"level-{at}": 300 for at in range(1, 6)}
    assert rater.post(f"/calibration/{session}/score/1", sent).status_code == 302
    assert none in words(page(coach, session))
    number = Score.objects.values_list("seat__work__number", flat=True).distinct().get()
    other = client("rater1")
    place = SessionRater.objects.get(person__sourced_id="rater1").seats.get(work__number=number).place
    assert other.post(f"/calibration/{session}/score/{place}", sent).status_code == 302
    assert "Revealed now, 1 work cannot be compared" in words(page(coach, session))
    # What who left had scored does not count.
    assert other.post(f"/calibration/{session}", {"act": "leave"}).status_code == 302
    assert none in words(page(coach, session))
    assert coach.post(f"/calibration/{session}", {"act": "reveal", "without": "1"}).status_code == 302
    for browser in (coach, rater):
        said = words(page(browser, session, "map"))
        assert nothing in said and "Nowhere do you stand two levels apart." not in said
        said = words(page(browser, session))
        assert nothing[:-1] in said and "farthest apart" not in said and "widest differences" not in said
    said = words(coach.get("/calibration/"))
    assert "Finish it, and plan another." in said and "farthest apart" not in said


def test_the_copy_of_nothing_asks_for_a_piece() -> None:
    session = planned(works=1)
    page = client("coach").get(f"/calibration/{session}/works/take", follow=True)
    assert page.status_code == 200 and "Choose a piece first." in page.content.decode()


def test_forms_that_nobody_offers_are_refused() -> None:
    session = opened(works=2, raters=3)
    rater = client("rater0")
    for path, sent in (
        ("score/1", {"level-1": "x"}), ("score/1", {"level-1": "99999999"}), ("score/9", {"level-1": "300"}), ("map/1", {}),
    ):  # fmt: skip
        assert rater.post(f"/calibration/{session}/{path}", sent).status_code in (404, 422)
    for path in (
        "score/9",
        "score/0",
        "score/1/1",
        "map/1",
        "works",
        "works/1/1",
        "plan",
        "raters",
        "works/take",
    ):
        assert rater.get(f"/calibration/{session}/{path}").status_code == 404, path
    assert rater.get(f"/calibration/{uuid4()}").status_code == 404
    assert not Score.objects.exists() and SessionWork.objects.count() == 2
    assert Client().get(f"/calibration/{session}").status_code == 302


def test_pages_ask_no_more_with_more_works_and_raters() -> None:
    """The same page asks as often for twenty works as for two: what a list holds is asked at once."""
    counts = []
    for works, raters in ((2, 3), (16, 8)):
        session = opened(works=works, raters=raters)
        everybody_scores(session, raters=raters)
        revealed(session)
        browser, own = client("rater0"), []
        for path in ("", "/score", "/map", "/map/1"):
            with CaptureQueriesContext(connection) as asked:
                page(browser, session, *path.split("/")[1:])
            own.append(len(asked))
        counts.append(own)
    # The first request of a process asks a little more.
    assert all(more <= few for few, more in zip(*counts, strict=True)) and max(counts[1]) <= 30, counts


def test_figures_are_said_in_the_numbers_of_the_language() -> None:
    told = {"value": -0.125, "low": -0.5, "high": 0.25, "n": 30}
    with translation.override("es"):
        one = figure(told, levels=True)
        assert (one.value, one.interval) == ("−0,12", "de −0,50 a +0,25")
        assert figure({"value": 0.813, "n": 30}, percent=True).value == "81\u00a0%"
    with translation.override("en"):
        assert (figure(told, levels=True).value, figure({"value": 0.813, "n": 30}).value) == ("−0.12", "0.81")
