"""The OpenAPI 3 document by which another system discovers the read-only CASE addresses."""

from __future__ import annotations

from typing import Any

PREFIX = "ims/case/v1p1/"
_ONE = {
    "CFDocuments": ("getCFDocument", "a document"),
    "CFPackages": ("getCFPackage", "a document with all its parts"),
    "CFItems": ("getCFItem", "an item"),
    "CFAssociations": ("getCFAssociation", "an association"),
    "CFItemAssociations": ("getCFItemAssociations", "an item with its associations"),
    "CFRubrics": ("getCFRubric", "a rubric"),
    "CFSubjects": ("getCFSubject", "a subject"),
    "CFConcepts": ("getCFConcept", "a concept"),
    "CFItemTypes": ("getCFItemType", "a type of item"),
    "CFLicenses": ("getCFLicense", "a license"),
    "CFAssociationGroupings": ("getCFAssociationGrouping", "a group of associations"),
}
_ANSWERS = {"404": {"description": "There is no such object."}}


def discovery_document(base: str) -> dict[str, Any]:
    """Return the OpenAPI document for a server whose CASE addresses begin with `base`."""
    paths: dict[str, Any] = {
        "/CFDocuments": {
            "get": {
                "operationId": "getAllCFDocuments",
                "summary": "All public documents, page by page.",
                "parameters": [_query("limit", 100, 1), _query("offset", 0, 0)],
                "responses": {
                    "200": {
                        "description": "A page of documents.",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                        "headers": {
                            "X-Total-Count": {"schema": {"type": "integer"}},
                            "Link": {"schema": {"type": "string"}},
                        },
                    },
                    "400": {"description": "limit or offset is not a number in range."},
                },
            }
        }
    }
    for part in ("CFSubjects", "CFConcepts", "CFItemTypes", "CFLicenses"):
        paths[f"/{part}"] = {"get": _operation(f"getAll{part}", f"All {part} of the public documents.", {})}
    for part, (name, words) in _ONE.items():
        operation = _operation(name, f"Return {words} by its identifier.", _ANSWERS)
        operation["parameters"] = [
            {
                "name": "sourcedId",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "format": "uuid"},
            }
        ]
        paths[f"/{part}/{{sourcedId}}"] = {"get": operation}
    return {
        "openapi": "3.0.1",
        "info": {
            "title": "Competencies and Academic Standards Exchange (CASE) Service",
            "version": "1.1",
            "description": "Read only; the public continuums of this district.",
        },
        "servers": [{"url": base}],
        "paths": paths,
    }


def _operation(name: str, summary: str, others: dict[str, Any]) -> dict[str, Any]:
    answer = {"description": "The answer.", "content": {"application/json": {"schema": {"type": "object"}}}}
    return {"operationId": name, "summary": summary, "responses": {"200": answer, **others}}


def _query(name: str, usual: int, least: int) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "integer", "default": usual, "minimum": least}}
