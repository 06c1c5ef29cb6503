"""What tests of class devices share: a tablet that Maria Lopez opened for k1, slips, tasks, a child who is signed in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client

from headway.access import actions as access
from headway.access.queries import account_of
from headway.access.types import PICTURES, SYSTEM, Role, Viewer
from headway.evidence import actions as evidence
from headway.evidence import queries as ledger
from headway.evidence.types import Task
from headway.frameworks import queries as frameworks
from headway.kit.times import now
from headway.proficiency.queries import book
from headway.rosters import queries as roster

from ..student.world import again, client, person, target

PAGE = "/teacher/classes/k1/device"
HOME, WORK = "/class-device", "/class-device/work"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def enter(name: str) -> Client:
    return client(name) if account_of(person(name).uuid) is None else again(name, "en")


def device(label: str = "Tablet 3", **said: str) -> Client:
    """Return a browser that the teacher of k1 opened for the class."""
    browser = enter("T1")
    answer = browser.post(PAGE, {"act": "open", "label": label, **said})
    assert (answer.status_code, answer["Location"]) == (302, HOME)
    return browser


def teacher() -> Viewer:
    one, k1 = person("T1"), roster.class_by_reference("k1")
    return Viewer(
        person=one.uuid, person_id=one.id, name=one.name(), roles=frozenset({Role.TEACHER}),
        classes=frozenset({k1.id}), today=now().date(),
    )  # fmt: skip


def slip(name: str, *, of: str = "k1") -> Any:
    found = roster.class_by_reference(of)
    who = teacher()
    who = Viewer(person=who.person, roles=who.roles, classes=frozenset({found.id}))
    (made,) = access.issue_slips(
        actor=who, class_id=found.id, school_class=found.uuid, students=[person(name).uuid], at=now()
    )
    return made


def uuids_of(nodes: list[int]) -> Any:
    return frameworks.node_uuids(node_ids=nodes)


def choose(browser: Client, name: str, pictures: Any) -> Any:
    """Choose a child and its pictures one after the other; return the last answer."""
    picked: list[str] = []
    for one in pictures:
        said = {"who": person(name).id, "picked": ",".join(picked), "pick": one}
        answer = browser.post(HOME, said)
        picked.append(one)
    return answer


def wrong(made: Any) -> list[str]:
    return [one for one in PICTURES if one not in made.pictures][:3]


def give(title: str = "Map", *names: str, of: str = "k1", **said: Any) -> Any:
    task = Task(
        key=f"give-{title}-{of}", title=title, words=f"Draw {title}.", targets=(target("A.1"),),
        school_class=roster.class_by_reference(of).id, **said,
    )  # fmt: skip
    wanted = [person(name).id for name in names or ("u1",)]
    return evidence.give(actor=SYSTEM, task=task, students=wanted, at=now())


def chance(name: str, title: str = "Map") -> Any:
    return next(one for one in ledger.chances_of([person(name).id]) if one.title == title)


def child(name: str = "u1") -> Client:
    """Return a class device at which this child is signed in by the pictures of their slip."""
    made, browser = slip(name), device()
    assert choose(browser, name, made.pictures)["Location"] == WORK
    return browser


def zone() -> Any:
    return book().zone
