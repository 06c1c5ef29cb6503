"""Write a `Package` in the documented spreadsheet form."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator

from headway.frameworks.types import Package
from headway.interop.case.sheet_cells import COMES_FROM, GOES_TO, HEADS, PLAIN, columns, shield


def write_spreadsheet(package: Package) -> str:
    """Return the package as CSV text, without what the form has no column for."""
    names = _names(package)
    width = max([4, *(len(node.descriptors) for node in package.nodes)])
    out = io.StringIO()
    writer = csv.DictWriter(out, columns(width), restval="", lineterminator="\n")
    writer.writeheader()
    for cells in (*_head_rows(package), *_item_rows(package, names)):
        writer.writerow({name: shield(text) for name, text in cells.items()})
    return out.getvalue()


def _names(package: Package) -> dict[str, str]:
    """Return for every item the shortest name that a sheet can refer to it by."""
    codes = Counter(node.code for node in package.nodes)
    return {
        str(node.uuid): node.code
        if node.code and codes[node.code] == 1 and ";" not in node.code
        else str(node.uuid)
        for node in package.nodes
    }


def _head_rows(package: Package) -> Iterator[dict[str, str]]:
    framework = package.framework
    yield {
        "row": "framework",
        "identifier": str(framework.uuid),
        "name": framework.title,
        "name_es": framework.title_es,
        "statement": framework.description,
        "kind": framework.kind,
        "level": _text(framework.graduation_level),
    }
    for level in framework.levels:
        yield {
            "row": "level",
            "code": str(level["level"]),
            "name": str(level.get("name", "")),
            "name_es": str(level.get("name_es", "")),
            "statement": str(level.get("statement", "")),
        }
    names = framework.extra.get("ours", {}).get("grade_names", {})
    for grade, number in sorted(
        framework.expected_levels.items(), key=lambda pair: (pair[0].isdigit(), pair[0])
    ):
        yield {"row": "grade", "code": grade, "level": str(number), **names.get(grade, {})}


def _item_rows(package: Package, names: dict[str, str]) -> Iterator[dict[str, str]]:
    ends: dict[str, dict[str, list[str]]] = {}
    document = str(package.framework.uuid)
    for relation in package.relations:
        for column, kind in GOES_TO.items():
            if relation.kind == kind and relation.origin in names:
                ends.setdefault(relation.origin, {}).setdefault(column, []).append(
                    names.get(relation.target, relation.target)
                )
        for column, kind in COMES_FROM.items():
            if relation.kind == kind and relation.target in names:
                ends.setdefault(relation.target, {}).setdefault(column, []).append(
                    names.get(relation.origin, relation.origin)
                )
    for node in package.nodes:
        own = ends.get(str(node.uuid), {})
        if own.get("parents") == [document]:
            del own["parents"]
        yield {
            "row": f"{PLAIN}{node.kind}" if node.kind in HEADS else node.kind or "item",
            "identifier": str(node.uuid),
            "code": node.code,
            "name": node.name,
            "name_es": node.name_es,
            "statement": node.statement,
            "family": node.family,
            "family_es": node.family_es,
            "level": _text(node.level),
            "depth": _text(node.depth),
            "starts": _text(node.starts_on),
            "ends": _text(node.ends_on),
            "evidence": node.evidence,
            "requirement": ";".join(f"{key}={value}" for key, value in node.requirement.items()),
            **{f"descriptor_{rank}": text for rank, text in enumerate(node.descriptors, start=1)},
            **{column: ";".join(found) for column, found in own.items()},
        }


def _text(value: object) -> str:
    return "" if value is None else str(value)
