"""The validity file of a task: entries are added, withdrawn with a reason, and never rewritten."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from headway.access.models import AuditEntry
from headway.kit.refusals import Refusal
from headway.tasks import actions, queries
from headway.tasks.models import ValidityEntry
from headway.tasks.types import ALIGNMENT, OUTSIDE, NewEntry

from .bank import NOW, draft, published, viewer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]


def refused(code: str):
    return pytest.raises(Refusal, check=lambda error: error.code == code)


def add(task, who: str = "T1", key: str = "", **said):
    entry = NewEntry(
        **{"kind": ALIGNMENT, "version": 1, "on": NOW.date(), "words": "Three of us solved it.", **said}
    )
    return actions.add_validity_entry(
        actor=viewer(who), key=key or f"entry-{uuid4()}", task=task, entry=entry, at=NOW
    )


def task_of(version):
    return queries.task_version(viewer=viewer("T1"), version=version).task


def test_entries_stand_by_their_day_with_author_and_version() -> None:
    task = task_of(published())
    add(task, on=NOW.date() - timedelta(days=9), words=" Older. ")
    made = add(task, kind=OUTSIDE, key="the-same-form")
    assert add(task, kind=OUTSIDE, key="the-same-form", words="Other words") == made
    found = queries.validity_file(viewer=viewer("T1"), task=task)
    assert [(one.kind, one.words, one.number) for one in found] == [
        (OUTSIDE, "Three of us solved it.", 1), (ALIGNMENT, "Older.", 1)]  # fmt: skip
    assert found[0].author and found[0].written_at == NOW and found[0].may_withdraw
    assert AuditEntry.objects.filter(act="add_validity_entry").count() == 2
    assert queries.validity_file(viewer=viewer("u1"), task=task) == []


def test_what_no_entry_can_be_is_refused() -> None:
    task = task_of(published())
    for code, said in (
        ("unknown_word", {"kind": "opinion"}), ("day_ahead", {"on": NOW.date() + timedelta(days=1)}), ("day_ahead", {"on": None}),
        ("nothing_written", {"words": " "}), ("text_too_long", {"words": "x" * 4001}), ("unknown_task", {"version": 2}),
        ("key_missing", {"key": "short"}), ("unknown_task", {"who": "u1"}),
    ):  # fmt: skip
        with refused(code):
            add(task, **said)
    with refused("unknown_task"):
        add(task_of(draft()))
    assert not ValidityEntry.objects.exists()


def test_an_entry_is_withdrawn_with_a_reason_and_stays_to_be_read() -> None:
    task = task_of(published())
    made = add(task)

    def withdraw(who: str, reason: str = "Counted twice.", entry=made, where=task) -> None:
        actions.withdraw_validity_entry(actor=viewer(who), task=where, entry=entry, reason=reason, at=NOW)

    with refused("unknown_entry"):
        withdraw("u1")
    with refused("unknown_entry"):
        withdraw("T1", entry=uuid4())
    with refused("unknown_entry"):
        withdraw("T1", where=task_of(published()))
    with refused("forbidden"):
        withdraw("T2")
    with refused("nothing_written"):
        withdraw("T1", reason=" ")
    withdraw("T1")
    withdraw("T1", reason="Another reason")
    (one,) = queries.validity_file(viewer=viewer("T1"), task=task)
    assert (
        one.withdrawn_why == "Counted twice."
        and one.words == "Three of us solved it."
        and not one.may_withdraw
    )
    assert AuditEntry.objects.filter(act="withdraw_validity_entry").count() == 1


def test_who_wrote_an_entry_stands_in_the_way_of_taking_them_back() -> None:
    before = queries.in_the_way_of_people([viewer("T2").person_id])
    task = task_of(published())
    add(task, who="T2")
    assert before == [] and queries.in_the_way_of_people([viewer("T2").person_id]) != []
