"""What tests of pages share: the small school with a place for files, at its day."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine

from .student.world import NOW, build


@pytest.fixture
def school_with_files(tmp_path: Path, settings: Any) -> Iterator[None]:
    """The school of `student.world`, in which files can be handed in."""
    settings.MEDIA_ROOT = tmp_path / "media"
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield
