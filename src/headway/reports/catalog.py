"""The ready reports. Their titles and questions are texts of the catalogue of words."""

from __future__ import annotations

from collections.abc import Mapping

from headway.analytics.queries import GROUPS
from headway.reports.types import Report, Section

_AREAS = ("framework", "grade")
REPORTS: Mapping[str, Report] = {
    one.key: one
    for one in (
        Report(
            "standing", "Where students stand",
            "How much of what is asked is proficient, and do students work at grade level?",
            (Section("proficient_share", _AREAS), Section("coverage", _AREAS), Section("grade_level", ("grade",)),
             Section("on_track", ("grade",)), Section("growth", ("grade",))),
        ),
        Report(
            "plans", "Progress and pace",
            "How far are the plans, and do they move as fast as their dates ask?",
            (Section("progress", ("grade",)), Section("pace", ("grade",)), Section("needs", ("grade",))),
        ),
        Report(
            "access", "Access and depth",
            "Were students given chances to show what is asked, and deep ones?",
            (Section("chances", _AREAS), Section("deep_chances", _AREAS), Section("depth", _AREAS),
             Section("reassessed", _AREAS)),
        ),
        Report(
            "process", "Feedback and second chances",
            "How long does work wait for an answer, and how many tries does it take?",
            (Section("feedback_days", ("grade",)), Section("ready_days", ("grade",)), Section("tries", _AREAS),
             Section("reassessed", _AREAS)),
        ),
        Report(
            "decisions", "Decisions beside the rule",
            "Where do teachers decide otherwise than the rule, and in which direction?",
            (Section("overrides", _AREAS), Section("overrides_up", ("grade",))),
        ),
        Report(
            "groups", "Groups of students",
            "Where do groups of students differ in what they reach and in what they are offered?",
            tuple(
                Section(metric, GROUPS)
                for metric in ("proficient_share", "coverage", "growth", "chances", "deep_chances", "reassessed", "overrides")
            ),
        ),
        Report(
            "opening", "Where gaps open",
            "At which step on the way to proficient do groups part, and how much does a student's group foretell?",
            (Section("gap_steps", GROUPS), Section("explained_level"), Section("explained_progress"), Section("explained_pace")),
        ),
        Report(
            "habits", "Lifelong learning",
            "How do students, peers and teachers see lifelong-learning skills?",
            (Section("habits", ("grade",)),),
        ),
    )
}  # fmt: skip
