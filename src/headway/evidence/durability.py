"""Refuses to serve where an acknowledged rating could be lost in a power cut."""

from __future__ import annotations

from django.db import connection

from headway.kit.refusals import Refusal, Sentence


def require_durable_commits() -> None:
    """Raise `Refusal("unsafe_durability")` unless a commit that returned is on the disk.

    SQLite must run with WAL and synchronous FULL or EXTRA; PostgreSQL with fsync and synchronous_commit on.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous")
            level = cursor.fetchone()[0]
            cursor.execute("PRAGMA journal_mode")
            mode = str(cursor.fetchone()[0]).lower()
            if level < 2 or mode not in ("wal", "delete", "truncate", "persist"):
                raise Refusal(
                    "unsafe_durability",
                    Sentence(
                        "SQLite runs with synchronous=%(level)s and journal_mode=%(mode)s; Headway needs WAL "
                        "and synchronous=FULL, so that no acknowledged rating is lost.",
                        level=level,
                        mode=mode,
                    ),
                )
        else:
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                cursor.execute(f"SHOW {name}")
                value = cursor.fetchone()[0]
                if value == "off":
                    raise Refusal(
                        "unsafe_durability",
                        Sentence(
                            "PostgreSQL runs with %(name)s=%(value)s; set it to on, so that no acknowledged "
                            "rating is lost.",
                            name=name,
                            value=value,
                        ),
                    )
