"""Names out of words: what a roster knows, addresses and numbers, so that a copy says nothing of whose it was.

Masks too much rather than too little. A nickname that no roster knows is for the person who takes the copy to find.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

MARK = "[…]"
"""What stands in the place of a name, in every language."""

_ALSO_WORDS = """
will mark rose may grace hope faith joy art bill sol luz rosa mar amber april august autumn bell brook brooks carter cash
chance chase clay cliff cook daisy dawn dean drew earl field fields forest frank gray green hall harmony hazel hill holly
hunter iris ivy jack jade june king lane lily long love major marina miles mercy mason noble olive page park parker penny
pearl pierce poppy ray reed rich river robin rocky royal ruby rusty sage sandy savannah sky skip small stone summer sunny
taylor van violet wade walker ward wells west white wood woods young york cruz flores reyes paz blanca linda dulce alma
angel bella campos castillo leon marino montes nieves perla rios salas santos sierra valle vega
"""
EVERYDAY = frozenset(_ALSO_WORDS.split())
"""Names that are also words: masked where they begin with a capital letter, left alone where they do not."""

_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.I)
_HANDLE = re.compile(r"(?<!\w)@\w{2,}")
_LONG_NUMBER = re.compile(r"(?<![\w.,])\+?\d[\d ()/-]{5,}\d(?![\w.,]?\d)")
_DOTTED_NUMBER = re.compile(r"(?<![\d.])\d{3}\.\d{3}\.\d{4}(?![\d.])")
_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
"""What stands inside a word and is not seen."""
_WORD = re.compile(r"[^\W_]+", re.U)
_LIKE = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
"""Letters that no accent makes, as they are written without them."""


@dataclass(frozen=True, slots=True)
class Masked:
    """Words without names, and how many places were masked."""

    words: str
    n: int


def mask(words: str, names: Iterable[str], *, marks: Iterable[str] = (), also: Iterable[str] = ()) -> Masked:
    """Return words with names, addresses, links and long numbers masked.

    `names` are whole names of the roster: each part of them is a name. `marks` are usernames and identifiers, taken out whole.
    `also` are words that a person found besides; they are masked however they are written. Case and accents make no
    difference, but for names that are also words; nor do an s or digits at the end, or parts of one name written together.

    >>> mask("Anita and José asked Mr. Hill up the hill.", ["Anita Abeyta", "Jose Ortiz", "Rita Hill"])
    Masked(words='[…] and […] asked Mr. […] up the hill.', n=3)
    """
    text = _UNSEEN.sub("", unicodedata.normalize("NFC", words))
    n = 0
    for pattern in (_MAIL, _LINK, _HANDLE, _LONG_NUMBER, _DOTTED_NUMBER):
        text, found = pattern.subn(MARK, text)
        n += found
    exact = sorted((mark for mark in marks if len(mark) > 2), key=len, reverse=True)
    if exact:
        pattern = re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(mark) for mark in exact)})(?!\w)", re.I)
        text, found = pattern.subn(MARK, text)
        n += found
    known = {form for name in names for form in _forms(unicodedata.normalize("NFC", name))}
    sure = {folded(part) for word in also for part in _WORD.findall(unicodedata.normalize("NFC", word))}

    def swap(match: re.Match[str]) -> str:
        nonlocal n
        word = match[0]
        whole = folded(word)
        for own in dict.fromkeys((whole, whole.rstrip("0123456789"), whole.removesuffix("s"))):
            if own in sure or (own in known and _is_name(word, own)):
                n += 1
                return MARK
        return word

    return Masked(_WORD.sub(swap, text), n)


def _forms(name: str) -> set[str]:
    """Return the parts of a whole name, each word of it without its signs, and two, three or all of them written together."""
    parts = [folded(part) for part in _WORD.findall(name)]
    words = ["".join(_WORD.findall(word)) for word in re.split(r"[\s-]+", name)]
    joined = {folded(word) for word in words} | {folded("".join(words))}
    # One before another: "JoseOBrien", "obrienmoller".
    joined |= {folded(one + other) for one in words for other in words if one != other}
    joined |= {
        folded(first + second + third) for first, second, third in itertools.permutations(words[:6], 3)
    }
    return {form for form in (*parts, *joined) if form}


def _is_name(word: str, own: str) -> bool:
    """Whether a word that a roster knows is meant as a name here: short ones and everyday words need their capital letter."""
    if len(own) < 3 or own in EVERYDAY or own + "s" in EVERYDAY:
        return word[0].isupper() and (len(own) > 1)
    return True


def folded(word: str) -> str:
    """Return a word without case and accents.

    >>> folded("Ángel"), folded("ÑUÑEZ")
    ('angel', 'nunez')
    """
    parts = unicodedata.normalize("NFKD", word.casefold()).translate(_LIKE)
    return "".join(one for one in parts if not unicodedata.combining(one))
