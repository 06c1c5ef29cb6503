"""A substitute's day (P8): named by the district, straight to the class, two notes, one taken back, one read."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from .conftest import command
from .test_accessible import SERIOUS, SMALL, UNREACHABLE, places

pytestmark = pytest.mark.browser
SEEN = "We stopped at the third problem; the counters are in the blue box."


def test_p8_a_substitute_sees_the_class_of_the_day_and_leaves_a_note_for_its_teacher(
    district, sign_in
) -> None:
    school_class, person = places(district)["class"], "G-0003"
    lead = sign_in("district")
    lead.goto(f"{district.base}/district/classes/{school_class}")
    lead.fill("#person", person)
    lead.get_by_role("button", name="Name the substitute").click()
    expect(lead.get_by_role("status").first).to_contain_text("The substitute sees the class in that time.")
    invited = command(district, "invite", person)
    name = invited["username"]
    page = sign_in(name, site=replace(district, logins={name: invited}), width=375, height=740)
    page.goto(f"{district.base}/")
    assert page.url == f"{district.base}/teacher/substitute/{school_class}"
    expect(page.get_by_text("You stand in for")).to_contain_text(district.logins["teacher"]["name"])
    expect(page.locator("section:has(#tk) li").first).to_contain_text("A problem of your own")
    names = page.locator("section:has(#ro) li").all_inner_texts()
    assert len(names) > 3 and all(", " in name for name in names)
    # A word too quick, taken back; then one about the class.
    page.select_option("#student", index=1)
    page.fill("#words", "Talked all day.")
    page.get_by_role("button", name="Save the note").click()
    page.get_by_role("button", name=re.compile("Take back.*Talked all day")).click()
    expect(page.get_by_text("The note is taken back.")).to_be_visible()
    page.fill("#words", SEEN)
    page.get_by_role("button", name="Save the note").click()
    expect(page.locator("section:has(#my)")).to_contain_text(SEEN)
    assert page.goto(f"{district.base}/teacher/classes/{school_class}/grid").status == 404
    page.goto(f"{district.base}/teacher/substitute")
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(UNREACHABLE) == page.evaluate(SMALL) == []
    assert [one["id"] for one in Axe().run(page).response["violations"] if one["impact"] in SERIOUS] == []
    teacher = sign_in("teacher")
    card = teacher.locator("section:has(#nt)")
    expect(card).to_contain_text(SEEN)
    expect(card).not_to_contain_text("Talked all day.")
    card.get_by_role("button", name=re.compile("Mark as read.*We stopped")).click()
    expect(teacher.get_by_text("The note is put away for you.")).to_be_visible()
    expect(teacher.locator("main")).not_to_contain_text(SEEN)
    teacher.goto(f"{district.base}/teacher/classes/{school_class}/given")
    expect(teacher.locator("section:has(#nt)")).to_contain_text(SEEN)
    found = command(district, "verify")
    assert found["ok"], found["first"]
