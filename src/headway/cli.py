"""The command line: one function per command, each one call into the house.

Exit 0 done; 1 refused or found wrong; 2 usage. With --json exactly one JSON document goes to standard output.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from headway.kit.refusals import Refusal

app = typer.Typer(
    help="Headway: the open information system for schools that teach by competency.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
import_app = typer.Typer(help="Bring a roster, a continuum, a policy or ratings in.", no_args_is_help=True)
export_app = typer.Typer(
    help="Take results, a continuum, determinations or a record out.", no_args_is_help=True
)
app.add_typer(import_app, name="import")
app.add_typer(export_app, name="export")
person_app = typer.Typer(
    help="One person or two: join rows of the roster, and split them.", no_args_is_help=True
)
app.add_typer(person_app, name="person")
mail_app = typer.Typer(help="Mail: whether it goes out, and what became of it.", no_args_is_help=True)
app.add_typer(mail_app, name="mail")

Home = Annotated[
    Path | None, typer.Option("--home", help="The folder that holds everything (default ./headway-data).")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="As observed by the end of this day.")]
KnownAt = Annotated[
    str | None, typer.Option("--known-at", help="As the ledger knew it at this time (RFC 3339) or sequence.")
]

ToWhom = Annotated[
    str, typer.Option("--to", help="Who gets it: it stands in each student's list of disclosures.")
]
Purpose = Annotated[
    str, typer.Option("--for", help="What for: it stands in each student's list of disclosures.")
]


def _progress(work: Callable[[Callable[[str, int, int], None] | None], Any]) -> Any:
    """Do long work with a line of progress on a terminal; in a pipe without one."""
    if not sys.stderr.isatty():
        return work(None)
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        line = shown.add_task("")
        return work(lambda what, done, of: shown.update(line, description=what, completed=done, total=of))


def _run(
    as_json: bool,
    work: Callable[[], Any],
    show: Callable[[Any], str | None] | str | None = None,
    *,
    wrong: Callable[[Any], bool] | None = None,
    errors_as_json: bool = False,
) -> None:
    """Do the work, print its result, and turn a refusal into sentences and exit 1."""
    try:
        try:
            result = work()
        except OSError as error:
            raise _unreadable(error) from error
        except Exception as error:
            # Django is not awake when this module is read: its errors are known by their name.
            if type(error).__name__ != "OperationalError":
                raise
            if "locked" in str(error):
                raise Refusal(
                    "busy",
                    "Another command or the server was writing for too long. Nothing of this command was kept; try again.",
                ) from error
            raise Refusal(
                "database_failed",
                f"The database answered: {error}. Nothing of this command was kept; is the disk full?",
            ) from error
    except Refusal as refusal:
        if as_json or errors_as_json:
            _print_json({"errors": refusal.errors()})
        else:
            typer.echo(f"Refused ({refusal.code}): {refusal.message}", err=True)
            for finding in refusal.findings[:50]:
                typer.echo(f"  {finding}", err=True)
            if len(refusal.findings) > 50:
                typer.echo(f"  … and {len(refusal.findings) - 50} more", err=True)
        raise typer.Exit(1) from refusal
    if isinstance(show, str):
        from headway.project import commands

        show = getattr(commands, show)
    if as_json:
        _print_json(result)
    elif show is not None and (text := show(result)):
        typer.echo(text)
    if wrong is not None and wrong(result):
        raise typer.Exit(1)


def _unreadable(error: OSError) -> Refusal:
    """Return the refusal for a file that cannot be read or written, named without its folder."""
    name = Path(str(error.filename)).name if error.filename else "A file"
    return Refusal("file_failed", f"{name}: {error.strerror or error}.")


def _print_json(value: Any) -> None:
    # At once: written piece by piece, json takes its slow way, and a large answer many times as long.
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=_plain))
    sys.stdout.write("\n")


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if hasattr(value, "as_dict"):
        return value.as_dict()
    return str(value)


def _wake(home: Path | None) -> Path:
    from headway.project.home import wake

    return wake(home)


def _on(home: Path | None) -> Any:
    """Wake the product on a home and return the commands that work on it."""
    _wake(home)
    from headway.project import commands

    return commands


def _archive(home: Path | None, *, wake: bool = True) -> Any:
    if wake:
        _wake(home)
    from headway.project import archive

    return archive


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Refusal("not_a_day", f"A day is written as 2026-11-12, not {text}.") from error
    if not 1950 <= day.year <= 2100:
        raise Refusal("not_a_day", f"A day lies between 1950 and 2100; {text} does not.")
    return day


@app.command()
def init(
    home: Home = None,
    as_json: Json = False,
    name: Annotated[str, typer.Option(help="The district's name.")] = "",
) -> None:
    """An empty district with one administrator."""
    from headway.project.home import begin

    _run(
        as_json,
        lambda: begin(home, name=name),
        lambda r: (
            f"Ready. Sign in as {r['username']} with the first password {r['password']}"
            if r["new"]
            else "Ready; nothing was lost."
        ),
    )


@app.command()
def demo(
    home: Home = None,
    as_json: Json = False,
    students: Annotated[int, typer.Option(min=40)] = 600,
    seed: int = 1,
    no_serve: Annotated[bool, typer.Option("--no-serve")] = False,
    port: int = 8000,
) -> None:
    """A demonstration district with several years of history, then the web product on it."""
    from headway.project.home import begin

    def work() -> dict[str, Any]:
        begin(home, name="Juniper Valley demonstration district")
        # Records can be imported only once Django is awake on the home.
        from headway.demo.build import build

        made = build(students=students, seed=seed, progress=not as_json and sys.stderr.isatty(), port=port)
        return {**made, "home": str(home or "headway-data")}

    def show(result: dict[str, Any]) -> str:
        rows = [
            f"  {login['role']:<10} {login['username']:<22} {login['password']:<14} {login['page']}"
            for login in result["logins"]
        ]
        return "\n".join(
            [
                f"{result['students']} students, {result['ratings']} ratings, built in {result['seconds']} s.",
                "",
                *(
                    [f"Start it with: headway serve --home {result['home']} --port {port}"]
                    if no_serve
                    else []
                ),
                f"Open http://localhost:{port}/ and sign in:",
                *rows,
                "",
            ]
        )

    _run(as_json, work, show)
    if not no_serve:
        sys.stdout.flush()
        serve(home=home, port=port)


@app.command()
def serve(home: Home = None, port: int = 8000, host: str = "127.0.0.1") -> None:
    """The web product."""
    from headway.project.serve import run

    _run(
        False,
        lambda: _wake(home),
        lambda _: f"Headway is served at http://localhost:{port}/ (stop with Ctrl-C)",
    )
    sys.stdout.flush()
    run(port=port, host=host)


@import_app.command("roster")
def import_roster(
    path: Path,
    home: Home = None,
    as_json: Json = False,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would change; change nothing.")] = False,
    accept_removals: Annotated[bool, typer.Option("--accept-removals")] = False,
) -> None:
    """OneRoster CSV 1.1 or 1.2, zip or folder: stage, validate all, show the plan, apply in one transaction."""
    _run(
        as_json,
        lambda: _on(home).import_roster(path, plan=plan, accept_removals=accept_removals),
        "say_import",
    )


@import_app.command("framework")
def import_framework(
    path: Path,
    home: Home = None,
    as_json: Json = False,
    plan: Annotated[bool, typer.Option("--plan")] = False,
    in_force: Annotated[str | None, typer.Option(help="The day from which this version holds.")] = None,
) -> None:
    """A CASE 1.0 or 1.1 package, or the documented spreadsheet."""
    _run(
        as_json,
        lambda: _on(home).import_framework(path, plan=plan, in_force=_day(in_force)),
        "say_import",
    )


@import_app.command("tasks")
def import_tasks(
    path: Path,
    home: Home = None,
    as_json: Json = False,
    plan: Annotated[bool, typer.Option("--plan")] = False,
    matching: Annotated[bool, typer.Option("--matching", help="Leave out tasks that do not fit.")] = False,
) -> None:
    """A pack of performance tasks from another district: they are local here, whatever they were there."""
    _run(as_json, lambda: _on(home).import_tasks(path, plan=plan, matching=matching), "say_tasks")


@import_app.command("policy")
def import_policy(path: Path, home: Home = None, as_json: Json = False) -> None:
    """Scales, rules, requirements, calendars, vocabulary: the district's configuration as data."""
    _run(as_json, lambda: _on(home).import_policy(path), "say_import")


