"""A student comes of age: the rights move that day in the school's zone, and a parent goes on by the student's consent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.access.queries import account_of
from headway.access.types import SYSTEM, Viewer
from headway.evidence import queries as evidence
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as levels
from headway.proficiency.policy_file import PolicyReader
from headway.project.commands import erase, verify
from headway.rights import actions
from headway.rosters import queries as rosters
from headway.rosters.majority import born_by
from headway.rosters.models import Demographics, KeptCare
from headway.rosters.queries import viewer_for

from ..pages.school.reading import lead
from ..pages.student.world import NOW, build, person
from ..profiles.people import browser, refusal, viewer

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
TODAY = NOW.date()
CHILD = "/family/children/u1"


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def born(who: str, day: date) -> None:
    Demographics.objects.filter(person=person(who)).update(birth_on=day)


def eighteen(who: str = "u1") -> None:
    born(who, TODAY.replace(year=TODAY.year - 18))


def children(day: date = TODAY) -> set[str]:
    browser("p1")
    account = account_of(person("p1").uuid)
    assert account is not None
    levels.book()
    kept = viewer_for(account, day).children
    listed = {one.sourced_id for one in rosters.children_of(guardian_person_id=person("p1").id, as_of=day)}
    assert {person(name).id for name in listed} == kept, "both ways of asking say the same"
    return listed


def district() -> Viewer:
    return Viewer(name="Dana", roles=SYSTEM.roles, today=TODAY)


def rule(**said: object) -> None:
    proficiency.import_policy(actor=SYSTEM, body={"rights": said}, name="p.toml", at=NOW)


def test_rights_move_on_the_birthday_and_not_before() -> None:
    born("u1", (TODAY + timedelta(days=1)).replace(year=TODAY.year - 18))
    assert children() == {"u1", "u2"}
    assert children(TODAY + timedelta(days=1)) == {"u2"}
    assert rosters.guardians_of(student_person_id=person("u1").id, as_of=TODAY + timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2026, 2, 28), date(2008, 2, 28)),
        (date(2026, 3, 1), date(2008, 3, 1)),
        (date(2028, 2, 29), date(2010, 2, 28)),
    ],
)
def test_rights_of_who_was_born_on_a_leap_day_move_on_the_first_of_march(day: date, last: date) -> None:
    assert born_by(day, 18) == last


def test_rights_move_at_midnight_in_the_zone_of_the_school() -> None:
    """Denver is seven hours behind: at 6:59 UTC it is still the evening before."""
    born("u1", date(2008, 12, 10))
    with time_machine.travel(datetime(2026, 12, 10, 6, 59, tzinfo=UTC), tick=False):
        family = browser("p1")
        assert family.get(CHILD).status_code == 200
    with time_machine.travel(datetime(2026, 12, 10, 7, 1, tzinfo=UTC), tick=False):
        assert family.get(CHILD).status_code == 404
        assert family.get(f"{CHILD}/rights").status_code == 404
        assert browser("u1").get("/student/rights").status_code == 200


def test_rights_a_student_lets_a_parent_go_on_and_ends_it() -> None:
    student, family = browser("u1"), browser("p1")
    assert (
        refusal(
            actions.let_go_on,
            actor=viewer("u1"),
            student_id=person("u1").id,
            guardian_id=person("p1").id,
            at=NOW,
        )
        == "not_of_age"
    )
    eighteen()
    assert family.get(CHILD).status_code == 404
    for _ in range(2):
        assert (
            b"go on"
            in student.post("/student/rights", {"act": "keep_on", "adult": "p1"}, follow=True).content
        )
    assert family.get(CHILD).status_code == 200 and children() == {"u1", "u2"}
    assert KeptCare.objects.count() == 1 and verify(None)["ok"]
    student.post("/student/rights", {"act": "end_keep", "adult": "p1"})
    assert family.get(CHILD).status_code == 404 and children() == {"u2"}
    told = [kind for _s, kind, *_ in evidence.events_about(subjects=[person("u1").uuid])]
    assert told == ["kept_care", "kept_care"] and verify(None)["ok"]
    KeptCare.objects.update(ends_on=None)
    assert [one["found"] for one in verify(None)["breaks"]] == ["KeptCare"]
    erase("u1", "asked for")
    assert not KeptCare.objects.exists() and verify(None)["ok"]


def test_rights_only_the_student_and_the_district_let_a_parent_go_on() -> None:
    eighteen()
    own = {"student_id": person("u1").id, "guardian_id": person("p1").id, "at": NOW}
    assert refusal(actions.let_go_on, actor=viewer("p1"), **own) == "no_such_person"
    assert refusal(actions.let_go_on, actor=viewer("T1"), **own) == "no_such_person"
    assert (
        refusal(actions.let_go_on, actor=viewer("u1"), **{**own, "guardian_id": person("T1").id})
        == "no_such_guardianship"
    )


def test_rights_dependence_opens_a_record_only_where_the_district_says_so() -> None:
    eighteen()
    client = lead()
    client.post("/district/roster/people/u1", {"act": "keep_on", "adult": "p1"})
    assert KeptCare.objects.get().basis == "dependent"
    assert children() == {"u2"}, "by default nobody goes on without the student's consent"
    rule(parents_keep="dependents")
    assert children() == {"u1", "u2"}
    client.post("/district/roster/people/u1", {"act": "end_keep", "adult": "p1"})
    assert children() == {"u2"}
    rule(adult_age=19)
    assert children() == {"u1", "u2"}, "the age is the district's too"


def test_rights_a_viewer_costs_no_statement_more() -> None:
    eighteen()
    browser("p1")
    account = account_of(person("p1").uuid)
    assert account is not None
    levels.book()
    with CaptureQueriesContext(connection) as asked:
        viewer_for(account, TODAY)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[rights]\nadult_age = 12\n", "out_of_range"),
        ("[rights]\nanswer_days = 60\n", "out_of_range"),
        ('[rights]\nparents_keep = "all"\n', "unknown_word"),
        ("[rights]\nage = 18\n", "unknown_key"),
    ],
)
def test_rights_a_faulty_section_of_the_policy_file_is_refused_by_key(text: str, code: str) -> None:
    from headway.kit.refusals import Refusal

    with pytest.raises(Refusal) as refused:
        PolicyReader(text, "p.toml").read()
    assert [one.code for one in refused.value.findings] == [code]
