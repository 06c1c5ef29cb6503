"""SQLite in WAL mode with synchronous=FULL: a commit that returned is on the disk.

With NORMAL a power cut takes acknowledged rows with it; `evidence.durability` refuses to serve on such a connection.
"""

from functools import lru_cache

from django.db.backends.sqlite3 import base


class Cursor(base.SQLiteCursorWrapper):
    """Django's cursor, which rewrites `%s` to `?` in each statement, and here once for each text of the many that come again."""

    def convert_query(self, query, *, param_names=None):  # type: ignore[no-untyped-def]
        if param_names is None and len(query) <= REMEMBERED_CHARACTERS:
            return _converted(query)
        return super().convert_query(query, param_names=param_names)


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params):  # type: ignore[no-untyped-def]
        connection = super().get_new_connection(conn_params)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA cache_size=-32000")
        return connection

    def create_cursor(self, name=None):  # type: ignore[no-untyped-def]
        return self.connection.cursor(factory=Cursor)


REMEMBERED_CHARACTERS = 4_000
"""Longer statements name many rows, and none comes twice."""


@lru_cache(maxsize=512)
def _converted(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")
