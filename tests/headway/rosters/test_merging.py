"""P10, one person or two: proposals after an import, merge and split as events, the ledger append-only all along."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from headway.access import actions as access
from headway.access.models import Account, AuditEntry, ImportChange
from headway.access.types import SYSTEM, Role, Viewer
from headway.contact import actions as contact
from headway.contact import queries as talks
from headway.contact.types import Promise
from headway.evidence import actions as evidence
from headway.evidence import queries as ledger
from headway.evidence.models import Event, Payload, Piece, Rating
from headway.evidence.types import Task, Work
from headway.frameworks import queries as frameworks
from headway.interop.v1.record import record_of
from headway.kit.refusals import Refusal
from headway.plans import actions as planning
from headway.plans import queries as plans
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as standings
from headway.proficiency.models import Determination
from headway.project.commands.people import erase
from headway.report_cards import queries as cards
from headway.report_cards.models import FamilyStatement
from headway.rosters import actions, queries
from headway.rosters.models import (
    Demographics,
    Enrollment,
    Guardianship,
    Person,
    Restriction,
    RoleGrant,
    SchoolClass,
)

from ..plans.school import build, rate, student, target

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
WHEN = datetime(2026, 10, 5, 18, tzinfo=UTC)
NOW = datetime(2027, 3, 1, 18, tzinfo=UTC)
LATER = datetime(2027, 3, 2, 18, tzinfo=UTC)
DAY = NOW.date()
TEACHER = Viewer(roles=frozenset({Role.DISTRICT}), today=WHEN.date())


@pytest.fixture(autouse=True)
def school(tmp_path: Path) -> None:
    build(tmp_path)


@pytest.fixture
def newcomer() -> Person:
    """Return Ben Ortiz, whom a teacher added by hand beside u2 of the roster; with ratings, a piece and a plan."""
    k1 = SchoolClass.objects.get(sourced_id="k1")
    person = actions.add_provisional_student(
        actor=SYSTEM, class_id=k1.id, given_name="ben", family_name="Ortiz", at=WHEN, grade="05"
    )
    own = person.sourced_id
    rate(own, "A.1", "2026-10-06", 4, key="b1", comment="saw it")
    rate(own, "A.2", "2026-10-07", 2, key="b2")
    rate(own, "B.1", "2026-10-08", 3, key="b3", held=True)
    rate("u2", "A.1", "2026-10-06", 2, key="a1")
    node = frameworks.node(target("A.1"))
    work = Work(key="map", student=person.id, student_uuid=person.uuid, targets=(node.id,), target_uuids=(node.uuid,),
                title="Map", words="my street")  # fmt: skip
    evidence.hand_in(actor=SYSTEM, work=work, at=WHEN)
    version = planning.make_template(actor=SYSTEM, key="p", title="P", items=[(target("A.1"), 2)], at=WHEN)
    planning.assign(
        actor=SYSTEM, version=version.id, students=[person.id], starts_on=date(2026, 8, 17),
        ends_on=date(2027, 6, 1), at=WHEN,
    )  # fmt: skip
    adult = Person.objects.get(sourced_id="T2")
    actions.add_guardianship(actor=SYSTEM, student_id=person.id, guardian_id=adult.id, at=WHEN)
    return person


def merge(person: Person, into: str = "u2", at: datetime = NOW):
    return actions.merge_people(
        actor=SYSTEM, person_id=person.id, into_id=student(into), reason="same child", at=at
    )


def split(person: Person, at: datetime = LATER):
    return actions.split_people(actor=SYSTEM, person_id=person.id, reason="two children", at=at)


def breaks() -> list[str]:
    """Return what `verify` and `determine` find, in words."""
    people = {str(uuid): key for key, uuid in queries.all_person_uuids().items()}
    codes = ("A.1", "A.2", "A.3", "B.1", "B.2")
    nodes = frameworks.node_uuids(node_ids=[target(code) for code in codes])
    targets = {str(uuid): key for key, uuid in nodes.items()}
    found = [
        str(one) for one in (*ledger.breaks(), *ledger.projection_breaks(students=people, targets=targets))
    ]
    found += [str(one) for one in proficiency.redetermine(at=LATER, apply=False)]
    return found + [str(one) for one in proficiency.tally_breaks()]


def levels(person: int) -> dict[str, tuple[str, int | None]]:
    found = standings.standings(standings.moment(now=NOW), students=[person])
    return {frameworks.node(t).code: (one.state, one.value) for (_, t), one in found.items() if one.n_total}


def tables() -> dict[str, list[tuple]]:
    """Return every row about people, as it stands, without the ledger and what only names runs."""
    models = (Enrollment, RoleGrant, Guardianship, Restriction, Demographics, Person, Determination, Piece)
    found = {one.__name__: sorted(one.objects.values_list(), key=str) for one in models}
    # A row that came back has another number.
    found["Determination"] = sorted(Determination.objects.values_list("student", "target", "value", "state"))
    found["Rating"] = sorted(
        Rating.objects.filter(to_sequence=None).values_list("key", "student", "target", "level", "held")
    )
    found["Plan"] = sorted(
        (p.plan, s) for s, own in plans.plans_of(list(queries.all_person_uuids()), DAY).items() for p in own
    )
    return found  # fmt: skip


# Proposals.


def test_p10_who_was_added_by_hand_is_proposed_by_name_and_nothing_merges_by_itself(newcomer: Person) -> None:
    (match,) = queries.matches(as_of=DAY)
    assert (match.person, match.other.sourced_id, match.shared) == (newcomer, "u2", ("grade", "school"))
    assert Person.objects.get(pk=newcomer.pk).merged_into is None
    actions.tell_apart(actor=SYSTEM, person_id=newcomer.id, other_id=match.other.id, at=NOW)
    assert queries.matches(as_of=DAY) == []
    assert AuditEntry.objects.get(act="tell_apart").detail == {"other": str(match.other.uuid)}


def test_p10_a_preferred_name_and_the_day_of_birth_agree_too() -> None:
    k1 = SchoolClass.objects.get(sourced_id="k1")
    person = actions.add_provisional_student(
        actor=SYSTEM, class_id=k1.id, given_name="Anita", family_name="ABEYTA", at=WHEN
    )
    Demographics.objects.create(person=person, birth_on=date(2016, 2, 29))
    (match,) = queries.matches(as_of=DAY)
    assert (match.other.sourced_id, match.shared) == ("u1", ("school", "born"))


def test_p10_proposals_take_as_many_statements_for_many_as_for_one(
    newcomer: Person, django_assert_max_num_queries
) -> None:
    k1 = SchoolClass.objects.get(sourced_id="k1")
    for n in range(30):
        actions.add_provisional_student(
            actor=SYSTEM, class_id=k1.id, given_name=f"Stu{n}", family_name="Many", at=WHEN
        )
    Person.objects.bulk_create(
        Person(sourced_id=f"m{n}", given_name=f"Stu{n}", family_name="Many") for n in range(30)
    )
    with django_assert_max_num_queries(7):
        assert len(queries.matches(as_of=DAY)) == 31


# Merge.


def test_p10_everything_is_seen_under_the_one_who_stays(newcomer: Person) -> None:
    ben = student("u2")
    assert {code: value for code, (_, value) in levels(ben).items()} == {"A.1": 200}
    run = merge(newcomer)
    assert queries.find_person(newcomer.sourced_id).sourced_id == "u2"
    now = levels(ben)
    assert set(now) == {"A.1", "A.2"} and now["A.1"][1] == 330, (
        "two pieces count; the held rating shows nowhere"
    )
    assert levels(newcomer.id) == {} and not Determination.objects.filter(student=newcomer).exists()
    assert Piece.objects.get().student_id == ben
    assert [plan.plan for plan in plans.plans_of([ben], DAY)[ben]] == ["p"]
    guardians = {one.sourced_id for one in queries.guardians_of(student_person_id=ben, as_of=DAY)}
    assert guardians == {"p1", "T2"}
    # Once in the list of the class; what was put in by hand ended, because the roster says it too.
    k1 = SchoolClass.objects.get(sourced_id="k1")
    assert [p.sourced_id for p in queries.students_in_class(class_id=k1.id, as_of=DAY, viewer=None)].count(
        "u2"
    ) == 1
    hands = Enrollment.objects.get(sourced_id__startswith="hand:")
    assert (hands.person_id, hands.ends_on) == (ben, DAY)
    assert RoleGrant.objects.get(source="hand", person=ben).ends_on == DAY
    event = Event.objects.get(kind="merged")
    assert event.subject == newcomer.uuid and run.kind == "merged"
    assert '"keys":["b1","b2","b3"]' in Payload.objects.get(pk=event.pk).body
    assert breaks() == []
    acts = AuditEntry.objects.filter(act="merge_people").values_list("object_id", flat=True)
    assert set(acts) == {str(newcomer.uuid), str(Person.objects.get(pk=ben).uuid)}


def test_p10_the_ledger_before_the_merge_still_knows_two(newcomer: Person) -> None:
    ben, known = student("u2"), ledger.head()[0]
    merge(newcomer)

    def at(through: int | None) -> dict[int, list[str]]:
        rows = ledger.rating_rows(
            columns=("student_id", "key"), students=[ben, newcomer.id], through=through, held=True
        )
        found: dict[int, list[str]] = {}
        for who, key in sorted(rows):
            found.setdefault(who, []).append(key)
        return found

    assert at(known) == {ben: ["a1"], newcomer.id: ["b1", "b2", "b3"]}
    assert at(None) == {ben: ["a1", "b1", "b2", "b3"]}
    # The first events are as they were.
    assert Event.objects.filter(kind="rating", subject=newcomer.uuid).count() == 3


def test_p10_an_account_of_the_merged_person_opens_the_one_who_stays(newcomer: Person) -> None:
    account, _ = access.open_account(actor=SYSTEM, username="b", name="", at=NOW, person=newcomer.uuid)
    merge(newcomer)
    viewer = queries.viewer_for(Account.objects.get(pk=account.pk), DAY)
    assert (viewer.person_id, viewer.roles) == (student("u2"), {Role.STUDENT})


def test_p10_a_restriction_and_demographics_follow(newcomer: Person) -> None:
    adult = Person.objects.get(sourced_id="T2")
    actions.restrict_guardian(
        actor=SYSTEM, student_id=newcomer.id, guardian_id=adult.id, reason_code="court_order", at=NOW
    )
    merge(newcomer)
    assert queries.children_of(guardian_person_id=adult.id, as_of=DAY) == []
    assert Restriction.objects.get().student_id == student("u2")


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda one: merge(one, one.sourced_id), "same_person"),
        (lambda one: merge(Person.objects.get(sourced_id="u1")), "both_on_roster"),
        (lambda one: (merge(one), merge(one, "u1")), "already_merged"),
        (
            lambda one: actions.merge_people(
                actor=SYSTEM, person_id=one.id, into_id=student("u2"), reason=" ", at=NOW
            ),
            "reason_missing",
        ),
        (split, "not_merged"),
        (
            lambda one: actions.merge_people(
                actor=Viewer(roles=frozenset({Role.TEACHER})), person_id=one.id, into_id=student("u2"),
                reason="x", at=NOW,
            ),
            "forbidden",
        ),
    ],
)  # fmt: skip
def test_p10_what_cannot_be_merged(newcomer: Person, act, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        act(newcomer)
    assert refusal.value.code == code


def test_p10_a_duplicate_that_left_the_roster_can_be_merged(newcomer: Person) -> None:
    Person.objects.filter(sourced_id="u1").update(active=False)
    rate("u1", "A.3", "2026-10-06", 3)
    merge(Person.objects.get(sourced_id="u1"))
    assert "A.3" in levels(student("u2")) and breaks() == []


# Split.


def test_p10_a_split_restores_exactly_and_the_ledger_holds(newcomer: Person) -> None:
    before = tables()
    merge(newcomer)
    assert tables() != before
    split(newcomer)
    assert tables() == before and breaks() == []
    assert Event.objects.filter(kind__in=("merged", "split")).count() == 2
    # And once more.
    merge(newcomer, at=LATER)
    assert breaks() == []


def test_p10_what_came_since_stays_with_the_one_who_stayed(newcomer: Person) -> None:
    ben = student("u2")
    merge(newcomer)
    rate(newcomer.sourced_id, "B.2", "2026-11-02", 3, key="since")
    moved = proficiency.move_ratings(
        actor=SYSTEM, keys=["b2", "a1"], target="Math:A.3", reason="slip", at=NOW
    )
    assert moved
    split(newcomer)
    assert set(levels(newcomer.id)) == {"A.1", "A.3"} and set(levels(ben)) == {"A.3", "B.2"}
    assert breaks() == []


def test_p10_a_rating_that_was_replaced_or_withdrawn_since_is_named(newcomer: Person) -> None:
    merge(newcomer)
    rate("u2", "A.1", "2026-10-06", 1, key="better", replaces="b1", comment="a slip")
    act = proficiency.withdraw_ratings(actor=SYSTEM, keys=["b2"], reason="x", at=NOW)
    with pytest.raises(Refusal) as refusal:
        split(newcomer)
    assert refusal.value.code == "changed_since"
    assert {one.value for one in refusal.value.findings} == {"b1", "b2"}
    assert Person.objects.get(pk=newcomer.pk).merged_into is not None and breaks() == []
    proficiency.undo_act(actor=SYSTEM, act=act, at=NOW)


def test_p10_an_earlier_run_that_touched_either_is_not_taken_back_before_the_split(newcomer: Person) -> None:
    left = actions.withdraw_student(
        actor=SYSTEM, person_id=student("u2"), on=date(2027, 2, 1), reason="away", at=NOW
    )
    back = actions.return_student(
        actor=SYSTEM, person_id=student("u2"), on=date(2027, 2, 2), reason="back", at=NOW
    )
    merge(newcomer)
    for run in (left, back):
        with pytest.raises(Refusal) as refusal:
            actions.undo_import(run_id=run.pk, actor=SYSTEM, at=NOW)
        assert refusal.value.code == "undo_blocked"


# Erasure and the record.


def test_p10_erasing_the_one_who_stays_erases_both_and_verifies(newcomer: Person) -> None:
    merge(newcomer)
    erase("u2", "asked for by the family")
    assert not Payload.objects.filter(body__contains="saw it").exists()
    assert not Payload.objects.filter(body__contains="my street").exists()
    assert not Rating.objects.filter(student=student("u2")).exists() and not Piece.objects.exists()
    assert breaks() == []
    split(newcomer)
    assert breaks() == []


@pytest.mark.parametrize("who", ["u2", "newcomer"])
def test_p10_erasing_one_of_two_after_a_split_leaves_the_other_whole(newcomer: Person, who: str) -> None:
    """The rows from the time of the merge lie under the one who stayed, and belong to the other."""
    merge(newcomer)
    proficiency.move_ratings(actor=SYSTEM, keys=["b2", "a1"], target="Math:A.3", reason="slip", at=NOW)
    split(newcomer)
    erase(newcomer.sourced_id if who == "newcomer" else who, "asked for")
    left = set(Rating.objects.values_list("key", flat=True))
    assert left == ({"a1"} if who == "newcomer" else {"b1", "b2", "b3"})
    assert breaks() == []


def test_p10_the_record_holds_what_was_said_about_both(newcomer: Person) -> None:
    merge(newcomer)
    found = record_of("u2", now=NOW)
    assert {row["key"] for row in found["ratings"]} == {"a1", "b1", "b2", "b3"}
    kinds = [event["kind"] for event in found["events"]]
    assert kinds.count("rating") == 4 and kinds.count("merged") == 1 and kinds.count("handed_in") == 1


def test_p10_tasks_and_requests_follow_and_come_back(newcomer: Person) -> None:
    """What both were given, or both ask, stays with the merged one; all else moves, and splits back as it was."""
    ben = Person.objects.get(sourced_id="u2")
    a1, a2 = target("A.1"), target("A.2")
    for key, title, who in (
        ("give-only", "Only Ben", [newcomer.id]),
        ("give-both", "Both", [newcomer.id, ben.id]),
    ):
        evidence.give(actor=TEACHER, task=Task(key=key, title=title, targets=(a1,)), students=who, at=WHEN)
    for person, wanted in ((newcomer, (a1, a2)), (ben, (a1,))):
        actor = Viewer(person=person.uuid, person_id=person.id, roles=frozenset({Role.STUDENT}))
        for one in wanted:
            evidence.ask(actor=actor, target=one, kind="ready", words="", at=WHEN)

    def held(person: Person) -> tuple[list[str], list[int]]:
        given = sorted(one.title for one in ledger.chances_of([person.id]))
        return given, sorted(one.target for one in ledger.requests_of(students=[person.id]))

    def kept() -> list[str]:
        return [
            str(one)
            for one in ledger.loop_breaks(target_uuids=lambda ids: frameworks.node_uuids(node_ids=ids))
        ]

    before = held(newcomer), held(ben)
    assert kept() == []
    merge(newcomer)
    assert held(ben) == (["Both", "Only Ben"], sorted([a1, a2])) and held(newcomer) == (["Both"], [a1])
    assert kept() == [] and breaks() == []
    split(newcomer)
    assert (held(newcomer), held(ben)) == before and kept() == [] and breaks() == []


def test_p10_notes_of_a_substitute_follow_and_come_back(newcomer: Person) -> None:
    ben, k1 = Person.objects.get(sourced_id="u2"), SchoolClass.objects.get(sourced_id="k1")
    sub = Person.objects.create(sourced_id="sub", given_name="Sam", family_name="Made")
    actions.name_substitute(
        actor=SYSTEM,
        class_id=k1.id,
        person_id=sub.id,
        starts_on=WHEN.date(),
        ends_on=date(2026, 10, 6),
        at=WHEN,
    )
    actor = Viewer(person=sub.uuid, person_id=sub.id, roles=frozenset({Role.TEACHER}), today=WHEN.date())
    evidence.write_note(
        actor=actor, school_class=k1.id, student=newcomer.id, words="Calm.", key="note-0001", at=WHEN
    )

    def held() -> tuple[int, int]:
        assert ledger.loop_breaks(target_uuids=lambda ids: frameworks.node_uuids(node_ids=ids)) == []
        first, second = (len(ledger.notes_as_data(student=one.id)) for one in (newcomer, ben))
        return first, second

    assert held() == (1, 0)
    merge(newcomer)
    assert held() == (0, 1)
    split(newcomer)
    assert held() == (1, 0) and breaks() == []


def test_p10_conferences_log_and_messages_follow_and_come_back(newcomer: Person) -> None:
    ben = Person.objects.get(sourced_id="u2")
    contact.record_conference(
        actor=TEACHER, student_id=newcomer.id, key="conference-1", held_on=WHEN.date(), present="Pat", interpreter="",
        language="en", promises=[Promise("home", "Reads aloud", None)], at=WHEN,
    )  # fmt: skip

    def held(person: Person) -> list[list[str]]:
        return [[each.what for each in one.agreements] for one in talks.conferences_of(student=person.id)]

    merge(newcomer)
    assert held(ben) == [["Reads aloud"]] and held(newcomer) == []
    split(newcomer)
    assert held(ben) == [] and held(newcomer) == [["Reads aloud"]]


def test_p10_a_statement_is_read_and_exported_under_the_one_who_stays_and_erased_with_them(
    newcomer: Person,
) -> None:
    """The record of the one who stays had no cards and statements of the joined one, and erasing left them and the copies."""
    ben = Person.objects.get(sourced_id="u2")
    FamilyStatement.objects.create(
        student=newcomer, text="He was ill in May.", said_by="Pat", written_at=WHEN
    )
    contact.record_conference(
        actor=TEACHER, student_id=newcomer.id, key="conference-2", held_on=WHEN.date(), present="Pat", interpreter="",
        language="en", promises=[Promise("home", "Reads aloud", None)], at=WHEN,
    )  # fmt: skip
    merge(newcomer)
    assert cards.statements(students=[ben.id])[ben.id].text == "He was ill in May."
    assert [one["text"] for one in record_of("u2", now=LATER)["report_cards"]["statements"]] == [
        "He was ill in May."
    ]
    assert ImportChange.objects.filter(model="Conference").exists()
    erase("u2", "on request")
    assert (
        not FamilyStatement.objects.exists() and not ImportChange.objects.filter(model="Conference").exists()
    )
    assert breaks() == []
