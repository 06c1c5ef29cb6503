"""Determinations of a term as OneRoster 1.2 results: one line item per class and target, one result per student.

The competency goes in the learning-objective id (source `case`, the target's identifier). An excused student is
`exempt`; where no level is determined, none is invented: the result is `not submitted` or `partially graded`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.interop.oneroster.write import results_zip
from headway.kit.refusals import Refusal, Sentence
from headway.proficiency import queries as proficiency
from headway.rosters import queries as rosters

CATEGORY = "headway-competencies"
STATUS = {
    "no_evidence": "not submitted", "missed": "not submitted", "not_taught": "not submitted", "excused": "exempt",
    "individual_goal": "exempt", "too_little": "partially graded", "carried": "partially graded", "not_yet": "fully graded",
    "proficient": "fully graded", "beyond": "fully graded",
}  # fmt: skip
GRADED = ("not_yet", "proficient", "beyond")


def export_results(*, term: str, now: datetime) -> tuple[bytes, dict[str, Any]]:
    """Return the zip of a term's results, as they stood at its end (or stand today), and what could not be carried.

    Raises `Refusal("unknown_term")`, `Refusal("no_classes")`.
    """
    found = rosters.find_term(term)
    if found is None:
        raise Refusal(
            "unknown_term",
            Sentence("No academic session has the sourcedId or the only title %(term)s.", term=term),
        )
    today = now.astimezone(proficiency.book().zone).date()
    day = min(today, found.ends_on)
    m = proficiency.moment(now=now, as_of=None if day == today else day)
    classes = rosters.classes_of_term(term_id=found.id)
    if not classes:
        raise Refusal("no_classes", Sentence("No class meets in %(title)s.", title=found.title))
    members = rosters.members(
        class_ids=[c.id for c in classes], as_of=max(min(day, found.ends_on), found.starts_on), viewer=None
    )
    students = sorted({student for listed in members.values() for student in listed})
    standing = proficiency.standings(m, students=students)
    place = _places(classes, members, standing, _raters(students))
    tables, lost = _tables(m, found, classes, place, standing, now)
    counts = {
        "term": found.sourced_id, "as_of": day, "line_items": len(tables["lineItems"]), "results": len(tables["results"]),
        "losses": lost,
    }  # fmt: skip
    return results_zip(tables, system="Headway"), counts


def _raters(students: list[int]) -> dict[tuple[int, int], set[int]]:
    """Return who rated each student on each target."""
    found: dict[tuple[int, int], set[int]] = {}
    for student, target, rater in evidence.rating_rows(
        columns=("student_id", "target_id", "rater_id"), students=students
    ):
        if rater is not None:
            found.setdefault((student, target), set()).add(rater)
    return found


def _places(
    classes: list[Any], members: Mapping[int, list[int]], standing: Mapping[tuple[int, int], Any],
    raters: Mapping[tuple[int, int], set[int]],
) -> dict[tuple[int, int], Any]:  # fmt: skip
    """Put each student and target into one class: where its continuum is worked on, else where the rater teaches."""
    teachers = rosters.teacher_ids(class_ids=[c.id for c in classes])
    attends: dict[int, list[Any]] = {}
    for one in classes:
        for student in members[one.id]:
            attends.setdefault(student, []).append(one)
    found = {}
    for student, target in standing:
        framework = frameworks.node(target).framework
        who = raters.get((student, target), set())
        fitting = [c for c in attends.get(student, ()) if not c.frameworks or framework in c.frameworks]
        if fitting:
            fitting.sort(
                key=lambda c: (
                    framework not in c.frameworks,
                    not (who & teachers.get(c.id, set())),
                    c.sourced_id,
                )
            )
            found[student, target] = fitting[0]
    return found


def _tables(
    m: Any, term: Any, classes: list[Any], place: Mapping[tuple[int, int], Any], standing: Mapping[tuple[int, int], Any],
    now: datetime,
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, int]]:  # fmt: skip
    stamp = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    base = {"status": "active", "dateLastModified": stamp}
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in (
        "lineItems", "results", "scoreScales", "lineItemLearningObjectiveIds", "lineItemScoreScales",
        "resultLearningObjectiveIds", "resultScoreScales")}  # fmt: skip
    tables["categories"] = [{"sourcedId": CATEGORY, **base, "title": "Competencies", "weight": 0}]
    items: dict[tuple[int, int], str] = {}
    scales: dict[tuple[int, str], str] = {}
    people = rosters.people_by_id(person_ids={student for student, _ in place})
    order = sorted(
        place,
        key=lambda p: (
            place[p].sourced_id,
            frameworks.node(p[1]).framework,
            frameworks.node(p[1]).position,
            people[p[0]].sourced_id,
        ),
    )
    for student, target in order:
        school_class, node, s = place[student, target], frameworks.node(target), standing[student, target]
        effective = m.book.effective(node=target, school=school_class.school.sourced_id, on=m.day)
        scale = _scale(tables, scales, base, school_class, effective)
        item = items.get((school_class.id, target))
        if item is None:
            item = items[school_class.id, target] = _line_item(
                tables, base, term, school_class, node, effective, scale
            )
        _result(tables, base, item, people[student].sourced_id, school_class, node, s, effective, scale, m)
    lost = {
        "no_class_for_continuum": len(standing) - len(place),
        "individual_goals_sent_as_exempt": sum(standing[p].state == "individual_goal" for p in place),
        "decisions_sent_without_reason": sum(standing[p].decided for p in place),
    }
    return tables, lost


def _id(*parts: object) -> str:
    return str(uuid5(NAMESPACE_URL, "headway:" + ":".join(str(part) for part in parts)))


def _scale(
    tables: dict[str, list[dict[str, Any]]],
    known: dict[tuple[int, str], str],
    base: dict[str, Any],
    school_class: Any,
    effective: Any,
) -> str:
    key = (school_class.id, effective.scale_key)
    if key not in known:
        known[key] = _id("scale", effective.scale_key, school_class.sourced_id)
        values = [
            f"{{{(level.get('name') or {}).get('en') or format(level['value'], 'g')}:{level['value']:g}}}"
            for level in effective.scale["levels"]
        ]
        tables["scoreScales"].append({
            "sourcedId": known[key], **base, "title": effective.scale_key, "type": "competency",
            "orgSourcedId": school_class.school.sourced_id,
            "courseSourcedId": school_class.course.sourced_id if school_class.course else None,
            "classSourcedId": school_class.sourced_id, "scoreScaleValue": ",".join(values),
        })  # fmt: skip
    return known[key]


def _line_item(
    tables: dict[str, list[dict[str, Any]]],
    base: dict[str, Any],
    term: Any,
    school_class: Any,
    node: Any,
    effective: Any,
    scale: str,
) -> str:
    item = _id("item", term.sourced_id, school_class.sourced_id, node.uuid)
    levels = [level["value"] for level in effective.scale["levels"]]
    tables["lineItems"].append({
        "sourcedId": item, **base, "title": node.called("en")[:255], "description": node.code, "assignDate": term.starts_on,
        "dueDate": term.ends_on, "classSourcedId": school_class.sourced_id, "categorySourcedId": CATEGORY,
        "academicSessionSourcedId": term.sourced_id, "resultValueMin": levels[0], "resultValueMax": levels[-1],
        "schoolSourcedId": school_class.school.sourced_id,
    })  # fmt: skip
    tables["lineItemLearningObjectiveIds"].append({
        "sourcedId": _id("item objective", item), **base, "lineItemSourcedId": item, "source": "case",
        "learningObjectiveId": node.uuid,
    })  # fmt: skip
    tables["lineItemScoreScales"].append({
        "sourcedId": _id("item scale", item), **base, "title": effective.scale_key, "lineItemSourcedId": item,
        "scoreScaleSourcedId": scale,
    })  # fmt: skip
    return item


def _result(
    tables: dict[str, list[dict[str, Any]]], base: dict[str, Any], item: str, student: str, school_class: Any, node: Any, s: Any,
    effective: Any, scale: str, m: Any,
) -> None:  # fmt: skip
    result = _id("result", item, student)
    graded = s.state in GRADED and s.value is not None
    score = s.value / 100 if graded else None
    text = _text(effective.scale, s) if graded else None
    tables["results"].append({
        "sourcedId": result, **base, "lineItemSourcedId": item, "studentSourcedId": student, "scoreStatus": STATUS[s.state],
        "score": score, "scoreDate": _day(s.last_observed_us, m), "comment": None, "textScore": text,
        "classSourcedId": school_class.sourced_id, "inProgress": _truth(s.state in ("too_little", "carried")),
        "incomplete": _truth(not graded and s.state not in ("excused", "individual_goal")), "late": "false",
        "missing": _truth(s.state == "missed"),
    })  # fmt: skip
    tables["resultLearningObjectiveIds"].append({
        "sourcedId": _id("result objective", result), **base, "resultSourcedId": result, "source": "case",
        "learningObjectiveId": node.uuid, "score": score, "textScore": text,
    })  # fmt: skip
    tables["resultScoreScales"].append({
        "sourcedId": _id("result scale", result), **base, "title": effective.scale_key, "resultSourcedId": result,
        "scoreScaleSourcedId": scale,
    })  # fmt: skip


def _text(scale: dict[str, Any], s: Any) -> str | None:
    """Return the name of the highest level that the value reaches; none where the levels have no names."""
    slack = 50 if scale.get("cut") == "nearest" else 0
    reached = [lv for lv in scale["levels"] if s.value >= round(lv["value"] * 100) - slack] or scale[
        "levels"
    ][:1]
    return (reached[-1].get("name") or {}).get("en")


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _day(instant: int | None, m: Any) -> date:
    from headway.kit.times import from_micros

    return m.day if not instant else from_micros(instant).astimezone(m.zone).date()
