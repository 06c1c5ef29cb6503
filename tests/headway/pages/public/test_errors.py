"""Pages for what went wrong: a save that somebody else holds up is told to be busy, anything else to be broken."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.test import RequestFactory

from headway.pages.public.errors import broken


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/student/now", "/api/v1/ratings"])
def test_a_database_that_others_hold_is_busy_and_not_broken(path: str, rf: RequestFactory) -> None:
    def answer(said: str) -> Any:
        request = rf.get(path)
        try:
            raise OperationalError(said)
        except OperationalError:
            return broken(request)

    busy = answer("database is locked")
    assert busy.status_code == 503 and busy["Retry-After"] == "5"
    assert "Nothing was saved" in busy.content.decode()
    other = answer("disk I/O error")
    assert other.status_code == 500 and "Retry-After" not in other
