"""Who may open the district's pages: a table over all of its addresses."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest
import time_machine
from django.test import Client

from headway.pages.district.urls import doors

from ...plans.school import build
from ..school.reading import NOW, client_of, lead, principal, read

pytestmark = pytest.mark.django_db
ADDRESSES = [
    "/district/", "/district/roster", "/district/roster/people/u1", "/district/classes", "/district/frameworks",
    "/district/frameworks/Math", "/district/year", "/district/people", "/district/transfer/u1", "/district/transfer-in/u1",
    "/district/events", "/district/gradebook", "/district/task-packs",
    "/district/policy", "/district/ledger",
    "/district/sending", "/district/imports/1/undo",
]  # fmt: skip
MISSING = [
    "/district/roster/people/nobody",
    "/district/frameworks/Nothing",
    "/district/imports/99999/undo",
    "/district/classes/none",
    "/district/transfer/nobody",
    "/district/transfer/T1",
]


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def test_every_address_is_in_the_table() -> None:
    assert len(doors) == len(ADDRESSES) + 2


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_the_district(address: str) -> None:
    from headway.access.models import ImportRun

    address = address.replace("/1/", f"/{ImportRun.objects.order_by('pk')[0].pk}/")
    answer = Client().get(address)
    assert answer.status_code == 302 and answer["Location"].startswith("/account/sign-in")
    for client in (client_of("T1"), client_of("u1"), client_of("p1"), client_of("T2")):
        assert client.get(address).status_code == 403
        assert client.post(address).status_code in (403, 405)
    assert read(lead().get(address)).text("h1")


@pytest.mark.parametrize("address", MISSING)
def test_what_is_missing(address: str) -> None:
    assert lead().get(address).status_code == 404
    if "classes" not in address:
        assert client_of("T1").get(address).status_code == 403


def test_a_class_is_set_up_by_its_own_people() -> None:
    assert client_of("T1").get("/district/classes/k1").status_code == 200
    assert client_of("T2").get("/district/classes/k1").status_code == 404
    assert client_of("u1").get("/district/classes/k1").status_code == 403
    assert principal("s1", "a1").get("/district/classes/k1").status_code == 200


def test_forms_ask_for_their_protection() -> None:
    account_client = lead()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = account_client.cookies
    for address in (
        "/district/roster",
        "/district/frameworks",
        "/district/policy",
        "/district/ledger",
        "/district/classes/k1",
    ):
        assert strict.post(address, {"act": "set"}).status_code == 403


def test_a_page_that_is_for_others_is_one_line_in_the_log_and_a_fault_keeps_its_traceback() -> None:
    (handler,) = logging.getLogger("django").handlers
    assert isinstance(handler, logging.StreamHandler)
    log = io.StringIO()
    before = handler.setStream(log)
    try:
        assert principal("s1").get("/district/ledger").status_code == 403
        said = log.getvalue()
        assert said.count("\n") == 1 and "/district/ledger" in said and "Traceback" not in said
        try:
            raise ValueError("broken")
        except ValueError:
            logging.getLogger("django.request").error("fault", exc_info=True, extra={"status_code": 500})
        assert "Traceback" in log.getvalue()
    finally:
        handler.setStream(before or handler.stream)
