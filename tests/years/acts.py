"""What a year brings beside the daily loop: people who come, go and are joined, paper, conferences, cards, rules, versions.

Each act stands on its school day (1 is the first), is done through the pages by who does it in a school, looks at once at what
its answer promised, and says in the book what has to hold at the end.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from headway.demo import people as cast_of
from headway.interop.case import exchange
from headway.proficiency import actions as proficiency

if TYPE_CHECKING:
    from tests.years.play import Year

LEAD = "district-lead"
SUMMER = datetime(2027, 7, 1, 18, tzinfo=UTC)
NEWCOMER = "S-9001"
"""The sourcedId under which the roster brings the student whom a teacher added by hand."""


def expect(year: Year, holds: bool, what: str) -> None:
    """Note a fault of the played school."""
    if not holds:
        year.book.faults.append(what)


def a_student_arrives(year: Year) -> None:
    """P10: a teacher adds who is not on the roster yet, and rates at once."""
    group = year.groups[0]
    given, family = "Nova", "Quillfeather"
    place = year.post(
        group.one.teacher,
        f"/teacher/classes/{quote(group.one.sourced_id)}/new-student",
        {"given": given, "family": family},
    )
    year.newcomer = place.rsplit("/", 1)[-1]
    key = f"year-{next(year.numbers)}"
    form = {"key": key, "student": f"({year.newcomer})", "target": str(group.targets[0]), "level": "3"}
    if year.post(group.one.teacher, "/teacher/observe", form):
        year.book.ratings[key] = "3"


def the_roster_brings_them(year: Year) -> None:
    """P10: two days later the roster has the student under its own identifier; the district joins the two."""
    group = year.groups[0]
    file = year.roster_file(
        users=f"{NEWCOMER},,,true,nova,,Nova,Quillfeather,,,,,,,{cast_of.grade_code(group.one.grade)},,,,,,{group.one.school},\n",
        roles=f"R-{NEWCOMER},,,{NEWCOMER},primary,student,{year.first},,{group.one.school},\n",
        enrollments=f"E-{NEWCOMER},,,{group.one.sourced_id},{group.one.school},{NEWCOMER},student,false,{year.first},\n",
    )
    page = year.hand_in(LEAD, "/district/roster", file)
    year.post(LEAD, "/district/roster", {"token": _token(page), "removals": "yes"})
    people = year.read(LEAD, "/district/people")
    expect(year, "Quillfeather" in people, "the roster's newcomer is not proposed for a match")
    said = {"act": "merge", "person": year.newcomer, "into": NEWCOMER, "why": "the same child"}
    year.post(LEAD, "/district/people", said)
    page = year.read(group.one.teacher, f"/teacher/students/{NEWCOMER}")
    expect(year, "Quillfeather" in page, "the joined student has no page")


def a_record_comes_with_them(year: Year) -> None:
    """P11: the record of the former school is a file and proposed levels, and no rating before the yes."""
    group, path = year.groups[0], f"/district/transfer-in/{NEWCOMER}"
    codes = year.codes(group)[:2]
    said = {
        "school": "Cedar District",
        "on": str(year.today - timedelta(days=30)),
        "levels": "".join(f"{code} 2\n" for code in codes),
    }
    record = SimpleUploadedFile("record.txt", b"Cedar District: what was shown there")
    page = year.hand_in(LEAD, path, record, said)
    before = year.rated()
    form = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    year.post(LEAD, path, form)
    year.book.unnamed += len(codes)
    expect(
        year, year.rated() == before + len(codes), "a record from elsewhere made another number of ratings"
    )


def a_student_leaves(year: Year) -> None:
    """P10: who leaves is off every list that day, and cannot come in."""
    year.gone = number = year.groups[-1].one.students[0]
    own = cast_of.student_id(number)
    said = {"act": "left", "on": str(year.today), "why": "moved"}
    year.post(LEAD, f"/district/roster/people/{own}", said)
    for group in year.groups:
        if number not in group.one.students:
            continue
        group.one.students.remove(number)
        year.left[group.one.sourced_id] = {
            k: group.chances.pop(k) for k in list(group.chances) if group.chances[k].student == number
        }
        for key in [key for key, (student, _) in group.held.items() if student == number]:
            del group.held[key]
        grid = year.read(group.one.teacher, f"/teacher/classes/{quote(group.one.sourced_id)}/grid")
        expect(
            year,
            f"/teacher/students/{own}" not in grid,
            f"{own} left, and is in the grid of {group.one.sourced_id}",
        )
    page = year.read(LEAD, f"/district/transfer/{own}")
    expect(year, year.who.names[number][1] in page, "the page of who left does not name them")
    record = year.record(own)
    expect(year, year.who.names[number][1] in json.dumps(record), "the record of who left does not name them")


def they_come_back(year: Year) -> None:
    """P10: a return resumes the same line."""
    own = cast_of.student_id(year.gone)
    said = {"act": "returned", "on": str(year.today), "why": "came back"}
    year.post(LEAD, f"/district/roster/people/{own}", said)
    for group in year.groups:
        if group.one.sourced_id in year.left:
            group.one.students.append(year.gone)
            group.one.students.sort()
            group.chances |= year.left.pop(group.one.sourced_id)
    # A new browser: whether who came back gets in with the name and password of before.
    year.browsers.pop(own, None)


def a_court_decides(year: Year) -> None:
    """A restriction closes every page about the child to this adult, from the same hour."""
    guardian, (_, _, children) = next(iter(year.who.guardians.items()))
    own = cast_of.student_id(children[0])
    path = f"/family/children/{own}"
    expect(year, year.status(guardian, path) == 200, f"{guardian} cannot read about {own}")
    year.post(
        LEAD,
        f"/district/roster/people/{own}",
        {"act": "restrict", "adult": guardian, "reason": "court_order"},
    )
    year.barred.add(guardian)
    for one in (path, f"{path}/conference", f"{path}/messages"):
        expect(year, year.status(guardian, one) == 404, f"{guardian} still opens {one}")


def the_court_lifts(year: Year) -> None:
    """Lifted, the same adult reads again."""
    guardian = year.barred.pop()
    own = cast_of.student_id(year.who.guardians[guardian][2][0])
    page = year.read(LEAD, f"/district/roster/people/{own}")
    found = re.search(r'name="restriction" value="(\d+)"', page)
    expect(year, found is not None, "the restriction is not on the page")
    if found:
        year.post(LEAD, f"/district/roster/people/{own}", {"act": "lift", "restriction": found[1]})
    expect(year, year.status(guardian, f"/family/children/{own}") == 200, f"{guardian} is still kept out")


def ratings_come_from_paper(year: Year) -> None:
    """P18: the rows of a printed sheet."""
    group = year.groups[1]
    path = f"/teacher/classes/{quote(group.one.sourced_id)}/paper"
    n = len(group.one.students)
    lines = "".join(f"{row + 1} 3\n" for row in range(n))
    said = {"act": "save", "key": f"paper-{year.place}", "target": str(group.targets[0]), "lines": lines,
            "observed_on": str(year.today), "sheet_on": str(year.today), "task": "On paper"}  # fmt: skip
    before = year.rated()
    if year.post(group.one.teacher, path, said):
        year.book.unnamed += n
        year.post(group.one.teacher, path, said)  # Sent twice, it records once.
    expect(year, year.rated() == before + n, f"{n} rows of paper made {year.rated() - before} ratings")


def a_substitute_stands_in(year: Year) -> None:
    """P8: today only, without the class's history; the note reaches the class's teacher."""
    group = year.groups[2]
    other = next(g.one.teacher for g in reversed(year.groups) if g.one.school != group.one.school)
    here = quote(group.one.sourced_id)
    said = {"act": "substitute", "person": other, "from": str(year.today), "through": str(year.today)}
    year.post(LEAD, f"/district/classes/{here}", said)
    words = f"Seen in the lesson {year.place}."
    note = {"act": "note", "key": f"note-{year.place}", "words": words, "student": ""}
    year.post(other, f"/teacher/substitute/{here}", note)
    student = cast_of.student_id(group.one.students[0])
    expect(
        year,
        year.status(other, f"/teacher/students/{student}") == 404,
        "a substitute opens a student's history",
    )
    page = year.read(group.one.teacher, "/teacher/today")
    expect(year, words in page, "the substitute's note does not reach the teacher")
    found = re.search(r'action="(/teacher/notes/[0-9a-f-]+)"', page)
    if found:
        year.post(group.one.teacher, found[1], {})


def the_substitute_is_gone(year: Year) -> None:
    """P8: the day after, the class is closed to who stood in."""
    group = year.groups[2]
    other = next(g.one.teacher for g in reversed(year.groups) if g.one.school != group.one.school)
    here = f"/teacher/substitute/{quote(group.one.sourced_id)}"
    expect(year, year.status(other, here) in (403, 404), "the class is open to yesterday's substitute")


def events_come_by_file(year: Year) -> None:
    """P16: attendance and the like by CSV; the same file twice adds nothing."""
    rows = "".join(
        f"{cast_of.student_id(n)},attendance,{year.today},absent,ordinary\n"
        for n in range(0, len(year.who.names), 9)
    )
    text = (
        "student,kind,at,outcome,sensitivity\n"
        + rows
        + f"{cast_of.student_id(1)},discipline,{year.today},,\n"
    )
    for _ in range(2):
        page = year.hand_in(LEAD, "/district/events", SimpleUploadedFile("events.csv", text.encode()))
        year.post(LEAD, "/district/events", {"token": _token(page)})
    year.book.school_events += rows.count("\n") + 1


def a_family_and_a_teacher_talk(year: Year) -> None:
    """P19: a message and its answer, a conference with an agreement, a line of the log that stays in the school."""
    group = year.groups[0]
    number = next(n for n in group.one.students if year.guardian_of(n))
    own, guardian, teacher = cast_of.student_id(number), year.guardian_of(number), group.one.teacher
    home, n = f"/family/children/{own}", year.place
    year.post(
        guardian, f"{home}/messages", {"act": "write", "key": f"m-{n}", "text": f"How is it going, day {n}?"}
    )
    thread = f"/teacher/students/{own}/messages/{guardian}"
    expect(year, f"day {n}?" in year.read(teacher, thread), "the family's message does not arrive")
    year.post(teacher, thread, {"act": "write", "key": f"a-{n}", "text": f"Well, on day {n}."})
    expect(year, f"on day {n}." in year.read(guardian, f"{home}/messages"), "the answer does not arrive")
    year.post(
        teacher, f"/teacher/students/{own}/conference",
        {"act": "record", "key": f"c-{n}", "held_on": str(year.today), "present": "Both", "interpreter": "",
         "home_language": "en", "who-1": "home", "what-1": f"Reads aloud {n}", "by-1": str(year.today + timedelta(days=14))},
    )  # fmt: skip
    expect(
        year,
        f"Reads aloud {n}" in year.read(guardian, f"{home}/conference"),
        "the agreement is not on the family's page",
    )
    year.post(
        teacher, f"/teacher/students/{own}/contact",
        {"key": f"l-{n}", "kind": "call", "on": str(year.today), "with_whom": "home", "about": f"unshared {n}", "agreed": ""},
    )  # fmt: skip
    if f"unshared {n}" in year.read(guardian, f"{home}/messages"):
        year.book.leaks.append(f"the school's own note {n} is on the family's page")
    year.book.counts["conferences"] += 1
    year.book.counts["messages"] += 2


def a_teacher_decides(year: Year) -> None:
    """P7: a level with its reason stands beside the rule's, and is taken back the next time."""
    group = year.groups[3]
    own, target = cast_of.student_id(group.one.students[0]), group.targets[0]
    path, key = f"/teacher/students/{own}/decide/{target}", f"decide-{year.place}"
    said = {"key": key, "act": "decides", "level": "4", "reason": "Seen in two other rooms."}
    if year.post(group.one.teacher, path, said):
        year.book.ratings[key] = "4"
    page = year.read(group.one.teacher, f"/teacher/students/{own}?target={target}")
    expect(year, "Seen in two other rooms." in page, "the decision's reason is not on the page")


def cards_are_issued(year: Year) -> None:
    """P20: comments, freezing, and what a family then reads."""
    group = year.middle()
    number = next(n for n in group.one.students if year.guardian_of(n))
    own, guardian = cast_of.student_id(number), year.guardian_of(number)
    leader = f"P-{group.one.school}"
    page = year.read(leader, "/school/report-cards")
    school = re.search(
        r'name="school"[^>]*value="(\d+)"|<select[^>]*name="school".*?value="(\d+)"', page, re.S
    )
    term = re.search(r'<select[^>]*name="term".*?value="(\d+)"', page, re.S)
    expect(year, bool(school and term), "the page of report cards has no school and term to choose")
    if not (school and term):
        return
    board = year.post(leader, "/school/report-cards", {"school": school[1] or school[2], "term": term[1]})
    run = board.rsplit("/", 1)[-1]
    comments = f"/teacher/classes/{quote(group.one.sourced_id)}/comments/{run}"
    page = year.read(group.one.teacher, comments)
    keys = re.findall(r'name="text-(\d+)"', page)
    said = (
        {"act": "save"}
        | {f"text-{key}": f"Comment on day {year.place}" for key in keys}
        | {f"language-{key}": "en" for key in keys}
    )
    year.post(group.one.teacher, comments, said)
    key = f"year-{next(year.numbers)}"
    seen = {"key": key, "student": f"({own})", "target": str(group.targets[0]), "level": "2"}
    if year.post(group.one.teacher, "/teacher/observe", seen):
        year.book.ratings[key] = "2"
    year.post(leader, board, {"act": "freeze", "as_of": str(year.today)})
    path = f"/family/children/{own}/cards/{run}"
    card = words_of(year.read(guardian, path))
    expect(year, f"Comment on day {year.place}" in card, "the comment is not on the card")
    year.book.cards.append(
        Card(
            guardian, f"{path}?issue=1", leader, f"{board}/students/{own}", card, key, group.one.teacher, own
        )
    )
    year.book.counts["card runs"] += 1


def a_card_is_issued_again(year: Year) -> None:
    """P20: later the first issue prints what it printed; where a rating was taken back, a second issue names the change."""
    for card in year.book.cards:
        now = words_of(year.read(card.reader, card.path))
        expect(
            year, _levels(now) == _levels(card.words), f"{card.path} no longer prints the levels of its day"
        )
        if card.rating in year.book.withdrawn:
            continue
        said = {"rating": card.rating, "act": "withdraw", "reason": "wrong student"}
        if year.post(card.teacher, f"/teacher/students/{card.student}/correct", said):
            year.book.withdrawn.add(card.rating)
        year.post(card.leader, card.proof, {"act": "reissue", "why": "A rating was of somebody else."})
        newest = words_of(year.read(card.reader, card.path.split("?")[0]))
        expect(
            year, "A rating was of somebody else." in newest, "the second issue does not say why it was made"
        )


def a_rule_is_published(year: Year) -> None:
    """P12, P15: a rule is tried, published with its day, and announced; ratings stay as they are."""
    n = year.rated()
    said = {"rule": "highest", "do": "publish", "name": "district", "reason": f"Decided on day {year.place}.",
            "in_force": str(year.today + timedelta(days=1))}  # fmt: skip
    place = year.post(LEAD, "/district/laboratory", said)
    expect(year, "done=" in place, "the rule was not published")
    expect(year, year.rated() == n, "publishing a rule wrote ratings")


