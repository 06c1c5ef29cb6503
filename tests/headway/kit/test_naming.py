"""Texts of the catalogue with a district's own words."""

from __future__ import annotations

import pytest
from django.utils.translation import get_language, gettext, ngettext, pgettext

from headway.kit.naming import Renaming, say, speaking, spoken

OTHER = Renaming({"student": "learner", "students": "learners", "level": "anchor", "levels": "anchors"})


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("A student and two students", "A learner and two learners"),
        ("STUDENTS", "LEARNERS"),
        ("a level, The Level", "an anchor, The Anchor"),
        ("An older student", "An older learner"),
        ("%(student)s is a student of %(level)s", "%(student)s is a learner of %(level)s"),
        ("studentship, leveled", "studentship, leveled"),
        ("student’s work", "learner’s work"),
    ],
)
def test_whole_words_are_renamed_with_their_capitals_and_articles(ours: str, theirs: str) -> None:
    assert OTHER.say(ours) == theirs


def test_the_catalogue_speaks_with_the_other_words_until_the_block_ends() -> None:
    with speaking("en", OTHER):
        assert gettext("Students") == "Learners" and get_language() == "en"
        assert ngettext("%(n)s student", "%(n)s students", 2) % {"n": 2} == "2 learners"
        # A text with a context and no translation is itself, and renamed.
        assert pgettext("somewhere", "one level") == "one anchor"
        assert say("The level") == "The anchor"
        renamed = spoken()
    with speaking("en", None):
        assert gettext("Students") == "Students" and say("The level") == "The level" and spoken() != renamed


def test_names_put_in_afterwards_are_nobodys_to_rename() -> None:
    with speaking("en", OTHER):
        assert gettext("%(name)s is a student") % {"name": "Level Student"} == "Level Student is a learner"
