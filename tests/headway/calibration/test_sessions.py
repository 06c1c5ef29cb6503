"""A session from plan to finish: who may do what when, who scores what, and what is refused by name."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db.models import Count

from headway.access.models import AuditEntry
from headway.calibration import actions, queries, reporting, seating
from headway.calibration.models import CalibrationSession, Score, Seat, SessionRater, SessionWork
from headway.calibration.seating import exchanged
from headway.calibration.types import LINKED, PAIRS, TRIADS, Given, NewSession
from headway.kit.refusals import Refusal
from headway.rosters.models import Person
from headway.science.facets.planning import least_plan

from .room import (
    CRITERIA,
    NOW,
    RATERS,
    TODAY,
    build,
    copy,
    district,
    everybody_scores,
    give,
    opened,
    planned,
    revealed,
    seen,
    teacher,
    version,
    viewer,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def room() -> None:
    build()


def refused(code: str):
    return pytest.raises(Refusal, match=None, check=lambda error: error.code == code)


def plan(**changed) -> NewSession:
    said = {"key": f"k-{uuid4()}", "title": "Fair price", "purpose": "", "version": version(), "opens_on": TODAY,
            "closes_on": TODAY}  # fmt: skip
    return NewSession(**{**said, **changed})


def test_who_plans_and_what_a_plan_must_say() -> None:
    for name in ("rater0",):
        with refused("forbidden"):
            actions.plan_session(actor=viewer(name), new=plan(), at=NOW)
    coach = viewer("coach")
    for code, changed in (
        ("title_missing", {"title": " "}), ("text_too_long", {"purpose": "x" * 1001}), ("unknown_word", {"way": "quickly"}),
        ("days_turned", {"closes_on": TODAY - timedelta(days=1)}), ("unknown_task", {"version": uuid4()}),
    ):  # fmt: skip
        with refused(code):
            actions.plan_session(actor=coach, new=plan(**changed), at=NOW)
    new = plan()
    first = actions.plan_session(actor=coach, new=new, at=NOW)
    assert actions.plan_session(actor=coach, new=new, at=NOW) == first, "a repeat plans nothing more"


def test_a_session_is_seen_by_its_raters_and_who_convenes_it_alone() -> None:
    session = opened(raters=4)
    for name in ("coach", "rater0", "rater3"):
        assert queries.find_session(viewer=viewer(name), session=session) is not None
    assert queries.find_session(viewer=district(), session=session) is not None
    for name in ("principal", "rater5", "SID-0000"):
        assert queries.find_session(viewer=viewer(name), session=session) is None
        assert session not in [one.uuid for one in queries.sessions(viewer=viewer(name))]
    with refused("no_such_session"):
        actions.reveal(actor=viewer("principal"), session=session, without=True, at=NOW)


def test_everybody_scores_everything_each_in_an_order_of_their_own() -> None:
    session = opened(works=6)
    orders = set()
    for rater in SessionRater.objects.all():
        order = tuple(rater.seats.order_by("place").values_list("work__number", flat=True))
        assert sorted(order) == [1, 2, 3, 4, 5, 6]
        orders.add(order)
    assert len(orders) > 4
    # Works are numbered anew: the order in which they came in says nothing.
    assert list(SessionWork.objects.order_by("sample_id").values_list("number", flat=True)) != [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    assert seen("rater0", session).mine_n == 6


@pytest.mark.parametrize(("way", "each"), [(PAIRS, 2), (TRIADS, 3), (LINKED, 4)])
def test_some_score_each_work_and_all_are_tied(way: str, each: int) -> None:
    session = opened(works=12, way=way, per_work=4)
    per_work = Counter(Seat.objects.values_list("work_id", flat=True))
    assert set(per_work.values()) == {each} and len(per_work) == 12
    loads = Counter(Seat.objects.values_list("rater_id", flat=True))
    assert max(loads.values()) - min(loads.values()) <= 2 and len(loads) == RATERS
    tied, edges = (
        {0},
        [set(Seat.objects.filter(work=one).values_list("rater_id", flat=True)) for one in per_work],
    )
    parts = [set(edge) for edge in edges]
    while True:
        merged = next(((a, b) for a in parts for b in parts if a is not b and a & b), None)
        if merged is None:
            break
        parts = [one for one in parts if one is not merged[0] and one is not merged[1]] + [
            merged[0] | merged[1]
        ]
    assert len(parts) == 1 and tied
    assert seen("coach", session).works_n == 12


def test_an_exchange_of_places_cuts_nobody_off() -> None:
    """Pairs tie eight raters by eleven works or more: a place that is exchanged carelessly leaves two parts."""
    moved = 0
    for seed in range(300):
        rng = random.Random(seed)
        chain = [[place, place + 1] for place in range(7)]
        more = [rng.sample(range(8), 2) for _ in range(5)]
        before = [list(one) for one in (*chain, *more)]
        own = {(rng.randrange(8), work) for work in range(12)}
        after = exchanged([list(one) for one in before], lambda place, work, own=own: (place, work) in own)
        assert Counter(place for one in before for place in one) == Counter(
            place for one in after for place in one
        )
        assert all(len(set(one)) == 2 for one in after)
        moved += before != after
        seen, at = {0}, [0]
        while at:
            place = at.pop()
            for one in after:
                if place in one:
                    at += [other for other in one if other not in seen]
                    seen.update(one)
        assert seen == set(range(8)), seed
    assert moved > 100


def test_nobody_scores_a_student_they_teach_where_an_exchange_does_it() -> None:
    opened(works=12, way=LINKED, per_work=3)
    from headway.rosters import queries as rosters

    taught = rosters.taught_by(person_ids=SessionRater.objects.values_list("person_id", flat=True))
    own = [seat for seat in Seat.objects.select_related("work__sample", "rater")
           if seat.work.sample.student_id in taught.get(seat.rater.person_id, ())]  # fmt: skip
    assert own == []


def test_a_plan_says_beforehand_what_it_will_tell() -> None:
    session = planned(works=12, way=LINKED, per_work=2)
    few = queries.expected(session=seen("coach", session))
    assert (few.per_work, few.load, few.tells) == (2, (3, 3), False)
    with_all = queries.precision(raters=8, works=20, criteria=5, categories=4, way="everybody", per_work=0)
    assert with_all.tells and with_all.scores == 100 and with_all.error_levels < 0.15
    nothing = queries.precision(raters=8, works=2, criteria=5, categories=4, way=PAIRS, per_work=0)
    assert nothing.refused == "too_few_pieces" and nothing.error_levels is None
    assert (
        queries.usual_way(raters=5, works=20) == "everybody"
        and queries.usual_way(raters=200, works=40) == LINKED
    )


def test_a_plan_is_worked_out_once_for_as_long_as_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    monkeypatch.setattr(
        seating, "least_plan", lambda *given, **more: drawn.append(given) or least_plan(*given, **more)
    )
    session = planned(works=6, raters=4, way=LINKED)
    first = queries.expected(session=seen("coach", session))
    assert queries.expected(session=seen("coach", session)) == first and len(drawn) == 1
    person = Person.objects.get(sourced_id="rater5").id
    actions.invite(actor=viewer("coach"), session=session, people=[person], at=NOW)
    assert queries.expected(session=seen("coach", session)) != first and len(drawn) == 2


def test_what_cannot_open_is_refused() -> None:
    coach = viewer("coach")
    session = actions.plan_session(actor=coach, new=plan(way=PAIRS), at=NOW)
    with refused("no_raters"):
        actions.open_session(actor=coach, session=session, looked=True, at=NOW)
    people = [Person.objects.get(sourced_id=f"rater{n}").id for n in range(8)]
    assert actions.invite(actor=coach, session=session, people=people, at=NOW) == 8
    assert actions.invite(actor=coach, session=session, people=people, at=NOW) == 0
    with refused("no_such_person"):
        actions.invite(
            actor=coach, session=session, people=[Person.objects.get(sourced_id="SID-0001").id], at=NOW
        )
    with refused("no_works"):
        actions.open_session(actor=coach, session=session, looked=True, at=NOW)
    actions.put_in(actor=coach, session=session, samples=[copy(0), copy(1)], at=NOW)
    with refused("not_looked"):
        actions.open_session(actor=coach, session=session, looked=False, at=NOW)
    with refused("cannot_link"):
        actions.open_session(actor=coach, session=session, looked=True, at=NOW)
    assert not Seat.objects.exists() and seen("coach", session).state == "planned"


def test_a_score_is_kept_at_once_and_changed_until_it_is_handed_in() -> None:
    session = opened(works=2, raters=2)
    half = {CRITERIA["Model"]: Given(200)}
    assert actions.save_scores(actor=viewer("rater0"), session=session, place=1, given=half, at=NOW) is False
    assert seen("rater0", session).mine_done_n == 0
    assert give("rater0", session, 1, 400, Model="clear") is True
    assert give("rater0", session, 1, 100) is True
    own = queries.seat(viewer=viewer("rater0"), session=seen("rater0", session), place=1)
    assert {one.level for one in own.given.values()} == {100} and Score.objects.count() == 5
    with refused("not_all_scored"):
        actions.hand_in_round(actor=viewer("rater0"), session=session, at=NOW)
    give("rater0", session, 2)
    actions.hand_in_round(actor=viewer("rater0"), session=session, at=NOW)
    actions.hand_in_round(actor=viewer("rater0"), session=session, at=NOW)
    with refused("handed_in"):
        give("rater0", session, 1, 400)
    assert AuditEntry.objects.filter(act="hand_in_round").count() == 1


@pytest.mark.parametrize(
    ("code", "place", "given"),
    [
        ("no_such_work", 9, {"Model": 300}), ("outside_scale", 1, {"Model": 350}),
        ("no_such_work", 1, {"": 300}), ("text_too_long", 1, {"Model": "x" * 1001}),
    ],
)  # fmt: skip
def test_what_cannot_be_scored_is_refused(code: str, place: int, given: dict[str, object]) -> None:
    session = opened(works=2, raters=2)
    said = {
        CRITERIA.get(line) or uuid4(): Given(300, level) if isinstance(level, str) else Given(level)
        for line, level in given.items()
    }
    with refused(code):
        actions.save_scores(actor=viewer("rater0"), session=session, place=place, given=said, at=NOW)
    assert not Score.objects.exists()


def test_opened_before_its_first_day_it_is_scored_from_that_day_on() -> None:
    session = planned(opens_on=TODAY + timedelta(days=60), closes_on=TODAY + timedelta(days=70))
    assert queries.waiting_n(viewer=viewer("rater0")) == 0
    actions.open_session(actor=viewer("coach"), session=session, looked=True, at=NOW)
    assert seen("rater0", session).opens_on == TODAY
    assert (
        queries.waits_for(seen("rater0", session), TODAY) and queries.waiting_n(viewer=viewer("rater0")) == 1
    )
    assert give("rater0", session, 1)
    # What is over waits for nobody, on the page as in the count.
    late = TODAY + timedelta(days=71)
    assert not queries.waits_for(seen("rater0", session), late)
    assert queries.waiting_n(viewer=viewer("rater0", on=late)) == 0


def test_days_are_kept_and_may_be_extended() -> None:
    session = opened(works=2, raters=2)
    late = TODAY + timedelta(days=15)
    who = viewer("rater0", on=late)
    given = {CRITERIA["Model"]: Given(200)}
    with refused("round_over"):
        actions.save_scores(actor=who, session=session, place=1, given=given, at=NOW)
    with refused("days_turned"):
        actions.extend_session(actor=viewer("coach", on=late), session=session, closes_on=TODAY, at=NOW)
    actions.extend_session(actor=viewer("coach", on=late), session=session, closes_on=late, at=NOW)
    actions.save_scores(actor=who, session=session, place=1, given=given, at=NOW)


def test_late_withdrawn_and_unfinished_raters() -> None:
    session = opened(works=6, raters=3, way=LINKED, per_work=2)
    coach = viewer("coach")
    # Late: as many works as the others have, those that fewest score.
    actions.invite(actor=coach, session=session, people=[Person.objects.get(sourced_id="rater7").id], at=NOW)
    assert seen("rater7", session).mine_n == 4
    give("rater1", session, 1)
    gone = SessionRater.objects.get(person__sourced_id="rater1")
    with refused("no_such_person"):
        actions.withdraw_rater(actor=viewer("rater0"), session=session, rater=gone.pk, at=NOW)
    actions.withdraw_rater(actor=viewer("rater1"), session=session, rater=gone.pk, at=NOW)
    assert (
        queries.find_session(viewer=viewer("rater1"), session=session) is None and not Score.objects.exists()
    )
    with refused("no_such_session"):
        give("rater1", session, 1)
    # One hands in, one stops half way: what they finished counts.
    for place in range(1, 5):
        give("rater0", session, place)
    actions.hand_in_round(actor=viewer("rater0"), session=session, at=NOW)
    give("rater2", session, 1)
    with refused("raters_missing"):
        actions.reveal(actor=coach, session=session, without=False, at=NOW)
    actions.reveal(actor=coach, session=session, without=True, at=NOW)
    with refused("not_open"):
        give("rater2", session, 2)
    assert Score.objects.count() == 25


def test_pairs_take_nobody_late() -> None:
    session = opened(works=6, raters=4, way=PAIRS)
    with refused("pairs_are_made"):
        actions.invite(actor=viewer("coach"), session=session, people=[teacher("new", "Cedar").id], at=NOW)


def test_who_left_is_invited_again_and_begins_anew() -> None:
    session = opened(works=6, raters=4, way=LINKED, per_work=2)
    coach, person = viewer("coach"), Person.objects.get(sourced_id="rater1").id
    for place in range(1, seen("rater1", session).mine_n + 1):
        give("rater1", session, place)
    actions.hand_in_round(actor=viewer("rater1"), session=session, at=NOW)
    gone = SessionRater.objects.get(person=person)
    actions.withdraw_rater(actor=coach, session=session, rater=gone.pk, at=NOW)
    assert person not in queries.rater_people(session=seen("coach", session))
    assert actions.invite(actor=coach, session=session, people=[person], at=NOW) == 1
    back = SessionRater.objects.get(person=person)
    assert (back.pk, back.withdrawn_at, back.submitted_1_at) == (gone.pk, None, None)
    assert not Score.objects.filter(seat__rater=back).exists() and seen("rater1", session).mine_n >= 2
    assert len(_tied_by(session)) == 1
    entry = AuditEntry.objects.filter(act="invite_raters").order_by("-id").first()
    assert entry.detail == {"n": 1, "again": 1}
    # Who is in it already is not invited twice, and scores as anybody.
    assert actions.invite(actor=coach, session=session, people=[person], at=NOW) == 0
    assert give("rater1", session, 1)


def _tied_by(session) -> list[set[int]]:
    scored: dict[int, set[int]] = {}
    for work, who in Seat.objects.filter(work__session__uuid=session).values_list("work_id", "rater_id"):
        scored.setdefault(work, set()).add(who)
    return seating._tied(scored.values())


def test_who_comes_late_ties_together_whom_leaving_set_apart() -> None:
    session = opened(works=6, raters=5, way=LINKED, per_work=2)
    ids = {f"rater{n}": SessionRater.objects.get(person__sourced_id=f"rater{n}").pk for n in range(5)}
    works = list(CalibrationSession.objects.get(uuid=session).works.order_by("number"))
    Seat.objects.all().delete()
    # 0 and 1 score three works, 2 and 3 three others; 4 alone tied them, and leaves.
    for at, work in enumerate(works):
        for place, n in enumerate((0, 1) if at < 3 else (2, 3)):
            Seat.objects.create(rater_id=ids[f"rater{n}"], work=work, place=10 * at + place + 1)
    for place, work in enumerate((works[0], works[5]), 1):
        Seat.objects.create(rater_id=ids["rater4"], work=work, place=place)
    assert len(_tied_by(session)) == 1
    actions.withdraw_rater(actor=viewer("coach"), session=session, rater=ids["rater4"], at=NOW)
    assert len(_tied_by(session)) == 2
    person = Person.objects.get(sourced_id="rater4").id
    actions.invite(actor=viewer("coach"), session=session, people=[person], at=NOW)
    assert len(_tied_by(session)) == 1


def test_in_pairs_whoever_comes_takes_the_place_of_who_left() -> None:
    session = opened(works=6, raters=4, way=PAIRS)
    gone = SessionRater.objects.get(person__sourced_id="rater2")
    n = gone.seats.count()
    actions.withdraw_rater(actor=viewer("coach"), session=session, rater=gone.pk, at=NOW)
    assert actions.invite(actor=viewer("coach"), session=session, people=[gone.person_id], at=NOW) == 1
    assert gone.seats.count() == n
    loads = (
        Seat.objects.filter(work__session__uuid=session)
        .order_by()
        .values_list("work")
        .annotate(n=Count("id"))
    )
    assert {n for _, n in loads} == {2}
    with refused("pairs_are_made"):
        actions.invite(actor=viewer("coach"), session=session, people=[teacher("new", "Cedar").id], at=NOW)
    assert not SessionRater.objects.filter(person__sourced_id="new").exists()


def test_after_the_reveal_people_talk_agree_and_score_again() -> None:
    session = opened(works=2, raters=3)
    coach, line = viewer("coach"), CRITERIA["Reason"]
    for number in (1, 2):
        with refused("not_revealed"):
            actions.agree(
                actor=coach, session=session, number=number, criterion=line, level=300, why="x", at=NOW
            )
        with refused("not_revealed"):
            actions.note(
                actor=coach, session=session, number=number, criterion=None, key="n", words="x", at=NOW
            )
    everybody_scores(session, raters=3, level=lambda rater, number, at: 200 if rater == 0 else 300)
    revealed(session)
    rater = viewer("rater1")
    for _ in range(2):
        actions.note(
            actor=rater, session=session, number=1, criterion=line, key="note-1", words="Two reasons.", at=NOW
        )
    assert len(queries.notes_of(session=seen("rater0", session), number=1)) == 1
    with refused("reason_missing"):
        actions.agree(actor=rater, session=session, number=1, criterion=line, level=300, why=" ", at=NOW)
    with refused("outside_scale"):
        actions.agree(actor=rater, session=session, number=1, criterion=line, level=301, why="x", at=NOW)
    actions.agree(
        actor=rater, session=session, number=1, criterion=line, level=300, why="It says why.", at=NOW
    )
    with refused("no_such_session"):
        actions.note(
            actor=viewer("rater7"), session=session, number=1, criterion=None, key="z", words="x", at=NOW
        )
    actions.open_second_round(actor=coach, session=session, at=NOW)
    # In the second round the first stands until another level is given.
    own = queries.seat(viewer=viewer("rater0"), session=seen("rater0", session), place=1)
    assert {one.level for one in own.given.values()} == {200} and not own.saved
    give("rater0", session, 1, 300)
    for n in range(3):
        actions.hand_in_round(actor=viewer(f"rater{n}"), session=session, at=NOW)
    actions.finish(actor=coach, session=session, at=NOW)
    with refused("no_agreement"):
        actions.agree(actor=rater, session=session, number=1, criterion=line, level=400, why="x", at=NOW)
    cells = [cell for row in queries.map_of(session=seen("rater0", session)) for cell in row.cells]
    assert sum(one.changed_n for one in cells) == 5, "one work, five criteria, by one rater"


def test_a_second_round_that_one_rater_did_is_told_by_nothing() -> None:
    """The list of raters says who handed in: what that one changed would be the difference of two maps."""
    session = opened(works=2, raters=4)
    everybody_scores(session, raters=4)
    revealed(session)
    before = [cell.counts for row in queries.map_of(session=seen("coach", session)) for cell in row.cells]
    actions.open_second_round(actor=viewer("coach"), session=session, at=NOW)
    give("rater0", session, 1, 100)
    actions.hand_in_round(actor=viewer("rater0"), session=session, at=NOW)
    actions.finish(actor=viewer("coach"), session=session, at=NOW)
    rows = queries.map_of(session=seen("coach", session))
    assert [cell.counts for row in rows for cell in row.cells] == before
    assert not any(cell.changed_n for row in rows for cell in row.cells)
    reporting.make_reports(session=seen("coach", session).id, at=NOW)
    assert queries.group_report(session=seen("coach", session)).body["second"] == {}


def test_triads_agree_on_nothing_and_score_once() -> None:
    session = opened(works=4, raters=4, way=TRIADS)
    everybody_scores(session, raters=4)
    revealed(session)
    with refused("no_agreement"):
        actions.agree(
            actor=viewer("coach"),
            session=session,
            number=1,
            criterion=CRITERIA["Model"],
            level=300,
            why="x",
            at=NOW,
        )
    with refused("no_second_round"):
        actions.open_second_round(actor=viewer("coach"), session=session, at=NOW)
    actions.finish(actor=viewer("coach"), session=session, at=NOW)


def test_of_a_pair_only_the_two_agree() -> None:
    session = opened(works=6, raters=4, way=PAIRS)
    everybody_scores(session, raters=4)
    revealed(session)
    work = SessionWork.objects.get(number=1)
    two = set(work.seats.values_list("rater__person__sourced_id", flat=True))
    (other, *_) = [f"rater{n}" for n in range(4) if f"rater{n}" not in two]
    said = {
        "session": session,
        "number": 1,
        "criterion": CRITERIA["Model"],
        "level": 300,
        "why": "both",
        "at": NOW,
    }
    with refused("no_such_work"):
        actions.agree(actor=viewer(other), **said)
    actions.agree(actor=viewer(two.pop()), **said)


def test_a_session_that_is_called_off_tells_nothing() -> None:
    session = opened(works=2, raters=2)
    give("rater0", session, 1)
    actions.call_off(actor=viewer("coach"), session=session, at=NOW)
    for act in (
        lambda: give("rater0", session, 1), lambda: actions.call_off(actor=viewer("coach"), session=session, at=NOW),
        lambda: actions.reveal(actor=viewer("coach"), session=session, without=True, at=NOW),
    ):  # fmt: skip
        with refused("not_open"):
            act()
    assert queries.map_of(session=seen("rater0", session)) == []


def test_a_rater_puts_in_only_copies_that_they_took() -> None:
    session = planned(works=1, raters=2)
    mine: UUID = copy(7)
    with refused("no_such_work"):
        actions.put_in(actor=viewer("rater0"), session=session, samples=[mine], at=NOW)
    from .room import piece

    own = actions.take_sample(
        actor=viewer("rater0"),
        key="mine",
        version=version(),
        pieces=[piece(9)],
        files={},
        also=(),
        looked=True,
        at=NOW,
    )
    assert actions.put_in(actor=viewer("rater0"), session=session, samples=[own], at=NOW) == 1
    actions.take_out(actor=viewer("coach"), session=session, number=2, at=NOW)
    assert seen("coach", session).works_n == 1


def test_every_act_is_audited_and_no_audit_holds_a_level() -> None:
    session = opened(works=2, raters=3)
    everybody_scores(session, raters=3, level=lambda rater, number, at: 400)
    revealed(session)
    actions.agree(
        actor=viewer("coach"),
        session=session,
        number=1,
        criterion=CRITERIA["Model"],
        level=400,
        why="canary",
        at=NOW,
    )
    actions.finish(actor=viewer("coach"), session=session, at=NOW)
    rows = AuditEntry.objects.filter(object_kind__in=("calibration", "sample"))
    acts = set(rows.values_list("act", flat=True))
    assert acts == {
        "plan_calibration", "put_into_calibration", "invite_raters", "take_sample", "open_calibration", "hand_in_round",
        "reveal_calibration", "agree_score", "finish_calibration",
    }  # fmt: skip
    assert all("400" not in str(one.detail) and "canary" not in str(one.detail) for one in rows)
