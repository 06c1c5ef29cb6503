"""The health of the demonstration's continuums: what a teacher, a family and the rules need of every target.

Reads the files as they lie in the package; no database.
"""

import csv
import re
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path
from uuid import UUID

import pytest

import headway
from headway.interop.case.exchange import read_package
from headway.interop.case.shape import framework_identifier, item_identifier

FOLDER = Path(headway.__file__).parent / "demo" / "continuums"
NAMES = ("mathematics", "reading", "science", "lifelong")
COUNTS = {"mathematics": 145, "reading": 60, "science": 30, "lifelong": 30}
LIFELONG = {"GM": 6, "HW": 9, "MC": 6, "SE": 6, "AG": 3}

# Where a student may begin with nothing before it. Habits are no ladder: any of them may be the first.
ENTRY_POINTS = {
    "mathematics": {"M.1.NU.01", "M.1.FR.01", "M.1.GM.01"},
    "reading": {
        *("R.SA.01", "R.SA.02", "R.SA.03", "R.DE.01", "R.DE.02"),
        *("R.VO.01", "R.VO.02", "R.CO.01", "R.CO.04"),
    },
    "science": {"S.QU.01", "S.PL.01", "S.DA.01", "S.MO.01", "S.SO.01"},
}

# Words of how often and how much on one's own: they rank students without saying what differs in the work.
ADVERBS = re.compile(
    r"\b(sometimes|often|always|never|rarely|seldom|hardly|usually|frequently|occasionally|consistently|"
    r"inconsistently|regularly|generally|typically|mostly|partially|independently|successfully|thoroughly|"
    r"effectively|appropriately|adequately|correctly|minimally|at times|most of the time|all of the time)\b",
    re.IGNORECASE,
)
GENDERED = re.compile(r"\b(niño|niña|hijo|hija|alumno|alumna)\b", re.IGNORECASE)
LONGEST_NAME = 40
MOST_WORDS = 25
HIGHEST_GRADE = 8
REQUIREMENT_KEYS = {
    "pieces",
    "depth",
    "at_depth",
    "days_apart",
    "raters",
    "tasks",
    "settings",
    "observer_types",
}


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def items(name: str) -> list[dict[str, str]]:
    return [row for row in rows(name) if row["row"] not in ("framework", "level", "grade")]


def targets(name: str) -> list[dict[str, str]]:
    return [row for row in rows(name) if row["row"] == "target"]


def codes(cell: str) -> list[str]:
    return [code for code in cell.split(";") if code]


def descriptors(row: dict[str, str]) -> list[str]:
    return [row[f"descriptor_{rank}"] for rank in range(1, 5)]


def requirement(row: dict[str, str]) -> dict[str, int]:
    return {key: int(value) for key, value in (part.split("=") for part in codes(row["requirement"]))}


def syllables(word: str) -> int:
    """Count the vowel groups of an English word, without a silent ending."""
    word = word.lower().removesuffix("'s")
    if len(word) > 3:
        word = re.sub(
            r"(?<=[^aeioulcszxgdt])es$|(?<=[^aeiouydt])ed$|(?<=[^aeioul])e$|(?<=[aeiou]l)e$", "", word
        )
    parted = re.findall(r"(?<![tcs])i(?=[ao])|ie(?=t|n[^d])|(?<=[rd])ea$|e(?=ing)", word)
    return max(1, len(re.findall(r"[aeiouy]+", word)) + len(parted))


def reading_grade(text: str) -> float:
    """Return the Flesch-Kincaid grade of a text. A number in digits is read as a word of one syllable."""
    sentences = max(1, len(re.findall(r"[.!?](?=\s|$)", text)))
    words = re.findall(r"[A-Za-z]+(?:['’-][A-Za-z]+)*|\d+(?:[./]\d+)?", text)
    spoken = sum(syllables(part) for word in words for part in word.split("-"))
    return 0.39 * len(words) / sentences + 11.8 * spoken / len(words) - 15.59


