"""What was said about a student's work: the comment first, with its level, who said it and when; never a bare level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.pages.parts import tags
from headway.pages.parts.learning import ADULTS, Learner, language
from headway.pages.parts.loop import titled
from headway.proficiency.queries import AT, Row, level_now
from headway.rosters import queries as rosters
from headway.science.codes import Override, Purpose

_LOOKED_THROUGH = 80
# A rating made to calibrate raters is not about the student; practice is between student and teacher.
FOR_STUDENT = (Purpose.EVIDENCE, Purpose.PRACTICE, Purpose.DIAGNOSTIC, Purpose.MODIFIED)
FOR_FAMILY = (Purpose.EVIDENCE, Purpose.MODIFIED)
STATUS = ("no_evidence", "missed", "excused", "too_little", "not_taught", "individual_goal")


@dataclass(frozen=True, slots=True)
class Said:
    """One rating with what was said: `title` of the work, else the target's name; `work` the key of the piece."""

    key: str
    work: str
    title: str
    target: int
    target_name: str
    line_name: str
    mark: SafeString
    words: str
    comment: str
    who: str
    observed_us: int
    attempt: int
    practice: bool
    decision: bool


def newest(
    learners: Sequence[Learner],
    *,
    limit: int,
    purposes: Sequence[int] = FOR_STUDENT,
    titles: dict[str, str] | None = None,
) -> dict[int, list[Said]]:
    """Return the newest comments by adults on each student's work, newest first. Three statements for all students.

    `purposes` says which ratings the reader may read about; `titles` are those of the work by key, where the caller has them.
    """
    candidates: dict[int, list[Row]] = {}
    for one in learners:
        own = [r for r in one.rows if r[AT["kind"]] in ADULTS and r[AT["purpose"]] in purposes]
        own.sort(key=lambda r: (r[AT["observed_us"]], r[AT["key"]]), reverse=True)
        candidates[one.person.id] = own[:_LOOKED_THROUGH]
    comments = evidence.comments(keys=[row[AT["key"]] for rows in candidates.values() for row in rows])
    chosen = {
        who: [row for row in rows if row[AT["key"]] in comments][:limit] for who, rows in candidates.items()
    }
    return _told(learners, chosen, comments, titles)


def _mark(row: Row, mark: SafeString) -> SafeString:
    """Return the mark; one on an own target says so, because its level is none of the continuum."""
    if row[AT["purpose"]] != Purpose.MODIFIED:
        return mark
    return format_html('{} <span class="tag">{}</span>', mark, _("own target"))


def about(learner: Learner, rows: Sequence[Row]) -> list[Said]:
    """Return these ratings with their comments, newest first. Three statements."""
    ordered = sorted(rows, key=lambda r: (r[AT["observed_us"]], r[AT["key"]]), reverse=True)
    comments = evidence.comments(keys=[row[AT["key"]] for row in ordered])
    return _told([learner], {learner.person.id: ordered}, comments)[learner.person.id]


def _told(
    learners: Sequence[Learner],
    chosen: dict[int, list[Row]],
    comments: dict[str, str],
    titles: dict[str, str] | None = None,
) -> dict[int, list[Said]]:
    rows = [row for own in chosen.values() for row in own]
    if titles is None:
        titles = evidence.piece_titles(keys={r[AT["piece"]] for r in rows if r[AT["piece"]]}) if rows else {}
    raters = {row[AT["rater_id"]] for row in rows if row[AT["rater_id"]]}
    people = rosters.people_by_id(person_ids=raters) if raters else {}
    return {
        one.person.id: [_one(one, row, comments, titles, people) for row in chosen.get(one.person.id, ())]
        for one in learners
    }


def _one(learner: Learner, row: Row, comments: dict[str, str], titles: dict[str, str], people) -> Said:  # type: ignore[no-untyped-def]
    node = frameworks.node(row[AT["target_id"]])
    tree = frameworks.tree(node.framework_id, at=frameworks.remembered_stamp())
    scale = learner.effective(node).scale
    level = level_now(learner.m, row, school=learner.school)
    state = "level" if level is not None else STATUS[row[AT["status"]]]
    rater = people.get(row[AT["rater_id"]])
    # Which classmate said it stays with the teacher.
    named = rater is not None and (row[AT["kind"]] in ADULTS or rater.id == learner.person.id)
    name = node.called(language())
    return Said(
        key=row[AT["key"]],
        work=row[AT["piece"]],
        title=titled(titles.get(row[AT["piece"]]) or row[AT["task"]] or name, [node.id]),
        target=node.id,
        target_name=name,
        line_name=tree.framework.called(language()),
        mark=_mark(row, tags.draw(state, level, scale)),
        words=tags.say(state, level, scale),
        comment=comments.get(row[AT["key"]], ""),
        who=rater.name() if named else _("A classmate") if row[AT["kind"]] not in ADULTS else "",
        observed_us=row[AT["observed_us"]],
        attempt=row[AT["attempt"]],
        practice=row[AT["purpose"]] == Purpose.PRACTICE,
        decision=row[AT["override"]] != Override.NONE,
    )
