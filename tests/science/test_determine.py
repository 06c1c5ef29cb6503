"""States, requirements, decisions, levels on a continuum, habits and parents: the rules that real schools
use."""

import numpy as np
import pytest

from headway.science.ledger import Kind, Override, Purpose, Ratings, State, Status
from headway.science.proficiency.determine import determine, work
from headway.science.proficiency.explain import explain
from headway.science.proficiency.parents import pool
from headway.science.proficiency.policy import Policy, PolicyInvalid
from headway.science.proficiency.words import at_any, would_change

DAY = 86_400_000_000
CONTINUUM = {"levels": [{"value": v} for v in range(1, 13)]}
B21 = {
    "rule": "best-n",
    "scale": CONTINUUM,
    "complete": {"margin": 0.5, "minimum": 0, "proposes_next_level": True},
    "requirement_by_level": {"default": 2, "9": 3},
    "parent": {"rule": "pooled-mean", "decimals": 1},
}


def one(policy, level, **columns):
    return determine(Ratings.of(level=level, count=1, **columns), Policy.from_mapping(policy)).of(0)


@pytest.mark.parametrize(
    ("levels", "state"),
    [
        ([8.4, 8.4, 8.4], "not_yet"),
        ([8.5, 8.5, 8.5], "proficient"),
        ([9, 9], "too_little"),
        ([8, 9, 8.5], "proficient"),
    ],
)
def test_building_21_level_nine_is_complete_at_eight_and_a_half(levels, state):
    """Building 21 / Slate: all requirements in and mean >= level - 0.5 (8.5 for level 9)."""
    found = one(B21, levels, continuum_level=[9] * len(levels))
    assert found["state"] == state
    assert found["proposed_level"] == (10 if state == "proficient" else 0)


def test_ninety_three_elevenths_shows_8_45_and_does_not_pass():
    policy = B21 | {"requirement_by_level": {"default": 11}}
    found = one(policy, [9, 8, 9, 8, 9, 8, 9, 8, 9, 8, 8], continuum_level=[9] * 11)
    assert (found["shown"], found["state"], found["complete"]) == (845, "not_yet", False)


def test_best_of_the_current_level_count_and_the_newest_of_equals():
    ratings = Ratings.of(
        level=[12, 9, 7, 9, 9, 9],
        continuum_level=[8, 9, 9, 9, 9, 9],
        observed=np.arange(6) * DAY,
        key=list("abcdef"),
    )
    judged = explain(ratings, Policy.from_mapping(B21))
    assert [c.key for c in judged.counted] == ["d", "e", "f"]
    assert {e.key: e.reason for e in judged.excluded} == {
        "a": "other_level",
        "b": "not_in_best",
        "c": "not_in_best",
    }


def test_missed_is_kept_apart_unless_it_counts_as_zero():
    status = [Status.RATED, Status.RATED, Status.MISSED]
    apart = one(
        B21 | {"requirement_by_level": {"default": 3}}, [9, 9, np.nan], status=status, continuum_level=[9] * 3
    )
    assert (apart["value"], apart["filled"], apart["state"]) == (9.0, 2, "too_little")
    counts = B21 | {"requirement_by_level": {"default": 3}, "parameters": {"missed_counts": True}}
    zero = one(counts, [9, 9, np.nan], status=status, continuum_level=[9] * 3)
    assert (zero["value"], zero["filled"], zero["state"]) == (6.0, 3, "not_yet")


def test_a_completing_override_fills_the_rest_and_stays_outside_the_mean():
    override = [Override.NONE, Override.COMPLETES]
    found = one(B21, [9, np.nan], override=override, continuum_level=[9, 9])
    assert (found["value"], found["filled"], found["required"], found["state"]) == (9.0, 3, 3, "proficient")
    single = B21 | {"complete": {"fills": "one"}}
    assert one(single, [9, np.nan], override=override, continuum_level=[9, 9])["state"] == "too_little"
    assert one(B21, [np.nan], override=[Override.COMPLETES], continuum_level=[9])["value"] is None


