"""Every package begins with a preface, every act and question says what it does, and names are words of a school."""

from __future__ import annotations

import ast

from .house import SOURCE, domain_packages, modules, tree

NO_WORDS_OF_A_SCHOOL = {"core", "common", "utils", "util", "helpers", "helper", "services", "managers", "misc",
                        "base", "lib", "shared"}  # fmt: skip
# Folders whose name another program looks for.
GIVEN_NAMES = {"migrations"}
# The database engine's module must be named `base`: Django looks for it.
GIVEN_MODULES = {"headway.project.sqlite.base"}


def test_every_package_has_a_preface() -> None:
    folders = {path.parent for path in SOURCE.rglob("*.py")}
    silent = []
    for folder in sorted(folders):
        if folder.name in GIVEN_NAMES:
            continue
        init = folder / "__init__.py"
        if not init.exists() or not ast.get_docstring(tree(init)):
            silent.append(str(folder.relative_to(SOURCE)))
    assert not silent


def test_a_domain_package_says_what_it_owns_and_leaves() -> None:
    short = [
        name
        for name in sorted(domain_packages())
        if len((ast.get_docstring(tree(SOURCE / name / "__init__.py")) or "").split()) < 15
    ]
    assert not short, f"say what the package owns, and what it leaves to others: {short}"


def test_names_are_words_of_a_school() -> None:
    found = {
        name
        for name, _ in modules()
        if NO_WORDS_OF_A_SCHOOL & set(name.split(".")[1:]) and name not in GIVEN_MODULES
    }
    assert not found


def test_acts_and_questions_say_what_they_do() -> None:
    silent = []
    for name in sorted(domain_packages()):
        for file in ("actions.py", "queries.py"):
            path = SOURCE / name / file
            if not path.exists():
                continue
            for node in tree(path).body:
                public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
                if public and not ast.get_docstring(node):
                    silent.append(f"{name}.{path.stem}.{node.name}")
    assert not silent


def test_every_module_says_what_it_is() -> None:
    silent = [name for name, path in modules() if tree(path).body and not ast.get_docstring(tree(path))]
    assert not silent
