"""Rating a stack and correcting it on the pages: a default is saved for a confirmed student only; many are mended at once."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
import time_machine

from headway.access.types import SYSTEM
from headway.evidence import actions as evidence
from headway.evidence.models import Rating
from headway.evidence.types import Work
from headway.proficiency import queries
from headway.response import queries as response

from ..student.world import NOW, build, client, person, rate, read, target

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def standing(code: str) -> dict[int, int]:
    """Return how many pieces count on a target by student."""
    found = queries.standings(queries.moment(now=NOW), targets=[target(code)])
    return {student: one.n_counted for (student, _), one in found.items()}


def test_p3_a_default_is_saved_and_marked_only_for_the_student_who_was_confirmed() -> None:
    for who in ("u1", "u2"):
        rate(who, "A.1", "2026-11-02", 3)
    before, teacher, node = Rating.objects.count(), client("T1"), target("A.1")
    path = f"/teacher/rate?class=k1&target={node}&student={person('u1').id}"
    page = read(teacher, path)
    (chosen,) = [one for one in page.all("input", name=f"level-{node}") if "checked" in one]
    assert chosen["value"] == "3" and Rating.objects.count() == before, "shown, and not saved"
    said = {"key": "page-confirmed-1", f"level-{node}": "3", f"default-{node}": "3"}
    assert teacher.post(path, said).status_code == 302
    (one,) = Rating.objects.filter(key=f"page-confirmed-1:{node}")
    assert (one.student_id, one.level, one.by_default) == (person("u1").id, 300, True)
    other = {"key": "page-confirmed-2", f"level-{node}": "4", f"default-{node}": "3"}
    assert teacher.post(path, other).status_code == 302
    assert not Rating.objects.get(key=f"page-confirmed-2:{node}").by_default
    assert Rating.objects.filter(student=person("u2")).count() == 1, "nobody else got one"


@pytest.mark.parametrize(
    ("act", "more"), [("move", {"to": "A.2"}), ("redate", {"observed": "2026-10-05"}), ("withdraw", {})]
)
def test_p5_many_ratings_are_mended_in_one_act_with_one_reason_and_one_undo(
    act: str, more: dict[str, str]
) -> None:
    keys = [rate("u1", "A.1", f"2026-11-0{n}", 2) for n in (2, 3, 4)]
    columns = ("key", "target", "observed_us", "level")
    stood = sorted(Rating.objects.filter(to_sequence=None).values_list(*columns))
    teacher = client("T1")
    sent = {"rating": keys, "act": act, "reason": "The wrong column", "target": target("A.1"), **more}
    place = teacher.post("/teacher/students/u1/correct", sent).headers["Location"]
    assert "fault" not in place
    if act == "redate":
        assert standing("A.1") == {person("u1").id: 3}
        assert len(set(Rating.objects.filter(to_sequence=None).values_list("observed_us", flat=True))) == 1
    else:
        assert standing("A.1") == {}
        assert standing("A.2") == ({person("u1").id: 3} if act == "move" else {})
    (number,) = re.findall(r"act=(\d+)", place)
    assert teacher.post(f"/teacher/acts/{number}/undo").status_code == 302
    assert sorted(Rating.objects.filter(to_sequence=None).values_list(*columns)) == stood


def test_p5_without_a_reason_nothing_is_changed() -> None:
    key = rate("u1", "A.1", "2026-11-02", 2)
    answer = client("T1").post(
        "/teacher/students/u1/correct", {"rating": [key], "act": "withdraw", "reason": " "}
    )
    assert answer.status_code == 422 and standing("A.1") == {person("u1").id: 1}


def test_a_piece_without_a_target_is_rated_on_the_one_that_the_teacher_chooses() -> None:
    browser, u1 = client("T1"), person("u1")
    evidence.hand_in(
        actor=SYSTEM, at=NOW,
        work=Work(key="free-1", student=u1.id, student_uuid=u1.uuid, targets=(), target_uuids=(), title="Ramp", words="Steep."),
    )  # fmt: skip
    shown = browser.get("/teacher/rate?piece=free-1").content.decode()
    assert "handed in without a target" in shown and "data-save" not in shown
    chosen = int(re.findall(r'<option value="(\d+)">', shown)[0])
    address = f"/teacher/rate?piece=free-1&target={chosen}"
    (action,) = re.findall(
        r'<form class="rubric" method="post" action="([^"]+)"', browser.get(address).content.decode()
    )
    answer = browser.post(html.unescape(action), {"key": "page-free-1", f"level-{chosen}": "3"})
    assert answer.status_code == 302
    rated = Rating.objects.get(piece="free-1")
    assert (rated.target_id, rated.level) == (chosen, 300)
    assert not [one for one in response.to_rate(queries.moment(now=NOW), {u1.id}) if one.key == "free-1"]
    # Another's address names a target that is none.
    assert browser.get("/teacher/rate?piece=free-1&target=999999").status_code == 404