def test_minimum_single_rating():
    policy = B21 | {"complete": {"minimum": 8}}
    assert one(policy, [10, 10, 7.5], continuum_level=[9] * 3)["state"] == "not_yet"
    assert one(policy, [10, 10, 8], continuum_level=[9] * 3)["state"] == "proficient"


def test_cut_is_compared_with_the_exact_value():
    assert one({"rule": "mean"}, [2.999])["state"] == "not_yet"
    assert one({"rule": "mean"}, [3 - 1e-12])["state"] == "proficient"
    assert one({"rule": "mean", "cut": "nearest"}, [2.5])["state"] == "proficient"
    assert one({"rule": "mean", "cut": "nearest"}, [2.49])["state"] == "not_yet"
    assert one({"rule": "mean"}, [4])["state"] == "beyond"


@pytest.mark.parametrize(
    ("requirement", "columns"),
    [
        ({"pieces": 3}, {}),
        ({"depth": 3}, {"depth": [1, 2]}),
        ({"depth": 2, "at_depth": 2}, {"depth": [1, 2]}),
        ({"days_apart": 14}, {"observed": [0, 13 * DAY]}),
        ({"raters": 2}, {"rater": [5, 5]}),
        ({"tasks": 2}, {"task": [-1, 1]}),
        ({"settings": 2}, {}),
        ({"observer_types": 2}, {}),
    ],
)
def test_each_requirement_makes_too_little_but_value_is_given(requirement, columns):
    found = one({"rule": "mean", "requirement": requirement}, [3, 3], **columns)
    assert (found["state"], found["value"]) == ("too_little", 3.0)


def test_requirement_met():
    asked = {"pieces": 2, "depth": 2, "at_depth": 1, "days_apart": 14, "raters": 2, "tasks": 2, "settings": 2}
    found = one(
        {"rule": "mean", "requirement": asked},
        [3, 3],
        depth=[1, 2],
        observed=[0, 14 * DAY],
        rater=[1, 2],
        task=[1, 2],
        setting=[1, 2],
    )
    assert (found["state"], found["depth"]) == ("proficient", 2)


def test_newest_attempt_stands_for_its_piece_and_raters_combine():
    base = {"rule": "mean", "requirement": {}}
    assert one(base, [1, 3], piece=[7, 7], attempt=[1, 2])["value"] == 3
    assert one(base, [2, 3], piece=[7, 7])["value"] == 2.5
    lead = base | {"same_attempt": "lead"}
    assert one(lead, [2, 3, 4], piece=[7, 7, 7], recorded=[2, 1, 0], kind=[0, 0, Kind.PANEL])["value"] == 3
    assert one(base, [2, 3, 4], piece=[7, 7, 7], kind=[0, Kind.MODERATED, 0])["value"] == 3
    waiting = base | {"same_attempt": "moderated"}
    assert one(waiting, [2, 3], piece=[7, 7])["state"] == "no_evidence"
    assert one(waiting, [2], piece=[7])["value"] == 2


def test_only_evidence_counts_and_reasons_are_named():
    ratings = Ratings.of(
        level=[1, 4, 1, 2], purpose=[1, 0, 0, Purpose.BASELINE], kind=[0, 0, Kind.SELF, 0], key=list("abcd")
    )
    judged = explain(ratings, Policy.from_mapping({"rule": "mean"}))
    assert [c.key for c in judged.counted] == ["b"]
    assert {e.key: e.reason for e in judged.excluded} == {
        "a": "practice",
        "c": "self_rating",
        "d": "baseline",
    }
    assert (judged.n_counted, judged.n_total) == (1, 4)


