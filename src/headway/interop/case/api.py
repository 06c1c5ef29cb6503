"""The read-only CASE 1.1 addresses under `/ims/case/v1p1/`: public continuums only, no sign-in.

`urls` lists (route, view, name); the project registers each with its rule.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse

from headway.frameworks import queries
from headway.interop.case.cleaning import is_uuid
from headway.interop.case.discovery import PREFIX, discovery_document
from headway.interop.case.write import write_case

View = Callable[..., HttpResponse]
_PAGE, _LARGEST = 100, 500


def documents(request: HttpRequest) -> HttpResponse:
    """All public documents, page by page (`limit`, `offset`), with the count and links to the other pages."""
    limit, offset = _number(request, "limit", _PAGE), _number(request, "offset", 0)
    if limit is None or offset is None or not 1 <= limit <= _LARGEST:
        return _status(400, "invaliddata", f"limit is a number from 1 to {_LARGEST}, offset a number from 0.")
    found = sorted((_with_package_link(p["CFDocument"], request) for p in _public(request)), key=_by_title)
    response = JsonResponse({"CFDocuments": found[offset : offset + limit]})
    response["X-Total-Count"] = str(len(found))
    response["Link"] = ", ".join(_links(request, limit, offset, len(found)))
    return response


def document(request: HttpRequest, identifier: str) -> HttpResponse:
    """One document, with the link to its package."""
    package = _package(request, identifier)
    return _missing() if package is None else JsonResponse(_with_package_link(package["CFDocument"], request))


def package(request: HttpRequest, identifier: str) -> HttpResponse:
    """One document with everything in it."""
    found = _package(request, identifier)
    return _missing() if found is None else JsonResponse(found)


def item(request: HttpRequest, identifier: str) -> HttpResponse:
    """One item, with the link to its document."""
    found = _search(request, "CFItems", identifier)
    return _missing() if found is None else JsonResponse(_with_document_link(*found))


def association(request: HttpRequest, identifier: str) -> HttpResponse:
    """One association, with the link to its document."""
    found = _search(request, "CFAssociations", identifier)
    return _missing() if found is None else JsonResponse(_with_document_link(*found))


def item_associations(request: HttpRequest, identifier: str) -> HttpResponse:
    """One item with the associations that begin or end at it, whichever public document says them."""
    found = _search(request, "CFItems", identifier)
    if found is None:
        return _missing()
    near = [
        _with_document_link(entry, package)
        for package in _public(request)
        for entry in package["CFAssociations"]
        if identifier.lower()
        in (entry["originNodeURI"]["identifier"], entry["destinationNodeURI"]["identifier"])
    ]
    return JsonResponse({"CFItem": _with_document_link(*found), "CFAssociations": near})


def rubric(request: HttpRequest, identifier: str) -> HttpResponse:
    """One rubric with its criteria and levels."""
    found = _search(request, "CFRubrics", identifier)
    return _missing() if found is None else JsonResponse(found[0])


def definitions(part: str) -> View:
    """Return the view that lists the definitions of one kind over all public documents."""

    def listed(request: HttpRequest) -> HttpResponse:
        return JsonResponse({part: list(_defined(request, part).values())})

    return listed


def definition(part: str) -> View:
    """Return the view of one definition."""

    def one(request: HttpRequest, identifier: str) -> HttpResponse:
        found = _defined(request, part).get(identifier.lower())
        return (
            _missing()
            if found is None
            else JsonResponse({part: [found]} if part != "CFAssociationGroupings" else found)
        )

    return one


def discovery(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document of these addresses."""
    return JsonResponse(discovery_document(_base(request)))


def _base(request: HttpRequest) -> str:
    return request.build_absolute_uri(f"/{PREFIX}").rstrip("/")


def _public(request: HttpRequest) -> Iterator[dict[str, Any]]:
    woods = queries.forest()
    for tree in woods.trees.values():
        if tree.framework.public:
            yield _written(tree.framework.id, tree.framework.revision, _base(request))


