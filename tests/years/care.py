"""What a year brings for each child: class devices, group work, profiles, decisions at named points, rights, notices.

Each act is done through the pages by who does it in a school, and looks at once at what its answer promised.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from headway.demo import people as cast_of
from headway.notices.models import Digest
from headway.profiles.models import Accommodation, Consent, DecisionTaken, LanguageStatus, ProfileEntry
from headway.project import working
from headway.rights.models import Disclosure, RightsRequest
from headway.rosters import queries as roster
from tests.years.acts import expect

if TYPE_CHECKING:
    from tests.years.play import Group, Year

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)  # a PNG of one point


def _keys(group: Group) -> dict[int, int]:
    """Return the row keys of a class's students by their number."""
    names = {cast_of.student_id(n): n for n in group.one.students}
    return {names[name]: key for name, (key, _) in roster.people_references(sourced_ids=list(names)).items()}


def a_little_child_hands_in(year: Year) -> None:
    """P13: a teacher prints slips and opens a tablet; a child comes in by its slip, hands in a photo, and can do no more."""
    group = next(g for g in year.groups if any(c.state == "offered" for c in g.chances.values()))
    key, chance = next((k, c) for k, c in group.chances.items() if c.state == "offered")
    teacher, place = group.one.teacher, f"/teacher/classes/{quote(group.one.sourced_id)}"
    sheet = year._sent(
        teacher, f"{place}/slips", {"student": [str(_keys(group)[chance.student])]}
    ).content.decode()
    code = re.search(r'<p class="code">([^<]+)</p>', sheet)
    tablet = Client()
    year.browser(teacher)
    tablet.post(
        "/account/sign-in", {"username": f"{teacher.lower()}-in", "password": year.passwords[teacher]}
    )
    opened = tablet.post(f"{place}/device", {"act": "open", "label": "Tablet 1"})
    expect(year, opened.headers.get("Location") == "/class-device", "the device was not opened")
    came = tablet.post("/class-device", {"code": code[1] if code else ""})
    expect(year, came.headers.get("Location") == "/class-device/work", "a slip does not open the device")
    photo = SimpleUploadedFile("map.png", PIXEL, "image/png")
    sent = tablet.post("/class-device/hand-in", {"task": key, "photo": photo}, follow=True)
    expect(
        year, sent.status_code == 200 and "Handed in" in sent.content.decode(), "the photo was not taken in"
    )
    expect(year, tablet.get("/student/now").status_code in (302, 404), "the device opens more than its work")
    chance.state, chance.attempt, chance.said = "taken", chance.attempt + 1, "on the class device"
    tablet.post("/class-device/leave")
    year.book.acts["/class-device/hand-in"] += 1


