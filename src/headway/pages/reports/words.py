"""Parts, states and figures of reports in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.formats import number_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from headway.analytics.queries import EXPLAINED, MEAN, METRICS, RATE, RATIO, STATES, STEPS, WAIT, Metric
from headway.analytics.types import TOTAL, UNKNOWN, Cell, State
from headway.frameworks import queries as frameworks
from headway.kit.numbers import is_whole
from headway.pages.parts.grades import grade_name, grade_rank
from headway.reports.types import Report

MINUS = "−"


def report_words(report: Report, population: Sequence[str] | None = None) -> tuple[str, str]:
    """Return title and question of a report: a ready one's in the reader's language, the district's own as they were written.

    Before its question stands of which students it is: as it stands now, or of those of whom it was released.
    """
    if not report.version:
        return _(report.title), _(report.question)
    said = [population_said(report.population if population is None else population), report.question]
    return report.title, " ".join(one for one in said if one)


def population_said(population: Sequence[str]) -> str:
    """Say of which students a report is, in a sentence; nothing where it is of all."""
    if not population:
        return ""
    column, value = population
    if column == "grade":
        if not is_whole(value):
            return (
                _("Students of kindergarten only.")
                if value in ("KG", "K")
                else _("Students of grade %(n)s only.") % {"n": value}
            )
        return _("Students of grade %(n)s only.") % {"n": int(value)}
    who = part_word(column, value, {})
    if column in ("race", "sex"):
        return _("Only students of this part: %(column)s, %(who)s.") % {
            "column": part_titles()[column],
            "who": who,
        }
    return _("Only these students: %(who)s.") % {"who": who}


def part_titles() -> dict[str, str]:
    """Return by what figures are told apart, in words."""
    return {
        "school": _("School"), "grade": _("Grade"), "framework": _("Continuum"), "area": _("Area"),
        "race": _("Race and ethnicity"),
        "sex": _("Sex"), "english_learner": _("English learners"), "observer": _("Observer"),
        "economically_disadvantaged": _("Economic disadvantage"), "disability": _("Disability"),
    }  # fmt: skip


def part_by() -> dict[str, str]:
    """Return how a heading says by what figures are told apart."""
    return {
        "school": _("by school"), "grade": _("by grade"), "framework": _("by continuum"), "area": _("by area"),
        "race": _("by race and ethnicity"), "sex": _("by sex"), "english_learner": _("by English learner"),
        "economically_disadvantaged": _("by economic disadvantage"), "disability": _("by disability"),
        "observer": _("by observer"),
    }  # fmt: skip


def part_word(name: str, value: str, schools: Mapping[str, str]) -> str:
    """Say one part of a column."""
    if value == TOTAL:
        whole = {
            "school": _("The district"),
            "observer": _("All observers"),
            "framework": _("All continuums"),
        }
        return whole.get(name, _("All students"))
    if value == UNKNOWN:
        return _("Nothing said")
    if name == "school":
        return schools.get(value, value)
    if name == "grade":
        return grade_name(value)
    if name == "framework":
        found = frameworks.find_framework(value)
        return found.called(get_language() or "en") if found else value
    words = {
        "american_indian_or_alaska_native": _("American Indian or Alaska Native"), "asian": _("Asian"),
        "black_or_african_american": _("Black or African American"),
        "native_hawaiian_or_other_pacific_islander": _("Native Hawaiian or other Pacific Islander"), "white": _("White"),
        "two_or_more_races": _("Two or more races"), "hispanic_or_latino": _("Hispanic or Latino"),
    } if name == "race" else {
        "english_learner": {"yes": _("English learners"), "no": _("Not English learners")},
        "economically_disadvantaged": {"yes": _("Economically disadvantaged"), "no": _("Not economically disadvantaged")},
        "disability": {"yes": _("Students with disabilities"), "no": _("Students without disabilities")},
        "sex": {"female": _("Girls and women"), "male": _("Boys and men"), "other": _("Other"),
                "unspecified": _("Not specified")},
        "observer": {"teacher": _("Teachers"), "self": _("Students themselves"), "peer": _("Peers"), "panel": _("Panels"),
                     "moderated": _("Moderated")},
    }.get(name, {})  # fmt: skip
    return words.get(value, value)


def step_words() -> dict[str, str]:
    """Return the rows of a gap that is split over steps, in the order of the process."""
    return {
        TOTAL: _("The whole gap"), "offered": _("A chance was offered"), "handed_in": _("Handed in and rated"),
        "first": _("Proficient at first"), "re_assessed": _("Else rated again"), "then": _("Proficient then"),
    }  # fmt: skip


def source_words() -> dict[str, str]:
    """Return the rows of a predictability: by what an outcome is foretold."""
    return {
        "group": _("From the group"),
        "entry": _("From where they began"),
        "both": _("From both"),
    }


def value_title(metric: Metric) -> str:
    """Return how the column of figures is headed: by what they count where the metric's name does not say it."""
    if metric.kind == STEPS:
        return _("Percentage points")
    if metric.kind == EXPLAINED:
        return _("Area under the curve") if metric.unit == "area under the curve" else _("Share of variance")
    return title(metric.key)


