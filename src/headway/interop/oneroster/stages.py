"""From checked cells to staged rows: one function per file."""

from __future__ import annotations

import json
from collections.abc import Callable

from headway.interop.oneroster.files import GIVES, SERVED
from headway.interop.oneroster.notes import Notes
from headway.interop.oneroster.rows import Cells
from headway.interop.oneroster.staging import StagedFile, folded
from headway.kit.refusals import Sentence


def _stage_org(staged: StagedFile, c: Cells, line: int, _notes: Notes) -> None:
    staged.add(
        "orgs",
        (
            c["sourcedId"],
            c["deleted"],
            line,
            c["name"] or "",
            c["type"] or "",
            c["identifier"] or "",
            c["parentSourcedId"],
            folded(c["sourcedId"]),
        ),
    )


def _stage_term(staged: StagedFile, c: Cells, line: int, _notes: Notes) -> None:
    staged.add(
        "terms",
        (
            c["sourcedId"],
            c["deleted"],
            line,
            c["title"] or "",
            c["type"] or "",
            c["startDate"],
            c["endDate"],
            c["parentSourcedId"],
            c["schoolYear"],
            folded(c["sourcedId"]),
        ),
    )


def _stage_course(staged: StagedFile, c: Cells, line: int, _notes: Notes) -> None:
    staged.add(
        "courses",
        (
            c["sourcedId"],
            c["deleted"],
            line,
            c["title"] or "",
            c["courseCode"] or "",
            c["orgSourcedId"],
            _listed(c["grades"]),
            _listed(c["subjects"]),
            folded(c["sourcedId"]),
        ),
    )


def _stage_class(staged: StagedFile, c: Cells, line: int, _notes: Notes) -> None:
    staged.add(
        "classes",
        (
            c["sourcedId"],
            c["deleted"],
            line,
            c["title"] or "",
            c["classCode"] or "",
            c["classType"] or "",
            c["schoolSourcedId"],
            c["courseSourcedId"],
            _listed(c["termSourcedIds"]),
            _listed(c["grades"]),
            _listed(c["periods"]),
            c["location"] or "",
            _listed(c["subjects"]),
            folded(c["sourcedId"]),
        ),
    )
    if not c["deleted"]:
        for term in c["termSourcedIds"] or ():
            staged.add("class_terms", (c["sourcedId"], term, line))


def _stage_person(staged: StagedFile, c: Cells, line: int, notes: Notes) -> None:
    grades = c["grades"] or [""]
    if len(grades) > 1:
        notes.repair(
            "several_grades",
            Sentence("Of several grades the first, %(grade)s, was taken.", grade=grades[0]),
            "users.csv",
            line,
            "grades",
            ",".join(grades),
        )
    sourced_id, deleted = c["sourcedId"], c["deleted"]
    staged.add(
        "persons",
        (
            sourced_id,
            deleted,
            line,
            c["givenName"] or "",
            c["familyName"] or "",
            c["middleName"] or "",
            c.get("preferredGivenName") or "",
            c.get("preferredFamilyName") or "",
            c["identifier"] or "",
            c.get("userMasterIdentifier") or "",
            c["username"] or "",
            c["email"] or "",
            grades[0],
            c["enabledUser"] is not False,
            folded(sourced_id),
        ),
    )
    if deleted:
        return
    for agent in c["agentSourcedIds"] or ():
        staged.add("links", (sourced_id, agent, line, None))
    for org in c.get("orgSourcedIds") or ():
        said = c["role"]
        staged.add("grants", (sourced_id, org, GIVES.get(said, ""), said, None, None, False, line, None))


def _stage_grant(staged: StagedFile, c: Cells, line: int, _notes: Notes) -> None:
    said = c["role"]
    staged.add(
        "grants",
        (
            c["userSourcedId"],
            c["orgSourcedId"],
            GIVES.get(said, ""),
            said,
            c["beginDate"],
            c["endDate"],
            c["deleted"],
            line,
            None,
        ),
    )


def _stage_enrollment(staged: StagedFile, c: Cells, line: int, _notes: Notes) -> None:
    role = (c["role"] or "").removeprefix("ext:")
    staged.add(
        "enrollments",
        (
            c["sourcedId"],
            c["deleted"],
            line,
            c["userSourcedId"],
            c["classSourcedId"],
            role,
            bool(c["primary"]),
            c["beginDate"],
            c["endDate"],
            folded(c["sourcedId"]),
        ),
    )
    if not c["deleted"]:
        staged.add("places", (c["sourcedId"], c["schoolSourcedId"], line))


def _stage_demographics(staged: StagedFile, c: Cells, line: int, _notes: Notes) -> None:
    staged.add(
        "demographics",
        (
            c["sourcedId"],
            c["deleted"],
            line,
            c["birthDate"],
            c["sex"] or "",
            c["americanIndianOrAlaskaNative"],
            c["asian"],
            c["blackOrAfricanAmerican"],
            c["nativeHawaiianOrOtherPacificIslander"],
            c["white"],
            c["demographicRaceTwoOrMoreRaces"],
            c["hispanicOrLatinoEthnicity"],
            c["countryOfBirthCode"] or "",
            c["stateOfBirthAbbreviation"] or "",
            c["cityOfBirth"] or "",
            c["publicSchoolResidenceStatus"] or "",
            *(c[f"metadata.{name}"] for name in SERVED),
            folded(c["sourcedId"]),
        ),
    )


STAGE: dict[str, Callable[[StagedFile, Cells, int, Notes], None]] = {
    "orgs": _stage_org,
    "terms": _stage_term,
    "courses": _stage_course,
    "classes": _stage_class,
    "persons": _stage_person,
    "grants": _stage_grant,
    "enrollments": _stage_enrollment,
    "demographics": _stage_demographics,
}


def _listed(values: list[str] | None) -> str:
    return json.dumps(values or [], ensure_ascii=False)
