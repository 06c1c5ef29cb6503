"""Imports against the records: plan, bulk, delta, guard, refusal without a trace, undo to the byte."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from headway.access.models import AuditEntry, ImportChange, ImportRun
from headway.access.types import SYSTEM, Role
from headway.interop.oneroster.apply import import_roster
from headway.kit.refusals import Refusal
from headway.rosters import actions, queries, recording
from headway.rosters.models import (
    Demographics,
    Enrollment,
    Guardianship,
    Org,
    Person,
    Restriction,
    RoleGrant,
    SchoolClass,
    Term,
)

from .small_roster import (
    CLASSES,
    COURSES,
    DEMOGRAPHICS,
    ENROLLMENTS,
    ROSTER_11,
    ROSTER_12,
    USERS_11,
    changed,
    delta,
    folder,
    zipped,
)

pytestmark = pytest.mark.django_db
AT = datetime(2026, 9, 20, 18, tzinfo=UTC)
LATER = datetime(2026, 10, 1, 18, tzinfo=UTC)
USER = USERS_11.splitlines()[0]
ENROLLMENT = ENROLLMENTS.splitlines()[0]


@pytest.fixture(autouse=True)
def district() -> None:
    actions.begin_district(name="Juniper Valley", at=AT)


def bring(path: Path, at: datetime = AT, **options) -> ImportRun:
    found = import_roster(path, actor=SYSTEM, at=at, **options)
    assert isinstance(found, ImportRun)
    return found


def dump(*without: str) -> str:
    """Return a digest of every table of the roster and of the imports."""
    models = [*recording.CHILDREN_FIRST, Restriction]
    if "runs" not in without:
        models += [ImportRun, ImportChange, AuditEntry]
    rows = [[model.__name__, *model.objects.order_by("pk").values_list()] for model in models]
    return hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()


def refused(path: Path, at: datetime = LATER, **options) -> Refusal:
    before = dump()
    with pytest.raises(Refusal) as refusal:
        bring(path, at, **options)
    assert dump() == before
    return refusal.value


def people_of(sourced_id: str, as_of: date) -> list[str]:
    class_id = queries.class_by_reference(sourced_id).id
    return [
        person.sourced_id for person in queries.students_in_class(class_id=class_id, as_of=as_of, viewer=None)
    ]


def test_a_folder_of_1_1_becomes_the_roster(tmp_path: Path) -> None:
    run = bring(folder(tmp_path / "r", ROSTER_11))
    assert run.counts["counts"]["persons"] == {
        "new": 8,
        "changed": 0,
        "unchanged": 0,
        "ended": 0,
        "reactivated": 0,
    }
    assert [org.sourced_id for org in queries.schools()] == ["s2", "s1"]
    assert Org.objects.get(sourced_id="s1").parent.sourced_id == "d1"
    assert Term.objects.get(sourced_id="t2").parent.sourced_id == "y27"
    assert {term.sourced_id for term in SchoolClass.objects.get(sourced_id="k1").terms.all()} == {"t1", "t2"}
    assert Demographics.objects.get(person__sourced_id="u1").birth_on == date(2016, 2, 29)
    assert Demographics.objects.get(person__sourced_id="u2").white is None
    assert {(g.person.sourced_id, g.org.sourced_id) for g in RoleGrant.objects.filter(role="student")} == {
        ("u1", "s1"),
        ("u2", "s1"),
        ("u3", "s1"),
        ("u4", "s1"),
        ("u4", "s2"),
    }
    # One teacher in two schools is one person with two roles.
    assert RoleGrant.objects.filter(person__sourced_id="T2", role="teacher").count() == 2
    links = {
        (one.student.sourced_id, one.guardian.sourced_id, one.relation) for one in Guardianship.objects.all()
    }
    assert links == {("u1", "p1", "parent"), ("u2", "p1", "parent")}
    assert AuditEntry.objects.get(act="import_roster").object_id == str(run.pk)


def test_no_file_makes_an_administrator(tmp_path: Path) -> None:
    bring(folder(tmp_path / "r", ROSTER_12))
    assert not RoleGrant.objects.filter(person__sourced_id="a1").exists()
    assert not RoleGrant.objects.filter(role=Role.DISTRICT).exists()


def test_1_2_gives_one_person_several_roles(tmp_path: Path) -> None:
    bring(zipped(tmp_path / "r.zip", ROSTER_12, "export/"))
    lopez = Person.objects.get(sourced_id="T1")
    assert {grant.role for grant in lopez.grants.all()} == {"teacher", "family"}
    reed = RoleGrant.objects.get(person__sourced_id="T2", role="principal")
    assert (reed.org.sourced_id, reed.starts_on, reed.ends_on) == ("s2", date(2026, 8, 10), date(2027, 6, 1))
    assert Person.objects.get(sourced_id="u1").name() == "Anita Abeyta"


def test_the_same_roster_again_changes_nothing(tmp_path: Path) -> None:
    path = folder(tmp_path / "r", ROSTER_11)
    bring(path)
    before = dump("runs")
    run = bring(path, LATER)
    assert dump("runs") == before
    assert all(
        count["new"] == count["changed"] == count["ended"] == 0 for count in run.counts["counts"].values()
    )
    assert not ImportChange.objects.filter(run=run).exists()


def test_a_plan_says_what_would_happen_and_writes_nothing(tmp_path: Path) -> None:
    before = dump()
    plan = import_roster(folder(tmp_path / "r", ROSTER_11), actor=SYSTEM, at=AT, plan_only=True)
    assert plan.tallies["enrollments"].new == 8
    assert dump() == before
    json.dumps(plan.as_dict())


def test_bulk_ends_what_is_missing_and_a_return_resumes(tmp_path: Path) -> None:
    bring(folder(tmp_path / "r", ROSTER_11))
    uuid = Person.objects.get(sourced_id="u2").uuid
    users = "".join(line for line in USERS_11.splitlines(True) if not line.startswith("u2,"))
    rows = "".join(line for line in ENROLLMENTS.splitlines(True) if not line.startswith("e2,"))
    shorter = {
        **ROSTER_11,
        "users.csv": users,
        "enrollments.csv": rows,
        "demographics.csv": "".join(DEMOGRAPHICS.splitlines(True)[:2]),
    }
    run = bring(folder(tmp_path / "s", shorter), LATER, accept_removals=True)
    assert run.counts["counts"]["persons"]["ended"] == 1
    assert run.counts["counts"]["enrollments"]["ended"] == 1
    gone = Person.objects.get(sourced_id="u2")
    assert not gone.active and gone.uuid == uuid
    assert people_of("k1", date(2026, 9, 30)) == ["u1", "u3", "u2"]
    assert people_of("k1", date(2026, 10, 1)) == ["u1", "u3"]
    assert not queries.children_of(
        guardian_person_id=Person.objects.get(sourced_id="p1").id, as_of=date(2026, 10, 1)
    )[1:]
    back = bring(folder(tmp_path / "t", ROSTER_11), datetime(2026, 10, 5, 18, tzinfo=UTC))
    assert back.counts["counts"]["persons"]["reactivated"] == 1
    assert back.counts["counts"]["links"]["reactivated"] == 1
    assert people_of("k1", date(2026, 10, 5)) == ["u1", "u3", "u2"]
    assert Person.objects.get(sourced_id="u2").uuid == uuid


def test_too_many_removals_stop_and_ask(tmp_path: Path) -> None:
    bring(folder(tmp_path / "r", ROSTER_11))
    rows = "".join(ENROLLMENTS.splitlines(True)[:3])
    path = folder(tmp_path / "s", {**ROSTER_11, "enrollments.csv": rows})
    refusal = refused(path)
    assert refusal.code == "too_many_removals" and "--accept-removals" in refusal.message
    plan = import_roster(path, actor=SYSTEM, at=LATER, plan_only=True)
    assert plan.tallies["enrollments"].ended == 6 and plan.warnings[-1].code == "too_many_removals"
    assert bring(path, LATER, accept_removals=True).counts["counts"]["enrollments"]["ended"] == 6


def test_a_district_sets_its_own_share(tmp_path: Path) -> None:
    bring(folder(tmp_path / "r", ROSTER_11))
    path = folder(
        tmp_path / "s", {**ROSTER_11, "enrollments.csv": "".join(ENROLLMENTS.splitlines(True)[:-1])}
    )
    assert refused(path).code == "too_many_removals"
    bring(path, LATER, removal_share=0.5)


def test_classes_whose_terms_are_over_end_without_asking(tmp_path: Path) -> None:
    bring(folder(tmp_path / "r", ROSTER_11))
    year = {
        name: text.replace("2026", "2027").replace("-2027,", "-2028,") for name, text in ROSTER_11.items()
    }
    year["academicSessions.csv"] = ROSTER_11["academicSessions.csv"].splitlines()[0] + (
        "\ny28,,,2027-2028,schoolYear,2027-08-10,2028-06-01,,2028\n"
    )
    year["classes.csv"] = CLASSES.splitlines()[0] + "\nn1,,,Math 6,06,c1,,scheduled,,s2,y28,,,\n"
    year["courses.csv"] = COURSES.replace("y27", "y28")
    year["enrollments.csv"] = ENROLLMENT + "\nm1,,,n1,s2,u1,student,false,,\nm2,,,n1,s2,T2,teacher,true,,\n"
    run = bring(folder(tmp_path / "s", year), datetime(2027, 8, 20, 18, tzinfo=UTC))
    assert run.counts["counts"]["classes"]["ended"] == 3
    assert not SchoolClass.objects.get(sourced_id="k1").active


def test_a_delta_changes_adds_and_ends(tmp_path: Path) -> None:
    bring(folder(tmp_path / "r", ROSTER_11))
    users = (
        f"{USER}\nu5,active,2026-09-25,true,s1,student,eva,,Eva,Nez,,,,,,p1,05,\n"
        "u1,active,2026-09-25,true,s1,student,ana,,Ana,Baca,,9001,,,,p1,05,\n"
    )
    rows = (
        f"{ENROLLMENT}\ne9,active,2026-09-25,k1,s1,u5,student,false,2026-09-25,\n"
        "e2,tobedeleted,2026-09-25,,,,,,,\n"
    )
    run = bring(folder(tmp_path / "s", delta(users=users, enrollments=rows)), LATER, accept_removals=True)
    assert run.counts["counts"]["persons"] == {
        "new": 1,
        "changed": 1,
        "unchanged": 0,
        "ended": 0,
        "reactivated": 0,
    }
    assert people_of("k1", date(2026, 10, 1)) == ["u1", "u5", "u3"]
    assert Person.objects.get(sourced_id="u3").active
    assert Guardianship.objects.get(student__sourced_id="u5").starts_on == date(2026, 10, 1)


def test_a_person_deleted_by_delta_leaves_their_classes(tmp_path: Path) -> None:
    bring(folder(tmp_path / "r", ROSTER_11))
    users = f"{USER}\nT1,tobedeleted,2026-09-25,,,,,,,,,,,,,,,\n"
    run = bring(folder(tmp_path / "s", delta(users=users)), LATER, accept_removals=True)
    assert run.counts["counts"]["enrollments"]["ended"] == 2
    assert (
        queries.classes_taught(person_id=Person.objects.get(sourced_id="T1").id, as_of=date(2026, 10, 1))
        == []
    )
    assert not RoleGrant.objects.filter(queries.holds_on(date(2026, 10, 1)), person__sourced_id="T1").exists()


def test_a_delta_before_any_bulk_is_refused(tmp_path: Path) -> None:
    assert (
        refused(
            folder(
                tmp_path / "r",
                delta(users=f"{USER}\nu5,active,2026-09-25,true,s1,student,e,,E,N,,,,,,,05,\n"),
            )
        ).code
        == "roster_stale"
    )


def test_an_old_delta_is_refused(tmp_path: Path) -> None:
    bring(folder(tmp_path / "r", ROSTER_11))
    row = "u5,active,{},true,s1,student,eva,,Eva,Nez,,,,,,,05,\n"
    bring(folder(tmp_path / "s", delta(users=f"{USER}\n{row.format('2026-09-25')}")), LATER)
    assert (
        refused(folder(tmp_path / "t", delta(users=f"{USER}\n{row.format('2026-09-24')}"))).code
        == "roster_stale"
    )


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (
            {"enrollments": f"{ENROLLMENT}\ne9,active,2026-09-25,k1,s1,u77,student,false,,\n"},
            "unknown_reference",
        ),
        ({"users": f"{USER}\nU1,active,2026-09-25,true,s1,student,x,,X,Y,,,,,,,05,\n"}, "suspicious_twin"),
        (
            {
                "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n"
                "s1,tobedeleted,2026-09-25,,,,\n"
            },
            "live_children",
        ),
    ],
)
def test_a_delta_at_odds_with_the_records_is_refused(
    tmp_path: Path, files: dict[str, str], code: str
) -> None:
    bring(folder(tmp_path / "r", ROSTER_11))
    refusal = refused(folder(tmp_path / "s", delta(**files)))
    assert refusal.code == "roster_invalid" and code in {finding.code for finding in refusal.findings}


def test_a_roster_at_fault_leaves_no_trace(tmp_path: Path) -> None:
    bring(folder(tmp_path / "r", ROSTER_11))
    refusal = refused(folder(tmp_path / "s", changed(ROSTER_11, "users.csv", "student,ben", "student,")))
    assert [finding.line for finding in refusal.findings] == [3]


@pytest.mark.parametrize("writes", range(1, 12))
def test_a_failure_half_way_leaves_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    bring(folder(tmp_path / "r", ROSTER_11))
    before = dump()
    made, count = recording.Changes.make, 0

    def break_down(changes: recording.Changes, rows: list) -> None:
        nonlocal count
        count += 1
        made(changes, rows)
        if count == writes:
            raise OSError("no space left")

    monkeypatch.setattr(recording.Changes, "make", break_down)
    with pytest.raises(OSError, match="no space"):
        bring(folder(tmp_path / "s", ROSTER_12), LATER, accept_removals=True)
    assert dump() == before


def test_no_import_lifts_a_restriction(tmp_path: Path) -> None:
    path = folder(tmp_path / "r", ROSTER_11)
    bring(path)
    ana, pat = Person.objects.get(sourced_id="u1"), Person.objects.get(sourced_id="p1")
    day = date(2026, 10, 1)
    actions.restrict_guardian(
        actor=SYSTEM, student_id=ana.id, guardian_id=pat.id, reason_code="court_order", at=AT
    )
    for n, roster in enumerate((ROSTER_11, ROSTER_12, ROSTER_11)):
        bring(folder(tmp_path / f"again{n}", roster), LATER, accept_removals=True)
        assert Guardianship.objects.filter(student=ana, guardian=pat).exists()
        assert [child.sourced_id for child in queries.children_of(guardian_person_id=pat.id, as_of=day)] == [
            "u2"
        ]
        assert queries.guardians_of(student_person_id=ana.id, as_of=day) == []


def test_hand_grants_and_provisional_people_outlive_a_bulk(tmp_path: Path) -> None:
    bring(folder(tmp_path / "r", ROSTER_11))
    boss, k1 = Person.objects.get(sourced_id="a1"), SchoolClass.objects.get(sourced_id="k1")
    actions.grant_role(actor=SYSTEM, person_id=boss.id, role=Role.DISTRICT, at=AT)
    new = actions.add_provisional_student(
        actor=SYSTEM, class_id=k1.id, given_name="Eva", family_name="Nez", at=AT
    )
    roster = {**ROSTER_11, "users.csv": USERS_11 + "u9,,,true,s1,student,eva,,Eva,Nez,,,,,,,05,\n"}
    plan = import_roster(folder(tmp_path / "s", roster), actor=SYSTEM, at=LATER, plan_only=True)
    assert "provisional_match" in {warning.code for warning in plan.warnings}
    bring(folder(tmp_path / "t", ROSTER_11), LATER)
    assert RoleGrant.objects.get(person=boss, role=Role.DISTRICT).ends_on is None
    assert new.sourced_id in people_of("k1", date(2026, 10, 1))


def test_the_same_identifier_under_a_new_sourced_id_is_a_warning(tmp_path: Path) -> None:
    bring(folder(tmp_path / "r", ROSTER_11))
    roster = {**ROSTER_11, "users.csv": USERS_11 + "n1,,,true,s1,student,ana2,,Ana,Abeyta,,9001,,,,,05,\n"}
    plan = import_roster(folder(tmp_path / "s", roster), actor=SYSTEM, at=LATER, plan_only=True)
    assert {"perhaps_known", "shared_identifier"} <= {warning.code for warning in plan.warnings}


def test_undo_restores_every_byte(tmp_path: Path) -> None:
    bring(folder(tmp_path / "r", ROSTER_11))
    before = dump("runs")
    roster = changed(ROSTER_11, "users.csv", "Ben,Ortiz", "Ben,Baca")
    roster = changed(
        roster,
        "users.csv",
        "u3,,,true,s1,student,cy,,Cy,O'Neil,,9003,,,,,05,\n",
        "u6,,,true,s1,student,new,,New,One,,9006,,,,p1,05,\n",
    )
    roster = changed(roster, "classes.csv", '"t1,t2"', "t2")
    roster = changed(
        roster, "enrollments.csv", "u3,student,false,2026-09-15,2026-10-15", "u6,student,false,,"
    )
    roster = {**roster, "orgs.csv": ROSTER_11["orgs.csv"] + "s3,,,New School,school,NS,d1\n"}
    run = bring(folder(tmp_path / "s", roster), LATER, accept_removals=True)
    assert dump("runs") != before
    actions.undo_import(run_id=run.pk, actor=SYSTEM, at=LATER)
    assert dump("runs") == before
    assert ImportRun.objects.get(pk=run.pk).status == "undone"
    with pytest.raises(Refusal, match="already"):
        actions.undo_import(run_id=run.pk, actor=SYSTEM, at=LATER)


def test_undo_of_the_first_import_leaves_an_empty_roster(tmp_path: Path) -> None:
    before = dump("runs")
    run = bring(folder(tmp_path / "r", ROSTER_12))
    actions.undo_import(run_id=run.pk, actor=SYSTEM, at=LATER)
    assert dump("runs") == before


def test_undo_is_refused_by_name(tmp_path: Path) -> None:
    first = bring(folder(tmp_path / "r", ROSTER_11))
    second = bring(folder(tmp_path / "s", ROSTER_12), LATER, accept_removals=True)

    def why(run: ImportRun) -> list[str]:
        with pytest.raises(Refusal) as refusal:
            actions.undo_import(run_id=run.pk, actor=SYSTEM, at=LATER)
        assert refusal.value.code == "undo_blocked"
        return [finding.message for finding in refusal.value.findings]

    assert why(first) == [f"import {second.pk} was applied after it"]
    actions.undo_import(run_id=second.pk, actor=SYSTEM, at=LATER)
    ana, pat = Person.objects.get(sourced_id="u1"), Person.objects.get(sourced_id="p1")
    actions.restrict_guardian(
        actor=SYSTEM, student_id=ana.id, guardian_id=pat.id, reason_code="court_order", at=AT
    )
    assert "Ana Abeyta (u1) has a court restriction" in why(first)


def test_a_registered_blocker_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headway.rosters.undoing._BLOCKERS", [])
    run = bring(folder(tmp_path / "r", ROSTER_11))
    actions.register_blocker(lambda asked: [f"{len(actions.made_by(asked, 'Person'))} people have ratings"])
    with pytest.raises(Refusal, match="8 people have ratings"):
        actions.undo_import(run_id=run.pk, actor=SYSTEM, at=LATER)


def test_only_the_district_imports(tmp_path: Path) -> None:
    from headway.access.types import Viewer

    with pytest.raises(Refusal) as refusal:
        import_roster(folder(tmp_path / "r", ROSTER_11), actor=Viewer(roles=frozenset({Role.TEACHER})), at=AT)
    assert refusal.value.code == "forbidden"


def test_an_import_is_a_constant_number_of_statements(tmp_path: Path, django_assert_max_num_queries) -> None:
    more = "".join(f"x{n},,,true,s1,student,x{n},,Ana,Abeyta,,,,,,p1,05,\n" for n in range(300))
    rows = "".join(f"f{n},,,k1,s1,x{n},student,false,,\n" for n in range(300))
    path = folder(
        tmp_path / "r", {**ROSTER_11, "users.csv": USERS_11 + more, "enrollments.csv": ENROLLMENTS + rows}
    )
    with django_assert_max_num_queries(150):
        bring(path)
    assert Enrollment.objects.count() == 308


def test_a_roster_of_the_summer_gives_care_and_is_not_doubled_when_it_comes_again(tmp_path: Path) -> None:
    """Roles that begin with the year made no guardianships before it, and were made twice by a second import."""
    summer = datetime(2026, 7, 20, 18, tzinfo=UTC)
    dated = changed(ROSTER_12, "roles.csv", "student,,,s1", "student,2026-08-10,,s1")
    dated = changed(dated, "roles.csv", "parent,,,s1", "parent,2026-08-10,,s1")
    first = bring(folder(tmp_path / "a", dated), summer)
    assert {(one.student.sourced_id, one.guardian.sourced_id) for one in Guardianship.objects.all()} == {
        ("u1", "p1"), ("u2", "p1"),
    }  # fmt: skip
    grants = RoleGrant.objects.count()
    again = bring(folder(tmp_path / "b", dated), datetime(2026, 7, 27, 18, tzinfo=UTC))
    assert RoleGrant.objects.count() == grants
    assert again.counts["counts"]["grants"] == {
        "new": 0, "changed": 0, "unchanged": first.counts["counts"]["grants"]["new"], "ended": 0, "reactivated": 0,
    }  # fmt: skip
