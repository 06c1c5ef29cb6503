"""The addresses of the school pages."""

from headway.access.doors import Door, only
from headway.access.types import Role
from headway.pages.school import cohorts, scope, week

LEADERS = only(Role.PRINCIPAL, Role.DISTRICT)
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
]
