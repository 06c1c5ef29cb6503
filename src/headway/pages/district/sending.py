"""Mail and background work as the district sees them: whether mail goes out, what waits, what failed."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.jobs import actions
from headway.jobs import queries as jobs
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.notices import queries as notices
from headway.pages.parts.told import address, told
from headway.rosters import queries as rosters

HERE = "/district/sending"


def sending(request: HttpRequest) -> HttpResponse:
    """Show the state of sending, and try a failed job again."""
    fault = ""
    if request.method == "POST":
        number = request.POST.get("job", "")
        try:
            actions.try_again(
                actor=request.viewer, job_id=int(number) if is_whole(number) else 0, at=request.moment
            )
            return redirect(address(HERE, said=_("The job is tried again.")))
        except Refusal:
            fault = _("There is no such failed job.")
    astray = notices.letters_astray()
    people = rosters.people_by_id(person_ids={one.person for one in astray}) if astray else {}
    states, counts = state_words(), jobs.counts()
    context = {
        "nav": "district.home", "said": told(request, "said"), "fault": fault, "mail": settings.MAIL, "copy": jobs.is_copy(),
        "letters": [(states[state], n) for state, n in sorted(notices.letter_counts().items())],
        "queue": [(kind_words(kind), states[state], n) for (kind, state), n in counts.items()],
        "jobs": [(one, kind_words(one.kind), states[one.state]) for one in jobs.unfinished()],
        "astray": [(one, people[one.person].name(), states[one.state]) for one in astray],
        "bounced_n": len(notices.bounced(viewer=request.viewer, as_of=request.viewer.today)),
    }  # fmt: skip
    return render(request, "pages/district/sending.html", context, status=422 if fault else 200)


def kind_words(kind: str) -> str:
    """Return what jobs of a kind do, in words."""
    return {
        "digests": _("Digests of an hour"), "letter": _("One letter"), "snapshot": _("Snapshot and its reports"),
        "calibration_report": _("Reports of a calibration session"), "give-plans": _("Plans for a whole grade or school"),
    }.get(kind, kind.replace("_", " "))  # fmt: skip


def state_words() -> dict[str, str]:
    """Return the states of letters and jobs in words."""
    return {
        "waiting": _("waits"), "running": _("is worked on"), "done": _("done"), "failed": _("failed"),
        "sending": _("is being sent"), "sent": _("sent"), "refused": _("refused by the mail server"),
        "unknown": _("sent or not: nobody knows"), "stopped": _("not sent: nothing was left to say"),
    }  # fmt: skip
