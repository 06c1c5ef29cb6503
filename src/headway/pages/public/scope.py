"""Which continuums anybody may read."""

from __future__ import annotations

from typing import Any

from headway.access.types import Viewer
from headway.frameworks import queries as frameworks


def public(viewer: Viewer, key: str, **_: Any) -> Any:
    """Return the continuum of this key where it is public; one that is private is as good as missing."""
    found = frameworks.find_framework(key)
    return found if found is not None and found.public and found.active else None
