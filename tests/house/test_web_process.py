"""The web process loads no columnar engine, no compiler and no chart engine: they cost seconds and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAVY = ["pyarrow", "duckdb", "numba", "llvmlite", "pandas", "polars", "scipy", "matplotlib", "altair", "vl_convert",
         "pyspark", "typst", "playwright", "pytest"]  # fmt: skip
PROGRAM = """
import builtins, json, sys, traceback
heavy = set(json.loads(sys.argv[1]))
chains, original = {}, builtins.__import__

def watching(name, globals=None, locals=None, fromlist=(), level=0):
    top = name.partition(".")[0]
    if level == 0 and top in heavy and top not in chains:
        frames = [f for f in traceback.extract_stack()[:-1] if "headway" in f.filename]
        chains[top] = [f"{f.filename}:{f.lineno}" for f in frames]
    return original(name, globals, locals, fromlist, level)

builtins.__import__ = watching
import headway.project.wsgi
from django.urls import get_resolver
patterns = get_resolver().url_patterns
from django.test import Client
status = Client().get("/account/sign-in").status_code
print(json.dumps({
    "loaded": sorted(heavy & set(sys.modules)), "chains": chains, "patterns": len(patterns), "status": status,
}))
"""


BEGIN = "import json, headway.project.home as home; print(json.dumps(home.begin(None)['new']))"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A district on SQLite, begun by another process, as a server finds it."""
    folder = tmp_path_factory.mktemp("home")
    assert run(BEGIN, folder) is True
    return folder


def run(program: str, home: Path, *arguments: str) -> Any:
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=home,
        env={**env, "HEADWAY_HOME": str(home), "DJANGO_SETTINGS_MODULE": "headway.project.settings"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_web_process_stays_light(home: Path) -> None:
    found = run(PROGRAM, home, json.dumps(HEAVY))
    assert found["loaded"] == [], f"loaded through {found['chains']}"
    assert found["patterns"] > 5 and found["status"] == 200


def test_the_check_sees_a_heavy_import(home: Path) -> None:
    found = run("import pyarrow\n" + PROGRAM, home, json.dumps(HEAVY))
    assert found["loaded"] == ["pyarrow"]
