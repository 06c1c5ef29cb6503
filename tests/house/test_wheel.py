"""What is installed is whole: every template, style, script, translation and data file is in the wheel, and it runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from .house import ROOT, SOURCE

LEFT_OUT = {".py", ".pyc", ".po"}
BUILDER = 77
"""The first setuptools that understands `license = "Apache-2.0"`."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the wheel from a copy, so that no older build leaves a file behind, and none is left in the tree."""
    copy, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    unwanted = shutil.ignore_patterns("*.egg-info", "__pycache__")
    shutil.copytree(ROOT / "src", copy / "src", ignore=unwanted)
    command = [str(Path(sys.executable).parent / "uv"), "build", "--wheel", "--out-dir", str(out), str(copy)]
    # Where the environment has the builder, nothing is asked of the package index.
    command += ["--no-build-isolation", "--python", sys.executable] if _has_builder() else []
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=copy)
    assert done.returncode == 0, (
        f"the wheel was not built; without setuptools>={BUILDER} in the environment uv asks the package index "
        f"for it:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
    )
    (built,) = out.glob("*.whl")
    return zipfile.ZipFile(built)


def _has_builder() -> bool:
    try:
        found = re.match(r"\d+", version("setuptools"))
    except PackageNotFoundError:
        return False
    return found is not None and int(found[0]) >= BUILDER


def files_of_the_tree() -> set[str]:
    return {
        path.relative_to(SOURCE.parent).as_posix()
        for path in SOURCE.rglob("*")
        if path.is_file() and path.suffix not in LEFT_OUT and "__pycache__" not in path.parts
    }


def test_every_data_file_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    wanted = files_of_the_tree()
    assert {Path(name).suffix for name in wanted} >= {".html", ".css", ".js", ".svg", ".csv"}
    missing = sorted(wanted - set(wheel.namelist()))
    assert not missing, f"name the kind of file in pyproject.toml, tool.setuptools.package-data: {missing}"


def test_every_module_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    wanted = {path.relative_to(SOURCE.parent).as_posix() for path in SOURCE.rglob("*.py")}
    assert wanted - set(wheel.namelist()) == set()


def test_the_wheel_holds_the_product_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"headway"}


PROGRAM = """
import json, sys
import headway
from headway.project import home
from pathlib import Path
found = home.begin(Path(sys.argv[1]), name="From the wheel")
from django.test import Client
client = Client()
print(json.dumps({
    "from": headway.__file__, "new": found["new"],
    "page": client.get("/account/sign-in").content.decode(), "missing": client.get("/nowhere").status_code,
}))
"""


def test_what_is_installed_begins_a_district_and_renders_a_page(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    import json

    installed = tmp_path / "installed"
    wheel.extractall(installed)
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "HEADWAY_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "home")],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=tmp_path,
        env={**env, "PYTHONPATH": str(installed)},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["from"].startswith(str(installed)) and found["new"]
    assert "<form" in found["page"] and 'name="username"' in found["page"] and found["missing"] == 404