def a_continuum_changes(year: Year) -> None:
    """P15: a target is replaced from a day on; its evidence is carried, and the retired one takes no rating."""
    group = year.groups[1]
    title = year.frameworks_of(group)[0]
    old = year.node(group.targets[-1])
    rows = list(csv.reader(io.StringIO(exchange.export_framework(title, "csv"))))
    head = rows[0]
    at = {name: n for n, name in enumerate(head)}
    mine = next(row for row in rows if row[at["code"]] == old.code)
    new = [*mine]
    new[at["code"]], new[at["identifier"]] = f"{old.code}.N", ""
    new[at["name"]] = f"{old.name} (reworded)"
    new[at["replaced_by"]] = ""
    mine[at["replaced_by"]], mine[at["ends"]] = f"{old.code}.N", str(year.today)
    for row in rows[1:]:
        for column in ("after", "helped_by"):
            row[at[column]] = re.sub(
                rf"(?<![\w.]){re.escape(old.code)}(?![\w.])", f"{old.code}.N", row[at[column]]
            )
    new[at["after"]], new[at["helped_by"]] = mine[at["after"]], mine[at["helped_by"]]
    rows.append(new)
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    file = SimpleUploadedFile("continuum.csv", out.getvalue().encode())
    n = year.rated()
    page = year.hand_in(LEAD, "/district/frameworks", file, {"in_force": str(year.today)})
    place = year.post(LEAD, "/district/frameworks", {"token": _token(page), "in_force": str(year.today)})
    expect(year, "done=" in place, "the continuum was not taken in")
    expect(year, year.rated() == n, "a new version wrote ratings")
    year.retire(old.id, f"{old.code}.N", title)


