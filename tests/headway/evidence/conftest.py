"""The small district, in a transaction that is taken back, or committed for tests of triggers and threads."""

from __future__ import annotations

from pathlib import Path

import pytest

from .world import World, build


@pytest.fixture
def world(db: None, tmp_path: Path) -> World:
    return build(tmp_path / "roster")


@pytest.fixture
def committed_world(transactional_db: None, tmp_path: Path) -> World:
    return build(tmp_path / "roster")
