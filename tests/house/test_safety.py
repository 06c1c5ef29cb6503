"""What opens a hole is not written, or stands in a short list with its reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from .house import SOURCE, modules, tree

RAW_SQL = {
    "headway.analytics.engine": "the columnar engine has no other language; it reads files, no database",
    "headway.analytics.snapshots": "begins and ends the one read of a snapshot, which blocks no writer",
    "headway.access.auditing": "the line of every act, written while it holds the lock",
    "headway.access.queries": "the owner of a token, asked before every answer of the interface",
    "headway.plans.queries": "which plans stand, asked with every page of a student: put together it cost ten times the answer",
    "headway.report_cards.queries": "which cards there are and what is contested, asked with every page of a student",
    "headway.rosters.queries": "who the rows of a save name: asked in every save",
    "headway.rosters.visibility": "what a viewer holds, asked in every request; whom the district sees, asked in every save",
    "headway.evidence.actions": "the ledger: bulk statements that the ORM would make one by one",
    "headway.evidence.durability": "asks the database for its settings",
    "headway.evidence.ledger": "the ledger: the one place that appends, with its lock",
    "headway.evidence.projection": "rating rows in bulk, the same lines for a save and a rebuild",
    "headway.evidence.queries": "columns of ratings as tuples, without a model instance for each",
    "headway.evidence.triggers": "triggers have no other language",
    "headway.interop.oneroster.between": "compares the rows of the staging file, which is no table of ours",
    "headway.interop.oneroster.staging": "the staging file of one import: a SQLite of its own, thrown away after it",
    "headway.frameworks.trees": "the stamp of every request: one statement without a model",
    "headway.proficiency.configuration": "the stamp of every request: one statement without a model",
    "headway.profiles.fitting": "which targets of the students of a save are their own: asked in every save",
    "headway.proficiency.projecting": "determinations in bulk: one UPSERT for a class",
    "headway.project.archive": "backup and restore speak to the database itself",
    "headway.project.sqlite.base": "sets the pragmas of durability on each new connection",
}
FINISHED_HTML = {
    "headway.pages.parts.tags": "marks made from numbers and from texts that were escaped",
    "headway.pages.teacher.grid": "a cell's markup is built once per distinct cell; every text in it is escaped",
}
MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "requests", "urllib.request", "http.client", "httpx",
           "aiohttp", "ftplib", "telnetlib", "xml.etree", "xml.dom", "xml.sax"}  # fmt: skip
CALLS = {
    "mark_safe": "build markup with templates or format_html",
    "eval": "read data, do not run it",
    "exec": "read data, do not run it",
    "RawSQL": "ask the ORM, or a module of RAW_SQL",
    "yaml.load": "yaml.safe_load",
    "os.system": "subprocess with a list",
    "os.popen": "subprocess with a list",
}
METHODS = {"extra": "annotate or filter", "raw": "ask the ORM, or a module of RAW_SQL"}


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def imports(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (module, name) of every import, also inside functions."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def faults(name: str, module: ast.Module) -> Iterator[str]:
    for source, part in imports(module):
        whole = f"{source}.{part}" if part else source
        if any(f"{whole}.".startswith(f"{banned}.") for banned in MODULES):
            yield f"{name}: imports {whole}"
        if part == "csrf_exempt" and name != "headway.access.doors":
            yield f"{name}: csrf_exempt (only a door decides that)"
        if part == "mark_safe":
            yield f"{name}: mark_safe ({CALLS['mark_safe']})"
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        called = dotted(node.func)
        if called in CALLS or called.endswith((".mark_safe", ".RawSQL")):
            yield f"{name}:{node.lineno}: {called}"
        if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS and name not in RAW_SQL:
            yield f"{name}:{node.lineno}: .{node.func.attr}( — {METHODS[node.func.attr]}"
        if any(k.arg == "shell" and getattr(k.value, "value", None) for k in node.keywords):
            yield f"{name}:{node.lineno}: shell=True"


def calls_of(module: ast.Module, *names: str) -> bool:
    return any(
        isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] in names for node in ast.walk(module)
    )


def runs_sql(module: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("execute", "executemany", "executescript", "copy_expert", "raw")
        for node in ast.walk(module)
    )


def test_nothing_that_is_banned_is_used() -> None:
    found = [fault for name, path in modules() for fault in faults(name, tree(path))]
    assert not found, "\n".join(found)


def test_statements_are_written_by_hand_only_where_a_reason_stands() -> None:
    users = {name for name, path in modules() if runs_sql(tree(path))}
    assert users - set(RAW_SQL) == set(), "ask the ORM, or give a reason in RAW_SQL"
    assert set(RAW_SQL) - users == set(), "take these out of RAW_SQL"


def test_markup_is_declared_finished_only_where_a_reason_stands() -> None:
    users = {name for name, path in modules() if calls_of(tree(path), "SafeString", "SafeText")}
    assert users - set(FINISHED_HTML) == set(), (
        "use a template or format_html, or give a reason in FINISHED_HTML"
    )
    assert set(FINISHED_HTML) - users == set(), "take these out of FINISHED_HTML"


UNSAFE_TEMPLATE = {
    "a value that is not escaped": re.compile(r"\|\s*safe(?:seq)?\b|\{%\s*autoescape\s+off"),
    "a script in the page": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|\son\w+\s*=\s*[\"']|javascript:", re.I),
    "a form without its token": re.compile(
        r"<form(?=[^>]*method=[\"']post)[^>]*>(?:(?!</form>|csrf_token).)*</form>", re.I | re.S
    ),
}


def template_faults(path: Path, text: str) -> list[str]:
    text = re.sub(r"\{#.*?#\}|\{%\s*comment.*?endcomment\s*%\}", "", text, flags=re.S)
    return [f"{path}: {what}" for what, found in UNSAFE_TEMPLATE.items() if found.search(text)]


def test_templates_escape_and_hold_no_script() -> None:
    paths = sorted(SOURCE.rglob("*.html"))
    assert paths
    found = [f for path in paths for f in template_faults(path.relative_to(SOURCE), path.read_text())]
    assert not found, "\n".join(found)


def test_the_checks_see_what_they_look_for() -> None:
    code = """
import pickle
import urllib.request
from requests import get
from xml.etree import ElementTree
from django.views.decorators.csrf import csrf_exempt
from django.utils.safestring import mark_safe
mark_safe("x"); eval("1"); yaml.load("x"); objects.extra(where=[]); objects.raw("x")
run("x", shell=True)
"""
    assert len(list(faults("headway.pages.x", ast.parse(code)))) == 12
    assert runs_sql(ast.parse("with c.cursor() as k: k.execute('x')"))
    page = Path("x.html")
    assert template_faults(page, "{{ name|safe }}") and template_faults(page, "{% autoescape off %}")
    assert template_faults(page, "<a onclick='x()'>") and template_faults(page, "<script>x()</script>")
    assert template_faults(page, '<form method="post"><input></form>')
    assert not template_faults(
        page, '<form method="post">{% csrf_token %}</form><script src="x.js"></script>'
    )
