"""The reference says what the code does: addresses, codes, keys, columns, packages, links; examples are true."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from headway.access.doors import ANYONE, AT_DEVICE, ON_DEVICE, SIGNED_IN, Door
from headway.access.types import Role

from .house import ROOT, SOURCE, layers, modules, tree

REFERENCE = ROOT / "docs" / "reference"
OWN = ("docs", "changes")


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


@cache
def quoted() -> frozenset[str]:
    """Return every word that stands in backquotes anywhere in the reference."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(REFERENCE.glob("*.md"))]
    return frozenset(word for text in texts for word in re.findall(r"`([^`\n]+)`", text))


# Addresses.


def line_of(door: Door) -> str:
    """Return the line of the page about a door."""
    route = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"<\1>", door.route)
    if any(door.who is one for one in (ANYONE, SIGNED_IN, ON_DEVICE, AT_DEVICE)):
        who = next(iter(door.who))
    else:
        who = ", ".join(role.value for role in Role if role in door.who)
        who = "any role" if door.who == frozenset(Role) else who
    scope = "; own scope" if door.scope else ""
    return f"| `{route}` | {', '.join(sorted(door.methods - {'HEAD'}))} | {who}{scope} | {door.why} |"


def test_every_address_stands_in_the_reference_with_its_rule_and_no_other() -> None:
    from headway.project.urls import doors

    told = [line for line in page("addresses").splitlines() if line.startswith("| `/")]
    wanted = [line_of(door) for door in doors]
    assert sorted(set(wanted) - set(told)) == [], "put these lines into docs/reference/addresses.md"
    assert sorted(set(told) - set(wanted)) == [], "take these lines out of docs/reference/addresses.md"
    assert len(told) == len(set(told))


# Codes.

SAYS_NO = {"Refusal", "Finding", "PolicyInvalid", "fault", "_fault", "_refuse", "_refusal"}
WRITTEN_OUT = {"unknown_student", "unknown_rater"}
"""Codes that the code puts together from a field's name."""
INNER = {"more", "too_many_findings"}
"""A line that says how many faults were left out is none itself."""


