"""The why panel: evidence in order, the rule in words, what would change it. The same for every reader, in their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.access.types import Role, Viewer
from headway.calibration import queries as calibration
from headway.calibration.types import Origin
from headway.evidence import queries as evidence
from headway.kit import naming
from headway.pages.parts import tags
from headway.pages.parts.contested import beside
from headway.pages.parts.rules import policy_name, rule_name
from headway.proficiency import queries
from headway.proficiency.queries import AT, Explained
from headway.report_cards.types import Contested
from headway.rosters import queries as rosters
from headway.science.codes import Kind, Override
from headway.science.judgment import Judgment
from headway.science.proficiency import words as spoken

ADULTS = (Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL, Role.DISTRICT)
TO_RATE = "/teacher/rate?piece="
"""How the address of a piece begins for adults of the school."""


@dataclass(frozen=True, slots=True)
class Step:
    """One rating on the trail: its mark, what it was, when, why it counts or does not; `href` of the piece where there is one."""

    key: str
    mark: SafeString
    title: str
    href: str
    observed_us: int
    note: str
    comment: str
    counted: bool


@dataclass(slots=True)
class Panel:
    """What the panel shows. `over` stands above the heading; `band` is for adults of the school only."""

    standing: Any
    scale: dict[str, Any]
    over: str
    target_name: str
    statement: str
    words: str
    decision: str
    trail: list[Step]
    would_change: list[str]
    band: str
    descriptors: list[dict[str, Any]]
    rule_line: str
    found: Explained
    by_policy: list[str]
    contested: Sequence[Contested] = ()
    rate_url: str = ""
    decide_url: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


def panel(
    *,
    viewer: Viewer,
    student: Any,
    target_id: int,
    as_of: date | None,
    now: datetime,
    book: Any,
    over: str,
    rows: Any = None,
    pieces: str = "",
) -> Panel:
    """Return the panel of one student on one target at a moment; the caller has checked who may see the student.

    `rows` are the student's rating rows at the moment, where the caller has them; `pieces` is how the address of a piece
    begins for this reader.
    """
    m = queries.moment(now=now, as_of=as_of, book=book)
    found = queries.judge(m, student=student.id, target=target_id, rows=rows)
    language = get_language() or "en"
    j = found.judgment
    adult = viewer.is_a(*ADULTS)
    return Panel(
        standing=found.standing,
        scale=found.effective.scale,
        over=over,
        target_name=found.target.called(language),
        statement=_statement(viewer, found, language),
        words=naming.say(j.words[language]) if adult else judged_words(j, found.effective.scale),
        decision=decision(found),
        trail=trail(found, peers=adult, pieces=pieces),
        would_change=_would_change(j, found.effective.scale, language),
        band=_band(found) if adult else "",
        descriptors=_descriptors(found, language),
        rule_line=rule_line(found),
        found=found,
        by_policy=by_policy(found),
        contested=beside(student=student.id, target=target_id),
    )


def _would_change(judgment: Judgment, scale: dict[str, Any], language: str) -> list[str]:
    names = {}
    if len(scale["levels"]) <= 6:
        names = {float(level["value"]): tags.level_name(level, language) for level in scale["levels"]}
    said = spoken.would_change(
        judgment.would_change, judgment.engine_state, language, levels=len(scale["levels"]), decided=judgment.decided,
        missing=judgment.missing, names=names,
    )  # fmt: skip
    return [naming.say(said)] if said else []


def judged_words(judgment: Judgment, scale: dict[str, Any]) -> str:
    """Return what is said of a level to students and families: an interval between named levels, not between numbers."""
    language = get_language() or "en"
    text, interval = judgment.words[language], judgment.interval
    if interval is not None and judgment.certainty == "between" and len(scale["levels"]) <= 6:
        sentence = spoken.certainty("between", interval.low, interval.high, language)
        text = text.replace(sentence, _between(spoken.ends(interval.low, interval.high), scale, language))
    return naming.say(text)


def _between(ends: tuple[int, int], scale: dict[str, Any], language: str) -> str:
    """Say between which levels of a scale a level lies: the nearest at or below, and the nearest at or above."""
    levels = sorted(scale["levels"], key=lambda level: level["value"])
    low = next((one for one in reversed(levels) if round(one["value"] * 100) <= ends[0]), levels[0])
    high = next((one for one in levels if round(one["value"] * 100) >= ends[1]), levels[-1])
    said = {"low": tags.level_name(low, language), "high": tags.level_name(high, language)}
    if low is high:
        return (
            _("The level lies near %(low)s; one more piece will help, on a new task rather than an old one.")
            % said
        )
    return (
        _("The level lies between %(low)s and %(high)s; one more piece will help, on a new task rather than an old one.") % said
    )  # fmt: skip


def by_policy(found: Explained) -> list[str]:
    """Say which changes of the level came from a rule and not from evidence, newest last."""
    said = []
    for one in sorted(found.by_policy, key=lambda one: one.day):
        words = {
            "day": tags.day(one.day), "before": tags.say(one.before.state, one.before.value, one.scale), "school": one.school,
            "after": tags.say(one.after.state, one.after.value, found.effective.scale),
        }  # fmt: skip
        if one.school:
            text = _(
                "Since %(day)s the rule of %(school)s holds. On the same evidence the level went from %(before)s to %(after)s."
            )
        else:
            text = _(
                "On %(day)s the rule changed. On the same evidence the level went from %(before)s to %(after)s."
            )
        said.append(text % words)
    return said


def _statement(viewer: Viewer, found: Explained, language: str) -> str:
    """Return what the target asks in the reader's words."""
    if viewer.is_a(*ADULTS):
        return found.target.statement
    return found.target.told(language) if viewer.is_a(Role.FAMILY) else found.target.aim(language)


