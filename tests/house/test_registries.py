"""No file of the build names a registry, an address or a place on somebody's machine."""

from __future__ import annotations

import re

import pytest

from .house import ROOT

FILES = ["constraints.txt", "pyproject.toml", "Makefile", ".ci/run"]
ADDRESS = re.compile(r"\b(?:https?|git\+\w+|ssh|file|ftp)://|\bgit@", re.IGNORECASE)
REGISTRY = re.compile(
    r"pypi\.|pythonhosted|artifactory|jfrog|nexus|devpi|codeartifact|pkg\.dev|npmjs|conda\.anaconda"
    r"|--(?:extra-)?index-url|--find-links|--trusted-host|\bindex-url\b|\bextra-index|\[\[tool\.uv\.index",
    re.IGNORECASE,
)
MACHINE = re.compile(
    r"""(?:^|[\s"'=(\[:,])(?:~|/(?:home|root|work|Users|usr|opt|tmp|var|mnt|etc|srv|private|workspace)\b)/?"""
    r"""|\b[A-Za-z]:\\"""
)
SHEBANG = re.compile(r"^#!/usr/bin/env \w+$|^#!/bin/\w+$")


def wrong(text: str) -> list[str]:
    lines = [line for number, line in enumerate(text.splitlines()) if number or not SHEBANG.match(line)]
    return [line for line in lines for found in (ADDRESS, REGISTRY, MACHINE) if found.search(line)]


@pytest.mark.parametrize("name", FILES)
def test_no_address_and_no_machine(name: str) -> None:
    assert wrong((ROOT / name).read_text()) == []


def test_constraints_are_exact_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert len(pins) > 20
    form = re.compile(r"^[A-Za-z0-9._-]+(\[[a-z,]+\])?==[0-9][^\s;@/]*( ; [^@/:]+)?$")
    assert [line for line in pins if not form.match(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://example.org/simple",
        "numpy @ file:///root/numpy.whl",
        "    pip install -i http://10.0.0.1/simple x",
        'url = "https://example.org"',
        "PYTHON = /usr/bin/python3",
        "cp x /tmp/y",
        "index = ~/wheels",
        "extra-index-url = registry",
    ],
)
def test_what_is_looked_for_is_found(line: str) -> None:
    assert wrong("first line\n" + line)