def opens_at(metric: Metric, group: str, told: list[tuple[str, Cell]]) -> str:
    """Say the gap of a group and the step at which most of it opens; or that no step is clear of zero."""
    steps = dict(told)
    whole = steps.pop(TOTAL, None)
    if whole is None or whole.value is None or whole.interval is None:
        return ""
    clear = [
        (name, cell)
        for name, cell in steps.items()
        if cell.interval and (cell.interval[0] > 0 or cell.interval[1] < 0)
    ]
    given = {"group": group, "gap": gap_of(metric, whole)}
    if not whole.interval[0] > 0 and not whole.interval[1] < 0:
        return _("%(group)s: the gap of %(gap)s to all others may be none.") % given
    if not clear:
        return _("%(group)s: a gap of %(gap)s to all others; no single step is clear of zero.") % given
    name, cell = max(clear, key=lambda pair: abs(pair[1].value or 0))
    given |= {"step": step_words()[name], "part": gap_of(metric, cell)}
    return _("%(group)s: a gap of %(gap)s to all others. Most of it opens at “%(step)s”: %(part)s.") % given


def gap_of(metric: Metric, cell: Cell) -> str:
    """Say a value that is a gap itself, in points with its sign and interval."""
    return "" if cell.value is None else _with_unit(metric, cell.value, cell.interval)


def _with_unit(metric: Metric, value: float, interval: tuple[float, float] | None) -> str:
    """Say a gap as a sentence does: sign, number, unit, and its interval."""
    said = _signed(metric, value)
    given = {"value": said, "unit": unit_of(metric, 1 if said.strip(f"+{MINUS}") == "1" else 2)}
    if interval is None:
        return _("%(value)s %(unit)s") % given
    low, high = (_signed(metric, end) for end in interval)
    return _("%(value)s %(unit)s (%(low)s to %(high)s)") % {**given, "low": low, "high": high}


def unit_of(metric: Metric, n: int = 2) -> str:
    """Say in what the gaps of a metric are counted; between two shares lie percentage points."""
    points = ngettext("percentage point", "percentage points", n)
    return {
        "share": points, "percentage points": points, "levels per year": _("levels per year"), "levels": _("levels"),
        "chances": _("chances"), "days": _("days"), "ratings": _("ratings"),
    }[metric.unit]  # fmt: skip


def gap_title(metric: Metric) -> str:
    """Return how the column of gaps is headed: with its unit."""
    return _("Gap to all others, %(unit)s") % {"unit": unit_of(metric)}


def part_rank(name: str, value: str, said: str) -> tuple[object, ...]:
    """Return by what parts are sorted, all of them first, what is unknown last: grades, else words; never figures."""
    middle = grade_rank(value) if name == "grade" else (0, 0, said.casefold())
    return (value != TOTAL, value == UNKNOWN, middle)


def state_word(metric: str, state: str) -> str:
    """Say one state of a metric."""
    words = {
        "pace": {"behind": _("Behind"), "no_chance_offered": _("No chance offered"), "not_enough_data": _("Not enough data"),
                 "on_pace": _("On pace"), "ahead": _("Ahead")},
        "grade_level": {"below": _("Below grade level"), "at": _("At grade level"), "above": _("Above grade level")},
        "on_track": {"off": _("Too slow"), "too_early": _("Too early to say"), "on": _("On track")},
        "needs": {"yes": _("Need a response"), "no": _("Need none")},
    }  # fmt: skip
    return words.get(metric, {}).get(state, state)


