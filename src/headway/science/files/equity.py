"""Questions on files about gaps: between groups, in risks, in amounts, how predictable, and at which step they open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.equity import gaps, risk, steps
from headway.science.equity import inequality as unequal
from headway.science.equity import predictability as foretold
from headway.science.files.answers import ask, ends, finite, generator, laid, number, only_one
from headway.science.files.columns import Columns, read_columns
from headway.science.files.reading import ScienceRefusal, only, share, whole

_CELLS = 50_000_000
_STUDENTS = 5_000_000


def gap(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Say by how much a group lies below a reference group, with both levels: `--reference GROUP`."""
    chance = share(options, "interval", 0.95)
    rows = read_columns(only(paths, "gap"), ("group",))
    values, group, names, n_rows = _values(rows)
    reference, assumed = _reference(options, names, rows)
    schools, periods = _identifiers(rows, "school", len(values)), _identifiers(rows, "period", len(values))
    cut = number(options, "cut")
    minimum = whole(options, "minimum", gaps.MINIMUM, 1, 10_000)
    period_of = periods if periods is not None else np.zeros(len(values), np.int64)
    period_names = list(dict.fromkeys(rows.cells["period"])) if periods is not None else []
    estimates: list[dict[str, Any]] = []
    levels: dict[str, list[tuple[float, float]]] = {}
    refused: ScienceRefusal | None = None
    for at in range(int(period_of.max()) + 1):
        for other, name in enumerate(names):
            mine = (period_of == at) & ((group == reference) | (group == other))
            if other == reference or not mine.any():
                continue
            where = {"period": period_names[at]} if period_names else {}
            try:
                found = ask(gaps.gap, values[mine], group[mine] == reference, cut=cut, chance=chance, minimum=minimum,
                            schools=None if schools is None else schools[mine])  # fmt: skip
            except ScienceRefusal as refusal:
                # One group without values does not take the others' answers away.
                refused = refusal
                estimates.append({**where, "group": name, "reference": names[reference], "value": None, "interval": None,
                                  "n": 0, "method": "none", "reasons": [refusal.code]})  # fmt: skip
                continue
            estimates.append({**where, **_gap_row(found, name, names[reference])})
            levels.setdefault(name, []).append((found.reference.value or 0.0, found.group.value or 0.0))
    if refused is not None and not levels:
        raise refused
    missing = np.isnan(values) | (group < 0)
    if schools is not None:
        missing |= schools < 0
    left_out = int(missing.sum())
    trends = [{"group": name, "trend": gaps.narrowing((seen[0][0], seen[-1][0]), (seen[0][1], seen[-1][1]))}
              for name, seen in levels.items() if len(seen) > 1]  # fmt: skip
    answered = next(each for each in estimates if each["value"] is not None)
    return {
        "name": "gap", **only_one(estimates), "estimates": estimates, "trends": trends, "reference": names[reference],
        "n": n_rows - left_out, "excluded": left_out, "method": answered["method"], "version": gaps.VERSION,
        "reasons": assumed + sorted({reason for each in estimates for reason in each["reasons"]}),
    }  # fmt: skip


def _gap_row(found: gaps.Gap, name: str, reference: str) -> dict[str, Any]:
    difference = found.difference
    row = {
        "group": name, "reference": reference, "value": difference.value, "interval": ends(difference),
        "group_level": laid(found.group), "reference_level": laid(found.reference), "v": laid(found.v),
        "hedges_g": None if found.hedges_g is None else laid(found.hedges_g), "pooled_difference": found.pooled,
        "schools": found.schools, "about": found.about, "n": difference.n, "method": difference.method,
        "reasons": list(difference.reasons),
    }  # fmt: skip
    if found.hedges_g is None and difference.value is not None:
        row["percentage_points"] = 100 * difference.value
    return row


