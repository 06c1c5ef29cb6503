"""Joins packages that must not know each other: called once when the application is ready."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from importlib import import_module
from typing import Any


def connect() -> None:
    """Register what lower packages ask of higher ones: what stands in the way of taking an import back, what
    follows a person who is merged, which ratings do not fit a modification, from which age rights are the student's, on
    which scale a target is rated, and who validates a task.
    """
    from headway.frameworks import actions as frameworks
    from headway.proficiency import actions as proficiency
    from headway.rosters import actions as rosters
    from headway.tasks import queries as tasks

    for package in ("evidence", "plans", "tasks"):
        frameworks.register_blocker(_later(f"{package}.queries", "in_the_way_of"))
    for package in (
        "plans",
        "evidence",
        "tasks",
        "calibration",
        "contact",
        "profiles",
        "rights",
        "report_cards",
    ):
        rosters.register_blocker(_of_people(_later(f"{package}.queries", "in_the_way_of_people")))
    rosters.register_blocker(_of_year)
    for package in (
        "proficiency",
        "plans",
        "contact",
        "report_cards",
        "profiles",
        "rights",
        "tasks",
        "calibration",
        "notices",
    ):
        rosters.register_follower(_later(f"{package}.actions", "follow"))
    rosters.register_majority(_majority)
    proficiency.register_check(_later("profiles.queries", "faults"))
    tasks.register_scale(_later("proficiency.queries", "scale_of"))
    tasks.register_team(_later("proficiency.queries", "validation_team"))


def _later(module: str, name: str) -> Callable[..., Any]:
    """Return the named function, whose package is loaded at its first call: a command starts anew each time, and calls few."""

    def call(*given: Any, **named: Any) -> Any:
        return getattr(import_module(f"headway.{module}"), name)(*given, **named)

    return call


def _of_people(in_the_way: Callable[..., Any]) -> Callable[..., Any]:
    from headway.rosters import actions as rosters

    return lambda run: in_the_way(rosters.made_by(run, "Person"))


def _of_year(run: Any) -> Any:
    from headway.evidence import queries as evidence

    if run.kind != "year-roll":
        return []
    return evidence.in_the_way_of_year(
        title=run.name, starts_on=date.fromisoformat(run.counts["starts_on"]), since=run.at
    )


def _majority() -> Any:
    from headway.proficiency import queries as levels
    from headway.rights import queries as rights

    return rights.majority(levels.remembered_book())