def number(metric: Metric, value: float) -> str:
    """Say a value as the metric is told: shares in percent, others with their decimals."""
    if metric.kind == STEPS:
        return _signed(metric, value)
    if metric.kind in (RATIO, STATES):
        return f"{number_format(round(value * 100, metric.decimals), metric.decimals)} %"
    return number_format(round(value, metric.decimals), metric.decimals).replace("-", MINUS)


def tick(metric: Metric, value: float, step: float) -> str:
    """Say a place of a scale: with as many decimals as its steps need, also where the figures have fewer."""
    if metric.kind in (RATIO, STATES):
        return number(metric, value)
    if metric.kind == STEPS:
        # A scale of points has whole ones.
        return f"{_sign(value)}{number_format(round(abs(value) * 100), 0)}"
    needed = next(places for places in range(3) if round(step, places) == step)
    return number_format(round(value, needed), max(needed, metric.decimals)).replace("-", MINUS)


def figure(metric: Metric, cell: Cell | State) -> str:
    """Say a figure, or its bound; empty where there is none."""
    if cell.value is None:
        return ""
    said = number(metric, cell.value)
    bounds = {"at_least": _("%(value)s or more"), "at_most": _("%(value)s or less")}
    return bounds.get(cell.coded, "%(value)s") % {"value": said}


def nearly_all(cell: Cell) -> bool:
    """Whether all that is told of a row of states is that nearly everybody is in one."""
    return [state.coded for state in cell.states if state.value is not None] == ["at_least"]


def interval(metric: Metric, cell: Cell | State) -> str:
    """Say the interval of a figure; empty where there is none."""
    if cell.interval is None:
        return ""
    low, high = (number(metric, end).removesuffix(" %") for end in cell.interval)
    if low == high:
        return _("%(end)s at both ends") % {"end": low}
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


def gap(metric: Metric, cell: Cell) -> str:
    """Say the gap of a group to all other students with its interval, signs before the numbers; empty where there is none.

    For a table, whose column says the unit.
    """
    if cell.gap is None:
        return ""
    ends = [_signed(metric, end) for end in (cell.gap, *(cell.gap_interval or ()))]
    if cell.gap_interval is None:
        return ends[0]
    return _("%(value)s (%(low)s to %(high)s)") % {"value": ends[0], "low": ends[1], "high": ends[2]}


def _signed(metric: Metric, value: float) -> str:
    said = (
        number_format(round(abs(value) * 100, metric.decimals), metric.decimals)
        if metric.kind == STEPS
        else number(metric, abs(value)).removesuffix(" %")
    )
    return f"{_sign(value)}{said}"


def _sign(value: float) -> str:
    return MINUS if value < 0 else "+" if value > 0 else ""


def widest(metric: Metric, own: list[tuple[str, Cell]]) -> str:
    """Say the widest gap whose interval leaves out zero; or that there is none, where any gap is told."""
    told = [
        (label, cell, cell.gap_interval) for label, cell in own if cell.gap is not None and cell.gap_interval
    ]
    if not told:
        return ""
    clear = [(label, cell) for label, cell, (low, high) in told if low > 0 or high < 0]
    if not clear:
        return _("Every gap here may be none: each interval holds zero.")
    label, cell = max(clear, key=lambda pair: abs(pair[1].gap or 0))
    return _(
        "The widest gap that is not zero: %(group)s, %(gap)s against all others. Of many gaps, one in twenty is told by chance."
    ) % {"group": label, "gap": _with_unit(metric, cell.gap or 0.0, cell.gap_interval)}


def withheld(cell: Cell, minimum: int) -> str:
    """Say why a figure is withheld."""
    if cell.withheld == "small":
        return _("withheld: fewer than %(n)s") % {"n": minimum}
    return _("withheld: so that no other can be worked out")


def no_figure(cell: Cell) -> str:
    """Say why a part that is shown has no figure."""
    return {
        "nobody_known": _("not known for anybody yet"), "one_student": _("one student"), "no_chance": _("nothing to count"),
        "half_not_reached": _("half is not reached yet"), "entry_unknown": _("where they began is not known for enough"),
        "nobody_entered": _("nobody came to one of the steps"), "one_group": _("there is one group only"),
        "no_spread": _("it is the same for everybody"),
    }.get(cell.reasons[0] if cell.reasons else "", _("no figure"))  # fmt: skip


