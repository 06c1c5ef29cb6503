"""A student comes with a record of another district: the file is kept, start levels are proposed, a person confirms them.

Nothing is a rating before the yes. The levels are ratings with the purpose `transfer`: they show, and never count by
themselves.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.evidence import actions as evidence
from headway.evidence.types import Work
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal
from headway.pages.district import staging
from headway.pages.parts import files
from headway.proficiency import actions as proficiency

MOST_LINES = 200


def transfer_in(request: HttpRequest, person_id: str, subject: Any) -> HttpResponse:
    """Ask for the file and the proposed levels, show what they would be, and write them after a yes."""
    given = {
        name: request.POST.get(name, "").replace("\r\n", "\n")[:20_000] for name in ("school", "on", "levels")
    }
    context: dict[str, Any] = {"nav": "district.roster", "person": subject, "given": given}
    if request.method != "POST":
        return render(request, "pages/district/transfer_in.html", context)
    staged = None
    try:
        confirmed = bool(request.POST.get("token"))
        staged = (
            staging.find(request, kind="transfer")
            if confirmed
            else staging.keep(request, kind="transfer", at=request.moment)
        )
        lines = _lines(given)
        _write(request, subject, staged, given, lines, plan_only=not confirmed)
    except Refusal as refusal:
        if staged is not None:
            staged.discard()
        context["refusal"] = refusal
        return render(request, "pages/district/transfer_in.html", context, status=422)
    if confirmed:
        staged.discard()
        return redirect(f"/teacher/students/{subject.sourced_id}")
    context.update(token=staged.token, name=staged.name, lines=lines)
    return render(request, "pages/district/transfer_in.html", context)


def _lines(given: dict[str, str]) -> list[tuple[str, str]]:
    """Return (target, level) of each line: the last word is the level."""
    if not given["school"].strip():
        raise Refusal("required", "Say which school or district the record comes from.")
    found = [
        tuple(line.replace(",", " ").rsplit(maxsplit=1))
        for line in given["levels"].split("\n")
        if line.strip()
    ]
    if not found or len(found) > MOST_LINES or any(len(line) != 2 for line in found):
        raise Refusal(
            "required",
            "Write a target and a level on each line, as M.5.FR.02 3; at most two hundred lines.",
        )
    return [(target.strip(), level) for target, level in found]


def _write(
    request: HttpRequest, subject: Any, staged: staging.Staged, given: dict[str, str], lines: list[tuple[str, str]], *,
    plan_only: bool,
) -> None:  # fmt: skip
    data = staged.path.read_bytes()
    piece = f"transfer:{subject.uuid.hex}:{hashlib.sha256(data).hexdigest()[:16]}"
    school = " ".join(given["school"].split())[:150]
    rows = [
        {"key": f"{piece}:{target}"[:190], "student": subject.sourced_id, "target": target, "level": level,
         "observed_at": given["on"].strip(), "purpose": "transfer", "evidence": piece,
         "comment": _("From the record of %(school)s") % {"school": school}}
        for target, level in lines
    ]  # fmt: skip
    with transaction.atomic():
        try:
            if not plan_only:
                _keep(request, subject, staged, data, piece, school, [target for target, _level in lines])
            proficiency.record_rows(
                actor=request.viewer, rows=rows, at=request.moment, book=request.book, source="page"
            )
        except Refusal as refusal:
            raise refusal.at([replace(one, file=None) for one in refusal.findings]) from refusal
        if plan_only:
            transaction.set_rollback(True)


def _keep(
    request: HttpRequest,
    subject: Any,
    staged: staging.Staged,
    data: bytes,
    piece: str,
    school: str,
    targets: list[str],
) -> None:
    nodes = [frameworks.target_by_reference(one) for one in dict.fromkeys(targets)]
    stored = files.store(data, staged.name)
    work = Work(
        key=piece, student=subject.id, student_uuid=subject.uuid, targets=tuple(node.id for node in nodes),
        target_uuids=tuple(node.uuid for node in nodes), title=_("Record of %(school)s") % {"school": school},
        file_name=stored.name, file_type=stored.type, file_digest=stored.digest, file_size=stored.size,
    )  # fmt: skip
    evidence.hand_in(actor=request.viewer, work=work, at=request.moment)
