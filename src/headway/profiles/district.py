"""What the district says about profiles, and the words that read like a diagnosis."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from headway.frameworks import queries as frameworks
from headway.proficiency.queries import Book
from headway.profiles.types import FIELDS, DecisionPoint, Settings


@cache
def _default() -> dict[str, Any]:
    return tomllib.loads((files("headway.profiles") / "district.toml").read_text(encoding="utf-8"))


def settings(book: Book) -> Settings:
    """Return what the district's policy file says under `[profiles]`, and for the rest what holds from the first day."""
    said = {**_default(), **book.settings.get("profiles", {})}
    readers = {**_default()["readers"], **said["readers"]}
    return Settings(
        expires_days=said["expires_days"], longest_days=said["longest_days"],
        readers={name: tuple(readers[name]) for name in FIELDS}, accommodations=said["accommodations"],
        labels=tuple(said["labels"]), language_targets=said["language_targets"],
        language_continuum=said["language_continuum"],
    )  # fmt: skip


def decision_points(book: Book) -> dict[str, DecisionPoint]:
    """Return the decision points that the district names in its policy file, by key, in its order."""
    return {
        said["key"]: DecisionPoint(
            said["key"],
            said["name"],
            tuple(said["who"]),
            {one["key"]: one["name"] for one in said["options"]},
        )
        for said in book.settings.get("decision_point", [])
    }


def plain(text: str) -> str:
    """Return a text as words in small letters, without accents, marks and what cannot be seen."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    seen = "".join(one for one in parts if unicodedata.category(one) not in ("Mn", "Cf") and one != ".")
    return re.sub(r"[^a-z0-9]+", " ", seen).strip()


def label_in(text: str, labels: Sequence[str]) -> str:
    """Return the first of the words that read like a diagnosis and stand in a text, or nothing."""
    words = f" {plain(text)} "
    return next((one for one in labels if (said := plain(one)) and f" {said} " in words), "")


def language_of(found: Settings, target: int) -> str:
    """Return the language that is itself what a target asks for, or nothing."""
    if not found.language_targets:
        return ""
    place = frameworks.place(node_id=target)
    named = (found.language_targets.get(one, "") for one in (*reversed(place.path), place.framework))
    return next((one.lower() for one in named if one), "")
