"""A level with very many targets: what was begun lies open, the other competencies say how many there are and open on asking."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import time_machine
from django.test import Client

from headway.access.types import SYSTEM
from headway.frameworks import actions as frameworks
from headway.pages.parts.groups import FOLDS_FROM

from ...frameworks.packages import node, package, under
from .world import NOW, Page, build, client, rate, read, target

pytestmark = pytest.mark.django_db
EACH = 25


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    areas = ("P", "Q", "R")
    assert EACH * len(areas) > FOLDS_FROM
    made = {a: [node(f"{a}.{n}", name=f"{a} target {n}", level=1) for n in range(EACH)] for a in areas}
    edges = [edge for a in areas for edge in under(a, *(one.code for one in made[a]))]
    long = package("Long", [*areas, *(one for a in areas for one in made[a])], *under("Long", *areas), *edges)
    frameworks.apply_package(long, actor=SYSTEM, at=NOW)
    with time_machine.travel(NOW, tick=False):
        yield


def listed(browser: Client, path: str) -> Page:
    """Read a page without what its choosers offer: closed, they take no place."""
    answer = browser.get(path)
    answer.content = re.sub(rb"<option.*?</option>", b"", answer.content)
    return Page(answer)


@pytest.mark.parametrize(
    ("who", "path"),
    [("u1", "/student/continuum?"), ("T1", "/teacher/students/u1?")],
    ids=["student", "teacher"],
)
def test_competencies_without_evidence_say_their_number_and_open_when_asked(who: str, path: str) -> None:
    rate("u1", "Q.3", "2026-11-02", 3)
    browser = client(who)
    page = listed(browser, f"{path}target={target('Q.3')}")
    assert "Q target 24" in page.words and "P target 1" not in page.words and "R target 1" not in page.words
    assert page.words.count("25 targets, not begun") == 2
    opened = listed(browser, f"{path}target={target('R.7')}")
    assert (
        "R target 24" in opened.words and "Q target 24" in opened.words and "P target 1" not in opened.words
    )
    assert opened.words.count("25 targets, not begun") == 1


@pytest.mark.parametrize(
    ("who", "path"),
    [("u1", "/student/continuum?"), ("T1", "/teacher/students/u1?")],
    ids=["student", "teacher"],
)
def test_a_short_level_is_shown_whole(who: str, path: str) -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    page = read(client(who), f"{path}target={target('A.1')}")
    assert "not begun" not in page.words and "Read a graph" in page.words
