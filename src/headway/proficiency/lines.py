"""One student's lines: where the student works on each continuum, what is reached there, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headway.frameworks import queries as frameworks
from headway.frameworks.types import FrameworkView, NodeView, Tree
from headway.proficiency.types import Standing
from headway.proficiency.working import Moment, Pair
from headway.science.metrics.working_level import WorkingLevel, working_level

REACHED = ("proficient", "beyond")


@dataclass(frozen=True, slots=True)
class Line:
    """One continuum for one student: the working level beside the level expected for the grade (None: none stated)."""

    framework: FrameworkView
    levels: tuple[int, ...]
    working: WorkingLevel
    expected: int | None
    last_observed_us: int | None

    @property
    def position(self) -> float | None:
        """The working level plus the share of its targets that is reached."""
        if self.working.level is None:
            return None
        return self.working.level + (
            self.working.reached / self.working.targets if self.working.targets else 0.0
        )


@dataclass(frozen=True, slots=True)
class NextStep:
    """One target to work on next and why: `reason` revise (begun, not reached), ready (all before it reached) or open."""

    node: NodeView
    standing: Standing | None
    reason: str
    missing: tuple[NodeView, ...]


def lines_of(m: Moment, *, student: int, grade: str, standings: Mapping[Pair, Standing]) -> list[Line]:
    """Return the student's lines: continuums with any evidence, and academic ones that expect something of the grade."""
    found = []
    for view in frameworks.frameworks(at=frameworks.remembered_stamp()):
        tree = frameworks.tree(view.id, at=frameworks.remembered_stamp())
        line = line_of(m, tree, student=student, grade=grade, standings=standings)
        if line.working.level is not None or line.expected is not None:
            found.append(line)
    return found


def line_of(m: Moment, tree: Tree, *, student: int, grade: str, standings: Mapping[Pair, Standing]) -> Line:
    """Return one line. A continuum without levels has one level, 1."""
    targets = tree.targets(on=m.day)
    levels = sorted({node.level or 1 for node in targets})
    place = {level: at for at, level in enumerate(levels)}
    counts = [[0, 0, 0] for _ in levels]
    last = None
    for node in targets:
        row = counts[place[node.level or 1]]
        standing = standings.get((student, node.id))
        row[0] += 1
        if standing is not None:
            row[1] += standing.state in REACHED
            row[2] += standing.seen
            if standing.last_observed_us and (last is None or standing.last_observed_us > last):
                last = standing.last_observed_us
    working = working_level(levels, [c[0] for c in counts], [c[1] for c in counts], [c[2] for c in counts])
    return Line(tree.framework, tuple(levels), working, tree.framework.expected_levels.get(grade), last)


def next_steps(
    m: Moment,
    tree: Tree,
    *,
    student: int,
    level: int | None,
    standings: Mapping[Pair, Standing],
    limit: int = 3,
) -> list[NextStep]:
    """Return what to work on next at a level: first what is begun and not reached, then what everything before it opens.

    A target whose prerequisites are not reached comes last and names them; an excused target or one with an individual
    goal is not offered.
    """
    offered = [node for node in tree.targets(on=m.day) if level is None or (node.level or 1) == level]
    before = frameworks.prerequisites(node.id for node in offered)
    found = []
    for node in offered:
        standing = standings.get((student, node.id))
        if standing is not None and standing.state in (*REACHED, "excused", "individual_goal"):
            continue
        missing = tuple(
            frameworks.node(earlier) for earlier in before[node.id]
            if (s := standings.get((student, earlier))) is None or s.state not in REACHED
        )  # fmt: skip
        begun = standing is not None and standing.n_counted > 0
        found.append(NextStep(node, standing, "revise" if begun else "open" if missing else "ready", missing))
    rank = {"revise": 0, "ready": 1, "open": 2}

    def order(step: NextStep) -> tuple[int, float, int]:
        # Nearest to being reached first; without evidence in the order of the continuum.
        value = step.standing.value if step.standing is not None and step.standing.value is not None else 0
        return rank[step.reason], -value, step.node.position

    return sorted(found, key=order)[:limit]
