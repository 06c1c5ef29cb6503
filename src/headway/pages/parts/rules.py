"""Rules and policies by name: a code is no word for a family."""

from __future__ import annotations

from django.utils.translation import gettext as _


def rule_names() -> dict[str, str]:
    """Return what the rules are called, by key."""
    return {
        "most-recent": _("Most recent"), "highest": _("Highest"), "mean": _("Mean"), "median": _("Median"),
        "mode": _("Most frequent"),
        "weighted-newest": _("Newest weighed against the rest"), "decaying-average": _("Decaying average"),
        "n-times": _("Reached n times"), "best-n": _("Best n"), "power-law": _("Power law"),
        "doubling-weights": _("Doubling weights"), "profile": _("Profile over settings"),
    }  # fmt: skip


def rule_name(key: str) -> str:
    """Return what a rule is called inside a sentence; its key where it has no name yet."""
    return rule_names().get(key, key)


def policy_name(name: str) -> str:
    """Say which policy it is: those that every district has by a name of ours, others by their own."""
    return {"start": _("of the first day"), "district": _("of the district")}.get(name, f"“{name}”")
