"""What the tests of the house share: the tree, its packages and its layers."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "headway"


@cache
def layers() -> tuple[str, ...]:
    """Return the layers of the import contract, from top to bottom."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    (contract,) = [one for one in contracts if one["type"] == "layers"]
    assert contract["exhaustive"] and contract["containers"] == ["headway"]
    return tuple(contract["layers"])


def rank(package: str) -> int:
    """Return the height of a package: 0 is the lowest. Peers (`a | b`) share one."""
    for height, layer in enumerate(reversed(layers())):
        if package in [name.strip() for name in layer.replace(":", "|").split("|")]:
            return height
    raise AssertionError(f"the package {package} has no place among the layers in pyproject.toml")


def domain_packages() -> set[str]:
    """Return the packages that own records, questions or acts."""
    files = ("models.py", "queries.py", "actions.py")
    found = {
        folder.name
        for folder in SOURCE.iterdir()
        if folder.is_dir() and any((folder / name).exists() for name in files)
    }
    assert {"access", "rosters", "frameworks", "evidence", "proficiency"} <= found
    return found


def modules() -> Iterator[tuple[str, Path]]:
    """Yield the name and path of every module, migrations left out."""
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        if "migrations" in parts:
            continue
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))
