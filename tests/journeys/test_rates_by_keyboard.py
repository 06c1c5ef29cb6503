"""A class is rated with the keyboard alone (P3, P5): one key a student where the last level fits; a mistake is mended at once.

No mouse, no focus by script: every act below is a key that the browser gets. A count of keys is part of the result.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import command

pytestmark = pytest.mark.browser
MOST_STOPS = 200
STUDENTS = 25


class Keyboard:
    """A person's hands on the keys of a page, and how many keys they pressed."""

    def __init__(self, page: Page) -> None:
        self.page, self.n = page, 0

    def press(self, key: str) -> None:
        self.n += 1
        self.page.keyboard.press(key)

    def turn(self, key: str) -> None:
        """Press a key that leads to another page."""
        with self.page.expect_navigation():
            self.press(key)

    def tab_to(self, selector: str) -> None:
        """Press Tab until the focus stands on what a selector names."""
        for _ in range(MOST_STOPS):
            if self.page.evaluate("s => document.activeElement.matches(s)", selector):
                return
            self.press("Tab")
        raise AssertionError(f"Tab does not lead to {selector}")

    def choose(self, selector: str, value: str) -> None:
        """Choose an option of a list by the arrow keys."""
        self.tab_to(selector)
        for _ in range(MOST_STOPS):
            if self.page.evaluate("() => document.activeElement.value") == value:
                return
            self.press("ArrowDown")
        raise AssertionError(f"{selector} offers no {value}")

    def write(self, text: str) -> None:
        self.n += len(text)
        self.page.keyboard.type(text)


def ticked(page: Page) -> list[str]:
    return page.eval_on_selector_all("input[name=rating]:checked", "all => all.map(one => one.value)")


