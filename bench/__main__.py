"""Run every benchmark: `python -m bench`."""

from __future__ import annotations

import subprocess
import sys

NAMES = ("web", "rules", "levels", "figures", "equity", "agreement", "scales", "facets")

if __name__ == "__main__":
    for name in NAMES:
        subprocess.run([sys.executable, "-m", f"bench.{name}"], check=True)
