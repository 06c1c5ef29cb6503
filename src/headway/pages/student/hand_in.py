"""Handing in: words, a link, a photo or a file, on a target that the student or the teacher chooses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.evidence import actions
from headway.evidence import queries as evidence
from headway.evidence.types import CHANCE, WITHDRAWN, Work
from headway.frameworks import queries as frameworks
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import files, uploads
from headway.pages.parts.learning import Learner, language, learners, steps, target_of, targets_to_choose
from headway.pages.parts.loop import given_view, mates_of, return_views
from headway.pages.parts.rubric import of_chance
from headway.pages.parts.told import address

KEY = re.compile(r"[A-Za-z0-9._:-]{8,100}")


@dataclass(slots=True)
class Form:
    """What was typed, and what is wrong with it by field."""

    key: str
    target: str = ""
    title: str = ""
    words: str = ""
    link: str = ""
    reflection: str = ""
    keep: bool = True
    task: evidence.Chance | None = None
    errors: dict[str, str] = field(default_factory=dict)
    kept_as: str = ""


def hand_in(request: HttpRequest, subject: Any) -> HttpResponse:
    """Offer the form; take in what was sent, once however often it is sent."""
    (learner,) = learners([subject], as_of=None, now=request.moment, book=request.book)
    offered = steps(learner)
    if request.method != "POST":
        form, piece = _fresh(request, learner, offered)
        return _page(request, learner, offered, form, piece, 200)
    form, piece, upload = _read(request, learner)
    if not form.errors:
        try:
            taken = actions.hand_in(
                actor=request.viewer,
                work=_work(learner, form, piece, upload, _after(request)),
                at=request.moment,
            )
            said = {"said": form.kept_as} if form.kept_as else {}
            return redirect(address(f"/student/work/{quote(taken.key, safe='')}", done=1, **said))
        except Refusal as refusal:
            place = "words" if refusal.code in ("newer_attempt", "unchanged") else "title"
            form.errors[place] = _refused(refusal)
            piece = evidence.find_piece(form.key)
    return _page(request, learner, offered, form, piece, 422)


def _fresh(request: HttpRequest, learner: Learner, offered: dict[int, list[Any]]) -> tuple[Form, Any]:
    if request.GET.get("offer"):
        return _answering(learner, f"{CHANCE}{request.GET['offer']}")
    asked = request.GET.get("work", "")
    if asked:
        piece = next(
            (one for one in evidence.pieces_of(students=[learner.person.id]) if str(one.uuid) == asked), None
        )
        if piece is None:
            raise Http404
        targets = [target.id for target in piece.targets.all()]
        return Form(
            piece.key,
            str(targets[0]) if targets else "",
            piece.title,
            piece.words,
            piece.link,
            piece.reflection,
            task=evidence.find_chance(piece.key),
        ), piece
    wanted = target_of(learner, request.GET.get("target", ""))
    if wanted is None:
        wanted = next(
            (offered[one.framework.id][0].node for one in learner.academic if offered[one.framework.id]), None
        )
    return Form(f"work-{uuid4()}", str(wanted.id) if wanted else ""), None


def _answering(learner: Learner, key: str) -> tuple[Form, Any]:
    """Return the form for a task that this student was given, with the piece where one was handed in already."""
    task = evidence.find_chance(key)
    if task is None or task.student != learner.person.id or task.state == WITHDRAWN:
        raise Http404
    piece = evidence.find_piece(key)
    if piece is None:
        return Form(key, title=task.title, task=task), None
    return Form(
        key, title=task.title, words=piece.words, link=piece.link, reflection=piece.reflection, task=task
    ), piece


def _read(request: HttpRequest, learner: Learner) -> tuple[Form, Any, files.Stored | None]:
    sent = request.POST
    form = Form(
        key=sent.get("key", ""), target=sent.get("target", ""), title=" ".join(sent.get("title", "").split()),
        words=sent.get("words", "").replace("\r\n", "\n").replace("\0", "").strip(), link=sent.get("link", "").strip(),
        reflection=sent.get("reflection", "").replace("\r\n", "\n").replace("\0", "").strip(), keep=bool(sent.get("keep")),
    )  # fmt: skip
    piece = None
    if not KEY.fullmatch(form.key):
        form.key = f"work-{uuid4()}"
        form.errors["title"] = _("The form was not whole. Please send it once more.")
    else:
        piece = evidence.find_piece(form.key)
        if piece is not None and piece.student_id != learner.person.id:
            raise Http404
        if form.key.startswith(CHANCE):
            form.task = _answering(learner, form.key)[0].task
    if form.task is None and form.target and target_of(learner, form.target) is None:
        form.errors["target"] = _("Choose one of the targets, or let your teacher choose.")
    wrong = evidence.wrong_in(title=form.title, words=form.words, link=form.link, reflection=form.reflection)
    if "title" in wrong:
        form.errors["title"] = _("The name may have up to %(n)s letters.") % {"n": 200}
    for name in sorted(wrong & {"words", "reflection"}):
        form.errors[name] = _("Up to %(n)s letters fit here; hand in a longer text as a file.") % {
            "n": 20_000
        }
    if "link" in wrong:
        form.errors["link"] = _(
            "A link begins with https:// and leads to one page; copy it from the address line."
        )
    upload = _upload(request, form)
    kept = piece is not None and form.keep and piece.file_digest
    if not form.errors and not (form.words or form.link or upload or kept):
        form.errors["words"] = _(
            "Nothing to hand in yet: write some words, give a link, or choose a photo or a file."
        )
    return form, piece, upload


def _upload(request: HttpRequest, form: Form) -> files.Stored | None:
    sent = [(name, request.FILES[name]) for name in ("photo", "file") if request.FILES.get(name)]
    if not sent:
        return None
    if len(sent) == 2:
        form.errors["file"] = _("Choose a photo or a file, not both; hand in the other as a second piece.")
        return None
    name, upload = sent[0]
    stored, fault = uploads.taken(upload, keep=not form.errors)
    if fault:
        form.errors[name] = fault
    elif stored is None:
        form.errors.setdefault(name, _("Please choose the file again: a page cannot keep it."))
    else:
        form.kept_as = _kept_as(upload.name or "", stored.name)
    return stored


def _kept_as(sent: str, stored: str) -> str:
    """Say under which name a file is kept where its content is not what its name said; nothing where it is."""
    endings = [PurePath(name).suffix.lower().replace(".jpeg", ".jpg") for name in (sent, stored)]
    if not endings[0] or endings[0] == endings[1]:
        return ""
    return _("Its name said %(said)s, its content is another kind: it is kept as %(name)s. Open it and look.") % {
        "said": endings[0], "name": stored,
    }  # fmt: skip


def _after(request: HttpRequest) -> int | None:
    """Return the attempt that stood when the form was opened; 0 before the first, None where the form does not say."""
    said = request.POST.get("after", "")
    return int(said) if is_whole(said) and len(said) < 6 else None


def _work(learner: Learner, form: Form, piece: Any, upload: files.Stored | None, after: int | None) -> Work:
    targets = (
        list(form.task.targets)
        if form.task
        else [node.id]
        if (node := target_of(learner, form.target))
        else []
    )
    nodes = [frameworks.node(target) for target in targets]
    title = form.task.title if form.task else form.title
    kept = piece if piece is not None and form.keep and upload is None else None
    return Work(
        key=form.key, student=learner.person.id, student_uuid=learner.person.uuid,
        targets=tuple(node.id for node in nodes), target_uuids=tuple(node.uuid for node in nodes),
        title=title or (nodes[0].called(language()) if nodes else _("Piece of work")), words=form.words, link=form.link,
        file_name=upload.name if upload else kept.file_name if kept else "",
        file_type=upload.type if upload else kept.file_type if kept else "",
        file_digest=upload.digest if upload else kept.file_digest if kept else "",
        file_size=upload.size if upload else kept.file_size if kept else 0, reflection=form.reflection,
        after=after,
    )  # fmt: skip


def _refused(refusal: Refusal) -> str:
    if refusal.code == "key_conflict":
        return _("This piece is already somebody else’s. Go back and begin a new one.")
    if refusal.code == "newer_attempt":
        return _(
            "This was handed in since you opened the page. Look at it first; to hand in yours as the next attempt, send it again."
        )
    if refusal.code == "unchanged":
        return _("Nothing is different yet from what came back to you. Change it first, then hand it in.")
    if refusal.code == "chance_closed":
        return _("This task is closed. Ask your teacher to open it again.")
    return _("This could not be handed in just now. Please send it once more.")


def _page(
    request: HttpRequest, learner: Learner, offered: dict[int, list[Any]], form: Form, piece: Any, status: int
) -> HttpResponse:
    context = {
        "nav": "student.now", "form": form, "piece": piece, "groups": targets_to_choose(learner, offered, form.target),
        "fields": {"words": _("Words"), "link": _("Link"), "photo": _("Photo"), "file": _("File"), "title": _("Name"),
                   "target": _("What it shows"), "reflection": _("Looking back on it")},
        "task": form.task and given_view(form.task, learner.m.day), "asks": form.task,
        "returns": return_views(evidence.returns_of(pieces=[piece.key]).get(piece.key, [])) if piece else [],
        "after": piece.attempt if piece is not None else 0, "group": mates_of(form.task, learner.person.id),
        "group_work": f"/student/work/{quote(piece.key, safe='')}" if piece is not None else "",
        "faults": [(name, text) for name, text in form.errors.items()], **of_chance(form.task),
    }  # fmt: skip
    return render(request, "pages/student/hand_in.html", context, status=status)
