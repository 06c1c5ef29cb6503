"""The ledger: its head, what it holds, whether it holds, and who did what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from headway.access import queries as access
from headway.evidence import actions
from headway.evidence import queries as evidence
from headway.kit.numbers import is_whole
from headway.kit.times import micros
from headway.rosters import queries as rosters

PART = 20_000
MONTHS = 6
SIZE = 12
FOUND = 50
"""So many people may bear a name that is looked for."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event: how many in each month shown, and in all."""

    name: str
    months: list[tuple[str, str]]
    total: str


def ledger(request: HttpRequest) -> HttpResponse:
    """Show the ledger and the audit trail; a POST checks the next part of the chain."""
    checked = None
    if request.method == "POST":
        after = request.POST.get("after", "0")
        checked = actions.check_chain(
            actor=request.viewer, at=request.moment, after=int(after) if is_whole(after) and len(after) < 16 else 0, size=PART
        )  # fmt: skip
    today = request.viewer.today
    starts = _months(today)
    counts = evidence.event_counts(
        starts_us=[micros(datetime.combine(day, time(), request.zone)) for day in starts]
    )
    act = request.GET.get("act", "")[:60]
    who, about = (request.GET.get(name, "").strip()[:100] for name in ("who", "about"))
    before = request.GET.get("before", "")
    entries = access.acts(
        act=act,
        who=who,
        people=_pseudonyms(request, who),
        about=_pseudonyms(request, about) if about else None,
        before=int(before) if is_whole(before) and len(before) < 16 else None,
        limit=SIZE + 1,
    )
    head, seal = evidence.head()
    months = [date_format(day, pgettext("format of a day", "M")) for day in starts[:-1]]
    context = {
        "nav": "district.ledger", "head": head, "head_said": f"{head:,}", "seal": seal,
        "verified": access.last_act("verify_ledger"), "checked": checked, "walked": _walked(checked),
        "months": months, "part": f"{PART:,}",
        "kinds": [
            Kind(kind_name(kind), list(zip(months, (f"{n:,}" if n else "" for n in rows), strict=False)), f"{rows[-1]:,}")
            for kind, rows in counts.items()
        ],
        "entries": _entries(entries[:SIZE]), "older": entries[SIZE - 1].id if len(entries) > SIZE else None,
        "act": act, "who": who, "about": about, "act_names": [(one, act_name(one)) for one in access.act_kinds()],
        "keep": urlencode({k: v for k, v in (("act", act), ("who", who), ("about", about)) if v}), "first_page": not before,
    }  # fmt: skip
    return render(request, "pages/district/ledger.html", context)


def _pseudonyms(request: HttpRequest, text: str) -> list[UUID]:
    """Return the pseudonyms of people whom a text of the filter names, by name or sourcedId. Three statements at most."""
    found = rosters.people_searched(text=text, as_of=request.viewer.today, size=FOUND).people if text else []
    return rosters.pseudonyms_of(person_ids=[person.id for person in found]) if found else []


def _walked(checked: Any) -> dict[str, str]:
    """Return the figures of a part that was checked, as they are read."""
    if checked is None:
        return {}
    return {"a": f"{checked.first:,}", "b": f"{checked.last:,}", "n": f"{checked.end:,}"}


def _months(today: date) -> list[date]:
    """Return the first days of the last months, and of the next one."""
    number = today.year * 12 + today.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(number - MONTHS + 1, number + 2)]


def kind_name(kind: str) -> str:
    """Say a kind of event."""
    return {"rating": _("Ratings"), "amend": _("Corrections"), "policy": _("Policies"), "erasure": _("Erasures"),
            "handed_in": _("Work handed in"), "plan": _("Plans"), "card_comment": _("Comments on cards"),
            "card_incomplete": _("Incompletes on cards"), "card_issued": _("Report cards issued"),
            "card_statement": _("Statements of families"), "conference": _("Conferences"),
            "agreement": _("Agreements"), "noted": _("Notes of substitutes"), "note_withdrawn": _("Notes taken back"),
            "offered": _("Tasks given"), "grouped": _("Groups of a task"), "offer_withdrawn": _("Tasks taken back"),
            "closed": _("Tasks closed without work"), "reopened": _("Tasks opened again"),
            "returned": _("Work returned for revision"), "return_undone": _("Returns taken back"),
            "ready": _("Requests to move up"), "show_again": _("Requests to show it again"),
            "answered": _("Answers to requests"), "taken_back": _("Requests taken back"),
            "merged": _("People joined"), "split": _("People split"),
            "profile_entry": _("Entries of About me"), "accommodation": _("Accommodations"),
            "modification": _("Targets of a student’s own"), "language_status": _("Status of English learners"),
            "rights_request": _("Requests about a record"), "kept_care": _("Care that goes on after coming of age"),
            "consent": _("Consents to screeners"), "screener_result": _("Results of screeners"),
            "decision_point": _("Decisions at named points"),
            }.get(kind, kind.replace("_", " "))  # fmt: skip


