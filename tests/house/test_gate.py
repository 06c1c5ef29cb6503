"""Every address has a rule, and the gate holds it against somebody who has not signed in."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import get_resolver

from headway.access.doors import ANYONE, AT_DEVICE, ON_DEVICE, SIGNED_IN, Door
from headway.access.types import Role
from headway.project.urls import doors

pytestmark = pytest.mark.django_db
PARTS = {"int": "1", "uuid": "6f1c4ea2-0000-4000-8000-000000000000"}
OPEN = (ANYONE, SIGNED_IN, ON_DEVICE, AT_DEVICE)
DEVICE = [door for door in doors if door.who is ON_DEVICE or door.who is AT_DEVICE]
CLOSED = [door for door in doors if door.who is not ANYONE and door not in DEVICE]


def address(door: Door) -> str:
    return "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda m: PARTS.get(m[1] or "str", "x1"), door.route)


def test_every_address_is_a_door() -> None:
    patterns = get_resolver().url_patterns
    assert len(patterns) == len(doors) > 20
    assert [str(pattern.pattern) for pattern in patterns] == [door.route for door in doors]
    assert len({door.name for door in doors}) == len({door.route for door in doors}) == len(doors)


def test_every_door_says_who_and_why() -> None:
    for door in doors:
        assert len(door.why.split()) > 4 and door.why.endswith("."), door.route
        assert any(door.who is one for one in OPEN) or all(isinstance(one, Role) for one in door.who)
        assert door.who, door.route


@pytest.mark.parametrize("door", CLOSED, ids=lambda door: door.route)
def test_nobody_comes_in_without_signing_in(door: Door, client: Client) -> None:
    wanted = f"{address(door)}?a=1&b=2"
    for method in ("get", "post"):
        answer = getattr(client, method)(wanted)
        if door.api:
            assert answer.status_code == 401 and answer.json()["errors"][0]["code"] == "sign_in"
        else:
            assert answer.status_code == 302 and urlsplit(answer["Location"]).path == "/account/sign-in"
            if method == "get":
                # The whole address leads back: `&b=2` was once cut off as a parameter of its own.
                assert parse_qs(urlsplit(answer["Location"]).query) == {"next": [wanted]}


@pytest.mark.parametrize("door", DEVICE, ids=lambda door: door.route)
def test_a_page_of_a_class_device_is_in_no_other_browser(door: Door, client: Client) -> None:
    assert {client.get(address(door)).status_code, client.post(address(door)).status_code} == {404}


def test_only_interfaces_go_without_a_form_token() -> None:
    exempt = {door.route for door in doors if getattr(door.pattern().callback, "csrf_exempt", False)}
    assert exempt == {door.route for door in doors if door.api}
    # They take no session: a browser sends nothing by itself that would open them.
    assert all(door.route.startswith("api/") or door.methods <= {"GET", "HEAD"} for door in doors if door.api)


def test_an_interface_takes_no_session(client: Client, django_user_model: type) -> None:
    from headway.access.actions import open_account
    from headway.access.types import SYSTEM
    from headway.kit.times import now

    account, _ = open_account(actor=SYSTEM, username="root", name="", at=now(), administrator=True)
    client.force_login(account)
    closed = [door for door in CLOSED if door.api]
    assert closed and {client.get(address(door)).status_code for door in closed} == {401}