def a_group_hands_in(year: Year) -> None:
    """P2: two make one thing, one hands it in, both are rated on one screen, each on their own."""
    from tests.years.play import DUE_AFTER, Chance

    group = year.groups[-1]
    first, second = group.one.students[:2]
    keys, n, target = _keys(group), next(year.numbers), str(group.targets[0])
    form = {
        "key": f"give-year-{n}", "class": group.one.sourced_id, "title": f"Group task {n}", "words": "Build it together.",
        "target": [target], "student": [str(keys[first]), str(keys[second])], "purpose": "evidence",
        "due": (year.today + DUE_AFTER).isoformat(), f"group-{keys[first]}": "1", f"group-{keys[second]}": "1",
    }  # fmt: skip
    place = year.post(group.one.teacher, "/teacher/give", form)
    page = year.read(group.one.teacher, place)
    by_name = {" ".join(year.who.names[number]): number for number in (first, second)}
    for key, name in re.findall(r'name="chance" value="([0-9a-f-]+)"> ([^<]+)</label>', page):
        group.chances[key] = Chance(
            by_name[name.strip()], place.split("?")[0], year.today + DUE_AFTER, "taken", 1
        )
    mine = next(k for k, c in group.chances.items() if c.student == first and c.offer == place.split("?")[0])
    other = next(
        k for k, c in group.chances.items() if c.student == second and c.offer == place.split("?")[0]
    )
    year.post(
        cast_of.student_id(first),
        "/student/hand-in",
        {"key": f"chance-{mine}", "words": f"Bridge {n} of ours"},
    )
    mates = year.read(cast_of.student_id(second), f"/student/work/chance-{other}")
    expect(year, f"Bridge {n} of ours" in mates, "a mate does not see what the group handed in")
    path = f"/teacher/rate?piece=chance-{mine}&class={quote(group.one.sourced_id)}"
    sent = {
        "key": f"year-{n}",
        f"level-{target}": "3",
        f"comment-{target}": "Sturdy.",
        f"own-{keys[second]}-{target}": "2",
    }
    before = year.rated()
    year.post(group.one.teacher, path, sent)
    expect(year, year.rated() == before + 2, "a group of two was not rated twice")
    year.book.unnamed += 2
    own = [
        year.read(cast_of.student_id(n), f"/student/work/chance-{k}")
        for n, k in ((first, mine), (second, other))
    ]
    expect(year, all("Sturdy." in page for page in own), "a mate does not read the feedback")


def something_is_said_of_a_learner(year: Year) -> None:
    """P14, P23: an entry, an accommodation, a status, a consent and what a screener found; each reader sees what is theirs."""
    group = year.middle()
    number = next(n for n in group.one.students if year.guardian_of(n))
    own, guardian, teacher, n = (
        cast_of.student_id(number),
        year.guardian_of(number),
        group.one.teacher,
        next(year.numbers),
    )
    profile, supports = f"/teacher/students/{own}/profile", f"/teacher/students/{own}/supports"
    today = year.today.isoformat()
    entry = {"act": "entry", "field": "helps", "key": f"e{n}", "readers": ["teachers"],
             "words": f"Drawing helps me, number {n}", "expires": (year.today + timedelta(days=90)).isoformat()}  # fmt: skip
    year.post(own, "/student/about", entry)
    expect(year, f"number {n}" in year.read(teacher, profile), "a reader does not read an entry")
    expect(
        year,
        f"number {n}" not in year.read(guardian, f"/family/children/{own}/profile"),
        "an entry reads itself to others",
    )
    year.post(
        teacher,
        profile,
        {"act": "accommodation", "choice": "reads-aloud", "words": "", "starts": today, "key": f"a{n}"},
    )
    year.post(
        teacher,
        supports,
        {"act": "status", "status": "english_learner", "source": "Test", "starts": today, "key": f"s{n}"},
    )
    year.post(
        teacher,
        supports,
        {
            "act": "consent",
            "instrument": "Reading screener",
            "given_by": "A parent",
            "starts": today,
            "key": f"c{n}",
        },
    )
    consent = Consent.objects.latest("pk").uuid
    year.post(
        teacher,
        supports,
        {
            "act": "result",
            "consent": consent,
            "on": today,
            "words": f"Reads {n} words a minute",
            "key": f"r{n}",
        },
    )
    expect(
        year,
        f"Reads {n} words" in year.read(guardian, f"/family/children/{own}/profile"),
        "the family does not read a result",
    )
    year.post(guardian, f"/family/children/{own}/profile", {"act": "withdraw_consent", "consent": consent})
    expect(
        year, f"Reads {n} words" not in year.read(teacher, supports), "a result stands without its consent"
    )
    for model in (ProfileEntry, Accommodation, LanguageStatus, Consent):
        year.book.counts[model.__name__] += 1


