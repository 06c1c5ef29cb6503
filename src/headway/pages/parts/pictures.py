"""The names of the pictures of which a child's secret is made."""

from __future__ import annotations

from django.utils.translation import gettext as _


def called(picture: str) -> str:
    """Return the name of a picture in the reader's language."""
    return {
        "sun": _("Sun"),
        "moon": _("Moon"),
        "star": _("Star"),
        "heart": _("Heart"),
        "house": _("House"),
        "tree": _("Tree"),
        "fish": _("Fish"),
        "boat": _("Boat"),
        "cup": _("Cup"),
        "key": _("Key"),
        "ball": _("Ball"),
        "flower": _("Flower"),
    }[picture]
