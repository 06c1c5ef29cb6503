"""The page of a task's validity file: what is there, what is missing, what was typed, what is withheld."""

from __future__ import annotations

import pytest

from headway.tasks import queries
from headway.tasks.models import ValidityEntry

from ...profiles.people import browser
from ...tasks.bank import NOW, draft, published, viewer
from ..student.world import Page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]


def path_of(version) -> str:
    return f"/tasks/{queries.task_version(viewer=viewer('T1'), version=version).task}/validity"


def test_an_entry_is_added_read_and_withdrawn_on_the_page() -> None:
    author, path = browser("T1"), path_of(published())
    shown = Page(author.get(path)).words
    assert "Nothing stands yet under: Alignment, How students and raters go about it" in shown
    assert "withheld: no finished session has scored version 1 yet" in shown
    form = {
        "act": "add",
        "key": "entry-of-a-form",
        "kind": "process",
        "version": "1",
        "on": NOW.date().isoformat(),
        "words": "",
    }
    empty = author.post(path, {**form, "words": " ", "on": "2026-99-99"})
    assert empty.status_code == 422 and "Give the day of the evidence, today or before." in Page(empty).words
    kept = author.post(path, {**form, "on": "2099-01-01", "words": "Six <b>thought</b> aloud."})
    # What was typed stays, the key too, and nothing in it is markup.
    text = kept.content.decode()
    assert (
        kept.status_code == 422
        and "Six &lt;b&gt;thought&lt;/b&gt; aloud." in text
        and 'value="entry-of-a-form"' in text
    )
    assert 'value="process" checked' in text and 'value="2099-01-01"' in text
    made = author.post(path, {**form, "words": "Six thought aloud."})
    shown = Page(author.get(made["Location"])).words
    assert (
        "Added." in shown
        and "Six thought aloud." in shown
        and "Nothing stands yet under: Alignment, Relation" in shown
    )
    entry = str(ValidityEntry.objects.get().uuid)
    assert author.post(path, {"act": "withdraw", "entry": entry, "reason": ""}).status_code == 422
    assert author.post(path, {"act": "withdraw", "entry": "x", "reason": "y"}).status_code == 422
    assert author.post(path, {"act": "other"}).status_code == 422
    done = author.post(path, {"act": "withdraw", "entry": entry, "reason": "Counted twice."})
    shown = Page(author.get(done["Location"])).words
    assert (
        "withdrawn" in shown
        and "Six thought aloud." in shown
        and "Counted twice." in shown
        and "Read it all the same" in shown
    )


def test_a_draft_has_no_file_and_students_none() -> None:
    assert browser("T1").get(path_of(draft())).status_code == 404
    path = path_of(published())
    assert browser("u1").get(path).status_code == 404
    assert "Validity file" in Page(browser("T1").get(path.removesuffix("/validity"))).words