def a_decision_at_a_named_point(year: Year) -> None:
    """P16: a teacher decides at a point that the district names; the family reads it."""
    group = year.middle()
    number = next(n for n in group.one.students if year.guardian_of(n))
    own, n = cast_of.student_id(number), next(year.numbers)
    said = {
        "act": "decision",
        "decided": "reading-support:start",
        "on": year.today.isoformat(),
        "reason": f"Because {n}",
        "key": f"d{n}",
    }
    year.post(group.one.teacher, f"/teacher/students/{own}/supports", said)
    expect(
        year,
        f"Because {n}" in year.read(year.guardian_of(number), f"/family/children/{own}/profile"),
        "a decision is not read at home",
    )
    year.book.counts[DecisionTaken.__name__] += 1


def a_family_contests_an_entry(year: Year) -> None:
    """Families' rights: an entry is contested, refused, heard and stated on; the record is asked for and handed over."""
    group = year.middle()
    number = next(n for n in group.one.students if year.guardian_of(n))
    own, guardian, n = cast_of.student_id(number), year.guardian_of(number), next(year.numbers)
    here = f"/family/children/{own}/rights"
    from tests.years.acts import LEAD

    year.post(
        guardian,
        here,
        {"act": "ask", "item": "other:", "words": f"The address is wrong, {n}", "key": f"q{n}"},
    )
    there = f"/school/rights/{RightsRequest.objects.latest('pk').uuid}"
    year.post(LEAD, there, {"act": "answer", "answer": "refused", "reason": f"It is the roster's, {n}"})
    expect(
        year, f"It is the roster's, {n}" in year.read(guardian, here), "the family does not read the answer"
    )
    year.post(guardian, here, {"act": "hearing", "request": there.rsplit("/", 1)[-1]})
    year.post(LEAD, there, {"act": "set_hearing", "on": year.today.isoformat()})
    year.post(LEAD, there, {"act": "close_hearing", "answer": "refused", "words": "We heard you."})
    year.post(guardian, here, {"act": "state", "request": there.rsplit("/", 1)[-1], "text": f"We moved, {n}"})
    expect(year, f"We moved, {n}" in year.read(guardian, here), "a statement does not stand")
    year.post(guardian, here, {"act": "ask", "item": "record:", "words": "", "key": f"w{n}"})
    record = year._sent(
        LEAD, f"/school/rights/{RightsRequest.objects.latest('pk').uuid}", {"act": "hand_over"}
    )
    expect(
        year, record.status_code == 200 and own in record.content.decode(), "the record was not handed over"
    )
    left = Disclosure.objects.filter(student__sourced_id=own, what="record")
    expect(
        year,
        left.exists() and left.latest("pk").by_name == "Data Lead",
        "the list of disclosures does not say it",
    )
    year.book.counts[RightsRequest.__name__] += 2


def people_are_told(year: Year) -> None:
    """P18: the worker makes the digests of the day; who was told reads it; nothing is told twice, and nothing failed."""
    import time_machine

    evening = datetime.combine(year.today, datetime.min.time(), tzinfo=_zone()) + timedelta(hours=18)
    with time_machine.travel(evening, tick=True):
        done: dict[str, Any] = working.once()
        again: dict[str, Any] = working.once()
    expect(year, not done["failed"] and not again["failed"], f"background work failed: {done} {again}")
    told = Digest.objects.filter(on=year.today)
    expect(year, told.exists(), "nobody was told anything")
    people = list(told.values_list("person_id", flat=True))
    expect(year, len(people) == len(set(people)), "somebody was told twice")
    year.book.acts["digests"] += len(people)


def _zone() -> Any:
    from headway.proficiency.queries import book

    return book().zone


EARLY = {
    4: (a_group_hands_in,),
    5: (a_little_child_hands_in, something_is_said_of_a_learner),
    6: (a_decision_at_a_named_point, people_are_told),
    7: (a_family_contests_an_entry,),
}
LATER = {
    40: (a_little_child_hands_in, a_group_hands_in),
    70: (something_is_said_of_a_learner, people_are_told),
    100: (a_decision_at_a_named_point, a_family_contests_an_entry),
    140: (a_group_hands_in, a_little_child_hands_in, people_are_told),
}
