"""The people of the demonstration: invented names, three schools, classes, and the OneRoster files that say so."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

GIVEN = (Path(__file__).parent / "given.txt").read_text(encoding="utf-8").split()
FAMILY = (Path(__file__).parent / "family.txt").read_text(encoding="utf-8").split()
SCHOOLS = (
    ("JSE", "Juniper Street Elementary", range(6)),
    ("CMS", "Cottonwood Middle School", range(6, 9)),
    ("HMH", "High Mesa High School", range(9, 13)),
)
COACH = ("K-01", "Marisol", "Whitehorse")
"""Who leads professional learning in all schools: sourcedId and name."""
RACES = (
    "americanIndianOrAlaskaNative",
    "asian",
    "blackOrAfricanAmerican",
    "nativeHawaiianOrOtherPacificIslander",
    "white",
)
RACE_SHARES = (0.02, 0.06, 0.12, 0.01, 0.79)
SERVED = ("metadata.englishLearner", "metadata.economicallyDisadvantaged", "metadata.disability")
SERVED_SHARES = (0.14, 0.42, 0.13)
SUBJECTS = {
    "MA": ("Mathematics", ("Mathematics",)),
    "SC": ("Science", ("Scientific practice",)),
    "AD": ("Advisory", ("Lifelong learning",)),
    "RD": ("Reading", ("Reading",)),
    "HR": ("Homeroom", ("Mathematics", "Reading", "Scientific practice", "Lifelong learning")),
}


@dataclass(frozen=True, slots=True)
class DemoClass:
    """One class: its continuums, its teacher, its students by number."""

    sourced_id: str
    title: str
    school: str
    grade: int
    subject: str
    teacher: str
    students: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody: `grades` now and `names` by student number; teachers and principals by sourcedId."""

    grades: np.ndarray
    names: list[tuple[str, str]]
    classes: list[DemoClass]
    teachers: dict[str, tuple[str, str, str]]
    principals: dict[str, tuple[str, str, str]]
    guardians: dict[str, tuple[str, str, list[int]]]


def school_of(grade: int) -> str:
    """Return the school that teaches a grade."""
    return next(code for code, _, grades in SCHOOLS if grade in grades)


def student_id(number: int) -> str:
    """Return a student's sourcedId."""
    return f"S-{number + 1:04d}"


def grade_code(grade: int) -> str:
    """Return the CEDS code of a grade."""
    return "KG" if grade == 0 else f"{grade:02d}"


def cast(rng: np.random.Generator, students: int) -> Cast:
    """Draw the people: grades spread evenly, siblings now and then, one teacher a class."""
    grades = np.sort(np.arange(students) % 13)
    names = _names(rng, students)
    teachers: dict[str, tuple[str, str, str]] = {}
    classes: list[DemoClass] = []
    wanted = max(1, round(students / 13 / 24))
    for grade in range(13):
        members = np.flatnonzero(grades == grade).tolist()
        for section in range(wanted):
            _classes(grade, section, members[section::wanted], teachers, classes, rng)
    principals = {}
    for code, _, _ in SCHOOLS:
        given, family = rng.choice(GIVEN), rng.choice(FAMILY)
        principals[f"P-{code}"] = (str(given), str(family), code)
    return Cast(grades, names, classes, teachers, principals, _guardians(rng, names, grades))


