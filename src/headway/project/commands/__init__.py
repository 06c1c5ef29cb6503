"""What the command line does, one function per command: read what was given, do one act or ask one question.

`imports` bring data in, `exports` take data out, `figures` makes snapshots and reports, `chain` looks after the ledger,
`mailing` after mail and background work, `packs` moves tasks, `people` gives ways in. Every function returns plain data;
`cli` prints it.
"""

from headway.project.commands.chain import determine, say_determine, say_verify, verify, write_head
from headway.project.commands.exports import (
    explain,
    export_determinations,
    export_framework,
    export_grades,
    export_record,
    export_results,
    say_explanation,
)
from headway.project.commands.figures import report, say_report, say_snapshot, snapshot
from headway.project.commands.imports import (
    import_events,
    import_framework,
    import_plans,
    import_policy,
    import_ratings,
    import_roster,
    say_import,
    say_year,
    undo_import,
    year_roll,
)
from headway.project.commands.mailing import (
    bounces,
    mail_status,
    mail_test,
    release_copy,
    say_mail_status,
    say_work,
    work,
)
from headway.project.commands.packs import export_tasks, import_tasks, say_tasks
from headway.project.commands.people import erase, invite, merge, split, token

__all__ = [
    "bounces",
    "determine",
    "erase",
    "explain",
    "export_determinations",
    "export_framework",
    "export_grades",
    "export_record",
    "export_results",
    "export_tasks",
    "import_events",
    "import_framework",
    "import_plans",
    "import_policy",
    "import_ratings",
    "import_roster",
    "import_tasks",
    "invite",
    "mail_status",
    "mail_test",
    "merge",
    "release_copy",
    "report",
    "say_determine",
    "say_explanation",
    "say_import",
    "say_mail_status",
    "say_report",
    "say_snapshot",
    "say_tasks",
    "say_verify",
    "say_work",
    "say_year",
    "snapshot",
    "split",
    "token",
    "undo_import",
    "verify",
    "work",
    "write_head",
    "year_roll",
]  # fmt: skip
