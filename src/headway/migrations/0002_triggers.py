"""The triggers that keep the ledger append-only, on both databases."""

from django.db import migrations


def install(apps, schema_editor):
    from headway.evidence import triggers

    triggers.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("headway", "0001_initial")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
