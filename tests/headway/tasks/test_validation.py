"""No task becomes peer-validated or common without a mixed team that judged it, each member before seeing the others."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from headway.kit.refusals import Refusal
from headway.proficiency import actions as proficiency
from headway.rosters.models import Enrollment, Org, Person, SchoolClass
from headway.tasks import actions, queries
from headway.tasks.models import Task
from headway.tasks.types import COMMON, LOCAL, PROTOCOL, SENT_BACK, VALIDATED, Answer, Team

from ..pages.student.world import person
from ..profiles.people import refusal
from .bank import NOW, SYSTEM, published, text, viewer

pytestmark = [pytest.mark.postgres, pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]
YES = {name: Answer("yes", "") for name in PROTOCOL}


def teacher(name: str, subject: str, school: str = "s1") -> str:
    """Put a teacher of a subject into a school."""
    made = Person.objects.create(sourced_id=name, given_name=name, family_name="Made")
    org = Org.objects.get(sourced_id=school)
    school_class = SchoolClass.objects.create(
        sourced_id=f"k-{name}", title=subject, school=org, subjects=[subject]
    )
    Enrollment.objects.create(sourced_id=f"e-{name}", person=made, school_class=school_class, role="teacher")
    return name


def opened(wanted: str, *members: str, task: UUID | None = None) -> tuple[UUID, UUID]:
    """Open a validation of a new task by T1 and ask members; return the task and the validation."""
    if task is None:
        task = queries.task_version(viewer=viewer("T1"), version=published()).task
    found = actions.open_validation(
        actor=viewer("T1"), key=f"validation-{uuid4()}", task=task, wanted=wanted, at=NOW
    )
    for one in members:
        actions.ask_member(actor=viewer("T1"), validation=found, person=person(one).id, at=NOW)
    return task, found


def judge(name: str, validation: UUID, **other: Answer) -> None:
    actions.give_verdict(actor=viewer(name), validation=validation, answers={**YES, **other}, at=NOW)


def close(name: str, validation: UUID, outcome: str) -> None:
    actions.close_validation(
        actor=viewer(name), validation=validation, outcome=outcome, reason="We talked about it.", at=NOW
    )


def lacks(act: Any, *args: Any) -> list[tuple[str, str | None, str | None]]:
    with pytest.raises(Refusal) as refused:
        act(*args)
    assert refused.value.code == "validation_incomplete"
    return [(one.code, one.column, one.value) for one in refused.value.findings]


def standing(task: UUID) -> str:
    return Task.objects.get(uuid=task).standing


@pytest.fixture
def team() -> tuple[str, str, str]:
    return teacher("math", "MATH"), teacher("math2", "MATH"), teacher("art", "ART")


def test_a_mixed_team_validates_a_task(team: tuple[str, str, str]) -> None:
    task, found = opened(VALIDATED, *team)
    for one in team:
        judge(one, found)
    close("art", found, VALIDATED)
    assert standing(task) == VALIDATED
    (said,) = queries.validations(viewer=viewer("T2"), task=task)
    assert (said.outcome, said.reason, said.closed_by) == (VALIDATED, "We talked about it.", "art Made")
    assert [(one.name, one.areas) for one in said.members] == [
        ("math Made", ("MATH",)), ("math2 Made", ("MATH",)), ("art Made", ("ART",))]  # fmt: skip


def test_a_team_that_is_too_small_or_alike_or_of_one_school_carries_nothing(
    team: tuple[str, str, str],
) -> None:
    task, found = opened(COMMON, *team[:2])
    judge("math", found)
    judge("math2", found)
    assert lacks(close, "math", found, COMMON) == [
        ("team_incomplete", "members", "2/3"), ("team_incomplete", "areas", "1/2"),
        ("team_incomplete", "schools", "1/2")]  # fmt: skip
    actions.ask_member(actor=viewer("T1"), validation=found, person=person("art").id, at=NOW)
    judge("art", found)
    assert lacks(close, "art", found, COMMON) == [("team_incomplete", "schools", "1/2")]
    assert standing(task) == LOCAL
    teacher("far", "ART", "s2")
    actions.ask_member(actor=viewer("T1"), validation=found, person=person("far").id, at=NOW)
    judge("far", found)
    close("far", found, COMMON)
    assert standing(task) == COMMON


def test_a_no_or_too_few_yes_stand_in_the_way_and_the_task_is_sent_back(team: tuple[str, str, str]) -> None:
    task, found = opened(VALIDATED, *team)
    judge(
        "math",
        found,
        bias=Answer("no", "Only families with a car know this."),
        time=Answer("change", "Two lessons."),
    )
    judge("math2", found, time=Answer("change", "Too long."))
    judge("art", found)
    wanted = [("not_carried", "bias", "bias"), ("not_carried", "time", "time")]
    assert lacks(close, "math", found, VALIDATED) == wanted
    close("math", found, SENT_BACK)
    assert standing(task) == LOCAL
    assert refusal(judge, "math", found) == "validation_closed"


def test_nobody_reads_a_verdict_before_giving_their_own(team: tuple[str, str, str]) -> None:
    task, found = opened(VALIDATED, *team)
    judge("math", found, pilot=Answer("change", "canary-pilot"))
    seen = {name: str(queries.validations(viewer=viewer(name), task=task)) for name in ("T1", "T2", *team)}
    assert [name for name, said in seen.items() if "canary-pilot" in said] == ["math"]
    assert "canary-pilot" not in str(queries.validations(viewer=SYSTEM, task=task))
    judge("art", found)
    assert "canary-pilot" in str(queries.validations(viewer=viewer("art"), task=task))
    assert "canary-pilot" not in str(queries.validations(viewer=viewer("math2"), task=task))
    # Whoever does not see all verdicts does not decide about them.
    assert refusal(
        actions.close_validation, actor=SYSTEM, validation=found, outcome=VALIDATED, reason="x", at=NOW
    ) == ("verdicts_outstanding")
    judge("math2", found)
    assert all(
        "canary-pilot" in str(queries.validations(viewer=viewer(name), task=task))
        for name in ("T1", "T2", *team)
    )


def test_an_author_neither_judges_nor_closes(team: tuple[str, str, str]) -> None:
    _, found = opened(VALIDATED, *team)
    ask = {"actor": viewer("T1"), "validation": found, "at": NOW}
    assert refusal(actions.ask_member, person=person("T1").id, **ask) == "author_judges"
    assert refusal(actions.ask_member, person=person("u1").id, **ask) == "no_colleague"
    for one in team:
        judge(one, found)
    assert refusal(close, "T1", found, VALIDATED) == "author_judges"
    assert refusal(close, "T2", found, VALIDATED) == "forbidden"
    assert refusal(close, "art", found, COMMON) == "unknown_word"
    assert (
        refusal(actions.ask_member, **{**ask, "actor": viewer("art"), "person": person("T2").id})
        == "forbidden"
    )


def test_a_verdict_is_whole_and_given_once(team: tuple[str, str, str]) -> None:
    _, found = opened(VALIDATED, *team)
    said = {"actor": viewer("math"), "validation": found, "at": NOW}
    with pytest.raises(Refusal) as refused:
        answers = {
            "aligned": Answer("perhaps", ""),
            "depth": Answer("no", " "),
            "time": Answer("yes", "x" * 1001),
        }
        actions.give_verdict(answers=answers, **said)
    assert [(one.column, one.code) for one in refused.value.findings] == [
        ("aligned", "verdict_missing"), ("depth", "reason_missing"), ("rubric", "verdict_missing"),
        ("fair", "verdict_missing"), ("bias", "verdict_missing"), ("language", "verdict_missing"),
        ("time", "text_too_long"), ("pilot", "verdict_missing")]  # fmt: skip
    judge("math", found)
    judge("math", found)
    assert refusal(judge, "math", found, time=Answer("no", "Too long.")) == "verdict_given"
    assert refusal(judge, "T2", found) == "unknown_validation"
    own = {"actor": viewer("T1"), "validation": found, "at": NOW}
    assert refusal(actions.release_member, person=person("math").id, **own) == "verdict_given"
    assert [one.title for one in queries.verdicts_asked(viewer=viewer("art"))] == ["Trail mix"]
    actions.release_member(person=person("art").id, **own)
    assert queries.verdicts_asked(viewer=viewer("art")) == queries.verdicts_asked(viewer=viewer("math")) == []


def test_a_revision_takes_the_standing_and_ends_an_open_validation(team: tuple[str, str, str]) -> None:
    task, found = opened(VALIDATED, *team)
    for one in team:
        judge(one, found)
    close("art", found, VALIDATED)
    again = {"actor": viewer("T1"), "task": task, "at": NOW}
    assert refusal(actions.open_validation, key="validation-1", wanted=VALIDATED, **again) == "has_standing"
    _, second = opened(COMMON, *team, task=task)
    assert refusal(actions.open_validation, key="validation-2", wanted=COMMON, **again) == "already_open"
    draft = actions.revise_task(**again)
    actions.write_draft(actor=viewer("T1"), version=draft, text=text(title="Other"), at=NOW)
    actions.publish_task(actor=viewer("T1"), version=draft, at=NOW)
    assert standing(task) == LOCAL
    assert [one.outcome for one in queries.validations(viewer=viewer("T1"), task=task)] == [
        SENT_BACK,
        VALIDATED,
    ]
    assert refusal(judge, "math", second) == "validation_closed"


def test_a_retired_task_gets_no_standing_and_comes_back_with_what_it_had(team: tuple[str, str, str]) -> None:
    task, found = opened(VALIDATED, *team)
    for one in team:
        judge(one, found)
    own = {"actor": viewer("T1"), "task": task, "at": NOW}
    actions.retire_task(reason="Old", **own)
    assert refusal(close, "art", found, VALIDATED) == "task_retired"
    actions.restore_task(**own)
    close("art", found, VALIDATED)
    actions.retire_task(reason="Old", **own)
    actions.restore_task(**own)
    assert standing(task) == VALIDATED


def test_a_district_asks_for_more_and_never_for_less(team: tuple[str, str, str], tmp_path: Any) -> None:
    from headway.proficiency.policy_file import read_policy

    assert queries.team() == Team(3, 2, 2)
    file = tmp_path / "policy.toml"
    file.write_text("[tasks]\nmembers = 2\nareas = 1\n", encoding="utf-8")
    with pytest.raises(Refusal) as refused:
        read_policy(file)
    assert [(one.code, one.line, one.column) for one in refused.value.findings] == [
        ("out_of_range", 2, "members"), ("out_of_range", 3, "areas")]  # fmt: skip
    file.write_text("[tasks]\nmembers = 4\n", encoding="utf-8")
    proficiency.import_policy(actor=SYSTEM, body=read_policy(file), name="policy.toml", at=NOW)
    assert queries.team() == Team(4, 2, 2)
    _, found = opened(VALIDATED, *team)
    for one in team:
        judge(one, found)
    assert lacks(close, "art", found, VALIDATED) == [("team_incomplete", "members", "3/4")]
