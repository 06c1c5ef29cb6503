"""Tasks are drafted, published, revised and retired; a published version stays as it was."""

from __future__ import annotations

from uuid import uuid4

import pytest

from headway.kit.refusals import Refusal
from headway.tasks import actions, queries
from headway.tasks.models import Task, TaskVersion
from headway.tasks.types import LOCAL, RETIRED, NewCriterion, NewExemplar

from ..profiles.people import refusal
from .bank import NOW, SYSTEM, WHOLE, draft, published, school_of, target, text, viewer

pytestmark = [pytest.mark.postgres, pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]


def faults(act, **values) -> list[str | None]:
    with pytest.raises(Refusal) as refused:
        act(**values)
    return [one.column for one in refused.value.findings]


def test_a_draft_is_its_authors_and_a_published_task_everybodys() -> None:
    version = draft()
    author = queries.task_version(viewer=viewer("T1"), version=version)
    assert (author.number, author.standing, author.current, author.may_write) == (1, LOCAL, False, True)
    assert [(one.level, one.called("es")) for one in author.levels] == [
        (100, "Inicial"), (200, "En desarrollo"), (300, "Competente"), (400, "Avanzado")]  # fmt: skip
    assert [(one.name, one.target, one.descriptors) for one in author.criteria] == [
        ("Compares", target("A.1"), WHOLE)
    ]
    for other in ("T2", "u1"):
        assert refusal(queries.task_version, viewer=viewer(other), version=version) == "unknown_task"
    assert queries.bank(viewer=viewer("T1")).total == 0
    assert [one.version for one in queries.drafts(viewer=viewer("T1"))] == [version]
    assert queries.drafts(viewer=viewer("T2")) == ()

    actions.publish_task(actor=viewer("T1"), version=version, at=NOW)
    assert queries.task_version(viewer=viewer("T2"), version=version).may_write is False
    assert [one.version for one in queries.bank(viewer=viewer("T2")).rows] == [version]
    assert refusal(queries.task_version, viewer=viewer("u1"), version=version) == "unknown_task"
    assert queries.bank(viewer=viewer("u1")).total == 0


def test_a_published_version_never_changes_and_a_revision_begins_as_local() -> None:
    version = draft()
    words = NewExemplar("Nuts and raisins", "compares with a table", {1: 300}, words="2 to 3 is 12 to 18.")
    actions.add_exemplar(actor=viewer("T1"), version=version, made=words, at=NOW)
    actions.publish_task(actor=viewer("T1"), version=version, at=NOW)
    before = queries.task_version(viewer=viewer("T1"), version=version)
    for act, more in ((actions.write_draft, {"text": text(title="Other")}), (actions.publish_task, {}),
                      (actions.discard_draft, {}), (actions.add_exemplar, {"made": words})):  # fmt: skip
        assert refusal(act, actor=viewer("T1"), version=version, at=NOW, **more) == "version_published"
    Task.objects.update(standing="common")

    second = actions.revise_task(actor=viewer("T1"), task=before.task, at=NOW)
    assert actions.revise_task(actor=viewer("T1"), task=before.task, at=NOW) == second
    new = queries.task_version(viewer=viewer("T1"), version=second)
    assert (new.number, new.title, new.criteria[0].descriptors) == (2, "Trail mix", WHOLE)
    assert list(new.exemplars[0].levels) == [new.criteria[0].uuid] != [before.criteria[0].uuid]
    # Until it is published the version before is offered, with the standing that it has.
    (row,) = queries.bank(viewer=viewer("T1")).rows
    assert (row.version, row.standing) == (version, "common")
    kept = NewCriterion("Compares", target("A.1"), WHOLE, uuid=new.criteria[0].uuid)
    said = text(title="Trail mix for thirty", criteria=(kept,))
    actions.write_draft(actor=viewer("T1"), version=second, text=said, at=NOW)
    actions.publish_task(actor=viewer("T1"), version=second, at=NOW)
    (row,) = queries.bank(viewer=viewer("T1")).rows
    assert (row.version, row.standing, row.title) == (second, LOCAL, "Trail mix for thirty")
    old = queries.task_version(viewer=viewer("T1"), version=version)
    assert (old.title, old.criteria, old.exemplars) == ("Trail mix", before.criteria, before.exemplars)
    assert [one.number for one in queries.versions(viewer=viewer("T2"), task=before.task)] == [2, 1]


def test_a_task_that_certifies_needs_every_descriptor() -> None:
    bare = NewCriterion("Explains", target("A.2"), {100: "a word", 300: "  "})
    version = draft(certifies=True, criteria=(NewCriterion("Compares", target("A.1"), WHOLE), bare))
    with pytest.raises(Refusal) as refused:
        actions.publish_task(actor=viewer("T1"), version=version, at=NOW)
    assert refused.value.code == "rubric_incomplete"
    assert [(one.column, one.value) for one in refused.value.findings] == [
        ("criterion-2-200", "Explains: Developing"), ("criterion-2-300", "Explains: Proficient"),
        ("criterion-2-400", "Explains: Extending")]  # fmt: skip
    assert TaskVersion.objects.get(uuid=version).published_at is None
    # What does not certify may be published with what is there.
    published(criteria=(bare,))