@lru_cache(maxsize=16)
def _written(framework_id: int, _revision: str, base: str) -> dict[str, Any]:
    changed = queries.versions(framework_id)[-1].recorded_at
    return write_case(queries.package(framework_id), at=changed, base=base)


def _package(request: HttpRequest, identifier: str) -> dict[str, Any] | None:
    return next((p for p in _public(request) if p["CFDocument"]["identifier"] == identifier.lower()), None)


def _search(request: HttpRequest, part: str, identifier: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    if not is_uuid(identifier):
        return None
    return next(
        (
            (entry, package)
            for package in _public(request)
            for entry in package.get(part, ())
            if entry["identifier"] == identifier.lower()
        ),
        None,
    )


def _defined(request: HttpRequest, part: str) -> dict[str, dict[str, Any]]:
    return {
        entry["identifier"]: entry
        for package in _public(request)
        for entry in package.get("CFDefinitions", {}).get(part, ())
    }


def _with_package_link(found: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
    link = {
        "title": found["title"],
        "identifier": found["identifier"],
        "uri": f"{_base(request)}/CFPackages/{found['identifier']}",
    }
    return {**found, "CFPackageURI": link}


def _with_document_link(found: dict[str, Any], package: dict[str, Any]) -> dict[str, Any]:
    document_ = package["CFDocument"]
    return {**found, "CFDocumentURI": {name: document_[name] for name in ("title", "identifier", "uri")}}


def _by_title(found: dict[str, Any]) -> tuple[str, str]:
    return found["title"].casefold(), found["identifier"]


def _number(request: HttpRequest, name: str, usual: int) -> int | None:
    text = request.GET.get(name, str(usual))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _links(request: HttpRequest, limit: int, offset: int, total: int) -> Iterator[str]:
    last = (total - 1) // limit * limit if total else 0
    steps = {
        "first": 0,
        "prev": max(offset - limit, 0) if offset else None,
        "next": offset + limit if offset + limit < total else None,
        "last": last,
    }
    for name, start in steps.items():
        if start is not None:
            query = urlencode({**request.GET.dict(), "limit": limit, "offset": start})
            yield f'<{_base(request)}/CFDocuments?{query}>; rel="{name}"'


def _missing() -> HttpResponse:
    return _status(404, "unknownobject", "There is no such object here.")


def _status(code: int, minor: str, words: str) -> HttpResponse:
    body = {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_description": words,
        "imsx_CodeMinor": {
            "imsx_codeMinorField": [
                {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": minor}
            ]
        },
    }
    return HttpResponse(json.dumps(body), status=code, content_type="application/json")


urls: list[tuple[str, View, str]] = [
    (f"{PREFIX}discovery/imscasev1p1_openapi3_v1p0.json", discovery, "case.discovery"),
    (f"{PREFIX}CFDocuments", documents, "case.documents"),
    (f"{PREFIX}CFDocuments/<str:identifier>", document, "case.document"),
    (f"{PREFIX}CFPackages/<str:identifier>", package, "case.package"),
    (f"{PREFIX}CFItems/<str:identifier>", item, "case.item"),
    (f"{PREFIX}CFAssociations/<str:identifier>", association, "case.association"),
    (f"{PREFIX}CFItemAssociations/<str:identifier>", item_associations, "case.item_associations"),
    (f"{PREFIX}CFRubrics/<str:identifier>", rubric, "case.rubric"),
    (
        f"{PREFIX}CFAssociationGroupings/<str:identifier>",
        definition("CFAssociationGroupings"),
        "case.grouping",
    ),
]
for _part, _name in (
    ("CFSubjects", "subject"),
    ("CFConcepts", "concept"),
    ("CFItemTypes", "item_type"),
    ("CFLicenses", "license"),
):
    urls.append((f"{PREFIX}{_part}", definitions(_part), f"case.{_name}s"))
    urls.append((f"{PREFIX}{_part}/<str:identifier>", definition(_part), f"case.{_name}"))
