"""How long what is written about work may be: one answer for giving, handing in and their pages."""

from __future__ import annotations

from headway.kit.links import LINK, is_link

__all__ = ["LINK", "TITLE", "WORDS", "wrong_in"]

TITLE, WORDS = 200, 20_000


def wrong_in(*, title: str = "", words: str = "", link: str = "", reflection: str = "") -> set[str]:
    """Return the names of the fields that cannot be kept as they are; empty ones can.

    >>> sorted(wrong_in(title="x" * 201, words="x", link="javascript:alert(1)"))
    ['link', 'title']
    """
    found = {"title"} if len(title) > TITLE else set()
    found |= {name for name, text in (("words", words), ("reflection", reflection)) if len(text) > WORDS}
    if link and not is_link(link):
        found.add("link")
    return found
