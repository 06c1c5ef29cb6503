"""Packs of tasks between districts: out as a file, in with a plan first."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from headway.access.types import SYSTEM
from headway.kit.disk import write_whole
from headway.kit.refusals import Refusal
from headway.kit.times import now
from headway.pages.parts import files
from headway.tasks import actions, queries


def export_tasks(out: Path, *, license: str, tasks: list[str]) -> dict[str, Any]:
    """Write tasks that are offered (none named: all) to a file, under a license."""
    try:
        wanted = [UUID(one) for one in tasks]
    except ValueError as error:
        raise Refusal("unknown_task", "A task is named by its identifier, as in its address.") from error
    data = actions.export_pack(
        actor=SYSTEM,
        tasks=wanted,
        license=license,
        at=now(),
        content=lambda digest: files.path_of(digest).read_bytes(),
    )
    pack = queries.read_pack(data)
    write_whole(out, data)
    return {"file": out.name, "tasks": len(pack.tasks), "license": pack.license, "digest": pack.digest}


def import_tasks(path: Path, *, plan: bool, matching: bool) -> dict[str, Any]:
    """Take a pack in, or show what it would bring."""
    pack = queries.read_pack(path.read_bytes(), file=path.name)
    found = actions.import_pack(
        actor=SYSTEM, pack=pack, at=now(), store=files.store, matching=matching, plan_only=plan
    )
    return {"plan": plan, **found.as_dict()}


def say_tasks(found: dict[str, Any]) -> str:
    """Say in lines what a pack brought, or would bring."""
    if "file" in found:
        return f"{found['tasks']} tasks written to {found['file']}, {found['license']}."
    lines = [
        f"From {found['district']}, {found['license']}{' (plan: nothing is written)' if found['plan'] else ''}"
    ]
    lines += [f"{what.replace('_', ' ')}: {found[what]}" for what in ("new", "version", "same", "left_out")]
    lines += [f"  {one['title']}: {fault['message']}" for one in found["tasks"] for fault in one["faults"]]
    return "\n".join(lines)
