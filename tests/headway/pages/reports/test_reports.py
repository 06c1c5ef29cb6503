"""Reports on pages: the figures that left the gate, for the own school and the district, the same in picture, table and file."""

from __future__ import annotations

import csv
import io
import itertools
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest
import time_machine
from django.conf import LazySettings

from headway.analytics import queries as analytics
from headway.analytics import snapshots
from headway.analytics.queries import METRICS
from headway.analytics.types import Cell, Snapshot, State
from headway.jobs.models import Job
from headway.pages.reports import charts, words
from headway.reports import actions
from headway.reports import jobs as background
from headway.reports import queries as reports

from ...analytics.handmade import student, target, write
from ...plans.school import build
from ..school.reading import NOW, client_of, lead, principal, read

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def school(tmp_path: Path, settings: LazySettings):
    settings.HOME = tmp_path / "home"
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def facts(day: date = DAY, extra: int = 0) -> dict[str, list[dict[str, Any]]]:
    """Forty students in school s1 (grade 05: 30, of whom 4 learn English; 06: 10) and thirty in s2, ten targets each."""
    people = [student(f"a{i:02}", "s1", "05", english_learner=i < 4, sex="female") for i in range(30 + extra)]
    people += [student(f"b{i:02}", "s1", "06", english_learner=False, sex="male") for i in range(10)]
    people += [student(f"c{i:02}", "s2", "06", english_learner=i < 15, sex="female") for i in range(30)]
    codes = [f"A.{i}" for i in range(10)]
    reached = {"a": 7, "b": 2, "c": 5}
    return {
        "school": [{"school": "s1", "name": "Juniper Elementary"}, {"school": "s2", "name": "Cedar Middle"}],
        "student": people, "target": [target(code, "Math") for code in codes],
        "scope": [{"student": p["student"], "target": c, "in_plan": True, "at_grade_level": True} for p in people for c in codes],
        "opportunity": [{"opportunity": f"{p['student']}{c}", "student": p["student"], "target": c, "purpose": "evidence",
                         "state": "offered"} for p in people for c in codes],
        "determination": [{"student": p["student"], "target": c, "n_counted": 1, "n_total": 1, "decided": False, "rule": "mean",
                           "rule_version": 1,
                           "state": "proficient" if i < reached[p["student"][0]] + (int(p["student"][1:]) % 2) else "not_yet"}
                          for p in people for i, c in enumerate(codes)],
        "pace": [{"student": p["student"], "plan": "P", "filled": 3, "required": 4, "progress": 0.75,
                  "state": "behind" if p["student"][0] == "a" and int(p["student"][1:]) < 12 else "on_pace"} for p in people],
    }  # fmt: skip


def release(day: date = DAY, **more: Any) -> Snapshot:
    """Put handmade facts in the place of a snapshot of a day, and release every report from it."""
    taken = Snapshot(
        f"{day}_x", day, datetime(day.year, day.month, day.day, 18, tzinfo=UTC), 1, {}, {}, "s", "v"
    )
    folder = write(analytics.folder() / taken.name, **facts(day, **more))
    snapshots._write_manifest(folder, taken)
    actions.release_all(taken)
    return taken


def test_before_the_first_snapshot_the_pages_say_what_to_do() -> None:
    client = lead()
    assert "There is no snapshot yet. The first is taken tonight" in read(client.get("/reports/")).text()
    assert "There is no snapshot yet." in read(client.get("/reports/standing")).text()
    assert client.get("/reports/standing/csv").status_code == 404
    assert client.get("/reports/gossip").status_code == 404


def test_a_snapshot_is_asked_for_once_and_made_beside_the_server() -> None:
    client = lead()
    assert client.post("/reports/").status_code == 302
    client.post("/reports/")
    assert Job.objects.filter(kind="snapshot").count() == 1
    # One message: neither that there is none, nor a button for what is on its way.
    text = read(client.get("/reports/")).text()
    assert text.count("snapshot is being taken") == 1
    assert "There is no snapshot yet" not in text and "Take a snapshot now" not in text
    report = read(client.get("/reports/standing")).text()
    assert "A snapshot is being taken: look again" in report and "There is no snapshot yet" not in report
    release()
    text = read(client.get("/reports/")).text()
    assert "Figures as of" in text and "Newer figures are on their way" in text


