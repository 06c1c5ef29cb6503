"""What a snapshot holds of calibration: anchors that districts have in common, in sums over three raters or more."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from headway.access.types import SYSTEM
from headway.calibration import actions, reporting
from headway.calibration.facts import FACTS
from headway.calibration.gathering import BACK
from headway.calibration.models import CalibrationSession, Sample, SessionRater
from headway.rosters.models import Person
from headway.tasks import packing
from headway.tasks import queries as tasks
from headway.tasks.models import Criterion, Exemplar, TaskVersion

from .room import (
    CRITERIA,
    NOW,
    RATERS,
    TODAY,
    build,
    copy,
    district,
    everybody_scores,
    planned,
    revealed,
    version,
    viewer,
)  # fmt: skip

LEVELS = (100, 200, 300, 400)
pytestmark = pytest.mark.django_db


def anchors(n: int = 4) -> list[Any]:
    """Write exemplars, keep them as anchors, and return the uuids of the copies."""
    row = TaskVersion.objects.get()
    for at in range(n):
        levels = {str(one.uuid): LEVELS[at % 4] for one in Criterion.objects.filter(version=row)}
        # Places have a gap where one was taken out of the draft: in another district they follow one another.
        Exemplar.objects.create(
            version=row,
            position=2 * at + 1,
            title=f"Answer {at}",
            words=f"Answer {at}",
            why="Because",
            levels=levels,
        )
    view = tasks.task_version(viewer=SYSTEM, version=row.uuid)
    return [
        actions.anchor_from_exemplar(actor=district(), task=view, exemplar=one.uuid, picture=None, at=NOW)
        for one in view.exemplars
    ]


def held(samples: list[Any], *, raters: range = range(RATERS), level=None, at=NOW) -> CalibrationSession:
    """Hold a session of anchors and one student's work to its end; `level` by rater, anchor's level and criterion's place."""
    session = planned(works=0, raters=0)
    coach = viewer("coach")
    actions.put_in(actor=district(), session=session, samples=samples, at=NOW)
    people = [Person.objects.get(sourced_id=f"rater{n}").id for n in raters]
    actions.invite(actor=coach, session=session, people=people, at=NOW)
    actions.open_session(actor=coach, session=session, looked=True, at=NOW)
    agreed = {
        work.number: work.sample.levels.first().level if work.as_anchor else 0
        for work in CalibrationSession.objects.get(uuid=session).works.all()
    }
    for n in raters:
        score(session, n, lambda number, line, n=n: (level or same)(n, agreed[number], line))
    revealed(session)
    actions.finish(actor=coach, session=session, at=at)
    return CalibrationSession.objects.get(uuid=session)


def same(rater: int, agreed: int, line: int) -> int:
    return agreed or 300


def score(session: Any, n: int, level: Any) -> None:
    from headway.calibration.models import Seat
    from headway.calibration.types import Given

    who = viewer(f"rater{n}")
    for seat in Seat.objects.filter(
        rater__person_id=who.person_id, work__session__uuid=session
    ).select_related("work"):
        given = {uuid: Given(level(seat.work.number, at)) for at, uuid in enumerate(CRITERIA.values())}
        actions.save_scores(actor=who, session=session, place=seat.place, given=given, at=NOW)
    actions.hand_in_round(actor=who, session=session, at=NOW)


def rows(name: str, *, at=NOW) -> list[dict[str, Any]]:
    fact = next(one for one in FACTS if one.name == name)
    found = fact.read(SimpleNamespace(before=None, at=at))
    return [dict(zip([one.name for one in fact.columns], row, strict=True)) for row in found]


@pytest.fixture(autouse=True)
def _room(db: None) -> None:
    build()


def test_an_anchor_is_told_in_sums_over_its_raters() -> None:
    held(
        [*anchors(), copy(0)], level=lambda n, agreed, line: (agreed or 300) + 100 * (n == 0 and agreed < 400)
    )
    task = TaskVersion.objects.get().task
    found = rows("anchor")
    assert [(one["common_task"], one["version"], one["anchor"]) for one in found] == [
        (str(task.uuid), 1, n) for n in range(1, 5)
    ]
    first = found[0]
    assert (first["raters"], first["scores"], first["sessions"], first["last_on"]) == (8, 40, 1, TODAY)
    # Rater 0 gave a level more on each criterion, the others what was agreed.
    assert (first["exact_total"], first["exact_squares"]) == (7.0, 7.0)
    assert (first["near_total"], first["departure_total"], first["departure_squares"]) == (8.0, 1.0, 1.0)
    assert (found[3]["exact_total"], found[3]["departure_total"]) == (8.0, 0.0)


