"""What stands on a card: plain data in every language of the product, made at a moment and then frozen.

Words of levels come with the scale, names with both languages, so that a card reads tomorrow as it read on its day. Held
ratings are not among the rows that a card is made from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any

from headway.frameworks import queries as frameworks
from headway.frameworks.types import ACADEMIC, FrameworkView, NodeView, Tree
from headway.kit.times import micros
from headway.plans import queries as plans
from headway.proficiency import queries as proficiency
from headway.proficiency.queries import Line, Moment, Row
from headway.report_cards.types import CommentView, Contested, IncompleteView, RunView, StatementView
from headway.science.rounding import hundredths

LANGUAGES = ("en", "es")
BATCH = 200


def compose(
    m: Moment,
    run: RunView,
    people: Sequence[Any],
    *,
    comments: Mapping[tuple[int, int], CommentView],
    incompletes: Mapping[tuple[int, int], IncompleteView],
    statements: Mapping[int, StatementView],
    contested: Mapping[int, Sequence[Contested]],
) -> dict[int, dict[str, Any]]:
    """Return the content of each student's card at the moment. Six statements at most for every 200 students."""
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(people), BATCH):
        part = people[start : start + BATCH]
        ids = [person.id for person in part]
        rows = proficiency.rows_of(m, students=ids)
        standings = proficiency.standings_of(m, rows)
        own: dict[int, list[Row]] = {key: [] for key in ids}
        for row in rows:
            own[row[0]].append(row)
        paces = _paces(m, ids, rows)
        for person in part:
            maker = _Maker(m, run, person, own[person.id], standings, paces.get(person.id, []))
            content = maker.content(comments, incompletes, statements.get(person.id))
            if said := maker.contested(contested.get(person.id, ()), content):
                content["contested"] = said
            found[person.id] = content
    return found