def test_the_night_puts_one_in_and_the_first_comes_at_once() -> None:
    background.plan(
        at=datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
    )  # half past midnight in Denver: none at all yet
    assert Job.objects.filter(kind="snapshot").count() == 1
    release()
    background.plan(at=datetime(2026, 11, 21, 8, 30, tzinfo=UTC))  # half past one
    assert Job.objects.filter(kind="snapshot").count() == 1
    background.plan(at=datetime(2026, 11, 21, 9, 30, tzinfo=UTC))
    background.plan(at=datetime(2026, 11, 21, 12, 30, tzinfo=UTC))
    assert Job.objects.filter(kind="snapshot").count() == 2


def test_the_sentence_the_picture_and_the_table_say_the_same() -> None:
    release()
    answer = lead().get("/reports/standing?metric=proficient_share&by=school")
    text = read(answer).text()
    # s1: 30 students with 7 or 8 of 10, 10 with 2 or 3: 225 + 25 of 400; s2: 165 of 300; together 415 of 700.
    assert "Proficient share: 59 %; with 70 students it lies between" in text
    assert re.search(r"Cedar Middle\s*30\s*55 %", text) and re.search(r"Juniper Elementary\s*40\s*63 %", text)
    places = re.findall(r'<circle class="g-mark" cx="([\d.]+)"', answer.content.decode())[:3]
    assert [round((float(x) - 168) / 260, 2) for x in places] == [0.59, 0.55, 0.63]


def test_what_is_withheld_is_in_no_form_of_the_report() -> None:
    release()
    client = lead()
    page = read(client.get("/reports/groups?metric=proficient_share&by=english_learner&school=s1")).text()
    assert "withheld: fewer than 10" in page and "withheld: so that no other can be worked out" in page
    said = client.get("/reports/groups/json").json()
    hidden = [r for r in said["rows"] if r["withheld"]]
    assert hidden and all(r["n"] is r["value"] is r["low"] is r["of"] is None for r in hidden)
    rows = list(csv.DictReader(io.StringIO(client.get("/reports/groups/csv").content.decode("utf-8-sig"))))
    assert all(not r["n"] and not r["value"] for r in rows if r["withheld"])
    # The district's figure stands in every table: `by` says in which.
    whole = [r["by"] for r in rows if r["metric"] == "coverage" and r["school"] == "total"]
    assert "school" in whole and "school+race" in whole
    assert all((r["by"] == "school") == (set(r["part"]) == {"school"}) for r in said["rows"])
    sheet = openpyxl.load_workbook(io.BytesIO(client.get("/reports/groups/xlsx").content))
    figures = sheet["Figures"]
    names = [cell.value for cell in figures[1]]
    held, n = names.index("withheld"), names.index("n")
    found = list(figures.iter_rows(min_row=2, values_only=True))
    assert len(found) == len(said["rows"]) == len(rows)
    assert all(row[n] in (None, "") for row in found if row[held])
    assert sheet.sheetnames == ["Figures", "Notes"] and all(one.sheet_state == "visible" for one in sheet)
    assert not any(column.hidden for one in sheet for column in one.column_dimensions.values())


def test_a_leader_sees_the_own_school_beside_the_district_and_no_other() -> None:
    release()
    client = principal("s1")
    page = read(client.get("/reports/standing")).text()
    assert "Juniper Elementary" in page and "Cedar Middle" not in page
    assert "Cedar Middle" not in read(client.get("/reports/standing?by=school&school=s2")).text()
    schools = {
        row["part"].get("school", "total") for row in client.get("/reports/standing/json").json()["rows"]
    }
    assert schools == {"total", "s1"}


