"""What the demonstration's middle years handed in for a task that everybody knows, rated by their own teachers as on any day."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from headway.access.types import SYSTEM
from headway.demo.people import Cast, student_id
from headway.demo.problems import PROBLEMS
from headway.demo.years import Person
from headway.evidence import actions as evidence
from headway.evidence.types import Work
from headway.frameworks import queries as frameworks
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as standings
from headway.tasks.types import TaskView, rated_on

GRADES = (6, 7, 8, 9)
ENDINGS = (
    "", "I asked at home and they got the same.", "At first I had it the other way round.", "I did it twice.",
    "The numbers are from last week.", "I would like to try it with other numbers.", "I talked about it with my table.",
)  # fmt: skip
NAMED = 0.25
"""By how much the everyday ratings of the demonstration lie above what others see; no group is treated otherwise."""
NOISE = 0.45


def build(who: Cast, ids: dict[str, Person], steady: list[int], task: TaskView, at: datetime) -> None:
    """Let `steady` students of the middle years hand in a problem of their own, and their teachers rate it."""
    rng, calm, n = np.random.default_rng(23), set(steady), 0
    targets = [frameworks.node(one) for one in dict.fromkeys(line.target for line in task.criteria)]
    for one in who.classes:
        if one.subject != "MA" or one.grade not in GRADES:
            continue
        lead, rows = ids[one.teacher], []
        for number in (student for student in one.students if student in calm):
            title, words, quality = PROBLEMS[n % len(PROBLEMS)]
            person, key = ids[student_id(number)], f"demo-everyday-{one.sourced_id}-{number}"
            evidence.hand_in(actor=SYSTEM, work=Work(
                key=key, student=person.id, student_uuid=person.uuid, targets=tuple(node.id for node in targets),
                target_uuids=tuple(node.uuid for node in targets), title=title,
                words=f"{words} {ENDINGS[n % len(ENDINGS)]}".strip(),
            ), at=at)  # fmt: skip
            n += 1
            rows += [
                {"key": f"{key}-{place}", "student": student_id(number), "target": str(node.uuid), "evidence": key,
                 "level": int(np.clip(round(quality + NAMED - 0.1 * place + rng.normal(0, NOISE)), 1, 4)),
                 "kind": "teacher", "purpose": "evidence", "observed_at": (at + timedelta(days=2)).isoformat(),
                 "rater": one.teacher, "task": rated_on(task.task, task.number)}
                for place, node in enumerate(targets)
            ]  # fmt: skip
        if rows:
            teacher = replace(SYSTEM, person=lead.uuid, person_id=lead.id, name=one.teacher)
            proficiency.record_rows(
                actor=teacher, rows=rows, at=at + timedelta(days=2), book=standings.book()
            )
