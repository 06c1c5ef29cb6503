"""A template written on a page: targets in order with weeks and pieces, version by version."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.access import actions as access
from headway.access.types import SYSTEM
from headway.plans import actions, queries
from headway.plans.models import TemplateVersion
from headway.plans.types import PlanItem

from ..student.world import NOW, Page, client, read, target

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]
WRITE = "/teacher/plans/write"


def lead() -> Client:
    account, _ = access.open_account(actor=SYSTEM, username="root", name="Root", at=NOW, administrator=True)
    found = Client()
    found.force_login(account)
    return found


def line() -> str:
    from headway.frameworks.queries import framework_by_key

    return f"?line={framework_by_key('Math').id}&level=4"


def form(**said: Any) -> dict[str, Any]:
    one, two = target("A.1"), target("A.2")
    return {"name": "Ratios", "target": [one, two], f"place-{one}": "2", f"place-{two}": "1", f"week-{one}": "6",
            f"week-{two}": "3", f"pieces-{one}": "2", f"pieces-{two}": "1", **said}  # fmt: skip


def test_a_template_is_written_in_the_order_of_its_places() -> None:
    browser = lead()
    assert "Compare ratios" in read(browser, WRITE + line()).words
    page = Page(browser.post(WRITE + line(), form(), follow=True))
    assert "The template is kept." in page.words and "6 weeks with instruction" in page.words
    assert queries.newest_version("Ratios").items == (
        PlanItem(target("A.2"), 1, 3),
        PlanItem(target("A.1"), 2, 6),
    )


def test_the_next_version_begins_with_what_stands_and_leaves_the_first_alone() -> None:
    browser = lead()
    browser.post(WRITE + line(), form())
    path = WRITE + "?plan=Ratios"
    text = browser.get(path).content.decode()
    assert f'value="{target("A.1")}" checked' in text and f'value="{target("A.3")}" checked' not in text
    three = target("A.3")
    said = form(
        **{
            "target": [target("A.2"), three],
            f"place-{three}": "9",
            f"week-{three}": "",
            f"pieces-{three}": "4",
        }
    )
    page = Page(browser.post(path, said, follow=True))
    assert "version 2" in page.words and "spread over the plan" in page.words
    newest = queries.newest_version("Ratios")
    assert (newest.number, newest.items[1], newest.weeks) == (2, PlanItem(three, 4), None)
    assert TemplateVersion.objects.count() == 2
    browser.post(path, said)
    assert TemplateVersion.objects.count() == 2


def test_a_refusal_keeps_what_was_typed() -> None:
    browser = lead()
    one = target("A.1")
    actions.make_template(actor=SYSTEM, key="There", items=[(one, 1)], at=NOW)
    for wrong, words in [
        ({"name": ""}, "a plan has a name"), ({"target": []}, "at least one target"), ({f"pieces-{one}": "0"}, "with 1 to 999"),
        ({f"week-{one}": "201"}, "a week lies from 1 to 200"), ({f"place-{one}": "x"}, "whole numbers"),
        ({"target": ["7777777"]}, "of the list"), ({"name": "There"}, "is there already"),
    ]:  # fmt: skip
        answer = browser.post(WRITE + line(), form(**wrong))
        assert answer.status_code == 422 and words in Page(answer).words, words
    text = browser.post(WRITE + line(), form(**{f"pieces-{one}": "0", "name": "Mine"})).content.decode()
    assert (
        'value="Mine"' in text
        and f'name="week-{one}" value="6"' in text
        and f'name="pieces-{one}" value="0"' in text
    )
    assert [one.plan for one in queries.templates()] == ["There"]


def test_teachers_read_templates_and_do_not_write_them() -> None:
    actions.make_template(actor=SYSTEM, key="Ratios", items=[(target("A.1"), 1)], at=NOW)
    browser = client("T1")
    page = read(browser, "/teacher/plans/template?plan=Ratios")
    assert "Compare ratios" in page.words and "Write the next version" not in page.words
    assert browser.get(WRITE).status_code == 403 and browser.post(WRITE, form()).status_code == 403
    assert browser.get("/teacher/plans/template?plan=x").status_code == 404
    assert client("u1").get("/teacher/plans/template?plan=Ratios").status_code == 403


def test_statements_do_not_grow_with_the_targets() -> None:
    browser = lead()
    actions.make_template(actor=SYSTEM, key="One", items=[(target("A.1"), 1)], at=NOW)
    every = [(target(code), 1) for code in ("A.1", "A.2", "A.3", "B.1", "B.2")]
    actions.make_template(actor=SYSTEM, key="Five", items=every, at=NOW)

    def statements(path: str) -> int:
        browser.get(path)
        with CaptureQueriesContext(connection) as found:
            assert browser.get(path).status_code == 200
        return len(found)

    for path in (WRITE + "?plan=", "/teacher/plans/template?plan="):
        assert statements(path + "Five") == statements(path + "One") <= 14
