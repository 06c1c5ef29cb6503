"""A password that was given is asked to be changed, once after each signing in, and never stands in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine
from django.test import Client

from headway.access import actions as access
from headway.access.types import SYSTEM

from ..student.world import NOW, build, person, read

pytestmark = pytest.mark.django_db
ASKED = "You signed in with a password that was given to you."


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def signed_in(username: str, password: str) -> Client:
    browser = Client()
    answer = browser.post("/account/sign-in", {"username": username, "password": password})
    assert answer.status_code == 302
    return browser


def test_a_given_password_is_asked_to_be_changed_and_one_of_ones_own_is_not() -> None:
    _account, given = access.open_account(
        actor=SYSTEM, username="lopez", name="", at=NOW, person=person("T1").uuid, password=""
    )
    browser = signed_in("lopez", str(given))
    page = read(browser, "/teacher/today")
    assert ASKED in page.words and "/account/" in page.links
    assert ASKED not in read(browser, "/teacher/today").words, (
        "whoever goes on is not asked again on every page"
    )
    own = "a short sentence is good"
    browser.post("/account/", {"old": given, "new": own, "again": own})
    assert ASKED not in read(signed_in("lopez", own), "/teacher/today").words
    assert access.is_first_password(access.first_password()) and not access.is_first_password(own)
