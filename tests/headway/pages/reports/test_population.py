"""Reports about one grade or one group: put together, refused in words, and told the same as in the reports of all students."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import openpyxl
import pypdf
import pytest
from django.test import Client

from headway.access.models import AuditEntry
from headway.analytics.releases import known
from headway.reports import queries as reports
from headway.reports.models import OwnReport
from headway.rosters.models import Person

from ..school.reading import lead, principal, read
from .test_reports import DAY, release, school  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def grades(school: None) -> None:  # noqa: F811
    """The handmade facts speak of grades 05 and 06; the roster has them too."""
    students = list(Person.objects.filter(sourced_id__in=("u1", "u2")).order_by("sourced_id"))
    assert len(students) == 2
    for one, grade in zip(students, ("05", "06"), strict=True):
        one.grade = grade
        one.save()


def put(client: Client, of: str, *picked: str, title: str = "Sixth grade", where: str = "new"):
    return client.post(
        f"/reports/{where}", {"title": title, "question": "Do they?", "pick": picked, "of": of, "do": "save"}
    )


def said(client: Client, key: str, metric: str) -> list[dict[str, Any]]:
    return [row for row in client.get(f"/reports/{key}/json").json()["rows"] if row["metric"] == metric]


def numbers(row: dict[str, Any]) -> list[Any]:
    return [row[name] for name in ("n", "value", "low", "high", "withheld", "coded")]


def test_a_report_of_one_grade_says_so_on_every_page_and_in_every_file() -> None:
    client = lead()
    page = client.get("/reports/new").content.decode()
    assert "Of which students" in page and '<option value="grade:06">Grade 6</option>' in page
    assert '<option value="english_learner:yes">English learners</option>' in page and "unknown" not in page
    assert put(client, "grade:06", "proficient_share:sex", "pace")["Location"] == "/reports/sixth-grade"
    assert reports.report("sixth-grade").population == ("grade", "06")
    assert "Students of grade 6 only. Do they?" in read(client.get("/reports/")).text()
    release()
    page = read(client.get("/reports/sixth-grade?metric=proficient_share&by=school")).text()
    assert "Students of grade 6 only. Do they?" in page and "with 40 students" in page
    by_sex = read(client.get("/reports/sixth-grade?metric=proficient_share&by=sex")).text()
    assert "All of these students" in by_sex and "All students" not in by_sex
    assert "This is told for the whole district" in by_sex
    assert "Students of grade 6 only." in read(client.get("/reports/sixth-grade/over-time")).text()
    pdf = pypdf.PdfReader(io.BytesIO(client.get("/reports/sixth-grade/pdf").content))
    assert "Students of grade 6 only. Do they?" in pdf.pages[0].extract_text()
    given = client.get("/reports/sixth-grade/json").json()
    assert given["population"] == {"grade": "06"} and {row["part"]["grade"] for row in given["rows"]} == {
        "06"
    }
    rows = list(
        csv.DictReader(io.StringIO(client.get("/reports/sixth-grade/csv").content.decode("utf-8-sig")))
    )
    assert len(rows) == given["n"] and {row["grade"] for row in rows} == {"06"}
    sheet = openpyxl.load_workbook(io.BytesIO(client.get("/reports/sixth-grade/xlsx").content))
    notes = {row[0]: row[1] for row in sheet["Notes"].iter_rows(values_only=True)}
    assert notes["population"] == "grade 06"
    assert client.get("/reports/standing/json").json()["population"] == {}


def test_its_figures_are_those_of_the_report_of_all_students_and_the_same_are_withheld() -> None:
    client = lead()
    put(client, "", "proficient_share:grade", "proficient_share:english_learner", title="All")
    for of, title in (("grade:05", "Five"), ("grade:06", "Six"), ("english_learner:yes", "Learners")):
        put(client, of, "proficient_share", title=title)
    put(client, "grade:06", "proficient_share:english_learner", title="Six by English")
    put(client, "english_learner:yes", "proficient_share:grade", title="Learners by grade")
    release()
    whole = said(client, "all", "proficient_share")
    held = 0
    for key, part in (
        ("five", {"grade": "05"}),
        ("six", {"grade": "06"}),
        ("learners", {"english_learner": "yes"}),
    ):
        own = {row["part"]["school"]: numbers(row) for row in said(client, key, "proficient_share")}
        assert own == {
            row["part"]["school"]: numbers(row) for row in whole if part.items() <= row["part"].items()
        } and own  # fmt: skip
        held += sum(bool(row[4]) for row in own.values())
    # Four of the school s1 learn English: withheld in the report of all, and in the one of English learners.
    assert held > 0
    by_grade = {
        row["part"]["grade"]: numbers(row)
        for row in said(client, "learners-by-grade", "proficient_share")
        if len(row["part"]) == 2 and "school" not in row["part"]
    }
    by_english = {
        row["part"]["english_learner"]: numbers(row)
        for row in said(client, "six-by-english", "proficient_share")
        if "english_learner" in row["part"]
    }
    assert by_grade["06"] == by_english["yes"]


def test_the_ledger_of_releases_holds_the_whole_tables() -> None:
    put(lead(), "english_learner:yes", "proficient_share:grade")
    release()
    names = {(metric, columns) for metric, _version, columns in known()}
    # Withheld is something in the table by school and group; of the part alone there is no table.
    assert ("proficient_share", ("school", "english_learner")) in names
    assert not any(len(columns) == 1 for metric, columns in names if metric == "proficient_share")


@pytest.mark.parametrize(
    ("of", "picked", "sentence"),
    [
        ("grade:13", ["pace"], "A report is of all students, or of one grade or group that the list offers."),
        ("school:s1", ["pace"], "A report is of all students, or of one grade or group that the list offers."),
        ("grade", ["pace"], "A report is of all students, or of one grade or group that the list offers."),
        ("grade:06", ["gap_steps:sex"], "“Where the gap opens” compares groups of all students"),
        ("grade:06", ["explained_pace"], "“Predictability of pace” compares groups of all students"),
        ("grade:06", ["pace:sex"], "“Pace” of some students is told for the district only"),
        ("grade:06", ["coverage:grade"], "“Coverage” cannot be told apart by what all students of the report share."),
    ],
)  # fmt: skip
def test_what_cannot_be_told_of_some_students_is_refused_in_words(
    of: str, picked: list[str], sentence: str
) -> None:
    answer = put(lead(), of, *picked)
    assert answer.status_code == 422 and sentence in read(answer).text()
    assert not OwnReport.objects.exists()
    page = answer.content.decode()
    if of == "grade:06":
        assert '<option value="grade:06" selected>' in page


def test_another_population_is_the_next_version_and_stays_through_withdrawal() -> None:
    client = lead()
    put(client, "", "pace")
    put(client, "grade:06", "pace", where="sixth-grade/edit")
    put(client, "grade:06", "pace", where="sixth-grade/edit")
    client.post("/reports/sixth-grade/edit", {"do": "withdraw"})
    client.post("/reports/sixth-grade/edit", {"do": "restore"})
    kept = OwnReport.objects.order_by("version").values_list("version", "population", "withdrawn")
    assert list(kept) == [
        (1, [], False),
        (2, ["grade", "06"], False),
        (3, ["grade", "06"], True),
        (4, ["grade", "06"], False),
    ]
    noted = (
        AuditEntry.objects.filter(act="save_report")
        .order_by("pk")
        .values_list("detail__population", flat=True)
    )
    assert list(noted) == [[], ["grade", "06"], ["grade", "06"], ["grade", "06"]]
    # Where nobody is in the grade any more, the report can still be changed.
    Person.objects.filter(grade="06").update(grade="07")
    assert '<option value="grade:06" selected>' in client.get("/reports/sixth-grade/edit").content.decode()
    assert put(client, "grade:06", "pace", "tries", where="sixth-grade/edit").status_code == 302
    assert put(client, "grade:06", "pace", title="Another").status_code == 422


def test_days_on_which_it_was_of_other_students_are_not_beside_those_of_now() -> None:
    client = lead()
    put(client, "", "coverage")
    release(date(2026, 9, 30))
    put(client, "grade:06", "coverage", where="sixth-grade/edit")
    # What is shown is of all students still, and says nothing else.
    assert "Students of grade 6 only." not in read(client.get("/reports/sixth-grade")).text()
    release(DAY)
    assert "Students of grade 6 only." in read(client.get("/reports/sixth-grade")).text()
    assert "Students of grade 6 only." not in read(client.get("/reports/sixth-grade?as_of=2026-09-30")).text()
    over_time = read(client.get("/reports/sixth-grade/over-time")).text()
    assert "20 Nov 2026" in over_time and "30 Sep 2026" not in over_time


def test_states_of_some_students_are_told_for_the_district() -> None:
    client = lead()
    put(client, "grade:06", "pace")
    release()
    page = read(client.get("/reports/sixth-grade?metric=pace")).text()
    # Nobody of grade 6 is behind: nearly all of 40 are on pace, which is told as a bound.
    assert "90 % or more" in page and "This is told for the whole district" in page
    assert "Pace · The district" in page and "Pace by school" not in page
    rows = said(client, "sixth-grade", "pace")
    assert {row["part"]["school"] for row in rows} == {"total"} and {row["n"] for row in rows} == {40}


def test_who_leads_a_school_reads_the_own_one_of_these_students() -> None:
    put(lead(), "grade:06", "proficient_share:sex")
    release()
    text = read(principal("s1").get("/reports/sixth-grade?metric=proficient_share&by=school")).text()
    assert "Juniper Elementary" in text and "Cedar Middle" not in text and "Students of grade 6 only." in text


def test_a_set_names_the_students_of_its_reports() -> None:
    client = lead()
    put(client, "disability:no", "proficient_share")
    assert (
        "Only these students: Students without disabilities. Do they?"
        in read(client.get("/reports/sets/new")).text()
    )
    answer = client.post("/reports/sets/new", {"title": "Board", "report": "sixth-grade", "comes": "by_hand"})
    assert answer["Location"] == "/reports/sets/board"
    assert (
        "Only these students: Students without disabilities."
        in read(client.get("/reports/sets/board")).text()
    )


def test_in_spanish_the_students_are_named_too() -> None:
    client = lead()
    put(client, "grade:06", "proficient_share:sex")
    put(client, "race:white", "proficient_share", title="White")
    release()
    client.post("/account/language", {"language": "es", "next": "/reports/"})
    listed = read(client.get("/reports/")).text()
    assert (
        "Solo estudiantes de 6.º grado." in listed
        and "Solo estudiantes de esta parte: Raza y etnia" in listed
    )
    page = read(client.get("/reports/sixth-grade?metric=proficient_share&by=sex")).text()
    assert "Solo estudiantes de 6.º grado." in page and "Todos estos estudiantes" in page
    refused = read(put(client, "grade:06", "pace:sex", title="Ritmo")).text()
    assert "«Ritmo» de algunos estudiantes se dice solo del distrito" in refused
    assert "De qué estudiantes" in refused
