"""The player: a school whose people do through pages what a school does, and a book of what was acknowledged.

Everybody signs in through the page. The book is kept from the answers alone, and never looks into the database; at the end
the database is held against it.
"""

from __future__ import annotations

import html
import json
import re
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import time_machine
from django.test import Client

from headway.access import actions as access
from headway.access.types import SYSTEM
from headway.demo import people as cast_of
from headway.demo.build import CONTINUUMS, HERE
from headway.evidence import queries as ledger
from headway.frameworks import queries as frameworks
from headway.interop.case import exchange
from headway.interop.oneroster.apply import import_roster
from headway.proficiency import actions as proficiency
from headway.proficiency.policy_file import read_policy
from headway.rosters import actions as rosters
from headway.rosters import queries as roster
from tests.years import acts

FIRST, LAST = date(2026, 8, 17), date(2027, 6, 4)
BREAKS = (
    (date(2026, 11, 23), date(2026, 11, 27)),
    (date(2026, 12, 21), date(2027, 1, 1)),
    (date(2027, 3, 22), date(2027, 3, 26)),
)
DUE_AFTER, RELEASE_EVERY = timedelta(days=4), 3


def school_days(first: date, last: date) -> list[date]:
    """Return the weekdays from first to last outside the breaks."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [d for d in days if d.weekday() < 5 and not any(a <= d <= b for a, b in BREAKS)]


def evening(day: date) -> datetime:
    """Return the last hour of a school day's work, after every act of that day."""
    return datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=23)


@dataclass
class Chance:
    """What the book knows of one opportunity."""

    student: int
    offer: str
    due: date
    state: str = "offered"
    attempt: int = 0
    returned: bool = False
    said: str = ""


@dataclass
class Group:
    """One class with its teacher and what is open in it."""

    one: cast_of.DemoClass
    targets: list[int]
    chances: dict[str, Chance] = field(default_factory=dict)
    held: dict[str, tuple[int, str]] = field(default_factory=dict)


@dataclass
class Book:
    """What was acknowledged: ratings by client key with their level or status, requests and pieces by state."""

    ratings: dict[str, str] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    requests: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    acts: Counter[str] = field(default_factory=Counter)
    # What comes in without a key of its own: rows of paper, levels of a foreign record.
    unnamed: int = 0
    school_events: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    cards: list[acts.Card] = field(default_factory=list)


