"""Taking a copy of a student's work: see it as raters will, mask what the roster did not know, and put it in."""

from __future__ import annotations

import contextlib
from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from headway.calibration import actions, queries
from headway.calibration.types import PLANNED, NewPart, SessionView
from headway.kit.refusals import Refusal
from headway.pages.calibration.words import nav
from headway.pages.parts import files, refused

MOST_READ = 200_000


def take(request: HttpRequest, session: UUID, subject: SessionView) -> HttpResponse:
    """Show the copy as raters would see it; take it where the viewer says that they looked at it."""
    sent = request.POST if request.method == "POST" else request.GET
    keys, also = sent.getlist("piece"), sent.get("also", "").replace(",", " ").split()
    if not keys and subject.state == PLANNED:
        return redirect(f"/calibration/{session}/works?done=choose")
    try:
        rows = queries.seen_pieces(request.viewer, keys)
    except Refusal:
        raise Http404 from None
    fault = ""
    if request.method == "POST" and request.POST.get("act") == "take":
        try:
            made = actions.take_sample(
                actor=request.viewer, key=request.POST.get("key", "")[:190] or f"copy-{uuid4()}", version=subject.version,
                pieces=keys, files=_files(rows), also=also, looked="looked" in request.POST, at=request.moment,
            )  # fmt: skip
            actions.put_in(actor=request.viewer, session=session, samples=[made], at=request.moment)
            return redirect(f"/calibration/{session}/works?done=taken")
        except Refusal as refusal:
            fault = refused.said(refusal)
    shown = [_shown(row, also) for row in rows]
    context = {
        "nav": nav(request), "session": subject, "keys": keys, "parts": shown, "also": " ".join(also), "fault": fault,
        "key": request.POST.get("key") or f"copy-{uuid4()}", "masked_n": sum(one["n"] for one in shown),
        "pictures": any(one["picture"] for one in shown), "stuck": any(one["stuck"] for one in shown),
    }  # fmt: skip
    return render(request, "pages/calibration/take.html", context, status=422 if fault else 200)


def _shown(row: Any, also: list[str]) -> dict[str, Any]:
    words = [row.words] if row.words.strip() else []
    stuck = bool(row.file_digest)
    if row.file_type == "text/plain":
        words += [text] if (text := _text(row)) is not None else []
        stuck = text is None
    picture = row.file_type in files.IMAGES
    masked = [queries.masked_words(student=row.student_id, words=one, also=also) for one in words]
    return {"words": [one.words for one in masked], "n": sum(one.n for one in masked), "picture": picture, "link": bool(row.link),
            "digest": row.file_digest, "stuck": stuck and not picture}  # fmt: skip


def _files(rows: list[Any]) -> dict[str, NewPart]:
    """Return the pictures without anything but what is seen, and the words of text files, by the key of their piece."""
    found: dict[str, NewPart] = {}
    for row in rows:
        if row.file_type in files.IMAGES:
            kept = files.bare(row.file_digest, row.file_type)
            found[row.key] = NewPart("", kept.digest, kept.type, kept.size)
        elif row.file_type == "text/plain" and (text := _text(row)) is not None:
            found[row.key] = NewPart(text)
    return found


def _text(row: Any) -> str | None:
    with contextlib.suppress(OSError, UnicodeDecodeError, Refusal):
        data = files.path_of(row.file_digest).read_bytes()
        return data.decode("utf-8") if len(data) <= MOST_READ else None
    return None
