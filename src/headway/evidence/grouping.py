"""Putting the students of a task into groups that hand in together, after it was given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Viewer
from headway.evidence import chances, handing_in, ledger, offering
from headway.evidence.models import Opportunity, Piece
from headway.evidence.types import OFFERED, TAKEN, WITHDRAWN
from headway.kit.refusals import Refusal, Sentence
from headway.kit.times import micros
from headway.rosters import queries as rosters


def regroup(*, actor: Viewer, offer: UUID, groups: Mapping[UUID, int], at: datetime) -> int:
    """This will put students of a task into groups by the opportunity, 0 for alone; return for how many that changed.

    Who handed in already stays where they are; who is put into a group that handed in gets its piece, also who was in it
    before and is open again. Written: one event for each who changed, one audit entry. Who may: adults who may see them.
    Raises `Refusal`: `unknown_opportunity`, `unknown_group`, `not_open`, `forbidden`, `no_such_person`.
    """
    with transaction.atomic():
        ledger.lock()
        rows = {one.uuid: one for one in chances.of_offer(offer) if one.state != WITHDRAWN}
        if not rows or not set(groups) <= set(rows):
            raise Refusal("unknown_opportunity", "Choose at least one student who was given this.")
        if any(not 0 <= number <= offering.MOST_GROUPS for number in groups.values()):
            raise Refusal(
                "unknown_group",
                Sentence(
                    "A group has a number of up to %(most)s; 0 is alone.",
                    most=offering.MOST_GROUPS,
                ),
            )
        wanted = offering.together({uuid: groups.get(uuid, one.group) for uuid, one in rows.items()})
        taken = {one.group for one in rows.values() if one.state == TAKEN}
        changed = [
            one
            for uuid, one in rows.items()
            if uuid in groups
            and (
                wanted.get(uuid, 0) != one.group
                or (one.state == OFFERED and one.group and one.group in taken)
            )
        ]
        offering.check_seen(actor, (one.student for one in changed), at)
        if any(not one.open for one in changed):
            raise Refusal(
                "not_open", "One of these was handed in, closed or opened since; look at the list again."
            )
        if not changed:
            return 0
        uuids = rosters.person_uuids(person_ids={one.student for one in changed})
        drafts = [
            ledger.Draft(
                "grouped",
                {"opportunity": str(one.uuid), "group": wanted.get(one.uuid, 0), "of": len(changed)},
                uuids[one.student],
                actor.person,
            )
            for one in changed
        ]
        ledger.append(drafts, at_us=micros(at))
        found = list(Opportunity.objects.filter(uuid__in=[one.uuid for one in changed]))
        for row in found:
            row.group = wanted.get(row.uuid, 0)
        Opportunity.objects.bulk_update(found, ["group"], batch_size=200)
        _join(actor, [row.uuid for row in found if row.group], offer, at)
        record_act(
            actor=actor, act="regroup", kind="offer", object_id=offer, detail={"n": len(changed)}, at=at
        )
        return len(changed)


def _join(actor: Viewer, newcomers: list[UUID], offer: UUID, at: datetime) -> None:
    """Give newcomers what their group handed in already; not to who is away."""
    taken = {one.group: one for one in chances.of_offer(offer) if one.state == TAKEN and one.group}
    for one in chances.by_uuid(newcomers):
        mate = taken.get(one.group)
        if mate is not None and one.state == OFFERED:
            piece = Piece.objects.get(key=mate.piece_key)
            handing_in.join(actor=actor, chance=one, piece=piece, at=at)