def the_year_rolls(year: Year) -> None:
    """P9: the plan, the new year, the way back, and the new year again; levels go on."""
    page = year.read(LEAD, "/district/year")
    form = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    place = year.post(LEAD, "/district/year", form)
    run = place.rsplit("=", 1)[-1]
    year.post(LEAD, f"/district/imports/{run}/undo", {})
    page = year.read(LEAD, "/district/year")
    form = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    place = year.post(LEAD, "/district/year", form)
    expect(year, "done=" in place, "the year did not roll a second time")
    expect(year, len(year.read(LEAD, place)) > 0, "the page of the new year does not open")


@dataclass
class Card:
    """One report card as its family first read it, and the rating on it that was later taken back."""

    reader: str
    path: str
    leader: str
    proof: str
    words: str
    rating: str
    teacher: str
    student: str


Act = Callable[["Year"], None]
EARLY: dict[int, tuple[Act, ...]] = {
    2: (a_student_arrives, a_student_leaves),
    3: (ratings_come_from_paper, a_court_decides),
    4: (the_roster_brings_them, a_substitute_stands_in),
    5: (a_record_comes_with_them, the_substitute_is_gone, events_come_by_file),
    6: (a_family_and_a_teacher_talk, they_come_back),
    7: (a_teacher_decides, cards_are_issued),
    8: (a_rule_is_published, the_court_lifts),
    9: (a_continuum_changes, a_card_is_issued_again),
}
"""The first two weeks have one of every act, so that the short cut plays them all."""
LATER: dict[int, tuple[Act, ...]] = {
    30: (ratings_come_from_paper, events_come_by_file, a_court_decides),
    45: (a_family_and_a_teacher_talk, a_student_leaves, the_court_lifts),
    60: (they_come_back, a_teacher_decides, a_substitute_stands_in),
    61: (the_substitute_is_gone,),
    90: (a_continuum_changes, a_card_is_issued_again),
    120: (a_family_and_a_teacher_talk, events_come_by_file, ratings_come_from_paper),
    150: (a_continuum_changes, a_teacher_decides),
    185: (a_card_is_issued_again,),
}


def on(year: Year) -> None:
    """Do what stands on this day."""
    from tests.years import care

    days = (EARLY, LATER, care.EARLY, care.LATER)
    for act in (act for one in days for act in one.get(year.place, ())):
        act(year)


def after_the_last_day(year: Year) -> None:
    """Roll into the next year, in the summer."""
    with time_machine.travel(SUMMER, tick=True):
        proficiency.bring_up_to_date(at=SUMMER)
        the_year_rolls(year)


def roster_zip(folder: Path, more: dict[str, str], gone: str) -> SimpleUploadedFile:
    """Return a roster folder as the file that is handed in: with rows added, and no role or class of who is gone."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for path in sorted(folder.iterdir()):
            rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [row for row in rows if path.stem == "users" or not gone or f",{gone}," not in row]
            packed.writestr(path.name, "".join(kept) + more.get(path.stem, ""))
    return SimpleUploadedFile("roster.zip", out.getvalue())


def write_roster(year: Year, more: dict[str, str], span: tuple[date, date]) -> SimpleUploadedFile:
    """Write the school's roster with more rows; those whom the school added by hand are not in it."""
    with tempfile.TemporaryDirectory() as place:
        written = cast_of.write_roster(Path(place) / "roster", year.who, [span])
        return roster_zip(written, more, cast_of.student_id(year.gone) if year.left else "")


def _token(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    return found[1] if found else ""


def words_of(page: str) -> str:
    """Return what stands on a page, without its frame."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("<main", 1)[-1].split("</main>", 1)[0]).split())


def _levels(card: str) -> list[str]:
    return re.findall(r"\S+ \(?n = \d+\)?", card)
