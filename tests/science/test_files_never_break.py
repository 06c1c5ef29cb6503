"""Small, odd and hostile tables: every question answers in JSON without nan, or refuses with a code."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal

CELLS = {
    "number": st.sampled_from(
        ["0", "1", "2", "2", "3.5", "-1", "", "1e29", "1e300", "1e-300", "x", "inf", "1000000"]
    ),
    "plain": st.sampled_from(["0", "1", "1", "2", "3", "4", "4", "7"]),
    "yes": st.sampled_from(["0", "1", "1", "0", ""]),
    "name": st.sampled_from(["a", "a", "b", "b", "c", ""]),
    "step": st.sampled_from(["offered", "first", "re_assessed", "then", "other"]),
}
QUESTIONS = [
    ("gap", {"group": "name", "value": "plain", "school": "name"}, {}),
    ("gap", {"group": "name", "value": "number", "period": "name"}, {"cut": "2"}),
    ("gap", {"group": "name", "value": "yes"}, {}),
    ("gap", {"group": "name", "n": "plain", "affected": "plain"}, {}),
    ("risk-ratio", {"group": "name", "n": "plain", "affected": "yes"}, {"state-risk": "0"}),
    ("risk-ratio", {"group": "name", "value": "yes"}, {"state-risk": "0.5"}),
    ("inequality", {"group": "name", "value": "number"}, {"replicates": "50"}),
    ("inequality", {"group": "name", "value": "plain"}, {"replicates": "50"}),
    ("predictability", {"group": "name", "value": "plain", "entry": "plain"}, {"folds": "2", "replicates": "5"}),
    ("predictability", {"group": "name", "value": "yes", "entry": "number"}, {"folds": "2", "replicates": "5"}),
    ("gap-steps", {"group": "name", "step": "step", "entered": "plain", "passed": "yes"}, {"replicates": "100"}),
    ("mixed-growth", {"student": "name", "time": "plain", "level": "plain", "school": "name"}, {}),
    ("mixed-growth", {"student": "name", "time": "plain", "level": "number"}, {}),
    ("time-to-mastery", {"duration": "plain", "event": "yes", "group": "name"}, {"transform": "log"}),
    ("time-to-mastery", {"duration": "number", "event": "yes"}, {"horizon": "2"}),
    ("growth-percentile", {"student": "name", "current": "plain", "prior1": "plain", "prior2": "yes"}, {"knots": "1"}),
    ("growth-percentile", {"student": "name", "current": "number", "prior1": "number"}, {"standard-error": "1"}),
    ("adds-beyond", {"outcome": "yes", "x": "plain", "z": "name"}, {"baseline": "x", "added": "z"}),
    ("adds-beyond", {"outcome": "yes", "x": "number", "z": "plain"}, {"added": "x,factor(z)"}),
    ("cost-effectiveness", {"unit": "name", "group": "name", "cost": "plain", "effect": "plain"}, {}),
    ("cost-effectiveness", {"cost": "number", "effect": "number"}, {}),
]  # fmt: skip


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
every_question = pytest.mark.parametrize(("name", "columns", "options"), QUESTIONS)
no_warning = pytest.mark.filterwarnings("error")


@every_question
@no_warning
@given(data=st.data())
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=QUIET)
def test_an_answer_or_a_code(
    tmp_path, name: str, columns: dict[str, str], options: dict[str, str], data
) -> None:
    ask(tmp_path, name, columns, options, data)


@pytest.mark.soak
@every_question
@no_warning
@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
def test_an_answer_or_a_code_many_times(
    tmp_path, name: str, columns: dict[str, str], options: dict[str, str], data
) -> None:
    ask(tmp_path, name, columns, options, data)


def ask(tmp_path, name: str, columns: dict[str, str], options: dict[str, str], data) -> None:
    rows = data.draw(
        st.lists(st.tuples(*(CELLS[kind] for kind in columns.values())), min_size=0, max_size=30)
    )
    path = tmp_path / "rows.csv"
    path.write_text("\n".join([",".join(columns), *(",".join(row) for row in rows)]) + "\n", encoding="utf-8")
    try:
        answer = run(name, [path], options)
    except ScienceRefusal as refused:
        assert refused.code and refused.message
        return
    text = json.dumps(answer, allow_nan=False)
    assert json.loads(text)["name"] == name
    assert {"interval", "n", "excluded", "method", "version", "reasons"} <= set(answer)
    assert answer.get("estimates") is not None or "value" in answer
