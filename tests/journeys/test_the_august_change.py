"""The August change: a target is split; evidence is carried and waits to be confirmed; the retired code is refused by name."""

from __future__ import annotations

import csv
import re
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from .conftest import COMMAND, command

pytestmark = pytest.mark.browser


def continuum(district) -> list[dict[str, str]]:
    """Return the rows of the demonstration's mathematics, as the district exports them."""
    done = subprocess.run([COMMAND, "export", "framework", "Mathematics", "--as", "csv", "--home", str(district.home)],
                          capture_output=True, text=True, env=district.environment, check=True)  # fmt: skip
    return list(csv.DictReader(done.stdout.splitlines(keepends=True)))


def split(rows: list[dict[str, str]], code: str, day: str) -> list[dict[str, str]]:
    """Return the rows with one target ended on a day, and two that take its place from then on."""
    old = next(row for row in rows if row["code"] == code)
    new = [{**old, "code": f"{code}{part}", "identifier": "", "name": f"{old['name']}, part {part}",
            "name_es": f"{old['name_es']}, parte {part}"} for part in "ab"]  # fmt: skip
    old |= {"replaced_by": f"{code}a;{code}b", "ends": day}
    return [*rows, *new]


def rated(district, page, student: str, rows: list[dict[str, str]]) -> dict[str, Any]:
    """Return the row of a target on this student's page on which pieces count, with how it stands."""
    page.goto(f"{district.base}/teacher/students/{student}")
    page.get_by_role("link", name=re.compile("^Mathematics")).first.click()
    # A click does not wait for the page that it leads to: what is read at once may be of neither.
    page.wait_for_url("**line=*", wait_until="load")
    shown = set(page.locator("main a[href*='target=']").all_inner_texts())
    for row in rows:
        if row["row"] == "target" and row["name"] in shown:
            found = command(district, "explain", "--student", student, "--target", row["code"])
            if found["n_counted"] >= 2:
                return {**row, "stood": found}
    raise AssertionError(f"no target of {student} on which two pieces count")


def test_the_august_change_carries_what_was_shown(district, sign_in, tmp_path: Path) -> None:
    student, rows = district.logins["student"]["sourced_id"], continuum(district)
    today = datetime.now(ZoneInfo("America/Denver")).date().isoformat()
    teacher = sign_in("teacher")
    chosen = rated(district, teacher, student, rows)
    code, before = chosen["code"], chosen["stood"]
    file = tmp_path / "mathematics.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(split(rows, code, today))

    lead = sign_in("district")
    lead.get_by_role("link", name="Continuums").first.click()
    lead.set_input_files("input[name=file]", str(file))
    lead.fill("input[name=in_force]", today)
    lead.get_by_role("button", name="Show what it would change").click()
    expect(lead.get_by_role("heading", level=1)).to_have_text("Mathematics would have version 2.")
    expect(lead.locator("main")).to_contain_text("Evidence carried on")
    expect(lead.locator("main")).to_contain_text(f"{code} → ")
    events = command(district, "verify")["events"]
    lead.get_by_role("button", name="Take it in").click()
    expect(lead.locator("main")).to_contain_text(re.compile("version|taken in|in force", re.I))

    # What was shown stands on both parts, from the same pieces, until somebody confirms it; the ledger holds nothing new.
    assert command(district, "verify")["events"] == events
    for part in "ab":
        now = command(district, "explain", "--student", student, "--target", f"{code}{part}")
        assert (now["state"], now["n_counted"], now["value"]) == (
            "carried",
            before["n_counted"],
            before["value"],
        )
    old = tmp_path / "ratings.csv"
    old.write_text(f"key,student,target,observed_at,level\naugust-1,{student},{code},{today},3\n")
    done = subprocess.run([COMMAND, "import", "ratings", str(old), "--home", str(district.home), "--json"],
                          capture_output=True, text=True, env=district.environment, check=False)  # fmt: skip
    assert done.returncode != 0 and f"{code}a" in done.stdout and f"{code}b" in done.stdout

    teacher.reload()
    line = (
        teacher.locator("main tr, main li")
        .filter(has=teacher.get_by_role("link", name=f"{chosen['name']}, part a"))
        .first
    )
    line.get_by_role("link").first.click()
    expect(teacher.locator("main")).to_contain_text("Carried, to be confirmed")

    lead.goto(f"{district.base}/district/")
    lead.get_by_role("link", name=re.compile("Take back.*Mathematics")).first.click()
    lead.get_by_role("button").filter(has_text=re.compile("Take", re.I)).click()
    again = command(district, "explain", "--student", student, "--target", code)
    assert (again["value"], again["state"]) == (before["value"], before["state"])
    assert command(district, "verify")["ok"]
