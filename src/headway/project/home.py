"""The home folder: where it is, how it begins, and how Django wakes up on it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from headway.kit.refusals import Refusal

FOLDERS = ("keys", "media", "snapshots", "static")


def choose(home: Path | None) -> Path:
    """Return the home that a command works on, and make it the process's home."""
    chosen = Path(home or os.environ.get("HEADWAY_HOME") or "headway-data").resolve()
    os.environ["HEADWAY_HOME"] = str(chosen)
    return chosen


def create(home: Path) -> None:
    """Make the folders and the secret of a new home; existing ones stay as they are."""
    if not home.exists():
        home.mkdir(parents=True)
        # The records of children: nobody else on the machine reads them.
        home.chmod(0o700)
    for name in FOLDERS:
        (home / name).mkdir(exist_ok=True)
    (home / "keys").chmod(0o700)
    secret = home / "keys" / "secret"
    if not secret.exists():
        secret.write_text(secrets.token_urlsafe(48))
        secret.chmod(0o600)


def exists(home: Path) -> bool:
    """Whether a home was begun here."""
    return (home / "keys" / "secret").exists()


def wake(home: Path | None, *, must_exist: bool = True) -> Path:
    """Choose the home, set Django up on it and check durability; return it. Raises `Refusal("no_home")`."""
    chosen = choose(home)
    if must_exist and not exists(chosen):
        raise Refusal("no_home", f"There is no district at {chosen.name}; begin one with: headway init")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headway.project.settings")
    import django

    django.setup()
    if must_exist:
        require_current()
    return chosen


def require_current() -> None:
    """Refuse on unsafe durability or on a database that is older or newer than the code."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from headway.evidence.durability import require_durable_commits

    require_durable_commits()
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        raise Refusal(
            "needs_migration",
            "The database is older than the program; run: headway init (it keeps all records).",
        )


def begin(home: Path | None, *, name: str = "") -> dict[str, Any]:
    """This will make the home, the tables and triggers, the first configuration and one administrator; safe to repeat."""
    chosen = choose(home)
    create(chosen)
    wake(chosen, must_exist=False)
    from headway.project import tables

    tables.make()
    require_current()
    from headway.access import actions as access
    from headway.access import queries as accounts
    from headway.access.types import SYSTEM
    from headway.kit.times import now
    from headway.proficiency import actions as proficiency
    from headway.rosters import actions as rosters

    at = now()
    rosters.begin_district(name=name or "Headway district", at=at)
    proficiency.begin(at=at)
    if accounts.find_account("admin"):
        return {"home": chosen.name, "username": "admin", "password": None, "new": False}
    _, password = access.open_account(
        actor=SYSTEM, username="admin", name="Administrator", at=at, administrator=True, password=""
    )
    return {"home": chosen.name, "username": "admin", "password": password, "new": True}
