"""What the command line does, one function per command: read what was given, do one act or ask one question.

`imports` bring data in, `exports` take data out, `figures` makes snapshots and reports, `chain` looks after the ledger,
`mailing` after mail and background work, `packs` moves tasks, `people` gives ways in. Every function returns plain data;
`cli` prints it.
"""

from importlib import import_module
from typing import Any

ROOMS = {
    "chain": ("determine", "say_determine", "say_verify", "verify", "write_head"),
    "exports": (
        "explain",
        "export_determinations",
        "export_framework",
        "export_grades",
        "export_record",
        "export_results",
        "say_explanation",
    ),
    "figures": ("report", "say_report", "say_snapshot", "snapshot"),
    "imports": (
        "import_events",
        "import_framework",
        "import_plans",
        "import_policy",
        "import_ratings",
        "import_roster",
        "say_import",
        "say_year",
        "undo_import",
        "year_roll",
    ),
    "mailing": ("bounces", "mail_status", "mail_test", "release_copy", "say_mail_status", "say_work", "work"),
    "packs": ("export_tasks", "import_tasks", "say_tasks"),
    "people": ("erase", "invite", "merge", "split", "token"),
}
"""In which module each command is: only that of the command that was called is loaded, since a command starts anew each time."""


def __getattr__(name: str) -> Any:
    for room, names in ROOMS.items():
        if name in names:
            return getattr(import_module(f"headway.project.commands.{room}"), name)
    raise AttributeError(name)
