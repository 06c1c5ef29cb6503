"""A child at a class device (P13): slips printed, the tablet opened, in by pictures, a photo handed in, done; then closed."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .test_accessible import SERIOUS, SMALL, UNREACHABLE, places

pytestmark = pytest.mark.browser
SLIPS = """
slips => slips.map(slip => ({
  name: slip.querySelector('h2').firstChild.textContent, code: slip.querySelector('.code').innerText,
  pictures: [...slip.querySelectorAll('ol li')].map(one => one.innerText.trim()),
}))
"""
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c636000000002000148afa4710000000049454e44ae426082"
)


def sound(page: Page) -> None:
    """Hold a page against what every page must be, on a wide and a narrow screen."""
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
        assert page.evaluate(UNREACHABLE) == page.evaluate(SMALL) == [], page.url
    found = [one["id"] for one in Axe().run(page).response["violations"] if one["impact"] in SERIOUS]
    assert found == [], page.url


def test_p13_a_child_signs_in_by_pictures_hands_in_a_photo_and_is_done(district, sign_in) -> None:
    place = f"{district.base}/teacher/classes/{places(district)['class']}"
    tablet = sign_in("teacher", width=768, height=1024)
    tablet.goto(f"{place}/device")
    tablet.get_by_role("button", name="Make slips for those chosen").click()
    slips = tablet.locator(".slip").evaluate_all(SLIPS)
    assert len(slips) > 3 and len({one["code"] for one in slips}) == len(slips)
    sound(tablet)
    tablet.goto(f"{place}/device")
    tablet.fill("#label", "Tablet 3")
    tablet.get_by_role("button", name="Open and sign me out").click()
    assert tablet.url == f"{district.base}/class-device"
    sound(tablet)
    first, other = slips[0], slips[1]
    tablet.get_by_role("link", name=first["name"].split()[0]).click()
    sound(tablet)
    # The keyboard alone is enough, and the order of the pictures is another one each time.
    for picture in first["pictures"]:
        tablet.get_by_role("button", name=picture, exact=True).focus()
        tablet.keyboard.press("Enter")
        tablet.wait_for_load_state()
    expect(tablet.get_by_role("heading", level=1)).to_have_text(f"Hello {first['name'].split()[0]}")
    expect(tablet.locator("body")).not_to_contain_text(other["name"].split()[0])
    sound(tablet)
    task = tablet.locator("a.tile").first
    title = task.locator("b").inner_text()
    task.click()
    sound(tablet)
    tablet.set_input_files("#photo", {"name": "map.png", "mimeType": "image/png", "buffer": PIXEL})
    tablet.get_by_role("button", name="Hand in").click()
    expect(tablet.get_by_role("status").first).to_contain_text(f"Handed in: {title}")
    tablet.get_by_role("button", name="I am done").click()
    expect(tablet.get_by_role("heading", level=1)).to_have_text("Who are you?")
    tablet.go_back()
    expect(tablet.get_by_role("heading", level=1)).to_have_text("Who are you?")
    tablet.goto(f"{district.base}/class-device?slip={other['code'].replace('-', '')}")
    tablet.get_by_role("button", name="Go in").click()
    expect(tablet.get_by_role("heading", level=1)).to_have_text(f"Hello {other['name'].split()[0]}")
    teacher = sign_in("teacher")
    teacher.goto(f"{place}/device")
    teacher.get_by_role("button", name="Close Tablet 3").click()
    assert tablet.goto(f"{district.base}/class-device/work").status == 404
    expect(tablet.get_by_role("heading", level=1)).to_have_text("No class is open on this device.")
