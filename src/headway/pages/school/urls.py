"""The addresses of the school pages."""

from headway.access.doors import Door, only
from headway.access.types import Role
from headway.pages.school import addresses, cohorts, report_cards, rights, scope, week

LEADERS = only(Role.PRINCIPAL, Role.DISTRICT)
BOTH = frozenset({"GET", "HEAD", "POST"})
_CARDS = "Who leads a school, and the district, look after the report cards of the school."
_RIGHTS = "Who leads a school, and the district, answer what families ask about records."
_WEEK = "Who leads a school, and the district, see which students of the school need a response."

doors = [
    Door("school/week", week.week, "school.week", LEADERS, _WEEK, scope=scope.schools),
    Door("school/week.csv", week.as_csv, "school.week_csv", LEADERS, _WEEK, scope=scope.schools),
    Door(
        "school/cohorts/<path:cohort_id>",
        cohorts.cohort,
        "school.cohort",
        LEADERS,
        "Who leads a school, and the district, see how its students stand together.",
        scope=scope.cohort,
    ),
    Door(
        "school/addresses",
        addresses.addresses,
        "school.addresses",
        LEADERS,
        "Who leads a school, and the district, see which addresses letters do not reach.",
        scope=scope.schools,
    ),
    Door("school/rights", rights.rights, "school.rights", LEADERS, _RIGHTS, scope.schools),
    Door("school/rights/<uuid:name>", rights.right, "school.right", LEADERS, _RIGHTS, scope.right, BOTH),
    Door("school/report-cards", report_cards.report_cards, "school.report_cards", LEADERS, _CARDS, scope.schools, BOTH),
    Door("school/report-cards/<int:run>", report_cards.board, "school.card_board", LEADERS, _CARDS, scope.card_run, BOTH),
    Door("school/report-cards/<int:run>/students/<str:student_id>", report_cards.card, "school.card_proof", LEADERS, _CARDS,
         scope.card_of, BOTH),
]  # fmt: skip