def act_name(act: str) -> str:
    """Say an audited act, as a line of the trail."""
    return {
        "open_account": _("opened an account"), "reset_password": _("gave a new first password"),
        "deactivate": _("closed an account"), "issue_token": _("issued a token"), "sign_in": _("signed in"),
        "import_roster": _("imported a roster"), "import_framework": _("imported a continuum"),
        "import_policy": _("imported policies"), "import_ratings": _("imported ratings"), "import_plans": _("imported plans"),
        "undo_import": _("took an import back"), "set_framework": _("published or put aside a continuum"),
        "set_frameworks": _("chose a class’s continuums"), "name_substitute": _("named a substitute"),
        "grant_role": _("gave a role"), "end_role": _("ended a role"), "restrict_guardian": _("recorded a court restriction"),
        "lift_restriction": _("lifted a court restriction"), "record_ratings": _("recorded ratings"),
        "hand_in": _("handed in work"), "verify_ledger": _("checked the ledger"), "make_template": _("made a plan"),
        "assign_plan": _("gave a plan"), "change_plan": _("changed a plan"),
        "undo_plan_change": _("took a change of a plan back"), "end_plan": _("ended a plan"),
        "add_guardianship": _("added a guardian"),
        "end_guardianship": _("ended a guardianship"), "add_provisional_student": _("added a student by hand"),
        "open_card_run": _("opened a run of report cards"), "write_comments": _("wrote comments on report cards"),
        "keep_saying": _("kept a sentence"), "drop_saying": _("dropped a sentence"),
        "mark_incomplete": _("marked or settled an incomplete"), "freeze_cards": _("froze report cards"),
        "reissue_card": _("issued a report card again"), "record_statement": _("recorded a family’s statement"),
        "record_conference": _("recorded a conference"), "settle_agreement": _("settled an agreement"),
        "note_contact": _("noted a contact with home"), "write_message": _("wrote a message"),
        "withdraw_message": _("took a message back"), "write_note": _("wrote a note as a substitute"),
        "withdraw_note": _("took a note back"), "read_note": _("read a substitute’s note"),
        "open_device": _("opened a class device"), "close_device": _("closed a class device"),
        "issue_slip": _("gave a sign-in slip"), "lift_locks": _("let the children of a class try again"),
        "choose_notices": _("chose what they are told"), "give_address": _("gave an address for mail"),
        "verify_address": _("verified an address"), "remove_address": _("removed an address"),
        "note_bounces": _("noted addresses that letters do not reach"), "try_job_again": _("tried a job again"),
        "release_copy": _("released a restored copy"),
        "release_ratings": _("released ratings"), "withdraw_ratings": _("withdrew ratings"),
        "move_ratings": _("moved ratings to another target"), "redate_ratings": _("gave ratings another day"),
        "undo_ratings": _("took a change of ratings back"), "erase_payloads": _("erased contents"),
        "ask": _("asked for something"), "take_back": _("took a request back"), "answer": _("answered a request"),
        "draft_task": _("began a task for the bank"), "write_draft": _("wrote on a draft of a task"),
        "revise_task": _("began a new version of a task"), "discard_draft": _("threw a draft of a task away"),
        "publish_task": _("published a task"), "retire_task": _("retired a task"),
        "restore_task": _("brought a retired task back"), "add_exemplar": _("added an exemplar to a task"),
        "remove_exemplar": _("took an exemplar out of a task"),
        "add_validity_entry": _("added to the validity file of a task"),
        "withdraw_validity_entry": _("withdrew an entry of a validity file"),
        "open_validation": _("opened the validation of a task"), "ask_member": _("asked a colleague to judge a task"),
        "release_member": _("asked a colleague no more"), "give_verdict": _("gave a verdict on a task"),
        "close_validation": _("closed the validation of a task"), "export_tasks": _("gave tasks out as a pack"),
        "import_tasks": _("took a pack of tasks in"),
        "plan_calibration": _("planned a calibration session"),
        "change_calibration": _("changed the plan of a calibration session"),
        "extend_calibration": _("moved the last day of a calibration session"),
        "call_off_calibration": _("called a calibration session off"),
        "put_into_calibration": _("put works into a calibration session"),
        "take_out_of_calibration": _("took a work out of a calibration session"),
        "draw_rescoring": _("drew everyday ratings to be scored again"),
        "invite_raters": _("invited raters"), "withdraw_rater": _("let a rater leave"),
        "open_calibration": _("opened a blind round"), "hand_in_round": _("handed a round of scores in"),
        "reveal_calibration": _("revealed a blind round"), "open_second_round": _("opened a second round"),
        "tell_capacity": _("counted new answers of the capacity survey"),
        "finish_calibration": _("finished a calibration session"), "note_calibration": _("noted what was said about a work"),
        "agree_score": _("kept an agreed level"), "enter_moderated": _("entered moderated scores"),
        "take_sample": _("took a copy of work without names"), "keep_anchor": _("kept a work as an anchor"),
        "retire_anchor": _("retired an anchor"),
        "give": _("gave a task"), "regroup": _("changed the groups of a task"), "closed": _("closed tasks without work"),
        "reopened": _("opened tasks again"), "offer_withdrawn": _("took a task back"),
        "return_piece": _("returned work for revision"), "undo_return": _("took a return back"),
        "disclose": _("let records leave the school"), "ask_right": _("asked about a record"),
        "withdraw_right": _("took a request about a record back"), "ask_hearing": _("asked for a hearing"),
        "answer_right": _("answered a request about a record"), "set_hearing": _("set the day of a hearing"),
        "close_hearing": _("recorded a hearing’s outcome"), "keep_care": _("let care go on after coming of age"),
        "end_kept_care": _("ended care after coming of age"),
        "export_record": _("gave out a student’s record"), "end_plans": _("ended plans"),
        "read_supports": _("read what is sensitive about a student"), "profile_entry": _("wrote in About me"),
        "accommodation": _("recorded an accommodation"), "modification": _("recorded a target of a student’s own"),
        "language_status": _("recorded a status as an English learner"), "consent": _("recorded a consent"),
        "screener_result": _("recorded what a screener found"), "decision_point": _("recorded a decision"),
        "withdraw_student": _("noted that a student left"),
        "return_student": _("noted that a student came back"), "merge_people": _("joined two people"),
        "split_people": _("split two people"), "tell_apart": _("noted that two are two people"),
        "import_events": _("imported school events"), "save_report": _("put a report together"),
        "save_set": _("put a set of reports together"), "send_set": _("sent a set of reports"),
        "roll_year": _("began the next school year"),
    }.get(act, act.replace("_", " "))  # fmt: skip