def students(n: int) -> str:
    """Say how many students."""
    return ngettext("%(n)s student", "%(n)s students", n) % {"n": number_format(n, 0)}


def sentence(metric: Metric, cell: Cell | None) -> str:
    """Say the figure of all of them in one sentence, with its interval and n; or why there is none."""
    if cell is None:
        return _("There is nothing to count yet.")
    if cell.withheld:
        return _("Too few students for a figure.")
    if metric.kind == STATES:
        # Where nearly all are in one state the others are told by that.
        told = [s for s in cell.states if s.value is not None or not nearly_all(cell)]
        parts = [f"{state_word(metric.key, s.name)}: {figure(metric, s) or _('withheld')}" for s in told]
        return _("%(parts)s. %(students)s.") % {"parts": " · ".join(parts), "students": students(cell.n or 0)}
    if metric.kind in (STEPS, EXPLAINED):
        return ""
    if cell.value is None:
        return _("No figure: %(why)s.") % {"why": no_figure(cell)}
    given = {
        "title": _(metric.title), "value": figure(metric, cell), "students": students(cell.n or 0),
    }  # fmt: skip
    if cell.interval is None:
        return _("%(title)s: %(value)s, with %(students)s.") % given
    given["low"], given["high"] = (number(metric, end).removesuffix(" %") for end in cell.interval)
    if given["low"] == given["high"]:
        return _("%(title)s: %(value)s; with %(students)s both ends of its interval read the same.") % given
    return _("%(title)s: %(value)s; with %(students)s it lies between %(low)s and %(high)s.") % given


def method_words() -> dict[str, str]:
    """Return the methods of the figures of reports in words, by how science names them."""
    return {
        "ratio over students, Korn-Graubard interval": _("ratio over students, Korn-Graubard interval"),
        "ratio over students, linearized, Student's interval": _("ratio over students, linearized, Student’s interval"),
        "mean over students, Student's interval": _("mean over students, Student’s interval"),
        "share of students, Wilson interval": _("share of students, Wilson interval"),
        "Kaplan-Meier median, log-log interval": _("Kaplan-Meier median, log-log interval"),
        "Shapley over steps, Bayesian bootstrap of students": _("Shapley over steps, Bayesian bootstrap of students"),
        "cross-validated R² (10 folds), robust noncentral F interval": _(
            "cross-validated R² (10 folds), robust noncentral F interval"
        ),
        "cross-validated AUC (10 folds), robust noncentral F interval": _(
            "cross-validated AUC (10 folds), robust noncentral F interval"
        ),
    }  # fmt: skip


def method(cells: Sequence[Cell]) -> str:
    """Say by what method the figures of a table have their intervals; empty where none is named."""
    named = next((one.method for one in cells if one.method), "")
    return method_words().get(named, named)


def how_summed(metric: Metric) -> str:
    """Say how a figure comes from the rows that the text of its definition yields, one for a student and part."""
    said = {
        RATIO: _("Each row is a part: its figure is hits ÷ chances, that of several parts the sum of hits ÷ the sum of chances."),
        RATE: _("Each row is a part: its figure is hits ÷ chances, that of several parts the sum of hits ÷ the sum of chances."),
        MEAN: _("Each row is a part: its figure is total ÷ known, that of several parts the sum of totals ÷ the sum of known."),
        STATES: _("Each row is a state of a part: its figure is n ÷ the sum of n of the part’s rows."),
        WAIT: _("Each row is how often a wait is this long: a part’s figure is the Kaplan-Meier median, open ones censored."),
        STEPS: _("Each row is a student: docs/science/equity.md says how a gap is split over steps."),
        EXPLAINED: _("Each row is a student: value is foretold out of sample by the group, by entry, and by both."),
    }[metric.kind]  # fmt: skip
    where = _("The district is all rows; n counts students.")
    return f"{said} {where}"


def title(key: str) -> str:
    """Say the name of a metric."""
    return _(METRICS[key].title)


def meaning(key: str) -> str:
    """Say what a metric is."""
    return _(METRICS[key].says)
