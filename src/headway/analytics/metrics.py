"""The catalogue of metrics: each has one definition, in SQL over the facts, and one meaning in words.

A definition yields one row for a student (and a continuum, an area, a kind of observer); what a group's figure is follows
from the kind. The texts are those of the catalogue of words, and are said by pages in the language of the reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

RATIO, RATE, MEAN, STATES, WAIT = "ratio", "rate", "mean", "states", "wait"
STEPS, EXPLAINED = "steps", "explained"
KINDS: Mapping[str, tuple[str, ...]] = {
    RATIO: ("hits", "chances"), RATE: ("hits", "chances"), MEAN: ("value",), STATES: ("state",), WAIT: ("wait", "ended"),
    STEPS: ("asked", "offered", "rated", "first_reached", "tried_again", "reached_then"), EXPLAINED: ("value", "entry"),
}  # fmt: skip
"""What a definition yields beside `student`. ratio: hits of chances, a share; rate: hits for each chance, may pass 1; mean:
of the students' values; states: each student is in one; wait: how long, and whether it ended (the median by Kaplan-Meier);
steps: how far a student's targets came; explained: an outcome and where the student began. The last two compare groups and are
worked out from students, not from sums."""
STUDENT_PARTS = (
    "school",
    "grade",
    "race",
    "sex",
    "english_learner",
    "economically_disadvantaged",
    "disability",
)
GROUPS = STUDENT_PARTS[2:]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `apart` names the columns whose parts are never added up: a level on one continuum is none on another.

    `states` in the order of a picture; `better` says which way is good, "" where neither is; `least` is the number of
    students (of waits, for `wait`) below which there is no figure, whoever may see it.
    """

    key: str
    kind: str
    title: str
    says: str
    formula: str
    fails: str
    unit: str = ""
    parts: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    better: str = "up"
    least: int = 10
    decimals: int = 0
    version: int = 1

    @property
    def sql(self) -> str:
        """The definition, in DuckDB's dialect."""
        return _sql(self.key)


@cache
def _sql(key: str) -> str:
    return files("headway.analytics").joinpath("catalogue", f"{key}.sql").read_text(encoding="utf-8").strip()


