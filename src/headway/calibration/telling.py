"""An estimate as plain data, as reports keep it and pages say it. Light: pages load it."""

from __future__ import annotations

import math
from typing import Any

from headway.science.estimates import Estimate


def told(found: Estimate) -> dict[str, Any]:
    """Return an estimate as plain data."""
    low, high = found.interval or (None, None)
    return {
        "value": plain(found.value), "low": plain(low), "high": plain(high), "n": found.n, "method": found.method,
        "reasons": list(found.reasons),
    }  # fmt: skip


def plain(value: float | None) -> float | None:
    """Return a number to six places; None where there is none."""
    return None if value is None or not math.isfinite(value) else round(float(value), 6)
