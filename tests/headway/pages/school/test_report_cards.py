"""P20 on pages: the board, the proof, freezing; comments of a class; the card as families, students and teachers read it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client

from headway.access.types import SYSTEM, Role
from headway.frameworks import queries as frameworks
from headway.pages.parts.cards import changed
from headway.report_cards import actions, queries
from headway.report_cards.composing import changes
from headway.report_cards.models import CardComment, Incomplete, Saying
from headway.rosters import actions as rosters
from headway.rosters.models import Org, Person, Term

from ..student.world import NOW, again, build, client, person, rate, read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def lead() -> Client:
    made = Person.objects.create(sourced_id="lead", given_name="Lena", family_name="Ruiz")
    school = Org.objects.get(sourced_id="s1")
    rosters.grant_role(
        actor=SYSTEM,
        person_id=made.id,
        role=Role.PRINCIPAL,
        at=NOW,
        org_id=school.id,
        starts_on=date(2026, 8, 1),
    )
    return client("lead")


def opened() -> int:
    school, term = Org.objects.get(sourced_id="s1"), Term.objects.get(sourced_id="t1")
    return actions.open_run(actor=SYSTEM, school_id=school.id, term_id=term.id, at=NOW).id


def math() -> int:
    return frameworks.framework_by_key("Math").id


def form(**more: str) -> dict[str, str]:
    """Return the form of comments as a browser sends it for u1 and u2."""
    found = {"act": "save"}
    for who in ("u1", "u2"):
        key = person(who).id
        found |= {f"text-{key}": "", f"language-{key}": "en", f"translation-{key}": ""}
    for name, value in more.items():
        field, who = name.rsplit("_", 1)
        found[f"{field}-{person(who).id}"] = value
    return found


def test_p20_a_leader_opens_a_run_reads_the_board_and_freezes(lead: Client) -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    rate("u1", "A.1", "2026-11-09", 3)
    assert "No report cards yet." in read(lead, "/school/report-cards").words
    school, term = Org.objects.get(sourced_id="s1"), Term.objects.get(sourced_id="t1")
    made = lead.post("/school/report-cards", {"school": school.id, "term": term.id})
    board = made["Location"]
    page = read(lead, board)
    assert "2 comments are missing." in page.words and "Math 5 Lopez · Math" in page.words
    assert "3 students have no card yet." in page.words
    family = client("p1")
    card = f"/family/children/u1{board.removeprefix('/school').replace('report-cards', 'cards')}"
    assert family.get(card).status_code == 404, "what is not issued does not exist for a family"
    proof = read(lead, f"{board}/students/u1")
    assert (
        "Proof." in proof.words
        and "Compare ratios P Proficient Proficient from 2 pieces of work" in proof.words
    )
    assert lead.post(board, {"act": "freeze", "as_of": "2026-01-01"}).status_code == 422
    done = lead.post(board, {"act": "freeze", "as_of": "2026-11-30"})
    assert "3 cards were issued." in read(lead, done["Location"]).words
    found = read(family, card)
    assert "Report card of Anita Abeyta As of Monday 30 November 2026." in found.words
    assert "Works at level 4, one below grade 5; 1 of 3 targets there are reached." in found.words
    assert (
        "Rule: Decaying average, version 1; policy of the first day, number 1" in found.words
        and "Proof." not in found.words
    )
    assert card in read(family, "/family/children/u1").links


def test_p20_a_reissue_names_the_change_in_both_languages(lead: Client) -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    key = rate("u1", "A.1", "2026-11-09", 3)
    run = opened()
    lead.post(f"/school/report-cards/{run}", {"act": "freeze", "as_of": "2026-11-30"})
    here = f"/school/report-cards/{run}/students/u1"
    refused = lead.post(here, {"act": "reissue", "why": "For no reason"})
    assert refused.status_code == 422 and b"Nothing on this card has changed" in refused.content
    rate("u1", "A.1", "2026-11-09", 1, replaces=key, comment="Read wrongly.")
    lead.post(here, {"act": "reissue", "why": "A rating was read wrongly."})
    family = client("p1", "es")
    page = read(family, f"/family/children/u1/cards/{run}")
    assert (
        "Matemáticas, Comparar razones: era Competente (de 2 trabajos), es Inicial (de 2 trabajos)."
        in page.words
    )
    assert "objetivos alcanzados en el nivel: era 1, es 0." in page.words
    assert "A rating was read wrongly." in page.words
    old = read(family, f"/family/children/u1/cards/{run}?issue=1")
    assert "Esta es una emisión anterior." in old.words and "era Competente" not in old.words
    read(family, f"/family/children/u1/cards/{run}?issue=3", 404)
    assert "Matemáticas" in read(client("u1", "es"), f"/student/cards/{run}").words
    assert "Math" in read(client("T1"), f"/teacher/students/u1/cards/{run}").words


def test_p20_what_reads_the_same_on_both_cards_is_no_change_and_what_came_or_went_is_said() -> None:
    run = opened()
    rate("u1", "A.1", "2026-11-02", 3)
    rate("u1", "A.1", "2026-11-09", 3)
    actions.freeze(actor=SYSTEM, run=queries.find_run(run), as_of=date(2026, 11, 30), at=NOW)
    one = queries.find_card(run=run, student=person("u1").id)
    assert one is not None
    area = one.content["areas"][0]
    row, grown = (
        area["rows"][0],
        {"rate": 31, "from": 400, "since": "2026-08-17", "to": 410, "n": 4, "reason": ""},
    )

    def said(what: str, was: Any, now: Any) -> list[str]:
        change = {"what": what, "area": area["name"], "target": row["name"], "was": was, "is": now}
        return changed(replace(one, change={"changes": [change], "scales": one.content["scales"]}))

    assert said("growth", grown, {**grown, "rate": 29}) == []
    (more,) = said("growth", grown, {**grown, "n": 5})
    assert "from 4 pieces of work, is" in more and more.endswith("from 5 pieces of work.")
    (chosen,) = said("target", row, {**row, "decided": True})
    assert chosen.endswith("is Proficient, decided by a teacher (from 2 pieces of work).")
    (grew,) = said("growth", grown, {**grown, "rate": 62})
    assert "was 0.3 levels a school year, is 0.6 levels a school year" in grew
    (came,), (went,) = said("target", None, row), said("target", row, None)
    assert came == "Math, Compare ratios: new on the card, Proficient (from 2 pieces of work)."
    assert went == "Math, Compare ratios: no longer on the card, was Proficient (from 2 pieces of work)."


def test_p20_a_card_stands_from_the_day_on_which_it_was_issued() -> None:
    rate("u1", "A.1", "2026-11-09", 3)
    run = opened()
    found = queries.find_run(run)
    assert found is not None
    actions.freeze(actor=SYSTEM, run=found, as_of=date(2026, 11, 30), at=NOW)
    day = NOW.date()
    for who, path in (
        ("p1", "/family/children/u1"),
        ("T1", "/teacher/students/u1"),
        ("u1", "/student/continuum"),
    ):
        browser = client(who)
        for asked, stands in (
            ("", True),
            ("?as_of=2020-11-02", False),
            (f"?as_of={day - timedelta(days=1)}", False),
        ):
            assert ("Report cards" in read(browser, path + asked).words) is stands, (path, asked)
    # Issued anew since: that day's issue is opened.
    with time_machine.travel(NOW + timedelta(days=3), tick=False):
        rate("u1", "A.1", "2026-11-10", 1)
        actions.reissue(
            actor=SYSTEM, run=found, student_id=person("u1").id, why="Late.", at=NOW + timedelta(days=3)
        )
        links = read(again("p1", "en"), f"/family/children/u1?as_of={day}").links
        assert [one for one in links if "/cards/" in one and one.endswith("?issue=1")]


def test_p20_a_chance_that_was_missed_is_not_said_to_rest_on_no_pieces(lead: Client) -> None:
    rate("u1", "A.1", "2026-11-09", None, status="missed")
    run = opened()
    page = read(lead, f"/school/report-cards/{run}/students/u1").words
    assert "Missed" in page and "from 0 pieces" not in page.split("Rule:")[0]


def test_p20_a_teacher_comments_from_the_own_bank() -> None:
    run, browser = opened(), client("T1")
    assert "/teacher/classes/k1/comments/" + str(run) in read(browser, "/teacher/report-cards").links
    path = f"/teacher/classes/k1/comments/{run}?area={math()}"
    browser.post(path, {"act": "keep", "saying": "{name} explains the steps.", "saying_language": "en"})
    saying = Saying.objects.get()
    done = browser.post(path, form(bank_u1=str(saying.id), text_u2="Ben dibuja.", language_u2="es"))
    page = read(browser, done["Location"])
    assert "2 comments saved." in page.words and "Comments for report cards: Math 5 Lopez, Math" in page.words
    assert dict(CardComment.objects.values_list("student__sourced_id", "text")) == {
        "u1": "Anita explains the steps.", "u2": "Ben dibuja.",
    }  # fmt: skip
    assert CardComment.objects.get(student=person("u2")).language == "es"
    sent = form(text_u1="Anita explains the steps.", text_u2="x" * 2001, language_u2="es")
    refused = browser.post(path, sent)
    assert refused.status_code == 422 and b"x" * 2001 in refused.content, "nothing that was typed is lost"


def test_p20_whatever_button_is_pressed_the_comments_that_were_typed_are_saved() -> None:
    run, browser = opened(), client("T1")
    path = f"/teacher/classes/k1/comments/{run}?area={math()}"
    shown = browser.get(path).content.decode()
    assert shown.count('action="?area=') == 1, "one form: no button leaves what another field holds behind"
    browser.post(
        path,
        {**form(text_u1="Anita explains."), "act": "keep", "saying": "Well done.", "saying_language": "en"},
    )
    assert (
        CardComment.objects.get(student=person("u1")).text == "Anita explains."
        and Saying.objects.count() == 1
    )
    # What stands beside and is refused, or is not what the button does, is shown again with its words.
    owed = {"student": str(person("u2").id), "owner": str(person("T1").id), "reason": "The talk."}
    refused = browser.post(
        path, {**form(text_u2="Ben draws."), **owed, "act": "incomplete", "expires_on": ""}
    )
    assert refused.status_code == 422 and b'value="The talk."' in refused.content
    assert CardComment.objects.get(student=person("u2")).text == "Ben draws."
    saved = browser.post(path, {**form(text_u2="Ben draws well."), **owed})
    assert b'value="The talk."' in saved.content and b"1 comment saved." in saved.content
    saying = Saying.objects.get()
    browser.post(path, {**form(text_u2="Ben draws maps."), "act": f"drop-{saying.id}"})
    assert CardComment.objects.get(student=person("u2")).text == "Ben draws maps."


def test_p20_an_incomplete_is_settled_beside_others_and_the_comments_are_saved_with_it() -> None:
    run, browser = opened(), client("T1")
    path = f"/teacher/classes/k1/comments/{run}?area={math()}"
    for who in ("u1", "u2"):
        browser.post(path, {"act": "incomplete", "student": person(who).id, "owner": person("T1").id, "reason": "The talk.",
                            "expires_on": "2026-12-10"})  # fmt: skip
    first, second = Incomplete.objects.order_by("id")
    sent = {f"how-{second.id}": "completed", f"reason-{second.id}": "It came.", f"how-{first.id}": "closed"}
    browser.post(path, {**form(text_u1="Anita explains."), **sent, "act": f"settle-{second.id}"})
    assert list(Incomplete.objects.order_by("id").values_list("settled", flat=True)) == ["", "completed"]
    assert CardComment.objects.get(student=person("u1")).text == "Anita explains."


def test_p20_the_translation_is_open_where_the_family_reads_another_language() -> None:
    run, browser = opened(), client("T1")
    path = f"/teacher/classes/k1/comments/{run}?area={math()}"
    assert not [one for one in read(browser, path).all("details") if "open" in one]
    Person.objects.filter(sourced_id="p1").update(language="es")
    page = read(browser, path)
    children = "the family reads Español"
    assert page.words.count(children) == len([one for one in page.all("details") if "open" in one]) == 2


def test_p20_what_a_form_left_alone_does_not_undo_a_colleagues_comment() -> None:
    run, first, second = opened(), client("T1"), again("T1", "en")
    path = f"/teacher/classes/k1/comments/{run}?area={math()}"
    page = read(first, path)
    shown = {
        a["name"]: a["value"] or ""
        for a in page.all("input", type="hidden")
        if str(a["name"]).startswith("was-")
    }
    assert len(shown) == 2
    second.post(path, form(text_u1="Anita explains her steps."))
    first.post(path, {**form(text_u2="Ben draws."), **shown})
    assert dict(CardComment.objects.values_list("student__sourced_id", "text")) == {
        "u1": "Anita explains her steps.", "u2": "Ben draws.",
    }  # fmt: skip


def test_p20_a_machine_translation_says_so_on_the_card_until_it_is_read(lead: Client) -> None:
    run, teacher = opened(), client("T1")
    path = f"/teacher/classes/k1/comments/{run}?area={math()}"
    sent = form(text_u1="She explains.", translation_u1="Ella explica.", machine_u1="on")
    teacher.post(path, sent)
    board = read(lead, f"/school/report-cards/{run}")
    assert "Ella explica." in board.words
    (where,) = [link for link in board.links if link.endswith(f"#r{person('u1').id}")]
    assert f'id="r{person("u1").id}"' in lead.get(where).content.decode(), "there it is checked"
    here = f"/school/report-cards/{run}/students/u1"
    spanish = again("lead", "es")
    assert (
        "Ella explica. Maria Lopez · Traducción automática, no revisada por una persona"
        in read(spanish, here).words
    )
    del sent[f"machine-{person('u1').id}"]
    teacher.post(path, sent)
    assert "Traducción leída por Maria Lopez" in read(spanish, here).words
    assert "She explains. Maria Lopez" in read(lead, here).words


def test_p20_an_incomplete_stands_on_the_card_and_is_listed_when_its_day_has_passed(lead: Client) -> None:
    run, teacher = opened(), client("T1")
    path = f"/teacher/classes/k1/comments/{run}?area={math()}"
    sent = {"act": "incomplete", "student": person("u1").id, "owner": person("T1").id, "reason": "The talk is still to come.",
            "expires_on": "2026-12-10"}  # fmt: skip
    assert teacher.post(path, {**sent, "owner": person("p1").id}).status_code == 422
    assert teacher.post(path, sent).status_code == 302
    card = read(lead, f"/school/report-cards/{run}/students/u1").words
    assert (
        "Incomplete, and no level for that: The talk is still to come. Maria Lopez looks after it until"
        in card
    )
    assert "No level yet" in card
    with time_machine.travel(NOW.replace(month=12, day=15), tick=False):
        page = read(again("lead", "en"), f"/school/report-cards/{run}").words
        assert "1 incomplete waits for a decision." in page and "nothing happens by itself" in page


def test_p20_a_court_order_closes_the_card(lead: Client) -> None:
    run = opened()
    lead.post(f"/school/report-cards/{run}", {"act": "freeze", "as_of": "2026-11-30"})
    family = client("p1")
    assert family.get(f"/family/children/u1/cards/{run}").status_code == 200
    rosters.restrict_guardian(
        actor=SYSTEM, student_id=person("u1").id, guardian_id=person("p1").id, reason_code="court", at=NOW
    )
    assert family.get(f"/family/children/u1/cards/{run}").status_code == 404


def test_d2_a_leader_records_what_the_family_adds(lead: Client) -> None:
    run = opened()
    here = f"/school/report-cards/{run}/students/u1"
    assert (
        lead.post(here, {"act": "statement", "text": "She did this alone.", "said_by": ""}).status_code == 422
    )
    lead.post(here, {"act": "statement", "text": "She did this alone.", "said_by": "Pat Abeyta"})
    assert "What the family adds Pat Abeyta, 3 Dec She did this alone." in read(lead, here).words


def test_pages_of_report_cards_cost_few_statements(lead: Client, django_assert_max_num_queries) -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    run = opened()
    lead.post(f"/school/report-cards/{run}", {"act": "freeze", "as_of": "2026-11-30"})
    teacher, family = client("T1"), client("p1")
    for browser, path, most in (
        (lead, f"/school/report-cards/{run}", 20), (lead, f"/school/report-cards/{run}/students/u1?proof=1", 26),
        (teacher, f"/teacher/classes/k1/comments/{run}", 20), (family, f"/family/children/u1/cards/{run}", 12),
    ):  # fmt: skip
        browser.get(path)
        with django_assert_max_num_queries(most):
            assert browser.get(path).status_code == 200, path
    assert queries.find_card(run=run, student=person("u1").id)


def test_p20_a_card_keeps_levels_apart_and_says_what_is_still_asked(lead: Client) -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    rate("u1", "A.1", "2026-11-09", 3)
    rate("u1", "B.1", "2026-11-09", 3)
    run = opened()
    lead.post(f"/school/report-cards/{run}", {"act": "freeze", "as_of": "2026-11-30"})
    words = read(client("p1"), f"/family/children/u1/cards/{run}").words
    first, second = words.index("Level 4 Compare ratios"), words.index("Level 5")
    assert first < second and "still asked: one more piece of work ? Too little" in words[second:]
    assert "aún se pide: un trabajo más" in read(again("p1", "es"), f"/family/children/u1/cards/{run}").words
    # What was frozen before cards said it is no change.
    card = queries.find_card(run=run, student=person("u1").id)
    assert card is not None and any(
        "lacking" in row for area in card.content["areas"] for row in area["rows"]
    )
    old = {**card.content, "areas": [
        {**area, "rows": [{key: row[key] for key in row if key != "lacking"} for row in area["rows"]]}
        for area in card.content["areas"]
    ]}  # fmt: skip
    assert changes(old, card.content) == []
