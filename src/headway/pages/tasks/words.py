"""What pages of the bank call standings, depths, languages and the parts of a task."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from headway.pages.parts.rubric import read
from headway.tasks.types import (
    ALIGNMENT,
    CHANGE,
    COMMON,
    CONSEQUENCES,
    EVIDENCE_KINDS,
    LOCAL,
    NO,
    OUTSIDE,
    PROCESS,
    PROTOCOL,
    RETIRED,
    SENT_BACK,
    VALIDATED,
    YES,
    TaskView,
)


def typed(text: str) -> str:
    """Return what somebody typed, with one kind of line end, without space around it and without what no database keeps."""
    return text.replace("\r\n", "\n").replace("\0", "").strip()


def standings() -> dict[str, str]:
    """Return the words for the standings of a task."""
    return {LOCAL: _("local"), VALIDATED: _("peer-validated"), COMMON: _("common"), RETIRED: _("retired")}


def depths() -> dict[int, str]:
    """Return the words for depths of knowledge."""
    return {1: _("recall"), 2: _("skill and concept"), 3: _("strategic thinking"), 4: _("extended thinking")}


def languages() -> dict[str, str]:
    """Return the words for the languages that a task may be written in."""
    return {"en": _("English"), "es": _("Spanish")}


def protocol() -> dict[str, tuple[str, str]]:
    """Return what a member judges: by key its name and its question, in order."""
    said = {
        "aligned": (_("Aligned"), _("Does work on this task show the targets that the criteria name, and not something else?")),
        "depth": (_("Depth"), _("Does it really ask for the thinking that its depth says?")),
        "rubric": (_("Rubric"), _("Do descriptors tell what is seen, so that two people would choose the same level?")),
        "fair": (_("Fair and accessible"), _("Can every student get in, also with an accommodation, and the target stay?")),
        "bias": (_("Free of bias"), _("Is nobody helped or hurt by what they know from home, by names, pictures or topic?")),
        "language": (_("Language"), _("Is it as plain as the target allows?")),
        "time": (_("Time"), _("Can it be done in the time that it names?")),
        "pilot": (_("Tried out"), _("Has somebody looked at work of students on it?")),
    }  # fmt: skip
    return {name: said[name] for name in PROTOCOL}


def verdicts() -> dict[str, str]:
    """Return the words for what a member says on a point."""
    return {YES: _("yes"), CHANGE: _("change"), NO: _("no")}


def outcomes() -> dict[str, str]:
    """Return the words for how a validation ended."""
    return {VALIDATED: _("peer-validated"), COMMON: _("common"), SENT_BACK: _("sent back")}


def evidence_kinds() -> dict[str, tuple[str, str]]:
    """Return the kinds of evidence in a validity file: by key its name and what belongs there, in order."""
    said = {
        ALIGNMENT: (_("Alignment"), _("Do the prompt and the rubric ask for the targets that they name, and at their depth?")),
        PROCESS: (_("How students and raters go about it"),
                  _("What students said while working, what raters looked at, whether the lines of the rubric hang together.")),
        OUTSIDE: (_("Relation to other measures"),
                  _("How levels on it go with a test, a later course, other work of the same target.")),
        CONSEQUENCES: (_("Consequences"), _("What followed from its use, meant or not, and for whom.")),
    }  # fmt: skip
    return {kind: said[kind] for kind in EVIDENCE_KINDS}


def shown(view: TaskView) -> dict[str, Any]:
    """Return what a template needs to show a version."""
    return {
        "task": view, **read(view), "depth_word": depths()[view.depth], "standing": standings()[view.standing],
        "origin_standing": standings().get(view.origin.get("standing", ""), view.origin.get("standing", "")),
        "language_word": languages().get(view.language, view.language),
    }  # fmt: skip


def changes(new: TaskView, old: TaskView) -> list[str]:
    """Return in words what a version changed against the one before."""
    parts = {
        "title": _("name"), "purpose": _("purpose"), "prompt": _("prompt"), "materials": _("materials"),
        "administration": _("how it is given"), "accommodations": _("access and accommodations"), "minutes": _("time"),
        "language": _("language"), "depth": _("depth"), "certifies": _("whether it certifies"),
    }  # fmt: skip
    found = [said for name, said in parts.items() if getattr(new, name) != getattr(old, name)]
    if _rubric_of(new) != _rubric_of(old):
        found.append(_("rubric"))
    if _exemplars_of(new) != _exemplars_of(old):
        found.append(_("exemplars"))
    return found


def _rubric_of(view: TaskView) -> list[Any]:
    return [(one.name, one.target, dict(one.descriptors)) for one in view.criteria]


def _exemplars_of(view: TaskView) -> list[Any]:
    place = {one.uuid: one.position for one in view.criteria}
    return [
        (one.title, one.words, one.link, one.file_digest, one.why, {place.get(name): level for name, level in one.levels.items()})
        for one in view.exemplars
    ]  # fmt: skip