def test_decision_stands_until_reverted_and_counts_what_is_newer():
    level, when = [2, 4, 2, 2], [0, 1, 2, 3]
    override = [0, Override.DECIDES, 0, 0]
    found = one({"rule": "mean"}, level, observed=when, override=override)
    assert (found["value"], found["state"], found["decided"], found["since_decision"]) == (
        4,
        "beyond",
        True,
        2,
    )
    assert (found["engine_value"], found["engine_state"]) == (2, "not_yet")
    back = one(
        {"rule": "mean"},
        [*level, np.nan],
        observed=[*when, 1],
        override=[*override, Override.REVERTS],
        key=[5, 4, 3, 2, 1],
    )
    assert (back["value"], back["decided"], back["since_decision"]) == (2, False, 0)


@pytest.mark.parametrize(
    "status", [Status.MISSED, Status.EXCUSED, Status.NOT_TAUGHT, Status.TOO_LITTLE, Status.INDIVIDUAL_GOAL]
)
def test_newest_status_is_the_state_where_nothing_was_rated(status):
    found = one({"rule": "mean"}, [np.nan, np.nan], status=[Status.MISSED, status], observed=[0, 1])
    assert found["state"] == status.word


def test_individual_goal_is_never_read_as_grade_level():
    found = one({"rule": "mean"}, [np.nan, 4], status=[Status.INDIVIDUAL_GOAL, 0], observed=[0, 1])
    assert (found["state"], found["value"], found["required"], found["progress"]) == (
        "individual_goal",
        None,
        0,
        None,
    )


def test_p14_an_individual_goal_that_was_ended_says_nothing_and_modified_ratings_never_count():
    ended = {
        "status": [Status.INDIVIDUAL_GOAL, 0, 0],
        "override": [0, Override.REVERTS, 0],
        "observed": [0, 2, 1],
    }
    modified = {**ended, "purpose": [0, 0, Purpose.MODIFIED]}
    found = one({"rule": "mean"}, [np.nan, np.nan, 4], **modified)
    assert (found["state"], found["value"], found["n_counted"]) == ("no_evidence", None, 0)
    assert one({"rule": "mean"}, [np.nan, np.nan, 4], **ended)["state"] == "beyond"
    missed = {**modified, "status": [Status.INDIVIDUAL_GOAL, 0, Status.MISSED], "purpose": [0, 0, 0]}
    assert one({"rule": "mean"}, [np.nan] * 3, **missed)["state"] == "missed"


def _acts(*words):
    """Return what a segment with these acts, one a day, is; a number is a decision at that level."""
    goal, back = "goal", "reverts"
    return one(
        {"rule": "mean"},
        [each if isinstance(each, int) else np.nan for each in words],
        status=[Status.INDIVIDUAL_GOAL if each == goal else 0 for each in words],
        override=[
            Override.REVERTS if each == back else 0 if each == goal else Override.DECIDES for each in words
        ],
        observed=range(len(words)),
    )


@pytest.mark.parametrize(
    ("acts", "state", "value"),
    [
        ((4, "goal"), "individual_goal", None),
        (("goal", 4), "individual_goal", None),
        ((4, "goal", "goal"), "individual_goal", None),
        ((4, "goal", "reverts"), "beyond", 4),
        (("goal", 4, "reverts"), "beyond", 4),
        ((2, "goal", "goal", "reverts"), "not_yet", 2),
        ((2, 4, "goal", "reverts", "goal", "reverts"), "beyond", 4),
        ((4, "goal", "reverts", "goal"), "individual_goal", None),
        ((4, "goal", "reverts", "reverts"), "no_evidence", None),
        ((4, "reverts", "goal", "reverts"), "no_evidence", None),
        ((4, "goal", "reverts", "reverts", 3), "proficient", 3),
    ],
)
def test_p14_a_goal_stands_above_decisions_and_its_end_gives_them_back(acts, state, value):
    found = _acts(*acts)
    assert (found["state"], found["value"], found["decided"]) == (state, value, value is not None)


