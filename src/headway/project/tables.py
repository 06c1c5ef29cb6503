"""The tables of a database: a new SQLite home takes them as the records say, every other walks the history of migrations.

The history renders every record at every step, which costs some eight seconds; the tables that come out are the same ones
(`tests/house/test_migrations.py` holds the two against each other) but for the order of columns. On PostgreSQL that order
matters: an archive there holds rows in it.
"""

from __future__ import annotations

from django.apps import apps
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from headway.evidence import triggers


def make() -> None:
    """This will bring the tables and triggers to where the code is: all of them, or none; safe to repeat."""
    if connection.vendor != "sqlite" or connection.introspection.table_names():
        call_command("migrate", verbosity=0, interactive=False)
    else:
        _as_recorded()


def _as_recorded() -> None:
    recorder = MigrationRecorder(connection)
    # Outside the transaction of the tables. Whoever is stopped after it walks the history, from its beginning.
    recorder.ensure_schema()
    history = MigrationLoader(connection).graph.nodes
    with connection.schema_editor() as editor:
        for model in apps.get_models():
            if model._meta.can_migrate(connection):
                editor.create_model(model)
        triggers.install(connection)
        for app, name in history:
            recorder.record_applied(app, name)
    emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)
