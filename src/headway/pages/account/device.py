"""A class device: children choose their name and their pictures, or give the code of their slip; then they may hand in only."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.access import actions, queries
from headway.access.types import PICTURES, Viewer
from headway.evidence import actions as evidence_acts
from headway.evidence import queries as evidence
from headway.evidence.types import AWAY, CLASS_DEVICE, OFFERED, TAKEN, Chance, Work
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal
from headway.pages.account.scope import Here
from headway.pages.parts import cookies, pictures, uploads
from headway.pages.parts.loop import by_due, given_view
from headway.pages.parts.told import address, told

PICKS, WORDS = 3, 20_000
HOME, WORK = "/class-device", "/class-device/work"
_SHUFFLE = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Tile:
    """One child to choose: the name they go by, and its letters."""

    id: str
    name: str
    letters: str


def tiles(people: list[Any]) -> list[Tile]:
    """Return the children by the name they go by; a letter of the family name tells two of one name apart."""
    given = {one.id: one.preferred_given_name or one.given_name for one in people}
    n = Counter(given.values())
    found = []
    for one in people:
        family = (one.preferred_family_name or one.family_name)[:1]
        name = f"{given[one.id]} {family}." if n[given[one.id]] > 1 else given[one.id]
        found.append(Tile(str(one.id), name, given[one.id][:1].upper() + given[one.id][1:2]))
    return sorted(found, key=lambda tile: (tile.name.casefold(), tile.id))


def device(request: HttpRequest, subject: Here) -> HttpResponse:
    """Show the names of the class, or one child's pictures, and let in who knows them or has the slip."""
    if subject.student is not None and request.method != "POST" and "slip" not in request.GET:
        return redirect(WORK)
    if request.method == "POST" and "code" in request.POST:
        return _by_code(request, subject)
    asked = request.POST if request.method == "POST" else request.GET
    who = next((one for one in subject.people if str(one.id) == asked.get("who", "")), None)
    if who is None:
        return _names(request, subject, code=request.GET.get("slip", "")[:20])
    if request.method != "POST":
        return _pictures(request, subject, who, [])
    return _by_pictures(request, subject, who)


def _names(
    request: HttpRequest, here: Here, *, code: str = "", fault: str = "", status: int = 200
) -> HttpResponse:
    slips = queries.slips_of(school_class=here.school_class.uuid, students=[one.uuid for one in here.people])
    context = {
        "class": here.school_class, "tiles": tiles([one for one in here.people if one.uuid in slips]), "code": code,
        "fault": fault, "label": here.device.label,
    }  # fmt: skip
    return render(request, "pages/account/device.html", context, status=status)


def _pictures(
    request: HttpRequest, here: Here, who: Any, picked: list[str], *, fault: str = "", status: int = 200
) -> HttpResponse:
    shown = [(name, pictures.called(name)) for name in PICTURES]
    _SHUFFLE.shuffle(shown)
    tile = next(one for one in tiles(here.people) if one.id == str(who.id))
    context = {
        "class": here.school_class, "who": tile, "pictures": shown, "picked": ",".join(picked),
        "dots": [n < len(picked) for n in range(PICKS)], "at": len(picked) + 1, "of": PICKS, "fault": fault,
    }  # fmt: skip
    return render(request, "pages/account/device_pictures.html", context, status=status)


def _by_pictures(request: HttpRequest, here: Here, who: Any) -> HttpResponse:
    picked = [name for name in request.POST.get("picked", "").split(",") if name in PICTURES]
    picked = [*picked, *(name for name in [request.POST.get("pick", "")] if name in PICTURES)][:PICKS]
    if len(picked) < PICKS:
        return _pictures(request, here, who, picked)
    try:
        visit = actions.sign_in_by_pictures(
            device=here.device, student=who.uuid, pictures=picked, at=request.moment
        )
    except Refusal as refusal:
        status = 422 if refusal.code == "wrong_pictures" else 429
        return _pictures(request, here, who, [], fault=_refused(refusal), status=status)
    return _let_in(request, visit)


def _by_code(request: HttpRequest, here: Here) -> HttpResponse:
    code = request.POST.get("code", "").replace("\0", "")
    try:
        visit = actions.sign_in_by_code(
            device=here.device, code=code, students=[one.uuid for one in here.people], at=request.moment
        )
    except Refusal as refusal:
        status = 422 if refusal.code == "wrong_code" else 429
        return _names(request, here, fault=_refused(refusal), status=status)
    return _let_in(request, visit)


def _let_in(request: HttpRequest, visit: str) -> HttpResponse:
    rotate_token(request)
    response = redirect(WORK)
    cookies.keep_child(response, visit)
    return response