def _names(rng: np.random.Generator, n: int) -> list[tuple[str, str]]:
    pairs = rng.permutation(len(GIVEN) * len(FAMILY))[:n]
    return [(GIVEN[pair % len(GIVEN)], FAMILY[pair // len(GIVEN)]) for pair in pairs.tolist()]


def _classes(
    grade: int, section: int, members: list[int], teachers: dict[str, tuple[str, str, str]], classes: list[DemoClass],
    rng: np.random.Generator,
) -> None:  # fmt: skip
    school, letter = school_of(grade), "ABCDEFGH"[section % 8]
    said = "K" if grade == 0 else str(grade)
    if grade <= 5:
        plan = [("HR", f"T-HR-{said}{letter}")]
        if section == 0:
            plan.append(("RD", f"T-RD-{said}"))
    else:
        # A teacher of a subject takes all sections of a grade; advisories are shared out.
        plan = [("MA", f"T-MA-{said}"), ("SC", f"T-SC-{said}"), ("AD", f"T-AD-{said}{letter}")]
    for subject, teacher in plan:
        if teacher not in teachers:
            teachers[teacher] = (str(rng.choice(GIVEN)), str(rng.choice(FAMILY)), school)
        title = f"{SUBJECTS[subject][0]} {said}{letter}" if subject != "RD" else f"Reading group {said}"
        classes.append(
            DemoClass(f"C-{subject}-{said}{letter}", title, school, grade, subject, teacher, members)
        )


def _guardians(
    rng: np.random.Generator, names: list[tuple[str, str]], grades: np.ndarray
) -> dict[str, tuple[str, str, list[int]]]:
    found: dict[str, tuple[str, str, list[int]]] = {}
    by_family: dict[str, list[int]] = {}
    for number, (_, family) in enumerate(names):
        by_family.setdefault(family, []).append(number)
    count = 0
    for family, members in by_family.items():
        while members:
            size = 2 if len(members) > 1 and rng.random() < 0.4 else 1
            children = [members.pop() for _ in range(size)]
            for _ in range(2 if rng.random() < 0.5 else 1):
                count += 1
                found[f"G-{count:04d}"] = (str(rng.choice(GIVEN)), family, sorted(children))
    return found


def write_roster(folder: Path, who: Cast, years: list[tuple[date, date]]) -> Path:
    """Write the cast as a OneRoster 1.2 folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    base = {"status": "", "dateLastModified": ""}
    orgs = [{"sourcedId": "D", "name": "Juniper Valley School District", "type": "district"}]
    orgs += [
        {"sourcedId": code, "name": name, "type": "school", "parentSourcedId": "D"}
        for code, name, _ in SCHOOLS
    ]
    sessions = [
        {"sourcedId": f"Y-{ends.year}", "title": f"{starts.year}-{ends.year % 100}", "type": "schoolYear",
         "startDate": starts.isoformat(), "endDate": ends.isoformat(), "schoolYear": ends.year}
        for starts, ends in years
    ]  # fmt: skip
    this_year = f"Y-{years[-1][1].year}"
    courses = {(c.subject, c.grade, c.school) for c in who.classes}
    tables = {
        "orgs": (("name", "type", "identifier", "parentSourcedId"), orgs),
        "academicSessions": (("title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"), sessions),
        "courses": (
            ("schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects", "subjectCodes"),
            [{"sourcedId": f"CO-{s}-{g}", "schoolYearSourcedId": this_year, "title": f"{SUBJECTS[s][0]} {grade_code(g)}",
              "courseCode": f"{s}{g}", "grades": grade_code(g), "orgSourcedId": school, "subjects": SUBJECTS[s][0]}
             for s, g, school in sorted(courses)],
        ),
        "classes": (
            ("title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId",
             "termSourcedIds", "subjects", "subjectCodes", "periods"),
            [{"sourcedId": c.sourced_id, "title": c.title, "grades": grade_code(c.grade),
              "courseSourcedId": f"CO-{c.subject}-{c.grade}", "classCode": c.sourced_id,
              "classType": "homeroom" if c.subject in ("HR", "AD") else "scheduled", "schoolSourcedId": c.school,
              "termSourcedIds": this_year, "subjects": SUBJECTS[c.subject][0]} for c in who.classes],
        ),
        "users": (
            ("enabledUser", "username", "userIds", "givenName", "familyName", "middleName", "identifier", "email", "sms",
             "phone", "agentSourcedIds", "grades", "password", "userMasterIdentifier", "preferredGivenName",
             "preferredMiddleName", "preferredFamilyName", "primaryOrgSourcedId", "pronouns"),
            _users(who),
        ),
        "roles": (
            ("userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId"),
            _roles(who, years[-1][0]),
        ),
        "demographics": (
            ("birthDate", "sex", *RACES, "demographicRaceTwoOrMoreRaces", "hispanicOrLatinoEthnicity", "countryOfBirthCode",
             "stateOfBirthAbbreviation", "cityOfBirth", "publicSchoolResidenceStatus", *SERVED),
            _demographics(who),
        ),
        "enrollments": (
            ("classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate"),
            _enrollments(who, years[-1][0]),
        ),
    }  # fmt: skip
    for name, (columns, rows) in tables.items():
        _write(
            folder / f"{name}.csv",
            ("sourcedId", "status", "dateLastModified", *columns),
            [{**base, **r} for r in rows],
        )
    manifest = [
        ("manifest.version", "1.0"),
        ("oneroster.version", "1.2"),
        *((f"file.{n}", "bulk") for n in sorted(tables)),
    ]
    absent = (
        "categories",
        "classResources",
        "courseResources",
        "lineItems",
        "resources",
        "results",
    )
    manifest += [(f"file.{name}", "absent") for name in absent]
    _write(
        folder / "manifest.csv",
        ("propertyName", "value"),
        [{"propertyName": a, "value": b} for a, b in manifest],
    )
    return folder


def _users(who: Cast) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    agents: dict[int, list[str]] = {}
    for key, (_, _, children) in who.guardians.items():
        for child in children:
            agents.setdefault(child, []).append(key)

    def add(key: str, given: str, family: str, org: str, **more: object) -> None:
        rows.append({"sourcedId": key, "enabledUser": "true", "username": key.lower(), "givenName": given,
                     "familyName": family, "primaryOrgSourcedId": org, **more})  # fmt: skip

    for number, (given, family) in enumerate(who.names):
        grade = int(who.grades[number])
        add(student_id(number), given, family, school_of(grade), grades=grade_code(grade),
            agentSourcedIds=",".join(agents.get(number, [])))  # fmt: skip
    for key, (given, family, school) in {**who.teachers, **who.principals}.items():
        add(key, given, family, school)
    add(*COACH, "D")
    for key, (given, family, children) in who.guardians.items():
        add(key, given, family, school_of(int(who.grades[children[0]])))
    return rows


def _roles(who: Cast, begins: date) -> list[dict[str, object]]:
    rows = []

    def add(user: str, role: str, org: str) -> None:
        rows.append({"sourcedId": f"R-{user}", "userSourcedId": user, "roleType": "primary", "role": role,
                     "beginDate": begins.isoformat(), "orgSourcedId": org})  # fmt: skip

    for number in range(len(who.names)):
        add(student_id(number), "student", school_of(int(who.grades[number])))
    for key, (_, _, school) in who.teachers.items():
        add(key, "teacher", school)
    for key, (_, _, school) in who.principals.items():
        add(key, "principal", school)
    add(COACH[0], "aide", "D")
    for key, (_, _, children) in who.guardians.items():
        add(key, "guardian", school_of(int(who.grades[children[0]])))
    return rows


def _demographics(who: Cast) -> list[dict[str, object]]:
    """Draw groups by themselves: neither levels nor chances depend on them, so every gap in the demonstration is chance."""
    rng = np.random.default_rng(len(who.names))
    rows = []
    for number in range(len(who.names)):
        row: dict[str, object] = {
            "sourcedId": student_id(number),
            "sex": ("female", "male")[int(rng.integers(2))],
        }
        row["hispanicOrLatinoEthnicity"] = _truth(rng.random() < 0.34)
        drawn = int(rng.choice(len(RACES), p=RACE_SHARES))
        row |= {name: _truth(at == drawn) for at, name in enumerate(RACES)}
        row["demographicRaceTwoOrMoreRaces"] = _truth(rng.random() < 0.05)
        row |= {name: _truth(rng.random() < share) for name, share in zip(SERVED, SERVED_SHARES, strict=True)}
        rows.append(row)
    return rows


def _truth(value: object) -> str:
    return "true" if value else "false"


def _enrollments(who: Cast, begins: date) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for one in who.classes:
        people = [(one.teacher, "teacher"), *((student_id(number), "student") for number in one.students)]
        for user, role in people:
            rows.append({"sourcedId": f"E-{one.sourced_id}-{user}", "classSourcedId": one.sourced_id,
                         "schoolSourcedId": one.school, "userSourcedId": user, "role": role,
                         "primary": "true" if role == "teacher" else "false", "beginDate": begins.isoformat()})  # fmt: skip
    return rows


def _write(path: Path, columns: tuple[str, ...], rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
