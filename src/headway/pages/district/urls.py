"""The addresses of the district pages."""

from headway.access.doors import Door, only
from headway.access.types import Role
from headway.pages.district import (
    classes,
    events,
    frameworks,
    gradebook,
    home,
    imports,
    laboratory,
    ledger,
    packs,
    pairs,
    people,
    policy,
    roster,
    scope,
    sending,
    transfer,
    transfer_in,
    year,
)

LEAD = only(Role.DISTRICT)
BOTH = frozenset({"GET", "HEAD", "POST"})
_LEAD = "The district's data lead looks after the roster, continuums, policies and the ledger."

doors = [
    Door("district/", home.home, "district.home", LEAD, _LEAD),
    Door("district/roster", roster.roster, "district.roster", LEAD, _LEAD, methods=BOTH),
    Door(
        "district/roster/people/<path:person_id>", people.person, "district.person", LEAD, _LEAD,
        scope=scope.person, methods=BOTH,
    ),
    Door("district/people", pairs.people, "district.people", LEAD, _LEAD, methods=BOTH),
    Door("district/events", events.events, "district.events", LEAD, _LEAD, methods=BOTH),
    Door(
        "district/transfer/<path:person_id>", transfer.transfer, "district.transfer", LEAD, _LEAD,
        scope=scope.student, methods=BOTH,
    ),
    Door(
        "district/transfer-in/<path:person_id>", transfer_in.transfer_in, "district.transfer_in", LEAD, _LEAD,
        scope=scope.student, methods=BOTH,
    ),
    Door("district/classes", classes.classes, "district.classes", LEAD, _LEAD),
    Door(
        "district/classes/<path:class_id>", classes.settings, "district.class",
        only(Role.DISTRICT, Role.PRINCIPAL, Role.TEACHER),
        "A class is set up by its teachers, its school's leaders and the district.",
        scope=scope.school_class, methods=BOTH,
    ),
    Door("district/frameworks", frameworks.frameworks, "district.frameworks", LEAD, _LEAD, methods=BOTH),
    Door(
        "district/frameworks/<path:key>", frameworks.framework, "district.framework", LEAD, _LEAD,
        scope=scope.framework, methods=BOTH,
    ),
    Door("district/year", year.year, "district.year", LEAD, _LEAD, methods=BOTH),
    Door("district/policy", policy.policy, "district.policy", LEAD, _LEAD, methods=BOTH),
    Door(
        "district/laboratory", laboratory.laboratory, "district.laboratory", only(Role.DISTRICT, Role.PRINCIPAL),
        "The district tries and publishes rules; a principal sees what one would do in their school.", methods=BOTH,
    ),
    Door("district/gradebook", gradebook.gradebook, "district.gradebook", LEAD, _LEAD, methods=BOTH),
    Door("district/task-packs", packs.packs, "district.packs", LEAD, _LEAD, methods=BOTH),
    Door("district/ledger", ledger.ledger, "district.ledger", LEAD, _LEAD, methods=BOTH),
    Door("district/sending", sending.sending, "district.sending", LEAD, _LEAD, methods=BOTH),
    Door(
        "district/imports/<int:run_id>/undo", imports.undo, "district.undo", LEAD, _LEAD,
        scope=scope.import_run, methods=BOTH,
    ),
]  # fmt: skip