def object_name(kind: str) -> str:
    """Say what an act was about."""
    return {"person": _("person"), "account": _("account"), "class": _("class"), "offer": _("task"), "plan": _("plan"),
            "import": _("import"), "framework": _("continuum"), "ledger": _("ledger"), "job": _("background job"),
            "card_run": _("run of report cards"), "saying": _("kept sentence"),
            "disclosure": _("disclosure"), "task": _("task of the bank"),
            "calibration": _("calibration session"), "sample": _("copy of work"), "survey": _("survey"),
            "report": _("report"), "report_set": _("set of reports")}.get(kind, kind.replace("_", " "))  # fmt: skip


def _entries(found: Sequence[Any]) -> list[dict[str, Any]]:
    """Return lines of the trail; whoever stands there by a sourcedId, and a person acted on, is named. Three statements."""
    ids = rosters.person_ids(sourced_ids={one.actor_name for one in found})
    marks = {mark for one in found if one.object_kind == "person" for mark in _mark(one.object_id)}
    about = rosters.standing_ids(uuids=marks)
    people = rosters.people_by_id(person_ids={*ids.values(), *about.values()})
    who = {name: people[key].name() for name, key in ids.items()}
    of = {str(mark): people[key].name() for mark, key in about.items()}
    return [
        _entry(one) | {"named": who.get(one.actor_name, ""), "of": of.get(one.object_id, "")} for one in found
    ]


def _mark(text: str) -> list[UUID]:
    try:
        return [UUID(text)]
    except ValueError:
        return []


def _entry(one: Any) -> dict[str, Any]:
    detail = [(key.replace("_", " "), _short(value)) for key, value in list(one.detail.items())[:4]]
    return {"at": one.at, "who": one.actor_name, "act": act_name(one.act), "kind": object_name(one.object_kind),
            "object": one.object_id, "detail": detail}  # fmt: skip


def _short(value: Any) -> str:
    """Say a detail in words: yes and no, lists between commas, of a table how many entries it has."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None or value == []:
        return "–"
    if isinstance(value, dict):
        return f"{len(value)}"
    if isinstance(value, list | tuple):
        flat = [one for one in value if one not in ([], (), None)]
        return ", ".join(_short(one) for one in flat[:4]) + ("…" if len(flat) > 4 else "")
    return str(value)[:60]
