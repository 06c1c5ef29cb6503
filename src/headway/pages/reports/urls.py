"""The addresses of reports."""

from headway.access.doors import Door, only
from headway.access.types import Role
from headway.pages.reports import builder, files, index, over_time, pdf, report, scope, sets

LEADERS = only(Role.PRINCIPAL, Role.DISTRICT)
DISTRICT = only(Role.DISTRICT)
BOTH = frozenset({"GET", "HEAD", "POST"})
_OWN = "The district puts reports of its own together."
_SETS = "The district puts reports into sets that come on their day."
_CAME = "The district, and where a set is for them who leads a school, read what came, for the own schools and the district."
_WHY = (
    "Who leads a school, and the district, read figures about many: their own schools' beside the district's."
)

doors = [
    Door("reports/", index.index, "reports.index", LEADERS, _WHY, scope=scope.reader, methods=BOTH),
    Door("reports/new", builder.new, "reports.new", DISTRICT, _OWN, methods=BOTH),
    Door("reports/sets/new", sets.new, "reports.sets.new", DISTRICT, _SETS, methods=BOTH),
    Door("reports/sets/<str:name>", sets.one, "reports.sets.one", LEADERS, _CAME, scope=scope.set_, methods=BOTH),
    Door("reports/sets/<str:name>/edit", sets.edit, "reports.sets.edit", DISTRICT, _SETS, scope=scope.set_, methods=BOTH),
    Door("reports/sets/<str:name>/pdf", sets.as_pdf, "reports.sets.pdf", LEADERS, _CAME, scope=scope.set_),
    Door("reports/<str:name>/edit", builder.edit, "reports.edit", DISTRICT, _OWN, scope=scope.own, methods=BOTH),
    Door("reports/<str:name>", report.report, "reports.report", LEADERS, _WHY, scope=scope.report),
    Door("reports/<str:name>/over-time", over_time.over_time, "reports.over_time", LEADERS, _WHY, scope=scope.report),
    Door("reports/<str:name>/csv", files.as_csv, "reports.csv", LEADERS, _WHY, scope=scope.report),
    Door("reports/<str:name>/xlsx", files.as_xlsx, "reports.xlsx", LEADERS, _WHY, scope=scope.report),
    Door("reports/<str:name>/pdf", pdf.as_pdf, "reports.pdf", LEADERS, _WHY, scope=scope.report),
    Door("reports/<str:name>/json", files.as_json, "reports.json", LEADERS, _WHY, scope=scope.report),
]  # fmt: skip
