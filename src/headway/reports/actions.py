"""Acts on reports: put one together, and release all from a snapshot: asked of the engine, led through the gate, kept beside it.

The engine is loaded where something is released; pages do not release, and read what is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Role, Viewer
from headway.analytics import queries as analytics
from headway.analytics.types import DISTRICT, Engine, Figures, Snapshot
from headway.kit.disk import write_whole
from headway.kit.refusals import Refusal, Sentence
from headway.proficiency import queries as proficiency
from headway.reports.catalog import REPORTS
from headway.reports.models import OwnReport
from headway.reports.queries import as_data, columns_of, every_report, newest_versions, released_in
from headway.reports.queries import report as find
from headway.reports.sets import MOST as MOST_IN_A_SET
from headway.reports.sets import deliver_due, free_key, restore_set, save_set, send_set, withdraw_set
from headway.reports.types import Released, Report, Section

__all__ = [
    "MOST",
    "MOST_IN_A_SET",
    "compare_districts",
    "deliver_due",
    "release_all",
    "release_from",
    "restore_report",
    "restore_set",
    "save_report",
    "save_set",
    "send_set",
    "withdraw_report",
    "withdraw_set",
]

TAKEN = frozenset({*REPORTS, "comparability", "new", "pace", "response", "sets"})
"""Names that no report of the district's own may have: ready reports, live lists, what joined districts are asked, the page that
makes one, and sets."""
MOST = 12


def save_report(
    *, actor: Viewer, title: str, question: str, sections: Sequence[Section], at: datetime, key: str = ""
) -> str:
    """This will put a report together, or change the one of this key, which makes its next version; return its key.

    Its figures come with the next snapshot. Saved as it stands already, it stays the version that it is. Written: version,
    audit entry. Who may: the district. Raises `Refusal`: `forbidden`, `text_missing`, `text_too_long`, `nothing_chosen`,
    `too_much`, `unknown_metric`, `unknown_part`, `unknown_report`.
    """
    title, question = " ".join(title.split()), " ".join(question.split())
    _check(actor, title, question, sections)
    with transaction.atomic():
        known = newest_versions()
        if key and (key not in known or known[key].withdrawn):
            raise Refusal("unknown_report", "There is no such report of your own.")
        key = key or free_key(title, "report", {*TAKEN, *known})
        said = [[one.metric, list(one.by)] for one in sections]
        before = known.get(key)
        if before is None or (before.title, before.question, before.sections) != (title, question, said):
            _next(actor, key, before, title=title, question=question, sections=said, at=at)
        return key


def withdraw_report(*, actor: Viewer, key: str, at: datetime) -> None:
    """This will take a report of the district's own from the list; `restore_report` brings it back. Twice is once.

    Written: version, audit entry. Who may: the district. Raises `Refusal`: `forbidden`, `unknown_report`.
    """
    _turn(actor, key, at, withdrawn=True)


def restore_report(*, actor: Viewer, key: str, at: datetime) -> None:
    """This will bring a withdrawn report back as it was. Written, who may and refusals as for `withdraw_report`."""
    _turn(actor, key, at, withdrawn=False)


def _turn(actor: Viewer, key: str, at: datetime, *, withdrawn: bool) -> None:
    _check_role(actor)
    with transaction.atomic():
        one = newest_versions().get(key)
        if one is None:
            raise Refusal("unknown_report", "There is no such report of your own.")
        if one.withdrawn != withdrawn:
            _next(
                actor, key, one, title=one.title, question=one.question, sections=one.sections, at=at, withdrawn=withdrawn
            )  # fmt: skip


def _next(
    actor: Viewer, key: str, before: OwnReport | None, *, title: str, question: str, sections: list[Any], at: datetime,
    withdrawn: bool = False,
) -> None:  # fmt: skip
    version = 1 if before is None else before.version + 1
    OwnReport.objects.create(
        key=key, version=version, title=title, question=question, sections=sections, withdrawn=withdrawn,
        made_by=actor.name[:200], made_at=at,
    )  # fmt: skip
    record_act(
        actor=actor, act="save_report", kind="report", object_id=key, at=at,
        detail={"version": version, "sections": sections, "withdrawn": withdrawn},
    )  # fmt: skip


def _check_role(actor: Viewer) -> None:
    if not actor.is_a(Role.DISTRICT):
        raise Refusal("forbidden", "The district puts reports together.")


def _check(actor: Viewer, title: str, question: str, sections: Sequence[Section]) -> None:
    _check_role(actor)
    if not title:
        raise Refusal("text_missing", "A report needs a name.")
    if len(title) > 80 or len(question) > 200:
        raise Refusal("text_too_long", "A name has at most 80 characters, a question 200.")
    if not sections:
        raise Refusal("nothing_chosen", "Choose at least one measure.")
    if len(sections) > MOST:
        raise Refusal("too_much", Sentence("At most %(most)s measures stand in one report.", most=MOST))
    for one in sections:
        if one.metric not in analytics.METRICS:
            raise Refusal("unknown_metric", Sentence("There is no measure %(name)s.", name=one.metric))
        for column in one.by:
            if column not in columns_of(analytics.METRICS[one.metric]):
                raise Refusal(
                    "unknown_part",
                    Sentence("%(metric)s is not told apart by %(part)s.", metric=one.metric, part=column),
                )


def release_all(snapshot: Snapshot) -> list[Released]:
    """This will release every report from a snapshot and keep each beside it; return them in the order of the list."""
    from headway.analytics import actions as figuring

    folder = analytics.folder() / snapshot.name
    with figuring.facts_of(folder) as engine:
        # Several reports hold the same figures; each is asked and protected once.
        ask = _asking(engine, figuring.known_releases())
        found = [_released(report, engine, ask, [snapshot], ()) for report in every_report().values()]
    # Before they can be read: what is noted and was never shown costs a cell, what was shown and is not noted a child.
    figuring.note_releases((one for each in found for one in each.figures), on=snapshot.as_of)
    for one in found:
        _keep(released_in(folder, one.report), one)
    return found


def release_from(
    engine: Engine, report: str, *, snapshots: Sequence[Snapshot], districts: Sequence[str] = ()
) -> Released:
    """This will ask one report of an engine that is open on snapshots, through the gate; it is kept nowhere.

    Where `districts` name the snapshots, figures are told apart by district in the place of school.
    """
    return _released(find(report), engine, _asking(engine, {}), snapshots, districts)


def compare_districts(engine: Engine, *, districts: Sequence[str], sql: bool = False) -> list[dict[str, Any]]:
    """This will ask an engine that is open on joined snapshots whether levels mean the same in them; it is kept nowhere.

    Returns rows of figures, or with `sql` the texts that are asked of the facts.
    """
    from headway.reports import comparing

    if sql:
        return [{"of": name, "sql": text} for name, text in comparing.TEXTS.items()]
    return comparing.compared(engine, districts)


Ask = Callable[[str, tuple[str, ...]], Figures]


def _asking(engine: Engine, earlier: Mapping[Any, Any]) -> Ask:
    from headway.analytics import actions as figuring

    minimum = int(proficiency.remembered_book().settings["district"]["minimum_cell"])

    @cache
    def ask(metric: str, by: tuple[str, ...]) -> Figures:
        # What is told by place and part is protected beside what is told by place.
        placed = len(by) == 2 and by[0] in (DISTRICT, "school")
        beside = ask(metric, by[:1]) if placed else None
        return figuring.figures(engine, metric, by, minimum=minimum, earlier=earlier, beside=beside)

    return ask


def _released(
    report: Report, engine: Engine, ask: Ask, snapshots: Sequence[Snapshot], districts: Sequence[str]
) -> Released:
    place = DISTRICT if districts else "school"
    figures = tuple(ask(section.metric, by) for section in report.sections for by in _columns(section, place))
    names = ", ".join(one.name for one in snapshots)
    if districts:
        names = ", ".join(f"{who}={one.name}" for who, one in zip(districts, snapshots, strict=True))
    return Released(
        report.key, names, snapshots[0].as_of, min(one.taken_at for one in snapshots), figures[0].minimum,
        {row["rule"]: str(row["version"]) for row in engine.rows(_RULES)},
        {row["school"]: row["name"] for row in engine.rows(_SCHOOLS)}, figures,
    )  # fmt: skip


_RULES = "SELECT rule, MAX(rule_version) AS version FROM determination GROUP BY rule ORDER BY rule"
_SCHOOLS = "SELECT school, name FROM school ORDER BY school"


def _columns(section: Section, place: str) -> Iterator[tuple[str, ...]]:
    """Yield by which columns a section asks for its metric: by place, and by place and part."""
    kind = analytics.METRICS[section.metric].kind
    if kind in (analytics.STEPS, analytics.EXPLAINED):
        yield from ((column,) for column in section.by) if section.by else ((),)
        return
    yield (place,)
    # The states of a part are told for the district only: by school as well, most of them would be too few.
    whole = kind == analytics.STATES
    for column in section.by:
        yield (column,) if whole else (place, column)


def _keep(path: Path, released: Released) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_whole(path, json.dumps(as_data(released), ensure_ascii=False).encode())
