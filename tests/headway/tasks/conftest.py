"""The small school with a place for files, at its day."""

from ..pages.conftest import school_with_files

__all__ = ["school_with_files"]
