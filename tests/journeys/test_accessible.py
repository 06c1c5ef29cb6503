"""Every page in every role: axe finds nothing serious, nothing scrolls sideways at 320 px, the keyboard reaches everything."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from .conftest import command

pytestmark = pytest.mark.browser
PAGES = {
    "student": [
        "/student/now",
        "/student/continuum",
        "/student/hand-in",
        "{offer}",
        "/student/about",
        "/student/plan",
        "/student/rights",
        "/account/",
        "/account/notices",
    ],
    "family": [
        "/family/",
        "/account/",
        "/account/notices",
        "/account/notices/settings",
        "{child}",
        "{child}/conference",
        "{child}/messages",
        "{child}/profile",
        "{child}/plan",
        "{child}/rights",
        "{child}/cards/1",
    ],
    "familia": ["/family/"],
    "teacher": [
        "/teacher/today",
        "/teacher/rate",
        "/teacher/classes",
        "{grid}",
        "{rate}",
        "{student}",
        "{decide}",
        "{new}",
        "/teacher/give",
        "{given}",
        "{task}",
        "{release}",
        "{stack}",
        "{chance}",
        "/teacher/rate/waiting",
        "/teacher/rated",
        "{student}/conference",
        "{student}/contact",
        "{student}/profile",
        "{student}/supports",
        "/teacher/plans",
        "/teacher/plans/template?plan=Mathematics%2007",
        "/teacher/plans/give?class={class}",
        "{student}/plan",
        "{student}/plan?change=1",
        "{student}/cards/1",
        "/teacher/report-cards",
        "/teacher/classes/{class}/comments/1",
        "/teacher/classes/{class}/sheet",
        "/teacher/classes/{class}/paper",
        "/teacher/classes/{class}/device",
        "/teacher/classes/{class}/capture",
        "/tasks/",
        "/tasks/new",
        "{bank_task}",
        "{bank_draft}",
        "{bank_verdict}",
        "{bank_task}/validity",
    ],
    "principal": ["/school/week", "/school/addresses", "/school/cohorts/{school}", "{grid}"],
    "district": [
        "/reports/",
        "/reports/standing?metric=grade_level&by=grade",
        "/reports/groups?by=race",
        "/reports/opening",
        "/reports/new",
        "/reports/sets/new",
        "/reports/sets/board",
        "/reports/standing/over-time",
        "/district/",
        "/district/roster",
        "/district/classes",
        "/district/frameworks",
        "/district/frameworks/Mathematics",
        "/district/year",
        "/district/people",
        "/district/transfer/S-0001",
        "/district/transfer-in/S-0001",
        "/district/events",
        "/district/policy",
        "/district/laboratory",
        "/district/laboratory?rule=mean&asks.pieces=3&do=try",
        "/account/rules/2",
        "/district/ledger",
        "/teacher/plans/write",
        "/district/sending",
        "/district/gradebook",
        "/district/task-packs",
        "/district/roster/people/S-0001",
        "/continuum/",
        "/continuum/Mathematics/",
    ],
}
PAGES["coach"] = [
    "/calibration/", "/calibration/new", "{planned}", "{planned}/works", "{planned}/raters", "{planned}/plan", "{running}",
    "{finished}", "{finished}/map", "{finished}/map/1", "{finished}/report", "{anchors}",
]  # fmt: skip
PAGES["teacher"] += [
    "/calibration/",
    "/calibration/survey",
    "{running}",
    "{running}/score",
    "{running}/score/4",
    "{finished}/mine",
    "{planned}/works",
]
PAGES["district"] += ["/calibration/consistency", "/calibration/capacity", "{finished}/map"]
PAGES["principal"] += [
    "/calibration/",
    "/calibration/consistency",
    "/calibration/capacity",
    "/teacher/plans/give",
]
PAGES["principal"] += [
    "/reports/",
    "/reports/plans",
    "/school/rights",
    "/school/report-cards",
    "/school/report-cards/1",
    "/school/report-cards/1/students/{who}",
]
SERIOUS = ("serious", "critical")
# What Tab must reach: everything that acts. A grid keeps one stop and moves by arrow keys.
UNREACHABLE = """
() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
  .filter(e => e.offsetParent !== null && !e.disabled && e.tabIndex < 0 && !e.closest('table.grid'))
  .map(e => e.outerHTML.slice(0, 120))
