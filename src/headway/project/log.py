"""What the server's log says of an answer."""

from __future__ import annotations

import logging


class OneLine(logging.Filter):
    """Lets every record through; one of an answer below 500 without a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True: no record is dropped."""
        if 400 <= getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        return True
