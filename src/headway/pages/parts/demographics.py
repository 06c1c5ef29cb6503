"""What the demographic groups of the roster are called."""

from __future__ import annotations

from django.utils.translation import gettext as _


def group_words() -> dict[str, str]:
    """Return the demographic groups of the roster in words, in the order of the page."""
    return {
        "american_indian_or_alaska_native": _("American Indian or Alaska Native"), "asian": _("Asian"),
        "black_or_african_american": _("Black or African American"),
        "native_hawaiian_or_other_pacific_islander": _("Native Hawaiian or other Pacific Islander"), "white": _("White"),
        "two_or_more_races": _("Two or more races"), "hispanic_or_latino": _("Hispanic or Latino"),
        "english_learner": _("English learners"), "economically_disadvantaged": _("Economically disadvantaged"),
        "disability": _("Students with disabilities"),
    }  # fmt: skip