@import_app.command("ratings")
def import_ratings(
    path: Path,
    home: Home = None,
    as_json: Json = False,
    plan: Annotated[bool, typer.Option("--plan")] = False,
) -> None:
    """Ratings by CSV: every fault named by row, or everything written in one transaction."""
    _run(as_json, lambda: _on(home).import_ratings(path, plan=plan), "say_import")


@import_app.command("plans")
def import_plans(
    path: Path,
    home: Home = None,
    as_json: Json = False,
    plan: Annotated[bool, typer.Option("--plan")] = False,
) -> None:
    """Learning plans by CSV: who is to show what, with how many pieces, from when to when."""
    _run(as_json, lambda: _on(home).import_plans(path, plan=plan), "say_import")


@import_app.command("events")
def import_events(
    path: Path,
    home: Home = None,
    as_json: Json = False,
    plan: Annotated[bool, typer.Option("--plan")] = False,
) -> None:
    """School events by CSV: attendance, discipline, referral, schedule, as another system noted them."""
    _run(as_json, lambda: _on(home).import_events(path, plan=plan), "say_import")


@import_app.command("undo")
def import_undo(run: int, home: Home = None, as_json: Json = False) -> None:
    """Take an import back, or say by name what now depends on it."""
    _run(as_json, lambda: _on(home).undo_import(run), "say_import")