def digest_of(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a card's content in its one canonical form."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _paces(m: Moment, ids: Sequence[int], rows: Sequence[Row]) -> dict[int, list[dict[str, Any]]]:
    held = plans.plans_of(ids, m.day)
    every = [plan for key in ids for plan in held[key]]
    found: dict[int, list[dict[str, Any]]] = {}
    for plan, row in zip(every, plans.pace_of(m, ids, rows=rows, held=held), strict=True):
        areas = sorted({frameworks.node(item.target).framework for item in plan.items})
        found.setdefault(plan.student, []).append(
            {"title": plan.title or plan.plan, "state": row.state, "filled": row.filled, "required": row.required, "n": row.n,
             "areas": areas, "ends_on": plan.ends_on.isoformat()}
        )  # fmt: skip
    return found


def names(one: FrameworkView | NodeView) -> dict[str, str]:
    """Return what a continuum or an item is called in every language."""
    return {language: one.called(language) for language in LANGUAGES}


class _Maker:
    """Makes the card of one student."""

    def __init__(
        self,
        m: Moment,
        run: RunView,
        person: Any,
        rows: list[Row],
        standings: Mapping[Any, Any],
        paces: list[Any],
    ) -> None:
        self.m, self.run, self.person, self.rows, self.standings = m, run, person, rows, standings
        self.paces = paces
        self.since = micros(datetime.combine(run.starts_on, time(), m.zone))
        self.scales: dict[str, Any] = {}

    def content(
        self, comments: Mapping[Any, CommentView], incompletes: Mapping[Any, IncompleteView], statement: Any
    ) -> dict[str, Any]:
        areas, habits = [], []
        for line, tree in self._lines(comments, incompletes):
            if line.framework.kind == ACADEMIC:
                pair = (self.person.id, line.framework.id)
                areas.append(self._area(line, tree, comments.get(pair), incompletes.get(pair)))
            elif rows := self._rows(tree, self._shown(tree, line)):
                habits.append({"area": line.framework.key, "name": names(line.framework), "rows": rows})
        return {
            "student": self.person.name(), "grade": self.person.grade, "school": self.run.school_name, "term": self.run.term,
            "starts_on": self.run.starts_on.isoformat(), "ends_on": self.run.ends_on.isoformat(),
            "as_of": self.m.day.isoformat(), "areas": areas, "habits": habits, "scales": self.scales,
            "statement": None if statement is None else {
                "text": statement.text, "said_by": statement.said_by,
                "day": statement.written_at.astimezone(self.m.zone).date().isoformat()},
        }  # fmt: skip

    def contested(self, said: Sequence[Contested], content: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return what stands with contested items: those of an area or habit that the card shows, and those of no target."""
        shown = {one["area"] for one in (*content["areas"], *content["habits"])}
        found = []
        for one in said:
            node = None if one.target is None else frameworks.node(one.target)
            if node is None or node.framework in shown:
                found.append(
                    {"kind": one.kind, "target": None if node is None else names(node), "text": one.text,
                     "said_by": one.said_by, "day": one.written_at.astimezone(self.m.zone).date().isoformat()}
                )  # fmt: skip
        return found

    def _lines(self, comments: Mapping[Any, Any], incompletes: Mapping[Any, Any]) -> list[tuple[Line, Tree]]:
        """Return the lines with evidence, or with something that an adult wrote, by name."""
        found = []
        for view in frameworks.frameworks(at=frameworks.remembered_stamp()):
            tree = frameworks.tree(view.id, at=frameworks.remembered_stamp())
            line = proficiency.line_of(
                self.m,
                tree,
                student=self.person.id,
                grade=self.person.grade,
                standings=self.standings,
            )
            pair = (self.person.id, view.id)
            if line.last_observed_us is not None or pair in comments or pair in incompletes:
                found.append((line, tree))
        return found

    def _shown(self, tree: Tree, line: Line) -> list[NodeView]:
        """Return the targets to show: with evidence of this term, or at the level where the student works."""
        found = []
        for node in tree.targets(on=self.m.day):
            standing = self.standings.get((self.person.id, node.id))
            if standing is None or standing.state == "no_evidence":
                continue
            at_work = line.working.level is not None and (node.level or 1) == line.working.level
            if at_work or (standing.last_observed_us or 0) >= self.since:
                found.append(node)
        return found

    def _rows(self, tree: Tree, nodes: Sequence[NodeView]) -> list[dict[str, Any]]:
        found = []
        for node in nodes:
            standing, policy = self.standings[self.person.id, node.id], self._effective(node)
            self.scales[policy.scale_key] = policy.scale
            row = {
                "target": node.reference, "name": names(node), "level": node.level, "state": standing.state,
                "value": standing.value, "scale": policy.scale_key, "n": standing.n_counted, "decided": standing.decided,
            }  # fmt: skip
            if standing.lacking and not standing.decided:
                row["lacking"] = [list(one) for one in standing.lacking]
            found.append(row)
        return found

    def _effective(self, node: NodeView) -> Any:
        return self.m.book.effective(node=node.id, school=self.run.school_sourced_id, on=self.m.day)

    def _area(
        self, line: Line, tree: Tree, comment: CommentView | None, incomplete: IncompleteView | None
    ) -> dict[str, Any]:
        nodes = self._shown(tree, line)
        rows = self._rows(tree, nodes)
        return {
            "area": line.framework.key, "name": names(line.framework), "level": line.working.level,
            "expected": line.expected, "reached": line.working.reached, "targets": line.working.targets,
            "n": sum(row["n"] for row in rows), "rows": rows, "rules": self._rules(nodes),
            "pace": [one for one in self.paces if line.framework.key in one["areas"]],
            "growth": self._growth(line, tree), "comment": _comment(comment), "incomplete": _incomplete(incomplete),
        }  # fmt: skip

    def _rules(self, nodes: Sequence[NodeView]) -> list[dict[str, Any]]:
        """Return the rules that made the levels, each with its version, its policy and the pieces that it counted."""
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        for node in nodes:
            one = self._effective(node)
            policy, key = one.policy, (one.name, one.number, one.policy.rule)
            n = self.standings[self.person.id, node.id].n_counted + found.get(key, {}).get("n", 0)
            found[key] = {
                "n": n,
                "rule": policy.rule, "version": policy.version, "policy": one.name, "number": one.number,
                "in_force_on": one.in_force_on.isoformat(),
                "words": {each: policy.chosen.words(policy.parameters, each) for each in LANGUAGES},
            }  # fmt: skip
        return [found[key] for key in sorted(found)]

    def _growth(self, line: Line, tree: Tree) -> dict[str, Any]:
        found = proficiency.growth_on(self.m, tree, line, student=self.person.id, rows=self.rows, points=2)
        if found.rate is None:
            return {"rate": None, "reason": found.reason, "weeks": int(found.weeks), "n": found.n}
        (begun, first), (_, last) = found.points
        rate, first, last = (int(hundredths(value)) for value in (found.rate, first, last))
        return {"rate": rate, "from": first, "since": begun.isoformat(), "to": last, "n": found.n}


def _comment(one: CommentView | None) -> dict[str, Any] | None:
    if one is None:
        return None
    said: dict[str, Any] = {"text": one.text, "language": one.language, "author": one.author}
    if one.translation:
        said |= {"translation": one.translation, "translation_language": one.translation_language,
                 "machine": one.machine, "checked_by": one.checked_by}  # fmt: skip
    return said


def _incomplete(one: IncompleteView | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {"owner": one.owner_name, "reason": one.reason, "expires_on": one.expires_on.isoformat()}


# What a reissue changed.


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what differs between two contents of one card: `what`, the area and target where there is one, `was`, `is`."""
    found: list[dict[str, Any]] = []
    for group in ("areas", "habits"):
        olds = {one["area"]: one for one in before[group]}
        news = {one["area"]: one for one in after[group]}
        for key in dict.fromkeys([*olds, *news]):
            found += _between(olds.get(key) or {}, news.get(key) or {})
    for what in ("statement", "contested", "student", "grade"):
        if before.get(what) != after.get(what):
            found.append({"what": what, "was": before.get(what), "is": after.get(what)})
    return found


def _without(row: Mapping[str, Any] | None, name: str) -> dict[str, Any] | None:
    return None if row is None else {key: value for key, value in row.items() if key != name}


def _between(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    name = (new or old)["name"]
    found: list[dict[str, Any]] = []
    olds, news = ({row["target"]: row for row in one.get("rows", ())} for one in (old, new))
    for target in dict.fromkeys([*olds, *news]):
        was, now = olds.get(target), news.get(target)
        # What is still asked follows from the pieces and the rules, which are compared.
        if _without(was, "lacking") != _without(now, "lacking"):
            row = now or was or {}
            found.append({"what": "target", "area": name, "target": row["name"], "was": was, "is": now})
    for what in ("level", "reached", "pace", "growth", "comment", "incomplete"):
        if old.get(what) != new.get(what):
            found.append({"what": what, "area": name, "was": old.get(what), "is": new.get(what)})
    # How many pieces a rule counted is said with each target; other words for the same rule in the same version are no change.
    was, now = ([{**rule, "n": 0, "words": {}} for rule in one.get("rules", ())] for one in (old, new))
    if was != now:
        found.append({"what": "rules", "area": name, "was": was, "is": now})
    return found
