"""Rights of families: a request with its clock, amendment, hearing, and the statement on every surface that carries the item."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.access import actions as access
from headway.access.types import SYSTEM, Viewer
from headway.evidence import queries as evidence
from headway.interop.oneroster.results import export_results
from headway.interop.v1.record import record_of
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as levels
from headway.project.commands import erase, exports, verify
from headway.report_cards import actions as cards
from headway.report_cards import queries as card_queries
from headway.report_cards.models import FamilyStatement
from headway.rights import actions, queries
from headway.rights.models import Disclosure, RightsRequest
from headway.rosters import actions as rosters
from headway.rosters.models import Org, SchoolClass, Term

from ..pages.school.reading import lead as lead_browser
from ..pages.school.reading import principal
from ..pages.student.world import NOW, Page, build, person, rate, target
from ..profiles.people import browser, refusal, viewer

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
SAID = "She showed this twice, not once."
WRONG = "The day is wrong."


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    rate("u1", "A.1", "2026-10-01", 2, key="contested")
    rate("u1", "A.2", "2026-10-02", 3, key="other")
    rate("u1", "B.1", "2026-10-02", 1, key="held", held=True)
    with time_machine.travel(NOW, tick=False):
        yield


def district() -> Viewer:
    return Viewer(name="Dana Lead", roles=SYSTEM.roles, today=NOW.date())


def ask(who: str = "p1", kind: str = "rating", item: str = "contested", **more: Any) -> UUID:
    said = {"key": f"key {kind} {item}", "words": WRONG, "at": NOW, "book": levels.book(), **more}
    return actions.ask(actor=viewer(who), student_id=person("u1").id, kind=kind, item=item, **said)


def answered(name: UUID, word: str, at: Any = NOW, **more: Any) -> None:
    actions.answer(
        actor=district(), request=name, answer=word, reason="We looked at the piece.", at=at, **more
    )


def contested() -> UUID:
    """Return a refused request with a statement."""
    name = ask()
    answered(name, "refused")
    actions.state(actor=viewer("p1"), request=name, text=SAID, at=NOW)
    return name


def one(name: UUID, who: Viewer | None = None) -> Any:
    return next(
        v for v in queries.requests_of(viewer=who or district(), student=person("u1").id) if v.uuid == name
    )


def codes(act: Any, **values: Any) -> str:
    return refusal(act, **values)


def test_rights_a_request_runs_45_days_on_both_sides_and_each_step_is_an_event() -> None:
    name = ask()
    assert ask() == name, "a form sent twice asks once"
    assert (one(name).due_on, one(name).days_left) == (NOW.date() + timedelta(days=45), 45)
    assert [view.uuid for view in queries.running(viewer=district())] == [name]
    answered(name, "refused")
    actions.ask_hearing(actor=viewer("p1"), request=name, at=NOW)
    actions.set_hearing(actor=district(), request=name, on=NOW.date(), at=NOW)
    actions.close_hearing(actor=district(), request=name, outcome="refused", words="It stands.", at=NOW)
    actions.state(actor=viewer("p1"), request=name, text=SAID, at=NOW)
    found = one(name)
    assert (found.state, found.hearing_outcome, found.statement, found.said_by) == (
        "refused",
        "refused",
        SAID,
        "Pat Abeyta",
    )
    told = [kind for _s, kind, _t, _h, _b in evidence.events_about(subjects=[person("u1").uuid])]
    assert told.count("rights_request") == 5 and told.count("card_statement") == 1
    assert queries.running(viewer=district()) == [] and [
        v.uuid for v in queries.closed(viewer=district())
    ] == [name]
    assert verify(None)["ok"]


def test_rights_a_correction_is_an_act_of_its_own_and_is_named() -> None:
    name = ask()
    late = NOW + timedelta(days=3)
    assert (
        codes(actions.answer, actor=district(), request=name, answer="amended", reason="Yes", at=NOW)
        == "correction_missing"
    )
    proficiency.record_rows(actor=SYSTEM, book=levels.book(), at=late, rows=[
        {"key": "righted", "student": "u1", "target": "A.1", "level": 3, "observed_at": "2026-10-01", "rater": "T1",
         "replaces": "contested", "comment": "The day was wrong"}])  # fmt: skip
    (correction, *_) = queries.corrections(name=name)
    assert codes(
        actions.answer, actor=district(), request=name, answer="amended", reason="Yes", correction=1, at=NOW
    ) == ("correction_missing")
    answered(name, "amended", at=late, correction=correction.sequence)
    assert (one(name).state, one(name).correction) == ("amended", correction.sequence)
    assert codes(actions.state, actor=viewer("p1"), request=name, text=SAID, at=NOW) == "not_refused"
    assert (
        codes(actions.answer, actor=district(), request=name, answer="refused", reason="No", at=NOW)
        == "answered"
    )


def test_rights_nothing_else_is_the_correction_of_a_rating() -> None:
    name, in_words = ask(), ask(kind="other", item="")
    rate("u1", "A.2", "2026-10-03", 1, key="another rating")
    assert queries.corrections(name=name) == [], "what else happened corrected nothing"
    (told,) = queries.corrections(name=in_words)
    assert told.kind == "rating", "whoever asked in words may be answered with it"
    rate("u1", "A.1", "2026-10-04", 3, key="a newer one on the same target")
    assert queries.corrections(name=name) == []
    ended = proficiency.withdraw_ratings(actor=SYSTEM, keys=["contested"], reason="Wrong student", at=NOW)
    assert [one.sequence for one in queries.corrections(name=name)] == [ended]
    zone = levels.book().zone
    said = queries.asked_about([one(name)], student=person("u1").id, zone=zone)[name]
    assert (said.item, said.level, said.on.isoformat()) == ("contested", 200, "2026-10-01"), (
        "as it was asked about"
    )


def test_rights_what_left_the_entry_as_it_was_corrected_nothing() -> None:
    name = ask()
    act = proficiency.withdraw_ratings(actor=SYSTEM, keys=["contested"], reason="Wrong student", at=NOW)
    proficiency.undo_act(actor=SYSTEM, act=act, at=NOW)
    assert queries.corrections(name=name) == [], "it was taken back"
    decided = [{"student": "u1", "target": "A.1", "rater": "T1", "override": "decides", "comment": "Talk"}]
    rows = [{**one, "key": "decision", "level": 4, "observed_at": "2026-10-19"} for one in decided]
    proficiency.record_rows(actor=SYSTEM, book=levels.book(), at=NOW, rows=rows)
    of_decision = ask(kind="decision", item="decision")
    older = [{**one, "key": "older", "level": 1, "observed_at": "2026-09-01"} for one in decided]
    proficiency.record_rows(actor=SYSTEM, book=levels.book(), at=NOW, rows=older)
    assert queries.corrections(name=of_decision) == [], "the contested decision still stands"
    newer = [{**one, "key": "newer", "level": 2, "observed_at": "2026-10-20"} for one in decided]
    proficiency.record_rows(actor=SYSTEM, book=levels.book(), at=NOW, rows=newer)
    assert len(queries.corrections(name=of_decision)) == 1 and queries.corrections(name=name) == []


def test_rights_a_moderated_rating_of_the_same_piece_is_a_correction() -> None:
    rate("u1", "A.1", "2026-10-05", 2, key="piece")
    name = ask(item="piece")
    proficiency.record_rows(actor=SYSTEM, book=levels.book(), at=NOW, rows=[
        {"key": "moderated", "student": "u1", "target": "A.1", "level": 4, "observed_at": "2026-10-19", "rater": "T1",
         "kind": "moderated", "evidence": "piece"}])  # fmt: skip
    assert [one.kind for one in queries.corrections(name=name)] == ["rating"]


def test_rights_who_is_joined_and_split_again_was_not_corrected_and_the_page_stands() -> None:
    here = SchoolClass.objects.get(sourced_id="k1")
    added = rosters.add_provisional_student(
        actor=SYSTEM, class_id=here.id, given_name="Ann", family_name="Abeyta", at=NOW, grade="05"
    )
    rosters.add_guardianship(actor=SYSTEM, student_id=added.id, guardian_id=person("p1").id, at=NOW)
    rate(added.sourced_id, "A.1", "2026-10-06", 4, key="theirs")
    said = {
        "key": "asked",
        "kind": "rating",
        "item": "theirs",
        "words": WRONG,
        "at": NOW,
        "book": levels.book(),
    }
    name = actions.ask(actor=viewer("p1"), student_id=added.id, **said)
    rosters.merge_people(
        actor=SYSTEM, person_id=added.id, into_id=person("u1").id, reason="One person", at=NOW
    )
    rosters.split_people(actor=SYSTEM, person_id=added.id, reason="Two", at=NOW)
    assert queries.corrections(name=name) == []
    assert lead_browser().get(f"/school/rights/{name}").status_code == 200


def test_rights_a_request_is_called_as_the_entry_stood_when_it_was_asked() -> None:
    proficiency.move_ratings(actor=SYSTEM, keys=["contested"], target="B.1", reason="Another target", at=NOW)
    name = ask()
    proficiency.withdraw_ratings(actor=SYSTEM, keys=["contested"], reason="Wrong", at=NOW)
    zone = levels.book().zone
    said = queries.asked_about([one(name)], student=person("u1").id, zone=zone)[name]
    assert said.target == target("B.1")


def test_rights_a_hearing_that_amends_ends_the_statement() -> None:
    name = ask(kind="other", item="")
    answered(name, "refused")
    actions.state(actor=viewer("p1"), request=name, text=SAID, at=NOW)
    actions.ask_hearing(actor=viewer("p1"), request=name, at=NOW)
    assert codes(actions.state, actor=viewer("p1"), request=name, text="More", at=NOW) == "hearing_open"
    actions.set_hearing(actor=district(), request=name, on=NOW.date() + timedelta(days=2), at=NOW)
    closing = {"actor": district(), "request": name, "outcome": "amended", "words": "Mended.", "at": NOW}
    assert codes(actions.close_hearing, **closing) == "day_ahead"
    actions.set_hearing(actor=district(), request=name, on=NOW.date(), at=NOW)
    actions.close_hearing(**closing)
    assert (one(name).state, one(name).statement) == ("amended", "")
    assert verify(None)["ok"]


def test_rights_belong_to_family_and_student_and_answers_to_who_leads() -> None:
    name = ask("u1")
    assert one(name).asked_as == "student"
    assert codes(ask, who="T1") == "no_such_person"
    assert codes(actions.withdraw, actor=viewer("p1"), request=name, at=NOW) == "no_such_request"
    reply = {"request": name, "answer": "refused", "reason": "No", "at": NOW}
    for who in ("T1", "p1", "u1"):
        assert codes(actions.answer, actor=viewer(who), **reply) == "no_such_request"
    assert queries.find_request(viewer=viewer("T1"), name=name) is None
    actions.withdraw(actor=viewer("u1"), request=name, at=NOW)
    assert one(name).state == "withdrawn"
    assert codes(ask, item="held", key="h") == "no_such_item", "a held rating is no entry that a family knows"
    assert codes(ask, item="nothing", key="n") == "no_such_item"
    assert codes(ask, kind="other", item="", words=" ", key="w") == "text_missing"
    ask(kind="record", item="", words="", key="r1")
    assert codes(ask, kind="record", item="", words="", key="r2") == "asked_already"


def test_rights_the_statement_stands_on_every_surface_that_carries_the_item() -> None:
    contested()
    run = cards.open_run(
        actor=SYSTEM,
        school_id=Org.objects.get(sourced_id="s1").id,
        term_id=Term.objects.get(sourced_id="t1").id,
        at=NOW,
    )
    cards.freeze(actor=SYSTEM, run=run, as_of=NOW.date(), at=NOW)
    (card,) = card_queries.cards_of(student=person("u1").id)
    assert [(s["text"], s["target"]["en"]) for s in card.content["contested"]] == [(SAID, "Compare ratios")]
    (quiet,) = card_queries.cards_of(student=person("u2").id) or [None]
    assert quiet is None or "contested" not in quiet.content
    family, teacher, student, lead = browser("p1"), browser("T1"), browser("u1"), lead_browser()
    key = target("A.1")
    pages = {
        "card": family.get(f"/family/children/u1/cards/{run.id}"), "why at home": family.get(f"/family/children/u1/why/{key}"),
        "why at school": teacher.get(f"/teacher/students/u1?target={key}"),
        "own": student.get(f"/student/continuum?target={key}"),
        "transfer": lead.get("/district/transfer/u1"), "rights": family.get("/family/children/u1/rights"),
    }  # fmt: skip
    assert [name for name, page in pages.items() if SAID not in page.content.decode()] == []
    other = family.get(f"/family/children/u1/why/{target('A.2')}")
    assert SAID not in other.content.decode(), "it stands with its own item only"
    record = record_of("u1", now=NOW)
    assert [row["key"] for row in record["ratings"] if "family_states" in row] == ["contested"]
    assert [r["target"] for r in record["determinations"] if SAID in r["reasons"]] == ["A.1"]
    text = exports.export_determinations(as_of=None, known_at=None, student=None, form="json", out=None)
    assert [(r["student"], r["target"]) for r in json.loads(text) if SAID in r["reasons"]] == [("u1", "A.1")]
    body, _ = export_results(actor=SYSTEM, term="t1", to_whom="SIS", purpose="", now=NOW)
    assert csv_of(body, "results.csv").count(SAID) == 1


def csv_of(body: bytes, name: str) -> str:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return archive.read(name).decode()


def test_rights_the_statement_is_in_the_answers_of_the_interface() -> None:
    contested()
    client = browser("T1")
    account = access_account("T1")
    token = access.issue_token(actor=SYSTEM, account=account, scopes=["ratings.read"], at=NOW)
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    rows = client.get("/api/v1/determinations?student=u1").json()["determinations"]
    assert [row["target"] for row in rows if SAID in row["reasons"]] == ["A.1"]
    assert client.get("/api/v1/explain?student=u1&target=A.1").json()["family_states"] == [
        {"text": SAID, "said_by": "Pat Abeyta"}
    ]
    assert "family_states" not in client.get("/api/v1/explain?student=u1&target=A.2").json()


def access_account(name: str) -> Any:
    from headway.access.queries import account_of

    return account_of(person(name).uuid)


def test_rights_are_erased_with_the_student_and_held_to_the_ledger() -> None:
    name = contested()
    assert verify(None)["ok"]
    held = record_of("u1", now=NOW)["rights"]
    assert [row["uuid"] for row in held["requests"]] == [name]
    RightsRequest.objects.update(state="amended")
    assert [broken["found"] for broken in verify(None)["breaks"]] == ["RightsRequest"]
    RightsRequest.objects.update(state="refused")
    FamilyStatement.objects.update(text="Nothing was wrong.")
    assert [broken["found"] for broken in verify(None)["breaks"]] == ["FamilyStatement"]
    erase("u1", "asked for")
    assert (
        not RightsRequest.objects.exists()
        and not Disclosure.objects.exists()
        and not FamilyStatement.objects.exists()
    )
    assert verify(None)["ok"]


def test_rights_the_list_of_requests_costs_the_same_for_one_and_for_many() -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            queries.running(viewer=district())
        return len(asked)

    ask()
    first = cost()
    for number in range(8):
        ask(kind="other", item="", key=f"o{number}")
    assert cost() == first == 3


def test_rights_the_general_statement_and_a_contested_one_stand_beside_each_other() -> None:
    contested()
    cards.record_statement(actor=SYSTEM, student_id=person("u1").id, text="Ours.", said_by="Pat", at=NOW)
    assert card_queries.statements(students=[person("u1").id])[person("u1").id].text == "Ours."
    assert [s.text for s in card_queries.contested(students=[person("u1").id])[person("u1").id]] == [SAID]
    assert verify(None)["ok"]


# The pages.


def test_rights_on_the_pages_from_the_first_word_to_the_statement() -> None:
    family, lead = browser("p1"), lead_browser()
    here = "/family/children/u1/rights"
    page = Page(family.get(here))
    assert "A rating: Compare ratios, Developing, 1 Oct" in page.words and "Find a rate" not in page.words
    sent = family.post(
        here, {"act": "ask", "item": "rating:contested", "words": WRONG, "key": "k"}, follow=True
    )
    assert "The answer is due by 17 Jan 2027: 45 days left." in Page(sent).words
    name = RightsRequest.objects.get().uuid
    assert "45 days left" in Page(lead.get("/school/rights")).words
    there = f"/school/rights/{name}"
    assert "A rating: Compare ratios, Developing, 1 Oct" in Page(lead.get(there)).words, (
        "which of several ratings"
    )
    assert lead.post(there, {"act": "answer", "answer": "amended", "reason": "Yes"}).status_code == 422
    lead.post(there, {"act": "answer", "answer": "refused", "reason": "The piece shows one."})
    assert "The piece shows one." in Page(family.get(here)).words
    family.post(here, {"act": "hearing", "request": str(name)})
    lead.post(there, {"act": "set_hearing", "on": NOW.date().isoformat()})
    lead.post(there, {"act": "close_hearing", "answer": "refused", "words": "We heard you."})
    done = family.post(here, {"act": "state", "request": str(name), "text": SAID}, follow=True)
    assert SAID in Page(done).words and "Not amended, also after a hearing" in Page(done).words
    es = browser("p1", "es").get(here)
    assert "Nuestros derechos" in es.content.decode()
    assert family.post(here, {"act": "state", "request": "no", "text": SAID}).status_code == 422


def test_rights_who_may_not_hand_a_record_over_reads_who_does_and_refuses_it_only_on_purpose() -> None:
    """A form that only refuses is named by that: "we will send it", written into it, would have refused the record."""
    browser("p1").post("/family/children/u1/rights", {"act": "ask", "item": "record:", "key": "k"})
    there = f"/school/rights/{RightsRequest.objects.get().uuid}"
    head, district = principal("s1"), lead_browser()
    page = Page(head.get(there))
    assert "The district hands records over It sees this request in its own list." in page.words
    assert "Nothing need be done here." in page.words and "Send the answer" not in page.words
    assert "Refuse the request" in page.words
    assert ["open" in one for one in page.all("details")] == [False]
    page = Page(district.get(there))
    assert "Save the record" in page.words and "Nothing need be done here." not in page.words
    # A reason that is missing is asked for where it was left out: the form stands open.
    answer = head.post(there, {"act": "answer", "answer": "refused", "reason": " "})
    assert answer.status_code == 422 and any("open" in one for one in Page(answer).all("details"))
    head.post(there, {"act": "answer", "answer": "refused", "reason": "Ask the court."})
    assert RightsRequest.objects.get().state == "refused"
    page = Page(head.get(there))
    assert "Nothing need be done here." not in page.words and "Refuse the request" not in page.words


def test_rights_the_record_is_asked_for_and_handed_over_by_the_district() -> None:
    family, lead = browser("p1"), lead_browser()
    family.post("/family/children/u1/rights", {"act": "ask", "item": "record:", "key": "k"})
    name = RightsRequest.objects.get().uuid
    answer = lead.post(f"/school/rights/{name}", {"act": "hand_over"})
    assert answer.status_code == 200 and answer["Content-Disposition"].startswith("attachment; ")
    assert {row["key"] for row in json.loads(answer.content)["ratings"]} == {"contested", "other", "held"}
    assert RightsRequest.objects.get().state == "given"
    assert "to Pat Abeyta · request of the family" in Page(family.get("/family/children/u1/rights")).words
    assert verify(None)["ok"]
