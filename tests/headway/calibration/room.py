"""A room of eight raters from three schools, a task with five criteria, and twenty pieces of work with names in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from headway.access.types import SYSTEM, Role, Viewer
from headway.calibration import actions, queries
from headway.calibration.types import EVERYBODY, Given, NewSession, SessionView
from headway.evidence import actions as evidence
from headway.evidence.types import Work
from headway.frameworks import actions as frameworks
from headway.frameworks import queries as continuums
from headway.proficiency import actions as proficiency
from headway.rosters import actions as rosters
from headway.rosters.models import Enrollment, Org, Person, RoleGrant, SchoolClass
from headway.tasks.models import Criterion, Task, TaskVersion

from ..frameworks.packages import package, under

BEGUN = datetime(2026, 8, 3, 18, tzinfo=UTC)
NOW = datetime(2026, 11, 10, 18, tzinfo=UTC)
TODAY = NOW.date()
LINES = ("Model", "Method", "Reason", "Precision", "Words")
LEVELS = (100, 200, 300, 400)
SCHOOLS = ("Juniper", "Cedar", "Aspen")
RATERS = 8
STUDENTS = 20
GIVEN = (
    "Xochitl",
    "Quillon",
    "Zephyrine",
    "Wolfram",
    "Yaretzi",
    "Bertrand",
    "Odalys",
    "Evander",
    "Philippa",
    "Thaddeus",
)
FAMILY = ("Vandermeer", "Quispe")
CRITERIA: dict[str, UUID] = {}


def build() -> None:
    """Open the district: a continuum with five targets, three schools, staff, one class of twenty, a published task."""
    rosters.begin_district(name="Juniper Valley", at=BEGUN)
    targets = [f"T{n}" for n in range(1, 6)]
    frameworks.apply_package(
        package("Math", ["A", "B", *targets], *under("Math", "A", "B"), *under("A", *targets[:3]), *under("B", *targets[3:])),
        actor=SYSTEM, at=BEGUN,
    )  # fmt: skip
    proficiency.begin(at=BEGUN)
    district = Org.objects.create(sourced_id="D", name="Juniper Valley", kind="district")
    for name in SCHOOLS:
        school = Org.objects.create(sourced_id=name, name=name, kind="school", parent=district)
        SchoolClass.objects.create(
            sourced_id=f"{name}-1", title=f"Math {name}", school=school, frameworks=["Math"]
        )
    for n in range(RATERS):
        teacher(f"rater{n}", SCHOOLS[n % 3])
    grant("coach", Role.COACH, None)
    grant("principal", Role.PRINCIPAL, "Juniper")
    for n in range(STUDENTS):
        student = Person.objects.create(
            sourced_id=f"SID-{n:04d}",
            given_name=GIVEN[n % 10],
            family_name=FAMILY[n // 10],
            username=f"login{n:03d}",
        )
        Enrollment.objects.create(
            sourced_id=f"e-{n}", person=student, role="student", starts_on=date(2026, 8, 10),
            school_class=SchoolClass.objects.get(sourced_id=f"{SCHOOLS[n % 3]}-1"),
        )  # fmt: skip
    _task(targets)


def teacher(name: str, school: str) -> Person:
    person = Person.objects.create(sourced_id=name, given_name=name.title(), family_name=f"Teach{name}")
    Enrollment.objects.create(
        sourced_id=f"t-{name}", person=person, role="teacher", starts_on=date(2026, 8, 10),
        school_class=SchoolClass.objects.get(sourced_id=f"{school}-1"),
    )  # fmt: skip
    return person


def grant(name: str, role: Role, school: str | None) -> Person:
    person, _ = Person.objects.get_or_create(
        sourced_id=name, defaults={"given_name": name.title(), "family_name": "Lead"}
    )
    org = Org.objects.get(sourced_id=school or "D")
    RoleGrant.objects.create(person=person, role=role, org=org, starts_on=date(2026, 8, 3))
    return person


def _task(targets: list[str]) -> None:
    nodes = {code: continuums.target_by_reference(code).id for code in targets}
    task = Task.objects.create(key="task-1", made_at=BEGUN)
    levels = [{"level": level, "names": {"en": name, "es": name}}
              for level, name in zip(LEVELS, ("Emerging", "Developing", "Proficient", "Extending"), strict=True)]  # fmt: skip
    version = TaskVersion.objects.create(
        task=task, number=1, title="A fair price", purpose="See ratios", prompt="Find a fair price.", depth=3, levels=levels,
        written_at=BEGUN, published_at=BEGUN,
    )  # fmt: skip
    task.current = version
    task.save()
    for n, (line, code) in enumerate(zip(LINES, targets, strict=True), 1):
        made = Criterion.objects.create(
            version=version, position=n, name=line, target_id=nodes[code],
            descriptors=[{"level": level, "words": f"{line} at {level // 100}"} for level in LEVELS],
        )  # fmt: skip
        CRITERIA[line] = made.uuid


def version() -> UUID:
    return TaskVersion.objects.get().uuid


def viewer(name: str, *, on: date = TODAY) -> Viewer:
    """Return somebody of the roster as a request would."""
    from headway.access.models import Account

    person = Person.objects.get(sourced_id=name)
    account = Account(username=name, person=person.uuid, name=person.name())
    from headway.rosters.queries import viewer_for

    return viewer_for(account, on)


def district() -> Viewer:
    return replace(SYSTEM, today=TODAY)


def piece(n: int, **changed: str) -> str:
    """Hand in the work of student n, which says who they are in several ways; return its key."""
    student = Person.objects.get(sourced_id=f"SID-{n:04d}")
    other = Person.objects.get(sourced_id=f"SID-{n + 3 if n + 3 < STUDENTS else n - 3:04d}")
    targets = [continuums.target_by_reference(f"T{k}") for k in range(1, 6)]
    words = changed.pop("words", None) or (
        f"My name is {student.given_name} {student.family_name}. {other.given_name.upper()} and Rater{n % 3} helped me. "
        f"Write to {student.username} or {student.sourced_id}. Work {n}: three apples cost two dollars."
    )
    key = f"work-{n:03d}"
    evidence.hand_in(actor=SYSTEM, work=Work(
        key=key, student=student.id, student_uuid=student.uuid, targets=tuple(one.id for one in targets),
        target_uuids=tuple(one.uuid for one in targets), title=f"Price by {student.given_name}", words=words, **changed,
    ), at=NOW - timedelta(days=20))  # fmt: skip
    return key


def copy(n: int) -> UUID:
    """Take the masked copy of student n's work by the district; return its uuid."""
    key = piece(n)
    return actions.take_sample(
        actor=district(),
        key=f"copy-{key}",
        version=version(),
        pieces=[key],
        files={},
        also=(),
        looked=True,
        at=NOW,
    )


