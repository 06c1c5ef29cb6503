"""Acts on the task bank. Each is one transaction, audited."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from headway.rosters import actions as rosters
from headway.tasks import exchanging, filing, validating, writing
from headway.tasks.models import Task, TaskVersion, Validation, ValidityEntry, Verdict

draft_task = writing.draft_task
write_draft = writing.write_draft
revise_task = writing.revise_task
discard_draft = writing.discard_draft
publish_task = writing.publish_task
retire_task = writing.retire_task
restore_task = writing.restore_task
add_exemplar = writing.add_exemplar
remove_exemplar = writing.remove_exemplar
open_validation = validating.open_validation
ask_member = validating.ask_member
release_member = validating.release_member
give_verdict = validating.give_verdict
close_validation = validating.close_validation
export_pack = exchanging.export_pack
import_pack = exchanging.import_pack
add_validity_entry = filing.add_validity_entry
withdraw_validity_entry = filing.withdraw_validity_entry


def follow(joining: rosters.Joining) -> None:
    """This will move what a person wrote and judged with a merge or back with its split; of two verdicts in one validation the
    one of the person who stays stands. For `rosters.actions.register_follower`.
    """
    if joining.of is not None:
        for model in (Task, TaskVersion, Validation, ValidityEntry, Verdict):
            joining.put_back(model)
        return
    person: Any = joining.person
    joining.move(list(Task.objects.filter(made_by=person).order_by("id")), "made_by_id")
    joining.move(list(TaskVersion.objects.filter(written_by=person).order_by("id")), "written_by_id")
    joining.move(list(ValidityEntry.objects.filter(written_by=person).order_by("id")), "written_by_id")
    by = Validation.objects.filter(Q(opened_by=person) | Q(closed_by=person)).order_by("id")
    joining.move(list(by), "opened_by_id", "closed_by_id")
    both = Verdict.objects.filter(member=joining.into).values("validation")
    joining.move(
        list(Verdict.objects.filter(member=person).exclude(validation__in=both).order_by("id")), "member_id"
    )
