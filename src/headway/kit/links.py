"""What a link is that people may put into a field."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

LINK = 500
"""The longest link that is kept."""
_LINK = URLValidator(schemes=["http", "https"])


def is_link(text: str) -> bool:
    """Whether a text is one address of the web that can be kept.

    >>> is_link("https://example.org/a"), is_link("javascript:alert(1)")
    (True, False)
    """
    try:
        _LINK(text)
    except ValidationError:
        return False
    return len(text) <= LINK
