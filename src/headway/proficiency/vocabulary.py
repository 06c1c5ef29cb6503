"""Which words a district may rename, in which languages, and what it renamed them to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from headway.kit.naming import Renaming
from headway.kit.refusals import Sentence

OURS: dict[str, dict[str, tuple[str, str]]] = {
    "en": {
        "student": ("student", "students"),
        "teacher": ("teacher", "teachers"),
        "advisor": ("advisor", "advisors"),
        "level": ("level", "levels"),
        "target": ("target", "targets"),
        "continuum": ("continuum", "continuums"),
        "piece": ("piece", "pieces"),
        "portfolio": ("portfolio", "portfolios"),
        "plan": ("plan", "plans"),
    },
    "es": {
        "student": ("estudiante", "estudiantes"),
        "teacher": ("docente", "docentes"),
        "advisor": ("asesor", "asesores"),
        "level": ("nivel", "niveles"),
        "target": ("objetivo", "objetivos"),
        "continuum": ("continuo", "continuos"),
        "piece": ("evidencia", "evidencias"),
        "portfolio": ("portafolio", "portafolios"),
        "plan": ("plan", "planes"),
    },
}
"""Our words with their singular and plural, by language."""

_WORD = re.compile(r"[^\W\d_](?:[^\W_]|[ '’-]){0,38}[^\W_]")


def fault(language: str, key: str, value: Any) -> tuple[str, str] | None:
    """Return the code and the sentence of what is wrong with one line of the file, or None.

    A value is one word (an s makes its plural), or the list of its singular and plural.
    """
    if language not in OURS:
        return "unknown_key", Sentence("A language: %(known)s.", known=", ".join(OURS))
    if key not in OURS[language]:
        return "unknown_key", Sentence("A word of ours: %(known)s.", known=", ".join(OURS[language]))
    forms = value if isinstance(value, list) else [value]
    if len(forms) not in (1, 2) or not all(isinstance(one, str) and _WORD.fullmatch(one) for one in forms):
        return "not_a_word", Sentence('A word of 2 to 40 letters, or its two forms: ["learner", "learners"].')
    return None


def renaming(settings: Mapping[str, Any], language: str) -> Renaming | None:
    """Return the district's words for ours in a language; None where it uses ours."""
    said = settings.get("vocabulary", {}).get(language, {})
    words: dict[str, str] = {}
    for key, value in said.items():
        forms = value if isinstance(value, list) else [value]
        if fault(language, key, value) is None:
            both = forms if len(forms) == 2 else [forms[0], forms[0] + "s"]
            words.update(
                {own: other for own, other in zip(OURS[language][key], both, strict=True) if own != other}
            )
    return _renaming(tuple(sorted(words.items()))) if words else None


@lru_cache(maxsize=16)
def _renaming(words: tuple[tuple[str, str], ...]) -> Renaming:
    return Renaming(dict(words))
