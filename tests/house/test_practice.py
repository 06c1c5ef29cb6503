"""Each number of practice has a test that bears it, or a line in the roadmap that says what is missing."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = range(1, 24)


def test_every_number_is_tested_or_named_as_missing() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    tested = {int(n) for n in re.findall(r"def test_(?:\w+_)?p(\d+)_", tests)}
    missing = {
        int(n) for n in re.findall(r"^- P(\d+):", (ROOT / "ROADMAP.md").read_text(encoding="utf-8"), re.M)
    }
    assert sorted(set(NUMBERS) - tested - missing) == []
    assert missing <= set(NUMBERS)
