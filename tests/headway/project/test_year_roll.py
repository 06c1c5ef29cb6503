"""P9: `headway year-roll`: the plan in words with the names behind each count, the roll, and the way back."""

from __future__ import annotations

from pathlib import Path

from ..interop.oneroster.small_roster import ROSTER_12, folder
from .district import Home


def of_last_year() -> dict[str, str]:
    """Return the small roster with a school year that is long over."""
    return {
        name: text.replace("2027", "2025").replace("2026", "2024").replace("y27", "y25")
        for name, text in ROSTER_12.items()
    }


def test_p9_plan_roll_and_back(blank: Home, tmp_path: Path) -> None:
    assert [e["code"] for e in blank.refused("year-roll", "--plan")] == ["no_year"]
    assert blank.json("import", "roster", folder(tmp_path / "r", of_last_year()))["run"] == 1
    before = blank.dump()
    found = blank.json("year-roll", "--plan", "--retain", "u2")
    assert (found["plan"], found["before"], found["title"]) == (True, "2024-2025", "2025-2026")
    assert (found["counts"]["promoted"], found["names"]["retained"]) == (2, ["Ortiz, Ben (u2)"])
    said = blank.call("year-roll", "--plan").out
    assert (
        "Plan: nothing was written. 2024-2025 would be followed by 2025-2026, 2025-08-09 to 2026-05-31:"
        in said
    )
    assert "3 students move a grade up.\n    Abeyta, Anita (u1): 05 → 06\n" in said
    assert blank.dump() == before
    run = blank.json("year-roll", "--starts", "2025-08-11")
    assert (run["run"], run["kind"], run["name"], run["starts_on"]) == (
        2,
        "year-roll",
        "2025-2026",
        "2025-08-11",
    )
    assert blank.rows("SELECT grade FROM headway_person WHERE sourced_id = 'u1'") == [("06",)]
    assert [e["code"] for e in blank.refused("import", "undo", "1")] == ["undo_blocked"]
    assert blank.json("import", "undo", "2")["status"] == "undone"
    changed = ("headway_importrun", "headway_importchange", "headway_auditentry", "sqlite_sequence")
    assert blank.dump(without=changed) == {k: v for k, v in before.items() if k not in changed}
    assert [e["code"] for e in blank.refused("year-roll", "--starts", "soon")] == ["not_a_day"]
    assert [e["code"] for e in blank.refused("year-roll", "--retain", "nobody")] == ["unknown_student"]
