"""Who may open what: one row for every address, one column for every kind of person, against one student's records.

The student is u1 of class k1 (teacher T1, school s1, guardian p1). A new address without a row fails.
Letters: . opens (200), > leads on (302), s sent to sign in (302), - does not exist for them (404), x not allowed (403),
k asks for a token (401), m a method that is not taken (405), ! what was sent is refused in words (422 or 400).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.test import Client

from headway.access import actions as access
from headway.access.doors import ANYONE, AT_DEVICE, ON_DEVICE
from headway.access.models import Account, ImportRun
from headway.access.types import SYSTEM, Role, Viewer
from headway.calibration import actions as calibration
from headway.calibration.models import CalibrationSession, Sample
from headway.calibration.types import NewSession
from headway.evidence import actions as evidence
from headway.evidence.models import Note, Offer, Opportunity, StudentRequest
from headway.evidence.types import Task, Work
from headway.frameworks import queries as frameworks
from headway.kit.times import now
from headway.proficiency import actions, queries
from headway.proficiency.models import PolicyVersion
from headway.project.urls import doors
from headway.report_cards.models import CardRun
from headway.rights import actions as rights
from headway.rights.models import RightsRequest
from headway.rosters import actions as rosters
from headway.rosters.models import Org, Person, SchoolClass
from headway.tasks import actions as tasks
from headway.tasks.models import Task as BankTask
from headway.tasks.types import NewCriterion, TaskText

from ..frameworks.packages import package, uid, under
from ..interop.oneroster.small_roster import ROSTER_12, folder

pytestmark = pytest.mark.django_db
PEOPLE = (
    "nobody",
    "u1",
    "u2",
    "u4",
    "p1",
    "p9",
    "kept",
    "T1",
    "T2",
    "sub",
    "gone",
    "lead1",
    "lead2",
    "district",
    "device",
    "child",
)
"""nobody · the student · a classmate · another school's student · guardian · another guardian · a guardian kept away by a
court · the teacher · another school's teacher (who leads it) · today's substitute · a teacher whose enrollment ended ·
leaders of this and of the other school · the district · a device that T1 opened for k1 · the student at such a device."""

TABLE = """
start                   s>>>>>>>>>>>>>>>
healthz                 ................
account.sign_in         ................
account.language        >>>>>>>>>>>>>>>>
account.home            s.............ss
account.rule            s.............ss
account.notices         s.............ss
account.notice_settings s.............ss
account.address         s-------------ss
device.home             --------------.>
device.work             -------------->.
device.hand_in          -------------->.
student.now             s...xxxxxxxxxxss
student.hand_in         s...xxxxxxxxxxss
student.ask             s---xxxxxxxxxxss
student.work            s.--xxxxxxxxxxss
student.continuum       s...xxxxxxxxxxss
student.about           s...xxxxxxxxxxss
files.file              s-------------ss
teacher.today           sxxxxxx..>xxxxss
teacher.substitute      sxxxxxx..>xxxxss
teacher.substitute_class s--------.----ss
teacher.note            s------>---x-xss
teacher.observe         sxxxxxx>>>xxxxss
teacher.classes         sxxxxxx>>.x>>>ss
teacher.grid            s------.---.-.ss
teacher.new_student     s------.---.-.ss
teacher.rate            sxxxxxx...x...ss
teacher.waiting         sxxxxxx...x...ss
teacher.rated           sxxxxxx...x...ss
teacher.rate_undo       sxxxxxx>>>x>>>ss
teacher.give            sxxxxxx...x...ss
teacher.given_list      s------.---.-.ss
teacher.given           sx--x--.---.-.ss
teacher.release         s------.---.-.ss
teacher.answer          sx--x-->--->->ss
teacher.kept_comments   sxxxxxx>>>x>>>ss
teacher.student         sx--x--.---.-.ss
teacher.decide          sx--x--.---.-.ss
teacher.correct         sx--x-->--->->ss
teacher.undo            sxxxxxx---x---ss
teacher.report_cards    sxxxxxx...x...ss
teacher.comments        s------.---.-.ss
teacher.card            sx--x--.---.-.ss
teacher.conference      sx--x--.---.-.ss
teacher.contact         sx--x--.---.-.ss
teacher.profile         sx--x--.---.-.ss
teacher.plan            sx--x--.---.-.ss
teacher.plans           sxxxxxx...x...ss
teacher.plan_template   sxxxxxx---x---ss
teacher.write_plan      sxxxxxxx.xx...ss
teacher.give_plan       sxxxxxx...x...ss
teacher.plan_given      s-------------ss
teacher.supports        sx--x--.---.-.ss
teacher.messages        sx--x--.---x-xss
teacher.sheet           s------.---.-.ss
teacher.paper           s------.---.-.ss
teacher.capture         s------.---.-.ss
teacher.device          s------.------ss
teacher.slips           s------>------ss
family.card             sx--.------x-xss
family.conference       sx--.------x-xss
family.messages         sx--.------x-xss
family.profile          sx--.------x-xss
family.rights           sx--.------x-xss
student.rights          s...xxxxxxxxxxss
school.rights           sxxxxxxx.xx...ss
school.right            sxxxxxxx-xx.-.ss
reports.index           sxxxxxxx.xx...ss
reports.report          sxxxxxxx-xx---ss
reports.new             sxxxxxxxxxxxx.ss
reports.edit            sxxxxxxxxxxxx-ss
reports.sets.new        sxxxxxxxxxxxx.ss
reports.sets.one        sxxxxxxx-xx---ss
reports.sets.edit       sxxxxxxx-xx---ss
reports.sets.pdf        sxxxxxxx-xx---ss
reports.over_time       sxxxxxxx-xx---ss
reports.pdf             sxxxxxxx-xx---ss
reports.csv             sxxxxxxx-xx---ss
reports.xlsx            sxxxxxxx-xx---ss
reports.json            sxxxxxxx-xx---ss
tasks.bank              sxxxxxx...x...ss
tasks.new               sxxxxxx...x...ss
tasks.task              s------...-...ss
tasks.version           s------...-...ss
tasks.editor            s------.---.-.ss
tasks.exemplars         s------.---.-.ss
tasks.validation        s------...-...ss
tasks.validity          s------...-...ss
calibration.index       sxxxxxx...x...ss
calibration.new         sxxxxxxx.xx...ss
calibration.consistency sxxxxxxx.xx...ss
calibration.capacity    sxxxxxxx.xx...ss
calibration.survey      s------...----ss
calibration.anchors     s------x.x-...ss
calibration.anchor_picture s------x-x----ss
calibration.session     s------.---...ss
calibration.plan        s---------->->ss
calibration.raters      s----------.-.ss
calibration.works       s----------.-.ss
calibration.take        s------.---.-.ss
calibration.work_picture s-------------ss
calibration.own_works   s------.----.-ss
calibration.score       s------.----.-ss
calibration.score_picture s-------------ss
calibration.map         s------.---...ss
calibration.work        s-------------ss
calibration.mine        s------.----.-ss
calibration.report      s------.---...ss
student.card            s..-xxxxxxxxxxss
student.plan            s...xxxxxxxxxxss
family.plan             sx--.------x-xss
school.report_cards     sxxxxxxx.xx...ss
school.card_board       sxxxxxxx-xx.-.ss
school.card_proof       sxxxxxxx-xx.-.ss
family.home             sxxx..x.xxxxxxss
family.child            sx--.------x-xss
family.why              sx--.------x-xss
family.work             sx--.------x-xss
school.week             sxxxxxxx.xx...ss
school.week_csv         sxxxxxxx.xx..-ss
school.addresses        sxxxxxxx.xx...ss
school.cohort           sxxxxxxx-xx.-.ss
district.home           sxxxxxxxxxxxx.ss
district.roster         sxxxxxxxxxxxx.ss
district.person         sxxxxxxxxxxxx.ss
district.events         sxxxxxxxxxxxx.ss
district.people         sxxxxxxxxxxxx.ss
district.transfer       sxxxxxxxxxxxx.ss
district.transfer_in    sxxxxxxxxxxxx.ss
district.classes        sxxxxxxxxxxxx.ss
district.class          sxxxxxx.--x.-.ss
district.frameworks     sxxxxxxxxxxxx.ss
district.framework      sxxxxxxxxxxxx.ss
district.year           sxxxxxxxxxxxx.ss
district.policy         sxxxxxxxxxxxx.ss
district.laboratory     sxxxxxxx.xx...ss
district.gradebook      sxxxxxxxxxxxx.ss
district.packs          sxxxxxxxxxxxx.ss
district.ledger         sxxxxxxxxxxxx.ss
district.sending        sxxxxxxxxxxxx.ss
district.undo           sxxxxxxxxxxxx.ss
public.continuums       ................
public.continuum        ................
v1.ratings              k!!!xxx!!!x!!!kk
v1.release              kxxxxxx!!!x!!!kk
v1.move                 kxxxxxx!!!x!!!kk
v1.undo                 kxxxxxx---x---kk
v1.determinations       k!!!!!x!!!x!!!kk
v1.explain              k!!!!!x!!!x!!!kk
v1.openapi              ................
account.sign_out        ssssssssssssssss
device.done             -------------->>
"""


@pytest.fixture
def clients(tmp_path: Path) -> dict[str, Client]:
    """Return a signed-in client for each of `PEOPLE`."""
    at = now()
    rosters.begin_district(name="Juniper Valley", at=at)
    actions.begin(at=at)
    today = at.astimezone(queries.book().zone).date()
    from headway.interop.oneroster.apply import import_roster

    import_roster(folder(tmp_path / "r", ROSTER_12), actor=SYSTEM, at=datetime(2026, 8, 20, 18, tzinfo=UTC))
    frameworks_package = package("MATH", "AR CA A1 A2", *under("AR", "CA"), *under("CA", "A1", "A2"))
    from headway.frameworks import actions as continuums

    continuums.apply_package(frameworks_package, actor=SYSTEM, at=at)
    made = {}
    for key in ("p9", "kept", "sub", "gone", "lead1", "lead2"):
        made[key] = Person.objects.create(sourced_id=key, given_name=key, family_name="Made")
    u1, u4 = Person.objects.get(sourced_id="u1"), Person.objects.get(sourced_id="u4")
    rosters.add_guardianship(actor=SYSTEM, student_id=u4.id, guardian_id=made["p9"].id, at=at)
    rosters.add_guardianship(actor=SYSTEM, student_id=u1.id, guardian_id=made["kept"].id, at=at)
    rosters.restrict_guardian(
        actor=SYSTEM,
        student_id=u1.id,
        guardian_id=made["kept"].id,
        reason_code="court",
        at=at,
        starts_on=today,
    )
    from headway.rosters.models import Enrollment

    k1 = SchoolClass.objects.get(sourced_id="k1")
    day = timedelta(days=1)
    rosters.name_substitute(
        actor=SYSTEM,
        class_id=k1.id,
        person_id=made["sub"].id,
        starts_on=today - day,
        ends_on=today + 2 * day,
        at=at,
    )
    Enrollment.objects.create(sourced_id="ended", person=made["gone"], school_class=k1, role="teacher",
                              starts_on=date(2026, 8, 1), ends_on=today - 2 * day)  # fmt: skip
    for person, school in (("lead1", "s1"), ("lead2", "s2")):
        org = Org.objects.get(sourced_id=school)
        rosters.grant_role(
            actor=SYSTEM,
            person_id=made[person].id,
            role=Role.PRINCIPAL,
            at=at,
            org_id=org.id,
            starts_on=today - day,
        )
    actions.record_rows(actor=SYSTEM, rows=[
        {"key": "r1", "student": "u1", "target": "A1", "level": 3, "observed_at": "2026-10-01", "evidence": "piece-1"}], at=at,
        book=queries.book())  # fmt: skip
    node = frameworks.node_ids(uuids=[uid("A1")])[uid("A1")]
    work = Work(key="piece-1", student=u1.id, student_uuid=u1.uuid, targets=(node,), target_uuids=(uid("A1"),), title="Map",
                file_name="map.txt", file_type="text/plain", file_digest="a" * 64, file_size=3)  # fmt: skip
    evidence.hand_in(actor=SYSTEM, work=work, at=at)
    task = Task(key="give-0001", title="Map", targets=(node,), school_class=k1.id)
    evidence.give(actor=SYSTEM, task=task, students=[u1.id], at=at)
    asking = Viewer(person=u1.uuid, person_id=u1.id, roles=frozenset({Role.STUDENT}), today=today)
    evidence.ask(actor=asking, target=node, kind="ready", words="", at=at)
    standing_in = Viewer(
        person=made["sub"].uuid, person_id=made["sub"].id, roles=frozenset({Role.TEACHER}), today=today
    )
    evidence.write_note(
        actor=standing_in, school_class=k1.id, student=u1.id, words="Calm.", key="note-0001", at=at
    )
    from headway.report_cards import actions as report_cards
    from headway.rosters.models import Term

    run = report_cards.open_run(
        actor=SYSTEM,
        school_id=Org.objects.get(sourced_id="s1").id,
        term_id=Term.objects.get(sourced_id="t1").id,
        at=at,
    )
    report_cards.freeze(actor=SYSTEM, run=run, as_of=today, at=at)
    rights.ask(
        actor=Viewer(person=u1.uuid, person_id=u1.id, name="u1", roles=frozenset({Role.STUDENT}), today=today),
        student_id=u1.id, key="right-1", kind="record", item="", words="", at=at, book=queries.book(),
    )  # fmt: skip
    writer = Person.objects.get(sourced_id="T1")
    by = Viewer(person=writer.uuid, person_id=writer.id, roles=frozenset({Role.TEACHER}), today=today)
    said = TaskText("Trail mix", "Ratios", "Mix it.", criteria=(NewCriterion("Compares", node),))
    version = tasks.draft_task(
        actor=by, key="task-0001", text=said, at=at, school=Org.objects.get(sourced_id="s1").id
    )
    tasks.publish_task(actor=by, version=version, at=at)
    together(made["lead1"], version, at, today)
    tasks.revise_task(actor=by, task=BankTask.objects.get().uuid, at=at)
    found = {"nobody": Client()}
    for key in PEOPLE[1:-2]:
        client = Client()
        if key == "district":
            account, _ = access.open_account(
                actor=SYSTEM, username="root", name="Root", at=at, administrator=True
            )
        else:
            person = Person.objects.get(sourced_id=key)
            account, _ = access.open_account(actor=SYSTEM, username=key, name=key, at=at, person=person.uuid)
        client.force_login(account)
        scopes = ["ratings.write", "ratings.read"]
        client.defaults["HTTP_AUTHORIZATION"] = "Bearer " + access.issue_token(
            actor=SYSTEM, account=account, scopes=scopes, at=at
        )
        found[key] = client
    for key in PEOPLE[-2:]:
        found[key] = at_device(k1, u1, at) if key == "child" else at_device(k1, None, at)
    return found


def together(leader: Person, version: UUID, at: datetime, today: date) -> None:
    """Open the blind round of a session that lead1 convenes, with T1 and a colleague, on one work of u1."""
    by = Viewer(account=SYSTEM.account, person=leader.uuid, person_id=leader.id, roles=frozenset({Role.PRINCIPAL}),
                schools=frozenset({Org.objects.get(sourced_id="s1").id}), today=today)  # fmt: skip
    u1, node = Person.objects.get(sourced_id="u1"), frameworks.node_ids(uuids=[uid("A1")])[uid("A1")]
    evidence.hand_in(actor=SYSTEM, at=at, work=Work(
        key="piece-2", student=u1.id, student_uuid=u1.uuid, targets=(node,), target_uuids=(uid("A1"),), title="Mix",
        words="Anita took two cups.",
    ))  # fmt: skip
    new = NewSession(
        key="session-1", title="Together", purpose="", version=version, opens_on=today, closes_on=today
    )
    session = calibration.plan_session(actor=by, new=new, at=at)
    copy = calibration.take_sample(
        actor=by, key="copy-1", version=version, pieces=["piece-2"], files={}, also=(), looked=True, at=at
    )
    calibration.put_in(actor=by, session=session, samples=[copy], at=at)
    people = [Person.objects.get(sourced_id=name).id for name in ("T1", "lead2")]
    calibration.invite(actor=by, session=session, people=people, at=at)
    calibration.open_session(actor=by, session=session, looked=True, at=at)


def at_device(k1: SchoolClass, student: Person | None, at: datetime) -> Client:
    """Return a browser that T1 opened for a class, with a student signed in there by the code of a slip."""
    client, teacher = Client(), Person.objects.get(sourced_id="T1")
    client.force_login(Account.objects.get(username="T1"))
    client.post("/teacher/classes/k1/device", {"act": "open"})
    if student is not None:
        who = Viewer(
            person=teacher.uuid,
            person_id=teacher.id,
            roles=frozenset({Role.TEACHER}),
            classes=frozenset({k1.id}),
        )
        (slip,) = access.issue_slips(
            actor=who, class_id=k1.id, school_class=k1.uuid, students=[student.uuid], at=at
        )
        assert client.post("/class-device", {"code": slip.code}).status_code == 302
    return client


def address(door) -> str:
    """Return the door's address for the student u1."""
    node = frameworks.node_ids(uuids=[uid("A1")])[uid("A1")]
    parts = {"student_id": "u1", "class_id": "k1", "target": str(node), "key": "piece-1", "digest": "a" * 64, "cohort_id": "s1",
             "person_id": "u1", "act": "1", "run_id": str(ImportRun.objects.earliest("pk").pk),
             "task": str(BankTask.objects.get().uuid), "number": "1",
             "identifier": str(uid("A1")), "guardian_id": "p1", "token": "x",
             "name": str(RightsRequest.objects.get().uuid), "run": str(CardRun.objects.get().pk),
             "note_id": str(Note.objects.get().uuid),
             "offer_id": str(Offer.objects.get().uuid), "request_id": str(StudentRequest.objects.get().uuid),
             "version": str(PolicyVersion.objects.first().id), "place": "1",
             "session": str(CalibrationSession.objects.get().uuid),
             "position": "1", "sample": str(Sample.objects.get().uuid)}  # fmt: skip
    if door.name == "device.hand_in":
        return f"/class-device/hand-in?task={Opportunity.objects.get().uuid}"
    if door.name == "calibration.take":
        return f"/calibration/{parts['session']}/works/take?piece=piece-2"
    if door.name.startswith("calibration."):
        parts["version"] = str(BankTask.objects.get().current.uuid)
    if door.name in ("public.continuum", "district.framework"):
        parts["key"] = "MATH"
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda m: parts[m[1]], door.route)


