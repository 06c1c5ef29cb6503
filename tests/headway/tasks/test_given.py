"""A task of the bank is given word for word; work on it is rated by its rubric, and the ratings carry its version."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from headway.evidence import actions as evidence
from headway.evidence import queries as ledger
from headway.evidence.models import Offer, Opportunity, Rating
from headway.evidence.types import Task as Given
from headway.frameworks import queries as frameworks
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as levels
from headway.tasks import actions, queries
from headway.tasks.types import NewCriterion, NewExemplar, rated_on

from ..pages.student.world import NOW, Page, again, client, person, png, rate
from ..profiles.people import browser, refusal
from .bank import WHOLE, draft, published, target, viewer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]


def given(version: UUID, **fields: Any) -> Offer:
    view = queries.task_version(viewer=viewer("T1"), version=version)
    said = {
        "key": f"give-{uuid4()}", "title": view.title, "words": view.prompt, "targets": view.targets, "depth": view.depth,
        "version": version,
    }  # fmt: skip
    task = Given(**{**said, **fields})
    return evidence.give(actor=viewer("T1"), task=task, students=[person("u1").id, person("u2").id], at=NOW)


def test_the_bank_gives_what_stands_there_and_nothing_else() -> None:
    version = published(certifies=True)
    offer = given(version)
    assert offer.task_version.uuid == version
    for other in ({"title": "Mix"}, {"words": "x"}, {"depth": 3}, {"targets": (target("A.2"),)}):
        assert refusal(given, version, **other) == "offer_invalid", other
    # The same form with another version is another form.
    assert refusal(given, published(), key=offer.key) == "key_conflict"
    assert refusal(given, draft()) == "offer_invalid"
    task = queries.task_version(viewer=viewer("T1"), version=version).task
    actions.retire_task(actor=viewer("T1"), task=task, reason="Old", at=NOW)
    assert refusal(given, version) == "offer_invalid"


def test_the_ledger_holds_the_version_and_a_replay_agrees() -> None:
    version = published()
    given(version)
    task = queries.task_version(viewer=viewer("T1"), version=version).task
    bodies = list(ledger.bodies_of_kind(kind="offered"))
    assert {one["task"] for one in bodies} == {rated_on(task, 1)}
    names = {node: frameworks.node(node).uuid for node in (target("A.1"),)}
    assert ledger.loop_breaks(target_uuids=lambda keys: {key: names[key] for key in keys}) == []
    Offer.objects.update(task_version=None)
    assert "differs in task" in ledger.loop_breaks(target_uuids=lambda keys: names)[0].what


def chance(who: str) -> Opportunity:
    return Opportunity.objects.get(student=person(who))


def test_work_is_rated_by_the_rubric_and_names_the_version() -> None:
    exemplar = NewExemplar("A table", "compares", {1: 300}, words="canary-exemplar")
    version = draft(certifies=True, criteria=(NewCriterion("Compares well", target("A.1"), WHOLE),))
    actions.add_exemplar(actor=viewer("T1"), version=version, made=exemplar, at=NOW)
    actions.publish_task(actor=viewer("T1"), version=version, at=NOW)
    view = queries.task_version(viewer=viewer("T1"), version=version)
    rate("u1", "A.1", "2026-10-01", 4)
    teacher = browser("T1")
    page = Page(teacher.get(f"/teacher/give?bank={version}"))
    assert "given word for word" in page.words and not [
        1 for _, a in page.tags if a.get("name") in ("title", "words", "target")
    ]
    sent = {"key": "give-12345", "class": "k1", "bank": str(version), "student": [str(person("u1").id)], "purpose": "evidence",
            "title": "Something else", "words": "Else", "target": [str(target("A.2"))], "depth": "4"}  # fmt: skip
    assert teacher.post("/teacher/give", sent).status_code == 302
    offer = Offer.objects.get()
    assert (offer.title, offer.words, offer.depth, offer.task_version.uuid) == (
        "Trail mix",
        "Mix for thirty people.",
        2,
        version,
    )
    assert [node.id for node in offer.targets.all()] == [target("A.1")]
    assert "From the bank, version 1" in Page(teacher.get(f"/teacher/given/{offer.uuid}")).words
    assert teacher.get(f"/teacher/give?bank={uuid4()}").status_code == 404

    # The student reads the prompt, the rubric and the exemplar before handing in.
    student = client("u1")
    asked = Page(student.get(f"/student/hand-in?offer={chance('u1').uuid}")).words
    assert (
        "Mix for thirty people." in asked and "compares and explains" in asked and "canary-exemplar" in asked
    )
    key = chance("u1").piece_key
    student.post("/student/hand-in", {"key": key, "words": "12 and 18 cups", "after": "0"})
    assert "How it is rated" in Page(student.get(f"/student/work/{key}")).words
    assert "How it is rated" in Page(browser("p1").get(f"/family/children/u1/work/{key}")).words

    shown = teacher.get(f"/teacher/rate?piece={key}")
    words = Page(shown).words
    # The rubric's words stand in the place of the target's, and nothing is chosen beforehand: it may certify.
    assert "compares and explains" in words and "A.1 at 3" not in words and "Compares well" in words
    assert "nothing is chosen beforehand" in words
    assert not [
        1 for tag, a in Page(shown).tags if tag == "input" and a.get("type") == "radio" and "checked" in a
    ]
    teacher.post(
        f"/teacher/rate?piece={key}", {"key": "page-12345", f"level-{target('A.1')}": "3", "attempt": "1"}
    )
    found = Rating.objects.get(piece=key)
    assert (found.task, found.level, found.by_default) == (rated_on(view.task, 1), 300, False)


def test_a_missed_task_of_the_bank_names_it_too() -> None:
    version = published()
    given(version)
    proficiency.close_opportunities(
        actor=viewer("T1"),
        opportunities=[chance("u1").uuid],
        state="missed",
        reason="None came",
        at=NOW,
        book=levels.book(),
    )
    task = queries.task_version(viewer=viewer("T1"), version=version).task
    assert Rating.objects.get(piece=chance("u1").piece_key).task == rated_on(task, 1)


def test_only_who_was_given_the_task_opens_its_exemplars(settings: Any) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    version = draft()
    task = queries.task_version(viewer=viewer("T1"), version=version).task
    teacher = browser("T1")
    sent = {"title": "A table", "why": "compares", "level-1": "300", "act": "add"}
    teacher.post(f"/tasks/{task}/exemplars", {**sent, "file": SimpleUploadedFile("t.png", png())})
    actions.publish_task(actor=viewer("T1"), version=version, at=NOW)
    (digest,) = queries.files_kept()
    path = f"/files/{digest}"
    for who in ("u1", "p1", "u3"):
        client(who)
    assert [again(who, "en").get(path).status_code for who in ("u1", "p1", "u3")] == [404, 404, 404]
    offer = given(version)
    assert [again(who, "en").get(path).status_code for who in ("u1", "p1", "u3")] == [200, 200, 404]
    evidence.withdraw_offer(actor=viewer("T1"), offer=offer.uuid, at=NOW)
    assert again("u1", "en").get(path).status_code == 404


def test_verify_looks_after_the_files_of_exemplars() -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from headway.pages.parts import files
    from headway.project import commands

    task = queries.task_version(viewer=viewer("T1"), version=draft()).task
    sent = {"title": "A table", "why": "compares", "level-1": "300", "act": "add"}
    browser("T1").post(f"/tasks/{task}/exemplars", {**sent, "file": SimpleUploadedFile("t.png", png())})
    assert commands.verify(heads=None)["ok"] is True
    (digest,) = queries.files_kept()
    files.path_of(digest).unlink()
    found = commands.verify(heads=None)
    assert [one["message"] for one in found["breaks"]] == ["the file of the exemplar is missing"]
