"""Who acts in the tests of profiles."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from headway.access.queries import account_of
from headway.access.types import Viewer
from headway.kit.refusals import Refusal
from headway.rosters.queries import viewer_for

from ..pages.student.world import NOW, again, client, person


def viewer(name: str) -> Viewer:
    if account_of(person(name).uuid) is None:
        client(name)
    account = account_of(person(name).uuid)
    assert account is not None
    return viewer_for(account, NOW.date())


def browser(name: str, language: str = "en") -> Client:
    """Return a browser in which this person is signed in, whether or not they have an account yet."""
    return client(name, language) if account_of(person(name).uuid) is None else again(name, language)


def refusal(act: Any, *args: Any, **values: Any) -> str:
    """Return the code with which an act is refused; that of its first fault where it is the ratings'."""
    with pytest.raises(Refusal) as refused:
        act(*args, **values)
    found = refused.value
    return found.findings[0].code if found.code == "ratings_invalid" else found.code
