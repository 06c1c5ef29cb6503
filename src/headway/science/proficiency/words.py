"""Sentences about a determination that a parent understands, in English and Spanish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from headway.science.judgment import WouldChange
from headway.science.rounding import hundredths

LANGUAGES = ("en", "es")

STATES = {
    "en": {
        "no_evidence": "There is no evidence yet.",
        "too_little": "Too little was shown so far to be sure of a level.",
        "not_yet": "The target is not reached yet.",
        "proficient": "The target is reached.",
        "beyond": "The work goes beyond the target.",
        "carried": "The evidence was carried over from an earlier version and is to be confirmed.",
        "missed": "There was a chance to show this, and it was missed.",
        "excused": "This student is excused here.",
        "not_taught": "This was not taught yet.",
        "individual_goal": "This student works towards an individual goal; it is not read as a "
        "grade-level result.",
    },
    "es": {
        "no_evidence": "Todavía no hay evidencias.",
        "too_little": "Hasta ahora se ha mostrado muy poco para estar seguros de un nivel.",
        "not_yet": "El objetivo todavía no se ha alcanzado.",
        "proficient": "El objetivo se ha alcanzado.",
        "beyond": "El trabajo va más allá del objetivo.",
        "carried": "Las evidencias vienen de una versión anterior y están por confirmar.",
        "missed": "Hubo una oportunidad de mostrarlo y se perdió.",
        "excused": "Aquí el estudiante está exento.",
        "not_taught": "Esto todavía no se ha enseñado.",
        "individual_goal": "El estudiante trabaja en una meta individual; no se lee como resultado "
        "de su grado.",
    },
}

DECIDED = {
    "en": "A teacher decided this level: one more piece does not change it by itself.",
    "es": "Este nivel lo decidió un docente: un trabajo más no lo cambia por sí solo.",
}

MISSING = {
    "en": {
        "pieces": ("one more piece of work", "{n} more pieces of work"),
        "at_depth": ("one piece of work at greater depth", "{n} pieces of work at greater depth"),
        "days_apart": (
            "a piece of work at least one day after the first",
            "a piece of work at least {n} days after the first",
        ),
        "raters": ("one more rater", "{n} more raters"),
        "tasks": ("one other task", "{n} other tasks"),
        "settings": ("one other setting", "{n} other settings"),
        "observer_types": ("one other kind of observer", "{n} other kinds of observer"),
        "certifying_pieces": (
            "one piece of work on a task of the bank whose rubric may certify",
            "{n} pieces of work on tasks of the bank whose rubrics may certify",
        ),
    },
    "es": {
        "pieces": ("un trabajo más", "{n} trabajos más"),
        "at_depth": ("un trabajo de mayor profundidad", "{n} trabajos de mayor profundidad"),
        "days_apart": (
            "un trabajo al menos un día después del primero",
            "un trabajo al menos {n} días después del primero",
        ),
        "raters": ("otra persona que evalúe", "otras {n} personas que evalúen"),
        "tasks": ("otra tarea", "otras {n} tareas"),
        "settings": ("otro entorno", "otros {n} entornos"),
        "observer_types": ("otro tipo de observador", "otros {n} tipos de observador"),
        "certifying_pieces": (
            "un trabajo en una tarea del banco cuya rúbrica puede certificar",
            "{n} trabajos en tareas del banco cuyas rúbricas pueden certificar",
        ),
    },
}

CERTAINTY = {
    "en": {
        "sure": "We are sure of this.",
        "fairly_sure": "We are fairly sure of this.",
        "between": "The level lies between {low} and {high}; one more piece will help, on a new "
        "task rather than an old one.",
    },
    "es": {
        "sure": "Estamos seguros de esto.",
        "fairly_sure": "Estamos bastante seguros de esto.",
        "between": "El nivel está entre {low} y {high}; un trabajo más ayudará, mejor en una tarea nueva.",
    },
}

NONE_COUNTS = {
    "en": "There is work, and none of it counts now; why stands with each piece.",
    "es": "Hay trabajos y ninguno cuenta ahora; el porqué está con cada uno.",
}

NO_LOGARITHM = {
    "en": "A level of zero has no logarithm, so this rule gives no value.",
    "es": "Un nivel de cero no tiene logaritmo, por eso esta regla no da ningún valor.",
}


def number(hundredths: int, language: str) -> str:
    """Return hundredths as a reader writes them: 3, 3.5, 3.53 (a comma in Spanish)."""
    text = f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if language == "es" else text


def ends(low: float, high: float) -> tuple[int, int]:
    """Return the ends of an interval as they are told, to half a level, in hundredths."""
    return int(hundredths(round(low * 2) / 2)), int(hundredths(round(high * 2) / 2))


def certainty(sure: str, low: float, high: float, language: str) -> str:
    """Say how sure a level is."""
    told = [number(end, language) for end in ends(low, high)]
    return CERTAINTY[language][sure].format(low=told[0], high=told[1])


def counted(n: int, language: str, *, some_decide: bool = False) -> str:
    """Say how many pieces count; where some of them decide alone, how many the rule looks at."""
    if some_decide:
        return f"Se miran {n} trabajos." if language == "es" else f"{n} pieces of work are looked at."
    if language == "es":
        return "Cuenta un trabajo." if n == 1 else f"Cuentan {n} trabajos."
    return "One piece of work counts." if n == 1 else f"{n} pieces of work count."


def lacking(asked: Mapping[str, tuple[int, int]], language: str) -> str:
    """Name what is asked and not shown yet, the parts between semicolons; empty where nothing is."""
    parts = []
    for name, (have, need) in asked.items():
        n = need if name == "days_apart" else need - have
        parts.append(MISSING[language][name][n != 1].format(n=n))
    return "; ".join(parts)


def missing(asked: Mapping[str, tuple[int, int]], language: str) -> str:
    """Say what is still asked; empty where nothing is."""
    named = lacking(asked, language)
    return ("Todavía falta: " if language == "es" else "Still asked: ") + named + "." if named else ""


def decided(since: int, language: str) -> str:
    """Say that a teacher's decision stands, and how much is newer."""
    if language == "es":
        newer = "nada nuevo" if since == 0 else "un trabajo" if since == 1 else f"{since} trabajos"
        return f"El nivel lo decidió un docente; desde entonces: {newer}."
    newer = "nothing new" if since == 0 else "one piece" if since == 1 else f"{since} pieces"
    return f"A teacher decided this level; since this decision: {newer}."


