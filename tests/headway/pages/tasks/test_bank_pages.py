"""A task is begun, written, published, searched, revised and retired through its pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F
from django.test import Client

from headway.frameworks.models import Framework, Node
from headway.tasks import queries
from headway.tasks.models import Exemplar, Task, TaskVersion

from ...profiles.people import browser as client
from ...tasks.bank import published, viewer
from ..student.world import Page, png

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]


def form(**fields: str) -> dict[str, str]:
    said = {
        "title": "Trail mix", "purpose": "Ratios", "prompt": "Mix for thirty.", "depth": "2", "language": "en", "minutes": "40",
        "criterion-1-name": "Compares", "criterion-1-target": "A.1", "act": "save",
        **{f"criterion-1-{level}": f"at {level}" for level in (100, 200, 300, 400)},
    }  # fmt: skip
    return {**said, **fields}


def begin(browser: Client) -> str:
    """Begin a task and return the address of its editor."""
    page = browser.get("/tasks/new")
    key = next(a["value"] for tag, a in Page(page).tags if tag == "input" and a.get("name") == "key")
    sent = {"key": key, "title": "Trail mix", "school": "s1", "language": "en"}
    answer = browser.post("/tasks/new", sent)
    # The same form again leads to the same draft.
    assert browser.post("/tasks/new", sent)["Location"] == answer["Location"]
    assert Task.objects.count() == 1
    return answer["Location"]


def errors(answer: Any) -> dict[str, str]:
    """Return by field what is wrong, as a reader of the field hears it."""
    page = Page(answer)
    invalid = [a for _, a in page.tags if a.get("aria-invalid")]
    assert all(a.get("aria-describedby", "").split()[-1] == f"{a['id']}-e" for a in invalid)
    return {str(a["id"]): str(a.get("value", "")) for a in invalid}


def test_a_task_is_written_and_published() -> None:
    browser = client("T1")
    assert browser.post("/tasks/new", {"key": "task-12345", "title": " ", "school": "s1"}).status_code == 422
    editor = begin(browser)
    assert "One more criterion" in Page(browser.get(editor)).words
    wrong = browser.post(editor, form(**{"title": "", "minutes": "soon", "criterion-1-target": "Z.9"}))
    assert wrong.status_code == 422 and set(errors(wrong)) == {"title", "minutes", "criterion-1-target"}
    # What was typed is still there.
    assert errors(wrong)["criterion-1-target"] == "Z.9" and b"Mix for thirty." in wrong.content
    assert TaskVersion.objects.get().prompt == ""

    answer = browser.post(editor, form(act="add"))
    assert answer["Location"].endswith("#criterion-2-name")
    two = {"criterion-2-name": "Reads", "criterion-2-target": "Math:A.3", "criterion-2-100": "a word"}
    uuid = str(TaskVersion.objects.get().criteria.get().uuid)
    browser.post(editor, form(**two, **{"criterion-1-uuid": uuid, "act": "up-2"}))
    names = TaskVersion.objects.get().criteria.order_by("position").values_list("name", flat=True)
    assert list(names) == ["Reads", "Compares"]
    browser.post(editor, form(**two, **{"criterion-1-uuid": uuid, "act": "remove-2"}))
    assert [str(one.uuid) for one in TaskVersion.objects.get().criteria.all()] == [uuid]

    # A rubric with a hole does not certify, and the cell is named; the draft is kept all the same.
    hole = browser.post(
        editor, form(**{"certifies": "1", "criterion-1-300": "", "title": "Mix", "act": "publish"})
    )
    assert hole.status_code == 422 and set(errors(hole)) == {"criterion-1-300"}
    assert "The draft was kept. It is not published yet." in Page(hole).words
    assert TaskVersion.objects.get().title == "Mix"
    answer = browser.post(editor, form(certifies="1", act="publish"))
    shown = Page(browser.get(answer["Location"]))
    assert "Published: this version never changes now." in shown.words
    assert "Compares Compare ratios · A.1 at 100 at 200 at 300 at 400" in shown.words
    assert browser.get(editor).status_code == 404


def test_a_target_is_named_by_its_exact_name_in_either_language() -> None:
    browser = client("T1")
    editor = begin(browser)
    for typed in ("compare  RATIOS", "Comparar razones"):
        assert browser.post(editor, form(**{"criterion-1-target": typed})).status_code == 302, typed
        assert TaskVersion.objects.get().criteria.get().target.code == "A.1"
    # A part of a name is none; the row and what was typed are said, and everything typed stays.
    wrong = browser.post(editor, form(**{"criterion-1-target": "Compare", "prompt": "Another prompt."}))
    said = Page(wrong).words
    assert (
        wrong.status_code == 422
        and "Criterion 1, “Compare”: No target in force has this code or this name." in said
    )
    assert "The draft was not kept yet." in said and b"Another prompt." in wrong.content
    area = Page(browser.post(editor, form(**{"criterion-1-target": "A"}))).words
    assert "Criterion 1, “A”: A is not a target" in area
    empty = Page(browser.post(editor, form(**{"criterion-1-target": ""}))).words
    assert "Criterion 1: choose a target that is in force." in empty
    # A name that several have says their codes.
    Node.objects.filter(code="A.2").update(name="Compare ratios")
    Framework.objects.update(revision=F("revision") + 1)
    several = browser.post(editor, form(**{"criterion-1-target": "Compare ratios"}))
    assert several.status_code == 422 and "write a code instead: Math:A.1, Math:A.2." in Page(several).words


def test_an_exemplar_comes_with_a_file_that_its_readers_open() -> None:
    browser = client("T1")
    editor = begin(browser)
    browser.post(editor, form())
    path = editor.replace("/edit", "/exemplars")
    sent = {"title": "A table", "why": "compares", "level-1": "300", "act": "add"}
    empty = browser.post(path, {**sent, "title": ""})
    assert empty.status_code == 422 and set(errors(empty)) == {"title", "words"}
    script = SimpleUploadedFile("a.png", b"<svg onload=alert(1)>")
    wrong = browser.post(path, {**sent, "file": script})
    assert set(errors(wrong)) == {"file"} and not Exemplar.objects.exists()
    answer = browser.post(path, {**sent, "file": SimpleUploadedFile("table.png", png())})
    assert "The exemplar was added." in Page(browser.get(answer["Location"])).words
    made = Exemplar.objects.get()
    assert (made.file_name, made.file_type, list(made.levels.values())) == ("table.png", "image/png", [300])
    # A draft's file is its writer's; a published one's is every reader's, and no student's without the task.
    assert client("T2").get(f"/files/{made.file_digest}").status_code == 404
    browser.post(
        editor,
        form(act="publish", **{"criterion-1-uuid": str(TaskVersion.objects.get().criteria.get().uuid)}),
    )
    assert client("T2").get(f"/files/{made.file_digest}").status_code == 200
    assert client("u1").get(f"/files/{made.file_digest}").status_code == 404


def test_the_bank_is_searched_in_the_readers_language() -> None:
    published(title="Trail mix", depth=2)
    published(title="Bus times", depth=3, language="es")
    browser = client("T2", "es")
    page = Page(browser.get("/tasks/"))
    assert (
        "2 tareas" in page.words and "Bus times" in page.words and "3 · pensamiento estratégico" in page.words
    )
    for asked, wanted in (
        ("search=trail", 1), ("depth=3", 1), ("language=es", 1), ("standing=common", 0), ("target=A.1", 2), ("target=B", 0),
        ("certifies=1", 0), ("page=7", 2), ("sort=newest&page=x", 2),
    ):  # fmt: skip
        assert f"{wanted} tarea" in Page(browser.get(f"/tasks/?{asked}")).words, asked
    unknown = Page(browser.get("/tasks/?target=Z.9"))
    assert "0 tareas" in unknown.words and "Ninguna tarea es así." in unknown.words
    assert [a for _, a in unknown.tags if a.get("aria-invalid")]


def test_a_task_of_the_district_says_so_in_the_readers_language() -> None:
    version = published()
    Task.objects.update(school=None)
    path = f"/tasks/{queries.task_version(viewer=viewer('T1'), version=version).task}"
    about = Page(client("T2", "es").get(path)).words
    assert "Hecha por el distrito" in about and "the district" not in about
    assert "Made by the district" in Page(client("T1").get(path)).words


def test_a_revision_says_what_changed_and_a_retirement_is_taken_back() -> None:
    version = published()
    browser, other = client("T1"), client("T2")
    path = f"/tasks/{queries.task_version(viewer=viewer('T1'), version=version).task}"
    assert browser.post(path, {"act": "revise"})["Location"] == f"{path}/edit"
    assert "Go on with the draft" in Page(browser.get(path)).words
    assert "draft" not in Page(other.get(path)).words
    row = TaskVersion.objects.get(published_at=None).criteria.get()
    fields = form(**{"criterion-1-uuid": str(row.uuid), "prompt": "Mix for forty.", "act": "publish"})
    browser.post(f"{path}/edit", fields)
    words = Page(other.get(path)).words
    assert "changed: purpose, prompt, time, rubric" in words and "Mix for forty." in words
    old = Page(other.get(f"{path}/versions/1")).words
    assert "Mix for thirty people." in old and "Another version is offered now." in old

    assert other.post(path, {"act": "retire", "reason": "Old"}).status_code == 422
    assert browser.post(path, {"act": "retire", "reason": " "}).status_code == 422
    browser.post(path, {"act": "retire", "reason": "Old"})
    assert (
        "Bring it back" in Page(browser.get(path)).words
        and "Bring it back" not in Page(other.get(path)).words
    )
    assert "0 tasks" in Page(other.get("/tasks/")).words
    browser.post(path, {"act": "restore"})
    assert "1 task" in Page(other.get("/tasks/")).words


def test_a_draft_is_thrown_away() -> None:
    browser = client("T1")
    editor = begin(browser)
    answer = browser.post(editor, {"act": "discard"})
    assert "The draft was thrown away." in Page(browser.get(answer["Location"])).words
    assert not Task.objects.exists()


@pytest.mark.postgres
def test_a_sign_that_no_database_keeps_is_left_out_wherever_it_is_typed() -> None:
    browser = client("T1")
    assert Page(browser.get("/tasks/?search=a%00b&target=A%00.1&language=%00")).words
    version = published()
    path = f"/tasks/{queries.task_version(viewer=viewer('T1'), version=version).task}"
    assert browser.get(f"{path}/validation?who=a%00b").status_code == 200
    opened = {"act": "open", "key": "validation\x001", "wanted": "validated"}
    assert browser.post(f"{path}/validation", opened).status_code == 302
    assert browser.get(f"{path}/validation?who=a%00b").status_code == 200
    assert browser.post(path, {"act": "retire", "reason": "Old\x00 task"}).status_code == 302
    editor = browser.post(
        "/tasks/new", {"key": "task\x00-12345", "title": "Bus\x00 times", "school": "s1", "language": "en"}
    )
    said = form(
        **dict.fromkeys(("title", "purpose", "prompt", "criterion-1-name", "criterion-1-100"), "a\x00b")
    )
    assert browser.post(editor["Location"], said).status_code == 302
    made = {"title": "a\x00", "words": "b\x00", "why": "c\x00", "level-1": "300", "act": "add"}
    assert browser.post(editor["Location"].replace("/edit", "/exemplars"), made).status_code == 302
    assert Exemplar.objects.get().words == "b"
