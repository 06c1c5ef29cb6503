"""What a version of a task may say: lengths, targets in force, one scale, descriptors on its levels."""

from __future__ import annotations

from datetime import date

from headway.frameworks import queries as frameworks
from headway.kit.links import is_link
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.tasks.scales import scale_of
from headway.tasks.types import LANGUAGES, MOST_CRITERIA, NewExemplar, Scale, TaskText, TaskView

LENGTHS = {
    "title": 200,
    "purpose": 1000,
    "prompt": 20_000,
    "materials": 5_000,
    "administration": 5_000,
    "accommodations": 5_000,
}
MOST_TARGETS, MOST_EXEMPLARS, DESCRIPTOR, WHY = 6, 12, 1000, 1000


def checked(text: TaskText, *, on: date) -> Scale | None:
    """Return the scale of a version's targets, None while it has none.

    Raises `Refusal("task_invalid")` with a finding for each field that cannot be kept; its column is the field.
    """
    faults: list[Finding] = []
    if not text.title.strip():
        faults.append(_fault("task_invalid", "Give the task a name.", "title"))
    for name, most in LENGTHS.items():
        if len(getattr(text, name)) > most:
            faults.append(
                _fault("task_invalid", Sentence("At most %(most)s characters fit here.", most=most), name)
            )
    if text.minutes is not None and not 1 <= text.minutes <= 10_000:
        faults.append(_fault("task_invalid", "Give the time in whole minutes, or leave it empty.", "minutes"))
    if text.language not in LANGUAGES:
        faults.append(_fault("task_invalid", "Choose the language in which the task is written.", "language"))
    if text.depth not in (1, 2, 3, 4):
        faults.append(_fault("task_invalid", "A depth is a number from 1 to 4.", "depth"))
    if len(text.criteria) > MOST_CRITERIA:
        faults.append(
            _fault(
                "task_invalid",
                Sentence("A rubric has at most %(most)s criteria.", most=MOST_CRITERIA),
                "criteria",
            )
        )
    if len({one.target for one in text.criteria}) > MOST_TARGETS:
        faults.append(
            _fault(
                "task_invalid",
                Sentence("A task shows at most %(most)s targets.", most=MOST_TARGETS),
                "criteria",
            )
        )
    scale = _criteria(text, on, faults)
    if faults:
        raise Refusal("task_invalid", "The task cannot be kept like this.", faults)
    return scale


def _criteria(text: TaskText, on: date, faults: list[Finding]) -> Scale | None:
    scale: Scale | None = None
    for number, one in enumerate(text.criteria, 1):
        place = f"criterion-{number}"
        if not one.name.strip() or len(one.name) > LENGTHS["title"]:
            faults.append(_fault("task_invalid", "Say in a few words what is looked at.", f"{place}-name"))
        if not in_force(one.target, on):
            faults.append(_fault("task_invalid", "Choose a target that is in force.", f"{place}-target"))
            continue
        own = scale_of(one.target, on)
        scale = scale or own
        if [level.level for level in own.levels] != [level.level for level in scale.levels]:
            why = "This target is rated on another scale than the first; a rubric has one."
            faults.append(_fault("task_invalid", why, f"{place}-target"))
            continue
        known = {level.level for level in scale.levels}
        for level, words in one.descriptors.items():
            if level not in known:
                faults.append(
                    _fault("task_invalid", "The scale of this target has no such level.", f"{place}-{level}")
                )
            elif len(words) > DESCRIPTOR:
                faults.append(
                    _fault(
                        "task_invalid",
                        Sentence("At most %(most)s characters fit here.", most=DESCRIPTOR),
                        f"{place}-{level}",
                    )
                )
    return scale


def in_force(target: int, on: date) -> bool:
    """Whether a row key is that of a target that is in force on a day."""
    try:
        node = frameworks.node(target)
    except Refusal:
        return False
    return node.is_leaf and node.holds(on)


def check_whole(view: TaskView) -> None:
    """Refuse to publish a version that lacks what students need, or, where it certifies, a part of its rubric.

    Raises `Refusal`: `task_incomplete`, `rubric_incomplete` with a finding for each cell that is missing.
    """
    faults = [_fault("task_invalid", why, name) for name, why in (
        ("purpose", "Say what the task is for."), ("prompt", "Write what students are asked to do."),
    ) if not getattr(view, name).strip()]  # fmt: skip
    if not view.criteria:
        faults.append(
            _fault("task_invalid", "A task needs at least one criterion with its target.", "criteria")
        )
    if any(not one.levels for one in view.exemplars):
        why = "An exemplar shows no level any more: its criterion is gone. Take it out, or add it anew."
        faults.append(_fault("task_invalid", why, "exemplars"))
    if faults:
        raise Refusal("task_incomplete", "The task is not whole yet.", faults)
    if view.certifies and view.missing:
        cells = [
            Finding("descriptor_missing", "This level has no descriptor.", column=f"criterion-{one.position}-{level.level}",
                    value=f"{one.name}: {level.called(view.language)}")
            for one, level in view.missing
        ]  # fmt: skip
        raise Refusal(
            "rubric_incomplete",
            Sentence.counted(
                len(cells),
                "A task that certifies needs a descriptor for every level of every criterion; %(n)s is missing.",
                "A task that certifies needs a descriptor for every level of every criterion; %(n)s are missing.",
            ),
            cells,
        )


def check_exemplar(made: NewExemplar, view: TaskView) -> None:
    """Refuse an exemplar that says nothing, or whose levels are not those of the rubric. Raises `Refusal("exemplar_invalid")`."""
    faults = []
    if not made.title.strip() or len(made.title) > LENGTHS["title"]:
        faults.append(_fault("task_invalid", "Give the exemplar a name.", "title"))
    if not (made.words.strip() or made.link or made.file_digest):
        faults.append(_fault("task_invalid", "Give words, a link or a file.", "words"))
    if len(made.words) > LENGTHS["prompt"]:
        faults.append(
            _fault(
                "task_invalid",
                Sentence("At most %(most)s characters fit here.", most=LENGTHS["prompt"]),
                "words",
            )
        )
    if made.link and not is_link(made.link):
        faults.append(
            _fault(
                "task_invalid",
                "A link begins with https:// and leads to one page; copy it from the address line.",
                "link",
            )
        )
    if not made.why.strip() or len(made.why) > WHY:
        faults.append(
            _fault(
                "task_invalid",
                Sentence("Say why it shows these levels, in up to %(most)s characters.", most=WHY),
                "why",
            )
        )
    known, positions = {one.level for one in view.levels}, {one.position for one in view.criteria}
    if not made.levels or not set(made.levels) <= positions or not set(made.levels.values()) <= known:
        faults.append(
            _fault("task_invalid", "Choose the level that it shows on at least one criterion.", "levels")
        )
    if len(view.exemplars) >= MOST_EXEMPLARS:
        faults.append(
            _fault(
                "task_invalid",
                Sentence("A task has at most %(most)s exemplars.", most=MOST_EXEMPLARS),
                "title",
            )
        )
    if faults:
        raise Refusal("exemplar_invalid", "The exemplar cannot be kept like this.", faults)


def _fault(code: str, why: str, field: str) -> Finding:
    return Finding(code, why, column=field)
