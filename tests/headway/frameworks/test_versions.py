"""Versions: what is new, changed, retired and carried on; what is refused; what an undo puts back."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from headway.access.models import AuditEntry, ImportChange, ImportRun
from headway.access.types import SYSTEM
from headway.frameworks import actions, queries
from headway.frameworks.models import Framework, FrameworkVersion, Node, Relation
from headway.frameworks.types import CHILD_OF, HELPS, PRECEDES, REPLACED_BY
from headway.kit.refusals import Finding, Refusal

from .packages import node, package, uid, under

AT = datetime(2026, 8, 3, 12, tzinfo=UTC)
LATER = datetime(2027, 7, 1, 12, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def bring(pack, at=AT, **options):
    return actions.apply_package(pack, actor=SYSTEM, at=at, **options)


def refused(pack, at=AT) -> Refusal:
    before = (Node.objects.count(), ImportRun.objects.count())
    with pytest.raises(Refusal) as caught:
        bring(pack, at)
    assert (Node.objects.count(), ImportRun.objects.count()) == before
    return caught.value


def first():
    return package(
        "Math",
        "A A.1 A.2 A.3",
        *under("Math", "A"),
        *under("A", "A.1", "A.2", "A.3"),
        (PRECEDES, "A.1", "A.2"),
    )


def second():
    return package(
        "Math",
        ["A", node("A.1", name="Better name"), "A.2", "A.3a", "A.3b"],
        *under("Math", "A"),
        *under("A", "A.1", "A.2", "A.3a", "A.3b"),
        (PRECEDES, "A.1", "A.2"),
        (REPLACED_BY, "A.3", "A.3a"),
        (REPLACED_BY, "A.3", "A.3b"),
    )


def test_a_first_version_writes_items_relations_and_an_audit_entry():
    run = bring(first())
    assert run.counts["added"] == 4 and run.counts["version"] == 1
    tree = queries.tree(queries.framework_by_key("Math").id)
    assert [tree.nodes[i].code for i in tree.order] == ["A", "A.1", "A.2", "A.3"]
    assert [n.code for n in tree.targets()] == ["A.1", "A.2", "A.3"]
    assert AuditEntry.objects.filter(act="import_framework").count() == 1
    assert FrameworkVersion.objects.get().import_run == run.id
    kept = queries.version_package(tree.framework.id, 1)
    assert [n.code for n in kept.nodes] == ["A", "A.1", "A.2", "A.3"]


def test_the_next_version_updates_adds_retires_and_carries():
    bring(first())
    preview = bring(second(), LATER, plan_only=True, in_force_on=date(2027, 8, 15))
    assert (preview.added, preview.changed, preview.retired) == (("A.3a", "A.3b"), ("A.1",), ("A.3",))
    assert preview.carried == (("A.3", "A.3a"), ("A.3", "A.3b"))
    assert Node.objects.count() == 4
    bring(second(), LATER, in_force_on=date(2027, 8, 15))
    tree = queries.tree(queries.framework_by_key("Math").id)
    codes = {n.code: n for n in tree.nodes.values()}
    assert codes["A.3"].ends_on == date(2027, 8, 15) and codes["A.3a"].starts_on == date(2027, 8, 15)
    assert codes["A.1"].name == "Better name"
    assert [n.code for n in tree.targets(on=date(2027, 8, 14))] == ["A.1", "A.2", "A.3"]
    assert [n.code for n in tree.targets(on=date(2027, 8, 15))] == ["A.1", "A.2", "A.3a", "A.3b"]
    assert queries.replacements()[codes["A.3"].id] == (codes["A.3a"].id, codes["A.3b"].id)
    assert codes["A.3"].id in tree.children[codes["A"].id]


def test_the_same_package_again_makes_no_version():
    bring(first())
    rows = list(Node.objects.values().order_by("id"))
    run = bring(first(), LATER)
    assert (run.counts["added"], run.counts["changed"], run.counts["version"]) == (0, 0, 1)
    assert FrameworkVersion.objects.count() == 1
    assert list(Node.objects.values().order_by("id")) == rows


def test_undo_restores_every_row():
    bring(first())
    tables = (Framework, FrameworkVersion, Node, Relation)
    before = [list(t.objects.order_by("id").values()) for t in tables]
    run = bring(second(), LATER)
    actions.undo_import(run.id, actor=SYSTEM, at=LATER)
    after = [list(t.objects.order_by("id").values()) for t in tables]
    for rows in (before, after):
        rows[0][0].pop("revision")
    assert after == before
    with pytest.raises(Refusal, match="taken back") as again:
        actions.undo_import(run.id, actor=SYSTEM, at=LATER)
    assert again.value.code == "already_undone"


def test_undo_of_the_first_import_leaves_nothing():
    run = bring(first())
    actions.undo_import(run.id, actor=SYSTEM, at=LATER)
    assert not Framework.objects.exists() and not Node.objects.exists() and not Relation.objects.exists()
    assert queries.frameworks() == ()
    assert ImportRun.objects.get().status == "undone"


def test_undo_is_refused_while_a_later_import_or_evidence_stands(monkeypatch):
    one = bring(first())
    bring(second(), LATER)
    with pytest.raises(Refusal) as caught:
        actions.undo_import(one.id, actor=SYSTEM, at=LATER)
    assert caught.value.code == "later_import"
    two = ImportRun.objects.order_by("-id").first()
    seen = []

    def evidence(scope):
        seen.append(scope)
        return [Finding("rated", "A.3a has 2 ratings.")]

    monkeypatch.setattr(actions, "_blockers", [])
    actions.register_blocker(evidence)
    with pytest.raises(Refusal) as caught:
        actions.undo_import(two.id, actor=SYSTEM, at=LATER)
    assert caught.value.code == "import_in_use" and "A.3a has 2 ratings" in caught.value.message
    assert len(seen[0].added) == 2 and len(seen[0].changed) >= 2
    assert Node.objects.count() == 6


@pytest.mark.parametrize("steps", [1, 2, 1000])
def test_circles_of_parents_are_refused_by_name(steps):
    codes = [f"N{i}" for i in range(steps)]
    links = [(CHILD_OF, codes[i], codes[(i + 1) % steps]) for i in range(steps)]
    refusal = refused(package("Loop", codes, *links))
    assert refusal.code == "circle_of_parents"
    assert "N0 → " in refusal.message or "990 more" in refusal.message


def test_circles_of_prerequisites_are_refused_by_name_also_across_continuums():
    refusal = refused(
        package("Loop", "A B C", (PRECEDES, "A", "B"), (PRECEDES, "B", "C"), (PRECEDES, "C", "A"))
    )
    assert refusal.code == "circle_of_prerequisites"
    assert {"A", "B", "C"} <= set(refusal.message.rstrip(".").replace("→", " ").split())
    bring(package("One", "A B", (PRECEDES, "A", "B")))
    bring(package("Two", "C D", (PRECEDES, "B", "C"), (PRECEDES, "C", "D")))
    assert (
        refused(package("Three", "E", (PRECEDES, "D", "E"), (PRECEDES, "E", "A"))).code
        == "circle_of_prerequisites"
    )


def test_a_diamond_counts_its_leaf_once_and_an_orphan_stands_under_the_document():
    bring(
        package(
            "D",
            "Top L R Leaf Orphan",
            *under("D", "Top"),
            *under("Top", "L", "R"),
            *under("L", "Leaf"),
            *under("R", "Leaf"),
        )
    )
    tree = queries.tree(queries.framework_by_key("D").id)
    ids = {n.code: i for i, n in tree.nodes.items()}
    assert tree.leaves[ids["Top"]] == (ids["Leaf"],)
    assert tree.parents[ids["Leaf"]] == (ids["L"], ids["R"])
    assert tree.roots == (ids["Top"], ids["Orphan"])
    assert [n.code for _, n in tree.walk()] == ["Top", "L", "Leaf", "R", "Orphan"]


def test_a_document_five_thousand_levels_deep_needs_no_recursion():
    codes = [f"N{i}" for i in range(5000)]
    bring(package("Deep", codes, *[(CHILD_OF, codes[i + 1], codes[i]) for i in range(4999)]))
    tree = queries.tree(queries.framework_by_key("Deep").id)
    assert [n.code for n in tree.targets(tree.roots[0])] == ["N4999"]
    assert max(depth for depth, _ in tree.walk()) == 4999


def test_lifelong_and_academic_never_mix():
    bring(package("Habits", "H", kind="lifelong"))
    for kind in (PRECEDES, CHILD_OF):
        refusal = refused(package("Math", "A", (kind, "A", "H")))
        assert refusal.code == "lifelong_and_academic" and "Habits:H" in refusal.findings[0].message
    bring(package("Math", "A", (HELPS, "H", "A")))
    assert refused(replace(package("Habits", "H"), source="case")).code == "lifelong_and_academic"


def test_identifiers_and_titles_stand_for_one_thing():
    bring(first())
    assert refused(package("Other", "A")).code == "identifier_elsewhere"
    other = package("Other", "B")
    assert (
        refused(replace(other, framework=replace(other.framework, title="Math"))).code
        == "framework_key_taken"
    )
    twice = replace(other, nodes=(node("B"), node("B", name="Another")))
    assert refused(twice).code == "duplicate_identifier"
    assert (
        refused(replace(other, framework=replace(other.framework, title="x" * 201))).code == "title_too_long"
    )


def test_an_item_that_comes_later_is_linked_to_those_who_spoke_of_it():
    bring(package("Early", "E", ("exact_match", "E", "L")))
    assert Relation.objects.get().target is None
    run = bring(package("Late", "L"))
    assert Relation.objects.get(kind="exact_match").target.code == "L"
    actions.undo_import(run.id, actor=SYSTEM, at=LATER)
    assert Relation.objects.get().target is None
    assert Relation.objects.get().target_identifier == str(uid("L"))


def test_an_import_of_500_items_spends_few_statements(django_assert_max_num_queries):
    codes = [f"T{i}" for i in range(490)]
    areas = [f"Area{i}" for i in range(10)]
    links = [*under("Big", *areas)]
    for rank, area in enumerate(areas):
        links += under(area, *codes[rank * 49 : rank * 49 + 49])
    pack = package("Big", areas + codes, *links)
    with django_assert_max_num_queries(60):
        bring(pack)
    with django_assert_max_num_queries(16):
        bring(pack)
    assert ImportChange.objects.filter(model="Node").count() == 500