def test_levels_are_counted_as_the_map_of_the_session_does() -> None:
    held(anchors(), level=lambda n, agreed, line: agreed if n else 100)
    found = [one for one in rows("anchor_level") if one["anchor"] == 2]
    assert len(found) == 10 and {one["agreed"] for one in found} == {2.0}
    assert {(one["criterion"], one["level"], one["raters"]) for one in found} >= {(1, 1.0, 1), (1, 2.0, 7)}


def test_no_row_names_a_rater_a_school_or_a_session() -> None:
    held([*anchors(), copy(0)])
    held_ = {name: rows(name) for name in ("anchor", "anchor_level", "agreement_step")}
    text = repr(held_)
    for person in Person.objects.all():
        assert (
            str(person.uuid) not in text and person.sourced_id not in text and person.given_name not in text
        )
    for one in (*CalibrationSession.objects.all(), *Sample.objects.all()):
        assert str(one.uuid) not in text
    assert all(not {"rater", "school", "session"} & {one.name for one in fact.columns} for fact in FACTS)
    # A copy of a student's work is tied to nothing elsewhere, and is not here.
    assert len(held_["anchor"]) == 4


def test_a_group_of_two_adds_nothing_on_any_day() -> None:
    samples = anchors()
    held(samples, raters=range(2))
    assert rows("anchor") == [] and rows("anchor_level") == []
    held(samples, raters=range(2, 6))
    before = rows("anchor")
    assert {one["raters"] for one in before} == {4}
    # Two who are new to the anchors beside three who met them: the difference of two days would tell of two.
    held(samples, raters=range(3, 8))
    assert rows("anchor") == before
    # Who met the anchors in a session too small to be told knows what was agreed, and is never counted.
    held(samples, raters=range(3))
    assert rows("anchor") == before


def test_only_whole_works_of_who_stayed_count() -> None:
    samples = anchors(3)
    session = planned(works=0, raters=0)
    coach = viewer("coach")
    actions.put_in(actor=coach, session=session, samples=samples, at=NOW)
    people = [Person.objects.get(sourced_id=f"rater{n}").id for n in range(5)]
    actions.invite(actor=coach, session=session, people=people, at=NOW)
    actions.open_session(actor=coach, session=session, looked=True, at=NOW)
    everybody_scores(session, raters=4)
    gone = SessionRater.objects.get(session__uuid=session, person__sourced_id="rater0")
    from headway.calibration.models import Score
    from headway.calibration.types import Given

    late = viewer("rater4")
    actions.save_scores(actor=late, session=session, place=1, given={CRITERIA["Model"]: Given(300)}, at=NOW)
    actions.withdraw_rater(actor=coach, session=session, rater=gone.pk, at=NOW)
    assert Score.objects.filter(seat__rater__person_id=late.person_id).count() == 1
    actions.reveal(actor=coach, session=session, without=True, at=NOW)
    assert rows("anchor") == []
    actions.finish(actor=coach, session=session, at=NOW)
    assert {one["raters"] for one in rows("anchor")} == {3}


def test_a_session_lapses_whole_after_two_years_and_nothing_lies_ahead() -> None:
    held(anchors())
    assert rows("anchor", at=NOW - timedelta(seconds=1)) == []
    assert len(rows("anchor", at=NOW + BACK - timedelta(seconds=1))) == 4
    assert rows("anchor", at=NOW + BACK) == []


def test_a_version_from_a_pack_keeps_its_name_in_every_district() -> None:
    row = TaskVersion.objects.get()
    row.origin = {"task": "6f1c4ea2-0000-4000-8000-000000000001", "number": "7", "district": "North"}
    row.save()
    held(anchors(3))
    assert {(one["common_task"], one["version"]) for one in rows("anchor")} == {
        ("6f1c4ea2-0000-4000-8000-000000000001", 7)
    }
    view = tasks.task_version(viewer=SYSTEM, version=version())
    packed = packing.read(packing.write([view], district="D", license="CC0", on=TODAY, content=lambda _: b""))
    # Given on, it goes under the name and number of where it was written.
    assert (str(packed.tasks[0].task), packed.tasks[0].number) == ("6f1c4ea2-0000-4000-8000-000000000001", 7)


def test_the_steps_of_the_year_are_those_that_leaders_read() -> None:
    session = held([*anchors(), *(copy(n) for n in range(8))], level=lambda n, agreed, line: agreed or 300)
    assert rows("agreement_step") == []
    reporting.make_reports(session=session.pk, at=NOW)
    from headway.calibration import queries

    body = queries.pooled(viewer=district()).body
    found = {one["step"]: one for one in rows("agreement_step")}
    assert set(found) == {"within", "across", "all", "anchors"}
    for step, one in found.items():
        assert (one["exact"], one["near_low"], one["chance"], one["works"], one["raters"]) == (
            body[step]["exact"]["value"], body[step]["adjacent"]["low"], body[step]["chance"], body[step]["pieces"],
            body[step]["raters"],
        )  # fmt: skip
