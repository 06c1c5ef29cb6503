"""A refusal is said in the reader's language on a page, with its names and numbers; the interface answers in English."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import date
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from django.utils.translation import override

from headway.access import actions as access
from headway.access.queries import account_of
from headway.access.types import SYSTEM
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.pages.parts import refused

from .student.world import NOW, Page, build, client, person, target

SCALE = {"lowest": "1", "highest": "4", "step": "1"}
SAID = Sentence("The scale of this target goes from %(lowest)s to %(highest)s in steps of %(step)s.", **SCALE)


def test_a_sentence_is_its_english_text_and_keeps_what_was_put_in() -> None:
    assert SAID == "The scale of this target goes from 1 to 4 in steps of 1."
    assert json.loads(json.dumps(Finding("outside_scale", SAID).as_dict()))["message"] == SAID
    for again in (copy.deepcopy(SAID), pickle.loads(pickle.dumps(SAID))):
        assert (again, again.text, again.values) == (SAID, SAID.text, SCALE)
    with override("es"):
        assert refused.said(Finding("outside_scale", SAID)) == (
            "La escala de este objetivo va de 1 a 4 en pasos de 1."
        )


def test_a_page_says_numbers_days_and_parts_in_its_language() -> None:
    several = ("%(n)s fault; nothing was written.", "%(n)s faults; nothing was written.")
    parts = [Sentence("at least one student"), Sentence("a title of up to %(most)s letters", most=200)]
    with override("es"):
        assert refused.said(Sentence.counted(1, *several)) == "1 fallo; no se escribió nada."
        assert refused.said(Sentence.counted(3, *several)) == "3 fallos; no se escribió nada."
        here = Sentence("%(person)s is here on %(on)s.", person="50 % Ana", on=date(2026, 10, 19))
        assert refused.said(here) == "50 % Ana está aquí el 19 oct 2026."
        assert refused.said(Sentence("A task needs: %(faults)s.", faults=parts)) == (
            "A una tarea le hace falta: al menos un estudiante; un título de hasta 200 letras."
        )
        assert refused.placed(Finding("no_such_day", "There is no such day.", "a.csv", 2, "ends", "x")) == (
            "a.csv:2:ends: Ese día no existe. (“x”)"
        )
        assert (
            refused.said("") == "" and refused.said("What no catalogue knows.") == "What no catalogue knows."
        )
    assert here == "50 % Ana is here on 2026-10-19."


def test_where_one_thing_was_handed_in_its_first_fault_is_said() -> None:
    whole = Refusal("ratings_invalid", "1 fault; nothing was written.", [Finding("outside_scale", SAID)])
    assert refused.why(whole) == SAID and refused.said(whole) == "1 fault; nothing was written."
    assert (
        refused.why(Refusal("unknown_act", "Choose what to do with them.")) == "Choose what to do with them."
    )


@pytest.mark.django_db
def test_the_page_says_it_in_spanish_and_the_interface_in_english(tmp_path: Path) -> None:
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        teacher = client("T1")
        teacher.cookies["language"] = "es"
        form = {"key": "page-refused-1", "student": "(u1)", "target": "0", "level": "9"}
        secret = access.issue_token(
            actor=SYSTEM, account=account_of(person("T1").uuid), scopes=["ratings.write"], at=NOW, days=1
        )
        row = {"key": "said-1", "student": "u1", "target": "A.1", "level": 9, "observed_at": "2026-11-02"}
        answer = Client().post(
            "/api/v1/ratings", {"ratings": [row]}, content_type="application/json",
            headers={"Authorization": f"Bearer {secret}", "Accept-Language": "es"},
        )  # fmt: skip
        assert answer.json()["errors"][0]["message"] == SAID
        answer = teacher.post("/teacher/observe", {**form, "target": str(target("A.1"))})
        assert (
            "No se guardó nada: La escala de este objetivo va de 1 a 4 en pasos de 1." in Page(answer).words
        )