def risk_ratio(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Compare each group's risk with that of all others (34 CFR 300.647): `--cell-size 10 --n-size 30 --state-risk R`."""
    chance = share(options, "interval", 0.95)
    cell, size = (
        whole(options, "cell-size", risk.CELL_SIZE, 1, 10_000),
        whole(options, "n-size", risk.N_SIZE, 1, 10_000),
    )
    rows = read_columns(only(paths, "risk-ratio"), ("group",))
    names, n, affected, missing = _risks(rows)
    state = number(options, "state-risk")
    groups = [risk.Group(*one) for one in zip(names, n, affected, strict=True)]
    found = ask(risk.risk_ratios, groups, cell_size=cell, n_size=size, state_risk=state, chance=chance)
    estimates: list[dict[str, Any]] = [
        {"group": each.name, "risk": each.risk.value, "risk_interval": ends(each.risk),
         "comparison_risk": each.comparison.value, "risk_ratio": each.ratio.value, "value": each.ratio.value,
         "interval": ends(each.ratio), "score_interval": None if each.score is None else [finite(x) for x in each.score],
         "alternate_risk_ratio": None if each.alternate is None else each.alternate.value,
         "alternate_interval": None if each.alternate is None else ends(each.alternate),
         "rule": each.rule, "reportable": each.reportable, "n": group.n, "affected": group.affected,
         "reasons": list(each.ratio.reasons)}
        for each, group in zip(found, groups, strict=True)
    ]  # fmt: skip
    return {
        "name": "risk-ratio", "estimates": estimates, "interval": chance, "n": sum(n), "excluded": missing,
        "cell_size": cell, "n_size": size, "state_risk": state, "method": "risk ratio, Katz log interval",
        "version": risk.VERSION, "reasons": sorted({reason for each in estimates for reason in each["reasons"]}),
    }  # fmt: skip


def inequality(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Say how unequally an amount is spread (Gini, Theil), within and between groups: `--replicates 1000 --seed 1`."""
    chance = share(options, "interval", 0.95)
    rows = read_columns(only(paths, "inequality"), ("value",))
    values = rows.numbers("value")
    group, names = rows.names("group") if "group" in rows.cells else (None, [])
    replicates = whole(options, "replicates", 1000, 50, 100_000)
    found = ask(
        unequal.inequality, values, group, chance=chance, replicates=replicates, rng=generator(options)
    )
    parts = {
        "gini": found.gini,
        "theil": found.theil,
        "theil_within": found.within,
        "theil_between": found.between,
    }
    estimates = [{"measure": name, **laid(each)} for name, each in parts.items() if each is not None]
    present = (
        [names[at] for at in np.unique(group[(group >= 0) & ~np.isnan(values)])] if group is not None else []
    )
    return {
        "name": "inequality", "value": found.gini.value, "interval": ends(found.gini), "estimates": estimates,
        **{name: each.value for name, each in parts.items() if each is not None},
        "groups": [{"group": name, **each} for name, each in zip(present, found.groups, strict=False)],
        "n": found.gini.n, "excluded": found.gini.excluded, "method": f"Gini and Theil; {found.gini.method}",
        "version": unequal.VERSION, "reasons": list(found.gini.reasons),
    }  # fmt: skip


def predictability(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Say how well group, entry and both foretell an outcome: `--folds 10 --replicates 200 --seed 1`."""
    chance = share(options, "interval", 0.95)
    rows = read_columns(only(paths, "predictability"), ("group", "value"))
    group, values = rows.names("group")[0], rows.numbers("value")
    entry = rows.numbers("entry") if "entry" in rows.cells else None
    folds, replicates = (
        whole(options, "folds", foretold.FOLDS, 2, 50),
        whole(options, "replicates", 200, 0, 100_000),
    )
    found = ask(foretold.predictability,
        values, group, entry, chance=chance, folds=folds, replicates=replicates, rng=generator(options))  # fmt: skip
    figures = {"group": found.group, "entry": found.entry, "both": found.both}
    estimates = [{"by": name, **laid(each), "chance": found.chances.get(name)}
                 for name, each in figures.items() if each is not None]  # fmt: skip
    reasons = list(found.group.reasons) + ([] if entry is not None else ["no_entry_column"])
    return {
        "name": "predictability", "measure": found.measure, "value": found.group.value, "interval": ends(found.group),
        "estimates": estimates, **{name: each.value for name, each in figures.items() if each is not None},
        "n": found.group.n, "excluded": found.group.excluded, "permutations": replicates, "method": found.group.method,
        "version": foretold.VERSION, "reasons": reasons,
    }  # fmt: skip


def gap_steps(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Say at which step of a process a gap opens: `--reference GROUP --replicates 2000 --seed 1`."""
    chance = share(options, "interval", 0.95)
    rows = read_columns(only(paths, "gap-steps"), ("group", "step", "entered", "passed"))
    group, names = rows.names("group")
    step, step_names = rows.names("step")
    for column, found in (("group", group), ("step", step)):
        if (found < 0).any():
            row = int(np.flatnonzero(found < 0)[0])
            raise rows.refuse("cell_missing", f"{column} must not be empty.", column, row)
    reference, assumed = _reference(options, names, rows)
    schools = _identifiers(rows, "school", len(group))
    counts = _tables(rows, group, step, schools, (len(names), len(step_names)))
    order, rule, formula = _process(step_names)
    replicates, rng = whole(options, "replicates", 2000, 100, 100_000), generator(options)
    estimates, gaps_found = [], []
    for other, name in enumerate(names):
        if other == reference:
            continue
        sides = [(counts[0][at][..., order], counts[1][at][..., order]) for at in (reference, other)]
        split = ask(steps.gap_steps,
            sides[0], sides[1], rule=rule, chance=chance, replicates=replicates, rng=rng)  # fmt: skip
        for place, each in zip(order, split.steps, strict=True):
            estimates.append({"group": name, "step": step_names[place], **laid(each)})
        gaps_found.append({"group": name, "reference": names[reference], **laid(split.gap), "group_share": split.group,
                           "reference_share": split.reference, "about": split.about,
                           "method": split.gap.method})  # fmt: skip
    return {
        "name": "gap-steps", **only_one(gaps_found), "estimates": estimates, "gaps": gaps_found,
        "reference": names[reference], "formula": formula,
        "n": int(sum(table.max() for table in counts[0].reshape(len(names), -1, len(step_names)).sum(axis=1))),
        "excluded": 0,
        "method": gaps_found[0]["method"], "version": steps.VERSION,
        "reasons": assumed + sorted({reason for each in estimates for reason in each["reasons"]}),
    }  # fmt: skip


def _tables(
    rows: Columns, group: NDArray[np.int64], step: NDArray[np.int64], schools: NDArray[np.int64] | None,
    shape: tuple[int, int],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    """Return counts entered and passed by group (, school) and step. Refuses a cell told twice, missing or impossible."""
    entered, passed = rows.counts("entered"), rows.counts("passed")
    wrong = np.flatnonzero(passed > entered)
    if len(wrong):
        raise rows.refuse("not_a_count", "passed must not be above entered.", "passed", int(wrong[0]))
    school = np.zeros(len(group), np.int64) if schools is None else schools
    dims = (shape[0], int(school.max()) + 1, shape[1])
    if np.prod(dims, dtype=float) > _CELLS:
        raise ScienceRefusal(
            "too_many_steps", f"{rows.file} has too many steps for its schools.", file=rows.file
        )
    cell = np.ravel_multi_index((group, school, step), dims)
    first = np.unique(cell, return_index=True)[1]
    if len(first) < len(cell):
        row = int(np.setdiff1d(np.arange(len(cell)), first)[0])
        raise rows.refuse("duplicate_cell", "This group and step stand twice.", "step", row)
    tables = [
        np.bincount(cell, one, int(np.prod(dims))).astype(np.int64).reshape(dims) for one in (entered, passed)
    ]
    missing = tables[0].sum(axis=1) == 0
    if missing.any():
        message = f"{rows.file} has a step that nobody of a group entered, or that is not listed for it."
        raise ScienceRefusal("nobody_entered", message, file=rows.file, column="step")
    return (tables[0], tables[1]) if schools is not None else (tables[0][:, 0], tables[1][:, 0])


def _process(names: Sequence[str]) -> tuple[list[int], steps.Rule, str]:
    """Return the order of the steps, how their shares make the end, and that in words.

    The named process needs its re-assessment whole; steps before it that are not listed count as taken by everybody.
    """
    plain = [name.lower().replace("-", "").replace("_", "").replace(" ", "") for name in names]
    known = [one.replace("_", "") for one in steps.PROCESS]
    again = [one for one in ("reassessed", "then") if one in plain]
    if not set(plain) <= set(known) or not again or len(set(plain)) < len(plain):
        return list(range(len(names))), steps.chain, " x ".join(names)
    if len(again) < 2 or "first" not in plain:
        raise ScienceRefusal("process_incomplete", "re_assessed needs the steps first and then beside it.")
    order = [plain.index(one) for one in known if one in plain]
    at = [known.index(plain[place]) for place in order]

    def rule(shares: NDArray[np.float64]) -> NDArray[np.float64]:
        every = np.ones((*shares.shape[:-1], len(known)))
        every[..., at] = shares
        return steps.reached(every)

    before = "".join(f"{names[place]} x " for place in order if plain[place] in known[:2])
    return order, rule, f"{before}[first + (1 - first) x re_assessed x then]"


def _values(rows: Columns) -> tuple[NDArray[np.float64], NDArray[np.int64], list[str], int]:
    """Return a value and group per student, from a row per student or from counts per group."""
    group, names = rows.names("group")
    if len(names) < 2:
        raise ScienceRefusal("one_group", f"{rows.file} needs two groups.", file=rows.file, column="group")
    if "value" in rows.cells:
        return rows.numbers("value"), group, names, len(rows)
    _needs(rows, ("n", "affected"))
    n, affected = rows.counts("n"), rows.counts("affected")
    wrong = np.flatnonzero(affected > n)
    if len(wrong):
        raise rows.refuse("not_a_count", "affected must not be above n.", "affected", int(wrong[0]))
    if n.sum() > _STUDENTS:
        raise ScienceRefusal(
            "too_many_students", f"{rows.file} counts more than {_STUDENTS:,} students.", file=rows.file
        )
    repeated = np.repeat(np.arange(len(rows)), n)
    within = np.arange(len(repeated)) - np.repeat(np.cumsum(n) - n, n)
    return (within < affected[repeated]).astype(np.float64), group[repeated], names, int(n.sum())


def _risks(rows: Columns) -> tuple[list[str], list[int], list[int], int]:
    """Return names, students and affected students of each group, and how many rows are left out."""
    group, names = rows.names("group")
    if "n" in rows.cells or "affected" in rows.cells:
        _needs(rows, ("n", "affected"))
        n, affected = rows.counts("n"), rows.counts("affected")
        wrong = np.flatnonzero(affected > n)
        if len(wrong):
            raise rows.refuse("not_a_count", "affected must not be above n.", "affected", int(wrong[0]))
        known = group >= 0
    else:
        _needs(rows, ("value",))
        values = rows.numbers("value")
        bad = np.flatnonzero(~np.isnan(values) & ~np.isin(values, (0.0, 1.0)))
        if len(bad):
            raise rows.refuse("not_yes_or_no", "value must be 0 or 1.", "value", int(bad[0]))
        known = (group >= 0) & ~np.isnan(values)
        n, affected = np.ones(len(values), np.int64), np.nan_to_num(values).astype(np.int64)
    sums = [
        np.bincount(group[known], one[known], len(names)).astype(np.int64).tolist() for one in (n, affected)
    ]
    return names, sums[0], sums[1], int((~known).sum())


def _needs(rows: Columns, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in rows.cells:
            message = f"{rows.file} needs the column value, or the columns n and affected."
            raise ScienceRefusal("column_missing", message, file=rows.file, line=1, column=column)


def _reference(options: Mapping[str, Any], names: Sequence[str], rows: Columns) -> tuple[int, list[str]]:
    """Return the reference group; the first of the file where none is named, and then a reason that says so."""
    if len(names) < 2:
        raise ScienceRefusal("one_group", f"{rows.file} needs two groups.", file=rows.file, column="group")
    if options.get("reference") is None:
        return 0, ["reference_is_the_first_group"]
    name = str(options["reference"])
    if name not in names:
        message = f"No group {name}; there are: {', '.join(names[:20])}."
        raise ScienceRefusal("unknown_group", message, file=rows.file, column="group", value=name)
    return list(names).index(name), []


def _identifiers(rows: Columns, column: str, n: int) -> NDArray[np.int64] | None:
    if column not in rows.cells:
        return None
    if len(rows) != n:
        message = f"{column} needs a row for each student: the columns group and value."
        raise ScienceRefusal("needs_students", message, file=rows.file, line=1, column=column)
    found = rows.names(column)[0]
    if (found < 0).all() or (column == "period" and (found < 0).any()):
        row = int(np.flatnonzero(found < 0)[0])
        raise rows.refuse("cell_missing", f"{column} must not be empty.", column, row)
    return found
