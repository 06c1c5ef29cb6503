"""SQLite in WAL mode with synchronous=FULL: a commit that returned is on the disk.

With NORMAL a power cut takes acknowledged rows with it; `evidence.durability` refuses to serve on such a connection.
"""

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params):  # type: ignore[no-untyped-def]
        connection = super().get_new_connection(conn_params)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA cache_size=-32000")
        return connection