def test_the_reading_grade_tells_plain_from_heavy():
    known = {
        "cake": 1,
        "table": 2,
        "shapes": 1,
        "added": 2,
        "fraction": 2,
        "area": 3,
        "triangle": 3,
        "science": 2,
    }
    assert {word: syllables(word) for word in known} == known
    assert reading_grade("My child can read a book and tell what is in it.") < 3
    assert reading_grade("My child demonstrates proportional reasoning across representations.") > 12


@pytest.mark.parametrize("name", NAMES)
def test_reads_without_findings(name):
    package = read_package(FOLDER / f"{name}.csv")

    held = {node.code for node in package.nodes}
    assert held == {row["code"] for row in items(name)}
    assert package.framework.title == rows(name)[0]["name"]


def test_every_file_of_the_folder_is_looked_at():
    assert {path.stem for path in FOLDER.glob("*.csv")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_as_many_targets_as_agreed(name):
    assert len(targets(name)) == COUNTS[name]


def test_mathematics_has_120_targets_to_grade_8_and_25_after():
    per_level = Counter(int(row["level"]) for row in targets("mathematics"))
    assert sum(count for level, count in per_level.items() if level <= 8) == 120
    assert sum(count for level, count in per_level.items() if level >= 9) == 25
    assert sorted(per_level) == list(range(1, 13))
    for row in targets("mathematics"):
        _, level, area, _ = row["code"].split(".")
        assert level == row["level"], row["code"]
        assert all(parent.split(".")[0] == area for parent in codes(row["parents"])[:1]), row["code"]


def test_lifelong_is_split_as_agreed():
    assert Counter(row["code"].split(".")[1] for row in targets("lifelong")) == LIFELONG


@pytest.mark.parametrize("name", NAMES)
def test_levels_grades_and_graduation(name):
    levels = [row["code"] for row in rows(name) if row["row"] == "level"]
    expected = {row["code"]: row["level"] for row in rows(name) if row["row"] == "grade"}
    assert levels == [str(number) for number in range(1, len(levels) + 1)]
    assert list(expected) == ["KG", *(f"{grade:02d}" for grade in range(1, 13))]
    assert set(expected.values()) <= set(levels)
    assert list(expected.values()) == sorted(expected.values(), key=int)
    assert rows(name)[0]["level"] in levels, "a graduation level"
    assert {row["level"] for row in targets(name)} == set(levels)


@pytest.mark.parametrize("name", NAMES)
def test_names_codes_and_identifiers_are_unique(name):
    for column in ("code", "name", "name_es"):
        doubled = [
            value for value, count in Counter(row[column] for row in targets(name)).items() if count > 1
        ]
        assert not doubled, column
    held = [row["code"] for row in items(name)]
    assert len(held) == len(set(held))
    identifiers = [UUID(row["identifier"]) for row in items(name)]
    assert len(identifiers) == len(set(identifiers))
    for row in targets(name):
        assert len(row["name"]) <= LONGEST_NAME, row["code"]
        assert len(row["name_es"]) <= LONGEST_NAME, row["code"]


def test_identifiers_of_mathematics_follow_from_title_and_code():
    title = rows("mathematics")[0]["name"]
    assert rows("mathematics")[0]["identifier"] == str(framework_identifier(title))
    for row in items("mathematics"):
        assert row["identifier"] == str(item_identifier(title, row["code"])), row["code"]


def test_codes_and_names_of_targets_are_unique_across_the_continuums():
    held = Counter(row["code"] for name in NAMES for row in targets(name))
    assert not [code for code, count in held.items() if count > 1]


@pytest.mark.parametrize("name", NAMES)
def test_items_speak_both_languages_to_teacher_and_family(name):
    for row in items(name):
        for column in ("name", "name_es", "statement", "family", "family_es"):
            assert row[column].strip() == row[column] != "", (row["code"], column)
        assert row["family"].startswith("My child "), row["code"]
        assert len(row["family"].split()) <= MOST_WORDS, row["code"]
        assert len(row["family_es"].split()) <= MOST_WORDS, row["code"]
        assert not GENDERED.search(row["family_es"]), row["code"]
    for row in targets(name):
        assert row["evidence"].endswith("."), row["code"]


@pytest.mark.parametrize("name", NAMES)
def test_family_statements_are_easy_to_read(name):
    heavy = {
        row["code"]: round(reading_grade(row["family"]), 1)
        for row in items(name)
        if reading_grade(row["family"]) > HIGHEST_GRADE
    }
    assert heavy == {}


@pytest.mark.parametrize("name", NAMES)
def test_four_descriptors_that_differ_in_quality(name):
    for row in targets(name):
        texts = descriptors(row)
        assert all(texts), row["code"]
        assert len({text.casefold() for text in texts}) == 4, row["code"]
        for text in texts:
            assert text.endswith("."), row["code"]
            found = ADVERBS.search(text)
            assert not found, (row["code"], found and found.group())
        without_counts = {re.sub(r"\d+|\b(one|two|three|four|five)\b", "", text.casefold()) for text in texts}
        assert len(without_counts) == 4, row["code"]
        # The first level says what can be done, not what is missing.
        assert not re.match(
            r"(i )?(does not|do not|cannot|can't|is not|fails|lacks|has trouble)\b", texts[0].lower()
        )


@pytest.mark.parametrize("name", NAMES)
def test_requirement_and_depth(name):
    for row in targets(name):
        asked = requirement(row)
        assert set(asked) <= REQUIREMENT_KEYS, row["code"]
        assert asked["pieces"] in (2, 3), row["code"]
        if name == "lifelong":
            assert row["depth"] == "", row["code"]
            assert not {"depth", "at_depth"} & set(asked), row["code"]
            assert asked["settings"] >= 2, row["code"]
            assert asked["observer_types"] >= 2, row["code"]
            continue
        assert row["depth"] in ("1", "2", "3", "4"), row["code"]
        assert 7 <= asked["days_apart"] <= 28, row["code"]
        assert asked.get("depth", int(row["depth"])) == int(row["depth"]), row["code"]
        assert asked.get("at_depth", 1) <= asked["pieces"], row["code"]
        assert asked.get("tasks", 1) <= asked["pieces"], row["code"]


@pytest.mark.parametrize("name", NAMES)
def test_prerequisites(name):
    held = {row["code"]: row for row in targets(name)}
    for code, row in held.items():
        before, eases = codes(row["after"]), codes(row["helped_by"])
        assert len(before) <= 3, code
        assert len(before) == len(set(before)), code
        assert not set(before) & set(eases), code
        assert code not in before + eases, code
        assert set(before + eases) <= set(held), code
        for earlier in before:
            assert int(held[earlier]["level"]) <= int(row["level"]), (earlier, code)
    tuple(TopologicalSorter({code: codes(row["after"]) for code, row in held.items()}).static_order())
    begins = {code for code, row in held.items() if not row["after"]}
    assert begins == ENTRY_POINTS.get(name, begins)


@pytest.mark.parametrize("name", NAMES)
def test_no_prerequisite_says_what_others_say_already(name):
    graph = {row["code"]: codes(row["after"]) for row in targets(name)}

    def behind(code: str) -> set[str]:
        return set().union(*({earlier} | behind(earlier) for earlier in graph[code]), set())

    said_twice = {
        (code, earlier)
        for code, before in graph.items()
        for earlier in before
        if any(earlier in behind(other) for other in before if other != earlier)
    }
    assert said_twice == set()


def test_unlike_fractions_as_the_school_asks_for_them():
    (row,) = [row for row in targets("mathematics") if row["code"] == "M.5.FR.02"]
    assert row["depth"] == "2"
    assert row["requirement"] == "pieces=3;depth=2;at_depth=2;days_apart=14;tasks=2"
    assert codes(row["after"]) == ["M.4.FR.01", "M.4.FR.03"]
    assert codes(row["helped_by"]) == ["M.5.FR.01"]
    assert codes(row["alignments"]) == ["CCSS.Math.Content.5.NF.A.1", "CCSS.Math.Content.5.NF.A.2"]


def test_mathematics_names_standards_by_code_alone():
    code = re.compile(r"CCSS\.Math\.Content\.(K|[1-8]|HS[NAFGS])[.-][A-Z]{1,3}\.[A-D]\.\d{1,2}")
    for row in targets("mathematics"):
        assert codes(row["alignments"]), row["code"]
        assert all(code.fullmatch(name) for name in codes(row["alignments"])), row["code"]
