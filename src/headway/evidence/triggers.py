"""Triggers that keep the ledger append-only on both databases, also against a careless hand in the database shell."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

_REFUSAL = "the ledger is append-only: correct a rating by a new event"

_SQLITE = [
    f"CREATE TRIGGER IF NOT EXISTS event_no_update BEFORE UPDATE ON headway_event "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    f"CREATE TRIGGER IF NOT EXISTS event_no_delete BEFORE DELETE ON headway_event "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    f"CREATE TRIGGER IF NOT EXISTS payload_no_update BEFORE UPDATE ON headway_payload "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    f"CREATE TRIGGER IF NOT EXISTS payload_no_delete BEFORE DELETE ON headway_payload "
    f"WHEN NOT EXISTS (SELECT 1 FROM headway_erasure e WHERE e.sequence = OLD.event_id) "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    # REPLACE INTO removes the old row without waking the triggers above.
    f"CREATE TRIGGER IF NOT EXISTS event_no_replace BEFORE INSERT ON headway_event "
    f"WHEN EXISTS (SELECT 1 FROM headway_event e WHERE e.sequence = NEW.sequence OR e.key_digest = NEW.key_digest) "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    f"CREATE TRIGGER IF NOT EXISTS payload_no_replace BEFORE INSERT ON headway_payload "
    f"WHEN EXISTS (SELECT 1 FROM headway_payload p WHERE p.event_id = NEW.event_id) "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
]

_POSTGRES = [
    f"CREATE OR REPLACE FUNCTION headway_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
    f"BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
    f"CREATE OR REPLACE FUNCTION headway_guard_payload() RETURNS trigger LANGUAGE plpgsql AS $$ "
    f"BEGIN IF NOT EXISTS (SELECT 1 FROM headway_erasure e WHERE e.sequence = OLD.event_id) "
    f"THEN RAISE EXCEPTION '{_REFUSAL}'; END IF; RETURN OLD; END $$",
    "CREATE OR REPLACE TRIGGER event_no_change BEFORE UPDATE OR DELETE ON headway_event "
    "FOR EACH ROW EXECUTE FUNCTION headway_refuse()",
    "CREATE OR REPLACE TRIGGER event_no_truncate BEFORE TRUNCATE ON headway_event "
    "FOR EACH STATEMENT EXECUTE FUNCTION headway_refuse()",
    "CREATE OR REPLACE TRIGGER payload_no_update BEFORE UPDATE ON headway_payload "
    "FOR EACH ROW EXECUTE FUNCTION headway_refuse()",
    "CREATE OR REPLACE TRIGGER payload_no_truncate BEFORE TRUNCATE ON headway_payload "
    "FOR EACH STATEMENT EXECUTE FUNCTION headway_refuse()",
    "CREATE OR REPLACE TRIGGER payload_no_delete BEFORE DELETE ON headway_payload "
    "FOR EACH ROW EXECUTE FUNCTION headway_guard_payload()",
]


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers on a database; safe to call again."""
    with connection.cursor() as cursor:
        for statement in _POSTGRES if connection.vendor == "postgresql" else _SQLITE:
            cursor.execute(statement)