def test_whoever_reads_a_figure_reads_the_sql_behind_it_too() -> None:
    release()
    client = principal("s1")
    page = read(client.get("/reports/standing?metric=proficient_share&by=grade&school=s1"))
    (shown,) = (text for _a, text in page.all("pre"))
    texts = client.get("/reports/standing/json").json()["sql"]
    # A definition by columns, the same that the command prints; no student and no school is named in it.
    own = [one["sql"] for one in texts if one["metric"] == "proficient_share" and "grade" in one["by"]]
    assert " ".join(shown.split()) in [" ".join(one.split()) for one in own]
    assert shown.startswith("WITH unit AS (") and "FROM scope" in shown
    assert not any(f"'{name}'" in one["sql"] for one in texts for name in ("a01", "s1", "s2"))


def test_states_are_bars_with_a_table_beside() -> None:
    release()
    page = lead().get("/reports/plans?metric=pace&by=school")
    text = read(page).text()
    assert "Behind" in text and "On pace" in text
    # s1: 12 of 40 behind, s2: 0 of 30 behind: nearly all of s2 are on pace, which is told as a bound.
    assert "90 % or more" in text and "30 %" in text


def test_looking_back_shows_what_was_released_then() -> None:
    release(date(2026, 10, 20), extra=10)
    release()
    client = lead()
    assert "with 70 students" in read(client.get("/reports/standing?by=school")).text()
    assert "with 80 students" in read(client.get("/reports/standing?by=school&as_of=2026-10-20")).text()
    assert "with 70 students" in read(client.get("/reports/standing?by=school&as_of=nonsense")).text()


def test_what_an_older_program_released_counts_as_not_released() -> None:
    taken = release()
    client = lead()
    path = reports.released_in(analytics.folder() / taken.name, "standing")
    path.write_text(path.read_text().replace('"format": 1', '"format": 0'))
    assert (
        "This report has no figures yet: they come with the next snapshot."
        in read(client.get("/reports/standing")).text()
    )
    assert client.get("/reports/plans").status_code == 200


def test_the_page_is_said_in_spanish() -> None:
    release()
    client = lead()
    client.post("/account/language", {"language": "es", "next": "/reports/standing"})
    page = read(client.get("/reports/standing?by=grade")).text()
    assert "Parte competente: 59 %" in page and "por grado" in page and "Proficient" not in page


def test_others_are_told_that_the_page_is_not_theirs() -> None:
    release()
    assert client_of("T1").get("/reports/").status_code == 403
    assert client_of("u1").get("/reports/standing").status_code == 403
    assert client_of("p1").get("/reports/standing/json").status_code == 403


def test_a_page_takes_few_statements(django_assert_max_num_queries: Any) -> None:
    release()
    client = lead()
    client.get("/reports/standing")
    with django_assert_max_num_queries(12):
        client.get("/reports/standing?by=grade")


def test_where_a_gap_opens_is_told_by_step_and_a_small_group_by_none() -> None:
    release()
    client = lead()
    page = read(client.get("/reports/opening?by=sex"))
    rows = page.text()
    # Girls and women: everybody was offered everything and nothing was rated, so the gap opens nowhere.
    assert "Where the gap opens by sex" in rows and "A chance was offered" in rows
    assert "nobody came to one of the steps" in rows
    small = read(client.get("/reports/opening?by=english_learner")).text()
    assert "Percentage points" in small
    # Where pace is told of so few groups, a predictability that is not there is a refusal in words.
    assert (
        "it is the same for everybody"
        in read(client.get("/reports/opening?metric=explained_progress")).text()
    )
    found = list(csv.DictReader(io.StringIO(client.get("/reports/opening/csv").content.decode("utf-8-sig"))))
    assert {row["metric"] for row in found} >= {"gap_steps", "explained_progress", "explained_pace"}


