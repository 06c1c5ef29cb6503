"""A family reads in Spanish how the child is, opens the sheet of the conference, sees what was agreed, and writes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_family_prepares_a_conference_in_spanish(district, sign_in) -> None:
    page = sign_in("familia", width=375, height=740)
    expect(page.locator("html")).to_have_attribute("lang", "es")
    more = page.get_by_role("link", name=re.compile("^Más sobre"))
    if more.count():
        more.first.click()
    card = page.get_by_role("link", name="2026-27")
    if not card.count():
        # Of several children the one with a conference has a report card too.
        page.go_back()
        more.nth(1).click()
    page.get_by_role("link", name="Preparar una reunión").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Reunión sobre")
    sheet = page.locator(".confsheet")
    expect(sheet).to_have_attribute("lang", "es")
    expect(sheet).to_contain_text("Preguntas para conversar")
    expect(sheet).to_contain_text("intérprete: R. Montoya")
    expect(sheet).to_contain_text("Diez minutos de cálculo en voz alta")
    expect(sheet).to_contain_text("por hacer")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.go_back()
    page.get_by_role("link", name=re.compile("^Mensajes")).click()
    expect(page.locator(".thread")).to_contain_text("Gracias por venir.")
    page.fill("textarea[name=text]", "¿Cómo podemos practicar las tasas?")
    page.get_by_role("button", name="Enviar").click()
    expect(page.locator(".thread")).to_contain_text("¿Cómo podemos practicar las tasas?")
    teacher = sign_in("teacher")
    expect(teacher.get_by_role("heading", name="Messages from home")).to_be_visible()
    teacher.locator("section:has(#let) a").first.click()
    expect(teacher.locator(".thread")).to_contain_text("¿Cómo podemos practicar las tasas?")


def pages_of(printed: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", printed))


def test_what_is_printed_fits_on_letter_and_on_a4(district, sign_in) -> None:
    """P18, P19, P20: a family's page, the sheet of a conference and a class's rating sheet are one page, a card two at most."""
    student = district.logins["student"]["sourced_id"]
    teacher = district.logins["teacher"]["sourced_id"]
    # The second of the teacher's classes: another journey adds students to the first, who may not find room on one page.
    school_class = "C-" + re.sub(r"[A-H]$", "", teacher.removeprefix("T-")) + "B"
    wanted = {
        "teacher": {
            f"/teacher/students/{student}/conference": 1, f"/teacher/students/{student}/cards/1": 2,
            f"/teacher/classes/{school_class}/sheet": 1, f"/teacher/classes/{school_class}/grid": 1,
        },
        "family": {f"/family/children/{student}": 1, f"/family/children/{student}/conference": 1},
    }  # fmt: skip
    for who, paths in wanted.items():
        page = sign_in(who)
        for path, most in paths.items():
            page.goto(district.base + path)
            for paper in ("Letter", "A4"):
                assert 1 <= pages_of(page.pdf(format=paper)) <= most, (path, paper)
