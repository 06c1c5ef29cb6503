"""P17, back to the other systems: marks by the district's crosswalk, each loss said, nothing made up, every student listed."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
import time_machine

from headway.access.types import SYSTEM
from headway.interop.gradebook.crosswalk import crosswalks
from headway.interop.gradebook.write import COLUMNS, export_grades, losses
from headway.kit.refusals import Refusal
from headway.proficiency import actions
from headway.proficiency import queries as levels
from headway.proficiency.policy_file import PolicyReader
from headway.rights import queries as rights

from ..pages.school.reading import client_of, lead, read
from ..pages.student.world import NOW, build, person, rate

pytestmark = pytest.mark.django_db
MARKS = {"gradebook": {"four": {"2": "C", "3": "A", "4": "A"}}}


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    for day in ("2026-09-01", "2026-10-01"):
        rate("u1", "A.1", day, 3)
        rate("u1", "A.2", day, 1)
        rate("u2", "A.2", day, None, status="excused")
    rate("u2", "A.1", "2026-09-01", 2)
    rate("u2", "A.1", "2026-10-01", 3)
    rate("u1", "A.3", "2026-09-01", 4)
    with time_machine.travel(NOW, tick=False):
        yield


def sent(
    marks: dict[str, Any] | None = None,
) -> tuple[list[str], dict[tuple[str, str], dict[str, str]], dict[str, Any]]:
    """Return the head, the rows by (student, line item), and the counts."""
    actions.import_policy(actor=SYSTEM, body=MARKS if marks is None else marks, name="p.toml", at=NOW)
    text, counts = export_grades(
        actor=SYSTEM, term="t1", to_whom="SIS", purpose="Term", now=NOW, book=levels.book()
    )
    lines = text.splitlines()
    head = [line for line in lines if line.startswith("# ")]
    rows = csv.DictReader(io.StringIO("\n".join(lines[len(head) :])))
    assert tuple(rows.fieldnames or ()) == COLUMNS
    return head, {(row["student"], row["line_item"].rpartition(":")[2]): row for row in rows}, counts


def test_p17_a_level_goes_as_its_mark_and_each_row_says_what_it_lost() -> None:
    head, rows, counts = sent()
    good, low, between = rows["u1", "A.1"], rows["u1", "A.2"], rows["u2", "A.1"]
    assert (good["mark"], good["level"], good["level_name"], good["date"]) == (
        "A",
        "3",
        "Proficient",
        "2026-10-01",
    )
    assert good["comment"] == "the mark also stands for 4" and good["class"] == "k1"
    assert (low["mark"], low["level"]) == ("", "1") and low[
        "comment"
    ] == "no mark: none is set for this level"
    assert (
        between["mark"] == "C"
        and between["comment"].endswith("goes as 2")
        and 2 < float(between["level"]) < 3
    )
    assert "# Scale four: levels 3 and 4 become one mark, A." in head
    assert any("1 = no mark, 2 = C, 3 = A, 4 = A" in line for line in head)
    assert counts["losses"] == {
        "no_class_for_continuum": 0, "without_a_mark": 3, "between_levels": 1, "one_mark_for_several": 1,
    }  # fmt: skip


def test_p17_no_mark_is_made_up_for_excused_and_too_little() -> None:
    _, rows, _ = sent()
    for pair, state in ((("u2", "A.2"), "excused"), (("u1", "A.3"), "too_little")):
        row = rows[pair]
        assert (row["mark"], row["level"], row["state"]) == ("", "", state)
        assert row["comment"] == f"no mark: {state.replace('_', ' ')}"


def test_p17_without_a_crosswalk_no_mark_goes_and_the_head_says_so() -> None:
    head, rows, _ = sent({})
    assert {row["mark"] for row in rows.values()} == {""} and rows["u1", "A.1"]["level"] == "3"
    assert "# Scale four: no marks are set, so none is sent." in head
    (one,) = [one for one in crosswalks(levels.book()) if one.scale == "four"]
    assert losses(one) == ["Scale four: no marks are set, so none is sent."]


def test_p17_marks_are_entered_in_the_list_of_each_student_of_the_file() -> None:
    _, rows, _ = sent()
    listed = {
        who: [one.what for one in rights.disclosures_of(student=person(who).id)] for who in ("u1", "u2", "u4")
    }
    assert listed == {"u1": ["grades"], "u2": ["grades"], "u4": []}
    assert {student for student, _ in rows} == {"u1", "u2"}


def test_p17_the_district_reads_the_losses_and_saves_the_file() -> None:
    sent()
    client = lead()
    page = read(client.get("/district/gradebook"))
    assert "Lost: A stands for several levels." in page.text() and "no mark" in page.text()
    assert client.post("/district/gradebook", {"term": "t1"}).status_code == 422
    assert client.post("/district/gradebook", {"term": "none", "to": "SIS"}).status_code == 422
    answer = client.post("/district/gradebook", {"term": "t1", "to": "SIS"})
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/csv")
    assert b"levels 3 and 4 become one mark" in answer.content
    assert client_of("T1").get("/district/gradebook").status_code == 403


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[gradebook]\nfour = "A"\n', "not_a_table"),
        ('[gradebook.four]\nhigh = "A"\n', "out_of_range"),
        ("[gradebook.four]\n3 = 4\n", "required"),
        ('[scales.two]\nlevels = [{value = 1}, {value = 2}]\n[gradebook.two]\n3 = "A"\n', "out_of_range"),
    ],
)
def test_p17_a_faulty_crosswalk_is_refused_by_key(text: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        PolicyReader(text, "p.toml").read()
    assert [one.code for one in refused.value.findings] == [code]
