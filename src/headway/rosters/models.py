"""Records of the roster. Rows are ended, never deleted: people keep their history.

Spans of days are half open: a row holds from `starts_on` up to, not including, `ends_on`; null is without
bound.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Q

from headway.access.types import Role

__all__ = [
    "Course",
    "Demographics",
    "Distinct",
    "District",
    "Enrollment",
    "Guardianship",
    "KeptCare",
    "Org",
    "Person",
    "Restriction",
    "RoleGrant",
    "SchoolClass",
    "SchoolEvent",
    "Term",
]

ROSTER, HAND = "roster", "hand"
SOURCES = [(ROSTER, "roster"), (HAND, "hand")]


def both_languages() -> list[str]:
    """Return the languages a new district starts with."""
    return ["en", "es"]


class District(models.Model):
    """The installation's district: one row, with key 1. Everybody may know its name; kept for ever."""

    name = models.CharField(max_length=255)
    sourced_id = models.CharField(max_length=255, default="")
    zone = models.CharField(max_length=60, default="America/Denver")
    languages = models.JSONField(default=both_languages)
    settings = models.JSONField(default=dict)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="district_is_single")]


class Org(models.Model):
    """One organization: the district, a school, a department. Identified by `sourced_id`."""

    sourced_id = models.CharField(max_length=255, unique=True)
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=40)
    identifier = models.CharField(max_length=255, default="")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    active = models.BooleanField(default=True)


class Term(models.Model):
    """One academic session: a school year, term, semester or grading period. Identified by `sourced_id`.

    `school_year` is the calendar year in which the school year ends.
    """

    sourced_id = models.CharField(max_length=255, unique=True)
    title = models.CharField(max_length=255)
    kind = models.CharField(max_length=40)
    starts_on = models.DateField()
    ends_on = models.DateField()
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    school_year = models.IntegerField()
    active = models.BooleanField(default=True)


class Course(models.Model):
    """One course of the catalogue, which classes teach. Identified by `sourced_id`."""

    sourced_id = models.CharField(max_length=255, unique=True)
    title = models.CharField(max_length=255)
    code = models.CharField(max_length=255, default="")
    org = models.ForeignKey(Org, on_delete=models.PROTECT, null=True, related_name="courses")
    grades = models.JSONField(default=list)
    subjects = models.JSONField(default=list)
    active = models.BooleanField(default=True)


class SchoolClass(models.Model):
    """One class in one school. Identified by `sourced_id`; named in events by `uuid`.

    `frameworks` holds the keys of the continuums the class works on and `levels` the continuum levels its
    grid shows ([] = all); both are set by hand and no import touches them.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    sourced_id = models.CharField(max_length=255, unique=True)
    title = models.CharField(max_length=255)
    code = models.CharField(max_length=255, default="")
    kind = models.CharField(max_length=40, default="scheduled")
    school = models.ForeignKey(Org, on_delete=models.PROTECT, related_name="classes")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, null=True, related_name="classes")
    terms = models.ManyToManyField(Term, related_name="classes")
    grades = models.JSONField(default=list)
    periods = models.JSONField(default=list)
    location = models.CharField(max_length=255, default="")
    subjects = models.JSONField(default=list)
    active = models.BooleanField(default=True)
    frameworks = models.JSONField(default=list)
    levels = models.JSONField(default=list)


class Person(models.Model):
    """One human being, whatever they are to the district. Identified by `sourced_id`.

    `uuid` is the pseudonym that the ledger uses. `provisional` people were added by a teacher before the
    roster knew them. A person merged into another keeps the row and points to the one that stands. Who may
    see a student: `queries.students_visible_to`. Kept until erased.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    sourced_id = models.CharField(max_length=255, unique=True)
    given_name = models.CharField(max_length=255)
    family_name = models.CharField(max_length=255)
    middle_name = models.CharField(max_length=255, default="")
    preferred_given_name = models.CharField(max_length=255, default="")
    preferred_family_name = models.CharField(max_length=255, default="")
    identifier = models.CharField(max_length=255, default="", db_index=True)
    master_identifier = models.CharField(max_length=255, default="", db_index=True)
    username = models.CharField(max_length=255, default="", db_index=True)
    email = models.CharField(max_length=255, default="")
    grade = models.CharField(max_length=10, default="")
    language = models.CharField(max_length=8, default="en")
    active = models.BooleanField(default=True)
    enabled = models.BooleanField(default=True)
    provisional = models.BooleanField(default=False)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged")

    class Meta:
        indexes = [models.Index(fields=["family_name", "given_name"], name="person_by_name")]

    def name(self) -> str:
        """Return the name the person goes by; a single name stands in both columns and is said once."""
        given, family = self._names()
        return given if given == family else f"{given} {family}".strip()

    def sort_name(self) -> str:
        """Return the name as lists sort it: family name first."""
        given, family = self._names()
        return family if given == family else f"{family}, {given}".strip(", ")

    def _names(self) -> tuple[str, str]:
        return self.preferred_given_name or self.given_name, self.preferred_family_name or self.family_name


