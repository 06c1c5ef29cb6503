"""Exemplars of a draft: what an adult made to show what a level looks like."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import refused, uploads
from headway.pages.parts.learning import language
from headway.pages.parts.told import address, told
from headway.pages.tasks.bank import NAV
from headway.pages.tasks.words import shown, typed
from headway.tasks import actions
from headway.tasks import queries as tasks
from headway.tasks.types import NewExemplar, TaskView

COMES = "0" * 64
"""Stands for the file of a form until it is known that the form is whole."""


def exemplars(request: HttpRequest, task: object, subject: TaskView) -> HttpResponse:
    """Show the exemplars of a draft; add one or take one out."""
    if request.method != "POST":
        return _page(request, subject, {}, {})
    own = {"actor": request.viewer, "version": subject.uuid, "at": request.moment}
    path, sent = f"/tasks/{subject.task}/exemplars", request.POST
    if sent.get("act") == "remove":
        actions.remove_exemplar(exemplar=_uuid(sent.get("exemplar", "")), **own)
        return redirect(address(path, said=_("The exemplar was taken out.")))
    levels = {one.position: sent.get(f"level-{one.position}", "") for one in subject.criteria}
    said = {name: typed(sent.get(name, "")) for name in ("title", "words", "link", "why")}
    errors: dict[str, str] = {}
    upload = request.FILES.get("file")
    made = NewExemplar(
        **said, levels={place: int(level) for place, level in levels.items() if is_whole(level) and len(level) < 7},
        file_digest=COMES if upload else "",
    )  # fmt: skip
    try:
        tasks.check_exemplar(made, subject)
    except Refusal as refusal:
        errors = {one.column or "title": refused.said(one) for one in refusal.findings}
    if upload:
        # Nothing is kept of a form that is refused.
        stored, wrong = uploads.taken(upload, keep=not errors)
        errors |= {"file": wrong} if wrong else {}
        if stored is not None:
            made = replace(
                made,
                file_name=stored.name,
                file_type=stored.type,
                file_digest=stored.digest,
                file_size=stored.size,
            )
    if not errors:
        actions.add_exemplar(made=made, **own)
        return redirect(address(path, said=_("The exemplar was added.")))
    return _page(
        request, subject, said | {f"level-{place}": level for place, level in levels.items()}, errors, 422
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _page(
    request: HttpRequest, view: TaskView, sent: dict[str, Any], errors: dict[str, str], status: int = 200
) -> HttpResponse:
    levels = [(str(one.level), one.called(language())) for one in view.levels]
    context = {
        "nav": NAV, **shown(view), "typed": sent, "errors": errors, "faults": list(errors.items()),
        "said": told(request, "said"),
        "criteria": [(one, [(value, name, sent.get(f"level-{one.position}") == value) for value, name in levels])
                     for one in view.criteria],
    }  # fmt: skip
    return render(request, "pages/tasks/exemplars.html", context, status=status)
