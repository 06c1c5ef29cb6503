"""The addresses of the student pages."""

from headway.access.doors import SIGNED_IN, Door, only
from headway.access.types import Role
from headway.pages.student import about, ask, cards, continuum, files, hand_in, now, plan, rights, work
from headway.pages.student.scope import own_record, seen_file

STUDENT = only(Role.STUDENT)
BOTH = frozenset({"GET", "HEAD", "POST"})

doors: list[Door] = [
    Door("student/now", now.now, "student.now", STUDENT, "A student sees what is next for them.", own_record),
    Door("student/hand-in", hand_in.hand_in, "student.hand_in", STUDENT, "A student hands in their own work.", own_record, BOTH),
    Door("student/ask", ask.ask, "student.ask", STUDENT, "A student asks to show a target, and takes it back.", own_record,
         frozenset({"POST"})),
    Door("student/work/<path:key>", work.work, "student.work", STUDENT,
         "A student sees their own work and what came back.", own_record),
    Door("student/continuum", continuum.continuum, "student.continuum", STUDENT, "A student sees their own lines.", own_record),
    Door("student/plan", plan.plan, "student.plan", STUDENT, "A student reads their own plan.", own_record),
    Door("student/cards/<int:run>", cards.card, "student.card", STUDENT, "A student reads their own report cards.", own_record),
    Door("student/about", about.about, "student.about", STUDENT, "A student reads and writes their own profile.", own_record,
         BOTH),
    Door("student/rights", rights.rights, "student.rights", STUDENT, "A student uses the rights about their own record.",
         own_record, BOTH),
    Door("files/<str:digest>", files.file, "files.file", SIGNED_IN,
         "Whoever may see a student may open what the student handed in.",
         seen_file),
]  # fmt: skip