LETTERS = {200: ".", 302: ">", 404: "-", 403: "x", 401: "k", 405: "m", 422: "!", 400: "!"}


def letter(answer) -> str:
    """Return the letter of an answer."""
    if answer.status_code == 302 and answer["Location"].startswith("/account/sign-in"):
        return "s"
    return LETTERS[answer.status_code]


def test_every_address_answers_every_kind_of_person_as_the_table_says(clients: dict[str, Client]) -> None:
    table = dict(line.split() for line in TABLE.strip().splitlines())
    pages = {door.name: door for door in doors if not door.name.startswith("case.")}
    assert set(table) == set(pages), "every address has a row, and every row an address"
    wrong = []
    for name, row in table.items():
        door, said = pages[name], ""
        for person in PEOPLE:
            ask = clients[person].get if "GET" in door.methods else clients[person].post
            said += letter(ask(address(door)))
        if said != row:
            wrong.append(f"{name}: expected {row}, got {said}")
    assert wrong == [], "\n".join(wrong)


def test_every_closed_door_opens_for_somebody_and_stays_shut_for_somebody() -> None:
    table = dict(line.split() for line in TABLE.strip().splitlines())
    for door in doors:
        if door.who is not ANYONE and not door.name.startswith("case."):
            assert set(table[door.name]) & set(".>!-"), door.name
            closed = "-" if door.who in (ON_DEVICE, AT_DEVICE) else "sk"
            assert set(table[door.name]) & set(closed), door.name


