"""The editor of a draft: what students read, what adults need, and the rubric, criterion by criterion.

Every button keeps the draft first, so that nothing that was typed is lost by moving, removing, or leaving for exemplars. Where a
field cannot be kept nothing is: the page names it and shows again all that was typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.frameworks import queries as frameworks
from headway.frameworks.types import NodeView
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import refused
from headway.pages.parts.learning import language
from headway.pages.parts.told import address, told
from headway.pages.tasks.bank import NAV, targets
from headway.pages.tasks.words import depths, languages, typed
from headway.tasks import actions
from headway.tasks import queries as tasks
from headway.tasks.types import MOST_CRITERIA, Level, NewCriterion, TaskText, TaskView

TEXTS = ("title", "purpose", "prompt", "materials", "administration", "accommodations")
MOST_NAMED = 6
_CELL = re.compile(r"criterion-(\d{1,2})-(\d{1,6})")
_MOVE = re.compile(r"(up|down|remove)-(\d{1,2})")


@dataclass(slots=True)
class Row:
    """One criterion as it was typed: `target` is the text that names the target, `words` are by level in hundredths."""

    uuid: str = ""
    name: str = ""
    target: str = ""
    words: dict[int, str] = field(default_factory=dict)

    @property
    def blank(self) -> bool:
        return not (self.name or self.target or any(self.words.values()))


@dataclass(slots=True)
class Form:
    """What was typed, and what is wrong with it by field."""

    said: dict[str, str]
    certifies: bool
    rows: list[Row]
    errors: dict[str, str] = field(default_factory=dict)


def editor(request: HttpRequest, task: object, subject: TaskView) -> HttpResponse:
    """Show the editor; keep, publish or discard the draft, or move and remove a criterion."""
    if request.method != "POST":
        return _page(request, subject, _stands(subject), "")
    form, act = _read(request), request.POST.get("act", "")
    own = {"actor": request.viewer, "version": subject.uuid, "at": request.moment}
    if act == "discard":
        actions.discard_draft(**own)
        return redirect(address("/tasks/", said=_("The draft was thrown away.")))
    _move(form, act)
    kept = False
    try:
        actions.write_draft(text=_text(form), **own)
        kept = True
        if act == "publish":
            actions.publish_task(**own)
            return redirect(
                address(f"/tasks/{subject.task}", said=_("Published: this version never changes now."))
            )
    except Refusal as refusal:
        form.errors = {one.column or "title": refused.said(one) for one in refusal.findings}
        form.errors = (form.errors or {"title": refused.said(refusal)}) | _unnamed(form)
        heading = (
            _("The draft was kept. It is not published yet.") if kept else _("The draft was not kept yet.")
        )
        return _page(request, subject, form, heading, 422)
    if act == "exemplars":
        return redirect(f"/tasks/{subject.task}/exemplars")
    place = f"#criterion-{len(form.rows) + 1}-name" if act == "add" else ""
    return redirect(address(f"/tasks/{subject.task}/edit", said=_("The draft was kept.")) + place)


def _stands(view: TaskView) -> Form:
    said = {name: getattr(view, name) for name in TEXTS} | {
        "minutes": "" if view.minutes is None else str(view.minutes), "language": view.language, "depth": str(view.depth),
    }  # fmt: skip
    rows = [
        Row(str(one.uuid), one.name, frameworks.node(one.target).reference, dict(one.descriptors))
        for one in view.criteria
    ]
    return Form(said, view.certifies, rows)


def _read(request: HttpRequest) -> Form:
    sent = request.POST
    said = {name: typed(sent.get(name, "")) for name in (*TEXTS, "minutes", "language", "depth")}
    said["title"] = " ".join(said["title"].split())
    rows = [
        Row(sent.get(f"criterion-{n}-uuid", ""), " ".join(typed(sent.get(f"criterion-{n}-name", "")).split()),
            typed(sent.get(f"criterion-{n}-target", "")))
        for n in range(1, MOST_CRITERIA + 2)
    ]  # fmt: skip
    for name in sent:
        if (found := _CELL.fullmatch(name)) and 1 <= int(found[1]) <= len(rows):
            rows[int(found[1]) - 1].words[int(found[2])] = typed(sent[name])
    return Form(said, bool(sent.get("certifies")), [row for row in rows if not row.blank])


def _move(form: Form, act: str) -> None:
    """Move or remove the criterion that a button names."""
    found = _MOVE.fullmatch(act)
    place = int(found[2]) - 1 if found else -1
    if not found or not 0 <= place < len(form.rows):
        return
    row = form.rows.pop(place)
    if found[1] != "remove":
        form.rows.insert(max(0, place - 1) if found[1] == "up" else place + 1, row)


def _text(form: Form) -> TaskText:
    known = _targets([row.target for row in form.rows])
    minutes, depth = form.said["minutes"], form.said["depth"]
    return TaskText(
        **{name: form.said[name] for name in TEXTS}, language=form.said["language"], certifies=form.certifies,
        minutes=(int(minutes) if is_whole(minutes) and len(minutes) < 6 else 0) if minutes else None,
        depth=int(depth) if is_whole(depth) and len(depth) < 3 else 0,
        criteria=tuple(
            # What names no target is told apart by the bank, which refuses it by its field.
            NewCriterion(row.name, found.id if isinstance(found := known[row.target], NodeView) else 0,
                         {level: words for level, words in row.words.items() if words}, _uuid(row.uuid))
            for row in form.rows
        ),
    )  # fmt: skip


def _targets(texts: list[str]) -> dict[str, NodeView | str]:
    """Return for every text the target that it names by identifier, code or exact name in either language; else why there is
    none."""
    stamp = frameworks.remembered_stamp()
    found: dict[str, NodeView | str] = {}
    for text, one in frameworks.find_targets(texts, at=stamp).items():
        if isinstance(one, NodeView):
            found[text] = one
            continue
        named = _named(text) if one.code == "unknown_target" else []
        if len(named) == 1:
            found[text] = named[0]
        elif named:
            codes = ", ".join(node.reference for node in named[:MOST_NAMED])
            found[text] = _("Several targets have this name; write a code instead: %(codes)s.") % {
                "codes": codes
            }
        elif one.code == "unknown_target" and not frameworks.find_any(text):
            found[text] = _("No target in force has this code or this name.")
        else:
            found[text] = refused.said(one)
    return found


def _named(text: str) -> list[NodeView]:
    """Return the targets in force with exactly this name, in English or Spanish, whatever the case and the spaces."""
    said, stamp = " ".join(text.split()).casefold(), frameworks.remembered_stamp()
    return [
        node
        for one in frameworks.frameworks(at=stamp)
        for node in frameworks.tree(one.id, at=stamp).targets()
        if said and said in {" ".join(name.split()).casefold() for name in (node.name, node.name_es)}
    ]


def _unnamed(form: Form) -> dict[str, str]:
    """Return by field what is wrong with each target that names none: the row, what was typed, and why."""
    known = _targets([row.target for row in form.rows])
    found: dict[str, str] = {}
    for n, row in enumerate(form.rows, 1):
        if isinstance(why := known[row.target], str):
            said = {"n": n, "typed": row.target, "why": why}
            found[f"criterion-{n}-target"] = (
                _("Criterion %(n)s, “%(typed)s”: %(why)s") % said
                if row.target
                else _("Criterion %(n)s: choose a target that is in force.") % said
            )
    return found


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _levels(view: TaskView, form: Form, on: date) -> tuple[Level, ...]:
    """Return the levels to write descriptors for: those of the draft's targets, else those of the first target there is."""
    first = next((row.target for row in form.rows if row.target), "")
    known = _targets([first])[first] if first else None
    if isinstance(known, NodeView):
        return tasks.scale_of(known.id, on).levels
    if view.levels:
        return view.levels
    for one in frameworks.frameworks(at=frameworks.remembered_stamp()):
        for node in frameworks.tree(one.id, at=frameworks.remembered_stamp()).targets():
            return tasks.scale_of(node.id, on).levels
    return ()


def _page(request: HttpRequest, view: TaskView, form: Form, heading: str, status: int = 200) -> HttpResponse:
    levels, errors = _levels(view, form, request.viewer.today), form.errors
    rows = [*form.rows, *([Row()] if len(form.rows) < MOST_CRITERIA else [])]
    context = {
        "nav": NAV, "task": view, "form": form, "heading": heading, "faults": list(errors.items()),
        "said": told(request, "said"), "depths": depths(), "languages": languages(), "targets": targets(),
        "rows": [
            {
                "n": n, "row": row, "new": n > len(form.rows), "last": n == len(form.rows),
                "name_error": errors.get(f"criterion-{n}-name", ""), "target_error": errors.get(f"criterion-{n}-target", ""),
                "cells": [
                    (level.level, level.called(language()), row.words.get(level.level, ""),
                     errors.get(f"criterion-{n}-{level.level}", ""))
                    for level in levels
                ],
            }
            for n, row in enumerate(rows, 1)
        ],
    }  # fmt: skip
    return render(request, "pages/tasks/editor.html", context, status=status)
