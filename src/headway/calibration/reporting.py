"""Makes the reports of a session from its records and keeps them: each rater's own row, and one for the group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from headway.calibration import figures, gathering, leanings, pooling
from headway.calibration.models import AnchorLevel, CalibrationReport, CalibrationSession, Score
from headway.calibration.revealed import second_round_told
from headway.calibration.types import FINISHED, RESCORING
from headway.frameworks import queries as frameworks
from headway.rosters import queries as rosters
from headway.tasks.types import rated_on


def make_reports(*, session: int, at: datetime) -> int:
    """This will make a session's reports anew; returns how many. Works that were scored in part count as far as they go.

    Written: reports. For the worker, in its transaction.
    """
    row = CalibrationSession.objects.select_related("version").get(pk=session)
    raters = list(row.raters.filter(withdrawn_at=None).select_related("school").order_by("id"))
    criteria = list(row.version.criteria.select_related("target").order_by("position"))
    lines = [one.pk for one in criteria]
    scores = figures.Scores.of(_rows(row, 1))
    numbers = dict(row.works.values_list("id", "number"))
    names = {one.pk: str(one.uuid) for one in criteria}
    anchors = _anchors(row)
    fit = figures.fitted(scores)
    levels = [one["level"] / 100 for one in row.version.levels]
    again = _rows_of_anchors(row)
    changes = _changes(row)
    many = _many(gathering.revealed_until(at))
    leans = leanings.by_rater(many.beside, many.groups, many.minimum)
    reports = []
    for rater in raters:
        body = figures.own_report(
            scores, rater.pk, fit, anchors, levels, lines, figures.drift(again, rater.person_id, row.pk),
            changes.get(rater.pk, {}) if row.state == FINISHED else {},
        )  # fmt: skip
        body["by_group"] = leanings.own(many.beside, rater.person_id, many.groups, many.minimum, leans)
        reports.append(
            CalibrationReport(session=row, rater=rater, made_at=at, body=_named(body, numbers, names))
        )
    body = figures.group_report(
        scores, lines, {one.pk: _area(one.target_id) for one in criteria},
        {one.pk: one.school.name if one.school else "" for one in raters}, anchors,
    )  # fmt: skip
    body["second"] = _all_changes(changes) if row.state == FINISHED and second_round_told(row.pk) else {}
    body["gaps"] = _gaps(row, scores) if row.kind == RESCORING else []
    body["pooled"] = _pooled(row, at) if row.state == FINISHED else {}
    body["task"] = _of_task(row) if row.state == FINISHED else {}
    body["unfinished"] = sum(one.submitted_1_at is None for one in raters)
    reports.append(CalibrationReport(session=row, made_at=at, body=_named(body, numbers, names)))
    with transaction.atomic():
        CalibrationReport.objects.filter(session=row).delete()
        CalibrationReport.objects.bulk_create(reports)
    return len(reports)


@dataclass(frozen=True, slots=True)
class _Many:
    """What one session is too small for: levels of two years beside a second reading, whose group is which, the least number."""

    beside: gathering.Beside
    groups: Mapping[str, set[int]]
    minimum: int


def _many(sessions: Sequence[int]) -> _Many:
    scores = gathering.blind(sessions)
    beside = gathering.beside_second_reading(scores)
    groups = rosters.demographic_groups(person_ids=set(beside.student.tolist()))
    return _Many(beside, groups, int(rosters.district().settings.get("minimum_cell", leanings.FEWEST)))


def _pooled(row: CalibrationSession, at: datetime) -> dict[str, Any]:
    """Return what leaders read over the finished sessions of the year in which this one was finished; nobody is named."""
    day = (row.finished_at or at).date()
    many = _many(gathering.finished_until(at))
    name, sessions = gathering.finished_in_year(day, at)
    schools = {one.id: one.name for one in rosters.schools()}
    return {
        "year": name, "sessions": len(sessions), **pooling.year(gathering.blind(sessions), schools),
        "by_group": leanings.common(many.beside, many.groups, many.minimum),
    }  # fmt: skip


def _of_task(row: CalibrationSession) -> dict[str, Any]:
    """Return what the finished sessions of this version of the task tell, for its validity file; nobody is named."""
    version = row.version
    scores = gathering.blind(gathering.finished_of_version(version.pk))
    targets = set(version.criteria.values_list("target_id", flat=True))
    works, students = gathering.everyday_works(rated_on(version.task.uuid, version.number), targets)
    least = leanings.least(int(rosters.district().settings.get("minimum_cell", leanings.FEWEST)))
    return {**pooling.of_task(scores), "everyday": works if students >= least else None, "least": least}


def _rows(row: CalibrationSession, round_: int) -> list[tuple[int, int, int, int]]:
    found = Score.objects.filter(seat__work__session=row, seat__rater__withdrawn_at=None, round=round_)
    return list(found.order_by("id").values_list("seat__rater_id", "seat__work_id", "criterion_id", "level"))


def _anchors(row: CalibrationSession) -> dict[tuple[int, int], float]:
    found = AnchorLevel.objects.filter(sample__uses__in=row.works.filter(as_anchor=True)).values_list(
        "sample_id", "criterion_id", "level"
    )
    works = dict(row.works.values_list("sample_id", "id"))
    return {(works[sample], criterion): level / 100 for sample, criterion, level in found}


def _rows_of_anchors(row: CalibrationSession) -> list[tuple[int, int, int, int, int]]:
    """Return all blind scores of this session's anchors, in every session up to this one: what drift is seen by."""
    found = Score.objects.filter(
        seat__work__sample__in=row.works.filter(sample__anchor=True).values("sample_id"), round=1,
        seat__rater__withdrawn_at=None, seat__work__session__revealed_at__isnull=False,
        seat__work__session__revealed_at__lte=row.revealed_at,
    )  # fmt: skip
    return list(found.order_by("id").values_list(
        "seat__work__session_id", "seat__rater__person_id", "seat__work__sample_id", "criterion_id", "level"))  # fmt: skip


