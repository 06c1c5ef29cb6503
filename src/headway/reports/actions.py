"""Acts on reports: put one together, change it, withdraw it; release all, and let sets come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Role, Viewer
from headway.analytics import queries as analytics
from headway.analytics.types import Engine
from headway.kit.refusals import Refusal, Sentence
from headway.reports.catalog import REPORTS
from headway.reports.models import OwnReport
from headway.reports.queries import columns_of, newest_versions, populations
from headway.reports.releasing import release_all, release_from
from headway.reports.sets import MOST as MOST_IN_A_SET
from headway.reports.sets import deliver_due, free_key, restore_set, save_set, send_set, withdraw_set
from headway.reports.types import Section

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
    *, actor: Viewer, title: str, question: str, sections: Sequence[Section], at: datetime, key: str = "",
    population: Sequence[str] = (),
) -> str:  # fmt: skip
    """This will put a report together, or change the one of this key, which makes its next version; return its key.

    `population` is a column of students and the one part of it that the report is of, empty for all of them.

    Its figures come with the next snapshot. Saved as it stands already, it stays the version that it is. Written: version,
    audit entry. Who may: the district. Raises `Refusal`: `forbidden`, `text_missing`, `text_too_long`, `nothing_chosen`,
    `too_much`, `unknown_metric`, `unknown_part`, `unknown_population`, `of_all_only`, `unknown_report`.
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
        _check_population(population, sections, before.population if before else [])
        new = {"title": title, "question": question, "sections": said, "population": list(population)}
        if before is None or new != _said(before):
            _next(actor, key, before, new, at=at)
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
            _next(actor, key, one, _said(one), at=at, withdrawn=withdrawn)


def _said(one: OwnReport) -> dict[str, Any]:
    return {
        "title": one.title, "question": one.question, "sections": one.sections, "population": one.population,
    }  # fmt: skip


def _next(
    actor: Viewer,
    key: str,
    before: OwnReport | None,
    said: dict[str, Any],
    *,
    at: datetime,
    withdrawn: bool = False,
) -> None:
    version = 1 if before is None else before.version + 1
    OwnReport.objects.create(
        key=key, version=version, withdrawn=withdrawn, made_by=actor.name[:200], made_at=at, **said
    )
    detail = {"version": version, "withdrawn": withdrawn, **{k: said[k] for k in ("sections", "population")}}
    record_act(actor=actor, act="save_report", kind="report", object_id=key, at=at, detail=detail)


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


def _check_population(population: Sequence[str], sections: Sequence[Section], before: Sequence[str]) -> None:
    """Refuse what is not cut out of tables that hold all students: a table of some alone would tell of small groups."""
    if not population:
        return
    known = populations()
    # What it was of before stands, also where nobody is in that grade any more.
    there = len(population) == 2 and population[1] in known.get(population[0], ())
    if not there and list(population) != list(before):
        raise Refusal(
            "unknown_population",
            "A report is of all students, or of one grade or group that the list offers.",
        )
    for one in sections:
        metric = analytics.METRICS[one.metric]
        title = Sentence(metric.title)
        if metric.kind in (analytics.STEPS, analytics.EXPLAINED):
            raise Refusal(
                "of_all_only",
                Sentence(
                    "“%(metric)s” compares groups of all students: leave it out of a report of some.",
                    metric=title,
                ),
            )
        if metric.kind == analytics.STATES and one.by:
            raise Refusal(
                "of_all_only",
                Sentence(
                    "“%(metric)s” of some students is told for the district only, as states told further apart would be too few: "
                    "choose it without a column.",
                    metric=title,
                ),
            )
        if population[0] in one.by:
            raise Refusal(
                "of_all_only",
                Sentence(
                    "“%(metric)s” cannot be told apart by what all students of the report share.",
                    metric=title,
                ),
            )


def compare_districts(engine: Engine, *, districts: Sequence[str], sql: bool = False) -> list[dict[str, Any]]:
    """This will ask an engine that is open on joined snapshots whether levels mean the same in them; it is kept nowhere.

    Returns rows of figures, or with `sql` the texts that are asked of the facts.
    """
    from headway.reports import comparing

    if sql:
        return [{"of": name, "sql": text} for name, text in comparing.TEXTS.items()]
    return comparing.compared(engine, districts)
