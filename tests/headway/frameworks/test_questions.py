"""Questions: names of targets, prerequisites, places, and what they cost."""

from datetime import UTC, date, datetime

import pytest

from headway.access.types import SYSTEM
from headway.frameworks import actions, queries
from headway.frameworks.types import PRECEDES, REPLACED_BY
from headway.kit.refusals import Finding, Refusal

from .packages import node, package, uid, under

AT = datetime(2026, 8, 3, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def two():
    """Mathematics with a target that was split in two on 2026-08-15, and reading; both have a target X.1."""
    math = package(
        "Math: grades",
        [
            "A",
            node("A.1"),
            node("A.2", ends_on=date(2026, 8, 15)),
            "A.2a",
            "A.2b",
            node("X.1", uuid=uid("math X.1")),
        ],
        *under("Math: grades", "A"),
        *under("A", "A.1", "A.2", "A.2a", "A.2b", "math X.1"),
        (PRECEDES, "A.1", "A.2a"),
        (REPLACED_BY, "A.2", "A.2a"),
        (REPLACED_BY, "A.2", "A.2b"),
    )
    reading = package(
        "Reading",
        ["R", node("R.1", requirement={"pieces": 2}), node("X.1", uuid=uid("reading X.1"))],
        *under("Reading", "R"),
        *under("R", "R.1", "reading X.1"),
        (PRECEDES, "A", "R"),
    )
    for pack in (math, reading):
        actions.apply_package(pack, actor=SYSTEM, at=AT)


def code_of(text, **options):
    with pytest.raises(Refusal) as caught:
        queries.target_by_reference(text, **options)
    return caught.value


def test_a_target_is_named_by_identifier_code_or_framework_and_code(two):
    expected = queries.target_by_reference("A.1")
    for text in (str(uid("A.1")), str(uid("A.1")).upper(), "Math: grades:A.1", " A.1 "):
        assert queries.target_by_reference(text) == expected
    assert queries.target_by_reference("Reading:X.1").uuid == uid("reading X.1")


def test_an_unknown_reference_and_an_area_are_refused(two):
    assert code_of("Z.9").code == "unknown_target"
    assert "not a target" in code_of("A").message
    assert queries.target_by_reference("A", any_item=True).code == "A"


def test_an_ambiguous_code_names_its_candidates(two):
    refusal = code_of("X.1")
    assert refusal.code == "ambiguous_target"
    assert "Math: grades:X.1" in refusal.message and "Reading:X.1" in refusal.message


def test_a_retired_target_names_the_new_codes_from_the_day_it_ends(two):
    assert queries.target_by_reference("A.2", on=date(2026, 8, 14)).code == "A.2"
    refusal = code_of("A.2", on=date(2026, 8, 15))
    assert refusal.code == "retired_target" and "A.2a, A.2b" in refusal.message
    assert code_of("A.2").code == "retired_target"


def test_many_references_cost_one_statement_and_list_every_fault(two, django_assert_num_queries):
    queries.forest()
    with django_assert_num_queries(1):
        found = queries.find_targets(["A.1", "R.1", "Z", "X.1"])
    assert [isinstance(v, Finding) for v in found.values()] == [False, False, True, True]
    with pytest.raises(Refusal) as caught:
        queries.targets_by_reference(["A.1", "Z", "X.1"])
    assert [f.value for f in caught.value.findings] == ["Z", "X.1"]


def test_prerequisites_are_inherited_from_areas_and_reach_across_continuums(two):
    target = queries.target_by_reference
    before = queries.prerequisites([target("A.2a").id, target("R.1").id])
    assert before[target("A.2a").id] == (target("A.1").id,)
    names = [queries.node(i).code for i in before[target("R.1").id]]
    assert names == ["A.1", "A.2", "A.2a", "A.2b", "X.1"]


def test_targets_that_ask_for_something_of_their_own_are_counted_where_a_policy_applies(
    two, django_assert_num_queries
):
    queries.forest()
    day = date(2026, 10, 1)
    with django_assert_num_queries(0):
        everywhere = queries.asking_otherwise({}, on=day)
        reading = queries.asking_otherwise({"framework": "Reading"}, on=day)
        below = queries.asking_otherwise({"area": "Reading:R"}, on=day)
        assert queries.asking_otherwise({"area": "R"}, on=day) == below
        elsewhere = queries.asking_otherwise({"framework": "Math: grades"}, on=day)
    assert everywhere[0] == reading[0] == below[0] == 1 and elsewhere[0] == 0
    assert everywhere[1] == reading[1] + elsewhere[1]


def test_places_and_identifiers_cost_nothing_once_a_request_has_asked(two, django_assert_num_queries):
    target = queries.target_by_reference("R.1")
    with django_assert_num_queries(0):
        place = queries.place(node_id=target.id)
        assert queries.node_uuids(node_ids=[target.id]) == {target.id: uid("R.1")}
        assert [n.code for n in queries.ancestors(target.id)] == ["R"]
    assert (place.framework, place.path, dict(place.requirement)) == ("Reading", ("R", "R.1"), {"pieces": 2})


def test_a_tree_costs_one_statement_and_none_with_a_stamp(two, django_assert_num_queries):
    view = queries.framework_by_key("Reading")
    with django_assert_num_queries(1):
        queries.tree(view.id)
    at = queries.stamp()
    with django_assert_num_queries(0):
        queries.tree(view.id, at=at)
    with django_assert_num_queries(3):
        queries.package(view.id)


def test_the_public_page_shows_what_holds_and_hides_what_is_not_public(two, django_assert_num_queries):
    queries.forest()
    with django_assert_num_queries(1):
        page = queries.public_page("Math: grades", on=date(2026, 9, 1))
    assert [(d, n.code) for d, n in page.rows] == [(0, "A"), (1, "A.1"), (1, "A.2a"), (1, "A.2b"), (1, "X.1")]
    actions.set_framework(page.framework.id, actor=SYSTEM, at=AT, public=False)
    with pytest.raises(Refusal):
        queries.public_page("Math: grades", on=date(2026, 9, 1))
