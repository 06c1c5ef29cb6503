"""Sets of reports: they come once a week or month, to whom they are for, on a page, as one PDF and among the notices."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pypdf
import pytest
from django.test import Client

from headway.access.models import Account, AuditEntry
from headway.access.types import Viewer
from headway.kit.refusals import Refusal
from headway.notices import gathering
from headway.notices.types import REPORTS, Line
from headway.reports import actions
from headway.reports import queries as reports
from headway.reports.models import ReportSet, SetDelivery
from headway.rosters.models import Person
from headway.rosters.queries import viewer_for

from ..school.reading import NOW, lead, principal, read
from .test_reports import DAY, release, school  # noqa: F401

pytestmark = pytest.mark.django_db


def put(
    client: Client, title: str, *chosen: str, comes: str = "weekly", where: str = "new", schools: bool = False
):
    said = {"title": title, "report": chosen, "comes": comes, "do": "save"} | (
        {"for_schools": "1"} if schools else {}
    )
    return client.post(f"/reports/sets/{where}", said)


def came(key: str) -> list[date]:
    return [one.as_of for one in reports.deliveries(key)]


def night(day: str, *, as_of: date = DAY) -> int:
    return actions.deliver_due(as_of=as_of, at=datetime.fromisoformat(f"{day}T02:05-07:00"))


def test_it_comes_once_a_week_with_the_first_figures_and_after_a_pause_once() -> None:
    put(lead(), "Monday meeting", "standing", "plans")
    found = [night(day, as_of=date.fromisoformat(day)) for day in (
        "2026-11-18", "2026-11-19", "2026-11-22", "2026-11-23", "2026-11-24", "2026-12-16")]  # fmt: skip
    assert found == [1, 0, 0, 1, 0, 1]
    assert came("monday-meeting") == [date(2026, 12, 16), date(2026, 11, 23), date(2026, 11, 18)]


def test_a_month_is_counted_in_the_zone_of_the_school_and_by_hand_comes_by_hand() -> None:
    client = lead()
    put(client, "Board", "standing", comes="monthly")
    put(client, "Now and then", "plans", comes="by_hand")
    assert night("2026-11-30", as_of=date(2026, 11, 29)) == 1
    # In Greenwich it is December for six hours already.
    assert actions.deliver_due(as_of=date(2026, 11, 30), at=datetime(2026, 12, 1, 5, tzinfo=UTC)) == 0
    assert actions.deliver_due(as_of=date(2026, 11, 30), at=datetime(2026, 12, 1, 8, tzinfo=UTC)) == 1
    assert came("now-and-then") == []


def test_the_work_of_the_night_lets_it_come_and_again_changes_nothing() -> None:
    put(lead(), "Board", "standing", comes="monthly")
    assert night("2026-11-21") == 1 and night("2026-11-21") == 0
    assert SetDelivery.objects.count() == 1


def test_a_set_is_read_as_it_came_also_after_it_was_changed() -> None:
    client = lead()
    put(client, "Board", "plans", "standing")
    release()
    night("2026-11-21")
    put(client, "Board and staff", "groups", where="board/edit")
    release(date(2026, 11, 30))
    night("2026-12-01", as_of=date(2026, 11, 30))
    then = read(client.get("/reports/sets/board?as_of=2026-11-20"))
    assert "version 1 of the set" in then.text()
    # The day as on all pages, in words.
    assert "came 21 Nov at " in then.text()
    links = [attrs["href"] for attrs, _text in then.all("a") if "as_of" in (attrs.get("href") or "")]
    # In the order of the list of reports, not of the boxes that were ticked.
    assert links[1:3] == ["/reports/standing?as_of=2026-11-20", "/reports/plans?as_of=2026-11-20"]
    now = read(client.get("/reports/sets/board")).text()
    assert "version 2 of the set" in now and "Groups of students" in now and "Progress and pace" not in now


def test_all_of_it_is_one_pdf_of_the_day() -> None:
    client = lead()
    put(client, "Board", "plans", "standing")
    assert client.get("/reports/sets/board/pdf").status_code == 404
    release()
    release(date(2026, 11, 30))
    night("2026-11-21")
    made = client.get("/reports/sets/board/pdf")
    assert made["Content-Disposition"] == 'attachment; filename="board-2026-11-20.pdf"'
    pdf = pypdf.PdfReader(BytesIO(made.content))
    assert pdf.metadata and pdf.metadata.title == "Board"
    titles = [one["/Title"] for one in pdf.outline if not isinstance(one, list)]
    assert titles == ["Where students stand", "Progress and pace"]
    said = " ".join(" ".join(page.extract_text().split()) for page in pdf.pages)
    assert "20 November 2026" in said and "30 November" not in said


def test_who_leads_a_school_reads_what_is_for_schools_and_nothing_else() -> None:
    client = lead()
    put(client, "Board", "standing")
    put(client, "Schools", "standing", schools=True)
    release()
    night("2026-11-21")
    own = principal("s1")
    page = read(own.get("/reports/")).text()
    assert "Schools" in page and "Board" not in page and "Put a set together" not in page
    assert own.get("/reports/sets/board").status_code == 404
    assert own.get("/reports/sets/board/pdf").status_code == 404
    assert own.get("/reports/sets/schools").status_code == 200
    assert own.get("/reports/sets/new").status_code == 403
    assert own.get("/reports/sets/schools/edit").status_code == 403
    with pytest.raises(Refusal, match="puts sets of reports"):
        actions.send_set(actor=own_viewer("T1"), key="schools", at=NOW)
    own.post("/reports/sets/schools")
    assert len(came("schools")) == 1
    said = " ".join(
        p.extract_text() for p in pypdf.PdfReader(BytesIO(own.get("/reports/sets/schools/pdf").content)).pages
    )
    assert "Juniper" in said and "Cedar" not in said


def own_viewer(person: str) -> Viewer:
    account = Account.objects.get(person=Person.objects.get(sourced_id=person).uuid)
    return viewer_for(account, NOW.date())


def test_whoever_it_is_for_is_told_once_that_it_came() -> None:
    client = lead()
    put(client, "Board", "standing")
    put(client, "Schools", "standing", schools=True)
    principal("s1")
    night("2026-11-21")
    at = datetime.fromisoformat("2026-11-21T17:00-07:00")
    day = timedelta(days=1)
    viewer = own_viewer("T1")

    def told(since: datetime) -> list[Line]:
        span = gathering.Span(since, 0, at, at.date(), at.date(), at.date() + day)
        return [one for one in gathering.lines(viewer, span, without=()) if one.kind == REPORTS]

    # The board's set came too, and is not for schools.
    assert told(at - day) == [Line(REPORTS, 1, None, DAY)]
    assert told(at) == []
    assert gathering.readable(viewer, told(at - day)) and REPORTS in gathering.kinds_for(viewer)


def test_send_now_sends_the_newest_figures_once() -> None:
    client = lead()
    put(client, "Board", "standing", comes="by_hand")
    answer = client.post("/reports/sets/board")
    assert answer.status_code == 422 and "There is no snapshot yet: take one first." in read(answer).text()
    release()
    for _twice in range(2):
        page = client.post("/reports/sets/board", follow=True)
        assert "The newest figures are below." in read(page).text()
    assert came("board") == [DAY]
    assert AuditEntry.objects.filter(act="send_set").count() == 1


def test_a_withdrawn_set_comes_no_more_and_undone_it_comes_again() -> None:
    client = lead()
    put(client, "Board", "standing", schools=True)
    page = read(client.post("/reports/sets/board/edit", {"do": "withdraw"}, follow=True)).text()
    assert "This set was withdrawn. It comes no more." in page
    assert night("2026-11-21") == 0 and principal("s1").get("/reports/sets/board").status_code == 404
    assert put(client, "Other", "plans", where="board/edit").status_code == 422
    client.post("/reports/sets/board/edit", {"do": "restore"})
    assert night("2026-11-21") == 1
    assert list(ReportSet.objects.values_list("version", "withdrawn")) == [(1, False), (2, True), (3, False)]


def test_where_a_report_was_withdrawn_or_its_day_is_kept_no_longer_the_page_says_so() -> None:
    client = lead()
    client.post("/reports/new", {"title": "Own", "question": "", "pick": ["pace"], "do": "save"})
    put(client, "Board", "standing", "own")
    night("2026-11-21")
    page = read(client.get("/reports/sets/board")).text()
    assert page.count("Figures of this day are not kept.") == 2 and "All as one PDF" not in page
    client.post("/reports/own/edit", {"do": "withdraw"})
    assert "Own" not in read(client.get("/reports/sets/board")).text()


@pytest.mark.parametrize(
    ("title", "chosen", "comes", "said"),
    [
        ("", ["standing"], "weekly", "A set needs a name."),
        ("x" * 81, ["standing"], "weekly", "A name has at most 80 characters."),
        ("Board", [], "weekly", "Choose at least one report."),
        ("Board", ["gossip"], "weekly", "Reports are: standing"),
        ("Board", ["standing"], "hourly", "Choose when the set comes."),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_what_was_typed_stays(
    title: str, chosen: list[str], comes: str, said: str
) -> None:
    answer = put(lead(), title, *chosen, comes=comes)
    assert answer.status_code == 422 and said in read(answer).text()
    assert f'value="{title}"' in answer.content.decode()
    assert not ReportSet.objects.exists()


def test_the_same_again_is_no_new_version_and_names_are_not_given_twice() -> None:
    client = lead()
    found = [put(client, title, "plans")["Location"] for title in ("Pdf", "pdf!", "New", "¿?")]
    assert found == ["/reports/sets/pdf", "/reports/sets/pdf-2", "/reports/sets/new-2", "/reports/sets/set"]
    put(client, "Pdf", "plans", where="pdf/edit")
    assert ReportSet.objects.filter(key="pdf").count() == 1
    own = client.post("/reports/new", {"title": "Sets", "question": "", "pick": ["pace"], "do": "save"})
    assert own["Location"] == "/reports/sets-2"


def test_a_letter_that_the_fonts_do_not_hold_does_not_keep_a_set_from_being_printed() -> None:
    client = lead()
    put(client, "Wie geht's 😀 報告", "standing")
    release()
    night("2026-11-21")
    made = client.get("/reports/sets/wie-gehts/pdf")
    assert made.status_code == 200
    assert pypdf.PdfReader(BytesIO(made.content)).metadata.title == "Wie geht's ? ??"