_AREAS = ("framework", "area")
METRICS: Mapping[str, Metric] = {
    one.key: one
    for one in (
        Metric(
            "proficient_share", RATIO, "Proficient share",
            "Of the targets that students are asked to show and that were taught, how many are proficient or beyond.",
            "proficient or beyond ÷ taught and in scope; excused, not taught and individual goals in neither",
            "Read it beside the coverage: what was never rated counts as not shown yet.",
            "share", _AREAS,
        ),
        Metric(
            "coverage", RATIO, "Coverage",
            "Of the targets that students are asked to show, how many have evidence that counts.",
            "targets with counted evidence ÷ targets in scope",
            "Low coverage says that little was rated, not that little was learned.",
            "share", _AREAS,
        ),
        Metric(
            "progress", RATIO, "Progress",
            "Of the pieces that plans ask for, how many are in.",
            "filled ÷ required, over all plans in force",
            "Students without a plan are not in it.",
            "share",
        ),
        Metric(
            "pace", STATES, "Pace",
            "How students' plans move against their dates; a student with several plans counts where most is needed.",
            "pieces of the last 8 instructed weeks ÷ 8 against the dates of the plan, with a buffer",
            "Unknown below 4 instructed weeks; where nothing was offered, the plan is a matter of the school.",
            "students", states=("behind", "no_chance_offered", "not_enough_data", "on_pace", "ahead"), better="",
        ),
        Metric(
            "growth", MEAN, "Growth",
            "How many levels of a continuum students gain in an instructed year.",
            "(position now − position at the baseline) ÷ instructed weeks × 36; mean of the students",
            "Unknown below 12 instructed weeks. Levels of different continuums are never added up.",
            "levels per year", ("framework",), apart=("framework",), decimals=2,
        ),
        Metric(
            "grade_level", STATES, "Against grade level",
            "Whether students work below, at or above the level that is expected for their grade.",
            "working level − expected level",
            "It says where students work, not how fast they move.",
            "students", ("framework",), apart=("framework",), states=("below", "at", "above"), better="",
        ),
        Metric(
            "on_track", STATES, "On track to graduate",
            "Whether the rate of growth reaches what the graduation level asks for by the end of grade 12.",
            "on: the lower end of the 80 % interval of the rate reaches the required rate; off: the upper end does not",
            "Too early to say where the rate is unknown or its interval holds both answers.",
            "students", ("framework",), apart=("framework",), states=("off", "too_early", "on"), better="",
        ),
        Metric(
            "depth", RATIO, "Depth",
            "Of the proficient targets, how many were shown at the depth of knowledge that they ask for.",
            "deepest counted piece at proficient ≥ the depth that the target asks for",
            "Targets to which depth does not apply are in neither; a rating without a depth shows none.",
            "share", _AREAS,
        ),
        Metric(
            "chances", RATE, "Chances for each target",
            "How many chances students had to show a target that is asked of them.",
            "(distinct pieces rated as evidence, missed or short + open offers) ÷ targets in scope",
            "Absence of evidence may be absence of chance.",
            "chances", _AREAS, decimals=2,
        ),
        Metric(
            "deep_chances", RATIO, "Chances at depth 3 or more",
            "Of the targets that ask for depth 3 or more, on how many a chance of that depth was given.",
            "targets with a chance of depth 3 or more ÷ targets in scope that ask for it",
            "Chances whose depth nobody noted are not in it.",
            "share", _AREAS,
        ),
        Metric(
            "reassessed", RATIO, "Assessed again",
            "Of the targets whose first rating was below proficient, on how many there was a second.",
            "targets with a second rating ÷ targets whose first rating was below proficient",
            "It does not say whether the second was higher.",
            "share", _AREAS,
        ),
        Metric(
            "feedback_days", WAIT, "Days to feedback",
            "How many days pass until half of the work that was handed in has its answer.",
            "median by Kaplan-Meier from handing in to the first return or rating; what still waits is in it",
            "No median where less than half was answered.",
            "days", better="down", decimals=1,
        ),
        Metric(
            "tries", WAIT, "Tries to proficient",
            "How many ratings it takes until half of the targets have reached proficient once.",
            "median by Kaplan-Meier over ratings; targets that are not there yet are in it",
            "A single rating is no determination: the rule may ask for more.",
            "ratings", _AREAS, better="down", decimals=1,
        ),
        Metric(
            "ready_days", WAIT, "Days from ready to an answer",
            "How many days pass until half of the students who said that they are ready have an answer.",
            "median by Kaplan-Meier from asking to the answer; what still waits is in it",
            "No median where less than half was answered.",
            "days", better="down", decimals=1,
        ),
        Metric(
            "overrides", RATIO, "Decisions in place of the rule",
            "Of the targets with evidence, on how many a teacher's decision stands in place of what the rule says.",
            "targets with a decision ÷ targets with counted evidence or a decision",
            "Neither many nor few are wrong; look where groups differ.",
            "share", _AREAS, better="", decimals=1,
        ),
        Metric(
            "overrides_up", RATIO, "Decisions that raise",
            "Of the decisions that stand, how many put a target higher than the rule does.",
            "decisions above the rule ÷ decisions that stand",
            "Neither many nor few are wrong; look where groups differ.",
            "share", _AREAS, better="",
        ),
        Metric(
            "needs", STATES, "Need a response",
            "How many students need a response on the day, for any reason but readiness to move up.",
            "students with at least one sign ÷ students in school",
            "The signs are the district's: see the list of who needs a response.",
            "students", states=("yes", "no"), better="",
        ),
        Metric(
            "habits", MEAN, "Lifelong learning, by observer",
            "The mean level on lifelong-learning targets, by who observed.",
            "mean of each student's mean level; never mixed with academic levels",
            "What students say of themselves and what teachers see are different things; neither is the truth.",
            "levels", ("framework", "observer"), apart=("framework", "observer"), better="", decimals=2,
        ),
        Metric(
            "gap_steps", STEPS, "Where the gap opens",
            "How much of the gap between a group and all other students opens at which step on the way to proficient.",
            "offered × rated × [first + (1 − first) × again × then], split over the steps by Shapley's rule; the steps add up to "
            "the gap",
            "It says at which step groups part, not why. A target that waits for its rating counts as not rated.",
            "percentage points", better="", decimals=1,
        ),
        Metric(
            "explained_level", EXPLAINED, "Predictability of level",
            "How well a student's group, where the student began, and both foretell the mean level.",
            "cross-validated share of the variance, by group, by entry, and by both",
            "Where school does its work, the group foretells little. It names no cause and no group's disadvantage.",
            "share of variance", better="down", least=30, decimals=2,
        ),
        Metric(
            "explained_progress", EXPLAINED, "Predictability of progress",
            "How well a student's group, where the student began, and both foretell how much of the plans is in.",
            "cross-validated share of the variance, by group, by entry, and by both",
            "Students without a plan are not in it. It names no cause and no group's disadvantage.",
            "share of variance", better="down", least=30, decimals=2,
        ),
        Metric(
            "explained_pace", EXPLAINED, "Predictability of pace",
            "How well a student's group, where the student began, and both foretell whether a plan is behind.",
            "cross-validated area under the curve (0.5 foretells nothing), by group, by entry, and by both",
            "Students whose pace is unknown are not in it. It names no cause and no group's disadvantage.",
            "area under the curve", better="down", least=30, decimals=2,
        ),
    )
}  # fmt: skip


