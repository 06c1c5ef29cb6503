"""Builds the demonstration: roster, continuums, policies, three years of evidence, plans, work that waits, ready-made logins."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction

from headway.access import actions as access
from headway.access.types import SYSTEM
from headway.demo import bank, calibrating, home, loop
from headway.demo import people as cast_of
from headway.demo import years as history
from headway.demo.people import COACH, Cast, student_id
from headway.demo.problems import PROBLEMS
from headway.demo.years import Person
from headway.evidence import actions as evidence
from headway.evidence import queries as ledger
from headway.evidence.types import RatingEntry, Work
from headway.frameworks import queries as frameworks
from headway.frameworks.types import NodeView, Tree
from headway.interop.case import exchange
from headway.interop.oneroster import apply as oneroster
from headway.jobs import actions as jobs
from headway.kit.refusals import Refusal
from headway.kit.times import from_micros, now
from headway.plans import actions as plans
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as standings
from headway.proficiency.policy_file import read_policy
from headway.reports import actions as reports
from headway.reports.types import MONTHLY, SNAPSHOT
from headway.rosters import actions as rosters
from headway.rosters import queries as roster

HERE = Path(__file__).parent
CONTINUUMS = ("mathematics", "reading", "science", "lifelong")
PLAN_SHARE = 0.5
PLAN_PIECES = 2
WAITING = (
    (
        "Trail mix for thirty",
        "I doubled the recipe five times. Nuts to raisins stays 2 to 3 each time, so 30 people need 12 cups and 18 cups.",
    ),
    (
        "Bus timetable",
        "The 12 bus is 4 minutes late at every stop after the bridge. I drew the line twice; it is parallel to the plan.",
    ),
    (
        "Map of our street",
        "One square is 5 meters. My house to the school is 34 squares, so 170 meters. I paced it and got 164.",
    ),
    (
        "Own idea: skate ramp",
        "The ramp is steeper when I move the bucket closer. I measured the height and the floor and wrote the table.",
    ),
)


LOGINS = "demonstration.json"


def build(*, students: int, seed: int, progress: bool, port: int) -> dict[str, Any]:
    """This will fill an empty home with the demonstration; a home that is one already only gives its logins again.

    Raises `Refusal("not_empty")` where the home holds a district that is not the demonstration.
    """
    began = time.perf_counter()
    kept = settings.HOME / LOGINS
    if kept.exists():
        return _again(json.loads(kept.read_text(encoding="utf-8")), port)
    if ledger.head()[0]:
        raise Refusal(
            "not_empty", "This home holds records already; give the demonstration a home of its own."
        )
    steps = _Steps(progress)
    at = now()
    zone = standings.book().zone
    today = at.astimezone(zone).date()
    years = history.school_years(today)
    who = cast_of.cast(np.random.default_rng(seed), students)
    with transaction.atomic():
        steps.say("people")
        first = datetime.combine(years[0][0], datetime.min.time(), UTC)
        with tempfile.TemporaryDirectory() as folder:
            oneroster.import_roster(
                cast_of.write_roster(Path(folder) / "roster", who, years), actor=SYSTEM, at=at
            )
        steps.say("continuums")
        for name in CONTINUUMS:
            exchange.import_framework(HERE / "continuums" / f"{name}.csv", actor=SYSTEM, at=first)
        policy = read_policy(HERE / "district.toml")
        policy["calendar"] = [
            {"session": f"{a.year}-{b.year % 100}", "starts": str(a), "ends": str(b), "breaks": _breaks(a)}
            for a, b in years
        ]
        proficiency.import_policy(actor=SYSTEM, body=policy, name="district.toml", at=first)
        _classes(who, at)
        ids = _people(who)
        steps.say("three years of evidence")
        planted = _evidence(who, ids, years, today, at, seed)
        steps.say("levels")
        proficiency.redetermine(at=at, apply=True)
        steps.say("plans, waiting work, tasks, requests, logins")
        _plans(who, ids, years[-1], at)
        _waiting(who, ids, at)
        loop.build(who, ids, planted.get("steady", []), at)
        logins = _logins(who, at)
        teacher = next(one["sourced_id"] for one in logins if one["username"] == "teacher")
        bank.build(who, ids, planted.get("steady", []), teacher, at)
        steps.say("scoring together")
        calibrating.build(who, ids, teacher, planted.get("steady", []), at)
        # After every rating: a card speaks of all that the ledger knew.
        _home(who, logins, years[-1][0], at, today)
        _figures(at, today)
    # The passwords of a demonstration are no secret, and who starts it again needs them.
    kept.write_text(json.dumps(logins, ensure_ascii=False), encoding="utf-8")
    kept.chmod(0o600)
    n = ledger.head()[0]
    return {
        "students": students, "teachers": len(who.teachers), "guardians": len(who.guardians), "ratings": _ratings(n),
        "planted": {state: [student_id(number) for number in found] for state, found in planted.items() if state != "steady"},
        "seconds": round(time.perf_counter() - began, 1), "address": f"http://localhost:{port}/", "logins": logins,
    }  # fmt: skip


def _figures(at: datetime, today: date) -> None:
    """Put a set of reports together, and ask for snapshots of the ends of two months, so that something is told over time."""
    reports.save_set(
        actor=SYSTEM,
        title="Board",
        reports=["standing", "groups", "opening"],
        comes=MONTHLY,
        for_schools=False,
        at=at,
    )
    ends = [today.replace(day=1) - timedelta(days=1)]
    ends.append(ends[0].replace(day=1) - timedelta(days=1))
    # The server asks for today's when it starts; these come after it.
    asked = {f"{SNAPSHOT}-{day}-end": {"as_of": day.isoformat()} for day in ends}
    jobs.put(kind=SNAPSHOT, jobs=asked, at=at, due_at=at + timedelta(minutes=2))


def _ratings(_: int) -> int:
    return ledger.events_since(sequence=0, kinds=("rating",))


class _Steps:
    """Says on a terminal which step runs."""

    def __init__(self, shown: bool) -> None:
        self.shown = shown

    def say(self, what: str) -> None:
        if self.shown:
            sys.stderr.write(f"  {what} …\n")
            sys.stderr.flush()


def _breaks(starts: date) -> list[list[str]]:
    year = starts.year
    # Thanksgiving is the fourth Thursday of November; the week around it is free.
    thursday = next(d for d in (date(year, 11, n) for n in range(22, 29)) if d.weekday() == 3)
    return [
        [str(thursday - timedelta(days=1)), str(thursday + timedelta(days=1))],
        [str(date(year, 12, 21)), str(date(year + 1, 1, 1))],
        [str(date(year + 1, 3, 23)), str(date(year + 1, 3, 27))],
    ]


def _classes(who: Cast, at: datetime) -> None:
    for one in who.classes:
        titles = list(cast_of.SUBJECTS[one.subject][1])
        code = cast_of.grade_code(one.grade)
        levels = set()
        for title in titles:
            level = frameworks.framework_by_key(title).expected_levels.get(code)
            levels.add(level)
        chosen = [str(level) for level in sorted(levels)] if len(titles) == 1 else []
        found = roster.class_by_reference(one.sourced_id)
        rosters.set_frameworks(actor=SYSTEM, class_id=found.id, frameworks=titles, levels=chosen, at=at)


def _people(who: Cast) -> dict[str, Person]:
    wanted = (
        [student_id(number) for number in range(len(who.names))] + list(who.teachers) + list(who.principals)
    )
    return {key: Person(*found) for key, found in roster.people_references(sourced_ids=wanted).items()}


def _evidence(
    who: Cast, ids: dict[str, Person], years: list[tuple[date, date]], today: date, at: datetime, seed: int
) -> dict[str, list[int]]:
    calendar = history.calendar_of(years, today - timedelta(days=1))
    students = [ids[student_id(number)] for number in range(len(who.names))]
    staff: dict[int, list[Person]] = {grade: [] for grade in range(13)}
    for one in who.classes:
        if ids[one.teacher] not in staff[one.grade]:
            staff[one.grade].append(ids[one.teacher])
    everything: list[RatingEntry] = []
    planted: dict[str, list[int]] = {}
    for view in frameworks.frameworks():
        tree = frameworks.tree(view.id)
        found, nodes = history.simulate(tree, who, calendar, len(years), 3, seed)
        planted = planted or history.planted_students(found)
        own = list(history.entries(tree, found, nodes, who, calendar, students, staff, seed))
        everything += own
        if view.kind == "academic":
            everything += history.reviews(tree, who, calendar, students, staff, own, planted, seed)
    everything.sort(key=lambda entry: (entry.observed_us, entry.key))
    for batch, heard in _by_week(everything, years[0][0], at):
        evidence.record_ratings(actor=SYSTEM, entries=batch, at=heard, source="demonstration")
    return planted


def _by_week(
    entries: list[RatingEntry], first: date, at: datetime
) -> Iterable[tuple[list[RatingEntry], datetime]]:
    """Return the entries week by week with the instant at which the ledger hears of them."""
    batch: list[RatingEntry] = []
    ends = datetime.combine(first, datetime.min.time(), UTC) + timedelta(days=7)
    for entry in entries:
        while from_micros(entry.observed_us) >= ends:
            if batch:
                yield batch, min(ends, at)
                batch = []
            ends += timedelta(days=7)
        batch.append(entry)
    if batch:
        yield batch, min(ends, at)


def _level_targets(tree: Tree, code: str) -> list[NodeView]:
    level = tree.framework.expected_levels.get(code)
    return [node for node in tree.targets() if node.level == level]


def _grade(code: str) -> str:
    """Say a grade as a school does: grade 7, kindergarten."""
    return f"grade {int(code)}" if code.isdigit() else "kindergarten"


def _plans(who: Cast, ids: dict[str, Person], year: tuple[date, date], at: datetime) -> None:
    """Give every student the year's plan in mathematics: the first half of the level's targets, two pieces each."""
    tree = frameworks.tree(frameworks.framework_by_key("Mathematics").id)
    for grade in range(13):
        code = cast_of.grade_code(grade)
        targets = _level_targets(tree, code)
        items = [(node.id, PLAN_PIECES) for node in targets[: max(1, round(PLAN_SHARE * len(targets)))]]
        members = [ids[student_id(number)].id for number in np.flatnonzero(who.grades == grade).tolist()]
        if not items or not members:
            continue
        version = plans.make_template(
            actor=SYSTEM, key=f"Mathematics {code}", title=f"Mathematics, {_grade(code)}", items=items, at=at
        )
        plans.assign(
            actor=SYSTEM, version=version.id, students=members, starts_on=year[0], ends_on=year[1], at=at
        )


def _waiting(who: Cast, ids: dict[str, Person], at: datetime) -> None:
    """Hand in work that nobody has rated yet: some pieces in every class, a few days old."""
    rng = np.random.default_rng(11)
    tree = frameworks.tree(frameworks.framework_by_key("Mathematics").id)
    others = count()
    for one in who.classes:
        if one.subject not in ("MA", "HR"):
            continue
        targets = _level_targets(tree, cast_of.grade_code(one.grade))
        for place, number in enumerate(one.students[:: max(1, len(one.students) // 8)][:8]):
            person = ids[student_id(number)]
            title, words = (
                WAITING[place] if place < len(WAITING) else PROBLEMS[next(others) % len(PROBLEMS)][:2]
            )
            node = targets[(place % 3) % len(targets)]
            days = float(rng.integers(1, 8))
            work = Work(
                key=f"demo-waiting-{one.sourced_id}-{number}", student=person.id, student_uuid=person.uuid,
                targets=(node.id,), target_uuids=(node.uuid,), title=title, words=words,
                reflection="I am sure of the numbers and less sure how to say why.",
            )  # fmt: skip
            evidence.hand_in(actor=SYSTEM, work=work, at=at - timedelta(days=days))


def _logins(who: Cast, at: datetime) -> list[dict[str, str]]:
    grade = (
        7
        if any(c.grade == 7 and c.subject == "MA" for c in who.classes)
        else int(who.grades[len(who.grades) // 2])
    )
    own = next(c for c in who.classes if c.grade == grade and c.subject in ("MA", "HR"))
    student = own.students[len(own.students) // 3]
    family = next(key for key, (_, _, children) in who.guardians.items() if student in children)
    wanted = [
        ("student", "student", student_id(student), "/student/now", "en"),
        ("family", "family", family, "/family/", "en"),
        ("familia", "family", _another(who, own.students, family), "/family/", "es"),
        ("teacher", "teacher", own.teacher, "/teacher/today", "en"),
        *_beside(who, own),
        ("principal", "principal", f"P-{own.school}", "/school/week", "en"),
        ("coach", "coach", COACH[0], "/calibration/", "en"),
    ]
    found = []
    for username, role, reference, page, language in wanted:
        person = roster.person_by_reference(reference)
        _, shown = access.open_account(
            actor=SYSTEM,
            username=username,
            name=person.name(),
            at=at,
            person=person.uuid,
            password="",
            language=language,
        )
        found.append({"role": role, "username": username, "password": shown or "", "page": page, "name": person.name(),
                      "sourced_id": reference})  # fmt: skip
    _, shown = access.open_account(
        actor=SYSTEM, username="district", name="District data lead", at=at, administrator=True, password=""
    )
    found.append({"role": "district", "username": "district", "password": shown or "", "page": "/district/",
                  "name": "District data lead", "sourced_id": ""})  # fmt: skip
    return found


def _beside(who: Cast, own: Any) -> list[tuple[str, str, str, str, str]]:
    """Return the advisor of a class's students, where advisory has teachers of its own, and who stands in for its teacher."""
    advisory = [c for c in who.classes if c.subject == "AD" and set(c.students) & set(own.students)]
    found = [("advisor", "advisor", one.teacher, "/teacher/today", "en") for one in advisory[:1]]
    return [*found, ("substitute", "substitute", _substitute(who, own), "/teacher/substitute", "en")]