def test_p3_p5_a_class_is_rated_and_mended_with_the_keyboard_alone(district: Any, sign_in: Any) -> None:
    page = sign_in("teacher")
    keys = Keyboard(page)
    school_class = _class_of(STUDENTS, page, district)
    page.goto(f"{district.base}/teacher/rate?class={school_class}")
    targets = page.eval_on_selector_all(
        "details[open] input[name=target]", "all => all.slice(0, 4).map(one => one.value)"
    )
    *three, other = targets
    start = f"{district.base}/teacher/rate?" + "&".join(
        [f"class={school_class}", *(f"target={one}" for one in three)]
    )
    # A first round, so that every student has a last level on each of the three.
    page.goto(start)
    assert f"of {STUDENTS}" in page.locator(".over").inner_text()
    for _ in range(STUDENTS):
        for number, one in enumerate(three):
            keys.tab_to(f"input[name=level-{one}]")
            keys.press(str(2 + number % 2))
        keys.turn("Enter")
    first_round = keys.n
    expect(page.get_by_text("That was the last one")).to_be_visible()
    # The round that counts: the last level fits.
    page.goto(start)
    keys.n = 0
    expect(page.locator("button[data-save]")).to_contain_text("Save Developing, Proficient and next")
    # Whether a level was offered stands beside the button, as long as one is.
    expect(page.locator("[data-offered]")).to_be_visible()
    for one, other_level in zip(three, "121", strict=True):
        page.locator(f"input[name=level-{one}]").nth(int(other_level) - 1).check()
    expect(page.locator("[data-offered]")).to_be_hidden()
    page.goto(start)
    for _ in range(STUDENTS):
        keys.turn("Enter")
    expect(page.get_by_text("That was the last one")).to_be_visible()
    print(
        f"\n{STUDENTS} students on {len(three)} criteria: {keys.n} keys where the last level fits, {first_round} without one"
    )
    assert keys.n <= 2 * STUDENTS
    # The end of a stack takes back by the same key, which stands beside its word: the last student opens again.
    expect(page.locator(".toast kbd")).to_have_text("Z")
    last = page.locator(".toast").inner_text().split(": ")[1]
    keys.turn("z")
    expect(page.locator(".toast")).to_contain_text("Undone:")
    expect(page.locator("h1")).to_have_text(last)
    keys.turn("Enter")
    expect(page.get_by_text("That was the last one")).to_be_visible()
    # The keys are told by a key.
    page.goto(start)
    keys.press("?")
    expect(page.get_by_text("takes back what was saved last")).to_be_visible()
    keys.press("?")
    expect(page.get_by_text("takes back what was saved last")).to_be_hidden()
    # What was written goes with no skip, and an undo opens what it took back, with its words.
    one, name = page.locator("input[name^=comment-]").first, page.locator("h1").inner_text()
    one.fill("Say why.")
    page.locator("a[data-skip]").click()
    expect(page.locator("h1")).not_to_have_text(name)
    page.goto(start)
    expect(one).to_have_value("Say why.")
    expect(page.locator("[data-draft]")).to_be_visible()
    keys.turn("Enter")
    expect(page.locator("h1")).not_to_have_text(name)
    keys.turn("z")
    expect(page.locator("h1")).to_have_text(name)
    expect(page.locator(".toast")).to_contain_text("Undone:")
    expect(one).to_have_value("Say why.")
    # The first target was a mistake: all of its ratings move in one act with one reason.
    keys.n = 0
    page.goto(f"{district.base}/teacher/rated?class={school_class}")
    keys.choose("#on", three[0])
    keys.tab_to("main form.tools button")
    keys.turn("Enter")
    wrong = ticked(page)
    assert len(wrong) >= 2 * STUDENTS, "and whatever this teacher rated on it before"
    student = page.locator("tbody tr th a").first.inner_text().strip()
    # The level below the one that was rated comes first, then that level itself.
    option = page.locator("#to optgroup").nth(1).locator("option").first
    goal, name = option.get_attribute("value") or "", option.inner_text()
    keys.tab_to("input[name=act]")
    keys.press("Space")
    keys.choose("#to", goal)
    keys.tab_to("#reason")
    keys.write("The other target was meant")
    keys.turn("Enter")
    expect(page.locator(".was")).to_contain_text(f"{len(wrong)} ratings moved from ")
    expect(page.locator(".was")).to_contain_text(f" to {name.rsplit(' (', 1)[0]}.")
    print(f"{len(wrong)} ratings moved with {keys.n} keys")
    undo = page.url
    page.goto(f"{district.base}/teacher/rated?class={school_class}")
    moved = page.locator(f"tbody tr:has-text('{student}')", has_text=name.rsplit(" (", 1)[0])
    assert moved.count() >= 1 and other
    # The page of a student who works at that level shows the other target; the line of one who works below it ends before.
    people = [one.strip() for one in page.locator("tbody tr th a").all_inner_texts()]
    page.goto(f"{district.base}/teacher/classes/{school_class}/grid")
    links = [
        page.locator("tbody a", has_text=one).first.get_attribute("href") or ""
        for one in dict.fromkeys(people)
    ]
    seen = 0
    for link in links[:12]:
        page.goto(district.base + link)
        seen += page.get_by_text(name.rsplit(" (", 1)[0]).count() > 0
    assert seen >= 1
    # One undo for all.
    page.goto(undo)
    keys.tab_to("button[data-undo]")
    keys.turn("Enter")
    expect(page.locator(".was")).to_contain_text("The correction is taken back.")
    page.goto(f"{district.base}/teacher/rated?class={school_class}&target={three[0]}")
    assert sorted(ticked(page)) == sorted(wrong)
    found = command(district, "verify")
    assert found["ok"], found["breaks"]


def _class_of(n: int, page: Page, district: Any) -> str:
    """Return the teacher's first class, filled up with students who arrived early."""
    page.goto(f"{district.base}/teacher/rate")
    found = str(page.locator("input[type=hidden][name=class]").first.get_attribute("value"))
    page.goto(f"{district.base}/teacher/classes/{found}/grid")
    new = f"{district.base}/teacher/classes/{found}/new-student"
    here = page.locator("table.grid tbody tr").count()
    page.goto(new)
    token = page.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""
    for number in range(n - here):
        said = {"csrfmiddlewaretoken": token, "given": f"Early{number:02d}", "family": "Arrival"}
        assert page.request.post(new, form=said).ok
    return found
