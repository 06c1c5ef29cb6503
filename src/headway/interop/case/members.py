"""Members of a package beside its items: definitions, extensions, and our own fields inside them."""

from __future__ import annotations

from typing import Any

from headway.interop.case import shape
from headway.interop.case.cleaning import Reading

_PARTS = ("CFDocument", "CFItems", "CFAssociations", "CFDefinitions", "CFRubrics", "extensions")


def definitions(reading: Reading, found: Any) -> dict[str, Any]:
    """Return the definitions of a package, each entry made fit for strict 1.1."""
    if not isinstance(found, dict):
        return {}
    kept: dict[str, Any] = {}
    for part, items in found.items():
        if part == "extensions" and isinstance(items, dict):
            kept[part] = items
        elif part in shape.DEFINITIONS and isinstance(items, list):
            entries = [_entry(reading, part, item) for item in items if isinstance(item, dict)]
            kept[part] = [entry for entry in entries if entry is not None]
        else:
            reading.dropped[f"CFDefinitions.{part}"] += 1
    return kept


def _entry(reading: Reading, part: str, item: dict[str, Any]) -> dict[str, Any] | None:
    fits, aside = reading.clean(part, item)
    if "identifier" not in fits:
        reading.dropped[f"{part} (no UUID)"] += 1
        return None
    fits.setdefault("uri", shape.address(part, fits["identifier"], ""))
    for name in shape.REQUIRED[part]:
        if name not in fits:
            fits[name] = ""
            reading.dropped[f"{part}.{name} (missing)"] += 1
    if aside:
        fits["extensions"] = {**fits.get("extensions", {}), shape.OURS: {"unknown": aside}}
    return fits


def leftovers(
    value: dict[str, Any], definitions: dict[str, Any], shells: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return what a package says beyond document, items and associations."""
    extensions = dict(value["extensions"]) if isinstance(value.get("extensions"), dict) else {}
    unknown = {
        name: member for name, member in value.items() if name not in _PARTS and name not in shape.REPEATED
    }
    if unknown:
        extensions[shape.OURS] = {**extensions.get(shape.OURS, {}), "unknown": unknown}
    found = {"CFDefinitions": definitions, "CFRubrics": shells, "extensions": extensions}
    return {name: member for name, member in found.items() if member}


def ours_of(fits: dict[str, Any], aside: dict[str, Any]) -> dict[str, Any]:
    """Take our own members out of the extensions; what did not fit 1.1 at first goes back aside."""
    extensions = dict(fits.pop("extensions", {}))
    found = extensions.pop(shape.OURS, {})
    if not isinstance(found, dict):
        extensions[shape.OURS], found = found, {}
    if extensions:
        fits["extensions"] = extensions
    ours = dict(found)
    unknown = ours.pop("unknown", {})
    if isinstance(unknown, dict):
        aside.update(unknown)
    return ours


def extra_of(fits: dict[str, Any], aside: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """Return what a record keeps beside its own fields."""
    extra = dict(fits)
    if aside:
        extra["unknown"] = aside
    if ours:
        extra["ours"] = ours
    return extra


def text(ours: dict[str, Any], name: str) -> str:
    """Take a text out of our own members, "" where there is none."""
    return ours.pop(name) if isinstance(ours.get(name), str) else ""


def number(ours: dict[str, Any], name: str) -> int | None:
    """Take a small whole number out of our own members, None where there is none."""
    value = ours.get(name)
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 32_767
    return ours.pop(name) if fits else None


def requirement(ours: dict[str, Any]) -> dict[str, int]:
    """Take an item's own requirement out of our own members."""
    value = ours.get("requirement")
    fits = isinstance(value, dict) and all(isinstance(v, int) for v in value.values())
    return ours.pop("requirement") if fits else {}


def levels_by_grade(ours: dict[str, Any]) -> dict[str, int]:
    """Take the expected levels by grade out of our own members."""
    value = ours.get("expected_levels")
    fits = isinstance(value, dict) and all(isinstance(v, int) for v in value.values())
    return ours.pop("expected_levels") if fits else {}


def levels(ours: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """Take the levels of a continuum out of our own members."""
    value = ours.get("levels")
    fits = isinstance(value, list) and all(
        isinstance(v, dict) and isinstance(v.get("level"), int) for v in value
    )
    return tuple(ours.pop("levels")) if fits else ()


def notice(license_: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Return the rights text of the license that a document names."""
    texts = {entry["identifier"]: entry["licenseText"] for entry in definitions.get("CFLicenses", ())}
    return texts.get(license_.get("identifier", ""), "")


def list_missing(reading: Reading, part: str, fits: dict[str, Any]) -> None:
    """List an object that does not say when it was last changed."""
    if "lastChangeDateTime" not in fits:
        reading.dropped[f"{part}.lastChangeDateTime (missing)"] += 1
