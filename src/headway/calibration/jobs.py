"""Background work of calibration: the reports of a session, which need the compiled models that no page loads."""

from __future__ import annotations

from headway.calibration.revealing import REPORT
from headway.jobs import actions as jobs
from headway.jobs.types import Given, Step


def make_reports(given: Given) -> Step | None:
    """This will make a session's reports anew from its scores: each rater's own, and the group's."""
    # Loaded here: the many-facet model is in memory only while reports are made.
    from headway.calibration import reporting

    reporting.make_reports(session=int(given.arguments["session"]), at=given.at)
    return None


jobs.register(REPORT, make_reports)
