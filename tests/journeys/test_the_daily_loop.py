"""The daily loop as four people live it (P1, P4): give, hand in on a phone, return, revise, rate held, release."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .conftest import command

pytestmark = pytest.mark.browser
TITLE = "Shadow of the flagpole"


def test_p1_p4_a_task_goes_round_and_the_family_reads_its_level_only_after_the_release(
    district, sign_in
) -> None:
    teacher, family = sign_in("teacher"), sign_in("family")
    student_name = district.logins["student"]["name"]
    # Give to the whole class.
    teacher.get_by_role("link", name="Give a task").click()
    teacher.fill("#title", TITLE)
    teacher.fill("#words", "Measure its shadow and yours at the same time.")
    teacher.locator("input[name=target]").first.check()
    everybody = teacher.locator("input[name=student]").count()
    teacher.get_by_role("button", name="Give").click()
    expect(teacher.get_by_role("heading", level=1)).to_have_text(TITLE)
    expect(teacher.locator(".tag").first).to_have_text(f"{everybody} Given")
    # Hand in at 375 px.
    student = sign_in("student", width=375, height=740)
    student.locator("a.btn", has_text=TITLE).click()
    expect(student.get_by_text("Measure its shadow and yours")).to_be_visible()
    student.fill("#words", "Mine is 2.1 m, its shadow 11.4 m.")
    student.get_by_role("button", name="Hand in").click()
    expect(student.get_by_role("heading", level=1)).to_have_text(TITLE)
    assert student.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    family.goto(f"{district.base}/family/")
    expect(family.locator("li", has_text=TITLE)).to_contain_text("Handed in")
    # Return with feedback, from where everybody stands.
    teacher.reload()
    teacher.locator("td a", has_text=student_name).click()
    teacher.locator("input[name^=comment-]").first.fill("Which two lengths go together?")
    teacher.get_by_text("Return it for revision instead").click()
    teacher.fill("#words", "Say how the two shadows give the height.")
    teacher.get_by_role("button", name="Return for revision").click()
    expect(teacher.locator(".toast")).to_contain_text("returned for revision")
    family.reload()
    expect(family.locator("li", has_text=TITLE)).to_contain_text("Returned for revision")
    # Revise: it is the first thing on the page.
    student.goto(f"{district.base}/student/now")
    card = student.locator("main article", has_text=TITLE)
    expect(card).to_contain_text("Say how the two shadows give the height.")
    expect(card).to_contain_text("Which two lengths go together?")
    card.get_by_role("link", name="Revise").click()
    student.fill("#words", "1.6 : 2.1 is the same as h : 11.4, so h is 8.7 m.")
    student.get_by_role("button", name="Hand in").click()
    expect(student.get_by_text("Handed in again")).to_be_visible()
    expect(student.get_by_text("Say how the two shadows give the height.")).to_be_visible()
    # Rate it held.
    teacher.goto(f"{district.base}/teacher/rate")
    teacher.get_by_role("link", name=re.compile(f"{student_name}: {TITLE}")).click()
    expect(teacher.get_by_text("Say how the two shadows give the height.")).to_be_visible()
    teacher.locator("fieldset.crit input[type=radio]").nth(3).check()
    teacher.locator("input[name^=comment-]").first.fill("Convincing, and checked.")
    teacher.locator("input[name=hold]").check()
    teacher.locator("button[data-save]").click()
    teacher.wait_for_load_state()
    for page, path in ((student, "/student/now"), (family, "/family/")):
        page.goto(f"{district.base}{path}")
        assert "Convincing, and checked." not in page.locator("main").inner_text()
    expect(family.locator("li", has_text=TITLE)).to_contain_text("Handed in again")
    # Release as a set.
    teacher.goto(f"{district.base}/teacher/classes")
    teacher.get_by_role("link", name="What was given").click()
    expect(teacher.locator("tr", has_text=TITLE)).to_contain_text("1 Rated, held")
    teacher.get_by_role("link", name="Held ratings").click()
    teacher.get_by_role("button", name="Release the chosen ratings").click()
    expect(teacher.get_by_text("1 rating released")).to_be_visible()
    family.reload()
    expect(family.get_by_text("Convincing, and checked.").first).to_be_visible()
    expect(family.locator("li", has_text=TITLE)).to_contain_text("Rated")
    found = command(district, "verify")
    assert found["ok"], found["breaks"]


def test_p21_a_student_asks_and_the_family_reads_the_answer(district, sign_in) -> None:
    student = sign_in("student", width=375, height=740)
    student.get_by_role("button", name=re.compile("I’m ready")).click()
    expect(student.get_by_text("Asked. The answer comes here")).to_be_visible()
    teacher = sign_in("teacher")
    row = teacher.locator(".asks li", has_text=district.logins["student"]["name"])
    row.get_by_text("Answer").first.click()
    row.locator("input[value=not_yet]").check()
    row.get_by_label("Reason").fill("On Friday we look at it together.")
    row.get_by_role("button", name="Answer").click()
    expect(teacher.locator(".was")).to_contain_text("Not yet")
    student.goto(f"{district.base}/student/now")
    expect(student.locator(".asks")).to_contain_text("On Friday we look at it together.")
    family = sign_in("family")
    expect(family.get_by_text("On Friday we look at it together.")).to_be_visible()


def test_p6_chances_that_passed_are_closed_together_and_opened_again(district, sign_in) -> None:
    teacher = sign_in("teacher")
    teacher.goto(f"{district.base}/teacher/classes")
    teacher.get_by_role("link", name="What was given").click()
    teacher.locator("table a").last.click()
    boxes = teacher.locator("input[name=chance]")
    for n in range(2):
        boxes.nth(n).check()
    teacher.locator("input[value=missed]").check()
    teacher.fill("#reason", "no work came")
    teacher.get_by_role("button", name="Apply").click()
    expect(teacher.locator(".was")).to_contain_text("Missed: 2 students.")
    teacher.get_by_role("button", name="Undo").click()
    expect(teacher.locator(".was")).to_contain_text("Open again for 2 students.")
    found = command(district, "verify")
    assert found["ok"], found["breaks"]