class RoleGrant(models.Model):
    """One role of a person in one organization for a span of days.

    Grants of the roster follow the roster; grants by hand are touched by nobody but people. Being enrolled
    as a teacher makes a teacher without a grant.
    """

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    org = models.ForeignKey(Org, on_delete=models.PROTECT, null=True, related_name="grants")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    source = models.CharField(max_length=10, choices=SOURCES, default=ROSTER)

    class Meta:
        indexes = [models.Index(fields=["org", "role", "person"], name="grant_by_org_role")]


class Enrollment(models.Model):
    """One person in one class in one role for a span of days. Identified by `sourced_id`.

    An enrollment that is not active has `ends_on`, so the dates alone say who was in the class on any day.
    """

    sourced_id = models.CharField(max_length=255, unique=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="enrollments", db_index=False)
    school_class = models.ForeignKey(
        SchoolClass, on_delete=models.PROTECT, related_name="enrollments", db_index=False
    )
    role = models.CharField(max_length=40)
    is_primary = models.BooleanField(default=False)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    active = models.BooleanField(default=True)
    source = models.CharField(max_length=10, choices=SOURCES, default=ROSTER)

    class Meta:
        indexes = [
            models.Index(fields=["school_class", "role"], name="enrollment_by_class_role"),
            models.Index(fields=["person", "role"], name="enrollment_by_person_role"),
        ]


class Guardianship(models.Model):
    """One adult who cares for one student, for a span of days.

    A roster may list the link on the student's row, on the guardian's row, or on both: `by_student` and
    `by_guardian` say which, so that a delta that carries one side does not end what the other side still
    says.
    """

    student = models.ForeignKey(Person, models.PROTECT, related_name="guardianships", db_index=False)
    guardian = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="wards")
    relation = models.CharField(max_length=40, default="guardian")
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    source = models.CharField(max_length=10, choices=SOURCES, default=ROSTER)
    by_student = models.BooleanField(default=False)
    by_guardian = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["student", "guardian"], name="guardianship_once"),
            models.CheckConstraint(condition=~Q(student=models.F("guardian")), name="guardian_is_another"),
        ]


class Restriction(models.Model):
    """A court's word that an adult is kept from a student for a span of days.

    It beats guardianship on every surface. No import reads, writes or lifts it; only people do, and each
    act is audited. `recorded_by` is the account that wrote it down.
    """

    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="restrictions")
    guardian = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="restricted_from")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    reason_code = models.CharField(max_length=40)
    recorded_by = models.UUIDField(null=True)


class KeptCare(models.Model):
    """Why an adult still sees a student who has come of age, for a span of days: the student's consent, or dependence.

    Identified by `uuid`. `basis` is a word of `types.BASES`; which of them open the record is the district's to say. One
    holds for a student, adult and basis. Seen by the student, the adult and the district; removed when the student is erased.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    guardian = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    basis = models.CharField(max_length=10)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["student", "guardian", "basis"], condition=Q(ends_on=None), name="kept_care_once"
            )
        ]

    def body(self) -> dict[str, Any]:
        """Return what the newest event about this row says."""
        return {
            "kept_care": str(self.uuid), "guardian": str(self.guardian.uuid), "basis": self.basis,
            "starts_on": self.starts_on.isoformat(), "ends_on": None if self.ends_on is None else self.ends_on.isoformat(),
        }  # fmt: skip


class Demographics(models.Model):
    """What the roster says about a person for equity analysis, in CEDS codes; null means that nobody said.

    Sensitive: read by the snapshot, and by pages only in counts of a group that is not small. Kept as long as the person.
    """

    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="demographics")
    birth_on = models.DateField(null=True)
    sex = models.CharField(max_length=20, default="")
    american_indian_or_alaska_native = models.BooleanField(null=True)
    asian = models.BooleanField(null=True)
    black_or_african_american = models.BooleanField(null=True)
    native_hawaiian_or_other_pacific_islander = models.BooleanField(null=True)
    white = models.BooleanField(null=True)
    two_or_more_races = models.BooleanField(null=True)
    hispanic_or_latino = models.BooleanField(null=True)
    country_of_birth = models.CharField(max_length=10, default="")
    state_of_birth = models.CharField(max_length=10, default="")
    city_of_birth = models.CharField(max_length=100, default="")
    public_school_residence_status = models.CharField(max_length=20, default="")
    english_learner = models.BooleanField(null=True)
    economically_disadvantaged = models.BooleanField(null=True)
    disability = models.BooleanField(null=True)
    active = models.BooleanField(default=True)


class Distinct(models.Model):
    """A person's word that two rows of the roster, alike in name, are two people: they are not proposed again.

    `said_by` is the account that said so. Read by the district; kept as long as the two.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    said_at = models.DateTimeField()
    said_by = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "other"], name="distinct_once")]


class SchoolEvent(models.Model):
    """One thing that another system noted about a student at a time: attendance, discipline, referral, schedule.

    Identified by student, kind, time and outcome. `sensitive` unless the file says `ordinary`. Single rows are read by the
    district alone; erased with the student's learning. `made_by_run` is the import that brought it.
    """

    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=40)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=190, default="")
    sensitive = models.BooleanField(default=True)
    made_by_run = models.BigIntegerField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["student", "kind", "at", "outcome"], name="school_event_once")
        ]
