"""The addresses of reports."""

from headway.access.doors import Door, only
from headway.access.types import Role
from headway.pages.reports import files, index, over_time, pdf, report, scope

LEADERS = only(Role.PRINCIPAL, Role.DISTRICT)
_WHY = (
    "Who leads a school, and the district, read figures about many: their own schools' beside the district's."
)

doors = [
    Door("reports/", index.index, "reports.index", LEADERS, _WHY, scope=scope.reader, methods=frozenset({"GET", "HEAD", "POST"})),
    Door("reports/<str:name>", report.report, "reports.report", LEADERS, _WHY, scope=scope.report),
    Door("reports/<str:name>/over-time", over_time.over_time, "reports.over_time", LEADERS, _WHY, scope=scope.report),
    Door("reports/<str:name>/csv", files.as_csv, "reports.csv", LEADERS, _WHY, scope=scope.report),
    Door("reports/<str:name>/xlsx", files.as_xlsx, "reports.xlsx", LEADERS, _WHY, scope=scope.report),
    Door("reports/<str:name>/pdf", pdf.as_pdf, "reports.pdf", LEADERS, _WHY, scope=scope.report),
    Door("reports/<str:name>/json", files.as_json, "reports.json", LEADERS, _WHY, scope=scope.report),
]  # fmt: skip
