"""The OpenAPI document of `/api/v1/`, made from the same field list that the reader checks."""

from __future__ import annotations

from typing import Any

from headway.evidence.types import FIELDS
from headway.science.ledger import Kind, Override, Purpose, Status

_NUMBERS = {"level", "continuum_level"}
_WHOLE = {"attempt", "depth"}
_WORDS: dict[str, Any] = {"kind": Kind, "status": Status, "purpose": Purpose, "override": Override}


def _field(name: str) -> dict[str, Any]:
    if name in _NUMBERS:
        return {"type": ["number", "null"]}
    if name in _WHOLE:
        return {"type": ["integer", "null"]}
    if name in _WORDS:
        return {
            "type": ["string", "null"],
            "enum": [*(member.name.lower() for member in _WORDS[name]), "", None],
        }
    if name in ("held", "by_default"):
        return {"type": ["boolean", "null"]}
    if name.endswith("_at"):
        return {"type": ["string", "null"], "description": "RFC 3339, or a day"}
    return {"type": ["string", "null"], "maxLength": 20_000 if name == "comment" else 190}


def _schemas() -> dict[str, Any]:
    rating = {
        "type": "object",
        "additionalProperties": False,
        "required": ["key", "student", "target", "observed_at"],
        "properties": {name: _field(name) for name in FIELDS},
    }
    for name in ("key", "student", "target", "observed_at"):
        rating["properties"][name] = {**rating["properties"][name], "type": "string", "minLength": 1}  # type: ignore[index]
    error = {
        "type": "object",
        "properties": {
            "code": {"type": "string"},
            "message": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "row": {"type": ["integer", "null"]},
                        "key": {},
                        "field": {"type": ["string", "null"]},
                        "value": {},
                        "code": {"type": "string"},
                        "message": {"type": "string"},
                    },
                },
            },
        },
    }
    return {
        "Rating": rating,
        "Error": error,
        "Ratings": {
            "type": "object",
            "required": ["ratings"],
            "properties": {
                "ratings": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 500,
                    "items": {"$ref": "#/components/schemas/Rating"},
                }
            },
        },
        "Receipt": {
            "type": "object",
            "required": ["receipt", "determinations"],
            "properties": {
                "receipt": {
                    "type": "object",
                    "properties": {
                        "first": {"type": "integer"},
                        "last": {"type": "integer"},
                        "head": {"type": "string"},
                    },
                },
                "determinations": {"type": "array", "items": {"type": "object"}},
                "replayed": {"type": "array", "items": {"type": "string"}},
            },
        },
        "Keys": {
            "type": "object",
            "required": ["keys"],
            "properties": {
                "keys": {"type": "array", "minItems": 1, "maxItems": 500, "items": {"type": "string"}},
                "target": {"type": "string"},
                "reason": {"type": "string"},
            },
        },
        "Act": {"type": "object", "properties": {"act": {"type": "integer"}}},
    }


def _post(
    summary: str, body: str | None, good: dict[str, str], parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    answers = {code: _answer(schema) for code, schema in good.items()}
    for code in ("401", "403", "404", "409", "422"):
        answers[code] = _answer("Error")
    found: dict[str, Any] = {"summary": summary, "responses": answers, "security": [{"token": []}]}
    if parameters:
        found["parameters"] = parameters
    if body:
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{body}"}}},
        }
    return {"post": found}


def _answer(schema: str) -> dict[str, Any]:
    return {
        "description": schema,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }


def _get(summary: str, names: dict[str, bool]) -> dict[str, Any]:
    return {
        "get": {
            "summary": summary,
            "security": [{"token": []}],
            "parameters": [
                {"name": name, "in": "query", "required": required, "schema": {"type": "string"}}
                for name, required in names.items()
            ],
            "responses": {
                "200": {
                    "description": "done",
                    "content": {"application/json": {"schema": {"type": "object"}}},
                },
                **{code: _answer("Error") for code in ("401", "403", "422")},
            },
        }
    }


def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    act = [
        {
            "name": "act",
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 1, "maximum": 9_007_199_254_740_991},
        }
    ]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Headway",
            "version": "1",
            "description": "Ratings in, determinations and explanations out.",
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
        },
        "paths": {
            "/api/v1/ratings": _post(
                "Record 1 to 500 ratings in one transaction.", "Ratings", {"200": "Receipt", "201": "Receipt"}
            ),
            "/api/v1/ratings/release": _post("Release held ratings.", "Keys", {"201": "Act"}),
            "/api/v1/ratings/move": _post("Move ratings to another target.", "Keys", {"201": "Act"}),
            "/api/v1/ratings/move/{act}/undo": _post("Take a move back.", None, {"201": "Act"}, act),
            "/api/v1/determinations": _get(
                "Determinations of one student.", {"student": True, "as_of": False}
            ),
            "/api/v1/explain": _get(
                "One determination with its reasons.",
                {"student": True, "target": True, "as_of": False, "reader": False, "language": False},
            ),
        },
    }
