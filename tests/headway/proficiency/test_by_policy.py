"""P12: two schools, two rules; what the rule changes says so, and what evidence changes does not."""

from __future__ import annotations

from datetime import date

import pytest

from headway.frameworks import queries as continuums
from headway.kit.refusals import Refusal
from headway.proficiency import queries
from headway.rosters import queries as roster
from headway.rosters.models import Enrollment, RoleGrant, SchoolClass

from .conftest import NOW, policy, standing
from .test_policies import bring

pytestmark = pytest.mark.django_db


def said(student: str = "u1", as_of: date | None = None) -> list[tuple[date, int | None, int | None, str]]:
    """Return what changed the level on A1 by policy: day, value before and after, the new school."""
    person, target = roster.find_person(student).id, continuums.find_any("A1")[-1].id
    found = queries.judge(queries.moment(now=NOW, as_of=as_of), student=person, target=target)
    return [(one.day, one.before.value, one.after.value, one.school) for one in found.by_policy]


def test_p12_a_change_by_policy_says_so_with_the_same_evidence_on_both_sides(record) -> None:
    record({"level": 2}, {"level": 4, "observed_at": "2026-10-02"})
    bring(policy(rule="mean"))
    bring(policy(rule="highest", in_force="2026-11-01"))
    record({"level": 3, "observed_at": "2026-11-05"})
    # On 1 November 3.0 became 4 by the rule; the piece of 5 November changed nothing of it.
    assert said() == [(date(2026, 11, 1), 300, 400, "")]
    # The day before, the change of August still speaks only of evidence before it: there was none.
    assert said(as_of=date(2026, 10, 31)) == []


def test_p12_the_interface_and_the_command_line_say_it_too(record) -> None:
    from headway.access.types import SYSTEM
    from headway.project.commands import say_explanation

    record({"level": 2}, {"level": 4, "observed_at": "2026-10-02"})
    bring(policy(rule="mean"))
    bring(policy(rule="highest", in_force="2026-11-01"))
    found = queries.explained(viewer=SYSTEM, student="u1", target="A1", as_of=None, now=NOW)
    assert found["changed_by_policy"] == [
        {
            "day": date(2026, 11, 1),
            "before": 3,
            "before_state": "proficient",
            "after": 4,
            "after_state": "beyond",
            "school": None,
        }
    ]
    assert "On 2026-11-01 by the rule alone: proficient, 3 → beyond, 4." in say_explanation(found)


def test_p12_a_level_that_evidence_changed_does_not_blame_the_policy(record) -> None:
    record({"level": 3}, {"level": 3, "observed_at": "2026-10-02"})
    bring(policy(rule="mean"))
    bring(policy(rule="highest", in_force="2026-11-01"))
    record({"level": 4, "observed_at": "2026-11-05"})
    assert standing().value == 400 and said() == []


def test_p12_a_narrower_policy_is_seen_where_it_holds_and_nowhere_else(record) -> None:
    for who in ("u1", "u4"):
        record({"level": 2, "student": who}, {"level": 4, "student": who, "observed_at": "2026-10-02"})
    bring(policy(rule="mean"))
    bring(
        {
            **policy(),
            "policy": policy(name="cedar", rule="highest", in_force="2026-11-01", applies={"school": "s2"})[
                "policy"
            ],
        }
    )
    assert said("u1") == [] and said("u4") == [(date(2026, 11, 1), 300, 400, "")]


def move(student: str, day: date) -> None:
    """Let a student of s2 go on in class k1 of s1 from a day on."""
    person = roster.find_person(student)
    Enrollment.objects.filter(person=person).update(ends_on=day, active=False)
    RoleGrant.objects.filter(person_id=person.id, role="student").update(ends_on=day)
    Enrollment.objects.create(
        sourced_id=f"moved-{student}", person=person, school_class=SchoolClass.objects.get(sourced_id="k1"), role="student",
        starts_on=day,
    )  # fmt: skip


def test_p12_a_student_who_changes_school_comes_under_its_rule_and_is_told(record) -> None:
    record({"level": 2, "student": "u4"}, {"level": 4, "student": "u4", "observed_at": "2026-10-02"})
    body = policy(rule="mean")
    body["policy"] += policy(name="cedar", rule="highest", applies={"school": "s2"})["policy"]
    bring(body)
    assert standing("u4").value == 400
    move("u4", date(2026, 11, 2))
    from headway.proficiency import actions

    assert len(actions.redetermine(at=NOW, apply=False)) == 1
    assert standing("u4").value == 300 and standing("u4", as_of=date(2026, 11, 1)).value == 400
    (found,) = said("u4")
    assert found[:3] == (date(2026, 11, 2), 400, 300) and found[3] == "Juniper Elementary"


def test_p12_a_lock_in_force_is_named_to_a_narrower_policy_that_comes_later(record) -> None:
    bring(policy(rule="mean", locked=["rule", "requirement"]))
    with pytest.raises(Refusal) as refused:
        bring(
            {**policy(), "policy": policy(name="cedar", rule="highest", applies={"school": "s2"})["policy"]}
        )
    assert [(f.code, f.column) for f in refused.value.findings] == [("locked", "rule")]


def test_the_explanation_takes_no_statement_more(record, django_assert_num_queries) -> None:
    record({"level": 2}, {"level": 4, "observed_at": "2026-10-02"})
    bring(policy(rule="mean"))
    bring(policy(rule="highest", in_force="2026-11-01"))
    m = queries.moment(now=NOW)
    person, target = roster.find_person("u1").id, continuums.find_any("A1")[-1].id
    rows = queries.rows_of(m, students=[person])
    with django_assert_num_queries(0):
        assert queries.judge(m, student=person, target=target, rows=rows).by_policy