def test_a_gap_says_in_what_it_is_counted() -> None:
    release()
    client = lead()
    page = read(client.get("/reports/groups?metric=proficient_share&by=english_learner"))
    assert "Gap to all others, percentage points" in page.text("th")
    own = [("Girls", Cell(("girls",), 40, 0.6, (0.5, 0.7), "", gap=0.01, gap_interval=(0.005, 0.21)))]
    assert "Girls, +1 percentage point (+0 to +21) against all" in words.widest(
        METRICS["proficient_share"], own
    )
    client.cookies["language"] = "es"
    spanish = read(client.get("/reports/groups?metric=proficient_share&by=english_learner")).text()
    assert "Brecha con los demás, puntos porcentuales" in spanish
    whole = Cell(("girls", "total"), 40, -0.01, (-0.149, 0.02), "")
    assert words.gap_of(METRICS["gap_steps"], whole) == "−1.0 percentage points (−14.9 to +2.0)"
    assert "−14.9 to +2.0) to all others may be none." in words.opens_at(
        METRICS["gap_steps"], "Girls", [("total", whole)]
    )
    # Every measure that may have a gap has a unit in words; those of states have none.
    gapless = ("states", "explained")
    assert all(words.unit_of(one) for one in METRICS.values() if one.kind not in gapless)


def test_predictability_is_told_beside_chance() -> None:
    release()
    client = lead()
    text = read(client.get("/reports/opening?metric=explained_pace")).text()
    assert "Area under the curve" in text and "From the group" in text
    assert "where they began is not known for enough" in text


def test_over_time_the_last_day_of_each_month_and_the_newest_stand_in_order() -> None:
    for day in (date(2026, 9, 29), date(2026, 9, 30), date(2026, 10, 30), DAY):
        release(day)
    client = lead()
    page = read(client.get("/reports/standing/over-time?metric=proficient_share"))
    text = page.text()
    days = ["30 Sep 2026", "30 Oct 2026", "20 Nov 2026"]
    assert [text.index(day) for day in days] == sorted(text.index(day) for day in days)
    assert "29 Sep 2026" not in text and "The newest day, and the last day of each month before it." in text
    # The figure of the day is the one that the report of that day shows.
    assert text.count("59 %") >= 3 and "59 %" in read(client.get("/reports/standing?as_of=2026-09-30")).text()
    states = read(client.get("/reports/plans/over-time?metric=pace&school=s1")).text()
    assert "Behind" in states and "30 Oct 2026" in states
    # What is withheld on a day is withheld here too.
    group = read(
        client.get("/reports/groups/over-time?metric=proficient_share&by=english_learner&school=s1&part=yes")
    )
    assert "withheld: fewer than 10" in group.text()
    explained = client.get("/reports/opening/over-time?metric=explained_pace")
    assert "This measure is not told over time." in read(explained).text()


def test_over_time_a_gap_stands_step_by_step_with_the_figures_of_each_day() -> None:
    days = (date(2026, 9, 30), date(2026, 10, 30), DAY)
    for day in days:
        release(day)
    client = lead()
    assert "/over-time?metric=gap_steps" in client.get("/reports/opening?by=sex").content.decode()
    answer = client.get("/reports/opening/over-time?metric=gap_steps&by=sex&part=female")
    text = read(answer).text()
    released = [one for one in reports.find_released("opening").figures if one.names == ("sex", "step")]
    cells = [cell for cell in released[0].cells if cell.part[0] == "female"]
    steps = {"offered": "A chance was offered", "first": "Proficient at first", "total": "The whole gap"}
    assert all(word in text for word in steps.values()) and len(cells) == 6
    # Each step once for each day, in the table and in the picture.
    assert (
        text.count("30 Oct 2026") == 2 * len(cells)
        and 'aria-current="true">Girls and women' in answer.content.decode()
    )
    # What foretells an outcome has no place in time.
    assert "over-time" not in client.get("/reports/opening?metric=explained_pace").content.decode()


def test_over_time_a_leader_sees_no_other_school() -> None:
    release()
    text = read(principal("s1").get("/reports/standing/over-time?part=s2&school=s2")).text()
    assert "Cedar Middle" not in text and "There is one day so far." in text


def test_over_time_before_the_first_snapshot() -> None:
    assert "There is no snapshot yet." in read(lead().get("/reports/standing/over-time")).text()


def said_in(pdf: bytes) -> str:
    """Return the words of a PDF on one line, as a reader hears them."""
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages).split())