ORDER = ("no_evidence", "missed", "too_little", "not_yet", "proficient", "beyond")


def bettering(changes: Sequence[WouldChange], state: str) -> WouldChange | None:
    """Return the least level of one more piece with which a target is reached, or reached further; None where none is enough."""
    now = _rank(state)
    return next((c for c in changes if c.state in ("proficient", "beyond") and _rank(c.state) > now), None)


def at_any(changes: Sequence[WouldChange], state: str, levels: int) -> bool:
    """Whether one more piece betters a target at whatever of its `levels`: more work is asked, and no better one.

    Only where each of them was tried: around a place on a long continuum some are.
    """
    enough = [c.state in ("proficient", "beyond") and _rank(c.state) > _rank(state) for c in changes]
    return len(changes) == levels and all(enough)


def _rank(state: str) -> int:
    return ORDER.index(state) if state in ORDER else -1


def would_change(
    changes: Sequence[WouldChange], state: str, language: str, *, levels: int, decided: bool = False,
    missing: Mapping[str, tuple[int, int]] = MappingProxyType({}), names: Mapping[float, str] | None = None,
) -> str:  # fmt: skip
    """Say what one more piece would do: the least level with which the target is reached, or reached further; else the one
    that costs it; else, where more would be known and no level is enough, the best.

    `state` is the rule's; nothing changes by one piece while a teacher's decision stands. `levels` is how many the scale has,
    `names` theirs, `missing` what is asked and not shown yet: the piece has to show what of it is no piece more.
    """
    if not changes:
        return ""
    if decided:
        return DECIDED[language]
    other = [c for c in changes if c.changes_state]
    if not other:
        return _unchanged(changes[-1], language, names)
    better = bettering(other, state)
    worse = [c for c in other if _rank(c.state) < _rank(state)]
    told = better or (worse or other)[-1]
    level, result = _level(told.level, language, names), STATES[language][told.state]
    least = better is not None and at_any(changes, state, levels)
    also = (
        lacking({name: asked for name, asked in missing.items() if name != "pieces"}, language)
        if better
        else ""
    )
    if language == "es":
        at = "de cualquier nivel" if least else f"de nivel {level}"
        said = f"Un trabajo más {at} cambiaría el resultado: {result}"
        return f"{said} Tiene que aportar lo que todavía se pide: {also}." if also else said
    said = f"One more piece at {'any level' if least else f'level {level}'} would change the result: {result}"
    return f"{said} It has to bring what is still asked: {also}." if also else said


def _level(level: float, language: str, names: Mapping[float, str] | None) -> str:
    said, name = number(round(level * 100), language), (names or {}).get(level, "")
    return f"{said} ({name})" if name and name != said else said


def _unchanged(last: WouldChange, language: str, names: Mapping[float, str] | None) -> str:
    value = "–" if last.shown is None else number(last.shown, language)
    level = _level(last.level, language, names)
    if language == "es":
        return f"Un trabajo más no cambiaría el resultado; con un {level} el valor sería {value}."
    return f"One more piece would not change the result; at {level} the value would be {value}."
