"""A photo or file that came with a form: kept, or the words that say why not."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from headway.kit.refusals import Refusal
from headway.pages.parts import files


def taken(upload: Any, *, keep: bool = True) -> tuple[files.Stored | None, str]:
    """This will keep a file, and return it; or return None and what is wrong with it.

    Without `keep` nothing is kept: a file with nothing wrong is answered with None and no words.
    """
    if upload.size > files.LARGEST:
        return None, _(
            "This file is larger than 20 MB. Make it smaller, or put it where you can give a link to it."
        )
    data = upload.read()
    if not keep and files.kind_of(data):
        return None, ""
    try:
        return files.store(data, upload.name or ""), ""
    except Refusal as refusal:
        return None, {
            "empty_file": _("This file is empty. Choose another one."),
            "damaged_file": _("This picture is damaged and cannot be read. Take or save it once more."),
        }.get(refusal.code) or _(
            "This kind of file cannot be taken. Hand in a picture (PNG, JPEG, GIF, WebP), a PDF, an MP4 film or plain text."
        )
