"""Homes for faults: on SQLite, and in the PostgreSQL stage on databases of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..headway.project.district import Home, begin, drop_database, new_database


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The small district of the command line's tests, on the database that this run is about. Only to be copied."""
    folder = tmp_path_factory.mktemp("district")
    url = new_database() if os.environ.get("DATABASE_URL") else ""
    try:
        yield begin(Home(folder / "home", url), folder)
    finally:
        if url:
            drop_database(url)


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Iterator[Home]:
    """A copy of the small district, to be broken."""
    copy = made.copy(tmp_path / "home")
    try:
        yield copy
    finally:
        if copy.url:
            drop_database(copy.url)
