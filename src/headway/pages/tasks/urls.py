"""The addresses of the task bank."""

from headway.access.doors import Door
from headway.pages.tasks import bank, editor, exemplars, scope, task, validation, validity
from headway.tasks.types import WRITERS

WHO = frozenset(WRITERS)
BOTH = frozenset({"GET", "HEAD", "POST"})
_READ = "Adults of the schools choose tasks from one bank; a draft is seen by who writes it."
_WRITE = "A task is written by its author, who leads its school, coaches and the district."

doors = [
    Door("tasks/", bank.bank, "tasks.bank", WHO, _READ),
    Door("tasks/new", bank.new, "tasks.new", WHO, "Adults of the schools write for the bank.", methods=BOTH),
    Door("tasks/<uuid:task>", task.task, "tasks.task", WHO, _READ, scope=scope.task, methods=BOTH),
    Door("tasks/<uuid:task>/versions/<int:number>", task.version, "tasks.version", WHO, _READ, scope=scope.version),
    Door("tasks/<uuid:task>/edit", editor.editor, "tasks.editor", WHO, _WRITE, scope=scope.draft, methods=BOTH),
    Door("tasks/<uuid:task>/exemplars", exemplars.exemplars, "tasks.exemplars", WHO, _WRITE, scope=scope.draft, methods=BOTH),
    Door("tasks/<uuid:task>/validation", validation.validation, "tasks.validation", WHO,
         "Adults of the schools judge one another's tasks; nobody reads a verdict before giving their own.",
         scope=scope.published, methods=BOTH),
    Door("tasks/<uuid:task>/validity", validity.validity, "tasks.validity", WHO,
         "Adults of the schools keep and read what speaks for and against a task; no student and no rater is named.",
         scope=scope.published, methods=BOTH),
]  # fmt: skip