@app.command("year-roll")
def year_roll(
    home: Home = None,
    as_json: Json = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show by name what would happen; change nothing.")
    ] = False,
    starts: Annotated[
        str | None, typer.Option(help="First day; without it 52 weeks after the last first day.")
    ] = None,
    ends: Annotated[
        str | None, typer.Option(help="Last day; without it as far from the first as before.")
    ] = None,
    last_grade: Annotated[
        str, typer.Option(help="The grade that leaves; without it the highest taught.")
    ] = "",
    retain: Annotated[
        list[str] | None, typer.Option(help="A student who stays in the grade; may be repeated.")
    ] = None,
    without_students: Annotated[
        bool, typer.Option("--without-students", help="Carry classes with their staff only.")
    ] = False,
) -> None:
    """The next school year: sessions and classes a year later, grades up, the last grade leaves."""

    def work() -> dict[str, Any]:
        commands = _on(home)
        from headway.rosters.types import Choices

        choices = Choices(_day(starts), _day(ends), last_grade, tuple(retain or ()), not without_students)
        return commands.year_roll(plan=plan, choices=choices)

    _run(as_json, work, "say_year")


@export_app.command("framework")
def export_framework(
    key: str,
    home: Home = None,
    as_: Annotated[str, typer.Option("--as", help="case or csv")] = "case",
    as_json: Json = False,
) -> None:
    """A continuum as schema-valid CASE 1.1, or as the spreadsheet."""
    _run(
        False,
        lambda: _on(home).export_framework(key, as_),
        lambda text: text.rstrip("\n"),
        errors_as_json=as_json,
    )


@export_app.command("tasks")
def export_tasks(
    out: Path,
    license: Annotated[str, typer.Option(help="Under which license others may use them.")],
    home: Home = None,
    as_json: Json = False,
    task: Annotated[list[str] | None, typer.Option(help="Only this task (its identifier).")] = None,
) -> None:
    """Tasks that the bank offers, with rubrics and exemplars, as a pack for other districts."""
    _run(as_json, lambda: _on(home).export_tasks(out, license=license, tasks=task or []), "say_tasks")


@export_app.command("determinations")
def export_determinations(
    home: Home = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    student: Annotated[str | None, typer.Option()] = None,
    as_: Annotated[str, typer.Option("--as", help="csv, json or parquet")] = "csv",
    out: Annotated[Path | None, typer.Option(help="Write to this file (parquet needs it).")] = None,
    to: ToWhom = "",
    purpose: Purpose = "",
    as_json: Json = False,
) -> None:
    """Every determination: student, target, value, state, rule, reasons."""
    form = "json" if as_json else as_
    _run(
        False,
        lambda: _on(home).export_determinations(
            as_of=_day(as_of),
            known_at=known_at,
            student=student,
            form=form,
            out=out,
            to_whom=to,
            purpose=purpose,
        ),
        lambda text: text.rstrip("\n"),
        errors_as_json=as_json,
    )


@export_app.command("results")
def export_results(
    term: Annotated[str, typer.Option("--term", help="The sourcedId or title of an academic session.")],
    home: Home = None,
    out: Annotated[Path, typer.Option(help="The folder or zip to write.")] = Path("results.zip"),
    to: ToWhom = "",
    purpose: Purpose = "",
    as_json: Json = False,
) -> None:
    """OneRoster 1.2 line items, results and score scales for the student information system."""
    _run(as_json, lambda: _on(home).export_results(term, out, to_whom=to, purpose=purpose), "say_import")


@export_app.command("grades")
def export_grades(
    term: Annotated[str, typer.Option("--term", help="The sourcedId or title of an academic session.")],
    home: Home = None,
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("grades.csv"),
    to: ToWhom = "",
    purpose: Purpose = "",
    as_json: Json = False,
) -> None:
    """Marks for another gradebook, by the district's crosswalk; each row says what it lost."""
    _run(as_json, lambda: _on(home).export_grades(term, out, to_whom=to, purpose=purpose), "say_import")


