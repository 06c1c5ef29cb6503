"""A small district made once by the command line; tests that change something take a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from .district import Home, begin


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Roster (import 1), MATH (2), LIFE (3), policy (4), twelve ratings (5: events 2 to 13). Only to be read."""
    folder = tmp_path_factory.mktemp("district")
    return begin(Home(folder / "home"), folder)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home just begun. Only to be read."""
    home = Home(tmp_path_factory.mktemp("empty") / "home")
    home.json("init")
    return home


@pytest.fixture
def fresh(district: Home, tmp_path: Path) -> Home:
    """A copy of the small district, to be changed."""
    return district.copy(tmp_path / "home")


@pytest.fixture
def blank(empty: Home, tmp_path: Path) -> Home:
    """A copy of the home just begun, to be changed."""
    return empty.copy(tmp_path / "home")
