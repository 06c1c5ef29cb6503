"""Accounts, tokens, the audit trail and import runs."""

from __future__ import annotations

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

__all__ = [
    "Account",
    "AuditEntry",
    "ClassDevice",
    "DeviceVisit",
    "ImportChange",
    "ImportRun",
    "SignInAttempt",
    "SignInSlip",
    "Token",
]


class AccountManager(BaseUserManager["Account"]):
    def get_by_natural_key(self, username: str | None) -> Account:
        return self.get(username=username)


class Account(AbstractBaseUser):
    """One way in. Identified by `username`; belongs to at most one person of the roster (by identifier, no foreign key).

    An account has no usable password until its person is invited. Kept as long as the person; `is_active` ends every
    session and token at once.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(max_length=190, unique=True)
    person = models.UUIDField(null=True, unique=True)
    name = models.CharField(max_length=200, default="")
    language = models.CharField(max_length=8, default="en")
    is_active = models.BooleanField(default=True)
    is_administrator = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    USERNAME_FIELD = "username"
    objects = AccountManager()


class Token(models.Model):
    """A secret for the HTTP interface, stored as a digest and shown once. Dies with its account."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField()
    label = models.CharField(max_length=100, default="")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class SignInAttempt(models.Model):
    """Failures to sign in by name or address, or on a class device: what throttling counts. Gone after a day."""

    key = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["key", "at"])]


class ClassDevice(models.Model):
    """One browser that a teacher opened as a device of a class (by its pseudonym), until it is closed or `ends_at`.

    Its cookie holds a secret of which the digest is kept. Seen and closed by the teachers of the class; `opened_by` is a
    person of the roster. Rows that ended 30 days ago are removed.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    school_class = models.UUIDField(db_index=True)
    digest = models.CharField(max_length=64, unique=True)
    label = models.CharField(max_length=100, default="")
    opened_by = models.UUIDField(db_index=True)
    opened_by_name = models.CharField(max_length=200, default="")
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)


class DeviceVisit(models.Model):
    """One child at a class device, from signing in to "I am done". One is open on a device at a time.

    Removed 30 days after it ended, with its device, and with what is known of the student.
    """

    device = models.ForeignKey(ClassDevice, on_delete=models.CASCADE, related_name="visits")
    student = models.UUIDField(db_index=True)
    digest = models.CharField(max_length=64, unique=True)
    began_at = models.DateTimeField()
    used_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["device"], condition=models.Q(ended_at__isnull=True), name="one_child_at_a_device"
            ),
        ]


class SignInSlip(models.Model):
    """What one student signs in with on the devices of one class: a short code, and three pictures in order.

    Both are kept as keyed digests and printed once, when they are issued; issuing anew replaces them. Removed with what is
    known of the student.
    """

    student = models.UUIDField()
    school_class = models.UUIDField()
    code_digest = models.CharField(max_length=64, unique=True)
    pictures_digest = models.CharField(max_length=64)
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["student", "school_class"], name="one_slip_in_a_class"),
        ]


class AuditEntry(models.Model):
    """One act: who did what to which object, when. Written in the act's own transaction; never changed."""

    at = models.DateTimeField()
    actor = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=200, default="")
    act = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=40, default="")
    object_id = models.CharField(max_length=190, default="")
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["object_kind", "object_id"])]


class ImportRun(models.Model):
    """One import: what came, what the plan was, and whether it stands. `applied`, then perhaps `undone`."""

    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    status = models.CharField(max_length=10, default="applied")
    counts = models.JSONField(default=dict)
    actor = models.UUIDField(null=True)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)


class ImportChange(models.Model):
    """The row of a table as it stood before an import changed it; `before` is null where the import made the row."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="changes")
    model = models.CharField(max_length=40)
    row = models.BigIntegerField()
    before = models.JSONField(null=True)
