"""The district at a glance: roster, imports, ledger, and what the records lack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from headway.access import queries as access
from headway.evidence import queries as evidence
from headway.frameworks import queries as continuums
from headway.jobs import queries as jobs
from headway.pages.district.imports import listed
from headway.pages.parts.rights import waiting_said
from headway.rights import queries as rights
from headway.rosters import queries as rosters


@dataclass(frozen=True, slots=True)
class Lack:
    """One finding about the quality of the records: a sentence, the first names, and what to do."""

    sentence: str
    todo: str
    links: list[tuple[str, str]]
    more: int


def home(request: HttpRequest) -> HttpResponse:
    """Show the state of the records, and what they lack first."""
    day = request.viewer.today
    lacks = _lacks(day)
    head, seal = evidence.head()
    verified = access.last_act("verify_ledger")
    context = {
        "day": day, "district": rosters.district(), "counts": rosters.roster_counts(as_of=day), "lacks": lacks,
        "runs": listed(access.import_runs(limit=10)), "head": f"{head:,}", "seal": seal, "verified": verified,
        "copy": jobs.is_copy(), "heading": _heading(len(lacks)), "undone": request.GET.get("undone", "")[:12],
        "asked": waiting_said(rights.running(viewer=request.viewer)),
    }  # fmt: skip
    return render(request, "pages/district/home.html", context)


def _heading(n: int) -> str:
    if not n:
        return _("The records are in order.")
    return ngettext(
        "%(n)s thing in the records needs a hand.", "%(n)s things in the records need a hand.", n
    ) % {"n": n}


def _lacks(day: Any) -> list[Lack]:
    gaps = rosters.roster_gaps(as_of=day)
    found = []
    words = {
        "students_without_class": (
            ngettext("%(n)s student is in no class", "%(n)s students are in no class", gaps["students_without_class"].n),
            _("Nobody rates them and no list shows them. Check the enrollments of the roster."), "/district/roster/people/"),
        "classes_without_teacher": (
            ngettext("%(n)s class has no teacher", "%(n)s classes have no teacher", gaps["classes_without_teacher"].n),
            _("Nobody can rate there. Check the roster, or name a substitute."), "/district/classes/"),
        "classes_without_students": (
            ngettext("%(n)s class has no students", "%(n)s classes have no students", gaps["classes_without_students"].n),
            _("End the class in the roster, or enroll its students."), "/district/classes/"),
        "classes_without_continuum": (
            ngettext("%(n)s class has no continuum", "%(n)s classes have no continuum", gaps["classes_without_continuum"].n),
            _("Its grid shows everything in use. Choose what the class works on."), "/district/classes/"),
    }  # fmt: skip
    for key, (sentence, todo, where) in words.items():
        gap = gaps[key]
        if gap.n:
            links = [(where + sourced_id, name) for sourced_id, name in gap.first]
            found.append(Lack(sentence % {"n": gap.n}, todo, links, gap.n - len(links)))
    bare = [(tree.framework, n) for tree, n in _without_descriptors(day) if n]
    if bare:
        n = sum(count for _view, count in bare)
        sentence = ngettext("%(n)s target has no descriptors", "%(n)s targets have no descriptors", n) % {
            "n": n
        }
        links = [
            (f"/district/frameworks/{view.key}", f"{view.called(get_language() or 'en')} ({count})")
            for view, count in bare
        ]
        found.append(
            Lack(
                sentence,
                _("Raters agree more when each level is described. Add them in the continuum’s file."),
                links,
                0,
            )
        )
    return found


def _without_descriptors(day: Any) -> list[tuple[Any, int]]:
    trees = [continuums.tree(view.id, at=continuums.remembered_stamp()) for view in continuums.frameworks()]
    return [(tree, sum(not node.descriptors for node in tree.targets(on=day))) for tree in trees]
