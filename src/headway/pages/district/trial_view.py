"""What a trial of a policy found, as its page says it: who would move, which groups, who sits on the edge, what bias."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.frameworks import queries as frameworks
from headway.pages.district.rule_form import Form
from headway.pages.parts import tags
from headway.pages.parts.demographics import group_words
from headway.pages.parts.grades import grade_name, grade_rank
from headway.proficiency.queries import Book
from headway.proficiency.types import Move, Standing, Trial
from headway.rosters import queries as rosters
from headway.science.metrics.bias import rule_bias
from headway.science.proficiency import registry
from headway.science.uncertainty import Components

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Line:
    """One determination: whose, on what, from which level to which."""

    href: str
    name: str
    target: str
    was: str
    before: str
    becomes: str
    after: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One list of determinations; `more` were left out of the page and stand in the file."""

    key: str
    title: str
    help: str
    lines: list[Line]
    n: int
    more: int


@dataclass(frozen=True, slots=True)
class Row:
    """One group of students in the count: `levels` of theirs were compared, of which some came in and some went out.

    `held` where the group is too small to be counted aloud.
    """

    name: str
    students: int
    levels: int
    came: int
    went: int
    held: bool

    @property
    def came_share(self) -> str:
        """Say how many of the levels compared would come in, in percent."""
        return _percent(self.came, self.levels)

    @property
    def went_share(self) -> str:
        """Say how many of the levels compared would fall back, in percent."""
        return _percent(self.went, self.levels)


@dataclass(frozen=True, slots=True)
class Table:
    """The groups of one kind."""

    title: str
    rows: list[Row]

    @property
    def all_held(self) -> bool:
        """Whether no group is large enough to be counted."""
        return all(row.held for row in self.rows)


def heading(trial: Trial) -> str:
    """Say in one sentence how many would move."""
    came, went = trial.moved_in, trial.moved_out
    if not came and not went:
        return _("Nobody would move.")
    said = ngettext("%(n)s level would become Proficient", "%(n)s levels would become Proficient", came) % {
        "n": came
    }
    if not went:
        return _("%(what)s, none would fall back.") % {"what": said}
    return _("%(what)s, %(k)s would no longer be.") % {"what": said, "k": went}


def lists(trial: Trial, *, language: str) -> list[Listed]:
    """Return who would fall back, who would come in, and who sits on the edge, the first of each. One statement."""
    kinds: list[tuple[str, str, str, Callable[[Move], bool]]] = [
        ("out", _("Would no longer be proficient"), "", lambda row: row.moved == "out"),
        ("in", _("Would become proficient"), "", lambda row: row.moved == "in"),
        ("edge", _("On the edge"), _("The value lies within 0.05 of the cut: one more piece may turn it."), lambda row: row.edge),
    ]  # fmt: skip
    chosen = {key: [row for row in trial.rows if test(row)] for key, _t, _h, test in kinds}
    shown = {
        key: sorted(rows, key=lambda row: (row.student, row.target))[:SHOWN] for key, rows in chosen.items()
    }
    people = rosters.people_by_id(person_ids={row.student for rows in shown.values() for row in rows})
    found = []
    for key, title, said, _test in kinds:
        lines = [_line(row, people, language) for row in shown[key]]
        lines.sort(key=lambda one: (one.name, one.target))
        found.append(Listed(key, title, said, lines, len(chosen[key]), max(0, len(chosen[key]) - SHOWN)))
    return found


def _line(row: Move, people: Mapping[int, Any], language: str) -> Line:
    person, before, words = people[row.student], row.before, tags.state_words()
    return Line(
        f"/teacher/students/{person.sourced_id}?target={row.target}", person.sort_name(),
        frameworks.node(row.target).called(language), words[before.state if before else "no_evidence"],
        _number(before), words[row.after.state], _number(row.after),
    )  # fmt: skip


def _number(standing: Standing | None) -> str:
    said = standing is not None and standing.state in ("not_yet", "proficient", "beyond")
    return tags.number(standing.value) if standing is not None and said else ""


