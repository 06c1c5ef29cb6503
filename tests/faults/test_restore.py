"""A backup is what has been restored: on SQLite, and on PostgreSQL into a database that is empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..headway.project.district import RATINGS, Home, csv_file, day, drop_database, new_database

pytestmark = pytest.mark.postgres


def test_a_backup_is_restored_and_gone_on_with(home: Home, tmp_path: Path) -> None:
    archive = tmp_path / "backup.zip"
    assert home.json("backup", archive)["events"] == 13
    there = Home(tmp_path / "there", new_database() if home.url else "")
    # What Django makes by itself in every database is not part of a backup on PostgreSQL.
    own = ("auth_permission", "django_content_type", "django_migrations") if home.url else ()
    try:
        assert there.json("restore", archive)["events"] == 13
        assert there.dump(without=own) == home.dump(without=own)
        assert there.json("verify")["ok"] is True
        more = csv_file(tmp_path / "r.csv", RATINGS, f"n1,u1,B1,3,{day(1)},T1,,,,,,,,")
        found = there.json("import", "ratings", more)
        assert (found["run"], found["first"], found["last"]) == (6, 14, 14)
        if home.url:
            again = Home(tmp_path / "again", there.url)
            assert [e["code"] for e in again.refused("restore", archive)] == ["database_not_empty"]
            assert not again.path.exists()
    finally:
        if there.url:
            drop_database(there.url)