def test_p14_the_end_of_a_goal_leaves_the_decisions_of_other_segments_alone():
    ratings = Ratings.of(
        level=[np.nan, np.nan, 3, np.nan], segment=[0, 0, 1, 1], observed=[0, 2, 1, 3],
        status=[Status.INDIVIDUAL_GOAL, 0, 0, 0],
        override=[0, Override.REVERTS, Override.DECIDES, Override.REVERTS],
    )  # fmt: skip
    found = determine(ratings, Policy.from_mapping({"rule": "mean"}))
    assert found.decided.tolist() == [False, False]
    assert found.state.tolist() == [State.NO_EVIDENCE, State.NO_EVIDENCE]


def test_carried_evidence_is_to_be_confirmed():
    assert one({"rule": "mean"}, [3, 3], carried=[True, True])["state"] == "carried"
    assert one({"rule": "mean"}, [3, 3], carried=[True, False])["state"] == "proficient"


def test_p22_habits_are_a_profile_never_a_mean():
    habits = {"rule": "profile", "requirement": {"pieces": 3, "settings": 2, "observer_types": 2}}
    shown = {"setting": [0, 1, 0], "kind": [0, 0, Kind.SELF]}
    assert one(habits, [3, 3, 3], **shown)["state"] == "proficient"
    alone = one(habits, [4, 2, 3], **shown)
    assert (alone["value"], alone["state"]) == (2, "not_yet")
    old = one(habits, [4, 2, 2, 2], instructed=[0, 45, 46, 47], setting=[0, 1, 0, 1], kind=[0, 0, 1, 0])
    assert (old["value"], old["n_counted"]) == (2, 3)
    assert one(habits, [3, 3, 3], setting=[0, 0, 0], kind=[0, 1, 0])["state"] == "too_little"


def test_n_times_tells_too_little_from_not_yet():
    policy = {"rule": "n-times", "parameters": {"n": 3, "level": 3}}
    assert one(policy, [2, 2, 3])["state"] == "not_yet"
    assert one(policy, [3, 3])["state"] == "too_little"


def test_a_level_of_zero_has_no_logarithm():
    judged = explain(Ratings.of(level=[0, 3]), Policy.from_mapping({"rule": "power-law"}))
    assert (judged.value, judged.state, "no_logarithm" in judged.reasons) == (None, "too_little", True)


def test_would_change_runs_the_rule():
    judged = explain(
        Ratings.of(level=[2, 3], observed=[0, DAY]), Policy.from_mapping({"rule": "decaying-average"})
    )
    assert [c.value for c in judged.would_change] == pytest.approx(
        [0.35 * judged.value + 0.65 * x for x in (1, 2, 3, 4)]
    )
    assert [c.level for c in judged.would_change if c.changes_state] == [4.0]
    assert set(judged.words) == set(judged.would_change_words) == {"en", "es"}


@pytest.mark.parametrize(
    ("rule", "level", "said"),
    [
        (
            "highest",
            4.0,
            "One more piece at any level would change the result: The work goes beyond the target.",
        ),
        ("most-recent", 1.0, "One more piece at level 3 would change the result: The target is reached."),
        ("mean", 1.0, "One more piece at level 4 would change the result: The target is not reached yet."),
    ],
)
def test_nobody_is_told_to_do_worse(rule: str, level: float, said: str):
    asked = Policy.from_mapping({"rule": rule, "requirement": {"pieces": 2}})
    judged = explain(Ratings.of(level=[level]), asked)
    assert judged.state == "too_little"
    assert judged.would_change_words["en"] == said
    named = would_change(
        judged.would_change, judged.engine_state, "en", levels=4, names={3.0: "Proficient", 4.0: "Extending"}
    )
    assert named == said.replace("level 3", "level 3 (Proficient)").replace("level 4", "level 4 (Extending)")