class Year:
    """A school and its people, played one day at a time."""

    def __init__(self, students: int, seed: int, give_every: int = 5) -> None:
        self.give_every = give_every
        self.rng = np.random.default_rng(seed)
        self.who = cast_of.cast(np.random.default_rng(seed), students)
        self.book = Book()
        self.browsers: dict[str, Client] = {}
        self.passwords: dict[str, str] = {}
        self.groups: list[Group] = []
        self.numbers = iter(range(10**9))
        self.place, self.today, self.first = 0, FIRST, FIRST
        self.newcomer, self.gone = "", -1
        self.left: dict[str, dict[str, Chance]] = {}
        self.barred: set[str] = set()
        # Observations by key, with whom they are about and who made them.
        self.seen: dict[str, tuple[str, str]] = {}
        self.schools_of = {one.sourced_id: one.school for one in self.who.classes}

    def build(self) -> None:
        """Open the school three weeks before its first day: roster, continuums, policy, classes."""
        at = datetime.combine(FIRST - timedelta(days=21), datetime.min.time(), UTC)
        with time_machine.travel(at, tick=False):
            rosters.begin_district(name="Juniper Valley", at=at)
            proficiency.begin(at=at)
            with tempfile.TemporaryDirectory() as folder:
                import_roster(
                    cast_of.write_roster(Path(folder) / "roster", self.who, [(FIRST, LAST)]),
                    actor=SYSTEM,
                    at=at,
                )
            for name in CONTINUUMS:
                exchange.import_framework(HERE / "continuums" / f"{name}.csv", actor=SYSTEM, at=at)
            policy = read_policy(HERE / "district.toml")
            policy["calendar"] = [
                {"session": "2026-27", "starts": str(FIRST), "ends": str(LAST),
                 "breaks": [[str(a), str(b)] for a, b in BREAKS]}
            ]  # fmt: skip
            proficiency.import_policy(actor=SYSTEM, body=policy, name="district.toml", at=at)
            for one in self.who.classes:
                titles = list(cast_of.SUBJECTS[one.subject][1])
                found = roster.class_by_reference(one.sourced_id)
                rosters.set_frameworks(actor=SYSTEM, class_id=found.id, frameworks=titles, levels=[], at=at)
                tree = frameworks.tree(frameworks.framework_by_key(titles[0]).id)
                level = tree.framework.expected_levels.get(cast_of.grade_code(one.grade))
                own = [node.id for node in tree.targets() if node.level == level] or [
                    n.id for n in tree.targets()
                ]
                # A list of its own: classes of one section share theirs.
                self.groups.append(Group(replace(one, students=[*one.students]), own[:8]))

    # People at their browsers.

    def browser(self, sourced_id: str) -> Client:
        """Return the browser of a person, signed in through the page."""
        if sourced_id not in self.passwords:
            person = None if sourced_id == acts.LEAD else roster.person_by_reference(sourced_id)
            _, password = access.open_account(
                actor=SYSTEM, username=f"{sourced_id.lower()}-in", name=person.name() if person else "Data Lead",
                at=datetime.now(UTC), person=person.uuid if person else None, administrator=person is None, password="",
            )  # fmt: skip
            self.passwords[sourced_id] = password or ""
        if sourced_id not in self.browsers:
            self.browsers[sourced_id] = Client()
            self._sign_in(self.browsers[sourced_id], sourced_id)
        return self.browsers[sourced_id]

    def _sent(self, who: str, path: str, said: dict[str, Any] | None) -> Any:
        """Open a page or send a form; sign in again where the session is over."""
        for _ in range(2):
            browser = self.browser(who)
            if said and "file" in said:
                said["file"].seek(0)
            answer = browser.get(path) if said is None else browser.post(path, said)
            if not answer.headers.get("Location", "").startswith("/account/sign-in"):
                return answer
            self._sign_in(browser, who)
        raise AssertionError(f"{who} cannot stay signed in")

    def _sign_in(self, browser: Client, sourced_id: str) -> None:
        said = {"username": f"{sourced_id.lower()}-in", "password": self.passwords[sourced_id]}
        answer = browser.post("/account/sign-in", said)
        assert answer.status_code == 302, f"{sourced_id} could not sign in: {answer.status_code}"

    def post(self, who: str, path: str, said: dict[str, Any]) -> str:
        """Send a form; return the address it leads to, or "" where it was refused, which the book notes."""
        answer = self._sent(who, path, said)
        place = answer.headers.get("Location", "")
        if answer.status_code != 302 or "fault=" in place:
            self.book.faults.append(
                f"{path} by {who}: {answer.status_code} {place or acts.words_of(answer.content.decode())[:300]}"
            )
            return ""
        self.book.acts[_pattern(path)] += 1
        return place

    def read(self, who: str, path: str) -> str:
        """Open a page and return it."""
        answer = self._sent(who, path, None)
        if answer.status_code != 200:
            self.book.faults.append(f"{path} by {who}: {answer.status_code}")
        return html.unescape(answer.content.decode())

    def status(self, who: str, path: str) -> int:
        """Open a page and return how it was answered."""
        return int(self._sent(who, path, None).status_code)

    def hand_in(self, who: str, path: str, file: Any, said: dict[str, Any] | None = None) -> str:
        """Send a form with a file and return the page that shows what it would do."""
        answer = self._sent(who, path, {**(said or {}), "file": file})
        if answer.status_code != 200:
            self.book.faults.append(
                f"{path} by {who}: {answer.status_code} {acts.words_of(answer.content.decode())[:300]}"
            )
        return html.unescape(answer.content.decode())

    # What the acts of the year ask about.

    def rated(self) -> int:
        """Return how many events of rating the ledger has."""
        return ledger.events_since(sequence=0, kinds=("rating",))

    def guardian_of(self, number: int) -> str:
        """Return who cares for a student and may read, or ""."""
        own = (g for g, (_, _, children) in self.who.guardians.items() if number in children)
        return next((g for g in own if g not in self.barred), "")

    def middle(self) -> Group:
        """Return a class of the middle school."""
        return next(g for g in self.groups if g.one.school == "CMS")

    def frameworks_of(self, group: Group) -> list[str]:
        """Return the keys of a class's continuums."""
        return list(roster.class_by_reference(group.one.sourced_id).frameworks)

    def node(self, target: int) -> Any:
        """Return a target as the product holds it."""
        return frameworks.node(target)

    def codes(self, group: Group) -> list[str]:
        """Return the group's targets as a file names them."""
        title = self.frameworks_of(group)[0]
        return [f"{title}:{self.node(target).code}" for target in group.targets]

    def retire(self, target: int, code: str, title: str) -> None:
        """Let every class go on with the target that took the place of another."""
        tree = frameworks.tree(frameworks.framework_by_key(title).id)
        (new,) = [node.id for node in tree.targets() if node.code == code]
        for group in self.groups:
            group.targets = [new if one == target else one for one in group.targets]

    def record(self, sourced_id: str) -> dict[str, Any]:
        """Return the record of a student as the district hands it out."""
        said = {"to": "Cedar District", "purpose": "transfer"}
        answer = self._sent(acts.LEAD, f"/district/transfer/{sourced_id}", said)
        return dict(json.loads(answer.content))

    def roster_file(self, **more: str) -> Any:
        """Return the school's roster with more rows, as the office hands it in."""
        return acts.write_roster(self, more, (FIRST, LAST))

    # A day.

    def play(self, day: date) -> None:
        """Let one school day pass: hand in, answer, rate, return, close, release, give; and what this day brings."""
        place = self.days.index(day)
        self.place, self.today = place + 1, day
        with time_machine.travel(
            datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=16), tick=True
        ):
            # What the server does with each new day: a rule comes into force, a window moves on.
            proficiency.bring_up_to_date(at=datetime.now(UTC))
            acts.on(self)
            for group in self.groups:
                self._hand_in(group)
                self._ask(group)
            for n, group in enumerate(self.groups):
                self._rate_waiting(group)
                self._close(group, day)
                if (place + n) % RELEASE_EVERY == 0:
                    self._release(group)
                if (place + n) % self.give_every == 0:
                    self._give(group, day)
                if self.rng.random() < 0.15:
                    self._observe(group)
                if self.rng.random() < 0.1:
                    self._correct(group)

    @property
    def days(self) -> list[date]:
        """All days of the year."""
        return school_days(FIRST, LAST)

    def _give(self, group: Group, day: date) -> None:
        n = next(self.numbers)
        target = int(self.rng.choice(group.targets))
        people = roster.people_references(sourced_ids=[cast_of.student_id(s) for s in group.one.students])
        due = day + DUE_AFTER
        place = self.post(
            group.one.teacher, "/teacher/give",
            {"key": f"give-year-{n}", "class": group.one.sourced_id, "title": f"Task {n}", "words": "Show how you know.",
             "target": [str(target)], "student": [str(key) for key, _ in people.values()], "due": due.isoformat(),
             "purpose": "evidence" if self.rng.random() < 0.9 else "practice"},
        )  # fmt: skip
        if not place:
            return
        page = self.read(group.one.teacher, place)
        by_name = {f"{g} {f}": s for s in group.one.students for g, f in [self.who.names[s]]}
        found = re.findall(r'name="chance" value="([0-9a-f-]+)"> ([^<]+)</label>', page)
        for chance, name in found:
            group.chances[chance] = Chance(by_name[name.strip()], place.split("?")[0], due)
        if len(found) != len(group.one.students):
            self.book.faults.append(f"{place}: {len(found)} chances for {len(group.one.students)} students")

    def _hand_in(self, group: Group) -> None:
        for key, chance in group.chances.items():
            open_now = chance.state in ("offered", "away") or chance.returned
            if not open_now or self.rng.random() > 0.35:
                continue
            chance.said = f"Words {next(self.numbers)} of mine"
            sent = self.post(
                cast_of.student_id(chance.student), "/student/hand-in",
                {"key": f"chance-{key}", "words": chance.said, "reflection": "It became clear by drawing."},
            )  # fmt: skip
            if sent:
                chance.state, chance.returned, chance.attempt = "taken", False, chance.attempt + 1

    def _rate_waiting(self, group: Group) -> None:
        for key, chance in group.chances.items():
            if chance.state != "taken" or chance.returned or chance.said == "":
                continue
            if self.rng.random() < 0.5:
                self._rate_one(group, key, chance)

    def _rate_one(self, group: Group, key: str, chance: Chance) -> None:
        path = f"/teacher/rate?piece=chance-{key}&class={quote(group.one.sourced_id)}"
        page = self.read(group.one.teacher, path)
        if chance.said not in page:
            self.book.faults.append(f"{path}: the newest words are not shown")
        targets = sorted(set(re.findall(r'name="level-(\d+)"', page)))
        n = next(self.numbers)
        if chance.attempt < 3 and self.rng.random() < 0.3:
            said = {"act": "return", "attempt": str(chance.attempt), "words": f"Say why, note {n}."}
            if self.post(group.one.teacher, path, said):
                chance.returned = True
            return
        held, comment = bool(self.rng.random() < 0.3), f"remark-{n}-remark"
        form: dict[str, str] = {"key": f"year-{n}", **({"hold": "1"} if held else {})}
        levels = {t: str(int(self.rng.integers(1, 5))) for t in targets}
        for target, level in levels.items():
            form |= {f"level-{target}": level, f"comment-{target}": comment}
        if self.post(group.one.teacher, path, form):
            chance.said = ""
            for target, level in levels.items():
                self.book.ratings[f"year-{n}:{target}"] = level
                if held:
                    group.held[f"year-{n}:{target}"] = (chance.student, comment)
            if held:
                self._looks(chance.student, key, comment, seen=False)

    def _looks(self, student: int, key: str, comment: str, *, seen: bool) -> None:
        """Let the student, and a guardian, look at what is held or was released."""
        guardian = self.guardian_of(student)
        own = cast_of.student_id(student)
        pages = [(own, f"/student/work/chance-{key}"), (own, "/student/now")]
        if guardian:
            pages += [
                (guardian, f"/family/children/{own}/work/chance-{key}"),
                (guardian, f"/family/children/{own}"),
            ]
        shown = [comment in self.read(who, path) for who, path in pages]
        if any(shown) and not seen:
            self.book.leaks.append(f"{comment} before its release")
        if seen and not shown[0]:
            self.book.faults.append(f"{comment} is not shown after its release")

    def _close(self, group: Group, day: date) -> None:
        late: dict[str, list[str]] = {}
        for key, chance in group.chances.items():
            if chance.state in ("offered", "away") and chance.due < day:
                late.setdefault(chance.offer, []).append(key)
        for offer, keys in late.items():
            state = str(self.rng.choice(["missed", "missed", "excused", "away"]))
            keys = [key for key in keys if group.chances[key].state != state]
            if keys and self.post(
                group.one.teacher, offer, {"act": state, "chance": keys, "reason": "the due day passed"}
            ):
                for key in keys:
                    group.chances[key].state = state

    def _release(self, group: Group) -> None:
        if not group.held:
            return
        path = f"/teacher/classes/{quote(group.one.sourced_id)}/release"
        if self.post(group.one.teacher, path, {"rating": list(group.held)}):
            group.held.clear()

    def _ask(self, group: Group) -> None:
        if self.rng.random() > 0.2:
            return
        student = cast_of.student_id(int(self.rng.choice(group.one.students)))
        kind = str(self.rng.choice(["ready", "show_again"]))
        target = int(self.rng.choice(group.targets))
        if not self.post(
            student, "/student/ask", {"target": str(target), "kind": kind, "words": "I practiced."}
        ):
            return
        page = self.read(group.one.teacher, "/teacher/today")
        asked = re.search(r'action="/teacher/requests/([0-9a-f-]+)"', page)
        if asked is None:
            self.book.faults.append(f"{student} asked, and the teacher does not see it")
            return
        self.book.requests["answered"] += bool(
            self.post(
                group.one.teacher, f"/teacher/requests/{asked[1]}",
                {"answer": "not_yet", "reason": "First finish what is open."},
            )
        )  # fmt: skip

    def _observe(self, group: Group) -> None:
        n, student = next(self.numbers), cast_of.student_id(int(self.rng.choice(group.one.students)))
        level = str(int(self.rng.integers(1, 5)))
        form = {
            "key": f"year-{n}",
            "student": f"({student})",
            "target": str(self.rng.choice(group.targets)),
            "level": level,
        }
        if self.post(group.one.teacher, "/teacher/observe", form):
            self.book.ratings[f"year-{n}"] = level
            self.seen[f"year-{n}"] = (student, group.one.teacher)

    def _correct(self, group: Group) -> None:
        """Withdraw one rating, and take half of the withdrawals back."""
        mine = [key for key in self.seen if key not in self.book.withdrawn]
        if not mine:
            return
        key = mine[-1]
        student, teacher = self.seen[key]
        if int(student[2:]) - 1 == self.gone and self.left:
            return
        place = self.post(
            teacher,
            f"/teacher/students/{student}/correct",
            {"rating": key, "act": "withdraw", "reason": "wrong student"},
        )
        if not place:
            return
        self.book.withdrawn.add(key)
        act = re.search(r"act=(\d+)", place)
        if act and self.rng.random() < 0.5 and self.post(teacher, f"/teacher/acts/{act[1]}/undo", {}):
            self.book.withdrawn.discard(key)


def _pattern(path: str) -> str:
    """Return an address with "…" for each name in it."""
    parts = path.split("?")[0].split("/")
    return "/".join("…" if re.search(r"[0-9A-Z]", one) else one for one in parts)
