"""The addresses of scoring together."""

from headway.access.doors import Door, only
from headway.access.types import Role
from headway.calibration.types import ANSWERERS, CONVENERS, STAFF
from headway.pages.calibration import (
    anchors,
    capacity,
    consistency,
    index,
    mine,
    plan,
    report,
    scope,
    score,
    session,
    survey,
    take,
    together,
    works,
)

WHO, PLANNERS, LEADERS = frozenset(STAFF), frozenset(CONVENERS), only(Role.PRINCIPAL, Role.DISTRICT)
BOTH = frozenset({"GET", "HEAD", "POST"})
_IN_IT = (
    "A session is open to its raters and to who convenes it; before the reveal nobody reads another’s score."
)
_PLAN = "Coaches, principals and the district plan sessions and keep anchors."
_OWN = "What a rater’s own scores tell is read by that rater alone: not by a coach, not by a principal, not by the district."
_LEAD = "Leaders read agreement by school: never a teacher’s, and no figure of fewer than three raters."
_BLIND = "A rater scores the works of a session without whose they are and without another’s score."

_ASKED = "Adults who rate say once a year where they stand; the answer is kept without whose it is."
_MAP = "Leaders read counts of five answers or more and figures of the ledger: their own schools’ beside all schools’."

doors = [
    Door("calibration/", index.index, "calibration.index", WHO, "Adults of the schools find the sessions that they are in."),
    Door("calibration/new", plan.new, "calibration.new", PLANNERS, _PLAN, methods=BOTH),
    Door("calibration/consistency", consistency.consistency, "calibration.consistency", LEADERS, _LEAD),
    Door("calibration/capacity", capacity.capacity, "calibration.capacity", LEADERS, _MAP),
    Door("calibration/survey", survey.survey, "calibration.survey", only(*ANSWERERS), _ASKED, scope=scope.survey, methods=BOTH),
    Door("calibration/anchors/<uuid:version>", anchors.anchors, "calibration.anchors", PLANNERS, _PLAN, scope=scope.version,
         methods=BOTH),
    Door("calibration/anchors/<uuid:version>/<uuid:sample>/<int:position>", anchors.picture, "calibration.anchor_picture",
         PLANNERS, _PLAN, scope=scope.version),
    Door("calibration/<uuid:session>", session.session, "calibration.session", WHO, _IN_IT, scope=scope.session, methods=BOTH),
    Door("calibration/<uuid:session>/plan", plan.change, "calibration.plan", PLANNERS, _PLAN, scope=scope.convened,
         methods=BOTH),
    Door("calibration/<uuid:session>/raters", session.raters, "calibration.raters", PLANNERS, _PLAN, scope=scope.convened,
         methods=BOTH),
    Door("calibration/<uuid:session>/works", works.works, "calibration.works", WHO, _IN_IT, scope=scope.session, methods=BOTH),
    Door("calibration/<uuid:session>/works/take", take.take, "calibration.take", WHO,
         "Who sees a student puts a copy of their work in, without names.", scope=scope.session, methods=BOTH),
    Door("calibration/<uuid:session>/works/<int:number>/<int:position>", works.picture, "calibration.work_picture", WHO, _IN_IT,
         scope=scope.session),
    Door("calibration/<uuid:session>/score", score.own_works, "calibration.own_works", WHO, _BLIND, scope=scope.rated,
         methods=BOTH),
    Door("calibration/<uuid:session>/score/<int:place>", score.score, "calibration.score", WHO, _BLIND, scope=scope.rated,
         methods=BOTH),
    Door("calibration/<uuid:session>/score/<int:place>/<int:position>", score.picture, "calibration.score_picture", WHO, _BLIND,
         scope=scope.rated),
    Door("calibration/<uuid:session>/map", together.differences, "calibration.map", WHO, _IN_IT, scope=scope.session),
    Door("calibration/<uuid:session>/map/<int:number>", together.work, "calibration.work", WHO, _IN_IT, scope=scope.session,
         methods=BOTH),
    Door("calibration/<uuid:session>/mine", mine.mine, "calibration.mine", WHO, _OWN, scope=scope.rated),
    Door("calibration/<uuid:session>/report", report.report, "calibration.report", WHO, _IN_IT, scope=scope.session),
]  # fmt: skip
