"""The district's configuration comes in as data: checked whole, kept whole, in force from a day, never edited."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from headway.access.actions import record_act
from headway.access.models import ImportRun
from headway.access.types import SYSTEM, Role, Viewer
from headway.evidence import actions as evidence
from headway.evidence import queries as ledger
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.proficiency import configuration, projecting, scales
from headway.proficiency.models import Configuration, PolicyVersion
from headway.proficiency.types import Difference, crossing, said
from headway.proficiency.working import moment
from headway.rosters import actions as rosters
from headway.science.proficiency.policy import PolicyInvalid

NOWHERE = frameworks.Place("", (), {})
KIND = "policy"


def begin(*, at: datetime) -> None:
    """This will write the configuration that holds from the first day, once."""
    with transaction.atomic():
        if not Configuration.objects.exists():
            body = dict(configuration.DEFAULT)
            _write(body, actor=SYSTEM, at=at, sequence=0, run=None)


def import_policy(*, actor: Viewer, body: Mapping[str, Any], name: str, at: datetime) -> ImportRun:
    """This will bring a checked policy file into force: a policy that differs from its newest version becomes the next.

    Written in one transaction: configuration, policy versions, a ledger event that dates them, the district's zone and
    settings, determinations under the policies of today, import run, audit entry.
    Who may: the district.
    Raises `Refusal`: `forbidden`, `policy_invalid` with every fault, `nothing_new`.
    """
    if not actor.is_a(Role.DISTRICT):
        raise Refusal("forbidden", "Only the district may change its policies.")
    with transaction.atomic():
        check(body, name, at=at)
        digest = _digest(body)
        newest = Configuration.objects.filter(withdrawn=False).order_by("-id").first()
        if newest is not None and newest.digest == digest:
            raise Refusal("nothing_new", "This file is in force already; nothing was changed.")
        sequence = evidence.record_event(
            actor=actor, kind="policy", body={"digest": digest, "name": name}, at=at
        )
        run = ImportRun.objects.create(kind=KIND, name=name[:200], digest=digest, actor=actor.account, at=at)
        versions = _write(body, actor=actor, at=at, sequence=sequence, run=run)
        district = body.get("district", {})
        rosters.configure_district(
            actor=actor, at=at, zone=district.get("zone"), languages=district.get("languages"),
            **{k: v for k, v in district.items() if k in ("roster_removal_share", "minimum_cell")},
        )  # fmt: skip
        moved = projecting.differences(moment(now=at), apply=True, through=sequence)
        run.counts = {"policies": versions, **_moves(moved)}
        run.save(update_fields=["counts"])
        record_act(
            actor=actor, act="import_policy", kind="import", object_id=run.pk, detail=run.counts, at=at
        )
        return run


def _moves(found: Sequence[Difference]) -> dict[str, int]:
    """Return how many determinations say something else now, and how many of them crossed the cut, either way."""
    ways = Counter(crossing(one.stored, one.expected) for one in found)
    changed = sum(said(one.stored) != said(one.expected) for one in found)
    return {"determinations_changed": changed, "moved_in": ways["in"], "moved_out": ways["out"]}


def undo_policy(*, run_id: int, actor: Viewer, at: datetime) -> ImportRun:
    """This will take a policy import back: its versions count no more, determinations are as before.

    Raises `Refusal`: `no_such_import`, `already_undone`, `later_import`, `undo_blocked` where evidence was recorded since.
    """
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().filter(pk=run_id, kind=KIND).first()
        if run is None:
            raise Refusal("no_such_import", Sentence("There is no policy import %(run)s.", run=run_id))
        if run.status != "applied":
            raise Refusal("already_undone", Sentence("Import %(run)s was taken back already.", run=run_id))
        own = Configuration.objects.get(import_run=run_id)
        later = Configuration.objects.filter(id__gt=own.id, withdrawn=False).first()
        if later is not None:
            raise Refusal(
                "later_import",
                Sentence(
                    "Policy import %(run)s came after it; take that one back first.",
                    run=later.import_run,
                ),
            )
        since = _ratings_since(own.recorded_sequence)
        if since:
            raise Refusal(
                "undo_blocked",
                Sentence(
                    "%(n)s events were recorded under these policies; import a changed file instead.",
                    n=since,
                ),
            )
        gone = {"withdrawn": own.digest, "name": run.name}
        sequence = evidence.record_event(actor=actor, kind="policy", body=gone, at=at)
        Configuration.objects.filter(pk=own.pk).update(withdrawn=True)
        PolicyVersion.objects.filter(configuration=own).update(withdrawn=True)
        configuration.forget()
        _release(own, at)
        projecting.differences(moment(now=at), apply=True, through=sequence)
        run.status, run.undone_at = "undone", at
        run.save(update_fields=["status", "undone_at"])
        record_act(actor=actor, act="undo_import", kind="import", object_id=run.pk, at=at)
        return run


def _release(own: Configuration, at: datetime) -> None:
    settings = configuration.book().settings["district"]
    rosters.configure_district(
        actor=SYSTEM, at=at, zone=settings["zone"], languages=settings["languages"],
        roster_removal_share=settings["roster_removal_share"], minimum_cell=settings["minimum_cell"],
    )  # fmt: skip


def _ratings_since(sequence: int) -> int:
    return ledger.events_since(sequence=sequence, kinds=("rating", "amend"))


def _digest(body: Mapping[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _write(
    body: Mapping[str, Any], *, actor: Viewer, at: datetime, sequence: int, run: ImportRun | None
) -> list[str]:
    digest = _digest(body)
    kept = Configuration.objects.create(
        digest=digest,
        body=dict(body),
        recorded_at=at,
        recorded_sequence=sequence,
        import_run=run.pk if run else None,
    )
    versions = []
    known = list(PolicyVersion.objects.order_by("id").values())
    standing = [version for version in known if not version["withdrawn"]]
    for version in configuration.new_versions(standing, body, sequence=sequence):
        numbers = [v["number"] for v in known if v["name"] == version["name"]]
        made = PolicyVersion.objects.create(
            configuration=kept, name=version["name"], number=max(numbers, default=0) + 1,
            in_force_on=version["in_force_on"], applies=version["applies"], body=json.loads(json.dumps(version["body"])),
            recorded_sequence=sequence,
        )  # fmt: skip
        known.append({"name": made.name, "number": made.number})
        versions.append(f"{made.name} {made.number}")
    configuration.forget()
    return versions


def check(body: Mapping[str, Any], name: str, *, at: datetime) -> None:
    """Refuse what a policy file cannot say: a broken rule, a scale that nobody gives, a locked key, a level without a place.

    Raises `Refusal("policy_invalid")` with every fault.
    """
    findings: list[Finding] = []
    policies = body.get("policy", [])
    wide = [p for p in policies if not p.get("applies")]
    for policy in policies:
        above = [p for p in wide if p is not policy]
        if "scale" not in policy and not any("scale" in p for p in above) and not _scale_in_force():
            findings.append(
                Finding(
                    "required",
                    "No policy above it names a scale; name one.",
                    name,
                    None,
                    "scale",
                    policy["name"],
                )
            )
        if "rule" not in policy and not above and not policy.get("applies"):
            findings.append(
                Finding(
                    "required", "A policy for everybody names its rule.", name, None, "rule", policy["name"]
                )
            )
        for other in [*policies, *_in_force_beside(body, policy)]:
            clash = _locked(other, policy)
            findings += [
                Finding("locked", Sentence(
                    "The policy %(name)s locks %(key)s; a narrower one may not change it.",
                    name=other["name"], key=key,
                ), name, None, key,
                        policy["name"])
                for key in clash
            ]  # fmt: skip
        if "rule" in policy and "scale" in policy:
            try:
                configuration.build(
                    {**policy, "_scale": body["scales"][policy["scale"]]}, _version(policy), NOWHERE
                )
            except PolicyInvalid as error:
                findings.append(Finding(error.code, str(error), name, None, error.key, policy["name"]))
    if not findings and any("scale" in policy for policy in policies):
        findings = scales.without_place(body, name, at=at)
    if findings:
        raise Refusal("policy_invalid", "The policy file has faults; nothing was changed.", findings)


def _in_force_beside(body: Mapping[str, Any], policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the policies in force on a policy's day that the file itself does not say anew, as a file would say them."""
    own = {p["name"] for p in body.get("policy", [])}
    newest: dict[str, dict[str, Any]] = {}
    for version in sorted(configuration.book().versions, key=lambda v: (v["in_force_on"], v["number"])):
        if version["name"] not in own and version["in_force_on"].isoformat() <= policy["in_force"]:
            newest[version["name"]] = version
    return [{"name": v["name"], "applies": v["applies"], **v["body"]} for v in newest.values()]


def _locked(wider: Mapping[str, Any], narrower: Mapping[str, Any]) -> list[str]:
    mine, own = wider.get("applies", {}), narrower.get("applies", {})
    if wider is narrower or configuration.weight(own) <= configuration.weight(mine):
        return []
    if any(own.get(key) != value for key, value in mine.items()):
        return []
    return [key for key in wider.get("locked", ()) if key in narrower and narrower[key] != wider.get(key)]


def _scale_in_force() -> bool:
    return any("_scale" in v["body"] for v in configuration.book().versions if not v["applies"])


def _version(policy: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": 0,
        "name": policy["name"],
        "number": 0,
        "in_force_on": date.fromisoformat(policy["in_force"]),
    }