def words_of(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from words_of(node.body)
        yield from words_of(node.orelse)


def codes(module: ast.Module) -> Iterator[str]:
    """Yield the codes of the refusals and faults that a module raises."""
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in SAYS_NO:
            # Some begin with the line, or with the package; the code is the first that is no name.
            first = [arg for arg in node.args[:2] if not isinstance(arg, ast.Name)]
            for word in words_of(first[0]) if first else ():
                if re.fullmatch(r"[a-z][a-z0-9_]+", word):
                    yield word


def test_every_code_stands_in_the_reference() -> None:
    found = {code: name for name, path in modules() for code in codes(tree(path))}
    assert len(found) > 80
    missing = {code: found.get(code) for code in (set(found) | WRITTEN_OUT) - quoted() - INNER}
    assert not missing, "say in docs/reference what these codes mean"


def test_the_check_sees_a_code() -> None:
    text = """
raise Refusal("one_code", "…")
Finding("two_code" if x else "three_code", message)
self.fault("four_code", "…", "field")
self._fault(line, "five_code", "field", None, "…")
raise Refusal(found.code, "…")
"""
    assert list(codes(ast.parse(text))) == ["one_code", "two_code", "three_code", "four_code", "five_code"]


# Keys, fields, columns, words.


def test_every_key_of_a_policy_file_stands_in_the_reference() -> None:
    from headway.proficiency.policy_file import KEYS, SECTIONS

    text = page("policy")
    # In code, or as a key of an example.
    told = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`[^`\n]+`", text))))
    wanted = SECTIONS | {key for keys in KEYS.values() for key in keys}
    assert sorted(wanted - told) == []


def test_every_field_of_a_rating_and_every_word_of_it_stands_in_the_reference() -> None:
    from headway.evidence.types import FIELDS
    from headway.science.codes import Kind, Override, Purpose, Status

    text = page("ratings")
    assert [name for name in FIELDS if f"| `{name}` |" not in text and f"`{name}`" not in text] == []
    words = [each.word for kind in (Kind, Override, Purpose, Status) for each in kind]
    assert [word for word in words if f"`{word}`" not in text] == []


def test_every_column_of_the_export_and_every_state_stands_in_the_reference() -> None:
    from headway.proficiency.exporting import COLUMNS
    from headway.science.codes import Reason, State
    from headway.science.proficiency.words import STATES

    text = page("determinations")
    assert [name for name in COLUMNS if f"`{name}`" not in text] == []
    assert [state.word for state in State if f"| `{state.word}` |" not in text] == []
    assert [one.word for one in Reason if one is not Reason.COUNTED and f"`{one.word}`" not in text] == []
    assert [word for word, said in STATES["en"].items() if said not in text] == []


@pytest.mark.django_db
def test_every_key_of_an_explanation_stands_in_the_reference() -> None:
    """The keys are read from the function that writes them, without a determination."""
    path = SOURCE / "proficiency" / "queries.py"
    (function,) = [
        node for node in tree(path).body if isinstance(node, ast.FunctionDef) and node.name == "as_data"
    ]
    keys = {
        key.value
        for node in ast.walk(function)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    }
    assert {"student", "words", "would_change"} <= keys
    inner = {"key", "level", "weight", "reason", "changes_state", "low", "high", "chance", "source"}
    text = page("determinations")
    assert sorted(key for key in keys - inner if f"`{key}`" not in text) == []


def test_every_token_scope_stands_in_the_reference() -> None:
    from headway.access.queries import SCOPES

    assert [scope for scope in SCOPES if f"`{scope}`" not in page("http")] == []


def test_the_pages_that_are_made_from_the_code_are_as_it_makes_them() -> None:
    from headway.analytics import dictionary, metrics

    assert page("facts") == dictionary.as_markdown()
    assert (ROOT / "docs" / "science" / "metrics.md").read_text(encoding="utf-8") == metrics.as_markdown()


# Packages, records, links.


def test_every_package_has_its_line_where_things_are() -> None:
    # Only the section: the worked changes name packages that are not there yet.
    whole = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    text = whole.split("## Where things are")[1].split("\n## ")[0]
    told = re.findall(r"^\| `(\w+)` \| ", text, re.M)
    wanted = [name.strip() for layer in layers() for name in re.split(r"[|:]", layer)]
    assert told == wanted, "one line for each package of the contract, from top to bottom"
    standards = [path.parent.name for path in (SOURCE / "interop").glob("*/__init__.py")]
    readers = [path.parent.name for path in (SOURCE / "pages").glob("*/__init__.py")]
    assert sorted(name for name in standards + readers if f"`{name}`" not in text) == []


def test_every_record_stands_in_the_glossary() -> None:
    from django.apps import apps

    text = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
    names = {m.__name__ for m in apps.get_models() if m.__module__.startswith("headway.")}
    assert len(names) > 20
    assert sorted(name for name in names if f"`{name}`" not in text) == []


def pages_of_the_tree() -> list[Path]:
    found = [path for folder in OWN for path in sorted((ROOT / folder).rglob("*.md"))]
    return [*sorted(ROOT.glob("*.md")), *found]


def anchors(text: str) -> set[str]:
    heads = re.findall(r"^#{1,6} (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", pages_of_the_tree(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        goal = (path.parent / name) if name else path
        if (
            not goal.resolve().is_relative_to(ROOT)
            or not goal.exists()
            or (anchor and goal.suffix == ".md" and anchor not in anchors(goal.read_text(encoding="utf-8")))
        ):
            broken.append(link)
    assert not broken


def test_every_decision_stands_in_its_index_in_order() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = sorted(path.name for path in folder.glob("0*.md"))
    assert re.findall(r"\]\((0[^)]+)\)", (folder / "README.md").read_text(encoding="utf-8")) == pages
    assert [int(name[:4]) for name in pages] == list(range(1, len(pages) + 1))
    for name in pages:
        text = (folder / name).read_text(encoding="utf-8")
        parts = re.findall(r"^\*\*(Context|Decision|Consequences|Rejected)\.\*\*", text, re.M)
        assert parts == ["Context", "Decision", "Consequences", "Rejected"], name


# Examples.

BLOCK = re.compile(r"^(New file|In|At the end of) `([^`]+)`:\n\n```\w+\n(.*?)^```$", re.M | re.S)


def worked_changes() -> list[list[tuple[str, str, str]]]:
    """Return the blocks of each worked change: what is done, to which file, with which lines."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Four worked changes")[1]
    return [
        [(m[1], m[2], m[3]) for m in BLOCK.finditer(part)]
        for part in re.split(r"^### \d\. ", text, flags=re.M)[1:]
    ]


@pytest.mark.parametrize("number", range(1, 5))
def test_a_worked_change_fits_the_tree(number: int) -> None:
    """What a change stands between is there, once; a change that somebody is making, to learn, is left alone."""
    found = worked_changes()
    assert len(found) == 4
    blocks = found[number - 1]
    new = [name for kind, name, _ in blocks if kind == "New file"]
    assert len(blocks) > 3 and new
    if (ROOT / new[0]).exists():
        pytest.skip(f"{new[0]} is there: this change was made here")
    for kind, name, body in blocks:
        path = ROOT / name
        if kind == "New file":
            assert not path.exists(), f"{name} is there already"
            if path.suffix == ".py":
                ast.parse(body)
        elif kind == "At the end of":
            assert body.strip() not in path.read_text(encoding="utf-8"), name
        else:
            before = "".join(f"{line[1:]}\n" for line in body.splitlines() if line[:1] != "+")
            assert path.read_text(encoding="utf-8").count(before) == 1, (
                f"{name} changed: mend the diff in CONTRIBUTING.md that stands around\n{before}"
            )


def test_the_worked_example_of_the_ledger_is_true() -> None:
    text = page("ledger")
    (payload,) = re.findall(r"^(\{\"attempt\".*\})$", text, re.M)
    salt = re.search(r"the salt `([0-9a-f]{32})`", text)
    assert salt is not None
    commitment = hashlib.sha256(bytes.fromhex(salt[1]) + payload.encode()).hexdigest()
    key = hashlib.sha256(b"headway-key:r-001").hexdigest()
    lines = re.search(r"^printf '(1\\nrating.*)' \| sha256sum$", text, re.M)
    assert lines is not None
    parts = lines[1].split("\\n")
    assert (len(parts), parts[4], parts[6]) == (8, key, commitment)
    sealed = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    for value in (commitment, key, sealed):
        assert re.search(rf"^{value}  the ", text, re.M), value

    from headway.evidence import ledger

    assert ledger.commitment(salt[1], payload) == commitment and ledger.digest_key("r-001") == key
    assert ledger.event_hash(1, *parts[1:5], int(parts[5]), *parts[6:]) == sealed


@pytest.mark.django_db
def test_the_first_day_comes_to_what_the_tutorial_says(tmp_path: Path) -> None:
    from headway.kit.times import now
    from headway.proficiency import actions as proficiency
    from headway.project import commands
    from headway.rosters import actions as rosters

    text = (ROOT / "docs" / "tutorial" / "first-day.md").read_text(encoding="utf-8")
    files = re.findall(r"^`([^`\n]+)`:\n\n```\w+\n(.*?)^```$", text, re.M | re.S)
    for name, body in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(body, encoding="utf-8")
    at = now()
    rosters.begin_district(name="Juniper Valley", at=at)
    proficiency.begin(at=at)
    commands.import_roster(tmp_path / "roster", plan=False, accept_removals=False)
    commands.import_framework(tmp_path / "fractions.csv", plan=False, in_force=None)
    commands.import_policy(tmp_path / "policy.toml")
    assert commands.import_ratings(tmp_path / "ratings.csv", plan=False)["new"] == 5
    asked = {"as_of": None, "known_at": None, "reader": "teacher", "language": "en"}
    found = commands.explain(student="u1", target="FR.2", **asked)
    assert (found["value"], found["shown"], found["state"]) == (pytest.approx(2.8775), 2.88, "not_yet")
    assert f"```text\n{commands.say_explanation(found)}\n```" in text
    assert commands.explain(student="u2", target="FR.2", **asked)["state"] == "missed"
