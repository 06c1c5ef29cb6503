"""Views of `/api/v1/`. Each parses, does one act or asks one question, and answers JSON."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.http import HttpRequest, JsonResponse

from headway.access.doors import ANYONE, Door
from headway.access.types import Role, Viewer
from headway.evidence.types import FIELDS
from headway.frameworks import queries as frameworks
from headway.interop.v1.openapi import document
from headway.kit.refusals import Refusal
from headway.proficiency import actions, queries
from headway.report_cards import queries as report_cards
from headway.rights import actions as rights
from headway.rosters import queries as rosters

LIMIT = 500
LAST_ACT = 2**53 - 1
LONGEST = {"key": 190, "target": 500, "reason": 20_000}
NUMBERS = ("level", "continuum_level", "attempt", "depth")
FLAGS = ("held", "by_default")
_STATUS = {
    "key_conflict": 409,
    "key_withdrawn": 409,
    "forbidden": 403,
    "unknown_act": 404,
    "unknown_rating": 422,
    "changed_since": 409,
    "chance_open": 409,
}


class BadRequest(Exception):
    """The body is not what the interface takes."""


def answer_refusal(refusal: Refusal) -> JsonResponse:
    """Return a refusal as the list of faults, with the status its code stands for."""
    errors = [
        {
            "row": f.line,
            "key": None,
            "field": f.column,
            "value": f.value,
            "code": f.code,
            "message": f.message,
        }
        for f in refusal.findings
    ] or [
        {
            "row": None,
            "key": None,
            "field": None,
            "value": None,
            "code": refusal.code,
            "message": refusal.message,
        }
    ]
    return JsonResponse(
        {"code": refusal.code, "message": refusal.message, "errors": errors},
        status=_STATUS.get(refusal.code, 422),
    )


def _scope(viewer: Viewer, scope: str) -> JsonResponse | None:
    scopes = viewer.token_scopes or frozenset()
    if scope in scopes or "admin" in scopes:
        return None
    return JsonResponse(
        {"code": "scope", "message": f"The token lacks the scope {scope}.", "errors": []}, status=403
    )


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.")
    return body


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _wrong(message: str, field: str | None = None) -> JsonResponse:
    return JsonResponse(
        {
            "code": "bad_request",
            "message": message,
            "errors": [
                {
                    "row": None,
                    "key": None,
                    "field": field,
                    "value": None,
                    "code": "bad_request",
                    "message": message,
                }
            ],
        },
        status=422,
    )


def record(request: HttpRequest) -> JsonResponse:
    """POST ratings: 1 to 500 in one transaction; acknowledged means durable."""
    viewer: Viewer = request.viewer
    if refused := _scope(viewer, "ratings.write"):
        return refused
    try:
        rows = _body(request).get("ratings")
    except BadRequest as error:
        return _wrong(str(error))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return _wrong("ratings must be a list of objects.", "ratings")
    if not 1 <= len(rows) <= LIMIT:
        return _wrong(f"ratings must hold 1 to {LIMIT} ratings, not {len(rows)}.", "ratings")
    if faults := _faults_of_form(rows):
        return JsonResponse(
            {
                "code": "ratings_invalid",
                "message": "Some values are not of the kind that their fields hold.",
                "errors": faults,
            },
            status=422,
        )
    try:
        saved = actions.record_rows(
            actor=viewer, rows=rows, at=request.moment, book=request.book, source="http"
        )
    except Refusal as refusal:
        return _with_keys(answer_refusal(refusal), refusal, rows)
    receipt = saved.receipt
    body: dict[str, Any] = {
        "receipt": {"first": receipt.first, "last": receipt.last, "head": receipt.head},
        "determinations": [
            {
                "student": d.student,
                "target": d.target,
                "value": None if d.value is None else d.value / 100,
                "state": d.state,
            }
            for d in saved.determinations
        ],
    }
    if receipt.replayed and receipt.written:
        body["replayed"] = list(receipt.replayed)
    return JsonResponse(body, status=201 if receipt.written else 200)


def _faults_of_form(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a fault for every value that is not what its field holds: a list is no text, and `true` is no number."""
    return [
        {"row": number, "key": row.get("key") if isinstance(row.get("key"), str) else None, "field": name,
         "value": json.dumps(value, ensure_ascii=False)[:80], "code": "wrong_type", "message": message}
        for number, row in enumerate(rows, 1)
        for name, value in row.items()
        if name in FIELDS and (message := _misfit(name, value))
    ]  # fmt: skip


