"""What a panel agreed enters the ledger as its own kind; what was scored alone never counts; everyday work is scored again."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest

from headway.calibration import actions, moderating, queries, reporting
from headway.calibration.models import CalibrationReport, CalibrationSession, SessionWork
from headway.calibration.types import RESCORING
from headway.evidence.models import Rating
from headway.kit.refusals import Refusal
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as levels
from headway.rosters.models import Person
from headway.science.codes import Kind, Purpose
from headway.tasks.types import rated_on

from .room import (
    CRITERIA,
    NOW,
    SCHOOLS,
    TODAY,
    build,
    district,
    everybody_scores,
    opened,
    piece,
    planned,
    revealed,
    viewer,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def room() -> None:
    build()


def refused(code: str):
    return pytest.raises(Refusal, check=lambda error: error.code == code)


def record(actor, rows):
    return proficiency.record_rows(actor=actor, rows=rows, at=NOW, book=levels.book(), source="calibration")


def finished(*, moderates: bool = True, agreed: dict[str, int] | None = None, works: int = 2):
    session = opened(works=works, raters=3, moderates=moderates)
    everybody_scores(session, raters=3, level=lambda rater, number, at: 100 + 100 * rater)
    revealed(session)
    for line, level in (agreed if agreed is not None else {"Model": 300}).items():
        actions.agree(
            actor=viewer("coach"),
            session=session,
            number=1,
            criterion=CRITERIA[line],
            level=level,
            why="Clear.",
            at=NOW,
        )
    actions.finish(actor=viewer("coach"), session=session, at=NOW)
    return session


def test_scores_of_a_session_are_no_ratings() -> None:
    finished(moderates=False)
    assert not Rating.objects.exists()
    with refused("does_not_moderate"):
        actions.enter_moderated(
            actor=viewer("coach"), session=CalibrationSession.objects.get().uuid, record=record, at=NOW
        )


def test_what_was_agreed_becomes_a_moderated_rating_that_counts_once() -> None:
    session = finished()
    coach = viewer("coach")
    for _ in range(2):
        entered = actions.enter_moderated(actor=coach, session=session, record=record, at=NOW)
        assert (entered.n, dict(entered.without)) == (1, {})
    row = Rating.objects.get()
    work = SessionWork.objects.get(number=1)
    assert (row.kind, row.purpose, row.level, row.comment) == (
        Kind.MODERATED,
        Purpose.EVIDENCE,
        300,
        "Clear.",
    )
    assert (row.student_id, row.piece, row.rater_id) == (
        work.sample.student_id,
        work.sample.piece,
        coach.person_id,
    )
    found = levels.judge(levels.moment(now=NOW), student=row.student_id, target=row.target_id)
    assert [one.key for one in found.judgment.counted] == [row.key]
    # Where it comes from is told beside it, and who scored is not.
    origin = queries.origins(keys=[row.key, "other", "moderated-x"])[row.key]
    assert (origin.raters_n, origin.finished_at) == (3, NOW)


def test_a_moderated_rating_names_the_version_whose_rubric_it_was_rated_by() -> None:
    # Once it named the task's title, and a panel's rating by a whole rubric certified less than one teacher's.
    session = finished(agreed={"Model": 200})
    actions.enter_moderated(actor=viewer("coach"), session=session, record=record, at=NOW)
    version = CalibrationSession.objects.select_related("version__task").get(uuid=session).version
    assert Rating.objects.get(key__startswith="moderated-").task == rated_on(
        version.task.uuid, version.number
    )


def test_a_moderated_rating_stands_in_the_place_of_a_single_one() -> None:
    session = finished(agreed={"Model": 200})
    sample = SessionWork.objects.get(number=1).sample
    record(district(), [{
        "key": "local", "student": sample.student.sourced_id, "target": "T1", "level": 4, "observed_at": "2026-10-21",
        "evidence": sample.piece}])  # fmt: skip
    actions.enter_moderated(actor=viewer("coach"), session=session, record=record, at=NOW)
    target = Rating.objects.get(key="local").target_id
    found = levels.judge(levels.moment(now=NOW), student=sample.student_id, target=target)
    assert [one.level for one in found.judgment.counted] == [2.0]
    assert [one.reason for one in found.judgment.excluded] == ["replaced_by_moderated"]


def test_who_enters_and_what_is_left_out() -> None:
    session = finished(agreed={})
    for name in ("rater0", "principal"):
        with refused("no_such_session"):
            actions.enter_moderated(actor=viewer(name), session=session, record=record, at=NOW)
    with refused("nothing_agreed"):
        actions.enter_moderated(actor=viewer("coach"), session=session, record=record, at=NOW)


def test_two_criteria_of_one_target_must_agree() -> None:
    from headway.tasks.models import Criterion

    first, second = Criterion.objects.order_by("position")[:2]
    Criterion.objects.filter(pk=second.pk).update(target=first.target_id)
    session = finished(agreed={"Model": 200, "Method": 300, "Reason": 400})
    entered = actions.enter_moderated(actor=viewer("coach"), session=session, record=record, at=NOW)
    assert (entered.n, dict(entered.without)) == (1, {"criteria_differ": 2})
    assert Rating.objects.get().level == 400


def test_nothing_is_half_entered() -> None:
    session = finished(agreed={"Model": 300, "Method": 300})

    def half(actor, rows):
        record(actor, rows[:1])
        raise Refusal("forbidden", "no")

    with refused("forbidden"):
        actions.enter_moderated(actor=viewer("coach"), session=session, record=half, at=NOW)
    assert not Rating.objects.exists() and CalibrationSession.objects.get().entered_at is None


def everyday(n: int, level: float) -> None:
    """Rate the work of student n as on any day: Juniper has three who do, the other schools two each."""
    key, by = piece(n), n % 3 + 3 * (n // 3 % (3 if n % 3 == 0 else 2))
    rows = [{"key": f"{key}-{k}", "student": f"SID-{n:04d}", "target": f"T{k}", "level": level, "evidence": key,
             "rater": f"rater{by}", "observed_at": "2026-10-25"} for k in range(1, 6)]  # fmt: skip
    record(district(), rows)


def test_a_sample_of_everyday_work_is_drawn_by_a_stated_seed_and_scored_again() -> None:
    for n in range(20):
        everyday(n, 3 if n % 3 else 4)
    everyday_too_old = partial(actions.draw_rescoring, actor=viewer("coach"), per_school=4, at=NOW)
    together = planned(works=0, raters=3)
    with refused("not_rescoring"):
        everyday_too_old(session=together, since=date(2026, 10, 1))
    session = planned(works=0, raters=6, kind=RESCORING)
    with refused("nothing_to_draw"):
        everyday_too_old(session=session, since=TODAY + timedelta(days=1))
    drawn = everyday_too_old(session=session, since=date(2026, 10, 1))
    assert drawn == dict.fromkeys(sorted(SCHOOLS), 4)
    first = set(SessionWork.objects.filter(session__uuid=session).values_list("sample__piece", flat=True))
    assert {len(one.local) for one in SessionWork.objects.all()} == {5}
    # The same seed draws the same: whoever doubts it can draw again.
    again = planned(works=0, raters=6, kind=RESCORING)
    CalibrationSession.objects.filter(uuid=again).update(
        seed=CalibrationSession.objects.get(uuid=session).seed
    )
    everyday_too_old(session=again, since=date(2026, 10, 1))
    assert (
        set(SessionWork.objects.filter(session__uuid=again).values_list("sample__piece", flat=True)) == first
    )
    # Nothing that a rater reads tells the everyday level.
    from headway.calibration.planning import open_session

    open_session(actor=viewer("coach"), session=session, looked=True, at=NOW)
    own = queries.seat(
        viewer=viewer("rater0"),
        session=queries.find_session(viewer=viewer("rater0"), session=session),
        place=1,
    )
    assert dict(own.given) == {}


def test_the_gap_between_local_and_second_scores_is_told_by_school() -> None:
    for n in range(20):
        everyday(n, 4 if n % 3 == 0 else 3)
    session = planned(works=0, raters=6, kind=RESCORING)
    actions.draw_rescoring(
        actor=viewer("coach"), session=session, per_school=10, since=date(2026, 10, 1), at=NOW
    )
    actions.open_session(actor=viewer("coach"), session=session, looked=True, at=NOW)
    everybody_scores(session, raters=6, level=lambda rater, number, at: 300 if (number + rater) % 3 else 200)
    revealed(session)
    actions.finish(actor=viewer("coach"), session=session, at=NOW)
    reporting.make_reports(session=CalibrationSession.objects.get(uuid=session).pk, at=NOW)
    body = CalibrationReport.objects.get(rater=None).body
    gaps = {one["school"]: one for one in body["gaps"]}
    # Two schools whose everyday work two people rated stand together; seven pieces of the third are too few to tell.
    assert {name: (one["gap"]["n"], one["gap"]["value"] is None) for name, one in gaps.items()} == {
        "": (13, False), "Juniper": (7, True)}  # fmt: skip
    assert gaps["Juniper"]["gap"]["reasons"] == ["under_10_pieces"]


def test_a_principal_draws_only_from_the_schools_they_lead() -> None:
    for n in range(6):
        everyday(n, 3)
    session = planned(works=0, raters=3, kind=RESCORING, actor="principal")
    drawn = actions.draw_rescoring(
        actor=viewer("principal"), session=session, per_school=5, since=date(2026, 10, 1), at=NOW
    )
    assert drawn == {"Juniper": 2} and Person.objects.filter(sourced_id="principal").exists()
    assert moderating.KEY == "moderated-"
