"""What one rated of late (P5): corrected many at once with one reason, said with from what to what, and nothing sent is lost."""

from __future__ import annotations

from uuid import uuid4

import pytest

from headway.evidence.models import Rating
from headway.frameworks import queries as frameworks
from headway.rosters.models import Enrollment, SchoolClass

from ..student.world import Page, client, person, rate, read, target
from .test_loop import post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]


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


def test_p5_ratings_of_every_class_move_to_the_targets_of_every_class() -> None:
    second = SchoolClass.objects.get(sourced_id="k1")
    second.pk, second.sourced_id, second.title = None, "k9", "Another class"
    second.uuid, second.frameworks = uuid4(), ["Habits"]
    second.save()
    first = SchoolClass.objects.get(sourced_id="k1")
    first.frameworks = ["Math"]
    first.save()
    for name, role in (("T1", "teacher"), ("u1", "student")):
        Enrollment.objects.create(
            sourced_id=f"k9-{name}", person=person(name), school_class=second, role=role
        )
    rate("u1", "A.1", "2026-12-02", 3)

    teacher = client("T1")

    def goals(path: str) -> set[str]:
        return {one["name"].rsplit("(", 1)[1] for one in teacher.get(path).context["goals"]}

    both, one, other = (goals(f"/teacher/rated{tail}") for tail in ("", "?class=k1", "?class=k9"))
    assert one and other and one != other and both == one | other
