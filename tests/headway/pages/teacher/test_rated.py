"""What one rated of late (P5): corrected many at once with one reason, said with from what to what, and nothing sent is lost."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from headway.evidence.models import Rating
from headway.frameworks import queries as frameworks

from ..student.world import Page, client, rate, read, target
from .test_loop import post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]


def continuum(code: str) -> UUID:
    return frameworks.node(target(code)).uuid


def test_p5_what_one_rated_is_moved_in_one_act_and_back() -> None:
    teacher, node = client("T1"), target("A.1")
    for name in ("u1", "u2"):
        rate(name, "A.1", "2026-12-02", 3)
    rate("u1", "A.1", "2026-12-02", 3, rater="T2", key="theirs")
    page = read(teacher, f"/teacher/rated?class=k1&target={node}")
    ticked = [str(a["value"]) for a in page.all("input", name="rating") if "checked" in a]
    assert len(ticked) == 2 and "theirs" not in ticked
    path = f"/teacher/rated?class=k1&target={node}"
    assert page.all("input", name="reason") and "required" in page.all("input", name="reason")[0]
    page = post(teacher, path, rating=[*ticked, "theirs"], act="move", to="A.2", reason="Mistake")
    one, other = (frameworks.node(target(code)).called("en") for code in ("A.1", "A.2"))
    assert f"2 ratings moved from {one} to {other}." in page.words
    assert Rating.objects.filter(to_sequence=None, target_id=target("A.2")).count() == 2
    (address,) = [str(a["action"]) for a in page.all("form") if "/undo" in str(a.get("action"))]
    assert "The correction is taken back." in post(teacher, address, back="/teacher/rated").words
    assert Rating.objects.filter(to_sequence=None, target_id=node).count() == 3
    assert "Nothing to mend here." in read(client("T2"), "/teacher/rated").words


def test_p5_a_correction_that_is_refused_loses_nothing_that_was_sent() -> None:
    teacher, node = client("T1"), target("A.1")
    for name in ("u1", "u2"):
        rate(name, "A.1", "2026-12-02", 3)
    page = read(teacher, f"/teacher/rated?target={node}")
    key, _other = (str(a["value"]) for a in page.all("input", name="rating"))
    goal = next(str(a["value"]) for a in page.all("option") if len(str(a.get("value"))) == 36)
    sent = {"rating": [key], "act": "redate", "to": goal, "observed": "2026-11-03"}
    answer = teacher.post(f"/teacher/rated?target={node}", sent)
    page = Page(answer)
    assert answer.status_code == 422 and "A correction needs its reason." in page.words
    assert [a["value"] for a in page.all("input", name="rating") if "checked" in a] == [key]
    assert [a["value"] for a in page.all("input", name="act") if "checked" in a] == ["redate"]
    assert [a["value"] for a in page.all("option") if "selected" in a] == [str(node), goal]
    assert page.all("input", name="observed")[0]["value"] == "2026-11-03"
    done = post(teacher, f"/teacher/rated?target={node}", **sent, reason="It was in November")
    assert "1 rating re-dated from 2 Dec to 3 Nov." in done.words
    days = [one.observed_us for one in Rating.objects.filter(to_sequence=None).order_by("observed_us")]
    assert (days[1] - days[0]) / 86_400_000_000 == 29
    gone = post(teacher, f"/teacher/rated?target={node}", rating=[key], act="withdraw", reason="Not hers")
    assert "1 rating withdrawn." in gone.words


def offered(answer: Any) -> dict[str, list[str]]:
    return {line: [one["name"] for one in own] for line, own in answer.context["goals"].items()}


def test_p5_ratings_move_to_targets_of_their_own_lines_and_of_no_other() -> None:
    teacher, node = client("T1"), target("A.1")
    rate("u1", "A.1", "2026-12-02", 3, key="math")
    found = offered(teacher.get("/teacher/rated"))
    assert list(found) == ["Math · level 4", "Math · level 5"], (
        "the line that was rated, at its level and near"
    )
    assert (
        "Compare ratios (A.1)" in found["Math · level 4"] and "Find a rate (B.1)" in found["Math · level 5"]
    )
    assert (
        "Compare ratios (A.1)" not in offered(teacher.get(f"/teacher/rated?target={node}"))["Math · level 4"]
    )
    rate("u1", "H.1", "2026-12-02", 3, key="habit")
    assert set(offered(teacher.get("/teacher/rated"))) == {*found, "Habits · level 1"}
    sent = {"rating": ["math", "habit"], "act": "move", "to": str(continuum("B.1")), "reason": "Mistake"}
    answer = teacher.post("/teacher/rated", sent)
    assert answer.status_code == 422 and "A rating moves within its own line only." in Page(answer).words
    answer = teacher.post("/teacher/rated", {**sent, "to": ""})
    assert "Choose the target to which they shall move." in Page(answer).words
    assert "1 rating moved" in post(teacher, "/teacher/rated", **{**sent, "rating": ["math"]}).words


def test_p5_the_filter_stays_and_the_newest_day_comes_first_with_a_way_to_the_student() -> None:
    teacher, node = client("T1"), target("A.1")
    rate("u2", "A.1", "2026-12-02", 3, key="new")
    rate("u1", "A.1", "2026-11-02", 3, key="old")
    path = f"/teacher/rated?class=k1&target={node}"
    page = read(teacher, path)
    assert [a["value"] for a in page.all("input", name="rating")] == ["new", "old"]
    assert [one for one in page.links if "/students/" in one] == [
        "/teacher/students/u2",
        "/teacher/students/u1",
    ]
    sent = {"rating": ["new", "old"], "act": "move", "to": "A.2", "reason": "Mistake"}
    answer = teacher.post(path, sent)
    assert answer["Location"].startswith(f"{path}&")
    page = read(teacher, answer["Location"])
    assert [a["value"] for a in page.all("option") if "selected" in a] == ["k1", str(node)]
    assert "Compare ratios (0)" in page.words
    (address,) = [str(a["action"]) for a in page.all("form") if "/undo" in str(a.get("action"))]
    back = page.all("input", name="back")[0]["value"]
    assert teacher.post(address, {"back": back})["Location"].startswith(f"{path}&")


def test_p5_on_the_page_of_a_student_a_target_is_chosen_and_a_refusal_keeps_what_was_sent() -> None:
    teacher, node = client("T1"), target("A.1")
    rate("u1", "A.1", "2026-12-02", 3, key="one")
    path = f"/teacher/students/u1/correct?target={node}"
    page = read(teacher, f"/teacher/students/u1?target={node}")
    assert path in [a.get("action") for a in page.all("form")]
    goal = str(continuum("A.2"))
    assert goal in [a["value"] for a in page.all("option")] and not page.all("input", name="to")
    sent = {"rating": ["one"], "act": "move", "to": goal, "observed": "2026-11-03", "reason": " "}
    answer = teacher.post(path, sent)
    page = Page(answer)
    assert answer.status_code == 422 and "A correction needs its reason." in page.words
    assert [a["value"] for a in page.all("input", name="rating") if "checked" in a] == ["one"]
    assert [a["value"] for a in page.all("input", name="act") if "checked" in a] == ["move"]
    assert [a["value"] for a in page.all("option") if "selected" in a] == [goal]
    assert page.all("input", name="observed")[0]["value"] == "2026-11-03"
    assert teacher.get(f"{path}&as_of=2026-12-01")["Location"] == (
        f"/teacher/students/u1?target={node}&as_of=2026-12-01"
    )
    answer = teacher.post(path, {**sent, "to": str(continuum("H.1")), "reason": "Mistake"})
    assert "A rating moves within its own line only." in Page(answer).words
    page = post(teacher, path, **{**sent, "reason": "Mistake"})
    assert "1 rating moved from Compare ratios to Use percents." in page.words