def test_any_level_is_said_only_where_each_was_tried_and_is_enough():
    mode = Policy.from_mapping({"rule": "mode", "requirement": {"pieces": 4}})
    split = explain(Ratings.of(level=[2.0, 4.0, 4.0], observed=[0, DAY, 2 * DAY]), mode)
    assert split.would_change[0].state != split.would_change[1].state, "a second 2 ties"
    assert "any level" not in split.would_change_words["en"]
    assert not at_any(split.would_change, split.engine_state, 4)
    some = split.would_change[2:]
    assert at_any(some, split.engine_state, 2) and not at_any(some, split.engine_state, 4), (
        "not each was tried"
    )


def test_what_a_piece_must_bring_is_said_and_a_decision_is_changed_by_none():
    deep = Policy.from_mapping({"rule": "most-recent", "requirement": {"pieces": 2, "tasks": 2}})
    judged = explain(Ratings.of(level=[3.0, 3.0], observed=[0, DAY], task=[1, 1]), deep)
    assert judged.state == "too_little" and "tasks" in judged.missing
    assert judged.would_change_words["en"].endswith("It has to bring what is still asked: one other task.")
    decided = explain(
        Ratings.of(level=[3.0, 3.0, 1.0], observed=[0, DAY, 2 * DAY], override=[0, 0, Override.DECIDES]),
        Policy.from_mapping({"rule": "most-recent"}),
    )
    assert decided.decided and decided.would_change_words["en"].startswith("A teacher decided this level")


def test_a_parent_never_hides_its_weakest_child():
    policy = Policy.from_mapping({"rule": "mean", "parent": {"rule": "mean", "floor": 2}})
    ratings = Ratings.of(
        level=[4, 4, 1.5, np.nan], segment=[0, 1, 2, 3], status=[0, 0, 0, Status.EXCUSED], count=4
    )
    found = pool(determine(ratings, policy), np.zeros(4, int), 1, policy)
    assert found.value[0] == pytest.approx(9.5 / 3)
    assert (found.weakest[0], found.weakest_value[0], found.below_floor[0]) == (2, 1.5, True)
    assert found.state[0] == State.NOT_YET


def test_pooled_mean_leaves_missed_and_completing_out_of_both_sums():
    policy = Policy.from_mapping(B21 | {"requirement_by_level": {"default": 2}})
    ratings = Ratings.of(
        level=[9, 8, 10, np.nan, np.nan],
        segment=[0, 0, 1, 1, 0],
        status=[0, 0, 0, 0, Status.MISSED],
        override=[0, 0, 0, Override.COMPLETES, 0],
        continuum_level=[9] * 5,
        count=2,
    )
    worked = work(ratings, policy, weigh=True)
    found = pool(worked.answer, np.zeros(2, int), 1, policy, pieces=worked.pieces, weights=worked.weights)
    assert (found.value[0], found.state[0]) == (9.0, State.PROFICIENT)


def test_policy_names_what_is_wrong():
    for wrong, key in (
        ({"rule": "median", "parameters": {"weight": 1}}, "parameters"),
        ({"rule": "best"}, "rule"),
        ({"requirement": {"piece": 1}}, "requirement.piece"),
        ({"cut": "near"}, "cut"),
        ({"colour": 1}, "colour"),
    ):
        with pytest.raises(PolicyInvalid) as caught:
            Policy.from_mapping(wrong)
        assert caught.value.key == key


@pytest.mark.parametrize("rule, looked", [("highest", True), ("most-recent", True), ("mean", False)])
def test_pieces_that_do_not_decide_are_not_said_to_count(rule: str, looked: bool) -> None:
    said = explain(Ratings.of(level=[2, 4, 3, 3]), Policy.from_mapping({"rule": rule})).words
    assert ("4 pieces of work are looked at." in said["en"]) is looked
    assert ("4 pieces of work count." in said["en"]) is not looked
    assert ("Se miran 4 trabajos." in said["es"]) is looked