def _substitute(who: Cast, own: Any) -> str:
    return next(
        key for key, (_, _, school) in who.teachers.items() if school == own.school and key != own.teacher
    )


def _home(who: Cast, logins: list[dict[str, str]], begins: date, at: datetime, today: date) -> None:
    """Give the ready-made families and their school what home and school say to one another."""
    by_name = {one["username"]: one["sourced_id"] for one in logins}
    own = next(c for c in who.classes if c.teacher == by_name["teacher"] and c.subject in ("MA", "HR"))
    substitute = _substitute(who, own)
    home.build(
        school=own.school, class_id=own.sourced_id, teacher=own.teacher, substitute=substitute,
        families=[by_name["family"], by_name["familia"]], begins=begins, at=at, today=today,
    )  # fmt: skip


def _another(who: Cast, students: list[int], family: str) -> str:
    return next(
        key
        for key, (_, _, children) in who.guardians.items()
        if key != family and set(children) & set(students)
    )


def _again(logins: list[dict[str, str]], port: int) -> dict[str, Any]:
    """Say the ready-made logins of a demonstration that stands."""
    return {"students": len(roster.students_visible_to(SYSTEM, as_of=now().date())), "ratings": _ratings(0), "seconds": 0.0,
            "address": f"http://localhost:{port}/", "logins": logins}  # fmt: skip