"""
SMALL = """
() => ['button', 'select', 'input:not([type=hidden]):not([type=radio]):not([type=checkbox])']
  .flatMap(kind => [...document.querySelectorAll(`main ${kind}`)])
  .filter(e => e.offsetParent !== null).filter(e => e.getBoundingClientRect().height < 24).map(e => e.outerHTML.slice(0, 120))
"""


def places(district) -> dict[str, str]:
    """Return addresses that depend on the demonstration."""
    student = district.logins["student"]["sourced_id"]
    teacher = district.logins["teacher"]["sourced_id"]
    # A teacher T-MA-7 teaches C-MA-7A, a homeroom teacher T-HR-3A teaches C-HR-3A.
    school_class = "C-" + re.sub(r"^T-", "", teacher) + ("" if re.search(r"[A-H]$", teacher) else "A")
    return {
        "grid": f"/teacher/classes/{school_class}/grid",
        "student": f"/teacher/students/{student}",
        "child": f"/family/children/{student}",
        "who": student,
        "class": school_class,
        "new": f"/teacher/classes/{school_class}/new-student",
        "given": f"/teacher/classes/{school_class}/given",
        "release": f"/teacher/classes/{school_class}/release",
        "school": district.logins["principal"]["sourced_id"][2:],
    }


def _sessions(district, page) -> dict[str, str]:
    """Return the addresses of the demonstration's sessions; their reports are made first."""
    command(district, "work", "--once")
    page.goto(f"{district.base}/calibration/")
    names = {"planned": "Winter: the same", "running": "Autumn check", "finished": "with anchors"}
    found = {
        key: page.locator("main a[href^='/calibration/'], main b", has_text=words).first.get_attribute("href")
        or ""
        for key, words in names.items()
    }
    if not found["running"]:  # what waits for scores leads to them
        found["running"] = (page.locator("main .btn.first").first.get_attribute("href") or "").removesuffix(
            "/score"
        )
    page.goto(district.base + found["finished"])
    link = page.locator("a[href^='/calibration/anchors/']")
    return found | ({"anchors": link.first.get_attribute("href") or ""} if link.count() else {})


@pytest.mark.parametrize("role", PAGES)
def test_every_page_is_accessible(district, sign_in, role: str) -> None:
    page = sign_in(role)
    found = places(district)
    if role in ("principal", "district"):
        command(district, "snapshot")
    if role in ("coach", "teacher", "district"):
        found |= _sessions(district, page)
    if role == "teacher":
        page.goto(district.base + found["grid"])
        cell = page.locator("table.grid a.c").first.get_attribute("href")
        target = re.search(r"c=\d+-(\d+)", cell or "")[1]  # type: ignore[index]
        found["rate"] = f"/teacher/rate?class={found['class']}&target={target}"
        found["decide"] = f"{found['student']}/decide/{target}"
        found["grid"] += cell or ""
        page.goto(district.base + found["given"])
        found["task"] = page.locator("table a").first.get_attribute("href") or ""
        page.goto(f"{district.base}/tasks/")
        found["bank_task"] = page.locator("table a").first.get_attribute("href") or ""
        found["bank_verdict"] = page.locator("main a[href$='/validation']").first.get_attribute("href") or ""
        found["bank_draft"] = page.locator("main a[href$='/edit']").first.get_attribute("href") or ""
        page.goto(f"{district.base}/teacher/rate")
        found["stack"] = page.locator("main a[href*='piece=']").first.get_attribute("href") or ""
        page.goto(f"{district.base}/teacher/rate/waiting?show=nothing")
        found["chance"] = page.locator("main a[href*='chance=']").first.get_attribute("href") or ""
    if role == "student":
        found["offer"] = page.locator("a[href*='hand-in?offer=']").first.get_attribute("href") or ""
    faults = []
    for path in PAGES[role]:
        path = path.format(**found) if "{" in path else path
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 900})
            answer = page.goto(district.base + path)
            assert answer is not None and answer.status == 200, path
            if page.evaluate("document.documentElement.scrollWidth") > width:
                faults.append(f"{path} scrolls sideways at {width}")
            faults += [f"{path}: Tab does not reach {what}" for what in page.evaluate(UNREACHABLE)]
            faults += [f"{path}: smaller than 24 px: {what}" for what in page.evaluate(SMALL)]
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in SERIOUS:
                nodes = [node["html"][:140] for node in violation["nodes"][:3]]
                faults.append(f"{path}: {violation['id']} ({violation['impact']}): {nodes}")
    assert faults == []
