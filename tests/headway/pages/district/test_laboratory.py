"""The rule laboratory: a rule is tried on the school's own data, nothing is written, and published it is a policy version."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.access.models import Account, AuditEntry, ImportRun
from headway.access.types import SYSTEM, Viewer
from headway.evidence import queries as ledger
from headway.kit.refusals import Refusal
from headway.pages.district import laboratory as page_of
from headway.proficiency import actions
from headway.proficiency import queries as proficiency
from headway.proficiency.configuration import DEFAULT
from headway.proficiency.models import Configuration, Determination, PolicyVersion
from headway.rosters import queries as roster
from headway.rosters.models import Demographics, Person

from ...plans.school import build, rate, student, target
from ..school.reading import NOW, client_of, crowd, lead, principal, read

pytestmark = pytest.mark.django_db
PAGE = "/district/laboratory"
HIGHEST = {"rule": "highest", "do": "try"}


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def evidence() -> None:
    """Record what these tests know by hand, under the decaying average of 0.65 with two pieces asked.

    u1 on A.1: 3, 1 → 0.35 x 3 + 0.65 x 1 = 1.7, not yet. u2 on A.1: 2, 4 → 3.3, proficient. u3 on A.1: 4, 2 → 2.7, not yet.
    """
    for who, first, second in (("u1", 3, 1), ("u2", 2, 4), ("u3", 4, 2)):
        rate(who, "A.1", "2026-10-01", first)
        rate(who, "A.1", "2026-10-08", second)


def stored() -> list[tuple]:
    return list(Determination.objects.order_by("id").values_list())


def moves(page, key: str) -> list[str]:
    """Return the rows of one list of the page."""
    at = next(
        (n for n, (tag, a, _t) in enumerate(page.found) if a.get("aria-labelledby") == f"l-{key}"), None
    )
    if at is None:
        return []
    end = next((n for n in range(at + 1, len(page.found)) if page.found[n][0] == "section"), len(page.found))
    return [" ".join("".join(text).split()) for tag, _a, text in page.found[at:end] if tag == "tr"][1:]


def test_the_form_is_built_from_each_rules_parameters() -> None:
    client = lead()
    page = read(client.get(PAGE))
    assert page.text("h1") == "Try another rule before anybody feels it."
    fields = {a["name"]: a for a, _t in page.all("input") if a.get("name")}
    weight = fields["decaying-average.weight"]
    assert (weight["value"], weight["min"], weight["max"]) == ("0.65", "0.01", "0.99")
    assert "Share of each new piece, 0.01 to 0.99." in page.text("label")
    assert fields["asks.pieces"]["value"] == "2" and fields["proficient"]["value"] == "3"
    other = read(client.get(PAGE, {"rule": "n-times", "do": "show"}))
    assert {"n-times.n", "n-times.level"} <= {a["name"] for a, _t in other.all("input") if a.get("name")}
    client.cookies["language"] = "es"
    assert "Parte de cada nuevo trabajo" in read(client.get(PAGE)).text("label")


def test_who_moves_is_told_by_name_and_nothing_is_written() -> None:
    """P7 beside P12: three students worked by hand; ledger, determinations and policies are as before."""
    evidence()
    client = lead()
    before = (
        ledger.head(),
        stored(),
        Configuration.objects.count(),
        PolicyVersion.objects.count(),
        AuditEntry.objects.count(),
    )
    page = read(client.get(PAGE, HIGHEST))
    # highest: u1 3, u2 4, u3 4: u1 and u3 come in, u2 stays in; u1 stands on the cut.
    assert page.text("h1") == "2 levels would become Proficient, none would fall back."
    assert [row.split()[0] for row in moves(page, "in")] == ["Abeyta,", "O'Neil,"] and moves(
        page, "out"
    ) == []
    assert "Not yet 1.7Proficient 3" in moves(page, "in")[0] and "Not yet 2.7Beyond 4" in moves(page, "in")[1]
    assert (
        len(moves(page, "edge")) == 1
        and "Levels compared: 3, of students: 3; within 0.05 of the cut: 1." in page.text()
    )
    assert f"/teacher/students/u1?target={target('A.1')}" in page.links()
    assert "Compared with start 1, on the evidence of Tuesday 20 October 2026, 12:00." in page.text()
    after = (
        ledger.head(),
        stored(),
        Configuration.objects.count(),
        PolicyVersion.objects.count(),
        AuditEntry.objects.count(),
    )
    assert after == before


def test_a_stricter_requirement_moves_students_out() -> None:
    evidence()
    page = read(lead().get(PAGE, {"rule": "decaying-average", "asks.pieces": "3", "do": "try"}))
    assert page.text("h1") == "0 levels would become Proficient, 1 would no longer be."
    assert len(moves(page, "out")) == 1 and moves(page, "out")[0].endswith("Proficient 3.3Too little")


def test_another_cut_makes_a_scale_of_its_own() -> None:
    evidence()
    # From 2.5 on: u1 1.7 stays, u2 3.3 stays in, u3 2.7 comes in.
    page = read(lead().get(PAGE, {"proficient": "2.5", "do": "try"}))
    assert [row.split()[0] for row in moves(page, "in")] == ["O'Neil,"] and "[scales.four-2]" in page.text(
        "pre"
    )


def test_the_bias_of_the_rule_is_said_with_its_number() -> None:
    evidence()
    mean = read(lead().get(PAGE, {"rule": "mean", "do": "try"})).text()
    # Two pieces a quarter of a level apart: their mean lies 0.125 below the newest.
    assert "a steady student is neither overstated nor understated" in mean
    assert (
        "gains a quarter of a level with each of 2 pieces is shown 0.12 levels below" in mean
        or "0.13 levels below" in mean
    )
    best = read(lead_again().get(PAGE, HIGHEST)).text()
    # 0.5642 spreads of 0.59 (0.40, 0.25 and 0.35 together) are 0.33 levels.
    assert "overstated by 0.56 of the spread of one piece, about 0.33 levels (spread 0.59, assumed)" in best


def lead_again():
    client = Client()
    client.force_login(Account.objects.get(username="lead"))
    return client


def test_small_groups_are_withheld_in_words(tmp_path: Path) -> None:
    crowd(tmp_path, 14)
    evidence()
    for name in ("u1", "u2", "u3", *(f"x{n}" for n in range(14))):
        held = {
            "english_learner": name in ("x0", "x1", "x2"),
            "economically_disadvantaged": name in [f"x{n}" for n in range(3, 14)],
        }
        person = Person.objects.get(sourced_id=name)
        Demographics.objects.update_or_create(person=person, defaults={**held, "white": True, "active": True})
    page = read(lead().get(PAGE, HIGHEST))
    rows = [text for _a, text in page.all("tr")]
    # Seventeen students: eleven in a group leave six outside it, who would be told from the difference.
    assert "Every group has fewer than 10 students, or leaves fewer outside it" in page.text()
    assert not [text for text in rows if text.startswith(("English learners", "Economically disadvantaged"))]
    # One student has no race in the roster: the rest of the whole would tell of them.
    assert page.text().count("Every group has fewer than 10 students") == 2


def test_each_student_is_of_one_race_as_in_reports(tmp_path: Path) -> None:
    crowd(tmp_path, 24)
    evidence()
    for number in range(24):
        person = Person.objects.get(sourced_id=f"x{number}")
        held = {"white": True, "asian": number < 12, "hispanic_or_latino": number == 0}
        Demographics.objects.update_or_create(person=person, defaults={**held, "active": True})
    page = read(lead().get(PAGE, HIGHEST))
    rows = [text for _a, text in page.all("tr")]
    # Twelve are white, eleven of two races, one Hispanic or Latino, who is held with the next smallest.
    assert [text for text in rows if text.startswith("White")] == ["White122424 (100.0 %)0 (0.0 %)"]
    assert not [text for text in rows if text.startswith("Asian")]
    held = {text.split("withheld")[0] for text in rows if "withheld: a small group" in text}
    assert (
        "Hispanic or Latino" in held
        and len(held & {"Hispanic or Latino", "Two or more races", "Nothing said"}) >= 2
    )


def test_groups_are_counted_beside_the_levels_compared_and_what_is_left_out_is_in_the_file(
    tmp_path: Path,
) -> None:
    crowd(tmp_path, 12)
    for number in range(12):
        # 1 and 2 are 2 at their highest: it does not come in, as the 3 that each of the crowd has on A.1 and on B.1 does.
        rate(f"x{number}", "A.2", "2026-10-01", 1)
        rate(f"x{number}", "A.2", "2026-10-08", 2)
    client = lead()
    page = read(client.get(PAGE, HIGHEST))
    rows = [text for _a, text in page.all("tr")]
    head = "GroupStudentsLevels comparedLevels that would come inLevels that would fall back"
    # Shares are of levels: of 36 levels of twelve students 24 come in, "24 of 12" would say nothing.
    assert head in rows and any(text.endswith("123624 (66.7 %)0 (0.0 %)") for text in rows)
    # Ten names are on the page; the link beside them leads to all.
    link = next(a["href"] for a, text in page.all("a") if text == "and 14 more, in the table of all (CSV)")
    found = list(csv.DictReader(io.StringIO(client.get(PAGE + link).content.decode())))
    assert sum(row["moved"] == "in" for row in found) == 24


def test_what_holds_elsewhere_is_not_compared_and_a_rule_chosen_with_a_place_stays() -> None:
    evidence()
    rate("u4", "B.1", "2026-10-01", 3)
    client = lead()
    everywhere = read(client.get(PAGE, {"rule": "highest", "do": "try"})).text()
    there = {"place": "a:Math:B", "rule": "highest", "from": "|", "do": "try"}
    page = read(client.get(PAGE, there)).text()
    assert re.search(r"Levels compared: (\d+)", page)[1] == "1"
    assert int(re.search(r"Levels compared: (\d+)", everywhere)[1]) > 1
    shown = client.get(PAGE, {**there, "do": "show"}).content.decode()
    assert '<option value="highest" selected>' in shown


def test_what_comes_in_force_later_has_changed_nothing_yet() -> None:
    evidence()
    later = {**HIGHEST, "name": "district", "reason": "Growth counts", "in_force": "2026-12-07"}
    page = read(lead().post(PAGE, later, follow=True)).text()
    assert "The rule will be in force from Monday 7 December 2026 on. Until then nothing changes" in page
    assert "Determinations that changed" not in page
    # The policy that holds is counted, the coming one named; each says when a value counts as a level.
    assert "1 policy turns evidence into levels." in page
    assert "“district” has its version 1 from 7 Dec on." in page
    assert "version 1, in the place of “start”, version 1" in page
    assert page.count("A value counts as a level only when it is reached.") == 2


def test_the_day_is_set_two_weeks_ahead_as_families_read_it_before() -> None:
    evidence()
    page = lead().get(PAGE, {**HIGHEST, "do": "try"}).content.decode()
    assert f'name="in_force" type="date" value="{(NOW + timedelta(days=14)).date().isoformat()}"' in page
    assert "a rule of tomorrow they hear of only one day before" in page


def test_what_is_wrong_is_said_at_its_field() -> None:
    client = lead()
    answer = client.get(PAGE, {"rule": "decaying-average", "decaying-average.weight": "7", "do": "try"})
    assert answer.status_code == 422
    assert "Share of each new piece, 0.01 to 0.99.: a number from 0.01 to 0.99." in read(answer).text()
    same = client.get(PAGE, {"do": "try"})
    assert same.status_code == 200 and "This is what holds there now." in read(same).text()
    assert client.get(PAGE, {"place": "a:Math:ZZ", "do": "try"}).status_code == 422
    assert client.get(PAGE, {"school": "nowhere"}).status_code == 422
    assert (
        client.get(PAGE, {"place": "f:Math", "from": "|", "rule": "highest", "do": "try"}).status_code == 200
    )


def test_a_narrower_policy_asks_for_a_name_and_holds_only_there() -> None:
    """P12: one school's rule, published from the laboratory, moves that school's students only."""
    evidence()
    rate("u4", "A.1", "2026-10-01", 3)
    rate("u4", "A.1", "2026-10-08", 1)
    client = lead()
    tried = {"school": "s2", "rule": "highest", "do": "try"}
    page = read(client.get(PAGE, tried))
    assert page.text("h1") == "1 level would become Proficient, none would fall back."
    nameless = client.post(PAGE, {**tried, "reason": "Our team", "in_force": "2026-10-20"})
    assert nameless.status_code == 409 and "Give the policy a name." in read(nameless).text()
    # What was typed and the trial are still there.
    assert read(nameless).text("textarea") == "Our team" and len(moves(read(nameless), "in")) == 1
    taken = client.post(PAGE, {**tried, "name": "start", "reason": "Our team", "in_force": "2026-10-20"})
    assert taken.status_code == 409 and "Another policy has this name" in read(taken).text()
    done = client.post(
        PAGE, {**tried, "name": "cedar", "reason": "Our team chose it", "in_force": "2026-10-20"}
    )
    said = read(client.get(done["Location"])).text()
    assert "say something else now: 1; became Proficient: 1; no longer: 0." in said, "as the trial said it"
    version = PolicyVersion.objects.get(name="cedar")
    assert version.applies == {"school": "s2"} and version.body["reason"] == "Our team chose it"
    again = client.post(
        PAGE, {**tried, "name": "cedar", "reason": "Our team chose it", "in_force": "2026-10-20"}
    )
    assert again.status_code == 302 and PolicyVersion.objects.filter(name="cedar").count() == 1


def test_published_it_is_a_version_that_can_be_taken_back() -> None:
    evidence()
    client, day = lead(), date(2026, 10, 19)
    was = proficiency.standings(proficiency.moment(now=NOW, as_of=day), students=[student("u1")])
    done = client.post(
        PAGE, {**HIGHEST, "name": "district", "reason": "Growth counts", "in_force": "2026-10-20"}
    )
    assert done.status_code == 302
    twice = client.post(
        PAGE, {**HIGHEST, "name": "district", "reason": "Growth counts", "in_force": "2026-10-20"}
    )
    assert twice.status_code == 302 and PolicyVersion.objects.filter(name="district").count() == 1
    now = proficiency.standings(proficiency.moment(now=NOW), students=[student("u1")])
    pair = (student("u1"), target("A.1"))
    assert now[pair].value == 300
    # As of yesterday the level is as it was.
    assert (
        proficiency.standings(proficiency.moment(now=NOW, as_of=day), students=[student("u1")])[pair]
        == was[pair]
    )
    run = ImportRun.objects.filter(kind="policy").order_by("-pk")[0]
    assert client.post(f"/district/imports/{run.pk}/undo").status_code == 302
    assert proficiency.standings(proficiency.moment(now=NOW), students=[student("u1")])[pair].value == 170


def test_the_file_is_the_one_that_would_be_imported() -> None:
    evidence()
    client = lead()
    text = client.get(PAGE, {**HIGHEST, "as": "toml"})
    assert text["Content-Disposition"] == 'attachment; filename="laboratory.toml"'
    body = actions.read_policy(text.content, name="x")
    assert body["policy"][0]["rule"] == "highest" and body["policy"][0]["requirement"] == {"pieces": 2}
    rows = list(csv.DictReader(io.StringIO(client.get(PAGE, {**HIGHEST, "as": "csv"}).content.decode())))
    assert [(row["student"], row["moved"]) for row in rows] == [("u1", "in"), ("u2", ""), ("u3", "in")]


def test_a_locked_rule_is_refused_by_the_name_of_the_policy_that_locks_it(tmp_path: Path) -> None:
    wide = {**DEFAULT["policy"][0], "name": "district", "in_force": "2026-08-01", "locked": ["rule"]}
    actions.import_policy(actor=SYSTEM, body={**DEFAULT, "policy": [wide]}, name="p", at=NOW)
    client = lead()
    assert "rule is locked by the policy “district”." in read(client.get(PAGE, {"school": "s2"})).text()
    answer = client.get(PAGE, {"school": "s2", "rule": "highest", "do": "try"})
    assert answer.status_code == 422 and "The policy district locks rule" in read(answer).text()


def test_a_large_district_is_looked_at_one_school_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence()
    rate("u4", "A.1", "2026-10-01", 3)
    monkeypatch.setattr(page_of, "MOST", 3)
    client = lead()
    answer = client.get(PAGE, HIGHEST)
    assert answer.status_code == 422 and "Choose a school to look at" in read(answer).text()
    assert "compared: 3, of students: 3;" in read(client.get(PAGE, {**HIGHEST, "of": "s1"})).text()


def test_the_statements_of_a_trial_do_not_grow_with_the_students(tmp_path: Path) -> None:
    evidence()
    client = lead()

    def counted() -> int:
        client.get(PAGE, HIGHEST)
        with CaptureQueriesContext(connection) as statements:
            client.get(PAGE, HIGHEST)
        return len(statements)

    few = counted()
    crowd(tmp_path, 30)
    assert counted() == few <= 30


def test_a_level_without_a_place_is_shown_with_its_ratings() -> None:
    """P15: the laboratory previews a change of scale, and says which levels have no place yet."""
    evidence()
    twelve = {"levels": [{"value": n} for n in range(1, 13)], "proficient": 7}
    body = {"scales": {**DEFAULT["scales"], "twelve": twelve}}
    actions.import_policy(actor=SYSTEM, body=body, name="scales", at=NOW)
    client = lead()
    chosen = {"scale": "twelve", "map.1": "2", "map.2": "5", "map.3": "8", "do": "try"}
    answer = client.get(PAGE, chosen)
    assert answer.status_code == 422 and "no place yet" in read(answer).text("section")
    page = read(client.get(PAGE, {**chosen, "map.4": "11"}))
    # u1: 8, 2 → 4.1; u2: 5, 11 → 8.9; u3: 11, 5 → 7.1, over 7.
    assert [row.split()[0] for row in moves(page, "in")] == ["O'Neil,"] and "7.1" in moves(page, "in")[0]
    halves = client.get(PAGE, {**chosen, "map.4": "10.5"})
    assert halves.status_code == 422 and "From a level of the old scale" in read(halves).text()


def test_a_principal_sees_the_own_school_and_publishes_nothing() -> None:
    evidence()
    rate("u4", "A.1", "2026-10-01", 3)
    rate("u4", "A.1", "2026-10-08", 1)
    client = principal("s2", "T2")
    page = read(client.get(PAGE, HIGHEST))
    assert "compared: 1, of students: 1;" in page.text() and len(moves(page, "in")) == 1
    assert "Publish" not in page.text() and "Abeyta" not in page.text() and "By group" not in page.text()
    assert client.get(PAGE, {**HIGHEST, "of": "s1"}).status_code == 422
    assert client.get(PAGE, {"school": "s1"}).status_code == 422
    assert (
        client.post(PAGE, {**HIGHEST, "name": "x", "reason": "r", "in_force": "2026-10-20"}).status_code
        == 403
    )
    assert client_of("T1").get(PAGE).status_code == 403
    with pytest.raises(Refusal):
        actions.try_policy(
            actor=client_viewer("T2"), body=DEFAULT, name="p", at=NOW, students=[student("u1")]
        )


def client_viewer(sourced_id: str) -> Viewer:
    return roster.viewer_for(Account.objects.get(username=f"{sourced_id}@x"), NOW.date())