@export_app.command("record")
def export_record(
    student: str, home: Home = None, to: ToWhom = "", purpose: Purpose = "", as_json: Json = False
) -> None:
    """Everything held about one student, as JSON."""
    _run(True, lambda: _on(home).export_record(student, to_whom=to, purpose=purpose))


@app.command()
def explain(
    student: Annotated[str, typer.Option()],
    target: Annotated[str, typer.Option()],
    home: Home = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    reader: Annotated[str, typer.Option(help="teacher or family")] = "teacher",
    language: Annotated[str, typer.Option()] = "en",
    as_json: Json = False,
) -> None:
    """The determination with its reasons, in words and as data."""
    _run(
        as_json,
        lambda: _on(home).explain(
            student=student,
            target=target,
            as_of=_day(as_of),
            known_at=known_at,
            reader=reader,
            language=language,
        ),
        "say_explanation",
    )


@app.command()
def snapshot(home: Home = None, as_of: AsOf = None, as_json: Json = False) -> None:
    """Facts of a day as Parquet files in one consistent read, and every report released from them."""
    _run(
        as_json,
        lambda: _progress(lambda show: _on(home).snapshot(as_of=_day(as_of), progress=show)),
        "say_snapshot",
    )


@app.command()
def report(
    name: Annotated[str, typer.Argument(help="Which one; without a name, the list.")] = "",
    home: Home = None,
    as_of: AsOf = None,
    form: Annotated[str, typer.Option("--as", help="json, csv, xlsx or pdf")] = "json",
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    sql: Annotated[bool, typer.Option("--sql", help="The texts behind the figures.")] = False,
    snapshots: Annotated[
        list[str] | None,
        typer.Option(
            "--snapshot",
            help="Ask this folder in place of the home's own; several join districts: NAME=FOLDER.",
        ),
    ] = None,
    engine: Annotated[
        str, typer.Option(help="What answers about --snapshot: duckdb (default) or spark.")
    ] = "",
    master: Annotated[
        str, typer.Option(help="The address of a Spark master; without it, this machine.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Live lists for a response, and reports released from a snapshot, with n and interval."""
    _run(
        as_json,
        lambda: _on(home).report(
            name,
            as_of=_day(as_of),
            form=form,
            out=out,
            sql=sql,
            snapshots=snapshots or (),
            engine=engine,
            master=master,
        ),
        "say_report",
    )


@app.command()
def determine(
    home: Home = None,
    apply: Annotated[bool, typer.Option("--apply", help="Rebuild the projection.")] = False,
    policy: Annotated[
        Path | None, typer.Option(help="Try this policy file on the school's own data; write nothing.")
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help="Determine again what a new day changed; once a day.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Replay the ledger under the policies in force and report differences."""
    _run(
        as_json,
        lambda: _on(home).determine(apply=apply, policy=policy, due=due),
        "say_determine",
        wrong=lambda r: policy is None and not apply and bool(r.get("differences")),
    )


@app.command()
def heads(file: Path, home: Home = None, as_json: Json = False) -> None:
    """Write the signed head of the ledger to a file, to be kept elsewhere."""
    _run(
        as_json,
        lambda: _on(home).write_head(file),
        lambda r: f"Head {r['sequence']} written to {file.name}.",
    )


@app.command()
def verify(
    home: Home = None,
    heads: Annotated[Path | None, typer.Option("--heads", help="Heads kept elsewhere.")] = None,
    as_json: Json = False,
) -> None:
    """Walk the ledger, compare projections and kept heads, and name the first altered event."""
    _run(
        as_json,
        lambda: _on(home).verify(heads),
        "say_verify",
        wrong=lambda r: not r["ok"],
    )


@app.command()
def backup(file: Path, home: Home = None, as_json: Json = False) -> None:
    """One archive of everything, taken while the product runs."""
    _run(
        as_json,
        lambda: _archive(home).backup(file),
        lambda r: f"{r['files']} files in {file.name}.",
    )


@app.command()
def restore(file: Path, home: Home = None, as_json: Json = False) -> None:
    """Restore an archive to an empty home; a damaged one is refused before anything is touched."""
    _run(
        as_json,
        lambda: _archive(None, wake=False).restore(file, home),
        lambda r: f"Restored {r['events']} events; the ledger holds.",
    )


@app.command("release-copy")
def release_copy(home: Home = None, as_json: Json = False) -> None:
    """Say that this restored home is the one in use: from now on it sends what waits."""
    _run(as_json, lambda: _on(home).release_copy(), lambda r: "Released. What waits is sent from now on.")


@app.command()
def work(
    home: Home = None,
    once: Annotated[bool, typer.Option("--once", help="Do what is due, then stop.")] = False,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
    as_json: Json = False,
) -> None:
    """The worker: digests, mail and other background work. `headway serve` starts one of its own."""
    _run(as_json, lambda: _on(home).work(once=once, with_parent=with_parent), "say_work")


@mail_app.command("status")
def mail_status(home: Home = None, as_json: Json = False) -> None:
    """How mail leaves this home, and what became of letters and jobs."""
    _run(as_json, lambda: _on(home).mail_status(), "say_mail_status")


@mail_app.command("test")
def mail_test(address: str, home: Home = None, as_json: Json = False) -> None:
    """Send one letter now, to see whether mail goes out."""
    _run(
        as_json,
        lambda: _on(home).mail_test(address),
        lambda r: f"A letter went to {r['address']} by {r['mode']}.",
    )


@mail_app.command("bounces")
def mail_bounces(file: Path, home: Home = None, as_json: Json = False) -> None:
    """Note addresses that letters do not reach, from a CSV file with the column `address`."""
    _run(
        as_json,
        lambda: _on(home).bounces(file),
        lambda r: f"{r['bounced']} addresses are not used any more; {r['unknown']} are nobody’s here.",
    )


@app.command()
def invite(user: str, home: Home = None, as_json: Json = False) -> None:
    """Give a person of the roster a way in: prints the name and first password."""
    _run(
        as_json,
        lambda: _on(home).invite(user),
        lambda r: f"{r['username']}  {r['password']}",
    )


@person_app.command("merge")
def person_merge(
    person: str,
    into: str,
    reason: Annotated[str, typer.Option("--reason", help="Why: the ledger keeps it.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Join a person to another who is the same human being: everything is seen under the one who stays."""
    _run(
        as_json,
        lambda: _on(home).merge(person, into, reason),
        lambda r: f"{r['person']} is seen under {r['into']} (run {r['run']}).",
    )


@person_app.command("split")
def person_split(
    person: str,
    reason: Annotated[str, typer.Option("--reason", help="Why: the ledger keeps it.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Split a person from the one they were joined to: what was theirs is theirs again."""
    _run(
        as_json,
        lambda: _on(home).split(person, reason),
        lambda r: f"{r['person']} and {r['from']} are two again (run {r['run']}).",
    )


@app.command()
def erase(
    student: str,
    reason: Annotated[str, typer.Option("--reason", help="Why: the ledger keeps it.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Erase a student's evidence, for good: what was rated, said and handed in. The chain still verifies."""
    _run(
        as_json,
        lambda: _on(home).erase(student, reason),
        lambda r: f"{r['student']}: the content of {r['events']} events and {r['files']} files erased.",
    )


@app.command()
def token(
    user: str,
    scope: Annotated[list[str], typer.Option("--scope")],
    home: Home = None,
    days: int = 365,
    as_json: Json = False,
) -> None:
    """An API token for an account or a person of the roster, shown once."""
    _run(as_json, lambda: _on(home).token(user, scope, days), lambda r: r["token"])


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def science(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Which one; without a name, the list.")] = "",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Public functions of headway.science on CSV files: no server, no home; without a name, the list of them."""
    from headway.project import science_files

    try:
        given = science_files.split(name, context.args)
    except science_files.Misused as error:
        raise typer.BadParameter(str(error)) from error
    _run(as_json, lambda: science_files.run(name, *given), science_files.say)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Which one; without a name, the list.")] = "",
    as_json: Json = False,
) -> None:
    """A benchmark of bench/, one JSON line (in a checkout); further words are the benchmark's own options."""
    import runpy

    root = Path(__file__).resolve().parents[2]
    known = sorted(f.stem for f in (root / "bench").glob("*.py") if not f.stem.startswith("_"))

    def choose() -> dict[str, Any]:
        if not known:
            raise Refusal(
                "no_checkout",
                "Benchmarks live in a checkout of the project, in bench/; this is an installed copy.",
            )
        if name and name not in known:
            raise Refusal("unknown_benchmark", f"Benchmarks are: {', '.join(known)}.")
        return {"benchmarks": known}

    # A benchmark prints its own JSON line; the list is all that this command prints itself.
    _run(as_json and not name, choose, None if name else lambda _: "\n".join(known), errors_as_json=as_json)
    if name:
        sys.path.insert(0, str(root))
        sys.argv = [f"bench.{name}", *context.args]
        runpy.run_module(f"bench.{name}", run_name="__main__")


def main() -> None:
    """Entry of the `headway` command."""
    app()


if __name__ == "__main__":
    main()
