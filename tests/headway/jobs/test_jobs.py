"""P18: background work: each effect once, whoever ends in the middle; tried again, then shown; nothing leaves a copy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headway.access.models import AuditEntry
from headway.access.types import SYSTEM, Viewer
from headway.jobs import actions, queries
from headway.jobs.actions import LEASE, MOST_TRIES
from headway.jobs.models import Job
from headway.jobs.types import Given, NotNow, Step
from headway.kit.refusals import Refusal

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
AT = datetime(2026, 12, 3, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A queue of its own, so that no other kind is worked on."""
    own: dict[str, Any] = {}
    monkeypatch.setattr(actions, "_KINDS", own)
    return own


def effect(given: Given) -> Step | None:
    """Leave a mark in the database."""
    AuditEntry.objects.create(at=given.at, act="effect", detail={"place": given.place})
    return None


def effects() -> list[int]:
    return [row.detail["place"] for row in AuditEntry.objects.filter(act="effect").order_by("id")]


def put(key: str = "one", kind: str = "mark") -> None:
    actions.put(kind=kind, jobs={key: {}}, at=AT)


def test_p18_what_is_put_in_twice_is_done_once() -> None:
    actions.register("mark", effect)
    put()
    put()
    assert [actions.run_next(at=AT) for _ in range(2)] == ["done", None]
    put()
    assert actions.run_next(at=AT + 10 * LEASE) is None
    assert effects() == [0]


def test_p18_who_ended_in_the_middle_is_succeeded_after_the_lease_and_left_no_effect() -> None:
    def killed(given: Given) -> Step | None:
        effect(given)
        raise SystemExit

    actions.register("mark", killed)
    put()
    with pytest.raises(SystemExit):
        actions.run_next(at=AT)
    assert effects() == []
    actions.register("mark", effect)
    assert actions.run_next(at=AT + LEASE - timedelta(seconds=1)) is None
    assert actions.run_next(at=AT + LEASE) == "done"
    assert effects() == [0]


def test_p18_who_was_slower_than_the_lease_writes_nothing() -> None:
    """Two workers had the job: the one who no longer holds the claim is rolled back."""
    others: list[str | None] = []

    def slow(given: Given) -> Step | None:
        effect(given)
        if not others:
            others.append("in the other worker")
            others[0] = actions.run_next(at=AT + LEASE)
        return None

    actions.register("mark", slow)
    put()
    # The inner run stands for another process; its own transaction is a part of the outer one here, and goes with it.
    assert actions.run_next(at=AT) == "lost"
    assert others == ["done"] and effects() == []


def test_p18_a_long_job_goes_on_where_it_stopped_and_shows_how_far_it_is() -> None:
    def parts(given: Given) -> Step | None:
        if given.place == 2 and given.at < AT + MINUTE:
            effect(given)
            raise ValueError("the third part")
        effect(given)
        return Step(given.place + 1, given.done_n + 1, 4) if given.place < 3 else None

    actions.register("mark", parts)
    put()
    assert [actions.run_next(at=AT) for _ in range(4)] == ["part", "part", "failed", None]
    job = queries.find(key="one")
    assert job is not None and (job.done_n, job.of_n, job.state, job.tries) == (2, 4, "waiting", 1)
    assert "ValueError" in job.said and "third part" not in job.said
    assert [actions.run_next(at=AT + MINUTE) for _ in range(3)] == ["part", "done", None]
    assert effects() == [0, 1, 2, 3]


def test_p18_a_job_is_tried_five_times_later_each_time_and_then_shown_to_be_tried_again() -> None:
    def no(given: Given) -> Step | None:
        raise Refusal("mail_failed", "The server said no.")

    actions.register("mark", no)
    put()
    waits, at = [], AT
    for _ in range(MOST_TRIES):
        assert actions.run_next(at=at) == "failed"
        job = Job.objects.get()
        waits.append((job.due_at - at) // MINUTE)
        at = job.due_at
    assert waits == [1, 4, 16, 64, 256]
    (shown,) = queries.unfinished()
    assert (shown.state, shown.said) == ("failed", "The server said no.")
    assert actions.run_next(at=at + timedelta(days=1)) is None
    actions.register("mark", effect)
    with pytest.raises(Refusal) as refused:
        actions.try_again(actor=Viewer(), job_id=shown.id, at=at)
    assert refused.value.code == "forbidden"
    actions.try_again(actor=SYSTEM, job_id=shown.id, at=at)
    with pytest.raises(Refusal) as refused:
        actions.try_again(actor=SYSTEM, job_id=shown.id, at=at)
    assert refused.value.code == "no_such_job"
    assert actions.run_next(at=at) == "done"
    assert effects() == [0] and AuditEntry.objects.filter(act="try_job_again").count() == 1


def test_p18_a_job_whose_worker_dies_each_time_fails_with_a_sentence() -> None:
    def killed(given: Given) -> Step | None:
        raise SystemExit

    actions.register("mark", killed)
    put()
    for n in range(MOST_TRIES):
        with pytest.raises(SystemExit):
            actions.run_next(at=AT + n * LEASE)
    assert actions.run_next(at=AT + MOST_TRIES * LEASE) is None
    (shown,) = queries.unfinished()
    assert shown.state == "failed" and "ended in the middle" in shown.said


def test_p18_what_is_put_off_is_no_failure() -> None:
    def later(given: Given) -> Step | None:
        if given.at < AT + MINUTE:
            raise NotNow(AT + MINUTE)
        return effect(given)

    actions.register("mark", later)
    put()
    assert [actions.run_next(at=AT) for _ in range(2)] == ["later", None]
    assert queries.unfinished() == []
    assert actions.run_next(at=AT + MINUTE) == "done"


def test_p18_a_restored_copy_does_what_stays_inside_and_nothing_that_leaves_it(
    settings: Any, tmp_path: Any
) -> None:
    settings.COPY_MARK = tmp_path / "mark"
    settings.COPY_MARK.write_text("2026-12-03")
    actions.register("mark", effect)
    actions.register("letter", effect, outside=True)
    put("letter", "letter")
    put("mark")
    assert queries.is_copy()
    assert [actions.run_next(at=AT) for _ in range(2)] == ["done", None]
    settings.COPY_MARK.unlink()
    assert [actions.run_next(at=AT) for _ in range(2)] == ["done", None]
    assert len(effects()) == 2


def test_p18_finished_jobs_are_forgotten_after_two_weeks() -> None:
    actions.register("mark", effect)
    put()
    actions.run_next(at=AT)
    actions.forget_done(at=AT + timedelta(days=14))
    assert Job.objects.count() == 1
    actions.forget_done(at=AT + timedelta(days=14, seconds=1))
    assert Job.objects.count() == 0
