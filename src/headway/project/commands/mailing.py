"""Mail and background work: what the worker does, a letter to try the mail server, bounces, and a copy's release."""

from __future__ import annotations

import csv
import io
import smtplib
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage

from headway.access.actions import record_act
from headway.access.types import SYSTEM
from headway.jobs import queries as jobs
from headway.kit.refusals import Refusal
from headway.kit.times import now
from headway.notices import actions as noticing
from headway.notices import queries as notices
from headway.project import working

MOST_BYTES = 10 * 1024 * 1024


def work(*, once: bool, with_parent: bool) -> dict[str, Any]:
    """Do what is due, once or until stopped."""
    if once:
        return working.once()
    with suppress(KeyboardInterrupt):
        working.until_stopped(with_parent=with_parent)
    return {"copy": jobs.is_copy()}


def say_work(found: dict[str, Any]) -> str | None:
    """Say what the worker did."""
    if "done" not in found:
        return None
    held = (
        "\nThis home is a restored copy: nothing is sent until headway release-copy." if found["copy"] else ""
    )
    return f"{found['done']} jobs done, {found['part']} parts, {found['later']} put off, {found['failed']} failed.{held}"


def mail_status() -> dict[str, Any]:
    """Return how mail leaves this home, and what became of its letters and jobs."""
    mail = settings.MAIL
    return {
        "mode": mail.mode, "fault": mail.fault, "from": mail.sender, "url": mail.url, "copy": jobs.is_copy(),
        "letters": notices.letter_counts(),
        "jobs": [{"kind": kind, "state": state, "n": n} for (kind, state), n in jobs.counts().items()],
        "bounced": len(notices.bounced(viewer=SYSTEM, as_of=now().date(), limit=100_000)),
    }  # fmt: skip


def say_mail_status(found: dict[str, Any]) -> str:
    """Say how mail leaves this home."""
    lines = [found["fault"]] if found["fault"] else []
    lines.append("Nothing is sent: no mail server is set." if found["mode"] == "none"
                 else f"Mail goes by {found['mode']}, from {found['from']}.")  # fmt: skip
    if found["copy"]:
        lines.append("This home is a restored copy: nothing is sent until headway release-copy.")
    lines += [f"  letters {state}: {n}" for state, n in found["letters"].items()]
    lines += [f"  jobs {one['kind']} {one['state']}: {one['n']}" for one in found["jobs"]]
    return "\n".join([*lines, f"  bounced addresses: {found['bounced']}"])


def mail_test(address: str) -> dict[str, Any]:
    """Send one letter, so that somebody sees whether mail goes out."""
    if jobs.is_copy():
        raise Refusal(
            "held_copy", "This home is a restored copy: nothing is sent until headway release-copy."
        )
    if settings.MAIL.mode == "none":
        raise Refusal(
            "no_mail", settings.MAIL.fault or "No mail server is set: write mail.toml into the home."
        )
    text = f"Mail from Headway goes out. People sign in at {settings.MAIL.url}\n"
    try:
        EmailMessage("Headway: mail goes out", text, settings.MAIL.sender, [address]).send()
    except (OSError, smtplib.SMTPException) as error:
        raise Refusal(
            "mail_failed", f"The mail server took nothing: {type(error).__name__}: {error}"[:300]
        ) from error
    return {"address": address, "mode": settings.MAIL.mode}


def bounces(file: Path) -> dict[str, int]:
    """Note the addresses of a CSV file (`address`, perhaps `reason`) as ones that letters do not reach."""
    if file.stat().st_size > MOST_BYTES:
        raise Refusal("too_large", "A list of bounces has 10 MB at most.")
    try:
        reader = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig")), strict=True)
        rows = [{key: value or "" for key, value in row.items() if isinstance(key, str)} for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refusal("bounces_invalid", f"The file is no CSV in UTF-8: {error}.") from error
    if "address" not in (reader.fieldnames or ()):
        raise Refusal("bounces_invalid", "The file has no column `address`.")
    return noticing.note_bounces(actor=SYSTEM, rows=rows, at=now())


def release_copy() -> dict[str, Any]:
    """Say that this restored home is the one that sends from now on."""
    if not jobs.is_copy():
        raise Refusal("no_copy", "This home is no restored copy that waits for its release.")
    record_act(actor=SYSTEM, act="release_copy", at=now())
    settings.COPY_MARK.unlink()
    return {"released": True, "letters": notices.letter_counts()}
