"""The public continuum: what a family reads, and that a private one is as good as missing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from uuid import uuid5

import pytest
import time_machine
from django.test import Client

from headway.access.types import SYSTEM
from headway.frameworks import actions
from headway.frameworks import queries as continuums

from ...frameworks.packages import node, package, under
from ...plans.school import BEGUN, build
from ..school.reading import NOW, read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    said = {
        "name": "Add fractions", "name_es": "Sumar fracciones", "family": "My child adds fractions.",
        "family_es": "Suma fracciones.", "descriptors": ("with strips", "alone", "any two", "finds faults"), "level": 5,
    }  # fmt: skip
    level = {"level": 5, "name": "Fractions", "name_es": "Fracciones", "statement": "Parts."}
    pack = package(
        "Number / sense", ["A", node("A.1", level=4), node("A.2", **said)],
        *under("Number / sense", "A"), *under("A", "A.1", "A.2"),
        ("precedes", "A.1", "A.2"), title_es="Sentido numérico", description="From beans to fractions.", notice="© The authors.",
        expected_levels={"05": 5, "KG": 4}, levels=(level,),
    )  # fmt: skip
    # The small school has codes of its own on another continuum; identifiers must differ.
    own = {n.uuid: uuid5(n.uuid, "public") for n in pack.nodes}
    names = {str(old): str(new) for old, new in own.items()}
    pack = replace(
        pack, nodes=tuple(replace(n, uuid=own[n.uuid]) for n in pack.nodes),
        relations=tuple(
            replace(r, uuid=uuid5(r.uuid, "public"), origin=names.get(r.origin, r.origin), target=names.get(r.target, r.target))
            for r in pack.relations
        ),
    )  # fmt: skip
    actions.apply_package(pack, actor=SYSTEM, at=BEGUN)
    view = continuums.framework_by_key("Number / sense")
    actions.set_framework(view.id, actor=SYSTEM, at=BEGUN, public=True)
    for other in continuums.frameworks():
        if other.key == "Math":
            actions.set_framework(other.id, actor=SYSTEM, at=BEGUN, public=False)
    with time_machine.travel(NOW, tick=False):
        yield


ADDRESS = "/continuum/Number%20/%20sense/"


def test_a_family_reads_it_without_signing_in() -> None:
    assert ADDRESS in read(Client().get("/continuum/")).links()
    page = read(Client().get(ADDRESS))
    text = page.text()
    for said in ("From beans to fractions.", "expected in Grade 5", "Fractions", "My child adds fractions.", "with strips",
                 "Emerging.", "© The authors.", "Comes after"):  # fmt: skip
        assert said in text, said
    assert page.all("article", id="A.2") and "#A.1" in page.links()


def test_one_level_at_a_time() -> None:
    page = read(Client().get(f"{ADDRESS}?level=5"))
    assert (
        page.all("article", id="A.2")
        and not page.all("article", id="A.1")
        and "What level 5 asks" in page.text()
    )
    assert len(read(Client().get(f"{ADDRESS}?level=77")).all("article")) == 2


def test_spanish_names_and_family_statements() -> None:
    client = Client(headers={"accept-language": "es"})
    page = read(client.get(ADDRESS))
    assert (
        page.text("h1") == "Sentido numérico"
        and "Sumar fracciones" in page.text()
        and "Suma fracciones." in page.text()
    )
    assert "Fracciones" in page.text() and "My child" not in page.text()
    # What is written in English only says so to a screen reader.
    assert page.all("div", class_="desc")[0][0]["lang"] == "en"


def test_private_and_missing_give_the_same_bytes() -> None:
    def body(key: str) -> str:
        answer = Client().get(f"/continuum/{key}/")
        assert answer.status_code == 404
        text = answer.content.decode().replace(key, "…")
        return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)

    assert body("Math") == body("Nope")


def test_few_statements(django_assert_max_num_queries) -> None:
    Client().get(ADDRESS)
    with django_assert_max_num_queries(8):
        Client().get(ADDRESS)
