"""The addresses of the family pages."""

from headway.access.doors import Door, only
from headway.access.types import Role
from headway.pages.family import cards, conference, home, messages, plan, profile, rights, why, work
from headway.pages.family.scope import child, child_and_self, own_family

FAMILY = only(Role.FAMILY)
BOTH = frozenset({"GET", "HEAD", "POST"})

doors: list[Door] = [
    Door("family/", home.home, "family.home", FAMILY, "A family sees how the children in its care are.", own_family),
    Door("family/children/<str:student_id>", home.child, "family.child", FAMILY,
         "A family sees how a child in its care is.", child),
    Door("family/children/<str:student_id>/why/<int:target>", why.why, "family.why", FAMILY,
         "A family sees why the level of a child in its care is what it is.", child),
    Door("family/children/<str:student_id>/work/<path:key>", work.work, "family.work", FAMILY,
         "A family sees the work of a child in its care.", child),
    Door("family/children/<str:student_id>/plan", plan.plan, "family.plan", FAMILY,
         "A family reads the plan of a child in its care.", child),
    Door("family/children/<str:student_id>/cards/<int:run>", cards.card, "family.card", FAMILY,
         "A family reads the report cards of a child in its care.", child),
    Door("family/children/<str:student_id>/conference", conference.conference, "family.conference", FAMILY,
         "A family prepares a conference about a child in its care.", child),
    Door("family/children/<str:student_id>/profile", profile.profile, "family.profile", FAMILY,
         "A family reads and adds to the profile of a child in its care.", child, BOTH),
    Door("family/children/<str:student_id>/rights", rights.rights, "family.rights", FAMILY,
         "A family uses its rights about the record of a child in its care.", child, BOTH),
    Door("family/children/<str:student_id>/messages", messages.messages, "family.messages", FAMILY,
         "A guardian writes with the teachers of a child in care.", child_and_self, BOTH),
]  # fmt: skip
