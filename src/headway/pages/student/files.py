"""A file that was handed in: shown as a picture or saved, never run by the browser."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse

from headway.pages.parts.files import IMAGES, path_of

SEALED = "sandbox; default-src 'none'"


def file(request: HttpRequest, digest: str, subject: Any) -> HttpResponse:
    """Give the file as it was kept; only what is surely a picture opens in the browser."""
    path = path_of(digest)
    if not path.is_file():
        raise Http404
    inline = subject.file_type in IMAGES
    response = FileResponse(
        path.open("rb"), as_attachment=not inline, filename=subject.file_name,
        content_type=subject.file_type if inline else "application/octet-stream",
    )  # fmt: skip
    response["Content-Security-Policy"] = SEALED
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
