"""Everything held about one student, as plain data: what a family may ask for, and what travels to another school."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from headway.access import queries as access
from headway.access.types import Viewer
from headway.calibration import queries as calibration
from headway.contact import queries as contact
from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.kit.times import from_micros
from headway.notices import queries as notices
from headway.plans import queries as plans
from headway.proficiency import exporting
from headway.proficiency import queries as proficiency
from headway.profiles import queries as profiles
from headway.report_cards import queries as report_cards
from headway.report_cards.types import Contested
from headway.rights import actions as rights_acts
from headway.rights import queries as rights
from headway.rosters import queries as rosters
from headway.science.codes import Kind, Override, Purpose, Status

INSTANTS = ("observed_us", "submitted_us", "due_us", "recorded_us")
WORDS = {"kind": Kind, "status": Status, "purpose": Purpose, "override": Override}


def hand_out(*, actor: Viewer, student: str, to_whom: str, purpose: str, now: datetime) -> dict[str, Any]:
    """Enter in the list of disclosures that one student's record leaves, then return it.

    Raises `Refusal`: `no_such_person`, `text_too_long`, `not_listed`.
    """
    person = rosters.person_by_reference(student)
    rights_acts.disclose(
        actor=actor, students=[person.id], what="record", to_whom=to_whom, purpose=purpose, at=now
    )
    return record_of(student, now=now)


def record_of(student: str, *, now: datetime) -> dict[str, Any]:
    """Return one student's record. Raises `Refusal("no_such_person")`."""
    person = rosters.person_by_reference(student)
    m = proficiency.moment(now=now)
    rows = evidence.all_rows_of(student=person.id)
    raters = rosters.people_by_id(person_ids={row["rater_id"] for row in rows if row["rater_id"]})
    contested = report_cards.contested(students=[person.id]).get(person.id, [])
    beside = report_cards.contested_targets(students=[person.id])
    subjects = [uuid for _, uuid in rosters.identities_of(person_id=person.id)]
    return {
        "made_at": now, "person": rosters.person_as_data(person_id=person.id),
        "enrollments": rosters.enrollments_as_data(person_id=person.id),
        "guardians": rosters.guardians_as_data(student_id=person.id),
        "school_events": rosters.school_events_as_data(student_id=person.id),
        "ratings": [_rating(row, raters, contested) for row in rows],
        "work": evidence.work_as_data(student=person.id),
        "opportunities": evidence.chances_as_data(student=person.id),
        "requests": evidence.requests_as_data(student=person.id),
        "notes": evidence.notes_as_data(student=person.id),
        "determinations": list(exporting.exported_rows(m, students=[person.id], statements=beside)),
        "calibration": calibration.as_data(student=person.id),
        "contact": contact.as_data(student=person.id),
        "class_device": access.sign_in_as_data(students=subjects),
        "report_cards": report_cards.as_data(student=person.id),
        "plans": plans.as_data(student=person.id),
        "profile": profiles.as_data(student=person.id),
        "rights": rights.as_data(student=person.id),
        "notices": notices.as_data(student=person.id),
        "events": [
            {"sequence": sequence, "kind": kind, "at": from_micros(at_us), "hash": seal,
             "content": None if body is None else json.loads(body)}
            for sequence, kind, at_us, seal, body in evidence.events_about(subjects=subjects)
        ],
        "audit": access.acts_on(kind="person", object_id=str(person.uuid)),
    }  # fmt: skip


def _rating(row: dict[str, Any], raters: Mapping[int, Any], contested: Sequence[Contested]) -> dict[str, Any]:
    said = dict(row)
    if stated := [{"text": one.text, "said_by": one.said_by} for one in contested if one.item == row["key"]]:
        said["family_states"] = stated
    rater = raters.get(said.pop("rater_id"))
    said["rater"] = None if rater is None else rater.sourced_id
    for name in INSTANTS:
        value = said.pop(name)
        said[name.removesuffix("_us") + "_at"] = None if value is None else from_micros(value)
    for name, kind in WORDS.items():
        said[name] = kind(said[name]).word
    for name in ("level", "continuum_level"):
        said[name] = None if said[name] is None else said[name] / 100
    node = frameworks.node(said.pop("target_id"))
    said["target"] = node.reference
    said["identifier"] = str(node.uuid)
    return said
