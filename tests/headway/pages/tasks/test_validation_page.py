"""A task is judged on its page: opened, members asked, verdicts given apart, closed."""

from __future__ import annotations

import pytest

from headway.tasks import queries
from headway.tasks.models import Task, Validation
from headway.tasks.types import PROTOCOL

from ...profiles.people import browser
from ...tasks.bank import published, viewer
from ...tasks.test_validation import teacher
from ..student.world import Page, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]


def test_a_task_is_judged_on_its_page() -> None:
    team = [teacher("Ada", "MATH"), teacher("Bo", "MATH"), teacher("Cleo", "ART")]
    author = browser("T1")
    path = f"/tasks/{queries.task_version(viewer=viewer('T1'), version=published()).task}/validation"
    assert "Have it judged" in Page(author.get(path)).words
    author.post(path, {"act": "open", "key": "validation-1", "wanted": "validated"})
    found = str(Validation.objects.get().uuid)
    shown = Page(author.get(f"{path}?who=cl")).words
    assert "not whole 0 of 3 members, 0 of 2 areas, 0 of 1 schools" in shown
    assert "Cleo Made ART" in shown and "Ada" not in shown
    for one in team:
        author.post(path, {"act": "ask", "validation": found, "person": str(person(one).id)})
    assert "not whole" not in Page(author.get(path)).words
    assert (
        author.post(path, {"act": "ask", "validation": found, "person": str(person("T1").id)}).status_code
        == 422
    )

    said = {f"verdict-{name}": "yes" for name in PROTOCOL} | {"act": "verdict", "validation": found}
    for one in team:
        page = browser(one)
        assert "Your verdict is asked" in Page(page.get("/tasks/")).words
        assert "canary" not in page.get(path).content.decode()
        half = page.post(path, {**said, "verdict-time": "change", "verdict-bias": "", "reason-depth": "kept"})
        assert half.status_code == 422
        invalid = [a["id"] for _, a in Page(half).tags if a.get("aria-invalid")]
        assert invalid == ["reason-bias", "reason-time"] and b"kept" in half.content
        answer = page.post(path, {**said, "reason-pilot": f"canary of {one}"})
        assert "Your verdict is given, and stays." in Page(page.get(answer["Location"])).words
        assert "Your verdict is asked" not in Page(page.get("/tasks/")).words
    # Everybody has judged: now all of it is read, also by the author, who does not close it.
    assert (
        "canary of Ada" in Page(author.get(path)).words
        and "Close the validation" not in Page(author.get(path)).words
    )
    closer = browser("Cleo")
    assert (
        closer.post(
            path, {"act": "close", "validation": found, "outcome": "validated", "reason": ""}
        ).status_code
        == 422
    )
    closer.post(path, {"act": "close", "validation": found, "outcome": "validated", "reason": "Sound."})
    assert Task.objects.get().standing == "validated"
    assert "Version 1: peer-validated" in Page(author.get(path)).words
    assert "peer-validated" in Page(browser("T2").get("/tasks/")).words


@pytest.mark.parametrize("validation", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_what_does_not_fit_is_refused_in_words(validation: str) -> None:
    author = browser("T1")
    path = f"/tasks/{queries.task_version(viewer=viewer('T1'), version=published()).task}/validation"
    for act in ("ask", "release", "verdict", "close", "other", ""):
        sent = {"act": act, "validation": validation, "person": "9" * 30, "outcome": "common", "reason": "x"}
        assert author.post(path, sent).status_code == 422, act
    assert author.post(path, {"act": "open", "key": "x", "wanted": "best"}).status_code == 422
