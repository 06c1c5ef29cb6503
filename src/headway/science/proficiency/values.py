"""The one type that loops read and write: a NumPy column where compiled, a plain list where interpreted."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Values = NDArray[Any] | list[float]
