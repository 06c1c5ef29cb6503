"""Published cases beside the checkout, and the official schema."""

import json
from functools import lru_cache
from pathlib import Path

import jsonschema
import pytest

SHARED = Path(__file__).resolve().parents[5] / "shared" / "data"


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        reason = f"NOT RUN: the published cases are not at {SHARED}"
        print(reason)
        pytest.skip(reason)
    return SHARED


@lru_cache(maxsize=1)
def validator() -> jsonschema.Draft201909Validator:
    path = SHARED / "case-schemas-opencase" / "official" / "case-v1p1-cfpackage.json"
    return jsonschema.Draft201909Validator(
        json.loads(path.read_text()), format_checker=jsonschema.FormatChecker()
    )


@pytest.fixture
def faults_of(shared):
    """Return what the official schema says against a package."""
    return lambda package: [f"{list(e.path)}: {e.message[:200]}" for e in validator().iter_errors(package)]


def ordered(value):
    """Return JSON data with every list sorted: the order of objects in a package means nothing."""
    if isinstance(value, dict):
        return {key: ordered(member) for key, member in value.items()}
    if isinstance(value, list):
        return sorted((ordered(member) for member in value), key=lambda m: json.dumps(m, sort_keys=True))
    return value


@pytest.fixture(name="ordered")
def ordered_fixture():
    return ordered