def _misfit(name: str, value: Any) -> str:
    if value is None or isinstance(value, str):
        return ""
    if name in FLAGS:
        return "" if isinstance(value, bool) else "true or false."
    if name in NUMBERS:
        fits = not isinstance(value, bool) and isinstance(value, int | float) and abs(value) <= 1_000_000
        return "" if fits else "A number within a million."
    return "A text."


def _with_keys(response: JsonResponse, refusal: Refusal, rows: list[dict[str, Any]]) -> JsonResponse:
    body = json.loads(response.content)
    for error in body["errors"]:
        if isinstance(error["row"], int) and 1 <= error["row"] <= len(rows):
            error["key"] = rows[error["row"] - 1].get("key")
    return JsonResponse(body, status=response.status_code)


def _keys(body: dict[str, Any]) -> list[str] | None:
    keys = body.get("keys")
    good = (
        isinstance(keys, list)
        and 1 <= len(keys) <= LIMIT
        and all(_is_text(key, LONGEST["key"]) for key in keys)
    )
    return keys if good else None


def _is_text(value: Any, longest: int) -> bool:
    """Whether a value is a text that every database can hold: no NUL, no half of a character, not too long."""
    whole = isinstance(value, str) and len(value) <= longest and "\x00" not in value
    return whole and not any("\ud800" <= character <= "\udfff" for character in value)


def release(request: HttpRequest) -> JsonResponse:
    """POST keys of held ratings: they are released as one act."""
    return _amend(request, "release")


def move(request: HttpRequest) -> JsonResponse:
    """POST keys, target, reason: the ratings move to the target as one act, which can be undone."""
    return _amend(request, "move")


def _amend(request: HttpRequest, act: str) -> JsonResponse:
    viewer: Viewer = request.viewer
    if refused := _scope(viewer, "ratings.write"):
        return refused
    try:
        body = _body(request)
    except BadRequest as error:
        return _wrong(str(error))
    keys = _keys(body)
    if keys is None:
        return _wrong(f"keys must be a list of 1 to {LIMIT} texts.", "keys")
    if act == "move":
        for field in ("target", "reason"):
            if not _is_text(body.get(field), LONGEST[field]) or not body[field].strip():
                return _wrong(
                    f"A move needs a {field}: a text of at most {LONGEST[field]:,} characters.", field
                )
    try:
        if act == "move":
            number = actions.move_ratings(
                actor=viewer,
                keys=keys,
                target=body["target"],
                reason=body["reason"].strip(),
                at=request.moment,
            )
        else:
            number = actions.release_ratings(actor=viewer, keys=keys, at=request.moment)
    except Refusal as refusal:
        return answer_refusal(refusal)
    return JsonResponse({"act": number}, status=201)


def undo_move(request: HttpRequest, act: int) -> JsonResponse:
    """POST: the act is undone by a further event; each rating stands as before it."""
    viewer: Viewer = request.viewer
    if refused := _scope(viewer, "ratings.write"):
        return refused
    if act > LAST_ACT:
        return answer_refusal(Refusal("unknown_act", f"There is no act {act} to undo."))
    try:
        return JsonResponse({"act": actions.undo_act(actor=viewer, act=act, at=request.moment)}, status=201)
    except Refusal as refusal:
        return answer_refusal(refusal)


