"""P9, the next school year: what it does by name, what it leaves alone, a roster afterwards, and taking it back."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from headway.access.models import AuditEntry, ImportRun
from headway.access.types import SYSTEM, Role, Viewer
from headway.interop.oneroster.apply import import_roster
from headway.interop.oneroster.results import export_results
from headway.kit.refusals import Refusal
from headway.plans import queries as plans
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as standings
from headway.rosters import actions, queries, recording
from headway.rosters.models import Enrollment, Person, Restriction, RoleGrant, SchoolClass, Term
from headway.rosters.rolling import next_title
from headway.rosters.types import Choices, YearPlan

from ..interop.oneroster.small_roster import (
    CLASSES,
    ENROLLMENTS,
    ROLES,
    ROSTER_12,
    SESSIONS,
    folder,
)
from ..plans.school import build, rate

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
SUMMER = datetime(2027, 7, 1, 18, tzinfo=UTC)
AUGUST = datetime(2027, 8, 20, 18, tzinfo=UTC)
DAY = SUMMER.date()


@pytest.fixture(autouse=True)
def school(tmp_path: Path) -> None:
    build(tmp_path)


def plan(at: datetime = SUMMER, **choices) -> YearPlan:
    return actions.plan_year(actor=SYSTEM, at=at, choices=Choices(**choices))


def roll(at: datetime = SUMMER, **choices) -> ImportRun:
    return actions.roll_year(actor=SYSTEM, at=at, choices=Choices(**choices))


def names(found: YearPlan) -> dict[str, tuple[str, ...]]:
    return {group.key: group.names for group in found.groups if group.names}


def dump() -> str:
    """Return a digest of every table of the roster."""
    rows = [
        [model.__name__, *model.objects.order_by("pk").values_list()]
        for model in [*recording.CHILDREN_FIRST, Restriction]
    ]
    return hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()


def new_year(**files: str) -> dict[str, str]:
    """Return the roster of the next year as the student information system has it, under its own sourcedIds."""
    sessions = SESSIONS + (
        "y28,,,2027-2028,schoolYear,2027-08-09,2028-06-01,,2028\n"
        "t3,,,Fall,semester,2027-08-09,2027-12-20,y28,2028\n"
        "t4,,,Spring,semester,2028-01-05,2028-06-01,y28,2028\n"
    )
    head = CLASSES.splitlines(keepends=True)[0]
    classes = head + (
        'n1,,,Math 5 Lopez,05,c1,MA5-1,scheduled,Room 4,s1,"t3,t4",Mathematics,,1\n'
        "n3,,,Math 6 Reed,06,c1,MA6-9,scheduled,Room 9,s2,t3,Mathematics,,1\n"
        "n9,,,Art 6,06,c1,ART,scheduled,Room 1,s2,t3,Art,,1\n"
    )
    rows = ENROLLMENTS.splitlines(keepends=True)[0] + (
        "f1,,,n1,s1,T1,teacher,true,,\nf2,,,n3,s2,T2,teacher,true,,\nf3,,,n3,s2,u1,student,false,2027-08-09,\n"
    )
    roles = ROLES.replace("r1,,,u1,primary,student,,,s1,", "r1,,,u1,primary,student,,,s2,")
    return {**ROSTER_12, "academicSessions.csv": sessions, "roles.csv": roles,
            "classes.csv": classes, "enrollments.csv": rows, **files}  # fmt: skip


def test_p9_the_plan_names_everybody_and_writes_nothing() -> None:
    before, runs = dump(), ImportRun.objects.count()
    found = plan()
    assert (found.before, found.title, found.year, found.last_grade) == ("2026-2027", "2027-2028", 2028, "06")
    assert [(one.title, one.starts_on, one.ends_on) for one in found.sessions] == [
        ("2027-2028", date(2027, 8, 9), date(2028, 5, 30)),
        ("Fall", date(2027, 8, 9), date(2027, 12, 19)),
        ("Spring", date(2028, 1, 4), date(2028, 5, 30)),
    ]
    assert all(one.starts_on.weekday() == 0 for one in found.sessions[:2]), "52 weeks keep the weekday"
    assert names(found) == {
        "classes": (
            "Math 5 Lopez (Juniper Elementary)",
            "Math 6 Reed (Cedar Middle)",
            "Reading 5 Lopez (Juniper Elementary)",
        ),
        "staff_go_on": (
            "Lopez, Maria (T1): Math 5 Lopez",
            "Lopez, Maria (T1): Reading 5 Lopez",
            "Reed, Sam (T2): Math 6 Reed",
        ),
        "promoted": (
            "Abeyta, Anita (u1): 05 → 06",
            "O'Neil, Cy (u3): 05 → 06",
            "Ortiz, Ben (u2): 05 → 06",
        ),
        "other_school": (
            "Abeyta, Anita (u1): Cedar Middle",
            "O'Neil, Cy (u3): Cedar Middle",
            "Ortiz, Ben (u2): Cedar Middle",
        ),
        "leavers": ("=SUM(A1), Dee (u4)",),
        "roles_over": ("Reed, Sam (T2): principal, Cedar Middle",),
        "roles_go_on": (
            "Lopez, Maria (T1): teacher, Juniper Elementary",
            "Reed, Sam (T2): teacher, Cedar Middle",
        ),
    }
    assert (dump(), ImportRun.objects.count()) == (before, runs)


def test_p9_the_year_begins_and_last_years_classes_can_only_be_read() -> None:
    run = roll()
    assert (run.kind, run.name, run.counts["counts"]["promoted"]) == ("year-roll", "2027-2028", 3)
    assert AuditEntry.objects.filter(act="roll_year", object_id=str(run.pk)).exists()
    new = SchoolClass.objects.get(sourced_id="roll:2028:k1")
    assert [term.title for term in new.terms.order_by("starts_on")] == ["Fall", "Spring"]
    assert Term.objects.get(sourced_id="roll:2028:t1").parent.sourced_id == "roll:2028:y27"
    old = SchoolClass.objects.get(sourced_id="k1")
    assert (old.active, new.active, new.title, new.uuid != old.uuid) == (False, True, old.title, True)
    # Who was in it on a day of the year stays; after its last day nobody is.
    assert [
        p.sourced_id for p in queries.students_in_class(class_id=old.id, as_of=date(2027, 6, 1), viewer=None)
    ] == [
        "u1",
        "u2",
    ]
    assert queries.students_in_class(class_id=old.id, as_of=DAY, viewer=None) == []
    with pytest.raises(Refusal) as refusal:
        actions.add_provisional_student(
            actor=SYSTEM, class_id=old.id, given_name="Late", family_name="Comer", at=SUMMER
        )
    assert refusal.value.code == "class_over"
    # Staff open their classes at once.
    assert [p.sourced_id for p in queries.teachers_of_class(class_id=new.id, as_of=DAY)] == ["T1"]
    assert queries.teachers_of_class(class_id=old.id, as_of=DAY) == []
    grades = dict(Person.objects.filter(sourced_id__in=["u1", "u4"]).values_list("sourced_id", "grade"))
    assert grades == {"u1": "06", "u4": "06"}
    assert Person.objects.get(sourced_id="u4").active is False
    schools = queries.enrolled_school(person_ids=list(Person.objects.values_list("id", flat=True)), on=DAY)
    people = queries.people_by_id(person_ids=schools)
    where = {people[key].sourced_id: school for key, school in schools.items()}
    cedar = SchoolClass.objects.get(sourced_id="k3").school_id
    assert where == {"u1": cedar, "u2": cedar, "u3": cedar}


def test_p9_levels_plans_care_and_restrictions_stay() -> None:
    rate("u1", "A.1", "2026-10-01", 3)
    ana, pat = (Person.objects.get(sourced_id=one) for one in ("u1", "p1"))
    actions.restrict_guardian(
        actor=SYSTEM, student_id=ana.id, guardian_id=pat.id, reason_code="court_order", at=SUMMER
    )
    before = standings.standings(standings.moment(now=SUMMER), students=[ana.id])
    own = plans.plans_of([ana.id], DAY)
    assert "Pat Abeyta – Anita Abeyta" in names(plan())["restrictions"]
    roll()
    after = standings.standings(standings.moment(now=SUMMER), students=[ana.id])
    assert {key: (one.state, one.value) for key, one in before.items()} == {
        key: (one.state, one.value) for key, one in after.items()
    }
    assert plans.plans_of([ana.id], DAY) == own
    assert queries.children_of(guardian_person_id=pat.id, as_of=date(2027, 9, 1)) == [
        Person.objects.get(sourced_id="u2")
    ]
    assert Restriction.objects.get().ends_on is None


def test_p9_who_stays_in_the_grade_and_whom_a_class_keeps() -> None:
    SchoolClass.objects.filter(sourced_id="k1").update(grades=["05", "06"], frameworks=["Math"], levels=["3"])
    found = names(plan(retained=("u2",)))
    assert found["retained"] == ("Ortiz, Ben (u2)",)
    # The class teaches 05 and 06: who moves up and who stays both go on in it, and in that school.
    assert found["students_go_on"] == ("Abeyta, Anita (u1): Math 5 Lopez", "Ortiz, Ben (u2): Math 5 Lopez")
    assert "other_school" not in found
    assert "students_go_on" not in names(plan(with_students=False))
    roll(retained=("u2",))
    new = SchoolClass.objects.get(sourced_id="roll:2028:k1")
    assert (new.frameworks, new.levels) == (["Math"], ["3"])
    assert Person.objects.get(sourced_id="u2").grade == "05"
    assert queries.students_in_class(class_id=new.id, as_of=date(2027, 8, 8), viewer=None) == []
    assert [
        p.sourced_id for p in queries.students_in_class(class_id=new.id, as_of=date(2027, 8, 9), viewer=None)
    ] == [
        "u1",
        "u2",
    ]


def test_p9_a_student_whose_next_grade_no_school_or_two_schools_teach_is_named() -> None:
    SchoolClass.objects.filter(sourced_id="k3").update(grades=["07"])
    assert len(names(plan(last_grade="08"))["needs_school"]) == 3
    roll(last_grade="08")
    assert RoleGrant.objects.get(person__sourced_id="u1", role=Role.STUDENT).ends_on is None


def test_p9_other_days_can_be_given() -> None:
    found = plan(starts_on=date(2027, 8, 16), ends_on=date(2028, 6, 9))
    assert [(one.title, one.starts_on, one.ends_on) for one in found.sessions] == [
        ("2027-2028", date(2027, 8, 16), date(2028, 6, 9)),
        ("Fall", date(2027, 8, 16), date(2027, 12, 26)),
        ("Spring", date(2028, 1, 11), date(2028, 6, 9)),
    ]


@pytest.mark.parametrize(
    ("at", "choices", "code"),
    [
        (datetime(2027, 5, 3, 18, tzinfo=UTC), {}, "year_not_over"),
        (SUMMER, {"starts_on": date(2027, 5, 1)}, "not_a_span"),
        (SUMMER, {"ends_on": date(2027, 7, 1)}, "not_a_span"),
        (SUMMER, {"ends_on": date(2029, 7, 1)}, "not_a_span"),
        (SUMMER, {"last_grade": "6"}, "unknown_grade"),
        (SUMMER, {"retained": ("u1", "nobody")}, "unknown_student"),
    ],
)
def test_p9_what_is_no_next_year_is_refused(at: datetime, choices: dict, code: str) -> None:
    before = dump()
    with pytest.raises(Refusal) as refusal:
        roll(at, **choices)
    assert (refusal.value.code, dump()) == (code, before)


def test_p9_only_the_district_rolls_and_only_once() -> None:
    with pytest.raises(Refusal) as refusal:
        actions.roll_year(actor=Viewer(roles=frozenset({Role.PRINCIPAL})), at=SUMMER, choices=Choices())
    assert refusal.value.code == "forbidden"
    roll()
    with pytest.raises(Refusal) as refusal:
        roll()
    assert refusal.value.code == "year_not_over"


def test_p9_taking_it_back_puts_every_row_as_it_stood() -> None:
    before = dump()
    run = roll()
    assert dump() != before
    actions.undo_import(run_id=run.pk, actor=SYSTEM, at=SUMMER)
    assert dump() == before
    # And it can be rolled again.
    roll()


def test_p9_the_first_rating_of_the_new_year_ends_the_taking_back() -> None:
    run = roll()
    record = {"student": "u1", "target": "A.1", "level": 3}
    late = [{"key": "late", "observed_at": "2027-05-20", **record}]
    proficiency.record_rows(actor=SYSTEM, rows=late, at=AUGUST, book=standings.book())
    first = [{"key": "first", "observed_at": "2027-08-12", **record}]
    proficiency.record_rows(actor=SYSTEM, rows=first, at=AUGUST, book=standings.book())
    with pytest.raises(Refusal) as refusal:
        actions.undo_import(run_id=run.pk, actor=SYSTEM, at=AUGUST)
    # The rating of May that was typed in during the summer does not count.
    assert [one.message for one in refusal.value.findings] == ["1 ratings of 2027-2028 were recorded since"]


def test_p9_somebody_put_into_a_new_class_by_hand_is_in_the_way_of_taking_back() -> None:
    run = roll()
    actions.add_provisional_student(
        actor=SYSTEM, class_id=SchoolClass.objects.get(sourced_id="roll:2028:k3").id, given_name="Late",
        family_name="Comer", at=AUGUST,
    )  # fmt: skip
    with pytest.raises(Refusal) as refusal:
        actions.undo_import(run_id=run.pk, actor=SYSTEM, at=AUGUST)
    assert [one.message for one in refusal.value.findings] == ["Late Comer was put into Math 6 Reed by hand"]


def test_p9_a_roster_of_the_new_year_takes_the_rolled_classes_over(tmp_path: Path) -> None:
    SchoolClass.objects.filter(sourced_id="k1").update(frameworks=["Math"])
    run = roll()
    rolled = {one.sourced_id: one.pk for one in SchoolClass.objects.filter(sourced_id__startswith="roll:")}
    people = Person.objects.count()
    import_roster(folder(tmp_path / "new", new_year()), actor=SYSTEM, at=AUGUST)
    active = {one.sourced_id: one for one in SchoolClass.objects.filter(active=True)}
    # By code, by title, and one that nobody rolled; Reading 5 is not taught this year.
    assert set(active) == {"n1", "n3", "n9"}
    assert (active["n1"].pk, active["n3"].pk) == (rolled["roll:2028:k1"], rolled["roll:2028:k3"])
    assert active["n1"].frameworks == ["Math"] and sorted(t.sourced_id for t in active["n1"].terms.all()) == [
        "t3",
        "t4",
    ]
    assert Person.objects.count() == people
    assert not Term.objects.filter(sourced_id__startswith="roll:", active=True).exists()
    standing = Enrollment.objects.filter(active=True).order_by("sourced_id")
    assert list(standing.values_list("sourced_id", flat=True)) == ["f1", "f2", "f3"]
    with pytest.raises(Refusal) as refusal:
        actions.undo_import(run_id=run.pk, actor=SYSTEM, at=AUGUST)
    assert refusal.value.code == "undo_blocked"


def test_p9_the_roster_that_took_over_can_be_taken_back_and_then_the_roll(tmp_path: Path) -> None:
    before = dump()
    run = roll()
    rolled = dump()
    new = import_roster(folder(tmp_path / "new", new_year()), actor=SYSTEM, at=AUGUST)
    actions.undo_import(run_id=new.pk, actor=SYSTEM, at=AUGUST)
    assert dump() == rolled
    actions.undo_import(run_id=run.pk, actor=SYSTEM, at=AUGUST)
    assert dump() == before


def test_p9_a_system_that_uses_its_class_numbers_again_makes_none_twice(tmp_path: Path) -> None:
    roll()
    again = new_year()
    for old, new in (("n1,", "k1,"), ("n3,", "k3,"), ("n9,", "k9,")):
        again["classes.csv"] = again["classes.csv"].replace(old, new)
    again["enrollments.csv"] = again["enrollments.csv"].replace(",n1,", ",k1,").replace(",n3,", ",k3,")
    import_roster(folder(tmp_path / "new", again), actor=SYSTEM, at=AUGUST)
    active = SchoolClass.objects.filter(active=True).order_by("sourced_id")
    assert list(active.values_list("sourced_id", flat=True)) == ["k1", "k3", "k9"]
    assert [p.sourced_id for p in queries.teachers_of_class(class_id=active[0].id, as_of=AUGUST.date())] == [
        "T1"
    ]


def test_p9_last_years_roster_is_refused_once_the_year_was_rolled(tmp_path: Path) -> None:
    roll()
    before = dump()
    with pytest.raises(Refusal) as refusal:
        import_roster(folder(tmp_path / "old", ROSTER_12), actor=SYSTEM, at=AUGUST)
    assert (refusal.value.code, dump()) == ("roster_stale", before)
    assert "2027-2028" in refusal.value.message


def test_p9_the_results_of_last_year_still_go_out() -> None:
    rate("u1", "A.1", "2027-02-01", 3)
    before = export_results(term="t2", now=SUMMER)[1]
    roll()
    after = export_results(term="t2", now=SUMMER)[1]
    assert before["results"] > 0 and after == before


def test_p9_rolling_takes_as_many_statements_for_many_students_as_for_few(
    django_assert_max_num_queries,
) -> None:
    Person.objects.bulk_create(
        Person(sourced_id=f"x{n}", given_name="Stu", family_name=f"Many{n}", grade="05") for n in range(150)
    )
    school = SchoolClass.objects.get(sourced_id="k1").school_id
    RoleGrant.objects.bulk_create(
        RoleGrant(person=one, role=Role.STUDENT, org_id=school, starts_on=date(2026, 8, 10))
        for one in Person.objects.filter(sourced_id__startswith="x")
    )
    with django_assert_max_num_queries(20):
        assert len(names(plan())["promoted"]) == 153
    with django_assert_max_num_queries(50):
        roll()


@pytest.mark.parametrize(
    ("title", "later"),
    [
        ("2026-2027", "2027-2028"),
        ("2026-27", "2027-28"),
        ("2099-00", "2100-01"),
        ("Fall 2026", "Fall 2027"),
        ("SY 2026/27 Q1", "SY 2027/28 Q1"),
        ("Semester 1", "Semester 1"),
        ("Term 12026", "Term 12026"),
    ],
)
def test_p9_the_title_of_a_session_moves_on(title: str, later: str) -> None:
    assert next_title(title) == later
