"""Questions on files about comparative judgement: a scale from which of two pieces is better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.comparative import scale
from headway.science.comparative.comparisons import Comparisons
from headway.science.comparative.reliability import split_half
from headway.science.comparative.scale import BradleyTerry
from headway.science.estimates import EstimateRefused
from headway.science.files.answers import finite
from headway.science.files.columns import Columns, read_columns
from headway.science.files.reading import ScienceRefusal, one_of, only, share, whole

YES = ("1", "true", "yes", "tie")
NO = ("", "0", "false", "no")
SPLITS, MOST_SPLIT = 20, 500


def bradley_terry(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Place items on a scale by comparisons: `winner,loser[,judge,tie,first,count]`; `--reference ITEM`, `--prior N`."""
    confidence = share(options, "interval", 0.95)
    rows = read_columns(only(paths, "bradley-terry"), ("winner", "loser"))
    names, pairs = _pairs(rows)
    reference = str(options.get("reference", names[0]))
    if reference != "mean" and reference not in names:
        raise ScienceRefusal(
            "unknown_item", f"No item is called {reference}; `mean` is the mean of all.", value=reference
        )
    seed = whole(options, "seed", 1, 0, 2**32 - 1)
    at = names.index(reference) if reference in names else None
    try:
        found = scale.bradley_terry(
            pairs, ties=one_of(options, "ties", ("davidson", "half"), "davidson") == "davidson", order="first" in rows,
            reference=at, prior=_prior(options), names=names, rng=np.random.default_rng(seed),
        )  # fmt: skip
        halves = _halves(pairs, options, len(names), seed, confidence)
    except EstimateRefused as refused:
        if isinstance(refused.place, int):
            raise rows.placed(refused, "loser", refused.place) from None
        raise rows.placed(refused, "winner") from None
    judges = rows.labels("judge")[1] if "judge" in rows else []
    return _answer(found, names, judges, reference, confidence) | halves


def _answer(
    found: BradleyTerry, names: list[str], judges: list[str], reference: str, confidence: float
) -> dict[str, Any]:
    from scipy.special import ndtri

    half = float(ndtri((1 + confidence) / 2))
    estimates = [
        {"item": name, "value": value, "standard_error": error, "interval": [value - half * error, value + half * error],
         "centered": centered, "centered_standard_error": centered_error, "infit": infit, "n": round(n)}
        for name, value, error, centered, centered_error, infit, n in zip(
            names, found.value.tolist(), found.standard_error.tolist(), found.centered.tolist(),
            found.centered_error.tolist(), found.infit.tolist(), found.n.tolist(), strict=True
        )
    ]  # fmt: skip
    fit = found.judges
    return {
        "name": "bradley-terry", "estimates": estimates, "interval": None, "confidence": confidence, "reference": reference,
        "order": _pair(found.order), "tie": _pair(found.tie), "reliability": finite(found.reliability),
        "judges": [
            {"judge": judges[which], "n": round(n), "infit": infit, "t": t, "misfit": bool(misfit)}
            for which, n, infit, t, misfit in zip(
                fit.judge.tolist(), fit.n.tolist(), fit.infit.tolist(), fit.t.tolist(), fit.misfit.tolist(), strict=True
            )
        ],
        "log_likelihood": found.log_likelihood, "n": found.comparisons, "items": len(names), "excluded": 0,
        "method": found.method, "version": scale.VERSION, "reasons": list(found.reasons),
    }  # fmt: skip


def _pairs(rows: Columns) -> tuple[list[str], Comparisons]:
    for column in ("winner", "loser"):
        rows.needed(column)
    names = sorted({*rows.cells["winner"], *rows.cells["loser"]})
    place = {name: at for at, name in enumerate(names)}

    def items(column: str) -> NDArray[np.int64]:
        return np.array([place[cell] for cell in rows.cells[column]], np.int64)

    winner, loser = items("winner"), items("loser")
    judge = None
    if "judge" in rows:
        which, judges = rows.labels("judge")
        judge = np.where(which == judges.index(""), -1, which) if "" in judges else which
    count = None
    if "count" in rows:
        count = rows.numbers("count")
        wrong = np.flatnonzero(~(count >= 0))
        if len(wrong):
            raise rows.refuse("not_a_count", "count must be a number from 0.", "count", int(wrong[0]))
    try:
        return names, Comparisons.of(
            winner,
            loser,
            n_items=len(names),
            judge=judge,
            count=count,
            tie=_ties(rows),
            first=_first(rows, place),
        )
    except EstimateRefused as refused:
        raise rows.placed(
            refused, "loser", refused.place if isinstance(refused.place, int) else None
        ) from None


def _ties(rows: Columns) -> NDArray[np.bool_] | None:
    if "tie" not in rows:
        return None
    said = [cell.casefold() for cell in rows.cells["tie"]]
    for row, word in enumerate(said):
        if word not in YES and word not in NO:
            raise rows.refuse(
                "unknown_word", "tie is 1 or 0, yes or no, true or false, or empty.", "tie", row
            )
    return np.array([word in YES for word in said])


def _first(rows: Columns, place: Mapping[str, int]) -> NDArray[np.int64] | None:
    if "first" not in rows:
        return None
    for row, (cell, one, other) in enumerate(
        zip(rows.cells["first"], rows.cells["winner"], rows.cells["loser"], strict=True)
    ):
        if cell and cell not in (one, other):
            raise rows.refuse("unknown_item", "first is the winner, the loser, or empty.", "first", row)
    return np.array([place[cell] if cell else -1 for cell in rows.cells["first"]], np.int64)


def _prior(options: Mapping[str, Any]) -> float:
    text = str(options.get("prior", 0))
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise ScienceRefusal("bad_parameter", "--prior is a number from 0, such as 0.5.", value=text)
    return value


def _halves(
    pairs: Comparisons, options: Mapping[str, Any], items: int, seed: int, confidence: float
) -> dict[str, Any]:
    """Split judges in halves: of small sets always, of large ones where replicates are asked for."""
    replicates = whole(options, "replicates", SPLITS if items <= MOST_SPLIT else 0, 0, 10_000)
    if not replicates:
        return {"split_half": None, "split_half_interval": None}
    try:
        found = split_half(pairs, np.random.default_rng(seed), replicates=replicates, confidence=confidence)
    except EstimateRefused:
        return {"split_half": None, "split_half_interval": None}
    return {
        "split_half": found.value,
        "split_half_interval": None if found.interval is None else list(found.interval),
    }


def _pair(found: tuple[float, float] | None) -> dict[str, float] | None:
    return None if found is None else {"value": found[0], "standard_error": found[1]}