def test_what_is_out_of_scope_reads_like_what_does_not_exist(clients: dict[str, Client]) -> None:
    pairs = [
        ("u2", "/teacher/students/{}"),
        ("T2", "/teacher/students/{}"),
        ("p9", "/family/children/{}"),
        ("kept", "/family/children/{}"),
        ("T2", "/teacher/classes/{}/grid"),
        ("lead2", "/teacher/students/{}"),
        ("sub", "/teacher/students/{}"),
    ]
    for person, path in pairs:
        real, missing = "k1" if "classes" in path else "u1", "zz"
        found = [clients[person].get(path.format(which)) for which in (real, missing)]
        assert [answer.status_code for answer in found] == [404, 404], (person, path)
        bodies = [re.sub(rb'value="[^"]{20,}"', b"", answer.content.replace(which.encode(), b"ID")) for answer, which in
                  zip(found, (real, missing), strict=True)]  # fmt: skip
        assert bodies[0] == bodies[1], (person, path)
        assert b"Abeyta" not in found[0].content


def test_a_name_reaches_only_those_whose_scope_holds_it(clients: dict[str, Client]) -> None:
    """u1 goes by Anita: nobody outside the scope reads that name on any page."""
    outside = ("nobody", "u4", "p9", "kept", "T2", "gone", "lead2")
    for door in doors:
        if "GET" not in door.methods or door.name.startswith("case."):
            continue
        for person in outside:
            assert b"Anita" not in clients[person].get(address(door)).content, (door.name, person)


def test_a_deactivated_account_is_out_at_once(clients: dict[str, Client]) -> None:
    client = clients["T1"]
    assert client.get("/teacher/today").status_code == 200
    access.deactivate(actor=SYSTEM, account=Account.objects.get(username="T1"), at=now())
    assert letter(client.get("/teacher/today")) == "s"
    assert client.get("/api/v1/explain?student=u1&target=A1").status_code == 401
