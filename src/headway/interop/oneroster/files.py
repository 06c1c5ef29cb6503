"""The files of OneRoster CSV 1.1 and 1.2 that are read: their columns, and what each must hold."""

from __future__ import annotations

from dataclasses import dataclass

from headway.interop.oneroster.cells import (
    Check,
    day,
    grade,
    identifier,
    instant,
    many,
    one_of,
    truth,
    words,
    year,
)

VERSIONS = ("1.1", "1.2")
STATUS = one_of("active", "tobedeleted")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `required` means that every row that is not deleted has a value."""

    name: str
    check: Check = words
    required: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """One file: the kind of rows it stages and its columns in the standard's order."""

    name: str
    kind: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> str:
        """Return the file's name in the manifest, without its ending."""
        return self.name.removesuffix(".csv")


def _file(name: str, kind: str, *columns: Column) -> File:
    return File(
        name,
        kind,
        (
            Column("sourcedId", identifier, True),
            Column("status", STATUS),
            Column("dateLastModified", instant),
            *columns,
        ),
    )


def _text(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names)


def files(version: str) -> tuple[File, ...]:
    """Return the files that a version's roster is read from, in the order of reading."""
    newer = version == "1.2"
    return (
        _file(
            "orgs.csv",
            "orgs",
            Column("name", words, True),
            Column(
                "type",
                one_of("department", "school", "district", "local", "state", "national", extended=newer),
                True,
            ),
            Column("identifier"),
            Column("parentSourcedId", identifier),
        ),
        _file(
            "academicSessions.csv",
            "terms",
            Column("title", words, True),
            Column("type", one_of("gradingPeriod", "semester", "schoolYear", "term", extended=newer), True),
            Column("startDate", day, True),
            Column("endDate", day, True),
            Column("parentSourcedId", identifier),
            Column("schoolYear", year, True),
        ),
        _file(
            "courses.csv",
            "courses",
            Column("schoolYearSourcedId", identifier),
            Column("title", words, True),
            Column("courseCode"),
            Column("grades", many(grade)),
            Column("orgSourcedId", identifier, True),
            Column("subjects", many(words)),
            *_text("subjectCodes"),
        ),
        _file(
            "classes.csv",
            "classes",
            Column("title", words, True),
            Column("grades", many(grade)),
            Column("courseSourcedId", identifier, True),
            Column("classCode"),
            Column("classType", one_of("homeroom", "scheduled", extended=newer), True),
            Column("location"),
            Column("schoolSourcedId", identifier, True),
            Column("termSourcedIds", many(identifier), True),
            Column("subjects", many(words)),
            Column("subjectCodes"),
            Column("periods", many(words)),
        ),
        _users(newer),
        *((_roles(),) if newer else ()),
        _file(
            "enrollments.csv",
            "enrollments",
            Column("classSourcedId", identifier, True),
            Column("schoolSourcedId", identifier, True),
            Column("userSourcedId", identifier, True),
            Column(
                "role", one_of("administrator", "aide", "proctor", "student", "teacher", extended=newer), True
            ),
            Column("primary", truth),
            Column("beginDate", day),
            Column("endDate", day),
        ),
        _demographics("birthDate"),
    )


def _users(newer: bool) -> File:
    before = (
        ()
        if newer
        else (
            Column("orgSourcedIds", many(identifier), True),
            Column(
                "role",
                one_of(
                    "administrator", "aide", "guardian", "parent", "proctor", "relative", "student", "teacher"
                ),
                True,
            ),
        )
    )
    after = (
        (
            *_text(
                "userMasterIdentifier",
                "resourceSourcedIds",
                "preferredGivenName",
                "preferredMiddleName",
                "preferredFamilyName",
            ),
            Column("primaryOrgSourcedId", identifier),
            Column("pronouns"),
        )
        if newer
        else ()
    )
    return _file(
        "users.csv",
        "persons",
        Column("enabledUser", truth, True),
        *before,
        Column("username", words, True),
        Column("userIds"),
        Column("givenName", words, True),
        Column("familyName", words, True),
        *_text("middleName", "identifier", "email", "sms", "phone"),
        Column("agentSourcedIds", many(identifier)),
        Column("grades", many(grade)),
        Column("password"),
        *after,
    )


def _roles() -> File:
    return _file(
        "roles.csv",
        "grants",
        Column("userSourcedId", identifier, True),
        Column("roleType", one_of("primary", "secondary"), True),
        Column(
            "role",
            one_of(
                "aide",
                "counselor",
                "districtAdministrator",
                "guardian",
                "parent",
                "principal",
                "proctor",
                "relative",
                "siteAdministrator",
                "student",
                "systemAdministrator",
                "teacher",
                extended=True,
            ),
            True,
        ),
        Column("beginDate", day),
        Column("endDate", day),
        Column("orgSourcedId", identifier, True),
        Column("userProfileSourcedId", identifier),
    )


def _demographics(birth: str) -> File:
    races = (
        "americanIndianOrAlaskaNative",
        "asian",
        "blackOrAfricanAmerican",
        "nativeHawaiianOrOtherPacificIslander",
        "white",
        "demographicRaceTwoOrMoreRaces",
        "hispanicOrLatinoEthnicity",
    )
    return _file(
        "demographics.csv",
        "demographics",
        Column(birth, day),
        Column("sex", one_of("male", "female", "unspecified", "other")),
        *(Column(name, truth) for name in races),
        *_text(
            "countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth", "publicSchoolResidenceStatus"
        ),
        # OneRoster has no column for these; it leaves `metadata.` to whoever writes the file.
        *(Column(f"metadata.{name}", truth) for name in SERVED),
    )


SERVED = ("englishLearner", "economicallyDisadvantaged", "disability")

OTHER_FILES = frozenset(
    {
        "manifest",
        "categories",
        "lineItems",
        "results",
        "resources",
        "classResources",
        "courseResources",
        "userResources",
        "userProfiles",
        "scoreScales",
        "lineItemScoreScales",
        "resultScoreScales",
        "lineItemLearningObjectiveIds",
        "resultLearningObjectiveIds",
        "roles",
    }
)
"""Files of the standard that hold no roster; they are not read."""

GIVES = {
    "student": "student",
    "teacher": "teacher",
    "parent": "family",
    "guardian": "family",
    "relative": "family",
    "principal": "principal",
    "siteAdministrator": "principal",
}
"""What a role of the standard gives here.

All others give nothing until a person grants them by hand: no file makes an administrator."""

ADMINISTERS = frozenset({"administrator", "districtAdministrator", "systemAdministrator"})
FAMILY = ("parent", "guardian", "relative")
