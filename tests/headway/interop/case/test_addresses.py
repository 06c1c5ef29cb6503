"""The read-only CASE addresses: public continuums, page by page, each object by its identifier."""

import json
from datetime import UTC, datetime

import pytest
from django.test import RequestFactory
from django.urls import path

from headway.access.types import SYSTEM
from headway.frameworks import actions, queries
from headway.interop.case import api
from headway.interop.case.exchange import import_framework

from .test_round_trip import whole

AT = datetime(2026, 8, 3, 12, tzinfo=UTC)
ROUTES = [path(route, view, name=name) for route, view, name in api.urls]
pytestmark = [pytest.mark.django_db, pytest.mark.shared]


def get(address: str, **query):
    request = RequestFactory().get(f"/ims/case/v1p1/{address}", query)
    for route in ROUTES:
        if match := route.resolve(f"ims/case/v1p1/{address}"):
            return match.func(request, **match.kwargs)
    raise AssertionError(address)


def body(address: str, **query):
    response = get(address, **query)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def at(number: int) -> str:
    return f"{number:08d}-0000-4000-8000-000000000000"


@pytest.fixture
def held():
    import_framework(json.dumps(whole()).encode(), actor=SYSTEM, at=AT)


def test_every_object_answers_by_its_identifier(held, faults_of, ordered):
    assert ordered(body(f"CFPackages/{at(1)}")) == ordered(whole())
    assert faults_of(body(f"CFPackages/{at(1)}")) == []
    assert (
        body(f"CFDocuments/{at(1)}")["CFPackageURI"]["uri"]
        == f"http://testserver/ims/case/v1p1/CFPackages/{at(1)}"
    )
    assert body(f"CFItems/{at(3)}")["CFDocumentURI"]["identifier"] == at(1)
    assert body(f"CFAssociations/{at(12)}")["associationType"] == "replacedBy"
    assert len(body(f"CFItemAssociations/{at(3)}")["CFAssociations"]) == 5
    assert body(f"CFRubrics/{at(30)}")["CFRubricCriteria"][0]["category"] == "cat"
    assert [s["title"] for s in body("CFSubjects")["CFSubjects"]] == ["Math"]
    for part, number in (("CFSubjects", 60), ("CFConcepts", 62), ("CFItemTypes", 63), ("CFLicenses", 61)):
        assert body(f"{part}/{at(number)}")[part][0]["identifier"] == at(number)
    assert body(f"CFAssociationGroupings/{at(64)}")["title"] == "g"


def test_documents_come_page_by_page(held):
    for name in ("Alpha", "Beta"):
        sheet = f"row,code,name\nframework,,{name}\ntarget,{name},{name}\n"
        import_framework(sheet.encode(), actor=SYSTEM, at=AT)
    response = get("CFDocuments", limit=2)
    assert response["X-Total-Count"] == "3"
    assert 'offset=2>; rel="next"' in response["Link"]
    assert [d["title"] for d in json.loads(response.content)["CFDocuments"]] == ["Alpha", "Beta"]
    assert [d["title"] for d in body("CFDocuments", limit=2, offset=2)["CFDocuments"]] == ["Whole"]
    for wrong in ("0", "x", "-1", "501", "²"):
        assert get("CFDocuments", limit=wrong).status_code == 400


def test_what_is_not_public_or_unknown_is_missing_alike(held):
    actions.set_framework(queries.framework_by_key("Whole").id, actor=SYSTEM, at=AT, public=False)
    hidden = get(f"CFItems/{at(3)}")
    assert hidden.status_code == 404
    assert hidden.content == get(f"CFItems/{at(999)}").content == get("CFItems/nonsense").content
    assert get(f"CFPackages/{at(1)}").status_code == 404
    assert body("CFDocuments")["CFDocuments"] == []


def test_the_discovery_file_lists_every_address(held, django_assert_num_queries):
    found = body("discovery/imscasev1p1_openapi3_v1p0.json")
    listed = {f"ims/case/v1p1{p.replace('{sourcedId}', '<str:identifier>')}" for p in found["paths"]}
    assert listed == {route for route, _, name in api.urls if name != "case.discovery"}
    body(f"CFItems/{at(3)}")
    with django_assert_num_queries(1):
        body(f"CFItems/{at(3)}")
