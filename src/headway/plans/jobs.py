"""Background work of plans: a template is given to a cohort part by part."""

from __future__ import annotations

from headway.jobs import actions as jobs
from headway.jobs.types import Given, Step
from headway.plans import actions


def give(given: Given) -> Step | None:
    """This will give the next part of a cohort its plans, once; it ends early where the act was taken back."""
    students = given.arguments["students"]
    part = students[given.place : given.place + actions.AT_ONCE]
    if not part or not actions.give_part(run_id=given.arguments["run"], students=part, at=given.at):
        return None
    done = given.place + len(part)
    return Step(place=done, done_n=done, of_n=len(students)) if done < len(students) else None


jobs.register(actions.GIVING, give)