def rule_line(found: Explained) -> str:
    """Say which rule made the level, in which version, since when, and on how much evidence."""
    policy = found.effective
    return _("Rule: %(rule)s, version %(version)s; policy %(policy)s, number %(number)s, in force since %(day)s; %(pieces)s.") % {
        "rule": rule_name(policy.policy.rule), "version": policy.policy.version, "policy": policy_name(policy.name),
        "number": policy.number,
        "day": tags.day(policy.in_force_on), "pieces": tags.from_pieces(found.standing.n_counted),
    }  # fmt: skip


def trail(found: Explained, *, peers: bool = True, pieces: str = "") -> list[Step]:
    """Return the ratings behind a determination, oldest first; `peers` False keeps to the school which classmate rated.

    `pieces` is how the address of a piece begins; without it no title is a link.
    """
    rows = found.rows
    titles, comments = evidence.titles_and_comments(
        pieces={row[AT["piece"]] for row in rows.values() if row[AT["piece"]]}, keys=rows
    )
    raters = rosters.people_by_id(
        person_ids={row[AT["rater_id"]] for row in rows.values() if row[AT["rater_id"]]}
    )
    weights = {one.key: one.weight for one in found.judgment.counted}
    reasons = {one.key: one.reason for one in found.judgment.excluded}
    origins = calibration.origins(
        keys=[key for key, row in rows.items() if row[AT["kind"]] == Kind.MODERATED]
    )
    steps = []
    for key, row in sorted(rows.items(), key=lambda item: (item[1][AT["observed_us"]], item[0])):
        who = raters.get(row[AT["rater_id"]]) if peers or row[AT["kind"]] != Kind.PEER else None
        steps.append(
            Step(
                key=key,
                mark=_mark(row, found.level(row), found.effective.scale),
                title=titles.get(row[AT["piece"]]) or row[AT["task"]] or _what(row),
                href=pieces + quote(row[AT["piece"]], safe="")
                if pieces and row[AT["piece"]] in titles
                else "",
                observed_us=row[AT["observed_us"]],
                counted=key in weights,
                comment=comments.get(key, ""),
                note=_note(
                    row,
                    _origin(origins[key]) if key in origins else who.name() if who else "",
                    weights.get(key),
                    reasons.get(key),
                    found.level(row),
                ),
            )
        )
    return steps


def _mark(row: Any, level: int | None, scale: dict[str, Any]) -> SafeString:
    status = row[AT["status"]]
    if level is None:
        words = ("no_evidence", "missed", "excused", "too_little", "not_taught", "individual_goal")
        return tags.draw(words[status], None, scale)
    return tags.draw("level", level, scale)


