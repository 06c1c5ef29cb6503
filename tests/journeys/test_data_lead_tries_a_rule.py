"""The data lead tries a rule, sees who would move, publishes it; yesterday's page still shows yesterday's level."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from .conftest import command

pytestmark = pytest.mark.browser


def test_a_rule_is_tried_published_announced_and_taken_back(district, sign_in) -> None:
    page = sign_in("district")
    page.get_by_role("link", name="Policies").click()
    page.get_by_role("link", name="Try a change").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Try another rule before anybody feels it.")
    before = command(district, "verify")["events"]
    page.get_by_label("Rule", exact=True).select_option("mean")
    page.get_by_role("button", name="Show its settings").click()
    page.get_by_label("Pieces of evidence").fill("3")
    page.get_by_role("button", name="Show who would move").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(
        re.compile(r"would no longer be|would become")
    )
    expect(page.locator("#bias")).to_be_visible()
    assert command(district, "verify")["events"] == before

    moved = page.locator("section[aria-labelledby='l-out'] tbody tr").first
    who = moved.locator("a").get_attribute("href")
    trial = page.url
    page.goto(f"{district.base}{who}")
    level = page.locator("#why-h").inner_text()

    card = f"{district.base}/teacher/students/{district.logins['student']['sourced_id']}/cards/1"
    page.goto(card)
    printed = page.locator("main").inner_text()
    assert "pieces of work" in printed

    page.goto(trial)
    today = datetime.now(ZoneInfo("America/Denver")).date()
    page.get_by_label("Why the rule changes").fill("Every piece shall count alike")
    page.get_by_label("In force from").fill(today.isoformat())
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".was[role=status]")).to_contain_text("is in force")
    assert command(district, "verify")["ok"]

    page.goto(f"{district.base}{who}")
    expect(page.locator("#why-h")).not_to_have_text(level)
    expect(page.locator(".rule-name")).to_contain_text("Rule: Mean")
    expect(page.locator(".was").first).to_contain_text("a new rule holds")
    page.get_by_role("link", name="See what it means").click()
    expect(page.locator("main")).to_contain_text("Every piece shall count alike")
    page.goto(f"{district.base}{who}&as_of={today - timedelta(days=1)}")
    expect(page.locator("#why-h")).to_have_text(level)
    expect(page.locator(".rule-name")).to_contain_text("Decaying average")

    # A card that was issued prints what it printed.
    page.goto(card)
    assert page.locator("main").inner_text() == printed

    page.goto(f"{district.base}/district/")
    page.get_by_role("link", name=re.compile("Take back.*district.toml")).first.click()
    page.get_by_role("button").filter(has_text=re.compile("Take", re.I)).click()
    page.goto(f"{district.base}{who}")
    expect(page.locator("#why-h")).to_have_text(level)
