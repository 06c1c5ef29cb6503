"""The science on files: answers and refusals."""

import pytest

from headway.science.files.names import names, run
from headway.science.files.reading import ScienceRefusal


def write(tmp_path, text):
    path = tmp_path / "ratings.csv"
    path.write_text(text, encoding="utf-8")
    return [path]


def test_one_segment_gives_a_value(tmp_path):
    paths = write(
        tmp_path,
        "student,target,level,observed_at\ns,t,4,2026-01-03\ns,t,2,\ns,t,3,2026-01-02\ns,t,,2026-01-01\n",
    )
    answer = run("proficiency", paths, {"rule": "weighted-newest", "set": ["weight=0.65", "decimals=2"]})
    assert (answer["value"], answer["n"], answer["excluded"], answer["reasons"]) == (
        3.48,
        3,
        1,
        ["line 5: no_level"],
    )


def test_without_dates_rows_count_in_the_order_given(tmp_path):
    paths = write(tmp_path, "student,target,level\n" + "".join(f"s,t,{x}\n" for x in [4, *[1] * 300, 2]))
    assert run("proficiency", paths, {"rule": "most-recent"})["value"] == 2


def test_several_segments_give_estimates(tmp_path):
    paths = write(tmp_path, "student,target,level\na,t,4\nb,t,2\na,t,3\n")
    found = run("proficiency", paths, {"rule": "mean"})["estimates"]
    assert [(e["student"], e["value"], e["n"]) for e in found] == [("a", 3.5, 2), ("b", 2.0, 1)]


def test_on_track(tmp_path):
    paths = write(
        tmp_path,
        "student,level,expected,graduation,years_left,rate,standard_error,ratings\na,8,9,11,3,1.3,0.2,20\nb,8,9,11,3,,,1\n",
    )
    found = run("on-track", paths)["estimates"]
    assert [e["trajectory"] for e in found] == ["on", "too_early"]
    assert found[1]["interval"] is None


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("student,target\n", "column_missing", 1),
        ("student,level\ns,three\n", "not_a_number", 2),
        ("level\n1,2\n", "cells_differ", 2),
        ("level,observed_at\n1,yesterday\n", "not_a_time", 2),
        ("level,status\n1,late\n", "unknown_word", 2),
        ("level\nnan\n", "not_a_number", 2),
        ("level\n1e308\n", "not_a_number", 2),
        ("level,depth\n3,200\n", "out_of_range", 2),
        ("level,depth\n3,2.7\n", "out_of_range", 2),
        ("level,depth\n3,-5\n", "out_of_range", 2),
        ("level,level\n3,1\n", "column_twice", 1),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path, text, code, line):
    with pytest.raises(ScienceRefusal) as caught:
        run("proficiency", write(tmp_path, text), {"rule": "mean"})
    assert (caught.value.code, caught.value.where["line"]) == (code, line)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"rule": "best"}, "unknown_rule"),
        ({"rule": "mean", "set": ["n=1"]}, "bad_parameter"),
        ({"rule": "mean", "set": ["n"]}, "bad_parameter"),
    ],
)
def test_bad_options_are_refused(tmp_path, options, code):
    with pytest.raises(ScienceRefusal) as caught:
        run("proficiency", write(tmp_path, "level\n1\n"), options)
    assert caught.value.code == code


def test_names():
    assert {"proficiency", "on-track", "suppress", "attack", "krippendorff-alpha"} <= set(names())
    assert all(words.endswith(".") and len(words) < 130 for words in names().values())
    with pytest.raises(ScienceRefusal):
        run("weather", [])


@pytest.mark.parametrize("estimator", ["marginal", "joint"])
def test_a_mistyped_level_is_no_list_of_billions(tmp_path, estimator):
    rows = "a,x,1\na,y,2\nb,x,3\nb,y,2\nc,x,2\nc,y,3000000000\n"
    found = run("facets", write(tmp_path, f"student,rater,rating\n{rows}"), {"estimator": estimator})
    assert not [reason for reason in found["reasons"] if reason.startswith("category_unused")]
    assert found["n"] == 6