def _changes(row: CalibrationSession) -> dict[int, dict[str, int]]:
    """Return, per rater, how many of the scores of the second round differ from the first, and how many were compared."""
    first = {(rater, work, line): level for rater, work, line, level in _rows(row, 1)}
    found: dict[int, dict[str, int]] = {}
    for rater, work, line, level in _rows(row, 2):
        if (rater, work, line) in first:
            own = found.setdefault(rater, {"changed": 0, "of": 0})
            own["of"] += 1
            own["changed"] += level != first[rater, work, line]
    return found


def _all_changes(changes: dict[int, dict[str, int]]) -> dict[str, int]:
    return {name: sum(one[name] for one in changes.values()) for name in ("changed", "of")}


def _area(target: int) -> str:
    """Return the row key of the area in which a target lies, as text: each reader has its name in their own language."""
    node = frameworks.node(target)
    above = frameworks.tree(node.framework_id).ancestors(node.id)
    return str(above[0] if above else node.id)


def _gaps(row: CalibrationSession, scores: figures.Scores) -> list[dict[str, Any]]:
    lines = dict(row.version.criteria.values_list("uuid", "id"))
    works = list(row.works.select_related("sample__school"))
    local = {
        (one.pk, lines[uuid]): one.local[str(uuid)] / 100
        for one in works
        for uuid in lines
        if str(uuid) in one.local
    }
    schools = {one.pk: one.sample.school.name for one in works if one.sample.school}
    return figures.gaps(scores, local, schools, gathering.everyday_raters(works))


def _named(body: Any, numbers: dict[int, int], names: dict[int, str]) -> Any:
    """Return a report with works by their number and criteria by their uuid, as readers know them."""
    if isinstance(body, list):
        return [_named(one, numbers, names) for one in body]
    if not isinstance(body, dict):
        return body
    found = {key: _named(value, numbers, names) for key, value in body.items()}
    if isinstance(found.get("criterion"), int):
        found["criterion"] = names[found["criterion"]]
    if isinstance(found.get("work"), int):
        found["work"] = numbers.get(found["work"])
    return found
