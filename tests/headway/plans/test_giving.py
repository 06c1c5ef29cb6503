"""A template given to many in one act: at once or in parts, each once, and taken back whole."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.access.models import AuditEntry, ImportRun
from headway.access.types import SYSTEM, Role, Viewer
from headway.jobs import actions as jobs
from headway.jobs.models import Job
from headway.kit.refusals import Refusal
from headway.plans import actions, queries
from headway.plans import jobs as work
from headway.plans.models import Plan
from headway.plans.types import ItemChange, VersionView

from .school import FIRST, LAST, at, build, student, target

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
AT = datetime(2026, 9, 1, 18, tzinfo=UTC)
LATER = datetime(2026, 10, 1, 18, tzinfo=UTC)
ALL = ("u1", "u2", "u3", "u4")


@pytest.fixture(autouse=True)
def school(tmp_path: Path) -> None:
    build(tmp_path)


def template(**weeks: int) -> VersionView:
    items = [(target(code), 2) for code in ("A.1", "A.2")]
    due = {target(code.replace("_", ".")): week for code, week in weeks.items()}
    return actions.make_template(actor=SYSTEM, key="Fractions", items=items, at=AT, due_weeks=due)


def give(
    version: VersionView, *names: str, key: str = "key-1", starts: date = FIRST, actor: Viewer = SYSTEM
) -> int:
    return actions.give_template(actor=actor, key=key, version=version.id, students=[student(n) for n in names],
                                 starts_on=starts, ends_on=LAST, at=AT)  # fmt: skip


def standing() -> list[tuple[str, date]]:
    rows = Plan.objects.filter(ended_at=None).order_by("student__sourced_id", "starts_on")
    return list(rows.values_list("student__sourced_id", "starts_on"))


def test_one_act_gives_to_all_and_the_same_key_again_to_nobody() -> None:
    version = template()
    run = give(version, *ALL)
    assert standing() == [(name, FIRST) for name in ALL] and give(version, *ALL) == run
    found = queries.find_giving(viewer=SYSTEM, run=run)
    assert found is not None and (found.n, found.done, found.made, found.kept, found.ended) == (4, 4, 4, 0, 0)
    assert Plan.objects.count() == 4 and ImportRun.objects.filter(kind="plans").count() == 1
    assert AuditEntry.objects.filter(act="assign_plan").count() == 1


def test_beforehand_it_is_said_what_becomes_of_each() -> None:
    version = template()
    give(version, "u1", "u2", "u3")
    own = Plan.objects.get(student__sourced_id="u3").pk
    actions.change_plan(actor=SYSTEM, plan=own, changes=[ItemChange(target("A.1"), 5)], ends_on=LAST, at=AT)
    newer = actions.make_template(actor=SYSTEM, key="Fractions", items=[(target("A.1"), 1)], at=AT)
    keys = [student(n) for n in ALL]
    with CaptureQueriesContext(connection) as found:
        told = queries.becomes(newer, keys, starts_on=FIRST, ends_on=LAST)
    assert [told[student(n)] for n in ALL] == ["replaced", "replaced", "own", "new"] and len(found) == 1
    told = queries.becomes(version, [student("u1")], starts_on=FIRST, ends_on=LAST)
    assert told == {student("u1"): "kept"}


def test_taken_back_every_plan_is_as_it_was() -> None:
    version = template()
    give(version, "u1", "u2")
    run = give(version, *ALL, key="key-2", starts=date(2026, 9, 7))
    assert standing() == [(name, date(2026, 9, 7)) for name in ALL]
    actions.undo_giving(actor=SYSTEM, run_id=run, at=LATER)
    assert standing() == [("u1", FIRST), ("u2", FIRST)]
    with pytest.raises(Refusal) as caught:
        actions.undo_giving(actor=SYSTEM, run_id=run, at=LATER)
    assert caught.value.code == "already_undone"


def test_a_plan_that_was_changed_since_stands_in_the_way_by_name() -> None:
    run = give(template(), "u1", "u2")
    key = Plan.objects.get(student__sourced_id="u2").pk
    actions.change_plan(
        actor=SYSTEM, plan=key, changes=[ItemChange(target("A.1"), 5)], ends_on=LAST, at=LATER
    )
    with pytest.raises(Refusal) as caught:
        actions.undo_giving(actor=SYSTEM, run_id=run, at=LATER)
    assert caught.value.code == "undo_blocked" and [one.value for one in caught.value.findings] == ["u2"]


def test_many_are_given_it_in_parts_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "AT_ONCE", 3)
    run = give(template(), *ALL)
    assert standing() == [] and give(template(), *ALL) == run
    job = Job.objects.get(kind=actions.GIVING)
    assert jobs.run_next(at=LATER) == "part" and len(standing()) == 3
    # The worker dies in the middle of the second part: nothing of it is written, and the next one does it.
    real, died = work.actions.give_part, []

    def dies(**said: object) -> bool:
        real(**said)  # type: ignore[arg-type]
        died.append(said)
        raise RuntimeError("the power went")

    monkeypatch.setattr(actions, "give_part", dies)
    assert jobs.run_next(at=LATER) == "failed" and len(standing()) == 3 and len(died) == 1
    monkeypatch.setattr(actions, "give_part", real)
    assert jobs.run_next(at=LATER.replace(hour=20)) == "done"
    assert standing() == [(name, FIRST) for name in ALL] and Plan.objects.count() == 4
    found = queries.find_giving(viewer=SYSTEM, run=run)
    assert found is not None and (found.n, found.done, found.made) == (4, 4, 4)
    job.refresh_from_db()
    assert (job.state, job.done_n, job.of_n) == ("done", 4, 4)


def test_taken_back_while_it_runs_it_goes_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "AT_ONCE", 2)
    run = give(template(), *ALL)
    jobs.run_next(at=LATER)
    assert len(standing()) == 2
    actions.undo_giving(actor=SYSTEM, run_id=run, at=LATER)
    assert jobs.run_next(at=LATER) == "done" and standing() == []


def test_only_who_sees_them_gives_and_only_who_gave_takes_back() -> None:
    version = template()
    k1 = frozenset({student_class()})
    teacher = Viewer(
        account=SYSTEM.account, roles=frozenset({Role.TEACHER}), classes=k1, today=date(2026, 9, 1)
    )
    run = give(version, "u1", actor=teacher)
    other = Viewer(roles=frozenset({Role.TEACHER}), classes=frozenset({10**9}), today=date(2026, 9, 1))
    for act, code in [
        (lambda: give(version, "u1", "u4", key="b", actor=teacher), "no_such_person"),
        (lambda: give(version, "u1", key="c", actor=other), "no_such_person"),
        (lambda: give(version, key="d"), "nobody_chosen"),
        (lambda: give(version, "u1", key="e", actor=Viewer(roles=frozenset({Role.FAMILY}))), "forbidden"),
        (lambda: actions.undo_giving(actor=other, run_id=run, at=LATER), "no_such_import"),
    ]:
        with pytest.raises(Refusal) as caught:
            act()
        assert caught.value.code == code
    assert standing() == [("u1", FIRST)]


def student_class() -> int:
    from headway.rosters.queries import class_by_reference

    return class_by_reference("k1").id


def test_the_last_week_of_a_template_gives_the_last_day() -> None:
    m = at(date(2026, 9, 1))
    assert queries.last_day(m, template(), FIRST) is None
    whole = template(A_1=3, A_2=15)
    assert whole.weeks == 15 and queries.last_day(m, whole, FIRST) == date(2026, 12, 4)
    # The calendar ends on 4 June: fifteen weeks from 1 March are there, from 1 April they are not.
    assert queries.last_day(m, whole, date(2027, 3, 1)) is None
    assert queries.last_day(m, whole, date(2027, 2, 1)) == date(2027, 5, 14)


def test_statements_of_a_part_do_not_grow_with_its_students() -> None:
    version = template()

    def statements(*names: str, key: str) -> int:
        keys = [student(name) for name in names]
        with CaptureQueriesContext(connection) as found:
            actions.give_template(
                actor=SYSTEM, key=key, version=version.id, students=keys, starts_on=FIRST, ends_on=LAST, at=AT
            )
        return len(found)

    assert statements("u2", "u3", "u4", key="b") <= statements("u1", key="a")


def test_followers_are_counted_by_version_in_the_own_scope() -> None:
    give(template(), *ALL)
    newer = actions.make_template(actor=SYSTEM, key="Fractions", items=[(target("A.1"), 1)], at=LATER)
    give(newer, "u1", key="b")
    assert queries.followers(SYSTEM) == {("Fractions", 1): 3, ("Fractions", 2): 1}
    assert queries.followers(Viewer(roles=frozenset({Role.TEACHER}), today=date(2026, 9, 1))) == {}
