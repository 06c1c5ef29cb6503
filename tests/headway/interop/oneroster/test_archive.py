"""Hostile archives fail fast, by name, before anything is unpacked."""

from __future__ import annotations

import stat
import struct
import time
import zipfile
from pathlib import Path

import pytest

from headway.interop.oneroster.read import read
from headway.kit.refusals import Refusal

from .small_roster import ROSTER_11, folder, zipped


def refused(path: Path) -> set[str]:
    began = time.monotonic()
    with pytest.raises(Refusal) as refusal:
        read(path).close()
    assert time.monotonic() - began < 5
    return {finding.code for finding in refusal.value.findings}


def with_entry(path: Path, name: str | zipfile.ZipInfo, content: str | bytes = "x") -> Path:
    zipped(path, ROSTER_11)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name", ["../evil.csv", "/etc/evil.csv", "a/../../evil.csv", "..\\evil.csv", "C:\\evil.csv"]
)
def test_paths_that_lead_away(tmp_path: Path, name: str) -> None:
    assert "unsafe_path" in refused(with_entry(tmp_path / "r.zip", name))


def test_a_symlink(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("resources.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "not_a_file" in refused(with_entry(tmp_path / "r.zip", info, "/etc/passwd"))


def test_a_symlink_in_a_folder(tmp_path: Path) -> None:
    path = folder(tmp_path / "r", ROSTER_11)
    (path / "users.csv").unlink()
    (path / "users.csv").symlink_to("/etc/passwd")
    assert "not_a_file" in refused(path)


def test_two_entries_of_one_name(tmp_path: Path) -> None:
    assert "duplicate_entry" in refused(with_entry(tmp_path / "r.zip", "Users.csv", ROSTER_11["users.csv"]))


def test_files_in_two_folders(tmp_path: Path) -> None:
    assert "scattered_files" in refused(with_entry(tmp_path / "r.zip", "more/resources.csv"))


def test_an_encrypted_entry(tmp_path: Path) -> None:
    path = zipped(tmp_path / "r.zip", ROSTER_11)
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\x01\x02")
    content[at + 8] |= 1
    path.write_bytes(content)
    assert "encrypted" in refused(path)


def test_a_bomb_by_ratio(tmp_path: Path) -> None:
    path = zipped(tmp_path / "r.zip", {**ROSTER_11, "users.csv": b"\n" * (60 << 20)})
    assert "too_large" in refused(path)


def test_a_size_that_lies(tmp_path: Path) -> None:
    path = zipped(tmp_path / "r.zip", {**ROSTER_11, "users.csv": b"a,b\n" * 2_000_000})
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\x01\x02")
    while content[at + 46 : at + 55] != b"users.csv":
        at = content.find(b"PK\x01\x02", at + 4)
    content[at + 24 : at + 28] = struct.pack("<I", 1_000)
    path.write_bytes(content)
    assert "damaged_entry" in refused(path)


def test_a_64_bit_size_that_lies(tmp_path: Path) -> None:
    path = zipped(tmp_path / "r.zip", ROSTER_11)
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\x01\x02")
    content[at + 24 : at + 28] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert refused(path) & {"not_a_zip", "too_large", "damaged_entry"}


def test_a_hundred_thousand_entries(tmp_path: Path) -> None:
    path = tmp_path / "r.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(100_000):
            archive.writestr(f"{n}.csv", b"")
    assert refused(path) == {"too_many_entries"}


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + b"\0" * 40])
def test_not_a_zip(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.zip"
    path.write_bytes(content)
    assert refused(path) == {"not_a_zip"}


def test_a_truncated_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "r.zip", ROSTER_11)
    path.write_bytes(path.read_bytes()[:-200])
    assert refused(path) == {"not_a_zip"}


def test_a_changed_byte(tmp_path: Path) -> None:
    path = zipped(tmp_path / "r.zip", ROSTER_11)
    content = bytearray(path.read_bytes())
    content[content.find(b"users.csv") + 40] ^= 0xFF
    path.write_bytes(content)
    assert "damaged_entry" in refused(path)


def test_what_is_not_data_is_listed(tmp_path: Path) -> None:
    staged = read(with_entry(tmp_path / "r.zip", "readme.txt"))
    assert "ignored_entry" in {warning.code for warning in staged.warnings}
    staged.close()


def test_too_many_rows_are_refused_politely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headway.interop.oneroster.archive.MAX_LINES", 5)
    assert "too_many_rows" in refused(folder(tmp_path / "r", ROSTER_11))
