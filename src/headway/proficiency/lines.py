"""One student's lines: where the student works on each continuum, what is reached there, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from headway.frameworks import queries as frameworks
from headway.frameworks.types import FrameworkView, NodeView, Tree
from headway.proficiency.types import REACHED, Standing
from headway.proficiency.working import Moment, Pair
from headway.science.metrics.working_level import WorkingLevel, working_level

_RANK = {"revise": 0, "ready": 1, "open": 2}


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
        return position_of(self.working)


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
    """Return one line."""
    found = {
        node.id: s for node in tree.targets(on=m.day) if (s := standings.get((student, node.id))) is not None
    }
    levels, working = working_on(
        tree, m.day, {target: (one.state in REACHED, one.seen) for target, one in found.items()}
    )
    last = max((one.last_observed_us for one in found.values() if one.last_observed_us), default=None)
    return Line(tree.framework, levels, working, tree.framework.expected_levels.get(grade), last)


def working_on(
    tree: Tree, day: date, spoken: Mapping[int, tuple[bool, bool]]
) -> tuple[tuple[int, ...], WorkingLevel]:
    """Return a continuum's levels on a day, and the level that a student works on there; `spoken` says of targets whether
    they are reached and whether they were seen. A continuum without levels has one level, 1."""
    levels = tree.levels(on=day)
    place = {level: at for at, level in enumerate(levels)}
    reached, seen = [0] * len(levels), [0] * len(levels)
    for target, (is_reached, is_seen) in spoken.items():
        node = tree.nodes.get(target)
        if node is not None and node.is_leaf and node.holds(day):
            reached[place[node.level or 1]] += is_reached
            seen[place[node.level or 1]] += is_seen
    return tuple(levels), working_level(tuple(levels), tuple(levels.values()), reached, seen)


def position_of(working: WorkingLevel) -> float | None:
    """Return the working level plus the share of its targets that is reached; None where nothing was shown."""
    if working.level is None:
        return None
    return working.level + (working.reached / working.targets if working.targets else 0.0)


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
    offered = []
    for node in tree.targets(on=m.day):
        standing = standings.get((student, node.id))
        done = standing is not None and standing.state in (*REACHED, "excused", "individual_goal")
        if not done and (level is None or (node.level or 1) == level):
            offered.append((node, standing))
    before = frameworks.prerequisites(node.id for node, _ in offered)
    found = []
    for node, standing in offered:
        missing = tuple([
            earlier for earlier in before[node.id]
            if (s := standings.get((student, earlier))) is None or s.state not in REACHED
        ])  # fmt: skip
        reason = (
            "revise" if standing is not None and standing.n_counted > 0 else "open" if missing else "ready"
        )
        # Nearest to being reached first; without evidence in the order of the continuum.
        value = standing.value if standing is not None and standing.value is not None else 0
        found.append(((_RANK[reason], -value, node.position), node, standing, reason, missing))
    found.sort(key=lambda one: one[0])
    return [
        NextStep(node, standing, reason, tuple(frameworks.node(earlier) for earlier in missing))
        for _, node, standing, reason, missing in found[:limit]
    ]
