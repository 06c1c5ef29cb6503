"""Looking after the ledger: signed heads to keep elsewhere, the walk that checks everything, the rebuild."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from headway.evidence import queries as evidence
from headway.evidence.types import Break
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Finding, Refusal
from headway.kit.times import now
from headway.pages.parts import files
from headway.proficiency import actions as proficiency
from headway.proficiency import laboratory
from headway.proficiency.policy_file import read_policy
from headway.profiles import queries as profiles
from headway.report_cards import queries as report_cards
from headway.rights import queries as rights
from headway.rosters import queries as rosters
from headway.tasks import queries as tasks


def _key() -> Ed25519PrivateKey:
    """Return the key that signs heads; made at the first use, kept in the home and not in the database."""
    from django.conf import settings

    path = settings.HOME / "keys" / "ledger.pem"
    if not path.exists():
        made = Ed25519PrivateKey.generate()
        path.write_bytes(made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))  # fmt: skip
        path.chmod(0o600)
    found = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(found, Ed25519PrivateKey):
        raise Refusal("wrong_key", "keys/ledger.pem is not an Ed25519 key.")
    return found


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def _message(sequence: int, seal: str, at: str) -> bytes:
    return f"headway-head\n{sequence}\n{seal}\n{at}".encode()


def write_head(file: Path) -> dict[str, Any]:
    """Append the signed head of the ledger to a file that is kept elsewhere."""
    sequence, seal = evidence.head()
    key, at = _key(), now().isoformat(timespec="seconds")
    line = {"sequence": sequence, "hash": seal, "at": at, "key": _public(key),
            "signature": key.sign(_message(sequence, seal, at)).hex()}  # fmt: skip
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(line, separators=(",", ":")) + "\n")
    return line


def _kept_heads(file: Path) -> dict[int, str]:
    """Return the heads of a file by sequence.

    Raises `Refusal("heads_invalid")` where one is not signed, or signed by another key than this home's: anybody can make
    a key and sign.
    """
    from django.conf import settings

    # A home that was restored from before its first head has no key to compare with: then the lines speak for themselves.
    own = _public(_key()) if (settings.HOME / "keys" / "ledger.pem").exists() else None
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal("heads_invalid", f"{file.name} cannot be read as heads.") from error
    found: dict[int, str] = {}
    faults = []
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
            if own is not None and line["key"] != own:
                raise KeyError("another key")
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(line["key"])).verify(
                bytes.fromhex(line["signature"]), _message(line["sequence"], line["hash"], line["at"])
            )
            found[int(line["sequence"])] = str(line["hash"])
        except (ValueError, KeyError, TypeError, InvalidSignature):
            faults.append(
                Finding(
                    "bad_signature", "This line is not a head signed by this home's key.", file.name, number
                )
            )
    if faults or not found:
        raise Refusal("heads_invalid", f"{file.name} holds no sound heads.", faults)
    return found


def verify(heads: Path | None) -> dict[str, Any]:
    """Walk the ledger; compare kept heads and all rows and files that stand on it."""
    kept = _kept_heads(heads) if heads is not None else None
    students = {str(key): own for own, key in rosters.all_person_uuids().items()}
    targets = {str(key): own for key, own in frameworks.forest().by_uuid.items()}
    broken = evidence.breaks(heads=kept)
    rows = evidence.projection_breaks(students=students, targets=targets)
    names = {own: person for person, own in students.items()}
    at = now()
    different = proficiency.redetermine(at=at, apply=False)
    due = proficiency.due(different, at=at)
    different = [d for d in different if d not in due]
    found = [*(_broken("ledger", b) for b in broken), *(_broken("rating", b) for b in rows)]
    for d in different:
        who, where = names.get(d.student, str(d.student)), frameworks.node(d.target).label
        found.append({
            "what": "determination", "sequence": None, "subject": who,
            "message": f"the determination of {who} on {where} differs from a replay",
            "expected": _said(d.expected), "found": _said(d.stored),
        })  # fmt: skip
    for student, counted, stored in proficiency.tally_breaks():
        who = names.get(student, str(student))
        found.append({
            "what": "tally", "sequence": None, "subject": who,
            "message": f"a summary row of {who} differs from the determinations", "expected": counted, "found": stored,
        })  # fmt: skip
    loop = evidence.loop_breaks(target_uuids=lambda ids: frameworks.node_uuids(node_ids=ids))
    found += [*(_broken("loop", b) for b in loop), *_files()]
    found += [*_cards(names), *_profiles(names), *_rights(names)]
    sequence, seal = evidence.head()
    return {"ok": not found, "events": sequence, "head": seal, "heads_checked": len(kept or {}), "due": len(due), "n": len(found),
            "first": found[0] if found else None, "breaks": found[:100]}  # fmt: skip


def _cards(names: dict[int, str]) -> list[dict[str, Any]]:
    """Return report cards that do not say what the ledger sealed when they were issued."""
    return [
        {"what": "report_card", "sequence": None, "subject": names.get(student, str(student)),
         "message": f"issue {issue} of a report card of {names.get(student, student)} is not what was issued",
         "expected": None, "found": f"run {run}"}
        for run, student, issue in report_cards.altered_cards()
    ]  # fmt: skip


def _profiles(names: dict[int, str]) -> list[dict[str, Any]]:
    """Return what is said of learners and is not what the ledger says."""
    return [
        {"what": "profile", "sequence": sequence, "subject": names.get(student, str(student)),
         "message": f"{record} of {names.get(student, student)} is not what event {sequence} says",
         "expected": None, "found": record}
        for student, record, sequence in profiles.altered()
    ] + [
        {"what": "modification", "sequence": None, "subject": names.get(student, str(student)),
         "message": f"the individual goal of modification {name} of {names.get(student, student)}, or its end, stands no more",
         "expected": "individual_goal", "found": str(name)}
        for student, name in profiles.goals_gone()
    ]  # fmt: skip


def _rights(names: dict[int, str]) -> list[dict[str, Any]]:
    """Return requests, statements and kept care that are not what the ledger says."""
    return [
        {"what": "rights", "sequence": sequence or None, "subject": names.get(student, str(student)),
         "message": f"{record} of {names.get(student, student)} is not what the ledger says",
         "expected": None, "found": record}
        for student, record, sequence in rights.altered()
    ]  # fmt: skip


def _broken(what: str, b: Break) -> dict[str, Any]:
    return {"what": what, "sequence": b.sequence, "subject": b.subject, "message": str(b), "expected": b.expected,
            "found": b.found}  # fmt: skip


def _files() -> list[dict[str, Any]]:
    """Return the files of work and of exemplars that are no longer what they were, or are gone."""
    found = []
    kept = [(f"piece {key}", digest) for key, digest in evidence.files_kept()]
    kept += [("exemplar", digest) for digest in sorted(tasks.files_kept())]
    for name, digest in kept:
        path = files.path_of(digest)
        now_is = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
        if now_is != digest:
            message = (
                f"the file of the {name} was altered"
                if path.is_file()
                else f"the file of the {name} is missing"
            )
            found.append(
                {
                    "what": "file",
                    "sequence": None,
                    "subject": "",
                    "message": message,
                    "expected": digest,
                    "found": now_is,
                }
            )
    return found


def _said(standing: Any) -> str:
    return (
        "no row"
        if standing is None
        else f"{standing.state} {standing.value} ({standing.n_counted} of {standing.n_total})"
    )


def say_verify(found: dict[str, Any]) -> str:
    """Say whether everything holds, or name the first that does not."""
    if found["ok"]:
        heads = f", {found['heads_checked']} kept heads agree" if found["heads_checked"] else ""
        due = (
            f" {found['due']:,} determinations are due since a new day began; pages show them afresh."
            if found["due"]
            else ""
        )
        return f"Everything holds: {found['events']:,} events, every rating and determination agrees{heads}.{due}"
    lines = [f"{found['n']} {'place does' if found['n'] == 1 else 'places do'} not agree. The first:"]
    lines += [f"  {one['message']}" for one in found["breaks"][:20]]
    return "\n".join(lines)


def determine(*, apply: bool, policy: Path | None, due: bool = False) -> dict[str, Any]:
    """Replay the ledger and report differences, or try a policy file, or determine again what a new day changed."""
    if due:
        return {"determined": _once_a_day()}
    if policy is not None:
        return laboratory.as_data(laboratory.try_policy(read_policy(policy), name=policy.name, at=now()))
    different = proficiency.redetermine(at=now(), apply=apply)
    people = rosters.people_by_id(person_ids={d.student for d in different})
    rows = [
        {"student": people[d.student].sourced_id if d.student in people else str(d.student),
         "target": frameworks.node(d.target).reference, "stored": _said(d.stored), "replayed": _said(d.expected)}
        for d in different
    ]  # fmt: skip
    return {"differences": rows, "n": len(rows), "applied": apply}


def _once_a_day() -> int:
    from django.conf import settings

    at = now()
    today = at.astimezone(proficiency.zone()).date().isoformat()
    note = settings.HOME / "determined-on"
    if note.exists() and note.read_text(encoding="utf-8") == today:
        return 0
    n = proficiency.bring_up_to_date(at=at)
    note.write_text(today, encoding="utf-8")
    return n


def say_determine(found: dict[str, Any]) -> str:
    """Say what a replay or a trial found."""
    if "determined" in found:
        return f"{found['determined']:,} determinations made again."
    if "edge" in found:
        return "\n".join([
            f"{found['n']} determinations under this policy; nothing was written.",
            f"  would become proficient: {found['moved_in']}", f"  would no longer be: {found['moved_out']}",
            f"  within 0.05 of a cut: {found['edge']}",
        ])  # fmt: skip
    if not found["n"]:
        return "The projection equals a replay of the ledger."
    said = f"{found['n']} determinations differed" + (" and were rebuilt:" if found["applied"] else ":")
    return "\n".join(
        [
            said,
            *(
                f"  {r['student']} {r['target']}: {r['stored']} → {r['replayed']}"
                for r in found["differences"][:50]
            ),
        ]
    )
