"""Which questions can be asked of files: name, function, options. `run(name, paths, options)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from headway.science.files.reading import ScienceRefusal


@dataclass(frozen=True, slots=True)
class Question:
    """One question: the module of this package that answers it, its function there, and its options."""

    module: str
    function: str
    options: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    """Options that may be given more than once."""

    def load(self) -> Callable[[Sequence[Path | str], Mapping[str, Any]], dict[str, Any]]:
        """Return the function; loaded when asked for, as the solvers take longer to load than most answers."""
        found: Callable[..., dict[str, Any]] = getattr(
            import_module(f"headway.science.files.{self.module}"), self.function
        )
        return found


SAMPLING = ("interval", "replicates", "seed")
FACETS_OPTIONS = (
    "model",
    "estimator",
    "interval",
    "anchors",
    "floating",
    "thresholds",
    "false-alarm",
    "bias-corrected",
    "nodes",
)

QUESTIONS: Mapping[str, Question] = {
    "proficiency": Question("levels", "proficiency", ("rule", "set"), several=("set",)),
    "on-track": Question("levels", "track"),
    "suppress": Question("disclosure", "suppress", ("minimum",)),
    "attack": Question("disclosure", "attack", ("minimum",)),
    "gap": Question("equity", "gap", ("reference", "cut", "minimum", "interval")),
    "risk-ratio": Question("equity", "risk_ratio", ("cell-size", "n-size", "state-risk", "interval")),
    "inequality": Question("equity", "inequality", ("interval", "replicates", "seed")),
    "predictability": Question("equity", "predictability", ("folds", "interval", "replicates", "seed")),
    "mixed-growth": Question("growth", "mixed_growth", ("interval",)),
    "time-to-mastery": Question("growth", "time_to_mastery", ("horizon", "transform", "interval")),
    "growth-percentile": Question("growth", "growth_percentile", ("knots", "standard-error", "interval")),
    "adds-beyond": Question(
        "prediction", "adds_beyond", ("baseline", "added", "cluster", "interval", "replicates", "seed")
    ),
    "cost-effectiveness": Question("prediction", "cost_effectiveness", ("reference", "interval")),
    "gap-steps": Question("equity", "gap_steps", ("reference", "interval", "replicates", "seed")),
    "percent-agreement": Question("agreement", "percent_agreement", ("weights", *SAMPLING)),
    "cohen-kappa": Question("agreement", "cohen_kappa", ("weights", *SAMPLING)),
    "fleiss-kappa": Question("agreement", "fleiss_kappa", ("weights", *SAMPLING)),
    "krippendorff-alpha": Question("agreement", "krippendorff_alpha", ("level", "weights", *SAMPLING)),
    "gwet-ac": Question("agreement", "gwet_ac", ("weights", "categories", *SAMPLING)),
    "icc": Question("agreement", "icc", ("form", "interval")),
    "g-study": Question("generalizability", "g_study", ("design", "estimator", "interval")),
    "bradley-terry": Question("comparative", "bradley_terry", ("reference", "prior", "ties", *SAMPLING)),
    "mantel-haenszel": Question("dif", "mantel_haenszel", ("reference", "purify", "interval")),
    "d-study": Question("generalizability", "d_study", ("design", "sizes", "object", "estimator", *SAMPLING)),
    "facets": Question("facets", "facets", FACETS_OPTIONS),
    "hierarchical-rater": Question("facets", "hierarchical", ("interval",)),
    "item-response": Question("item_response", "items", ("model", "interval")),
    "dina": Question("diagnosis", "dina", ("interval",)),
    "knowledge-space": Question("knowledge", "space", ("state",)),
    "blim": Question("knowledge", "blim", ("method",)),
    "knowledge-tracing": Question("tracing", "tracing", ("interval", "known", "learn", "slip", "guess")),
    "rating-design": Question("facets", "design", ("pieces", "per-piece", "seed", "categories")),
}


def names() -> dict[str, str]:
    """Return every name with one line each."""
    return {name: (asked.load().__doc__ or "").splitlines()[0] for name, asked in QUESTIONS.items()}


def run(name: str, paths: Sequence[Path | str], options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Answer one question about files: name, value or estimates, interval, n, excluded, method, version,
    reasons.

    Parameters: `options` by name without dashes: `rule`, `set` (a mapping, or texts `name=value`).
    Raises: `ScienceRefusal` with a code, and file, line, column and value where they are known.
    """
    if name not in QUESTIONS:
        raise ScienceRefusal(
            "unknown_name", f"No such name; there are: {', '.join(sorted(QUESTIONS))}.", value=name
        )
    return QUESTIONS[name].load()(paths, options or {})