def as_markdown() -> str:
    """Return the catalogue as a page."""
    lines = [
        "# Metrics", "",
        "Every figure about many has one definition: SQL in DuckDB's dialect over the [facts](../reference/facts.md), one row",
        "for a student (and a continuum, an area, a kind of observer). A group's figures are made from sums over its students;",
        "the same text runs on one machine and on a cluster. `headway report NAME --sql` prints the whole text behind a figure.",
        "This page is made from the code.", "",
        "A *ratio* is hits of chances with Korn and Graubard's interval, students as what is independent; a *rate* may pass 1; a",
        "*mean* is over students with Student's interval; *states* put every student into one, with Wilson's interval; a *wait*",
        "is a median by Kaplan and Meier, so that what still waits counts. *Steps* split a group's gap to all others over a",
        "process ([gaps](equity.md)); *explained* says how well group and entry foretell an outcome of students not used to",
        "fit. Intervals are 95 %, about students of these schools: schools are taken as they are,",
        "not as a sample of schools.", "",
        "Below ten students there is no figure. What else is withheld, and why: [small cells](small-cells.md).",
    ]  # fmt: skip
    for one in METRICS.values():
        told = ", ".join(f"`{name}`" for name in (*STUDENT_PARTS, *one.parts))
        digits = f"{one.decimals} decimals{' of a percent' if one.kind == RATIO else ''}"
        lines += ["", f"## {one.title}", "", f"`{one.key}`, version {one.version}, {one.kind}. {one.says}", "",
                  f"- Formula: {one.formula}.", f"- Unit: {one.unit}; {digits}.", f"- Told apart by: {told}."]  # fmt: skip
        if one.apart:
            lines.append(f"- Never added up across: {', '.join(f'`{name}`' for name in one.apart)}.")
        if one.states:
            lines.append(f"- States: {', '.join(f'`{name}`' for name in one.states)}.")
        lines += [f"- Beware: {one.fails}", "", "```sql", one.sql, "```"]
    return "\n".join(lines) + "\n"