def test_what_cannot_be_kept_is_refused_by_field() -> None:
    said = {"actor": viewer("T1"), "key": f"task-{uuid4()}", "at": NOW, "school": school_of(viewer("T1"))}
    wrong = text(title=" ", prompt="x" * 20_001, minutes=0, depth=5, language="xx", criteria=(
        NewCriterion(" ", 999_999), NewCriterion("Reads", target("A.3"), {150: "between"})))  # fmt: skip
    assert faults(actions.draft_task, text=wrong, **said) == [
        "title", "prompt", "minutes", "language", "depth", "criterion-1-name", "criterion-1-target",
        "criterion-2-150"]  # fmt: skip
    assert not Task.objects.exists()
    version = draft(purpose="", prompt="", criteria=())
    assert faults(actions.publish_task, actor=viewer("T1"), version=version, at=NOW) == [
        "purpose",
        "prompt",
        "criteria",
    ]


def test_who_writes_for_which_school() -> None:
    author = viewer("T1")
    key, said = f"task-{uuid4()}", text()
    assert (
        refusal(actions.draft_task, actor=author, key=key, text=said, school=None, at=NOW) == "no_such_school"
    )
    assert refusal(actions.draft_task, actor=viewer("u1"), key=key, text=said, at=NOW) == "forbidden"
    own = actions.draft_task(actor=SYSTEM, key=key, text=said, school=None, at=NOW)
    assert actions.draft_task(actor=SYSTEM, key=key, text=said, school=None, at=NOW) == own
    assert (
        refusal(actions.draft_task, actor=author, key=key, text=said, school=None, at=NOW) == "unknown_task"
    )
    actions.publish_task(actor=SYSTEM, version=own, at=NOW)
    task = queries.task_version(viewer=author, version=own).task
    assert refusal(actions.revise_task, actor=author, task=task, at=NOW) == "forbidden"


def test_a_retired_task_is_not_offered_and_comes_back() -> None:
    version = published()
    task = queries.task_version(viewer=viewer("T1"), version=version).task
    assert refusal(actions.retire_task, actor=viewer("T1"), task=task, reason=" ", at=NOW) == "reason_missing"
    actions.retire_task(actor=viewer("T1"), task=task, reason="The bus line is gone.", at=NOW)
    assert queries.bank(viewer=viewer("T1")).total == 0
    assert queries.bank(viewer=viewer("T1"), standing=RETIRED).total == 1
    assert refusal(actions.revise_task, actor=viewer("T1"), task=task, at=NOW) == "task_retired"
    actions.restore_task(actor=viewer("T1"), task=task, at=NOW)
    assert [one.standing for one in queries.bank(viewer=viewer("T1")).rows] == [LOCAL]


def test_the_bank_is_searched_by_words_target_depth_language_and_standing(django_assert_num_queries) -> None:
    one = published(title="Trail mix", depth=2)
    two = published(title="Bus times", prompt="Draw the line twice.", depth=3, language="es",
                    criteria=(NewCriterion("Reads", target("A.3"), WHOLE),))  # fmt: skip
    Task.objects.filter(current__uuid=two).update(standing="validated")
    who = viewer("T1")
    area = queries.frameworks.find_any("A")[-1].id
    for asked, wanted in (
        ({}, [two, one]), ({"search": "line TWICE"}, [two]), ({"search": "line nuts"}, []),
        ({"target": target("A.1")}, [one]), ({"target": area}, [two, one]), ({"target": target("B.1")}, []),
        ({"target": 999_999}, []), ({"depth": 3}, [two]), ({"language": "en"}, [one]), ({"standing": "validated"}, [two]),
        ({"certifies": True}, []), ({"sort": "depth"}, [one, two]), ({"page": 9}, [two, one]),
    ):  # fmt: skip
        assert [row.version for row in queries.bank(viewer=who, **asked).rows] == wanted, asked
    with django_assert_num_queries(3):
        queries.bank(viewer=who)


def test_a_draft_keeps_its_criteria_by_name_and_drops_what_goes() -> None:
    version = draft(criteria=(NewCriterion("One", target("A.1"), WHOLE), NewCriterion("Two", target("A.2"))))
    exemplar = NewExemplar("A table", "both can be seen", {1: 300, 2: 200}, words="A table.")
    actions.add_exemplar(actor=viewer("T1"), version=version, made=exemplar, at=NOW)
    one, two = queries.task_version(viewer=viewer("T1"), version=version).criteria
    swapped = (NewCriterion("Two", target("A.2"), WHOLE, uuid=two.uuid), NewCriterion("Three", target("A.3")))
    actions.write_draft(actor=viewer("T1"), version=version, text=text(criteria=swapped), at=NOW)
    found = queries.task_version(viewer=viewer("T1"), version=version)
    assert [(c.name, c.position) for c in found.criteria] == [("Two", 1), ("Three", 2)]
    assert found.criteria[0].uuid == two.uuid and one.uuid not in {c.uuid for c in found.criteria}
    assert dict(found.exemplars[0].levels) == {two.uuid: 200}
    gone = text(criteria=(NewCriterion("Four", target("A.1"), WHOLE),))
    actions.write_draft(actor=viewer("T1"), version=version, text=gone, at=NOW)
    assert faults(actions.publish_task, actor=viewer("T1"), version=version, at=NOW) == ["exemplars"]
    actions.remove_exemplar(actor=viewer("T1"), version=version, exemplar=found.exemplars[0].uuid, at=NOW)
    actions.discard_draft(actor=viewer("T1"), version=version, at=NOW)
    assert not Task.objects.exists()


def test_an_exemplar_says_something_and_a_level() -> None:
    version = draft()
    for made, wanted in (
        (NewExemplar("", "", {}), ["title", "words", "why", "levels"]),
        (NewExemplar("A", "b", {2: 300}, link="javascript:alert(1)"), ["link", "levels"]),
        (NewExemplar("A", "b", {1: 150}, words="c"), ["levels"]),
    ):
        assert faults(actions.add_exemplar, actor=viewer("T1"), version=version, made=made, at=NOW) == wanted