def _what(row: Any) -> str:
    if row[AT["override"]] == Override.DECIDES:
        return _("Decision")
    if row[AT["override"]] == Override.REVERTS:
        return _("Decision taken back")
    if row[AT["override"]] == Override.COMPLETES:
        return _("Requirement completed by a teacher")
    return {
        Kind.SELF: _("Own rating"), Kind.PEER: _("A classmate’s rating"), Kind.PANEL: _("Panel"),
        Kind.MODERATED: _("Moderated rating"),
    }.get(Kind(row[AT["kind"]]), _("Piece of work"))  # fmt: skip


def reason_words(reason: str) -> str:
    """Say why a rating does not carry weight."""
    return {
        "missed": _("Not counted: the chance was missed"), "excused": _("Not counted: excused"),
        "too_little": _("Not counted: too little to rate"), "not_taught": _("Not counted: not taught yet"),
        "individual_goal": _("Not counted: individual goal"), "practice": _("Not counted: practice"),
        "diagnostic": _("Not counted: diagnostic"), "calibration": _("Not counted: calibration"),
        "transfer": _("Not counted: from another school"), "baseline": _("Not counted: the baseline for growth"),
        "self_rating": _("Not counted: own rating"), "peer_rating": _("Not counted: a classmate’s rating"),
        "kind_not_counted": _("Not counted: this kind of rating"), "older_attempt": _("Not counted: a newer attempt stands"),
        "not_lead": _("Not counted: the first teacher’s rating stands"),
        "replaced_by_moderated": _("Not counted: a moderated rating stands"),
        "awaits_moderation": _("Not counted: waits for moderation"), "completes": _("Fills the requirement, sets no level"),
        "decision": _("A teacher’s decision beside the rule"), "reverts_decision": _("Takes the decision back"),
        "other_level": _("Not counted: another level of the continuum"), "not_in_best": _("Not counted: other pieces are better"),
        "modified": _("Not counted: the student’s own target"),
        "outside_window": _("Not counted: outside the window that the rule looks at"),
    }.get(reason, reason.replace("_", " "))  # fmt: skip


def _origin(found: Origin) -> str:
    """Say where a moderated rating comes from, in the place of who entered it."""
    return _("Agreed by %(n)s raters who scored it blind, on %(day)s") % {
        "n": found.raters_n, "day": tags.day(found.finished_at),
    }  # fmt: skip


def _note(row: Any, who: str, weight: float | None, reason: str | None, level: int | None) -> str:
    parts = [who] if who else []
    if level != row[AT["level"]]:
        parts.append(_("given as %(level)s on the scale before") % {"level": tags.number(row[AT["level"]])})
    if row[AT["attempt"]] > 1:
        parts.append(_("attempt %(n)s") % {"n": row[AT["attempt"]]})
    if weight is not None:
        parts.append(_("counts for %(share)s %%") % {"share": round(weight * 100)})
    elif reason:
        parts.append(reason_words(reason))
    if row[AT["setting"]]:
        parts.append(row[AT["setting"]])
    return " · ".join(parts)


def decision(found: Explained) -> str:
    """Say what the rule gives beside a decision, and how many pieces came since; nothing where nobody decided."""
    if not found.standing.decided:
        return ""
    engine = tags.say(found.standing.engine_state, found.standing.engine_value, found.effective.scale)
    since = found.standing.since_decision
    return _("By the rule it would be: %(engine)s. Pieces since this decision: %(since)s.") % {
        "engine": engine,
        "since": since,
    }


def _band(found: Explained) -> str:
    interval = found.judgment.interval
    if interval is None:
        return _("No interval: fewer pieces than required, or the rule gives none.")
    source = _("assumed spread of ratings") if interval.source == "assumed" else interval.source
    return _("80 %% band: %(low)s to %(high)s (%(source)s).") % {
        "low": f"{interval.low:.1f}", "high": f"{interval.high:.1f}", "source": source}  # fmt: skip


def _descriptors(found: Explained, language: str) -> list[dict[str, Any]]:
    levels = found.effective.scale["levels"]
    texts = found.target.descriptors
    if len(texts) != len(levels) or len(levels) > 6:
        return []
    return [
        {"mark": tags.draw("level", round(level["value"] * 100), found.effective.scale), "text": text,
         "name": tags.level_name(level, language)}
        for level, text in zip(levels, texts, strict=True)
    ]  # fmt: skip