def done(request: HttpRequest, subject: Here) -> HttpResponse:
    """End the child's visit and show the names again."""
    actions.end_visit(device=subject.device, at=request.moment)
    rotate_token(request)
    response = redirect(HOME)
    cookies.forget_child(response)
    return response


# What a child may do: hand in what was given and is open.


def work(request: HttpRequest, subject: Here) -> HttpResponse:
    """Show the child what is open for them in this class, the next due first."""
    actions.stay(device=subject.device, at=request.moment)
    found = evidence.chances_of([subject.student.id], states=(OFFERED, AWAY))
    own = by_due([one for one in found if one.school_class == subject.school_class.id])
    context = {
        "name": _name(subject), "tasks": [given_view(one, request.viewer.today) for one in own],
        "said": told(request, "said"),
    }  # fmt: skip
    return render(request, "pages/account/device_work.html", context)


def hand_in(request: HttpRequest, subject: Here) -> HttpResponse:
    """Show the form for one task; take in what was sent, once however often it is sent."""
    actions.stay(device=subject.device, at=request.moment)
    asked = request.POST if request.method == "POST" else request.GET
    task = _task(subject, asked.get("task", ""))
    if task is None or (request.method != "POST" and not task.open):
        raise Http404
    fault, words = "", ""
    if request.method == "POST":
        words = request.POST.get("words", "").replace("\r\n", "\n").replace("\0", "").strip()
        fault = _take(request, subject, task, words)
        if not fault:
            return redirect(address(WORK, said=_("Handed in: %(title)s") % {"title": task.title}))
    context = {
        "task": given_view(task, request.viewer.today), "asks": task, "words": words, "fault": fault, "name": _name(subject),
    }  # fmt: skip
    return render(request, "pages/account/device_hand_in.html", context, status=422 if fault else 200)


def _name(here: Here) -> str:
    return str(here.student.preferred_given_name or here.student.given_name)


def _task(here: Here, text: str) -> Chance | None:
    """Return the child's own chance of this number in this class, if something may still come or came for it."""
    try:
        found = next(iter(evidence.chances_by_uuid([UUID(text)])), None)
    except ValueError:
        return None
    if found is None or found.student != here.student.id or found.school_class != here.school_class.id:
        return None
    return found if found.open or found.state == TAKEN else None


def _take(request: HttpRequest, here: Here, task: Chance, words: str) -> str:
    """Hand in what was sent; return what is wrong with it, or nothing."""
    sent = [request.FILES[name] for name in ("photo", "file") if request.FILES.get(name)]
    if len(words) > WORDS:
        return _("Up to %(n)s letters fit here.") % {"n": WORDS}
    if len(sent) > 1:
        return _("Choose a photo or a file, not both.")
    stored, fault = uploads.taken(sent[0]) if sent else (None, "")
    if fault:
        return fault
    if not words and stored is None:
        return _("Take a photo, choose a file or write something first.")
    if task.state == TAKEN and not _same(task, words, stored):
        return _already(task, here)
    child = here.student
    made = Work(
        key=task.piece_key, student=child.id, student_uuid=child.uuid, targets=task.targets,
        target_uuids=tuple(frameworks.node(target).uuid for target in task.targets), title=task.title, words=words,
        file_name=stored.name if stored else "", file_type=stored.type if stored else "",
        file_digest=stored.digest if stored else "", file_size=stored.size if stored else 0, way=CLASS_DEVICE, after=0,
    )  # fmt: skip
    actor = Viewer(person=child.uuid, person_id=child.id, name=child.name(), today=request.viewer.today)
    try:
        evidence_acts.hand_in(actor=actor, work=made, at=request.moment)
    except Refusal as refusal:
        if refusal.code == "newer_attempt":
            return _already(task, here)
        return _("This task is closed. Ask your teacher to open it again.")
    return ""


def _already(task: Chance, here: Here) -> str:
    """Say that something was handed in for the task: by the child, or by another of the group."""
    piece = evidence.find_piece(task.piece_key)
    if task.group and piece is not None and piece.handed_in_by != here.student.uuid:
        return _("Your group has handed this in already.")
    return _("You have handed this in already. Ask your teacher if you want to change it.")


def _same(task: Chance, words: str, stored: Any) -> bool:
    """Whether this is what was handed in for the task already, sent once more."""
    piece = evidence.find_piece(task.piece_key)
    return piece is not None and (piece.words, piece.file_digest) == (words, stored.digest if stored else "")


def _refused(refusal: Refusal) -> str:
    return {
        "wrong_pictures": _("These are not your pictures. Try once more, or ask your teacher."),
        "wrong_code": _("No slip of this class has this code. Try once more, or ask your teacher."),
        "child_locked": _("That was too many tries. Take your slip, or ask your teacher."),
        "device_locked": _(
            "That was too many tries on this device. Ask your teacher, or wait a quarter of an hour."
        ),
    }[refusal.code]