def planned(
    *, works: int = 6, raters: int = RATERS, way: str = EVERYBODY, actor: str = "coach", **changed
) -> UUID:
    """Plan a session with works and raters in it; return its uuid."""
    new = NewSession(
        key=f"session-{uuid4()}", title="Fair price, November", purpose="What is proficient?", version=version(),
        way=way, **{"opens_on": TODAY, "closes_on": TODAY + timedelta(days=14), **changed},
    )  # fmt: skip
    who = viewer(actor)
    session = actions.plan_session(actor=who, new=new, at=NOW)
    actions.put_in(actor=who, session=session, samples=[copy(n) for n in range(works)], at=NOW)
    people = [Person.objects.get(sourced_id=f"rater{n}").id for n in range(raters)]
    actions.invite(actor=who, session=session, people=people, at=NOW)
    return session


def opened(**how) -> UUID:
    session = planned(**how)
    actions.open_session(actor=viewer(how.get("actor", "coach")), session=session, looked=True, at=NOW)
    return session


def seen(name: str, session: UUID) -> SessionView:
    found = queries.find_session(viewer=viewer(name), session=session)
    assert found is not None
    return found


def give(name: str, session: UUID, place: int, level: int = 300, **comments: str) -> bool:
    """Give every criterion of a place the same level."""
    given = {uuid: Given(level, comments.get(line, "")) for line, uuid in CRITERIA.items()}
    return actions.save_scores(actor=viewer(name), session=session, place=place, given=given, at=NOW)


def everybody_scores(
    session: UUID, *, raters: int = RATERS, works: int = 6, level=lambda rater, number, line: 300
) -> None:
    """Let raters score all they have and hand in; `level` says what by rater, the work's number and the criterion's place."""
    from headway.calibration.models import Seat

    for n in range(raters):
        who = viewer(f"rater{n}")
        for seat in Seat.objects.filter(
            rater__person_id=who.person_id, work__session__uuid=session
        ).select_related("work"):
            given = {uuid: Given(level(n, seat.work.number, at)) for at, uuid in enumerate(CRITERIA.values())}
            actions.save_scores(actor=who, session=session, place=seat.place, given=given, at=NOW)
        actions.hand_in_round(actor=who, session=session, at=NOW)


def revealed(session: UUID, *, actor: str = "coach") -> None:
    actions.reveal(actor=viewer(actor), session=session, without=False, at=NOW)
