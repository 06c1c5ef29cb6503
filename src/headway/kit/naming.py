"""Other words for ours: a text of the catalogue is said with the words that a district uses instead.

Works on texts as they leave the catalogue, before names and numbers are put in; so nobody's name is ever renamed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.utils.translation import get_language, override, trans_real

CONTEXT = "\x04"
_VOWELS = "aeiouAEIOU"
Words = Mapping[str, str]
# Django keeps the catalogue of a thread here and offers no way of its own to put another in its place.
_active: Any = vars(trans_real)["_active"]


class Renaming:
    """Says texts with other words. `words` map each form of ours, lower case, to the other; capitals follow the text.

    A placeholder (`%(student)s`) stays as it is. An English a or an follows the new word.
    """

    def __init__(self, words: Words) -> None:
        self.words = dict(words)
        self.key = hash(tuple(sorted(self.words.items())))
        forms = "|".join(sorted(map(re.escape, self.words), key=len, reverse=True))
        self._pattern = re.compile(rf"%\(\w+\)|\b(?:(an?) )?({forms})\b", re.IGNORECASE)
        self._said: dict[str, str] = {}

    def say(self, text: str) -> str:
        """Return the text with the other words."""
        if text not in self._said:
            if len(self._said) > 5_000:
                self._said.clear()
            self._said[text] = self._pattern.sub(self._other, text)
        return self._said[text]

    def _other(self, found: re.Match[str]) -> str:
        if found[2] is None:
            return found[0]
        ours = found[2]
        other = self.words[ours.lower()]
        if ours.isupper() and len(ours) > 1:
            other = other.upper()
        elif ours[0].isupper():
            other = other[0].upper() + other[1:]
        if found[1] is None:
            return other
        article = "an" if other[0] in _VOWELS else "a"
        return f"{article.capitalize() if found[1][0].isupper() else article} {other}"


class _Renamed:
    """Stands in the place of a language's catalogue and renames what that says."""

    def __init__(self, catalogue: Any, renaming: Renaming) -> None:
        self._catalogue, self.renaming = catalogue, renaming

    def __getattr__(self, name: str) -> Any:
        return getattr(self._catalogue, name)

    def gettext(self, message: str) -> str:
        # A text with a context that no catalogue translates comes back with the context before it.
        return self.renaming.say(self._catalogue.gettext(message).rpartition(CONTEXT)[2])

    def ngettext(self, one: str, many: str, n: int) -> str:
        return self.renaming.say(self._catalogue.ngettext(one, many, n).rpartition(CONTEXT)[2])


@contextmanager
def speaking(language: str, renaming: Renaming | None) -> Iterator[None]:
    """Speak a language with other words, in this thread, until the end of the block."""
    with override(language):
        if renaming is not None:
            _active.value = _Renamed(trans_real.translation(language), renaming)
        yield


def renaming_now() -> Renaming | None:
    """Return the words that are spoken in this thread beside the language's own."""
    return getattr(getattr(_active, "value", None), "renaming", None)


def say(text: str) -> str:
    """Return a text that stands in no catalogue with the words that are spoken now."""
    renaming = renaming_now()
    return text if renaming is None else renaming.say(text)


def spoken() -> tuple[str, int]:
    """Return what a text depends on beside itself: the key for whoever keeps texts."""
    catalogue = getattr(_active, "value", None)
    if catalogue is None:
        return get_language() or "en", 0
    renaming = getattr(catalogue, "renaming", None)
    return catalogue.to_language() or "en", 0 if renaming is None else renaming.key
