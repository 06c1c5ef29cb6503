"""What the packages say on pages is a sentence that the catalogue can say again: no text that is put together in place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from .test_words import PAGES, entries

# Sentences of commands, of the interface's own answers and of the science: no page shows them.
NEVER_SHOWN = (
    "cli.py", "project/", "demo/", "science/", "interop/v1/api.py", "analytics/bulk.py", "analytics/joining.py",
    "analytics/opening.py", "analytics/spark.py",
)  # fmt: skip
# What makes a refusal or a fault, and from which place on its arguments may be sentences.
SAYING = {
    "Refusal": 1, "Finding": 1, "Fault": 1, "Sentence": 0, "counted": 1, "fault": 1, "_fault": 1, "warn": 1, "repair": 1,
    "_repair": 1, "note": 1, "_refuse": 1, "_refusal": 1,
}  # fmt: skip


def shown() -> Iterator[Path]:
    """Find every file whose refusals a page can show; a standard counts from the page on that takes or gives its files."""
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (PAGES / "pages").rglob("*.py"))
    for path in sorted(PAGES.rglob("*.py")):
        name = path.relative_to(PAGES).as_posix()
        standard = re.match(r"interop/(\w+)/", name)
        if not name.startswith(NEVER_SHOWN) and (
            standard is None or f"headway.interop.{standard[1]}" in pages
        ):
            yield path


def calls() -> Iterator[tuple[Path, ast.Call, list[ast.expr]]]:
    """Find every call that makes a refusal, a fault or a sentence, with the arguments that may be sentences."""
    for path in shown():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in SAYING:
                    yield path, node, node.args[SAYING[name] :]


def branches(argument: ast.expr) -> list[ast.expr]:
    return [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]


def sentences() -> dict[str, str]:
    """Return every sentence of a refusal or a fault that stands in the code, with its file."""
    return {
        part.value: path.name
        for path, _, arguments in calls()
        for argument in arguments
        for part in branches(argument)
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and " " in part.value.strip()
    }


def test_every_refusal_and_every_fault_is_in_the_spanish_catalogue() -> None:
    known, said = entries(), sentences()
    assert len(said) > 450
    assert sorted(f"{where}: {text}" for text, where in said.items() if text not in known) == []


def test_no_refusal_is_put_together_or_translated_where_it_is_raised() -> None:
    """A name or a number inside an f-string is lost to the catalogue; `Sentence` keeps the two apart."""
    faults = []
    for path, node, arguments in calls():
        for one in branches(arguments[0]) if arguments else []:
            called = getattr(one.func, "id", "") if isinstance(one, ast.Call) else ""
            if isinstance(one, ast.JoinedStr | ast.BinOp) or called in ("_", "gettext"):
                faults.append(f"{path.name}:{node.lineno}")
    assert faults == []


def test_pages_show_a_refusal_through_the_catalogue() -> None:
    """`message` is English for commands, logs and the interface; pages ask `pages.parts.refused` or the filter `said`."""
    faults = [
        f"{path.name}: {found[0]}"
        for path in sorted((PAGES / "pages").rglob("*"))
        if path.suffix in (".py", ".html") and path.name != "refused.py"
        for found in re.finditer(
            r"\b(?:refusal|finding|fault|first|findings\[0\])\.message\b", path.read_text(encoding="utf-8")
        )
    ]
    assert faults == []
