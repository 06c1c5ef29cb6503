"""A district says learner where we say student: on every page, in both languages, from the day of the import."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from headway.access.types import SYSTEM
from headway.kit.refusals import Refusal
from headway.proficiency import actions

from .student.world import NOW, build, client, rate, read, target

pytestmark = pytest.mark.django_db
WORDS = """
[vocabulary.en]
student = ["learner", "learners"]
level = "stage"
[vocabulary.es]
student = ["alumno", "alumnos"]
"""


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def adopt(text: str) -> None:
    body = actions.read_policy(text.encode(), name="words.toml")
    actions.import_policy(actor=SYSTEM, body=body, name="words.toml", at=NOW + timedelta(minutes=1))


def test_pages_speak_the_districts_words() -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    teacher, student = client("T1"), client("u1")
    why = f"/student/continuum?target={target('A.1')}"
    before = [read(teacher, "/teacher/classes/k1/grid").words, read(student, why).words]
    assert re.search(r"\bstudents?\b", before[0], re.I) and re.search(r"\blevel\b", before[1])
    adopt(WORDS)
    grid, panel = read(teacher, "/teacher/classes/k1/grid").words, read(student, why).words
    assert re.search(r"\blearners?\b", grid, re.I) and not re.search(r"\bstudents?\b", grid, re.I)
    assert re.search(r"\bstage\b", panel) and not re.search(r"\blevels?\b", panel)
    student.cookies["language"] = "es"
    teacher.cookies["language"] = "es"
    assert re.search(r"\balumnos?\b", read(teacher, "/teacher/classes/k1/grid").words, re.I)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('[vocabulary.en]\npupil = "learner"', "unknown_key"),
        ('[vocabulary.fr]\nstudent = "élève"', "unknown_key"),
        ('[vocabulary.en]\nstudent = "<b>x</b>"', "not_a_word"),
        ('[vocabulary.en]\nstudent = "%(n)s"', "not_a_word"),
        ("[vocabulary.en]\nstudent = 3", "not_a_word"),
        ('[vocabulary.en]\nstudent = ["a1", "b", "c"]', "not_a_word"),
    ],
)
def test_what_is_no_word_is_refused_with_its_line(line: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        actions.read_policy(line.encode(), name="words.toml")
    first = refused.value.findings[0]
    assert (first.code, first.line) == (code, 2)