def tables(trial: Trial, *, on: date, least: int, groups: bool) -> list[Table]:
    """Return how many would move by school, grade and (with `groups`) demographic group; small ones are withheld in words."""
    came = Counter(row.student for row in trial.rows if row.moved == "in")
    went = Counter(row.student for row in trial.rows if row.moved == "out")
    if not came and not went:
        return []
    students = sorted(trial.students)
    names = {one.id: one.name for one in rosters.schools()}
    by_school: dict[str, set[int]] = {}
    for student, school in rosters.enrolled_school(person_ids=students, on=on).items():
        by_school.setdefault(names.get(school, ""), set()).add(student)
    by_grade: dict[str, set[int]] = {}
    for student, grade in rosters.grades_of(person_ids=students).items():
        by_grade.setdefault(grade, set()).add(student)
    grades = {
        grade_name(key) if key else _("No grade"): by_grade[key] for key in sorted(by_grade, key=grade_rank)
    }
    held = rosters.demographic_groups(person_ids=students) if groups else {}
    told = {
        words: held[key] for key, words in group_words().items() if key in held and key not in rosters.OF_RACE
    }
    races = {
        words: held[key] for key, words in group_words().items() if key in held and key in rosters.OF_RACE
    }
    if races and (silent := set(students).difference(*races.values())):
        races[_("Nothing said")] = silent
    found = [
        (_("By school"), dict(sorted(by_school.items())), True),
        (_("By grade"), grades, True),
        (_("By race and ethnicity"), races, True),
        (_("By group"), told, False),
    ]
    return [
        Table(title, _rows(members, (trial.students, came, went), len(students), least, parts))
        for title, members, parts in found if members
    ]  # fmt: skip


def _rows(
    members: Mapping[str, set[int]],
    counted: Sequence[Mapping[int, int]],
    total: int,
    least: int,
    parts: bool,
) -> list[Row]:
    """Count the levels of groups in each of the ways `counted` by student.

    Where groups are parts of a whole, one held alone could be told from the rest, so a second is held.
    """
    held = {name for name, own in members.items() if len(own) < least}
    if parts and len(held) == 1 and len(members) > 1:
        held.add(min((name for name in members if name not in held), key=lambda name: len(members[name])))
    if not parts:
        held |= {name for name, own in members.items() if 0 < total - len(own) < least}
    return [
        Row(name, len(own), *(sum(by.get(one, 0) for one in own) for by in counted), name in held)
        for name, own in members.items()
    ]  # fmt: skip


def _percent(part: int, whole: int) -> str:
    return f"{number_format(round(100 * part / whole, 1), 1)} %" if whole else ""


def bias(trial: Trial, form: Form, book: Book) -> list[str]:
    """Say what bias the tried rule carries over as many pieces as count here in the middle."""
    rule = registry.rule(form.chosen.rule)
    chosen = rule.parameters.from_mapping(form.chosen.parameters)
    n = max(trial.pieces, 1)
    found = rule_bias(rule, chosen, pieces=n, asked=form.chosen.requirement.get("pieces", 0))
    if found.luck is None or found.lag is None:
        return [
            _(
                "There is no general figure for this rule: it depends on which levels were given. Look at the lists."
            )
        ]
    said = book.settings["uncertainty"]
    spread = Components(said["task"], said["rater"], said["remainder"], said["source"]).single
    words = {
        "n": found.pieces,
        "luck": f"{found.luck:.2f}",
        "levels": f"{found.luck * spread:.2f}",
        "lag": f"{abs(found.lag):.2f}",
    }
    source = _("assumed") if said["source"] == "assumed" else said["source"]
    lines = [
        _("Luck: over %(n)s pieces a steady student is overstated by %(luck)s of the spread of one piece, about %(levels)s "
          "levels (spread %(spread)s, %(source)s).") % {**words, "spread": f"{spread:.2f}", "source": source}
        if found.luck > 0.005
        else _("Luck: over %(n)s pieces a steady student is neither overstated nor understated.") % words
    ]  # fmt: skip
    lines.append(
        _("Growth: a student who gains a quarter of a level with each of %(n)s pieces is shown %(lag)s levels below where they "
          "are now.") % words
        if found.lag < -0.005
        else _("Growth: a student who gains with each of %(n)s pieces is shown where they are now.") % words
    )  # fmt: skip
    return lines