def _day(request: HttpRequest) -> date | None:
    text = request.GET.get("as_of")
    if not text:
        return None
    day = date.fromisoformat(text)
    if not 1950 <= day.year <= 2100:
        raise ValueError(text)
    return day


def determinations(request: HttpRequest) -> JsonResponse:
    """GET the determinations of one student that the token's owner may see."""
    viewer: Viewer = request.viewer
    if refused := _scope(viewer, "ratings.read"):
        return refused
    try:
        rows = queries.exported(
            viewer=viewer, student=request.GET.get("student"), as_of=_day(request), now=request.moment,
            statements=lambda student: report_cards.contested_targets(students=[student]),
        )  # fmt: skip
        _enter(request, viewer)
    except ValueError:
        return _wrong("as_of is a day such as 2026-11-12.", "as_of")
    except Refusal as refusal:
        return answer_refusal(refusal)
    return JsonResponse({"determinations": rows})


def explain(request: HttpRequest) -> JsonResponse:
    """GET one determination with its reasons."""
    viewer: Viewer = request.viewer
    if refused := _scope(viewer, "ratings.read"):
        return refused
    try:
        found = queries.explained(
            viewer=viewer,
            student=request.GET.get("student", ""),
            target=request.GET.get("target", ""),
            as_of=_day(request),
            now=request.moment,
            reader=request.GET.get("reader", "teacher"),
            language=request.GET.get("language", "en"),
        )
        return JsonResponse(found | _stated(_enter(request, viewer), request.GET.get("target", "")))
    except ValueError:
        return _wrong("as_of is a day such as 2026-11-12.", "as_of")
    except Refusal as refusal:
        return answer_refusal(refusal)


def _enter(request: HttpRequest, viewer: Viewer) -> int:
    """Enter the reading in the list of disclosures before the answer goes out; return the student."""
    student = rosters.person_by_reference(request.GET.get("student", "")).id
    rights.disclose_reading(viewer=viewer, student=student, at=request.moment)
    return student


def _stated(student: int, target: str) -> dict[str, Any]:
    """Return what the family states beside the level of a target."""
    said = report_cards.contested(students=[student]).get(student)
    if not said:
        return {}
    asked = {one.id for one in frameworks.find_any(target)}
    found = [{"text": one.text, "said_by": one.said_by} for one in said if one.target in asked]
    return {"family_states": found} if found else {}


def openapi(request: HttpRequest) -> JsonResponse:
    """GET the description of this interface."""
    return JsonResponse(document())


_RATERS = frozenset({Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL, Role.DISTRICT, Role.STUDENT})
_ADULTS = _RATERS - {Role.STUDENT}
_READERS = frozenset(Role)
POST = frozenset({"POST"})

doors = [
    Door(
        "api/v1/ratings",
        record,
        "v1.ratings",
        _RATERS,
        "People who rate record ratings, each within their own scope.",
        methods=POST,
        api=True,
    ),
    Door(
        "api/v1/ratings/release",
        release,
        "v1.release",
        _ADULTS,
        "Who may rate a student may release that student's held ratings.",
        methods=POST,
        api=True,
    ),
    Door(
        "api/v1/ratings/move",
        move,
        "v1.move",
        _ADULTS,
        "Who may rate a student may correct that student's ratings.",
        methods=POST,
        api=True,
    ),
    Door(
        "api/v1/ratings/move/<int:act>/undo",
        undo_move,
        "v1.undo",
        _ADULTS,
        "Who may correct ratings may take the correction back.",
        methods=POST,
        api=True,
    ),
    Door(
        "api/v1/determinations",
        determinations,
        "v1.determinations",
        _READERS,
        "A token reads what its owner may see.",
        api=True,
    ),
    Door(
        "api/v1/explain", explain, "v1.explain", _READERS, "A token reads what its owner may see.", api=True
    ),
    Door(
        "api/v1/openapi.json",
        openapi,
        "v1.openapi",
        ANYONE,
        "The description of the interface is public.",
        api=True,
    ),
]
