"""The survey of assessment practice: answered once, tied to nobody, told of five or more; beside it the ledger, by school."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from threading import Barrier

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from headway.access.models import AuditEntry
from headway.access.types import Role, Viewer
from headway.calibration import actions, capacity, queries
from headway.calibration.models import CapacityAnswer, CapacityAnswered
from headway.calibration.types import STATEMENTS, CapacityLine
from headway.evidence.models import Offer
from headway.kit.refusals import Refusal
from headway.rosters import actions as rosters
from headway.rosters.models import Enrollment, Org, Person, SchoolClass, Term
from headway.tasks.models import Task, TaskVersion
from headway.tasks.types import rated_on

from .room import (
    NOW,
    SCHOOLS,
    build,
    district,
    everybody_scores,
    grant,
    opened,
    revealed,
    teacher,
    viewer,
)
from .test_moderated import record

pytestmark = pytest.mark.django_db
HELP = ("bias",)
RATED = (
    ("rater0", 8, 6, 2), ("rater3", 4, 0, 4), ("rater6", 4, 2, 0), ("rater1", 6, 3, 3), ("rater4", 6, 3, 3),
    ("rater7", 3, 0, 0), ("rater2", 5, 5, 5), ("rater5", 5, 5, 0),
)  # fmt: skip
"""Rater, ratings, of them by a rubric of the bank, of them with words. Juniper: 0, 3, 6; Cedar: 1, 4, 7; Aspen: 2, 5."""


@pytest.fixture
def room(settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    build()


def refused(code: str):
    return pytest.raises(Refusal, check=lambda error: error.code == code)


def answer(name: str, level: int = 3, *, wished: tuple[str, ...] = HELP, **given: object) -> None:
    actions.answer_survey(
        actor=viewer(name), levels=dict.fromkeys(STATEMENTS, level), help=wished, at=NOW, **given
    )


def staff(school: str, n: int) -> list[str]:
    """Return new teachers of a school by name."""
    found = [f"{school.lower()}-{at}" for at in range(n)]
    for name in found:
        teacher(name, school)
    return found


def shown(who: Viewer | None = None) -> dict[str, CapacityLine]:
    """Return the lines of the map by name; `*` is all, `+` what stands together."""
    view = queries.capacity_map(viewer=who or district(), at=NOW)
    assert view is not None
    return {{"all": "*", "together": "+"}.get(one.kind, one.name): one for one in view.lines}


# Answered once.


def test_nobody_answers_twice_and_a_refusal_keeps_nothing(room: None) -> None:
    answer("rater0")
    with refused("answered_already"):
        answer("rater0", 4)
    with refused("statements_missing"):
        actions.answer_survey(actor=viewer("rater1"), levels={"task": 1}, help=(), at=NOW)
    with refused("statements_missing"):
        answer("rater1", 5)
    with refused("not_asked"):
        answer("principal")
    with refused("not_asked"):
        answer("SID-0000")
    assert CapacityAnswer.objects.count() == CapacityAnswered.objects.count() == 1
    found = queries.survey(viewer=viewer("rater0"))
    assert found is not None and found.answered and (found.wave, len(found.schools)) == (2027, 1)
    assert queries.survey(viewer=viewer("principal")) is None


def test_each_school_year_is_a_wave_of_its_own(room: None) -> None:
    answer("rater0")
    later = replace(viewer("rater0"), today=date(2027, 9, 1))
    actions.answer_survey(actor=later, levels=dict.fromkeys(STATEMENTS, 2), help=(), at=NOW)
    assert sorted(CapacityAnswer.objects.values_list("wave", flat=True)) == [2027, 2028]
    # The roster's own year goes before the turn in July.
    Term.objects.create(sourced_id="y", title="2026–27", kind="schoolYear", school_year=2027,
                        starts_on=date(2026, 8, 1), ends_on=date(2027, 7, 20))  # fmt: skip
    found = queries.survey(viewer=replace(viewer("rater0"), today=date(2027, 7, 10)))
    assert found is not None and (found.wave, found.answered) == (2027, True)


def test_who_works_at_several_schools_says_for_which(room: None) -> None:
    Enrollment.objects.create(
        sourced_id="t-two", person=Person.objects.get(sourced_id="rater0"), role="teacher", starts_on=date(2026, 8, 10),
        school_class=SchoolClass.objects.get(sourced_id="Cedar-1"),
    )  # fmt: skip
    for wrong in ("", "Aspen"):
        with refused("school_missing"):
            answer("rater0", school=wrong)
    answer("rater0", school="Cedar")
    answer("coach")
    assert {one.school.name if one.school else None for one in CapacityAnswer.objects.all()} == {
        "Cedar",
        None,
    }


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_keep_one_answer_and_many_people_lose_none(settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    build()
    start = Barrier(4, timeout=30)

    def one(name: str) -> Callable[[], str]:
        def run() -> str:
            try:
                start.wait()
                answer(name)
                return "kept"
            except Refusal as refusal:
                return refusal.code
            finally:
                connection.close()

        return run

    # rater0 and rater3 are of one school: each writes its rows anew.
    with ThreadPoolExecutor(4) as pool:
        said = [pool.submit(one(name)) for name in ("rater0", "rater0", "rater3", "rater6")]
        assert sorted(future.result() for future in said) == ["answered_already", "kept", "kept", "kept"]
    assert CapacityAnswer.objects.count() == CapacityAnswered.objects.count() == 3


# Tied to nobody.


def test_an_answer_has_no_way_to_a_person_and_no_time() -> None:
    fields = {one.name: one for one in CapacityAnswer._meta.get_fields()}
    assert set(fields) == {"id", "school", "wave", "levels", "help"}
    assert [one.related_model for one in fields.values() if one.is_relation] == [Org]
    assert isinstance(fields["id"], models.UUIDField) and fields["id"].primary_key
    times = (models.DateField, models.TimeField, models.DurationField)
    assert not [
        one for one in fields.values() if isinstance(one, (*times, models.AutoField, models.TextField))
    ]
    answered = {one.name: one for one in CapacityAnswered._meta.get_fields()}
    assert set(answered) == {"id", "person", "wave"} and not isinstance(answered["id"], models.AutoField)


def test_no_order_joins_who_answered_with_what(room: None) -> None:
    """Rows come back as the database holds them: with the keys alone random, the last answer would be the last row."""
    names = staff("Juniper", 9)
    last = []
    for at, name in enumerate(names, 1):
        answer(name, 1 + at % 4, wished=(STATEMENTS[at % 8],))
        with connection.cursor() as cursor:
            order = "rowid" if connection.vendor == "sqlite" else "ctid"
            cursor.execute(f"SELECT id FROM headway_capacityanswer ORDER BY {order}")
            keys = [str(row[0]) for row in cursor.fetchall()]
        assert keys == sorted(keys), "rows stand in the order of their random keys"
        last.append(set(keys))
    assert not any(one & other for one, other in itertools.pairwise(last)), "keys are made anew"
    trail = AuditEntry.objects.filter(act="tell_capacity")
    assert trail.count() == 1 and {one.actor_name for one in trail} == {"system"}
    people = {str(one) for one in Person.objects.filter(sourced_id__in=names).values_list("uuid", flat=True)}
    assert not AuditEntry.objects.filter(object_kind="survey").exclude(act="tell_capacity").exists()
    assert not people & {one.object_id for one in AuditEntry.objects.all()}


# Told of five or more.


def test_below_five_nothing_is_told_and_five_are_counted_by_hand(room: None) -> None:
    names = staff("Juniper", 5)
    for name, level in zip(names, (1, 2, 3, 3), strict=False):
        answer(name, level)
        assert not any(one.n for one in shown().values())
    answer(names[4], 4, wished=())
    juniper = shown()["Juniper"]
    assert juniper.n == 5 and set(juniper.levels.values()) == {(1, 1, 2, 1)}
    assert juniper.help == {**dict.fromkeys(STATEMENTS, 0), "bias": 4}
    own = juniper.own["task"]
    assert (own["value"], own["n"]) == (0.6, 5)
    # Wilson's interval of 3 of 5, by hand.
    assert (round(own["low"], 3), round(own["high"], 3)) == (0.231, 0.882)
    assert shown()["*"].n == 5 and "+" not in shown()


def test_further_answers_are_told_when_five_have_come(room: None) -> None:
    names = staff("Juniper", 10)
    for name in names[:5]:
        answer(name, 2)
    before = shown()
    for name in names[5:9]:
        answer(name, 4)
        assert shown() == before, "the difference of two days would be an answer"
    answer(names[9], 4)
    assert shown()["Juniper"].levels["task"] == (0, 5, 0, 5)


def test_small_schools_stand_together_and_the_smallest_other_joins(room: None) -> None:
    for name in (*staff("Cedar", 7)[:5], *staff("Juniper", 10), *staff("Aspen", 3)):
        answer(name)
    # With Aspen, Cedar would be told of three more than before: those three.
    assert {name: one.n for name, one in shown().items()} == {"*": 15, "Aspen": 0, "Cedar": 5, "Juniper": 10}
    answer("cedar-5")
    answer("cedar-6")
    assert {name: one.n for name, one in shown().items()} == {
        "*": 20,
        "Aspen": 0,
        "Cedar": 0,
        "Juniper": 10,
        "+": 10,
    }


def test_what_is_read_at_once_stands_apart_as_it_must() -> None:
    def lines(**n: int) -> dict[tuple[int, ...], int]:
        keys = {"aspen": 1, "cedar": 2, "juniper": 3, "nowhere": 0}
        rows = [
            (keys[name], dict.fromkeys(STATEMENTS, 1), ()) for name, many in n.items() for _ in range(many)
        ]
        return {tuple(one["schools"]): one["n"] for one in capacity.read(rows)}

    assert lines(aspen=3, cedar=6, juniper=8) == {(3,): 8, (1, 2): 9}
    assert lines(aspen=2, cedar=2, juniper=1) == {(1, 2, 3): 5}
    assert lines(aspen=4) == {} and lines(nowhere=7) == {(0,): 7}
    assert lines(nowhere=1, cedar=5) == {(0, 2): 6}


def test_no_subtraction_of_lines_or_days_tells_of_one_to_four() -> None:
    """Answers come one by one in any order; whoever kept every page subtracts whatever stands for the same schools."""
    for seed in range(60):
        rng = random.Random(seed)
        often = [rng.random() for _ in range(5)]
        answers: list[capacity.Answer] = []
        pages: list[list[capacity.Line]] = [[]]
        for _ in range(40):
            answers.append((rng.choices(range(5), often)[0], dict.fromkeys(STATEMENTS, 1), ()))
            told = capacity.renewed(pages, capacity.read(answers))
            schools = [one for line in told for one in line["schools"]]
            assert len(schools) == len(set(schools)) and all(line["n"] >= 5 for line in told)
            if told != pages[-1]:
                pages.append(told)
        assert len(pages) > 3
        for before, after in combinations(pages, 2):
            for old, new in capacity._linked(before, after):
                grown = sum(one["n"] for one in new) - sum(one["n"] for one in old)
                assert grown == 0 or grown >= 5


# Beside it the ledger.


def line_of(name: str, key: str, who: Viewer | None = None) -> tuple[object, int]:
    found = shown(who)[name].indicators[key]
    value = found["value"]
    return (round(value, 4) if value is not None else found["reasons"][0]), found["n"]


def rated(
    rater: str, n: int, *, bank: int = 0, words: int = 0, first: int = 0, day: str = "2026-10-25"
) -> None:
    task, version = Task.objects.get(), TaskVersion.objects.get()
    rows = [
        {"key": f"{rater}-{day}-{at}", "student": f"SID-{first + at % 8:04d}", "target": "T1", "level": 3, "rater": rater,
         "evidence": f"{rater}-{day}-p{at}", "observed_at": day, "comment": "Say why." if at < words else "",
         "task": rated_on(task.uuid, version.number) if at < bank else "task-cards about prices"}
        for at in range(n)
    ]  # fmt: skip
    record(district(), rows)


def test_figures_are_counted_from_the_ledger_by_school(room: None) -> None:
    for rater, n, bank, words in RATED:
        rated(rater, n, bank=bank, words=words)
    rated("rater0", 3, bank=3, day="2025-10-01")  # before the year
    assert line_of("*", "rubric") == (round(24 / 41, 4), 41)
    assert line_of("Cedar", "rubric") == (0.4, 15)
    # Aspen has two who rate: it stands with the smallest other school, and neither has a figure alone.
    assert line_of("Aspen", "rubric") == ("not_alone", 0) == line_of("Juniper", "rubric")
    assert line_of("+", "rubric") == (round(18 / 26, 4), 26)
    assert line_of("*", "comment") == (round(17 / 41, 4), 41) and line_of("Cedar", "comment") == (0.4, 15)
    low, high = (shown()["Cedar"].indicators["rubric"][end] for end in ("low", "high"))
    assert low < 0.4 < high
    assert line_of("*", "sessions") == ("too_few_together", 0), "eight raters are fewer than ten"


def test_decisions_given_tasks_and_sessions_are_counted(room: None) -> None:
    names = staff("Cedar", 4)
    for name in ("rater0", "rater3", "rater6", *names):
        rated(name, 8)
    rows = [
        {"key": f"d-{name}-{at}", "student": f"SID-{at:04d}", "target": "T1", "rater": name, "observed_at": "2026-11-01",
         "override": "decides", "level": 3, "comment": "Shown twice.", "evidence": f"d-{name}-{at}"}
        for name in ("rater0", "rater3", "rater6") for at in range(4)
    ]  # fmt: skip
    record(district(), rows)
    # Each student has one piece of each of the seven who rated.
    assert line_of("Juniper", "pieces") == (7.0, 12) == line_of("*", "pieces")
    assert line_of("Juniper", "reason") == (1.0, 12)
    version = TaskVersion.objects.get()
    Task.objects.update(standing="common")
    for at, name in enumerate(["rater0", "rater3", "rater6"] * 4):
        Offer.objects.create(
            key=f"o{at}", title="Prices", given_at=NOW - timedelta(days=at), task_version=version if at < 9 else None,
            given_by=Person.objects.get(sourced_id=name),
        )  # fmt: skip
    assert line_of("Juniper", "bank") == (0.75, 12)
    for name in ("rater1", "rater2", "rater4"):
        rated(name, 8)
    session = opened(raters=8)
    everybody_scores(session)
    revealed(session)
    assert line_of("*", "sessions") == (0.0, 10), "the session is not finished"
    actions.finish(actor=viewer("coach"), session=session, at=NOW)
    assert line_of("*", "sessions") == (0.6, 10)


def test_leaders_read_their_schools_beside_all_and_nobody_else_reads_anything(room: None) -> None:
    for name in (*staff("Juniper", 5), *staff("Cedar", 5)):
        answer(name)
    assert list(shown(viewer("principal"))) == ["*", "Juniper"]
    assert {name: one.n for name, one in shown(viewer("principal")).items()} == {"*": 10, "Juniper": 5}
    assert set(shown()) == {"*", *SCHOOLS}
    for name in ("coach", "rater0", "SID-0000"):
        assert queries.capacity_map(viewer=viewer(name), at=NOW) is None


def test_statements_are_bounded_whatever_the_number_of_people(room: None) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            shown()
        return len(found)

    rated("rater0", 3)
    few = asked()
    for name in staff("Juniper", 12):
        answer(name)
        rated(name, 3)
    assert asked() == few <= 10
    with CaptureQueriesContext(connection) as found:
        answer("rater0")
    assert len(found) <= 18
    grant("lead", Role.PRINCIPAL, "Cedar")
    assert queries.survey(viewer=viewer("lead")) is None


def test_that_somebody_answered_follows_a_merge_and_its_split(room: None) -> None:
    answer("rater0")
    one = Person.objects.get(sourced_id="rater0")
    twin = Person.objects.create(sourced_id="twin", given_name="Rater0", family_name="Teachrater0")
    Person.objects.filter(pk=one.pk).update(provisional=True)
    rosters.merge_people(actor=district(), person_id=one.id, into_id=twin.id, reason="the same", at=NOW)
    assert CapacityAnswered.objects.get().person == twin
    rosters.split_people(actor=district(), person_id=one.id, reason="not the same", at=NOW)
    assert CapacityAnswered.objects.get().person == one
