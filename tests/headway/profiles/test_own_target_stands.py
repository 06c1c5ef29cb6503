"""P14: nothing but its end ends an own target: no correction, no decision, no change of the continuum."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import time_machine

from headway.access.types import SYSTEM
from headway.evidence import actions as ledger
from headway.evidence import queries as evidence
from headway.evidence.models import Rating
from headway.evidence.telling import feedback_since
from headway.interop.case import exchange
from headway.kit.times import micros
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as levels
from headway.profiles import actions, queries
from headway.profiles.models import Modification
from headway.profiles.types import NewEntry
from headway.project.commands import verify
from headway.rosters import actions as rosters
from headway.rosters.models import Person

from ..pages.student.world import NOW, Page, build, person, rate, target
from ..pages.teacher.test_loop import replace_target
from .people import browser, refusal, viewer
from .test_modified import OWN, TODAY, end, modify, own, state

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
LATER = NOW + timedelta(minutes=5)
AGO = TODAY - timedelta(days=3)
SUPPORTS = "/teacher/students/u1/supports"


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def withdraw(*keys: str) -> int:
    return proficiency.withdraw_ratings(actor=viewer("T1"), keys=keys, reason="Wrong", at=NOW)


def move(to: str, *keys: str) -> int:
    return proficiency.move_ratings(actor=viewer("T1"), keys=keys, target=to, reason="Wrong", at=NOW)


def redate(day: str, *keys: str) -> int:
    at = micros(datetime.fromisoformat(f"{day}T18:00:00+00:00"))
    return proficiency.redate_ratings(actor=viewer("T1"), keys=keys, observed_us=at, reason="Wrong", at=NOW)


def release(*keys: str) -> int:
    return proficiency.release_ratings(actor=viewer("T1"), keys=keys, at=NOW)


# Decisions.


@pytest.mark.parametrize("decided_on", ["2026-11-20", "2026-12-02"])
def test_p14_a_decision_waits_while_an_own_target_stands_and_stands_again_after(decided_on: str) -> None:
    rate("u1", "A.1", "2026-11-19", 2)
    rate("u1", "A.1", decided_on, 4, override="decides", comment="I saw it")
    before = state()
    assert before[0] == "beyond"
    name = modify(starts_on=AGO)
    assert state() == ("individual_goal", None)
    assert state(day=date(2026, 11, 25)) == (before if decided_on == "2026-11-20" else ("too_little", 200))
    end(name)
    assert state() == before and verify(None)["ok"]


def test_p14_a_second_own_target_begins_after_the_first_ended() -> None:
    first = modify(starts_on=AGO - timedelta(days=7))
    end(first)
    for day in (AGO, AGO - timedelta(days=9)):
        assert refusal(modify, key="second", starts_on=day) == "ended_later"
    assert Modification.objects.count() == 1
    second = modify(key="second", at=LATER)
    assert second != first and Modification.objects.filter(ends_on=None).count() == 1
    found = levels.standings(levels.moment(now=LATER), students=[person("u1").id])
    assert found[person("u1").id, target("A.1")].state == "individual_goal"


def test_p14_the_page_says_why_an_own_target_cannot_begin_on_a_day() -> None:
    end(modify(starts_on=AGO))
    sent = {"act": "modification", "code": "A.1", "words": "Counts", "descriptor": OWN, "key": "m"}
    for language, day, words in (
        ("en", (AGO + timedelta(days=1)).isoformat(), "Choose a later day"),
        ("es", (AGO + timedelta(days=1)).isoformat(), "Elija un día posterior"),
        ("en", "1900-12-03", "Give a day from 1950 to today"),
        ("es", "", "Indique un día entre 1950 y hoy"),
    ):
        page = browser("T1", language).post(SUPPORTS, {**sent, "starts": day})
        assert page.status_code == 422 and words in page.content.decode(), (language, day)
    assert refusal(modify, key="old", starts_on=date(1900, 1, 1)) == "not_a_day"


# Corrections.


def test_p14_the_rating_that_begins_or_ends_an_own_target_is_never_corrected() -> None:
    name = modify(starts_on=AGO)
    goal = f"modification:{name}"
    for act in (
        lambda: withdraw(goal),
        lambda: move("A.2", goal),
        lambda: redate("2026-11-01", goal),
        lambda: rate("u1", "A.1", "2026-12-03", None, status="excused", replaces=goal, comment="c"),
    ):
        assert refusal(act) == "begins_or_ends_own_target"
    assert state() == ("individual_goal", None)
    end(name)
    assert refusal(withdraw, f"modification-ended:{name}") == "begins_or_ends_own_target"
    assert state() == ("no_evidence", None) and verify(None)["ok"]


def test_p14_a_rating_whose_key_only_looks_like_it_is_corrected_as_ever() -> None:
    key = rate("u1", "A.2", "2026-12-01", 3, key="modification:mine")
    withdraw(key)
    assert not evidence.ratings_by_key(keys=[key])


@pytest.mark.parametrize(
    ("level", "more"),
    [(4, {}), (4, {"override": "decides", "comment": "c"}), (None, {"override": "reverts", "comment": "c"})],
)
def test_p14_what_was_held_before_an_own_target_is_not_released_onto_it(
    level: float | None, more: dict[str, str]
) -> None:
    key = rate("u1", "A.1", "2026-12-02", level, held="true", **more)
    name = modify(starts_on=AGO)
    assert refusal(release, key) == "target_modified"
    assert state() == ("individual_goal", None) and Rating.objects.get(key=key, to_sequence=None).held
    end(name)
    assert refusal(release, key) == "target_modified"
    redate("2026-11-20", key)
    release(key)
    assert verify(None)["ok"]


def test_p14_grade_level_is_not_moved_redated_or_brought_back_onto_an_own_target() -> None:
    other, early, gone = (
        rate("u1", code, day, 3)
        for code, day in (("A.2", "2026-12-02"), ("A.1", "2026-11-02"), ("A.1", "2026-12-02"))
    )
    act = withdraw(gone)
    modify(starts_on=AGO)
    assert refusal(move, "A.1", other) == "target_modified"
    assert refusal(redate, "2026-12-02", early) == "target_modified"
    assert refusal(lambda: proficiency.undo_act(actor=viewer("T1"), act=act, at=NOW)) == "target_modified"
    redate("2026-11-03", early)
    assert state() == ("individual_goal", None) and verify(None)["ok"]


def test_p14_a_rating_on_an_own_target_stays_on_it_and_within_its_days() -> None:
    name = modify(starts_on=AGO)
    key = own(name, 4)
    assert refusal(move, "A.2", key) == "no_such_modification"
    assert refusal(redate, "2026-11-01", key) == "no_such_modification"
    redate("2026-12-02", key)
    act = withdraw(key)
    proficiency.undo_act(actor=viewer("T1"), act=act, at=NOW)
    (view,) = queries.modifications_of(levels.moment(now=NOW), student=person("u1").id, held=False)
    assert [one.key for one in view.ratings] == [key]


def test_p14_the_pages_neither_list_the_goal_nor_hide_why_a_correction_is_refused() -> None:
    held = rate("u1", "A.1", "2026-12-02", 4, held="true")
    other = rate("u1", "A.2", "2026-12-02", 3)
    name = modify(starts_on=AGO)
    Rating.objects.filter(key__in=(other, f"modification:{name}")).update(rater=person("T1"))
    for language, words in (("en", "target of their own here"), ("es", "tiene aquí un objetivo propio")):
        teacher = browser("T1", language)
        page = teacher.get("/teacher/rated").content.decode()
        assert other in page and f"modification:{name}" not in page
        uuid = str(levels.frameworks.node(target("A.1")).uuid)
        sent = {"rating": [other], "act": "move", "to": uuid, "reason": "Wrong"}
        assert words in teacher.post("/teacher/rated", sent, follow=True).content.decode()
        page = teacher.post("/teacher/classes/k1/release", {"rating": [held]}, follow=True)
        assert words in page.content.decode()


def test_p14_verify_names_an_own_target_whose_goal_was_taken_away() -> None:
    name, ended = modify(), modify(code="A.2")
    end(ended)
    assert verify(None)["ok"]
    for key in (f"modification:{name}", f"modification-ended:{ended}"):
        ledger.amend_ratings(actor=SYSTEM, act="withdraw", changes={key: None}, reason="x", at=NOW)
    proficiency.redetermine(at=NOW, apply=True)
    found = verify(None)["breaks"]
    assert {(one["what"], one["found"]) for one in found} == {
        ("modification", str(name)), ("modification", str(ended)),
    }  # fmt: skip


# A continuum that changes.


def on_new(name: UUID, level: float, **more: Any) -> str:
    return rate("u1", "A.9", "2026-12-03", level, purpose="modified", modification=str(name), **more)


def test_p14_an_own_target_holds_for_what_took_the_targets_place_and_ends_there() -> None:
    rate("u1", "A.1", "2026-11-20", 4, override="decides", comment="I saw it")
    before = state()[1]
    name = modify(starts_on=AGO)
    new = replace_target()
    assert state("A.9") == ("individual_goal", None)
    assert refusal(rate, "u1", "A.9", "2026-12-03", 3) == "target_modified"
    assert refusal(modify, code="A.9", key="again") == "already_modified"
    page = (
        browser("T1").get(f"/teacher/rate?class=k1&target={new}&student={person('u1').id}").content.decode()
    )
    assert "counts to 20" in page
    key = on_new(name, 2)
    (view,) = queries.modifications_of(
        levels.moment(now=NOW), student=person("u1").id, held=True, targets=[new]
    )
    assert [one.key for one in view.ratings] == [key]
    end(name)
    assert state("A.9")[1] == before and verify(None)["ok"]


def test_p14_an_own_target_ends_also_where_nothing_took_the_targets_place(tmp_path: Path) -> None:
    name = modify(starts_on=AGO)
    rows = list(csv.DictReader(io.StringIO(exchange.export_framework("Math", "csv"))))
    file = tmp_path / "math.csv"
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "ends": TODAY.isoformat()} if row["code"] == "A.1" else row for row in rows)
    exchange.import_framework(file, actor=SYSTEM, at=NOW, in_force_on=TODAY)
    end(name)
    assert Modification.objects.get().ends_on == TODAY and verify(None)["ok"]
    assert not evidence.recorded(keys=[f"modification-ended:{name}"])


# Around it.


def test_p15_an_author_who_was_merged_takes_their_own_entry_back_and_a_split_gives_it_back() -> None:
    one, into = person("u1"), person("u2")
    entry = NewEntry(field="goals", words="I will read", readers=("teachers",))
    name = actions.add_entry(
        actor=viewer("u1"), student_id=one.id, key="e", entry=entry, at=NOW, book=levels.book()
    )
    Person.objects.filter(pk=one.pk).update(active=False)
    rosters.merge_people(actor=SYSTEM, person_id=one.id, into_id=into.id, reason="same", at=NOW)
    m = levels.moment(now=NOW)
    (view,) = queries.entries_of(m, viewer=viewer("u2"), student=into.id, reads=("student",))
    assert view.mine and verify(None)["ok"]
    rosters.split_people(actor=SYSTEM, person_id=one.id, reason="not the same", at=NOW)
    row = queries.ProfileEntry.objects.get(uuid=name)
    assert (row.student_id, row.written_by_id) == (one.id, one.id)
    rosters.merge_people(actor=SYSTEM, person_id=one.id, into_id=into.id, reason="same", at=NOW)
    actions.withdraw_entry(actor=viewer("u2"), entry=name, at=NOW)
    assert queries.ProfileEntry.objects.get(uuid=name).withdrawn_at == NOW


def test_p14_feedback_counts_ratings_on_an_own_target_and_not_its_end() -> None:
    def told() -> dict[int, int]:
        return feedback_since(students=[person("u1").id], after=start, observed_from=NOW - timedelta(days=9))

    start = evidence.head()[0]
    name = modify()
    assert told() == {}
    own(name, 3, held="true")
    assert told() == {}
    own(name, 3)
    assert told() == {person("u1").id: 1}
    end(name)
    assert told() == {person("u1").id: 1}


def test_p14_the_day_that_was_observed_decides_by_which_words_a_level_is_read() -> None:
    modify(starts_on=AGO)
    teacher, a = browser("T1"), target("A.1")
    address = f"/teacher/rate?class=k1&target={a}&student={person('u1').id}"
    sent = {"key": "save-1", f"level-{a}": "3", "observed": "2026-11-20", "shown_on": TODAY.isoformat()}
    refused = teacher.post(address, sent)
    page = refused.content.decode()
    assert refused.status_code == 422 and "read by other words" in page
    assert "A.1 at 3" in page and "counts to 20" not in page
    (shown,) = Page(refused).all("input", name="shown_on")
    assert shown["value"] == "2026-11-20"
    assert teacher.post(address, {**sent, "shown_on": shown["value"]}).status_code == 302
    assert Rating.objects.get(key=f"save-1:{a}").modification == ""
    teacher.post(address, {**sent, "key": "save-2", "observed": AGO.isoformat()})
    assert Rating.objects.get(key=f"save-2:{a}").modification == str(Modification.objects.get().uuid)


def test_p23_looking_back_shows_no_screener_result_of_later() -> None:
    given = actions.record_consent(
        actor=viewer("T1"), student_id=person("u1").id, key="c", instrument="Reading", given_by="Pat", given_on=AGO, at=NOW,
        book=levels.book(),
    )  # fmt: skip
    actions.record_result(
        actor=viewer("T1"),
        consent=given,
        key="r",
        on=TODAY,
        words="Reads 60 words",
        at=NOW,
        book=levels.book(),
    )
    teacher = browser("T1")
    day = TODAY - timedelta(days=1)
    back = teacher.get(f"{SUPPORTS}?as_of={day}").content.decode()
    assert "Reading" in back and "Reads 60 words" not in back
    assert "Reads 60 words" in teacher.get(SUPPORTS).content.decode()