def alternatives(node: Any, found: list[str]) -> list[str]:
    """Collect the alternative texts of the structure of a PDF."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for one in node:
            alternatives(one, found)
    elif isinstance(node, dict):
        if "/Alt" in node:
            found.append(str(node["/Alt"]))
        if "/K" in node:
            alternatives(node["/K"], found)
    return found


def test_as_a_pdf_it_is_tagged_and_says_what_the_page_says_and_nothing_that_is_withheld() -> None:
    release()
    answer = lead().get("/reports/groups/pdf?by=english_learner&school=s1")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="groups-2026-11-20.pdf"'
    root = pypdf.PdfReader(io.BytesIO(answer.content)).trailer["/Root"]
    assert root["/Lang"] == "en" and root["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in root
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()
    words = said_in(answer.content)
    assert (
        "Groups of students" in words
        and "withheld: fewer than 10" in words
        and "Snapshot: 20 Nov 2026, 11:00" in words
    )
    pictures = alternatives(root["/StructTreeRoot"], [])
    assert pictures and any("English learners: withheld" in one for one in pictures)
    # All of s1 is told, its four English learners by no number.
    small = next(one for one in pictures if "English learners: withheld" in one)
    part = next(one for one in small.split("; ") if one.startswith("English learners"))
    assert not re.search(r"[0-9]", part.replace("fewer than 10", ""))


def test_page_and_pdf_say_whose_figures_they_are() -> None:
    release()
    client = principal("s1")
    page = read(client.get("/reports/standing"))
    assert "Proficient share by continuum · Juniper Elementary" in page.text()
    # Told by school, states of a grade would be too few: the own school stands beside the district instead.
    page = read(client.get("/reports/plans?metric=pace"))
    assert "Pace by school" in page.text() and "whole district" not in page.text()
    page = read(client.get("/reports/plans?metric=pace&by=grade"))
    assert (
        "Pace by grade · The district" in page.text() and "This is told for the whole district" in page.text()
    )
    words = said_in(client.get("/reports/standing/pdf").content)
    assert "Proficient share by continuum · Juniper Elementary" in words
    assert "·" not in read(lead().get("/reports/standing?by=school")).all("h2", id="pic")[0][1]


def test_states_are_told_with_their_intervals_on_the_page_and_in_the_pdf() -> None:
    release()
    client = lead()
    page = read(client.get("/reports/plans?metric=pace&by=school"))
    cells = [text for _attrs, text in page.all("td", class_="num")]
    assert "30 % 18 to 45" in cells
    assert "30 % (18 to 45)" in said_in(client.get("/reports/plans/pdf?by=school").content)


def test_a_report_of_ones_own_is_printed_by_every_column_that_was_chosen() -> None:
    client = lead()
    client.post("/reports/new", {"title": "Own", "question": "", "do": "save",
                                 "pick": ["proficient_share:english_learner", "proficient_share:grade"]})  # fmt: skip
    release()
    words = said_in(client.get("/reports/own/pdf").content)
    assert "Proficient share by English learner" in words and "Proficient share by grade" in words
    assert "What is withheld" not in words
    assert "What is withheld stays withheld" in said_in(client.get("/reports/own/pdf?school=s1").content)


def test_a_rate_has_its_gap_too_and_the_signs_of_percent_are_said_in_spanish() -> None:
    release()
    client = lead()
    assert (
        "Gap to all others, chances"
        in read(client.get("/reports/groups?metric=chances&by=english_learner")).text()
    )
    client.cookies["language"] = "es"
    text = read(client.get("/reports/groups?metric=chances&by=english_learner")).text()
    assert "Intervalo del 95 %" in text and "95 % interval" not in text


def test_the_places_of_a_scale_are_said_with_the_decimals_of_its_steps() -> None:
    waits = METRICS["feedback_days"]
    cells = [Cell(("a",), 20, 0.6, (0.2, 0.9), "median", ())]
    told = charts.dots(waits, [("a", cells[0])], cells).ticks
    assert [word for _place, word in told] == ["0.00", "0.25", "0.50", "0.75", "1.00"]


def test_while_a_snapshot_is_taken_the_page_does_not_ask_for_one() -> None:
    client = lead()
    client.post("/reports/")
    text = read(client.get("/reports/standing")).text()
    assert "look again in a minute or two" in text and "Ask for one" not in text


def test_the_pdf_is_said_in_spanish_and_holds_every_measure() -> None:
    release()
    client = lead()
    client.cookies["language"] = "es"
    words = said_in(client.get("/reports/plans/pdf").content)
    assert "Progreso y ritmo" in words and "De claro a oscuro" in words and "Fórmula" in words


def test_a_name_that_looks_like_markup_is_printed_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = facts()
    plain["school"][0]["name"] = "#panic[no] $x$ *Juniper*"
    monkeypatch.setitem(globals(), "facts", lambda day, **more: plain)
    release()
    assert "#panic[no] $x$ *Juniper*" in said_in(lead().get("/reports/plans/pdf").content)


def in_states(*told: tuple[float | None, str]) -> Cell:
    states = tuple(State(f"s{at}", None, value, None, coded) for at, (value, coded) in enumerate(told))
    return Cell(("A",), 90, None, None, "m", states=states)


def test_a_bar_of_rounded_shares_ends_at_its_axis_and_a_bound_leaves_room() -> None:
    thirds = in_states((0.33, ""), (0.33, ""), (0.33, ""))
    over = in_states((0.335, ""), (0.335, ""), (0.34, ""))
    for row in (thirds, over):
        parts = charts.bars([("A", row)]).bars[0][2]
        assert len(parts) == 3 and parts[0].x == charts.LEFT
        assert parts[-1].x + parts[-1].width == charts.RIGHT
        assert all(abs(one.x + one.width - two.x) < 1e-6 for one, two in itertools.pairwise(parts))
    bound = charts.bars([("A", in_states((0.48, "at_least"), (0.47, ""), (0.05, "at_most")))]).bars[0]
    assert [(one.width, one.bound) for one in bound[2]] == [(124.8, "at_least"), (122.2, "")]
    assert bound[3] == ""
    assert charts.bars([("A", in_states((0.95, "at_least"), (None, "")))]).bars[0][3] == "nearly all"
    # What is told is drawn where a part of it is withheld, and the rest of the axis stays empty.
    some = charts.bars([("A", in_states((None, ""), (0.25, ""), (0.5, "")))]).bars[0]
    assert [(one.step, one.width) for one in some[2]] == [(1, 65.0), (2, 130.0)] and some[3] == ""
    assert charts.bars([("A", in_states((None, ""), (0.05, "at_most")))]).bars[0][3] == "withheld"


def test_a_sentence_names_the_states_that_are_withheld() -> None:
    metric = METRICS["pace"]
    told = {"behind": (None, ""), "no_chance_offered": (0.11, ""), "ahead": (0.7, "")}
    states = tuple(State(name, None, value, None, coded) for name, (value, coded) in told.items())
    cell = Cell(("s1",), 138, None, None, "", states=states)
    said = words.sentence(metric, cell)
    assert said == "Behind: withheld · No chance offered: 11 % · Ahead: 70 %. 138 students."


def test_an_interval_without_width_is_said_in_words() -> None:
    cell = Cell(("s1",), 112, 2.0, (2.0, 2.01), "Kaplan-Meier median, log-log interval")
    metric = METRICS["feedback_days"]
    assert words.sentence(metric, cell).endswith(
        "2.0; with 112 students both ends of its interval read the same."
    )
    assert words.interval(metric, cell) == "2.0 at both ends"


def test_every_method_of_a_report_has_words_and_one_that_is_not_there_leaves_no_mark() -> None:
    release()
    released = [one for key in reports.every_report() if (one := reports.find_released(key))]
    methods = {cell.method for one in released for figures in one.figures for cell in figures.cells} - {""}
    assert methods and methods <= words.method_words().keys()
    small = read(lead().get("/reports/opening?by=english_learner")).text()
    assert "as they are ·" not in small


def test_where_every_part_is_withheld_the_page_names_what_tells_something() -> None:
    release()
    client, told = lead(), "every part is withheld. There are figures told by:"
    page = client.get("/reports/groups?metric=proficient_share&by=english_learner&school=s1")
    assert (
        told in read(page).text() and "by=sex&amp;" in page.content.decode().split(told)[1].split("</p>")[0]
    )
    assert told not in read(client.get("/reports/groups?metric=proficient_share&by=school")).text()
