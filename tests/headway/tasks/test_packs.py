"""A pack goes out whole and comes in whole, as local tasks; what does not fit is named, and nothing comes in half."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from headway.frameworks.models import Node
from headway.kit.refusals import Refusal
from headway.pages.parts import files
from headway.project import commands
from headway.tasks import actions, packing, queries
from headway.tasks.models import Criterion, Exemplar, Task, TaskVersion
from headway.tasks.types import LOCAL, NewCriterion

from ..pages.student.world import Page, png
from ..profiles.people import browser, refusal
from .bank import NOW, SYSTEM, WHOLE, draft, published, target, viewer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]


def with_exemplar(**fields: Any) -> Any:
    """Publish a task with two criteria and an exemplar with a picture."""
    criteria = (NewCriterion("Compares", target("A.1"), WHOLE), NewCriterion("Reads", target("A.3"), WHOLE))
    version = draft(certifies=True, criteria=criteria, **fields)
    task = queries.task_version(viewer=viewer("T1"), version=version).task
    sent = {"title": "A table", "why": "compares", "level-1": "300", "act": "add"}
    browser("T1").post(f"/tasks/{task}/exemplars", {**sent, "file": SimpleUploadedFile("t.png", png())})
    actions.publish_task(actor=viewer("T1"), version=version, at=NOW)
    return task


def exported(**said: Any) -> bytes:
    def content(digest: str) -> bytes:
        return files.path_of(digest).read_bytes()

    return actions.export_pack(actor=SYSTEM, license="CC BY 4.0", at=NOW, content=content, **said)


def imported(data: bytes, **said: Any) -> Any:
    return actions.import_pack(actor=SYSTEM, pack=queries.read_pack(data), at=NOW, store=files.store, **said)


def elsewhere() -> None:
    """Empty the bank, as if this were another district with the same continuums."""
    Task.objects.update(current=None)
    Task.objects.all().delete()


def again(body: dict[str, Any]) -> bytes:
    """Return a changed pack with the digest of what it says now."""
    rest = {name: value for name, value in body.items() if name != "digest"}
    return json.dumps({**rest, "digest": packing.digest_of(rest)}).encode()


def test_a_pack_comes_in_as_it_went_out_and_is_local() -> None:
    task = with_exemplar()
    Task.objects.update(standing="common")
    data = exported()
    assert b"Lopez" not in data and b"Maria" not in data
    before = json.loads(data)["tasks"]
    elsewhere()
    plan = imported(data, plan_only=True)
    assert (plan.count("new"), Task.objects.count()) == (1, 0)
    imported(data)
    (row,) = queries.bank(viewer=viewer("T1")).rows
    view = queries.task_version(viewer=viewer("T1"), version=row.version)
    assert (view.standing, view.school, view.author, view.number) == (LOCAL, None, "", 1)
    assert (view.origin["standing"], view.origin["district"], view.origin["license"]) == (
        "common",
        "Juniper Valley",
        "CC BY 4.0",
    )
    assert view.task != task
    after = json.loads(exported())["tasks"]
    assert [{**one, "standing": "common"} for one in after] == before
    assert "there: common; CC BY 4.0" in Page(browser("T2").get(f"/tasks/{view.task}")).words


def test_the_same_pack_changes_nothing_and_a_newer_one_adds_a_version() -> None:
    with_exemplar()
    first = exported()
    task = Task.objects.get().uuid
    version = actions.revise_task(actor=viewer("T1"), task=task, at=NOW)
    view = queries.task_version(viewer=viewer("T1"), version=version)
    said = queries.text_of(view)
    lines = (replace(one, uuid=row.uuid) for one, row in zip(said.criteria, view.criteria, strict=True))
    newer = replace(said, title="Newer", criteria=tuple(lines))
    actions.write_draft(actor=viewer("T1"), version=version, text=newer, at=NOW)
    actions.publish_task(actor=viewer("T1"), version=version, at=NOW)
    second = exported()
    elsewhere()
    imported(first)
    assert imported(first).count("same") == 1 and TaskVersion.objects.count() == 1
    Task.objects.update(standing="validated")
    assert imported(second).count("version") == 1
    task = Task.objects.get()
    assert (task.standing, task.current.number, task.current.title) == (LOCAL, 2, "Newer")
    assert TaskVersion.objects.get(number=1).title == "Trail mix"


def test_what_does_not_fit_is_named_and_nothing_comes_in_half() -> None:
    with_exemplar()
    published(title="Bus times", criteria=(NewCriterion("Rates", target("B.1"), WHOLE),))
    data = exported()
    elsewhere()
    ended = Node.objects.get(code="B.1")
    Criterion.objects.all().delete()
    body = json.loads(data)
    at = next(n for n, one in enumerate(body["tasks"]) if one["title"] == "Bus times")
    body["tasks"][at]["criteria"][0]["target"]["uuid"] = str(uuid4())
    with pytest.raises(Refusal) as refused:
        imported(again(body))
    (fault,) = refused.value.findings
    assert (fault.code, fault.column) == ("unknown_target", f"tasks[{at + 1}].criteria[1].target")
    assert "Math B.1" in fault.message and not Task.objects.exists() and ended.is_leaf
    plan = imported(again(body), matching=True)
    assert (plan.count("new"), plan.count("left_out")) == (1, 1)
    assert [one.title for one in queries.bank(viewer=viewer("T1")).rows] == ["Trail mix"]


def test_a_task_does_not_come_back_to_where_it_was_written_nor_over_a_draft() -> None:
    with_exemplar()
    data = exported()
    plan = imported(data, plan_only=True)
    assert [fault.code for one in plan.tasks for fault in one.faults] == ["own_task"]
    elsewhere()
    imported(data)
    actions.revise_task(actor=SYSTEM, task=Task.objects.get().uuid, at=NOW)
    body = json.loads(data)
    body["tasks"][0]["purpose"] = "Other"
    plan = imported(again(body), plan_only=True)
    assert [fault.code for one in plan.tasks for fault in one.faults] == ["draft_stands"]
    assert (
        refusal(
            actions.import_pack, actor=viewer("T1"), pack=queries.read_pack(data), at=NOW, store=files.store
        )
        == "forbidden"
    )


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*path, key))


def test_whatever_stands_at_a_place_is_refused_with_the_place_and_writes_nothing() -> None:
    with_exemplar()
    data = exported()
    elsewhere()
    for cut in (0, 1, len(data) // 2):
        assert refusal(queries.read_pack, data[:cut]) == "pack_invalid"
    assert refusal(queries.read_pack, b"[" * 100_000) == "pack_invalid"
    assert refusal(queries.read_pack, data.replace(b"Trail mix", b"Trail max")) == "pack_invalid"
    body = json.loads(data)
    tried = 0
    for path in [one for one in places(body) if one and one[0] not in ("digest", "format", "form")]:
        for other in (None, 7.5, {"x": 1}, ["x"], "x" * 30_000):
            changed = deepcopy(body)
            holder = changed
            for key in path[:-1]:
                holder = holder[key]
            if holder[path[-1]] == other:
                continue
            holder[path[-1]] = other
            tried += 1
            try:
                imported(again(changed))
            except Refusal as refused:
                assert refused.code in ("pack_invalid", "exemplar_invalid", "wrong_kind", "damaged_file"), (
                    path,
                    refused.code,
                )
                assert not Task.objects.exists(), path
            else:
                elsewhere()
    assert tried > 200 and not Exemplar.objects.exists()


def test_a_file_that_would_run_does_not_come_in() -> None:
    import base64
    import hashlib

    with_exemplar()
    body = json.loads(exported())
    elsewhere()
    script = b"<svg onload=alert(1)>"
    body["tasks"][0]["exemplars"][0]["file"] |= {
        "base64": base64.b64encode(script).decode(), "sha256": hashlib.sha256(script).hexdigest()}  # fmt: skip
    with pytest.raises(Refusal) as refused:
        imported(again(body))
    (fault,) = refused.value.findings
    assert (refused.value.code, fault.code, fault.column) == (
        "pack_invalid",
        "wrong_kind",
        "tasks[1].exemplars[1].file",
    )
    assert not Task.objects.exists()


def test_the_plan_names_what_exemplars_and_rubric_lack_and_writes_nothing() -> None:
    with_exemplar()
    published(title="Bus times")
    body = json.loads(exported())
    elsewhere()
    for kept in files.path_of("0" * 64).parents[1].glob("*/*"):
        kept.unlink()
    at = next(n for n, one in enumerate(body["tasks"]) if one["exemplars"])
    sound = deepcopy(body)
    body["tasks"][at]["exemplars"][0] |= {"why": " ", "levels": {"1": 950}}
    body["tasks"][at]["exemplars"].append(
        {**deepcopy(body["tasks"][at]["exemplars"][0]), "why": "x", "link": "ftp://x"}
    )
    plan = imported(again(body), plan_only=True)
    assert sorted(one.what for one in plan.tasks) == ["left_out", "new"]
    faults = {(fault.column, fault.value) for one in plan.tasks for fault in one.faults}
    place = f"tasks[{at + 1}].exemplars"
    assert faults == {(f"{place}[1].why", "A table"), (f"{place}[1].levels", "A table"), (f"{place}[2].link", "A table"),
                      (f"{place}[2].levels", "A table")}  # fmt: skip
    with pytest.raises(Refusal) as refused:
        imported(again(body))
    assert {(one.column, one.value) for one in refused.value.findings} == faults
    # A cell that a certifying rubric lacks is named beforehand too.
    thin = deepcopy(sound)
    thin["tasks"][at]["criteria"][0]["descriptors"] = {}
    (left,) = [one for one in imported(again(thin), plan_only=True).tasks if one.faults]
    assert {fault.code for fault in left.faults} == {"descriptor_missing"}
    # Looked at only: no task, no file.
    assert not Task.objects.exists() and not list(files.path_of("0" * 64).parents[1].glob("*/*"))
    found = imported(again(body), matching=True)
    assert (found.count("new"), found.count("left_out")) == (1, 1)
    assert [one.title for one in queries.bank(viewer=viewer("T1")).rows] == ["Bus times"]


def test_the_command_line_and_the_page_do_the_same(tmp_path: Path) -> None:
    with_exemplar()
    out = tmp_path / "pack.json"
    assert commands.export_tasks(out, license="CC BY 4.0", tasks=[])["tasks"] == 1
    assert refusal(commands.export_tasks, out, license=" ", tasks=[]) == "license_missing"
    assert refusal(commands.export_tasks, out, license="x", tasks=[str(uuid4())]) == "unknown_task"
    from django.test import Client

    from headway.access import actions as access

    account, _ = access.open_account(actor=SYSTEM, username="root", name="Root", at=NOW, administrator=True)
    page = Client()
    page.force_login(account)
    assert page.post("/district/task-packs", {"act": "export", "license": ""}).status_code == 422
    given = page.post("/district/task-packs", {"act": "export", "license": "CC BY 4.0"})
    assert json.loads(given.content)["tasks"] == json.loads(out.read_bytes())["tasks"]
    elsewhere()
    found = commands.import_tasks(out, plan=True, matching=False)
    assert (found["plan"], found["new"]) == (True, 1) and "new: 1" in commands.say_tasks(found)
    shown = page.post("/district/task-packs", {"file": SimpleUploadedFile("pack.json", out.read_bytes())})
    assert "From Juniper Valley" in Page(shown).words and not Task.objects.exists()
    token = next(a["value"] for tag, a in Page(shown).tags if a.get("name") == "token")
    answer = page.post("/district/task-packs", {"token": token})
    assert "Taken in: 1 new" in Page(page.get(answer["Location"])).words
    assert commands.import_tasks(out, plan=False, matching=False)["same"] == 1
    wrong = page.post("/district/task-packs", {"file": SimpleUploadedFile("pack.json", b"{}")})
    assert wrong.status_code == 422 and "no pack of tasks" in Page(wrong).words
