"""What lower packages ask of higher ones is named as text, so that a command loads what it calls: each name is there."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from headway.project import wiring


def test_everything_that_is_registered_is_a_function_of_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[tuple[str, str]] = []

    def noted(module: str, name: str) -> Any:
        named.append((module, name))
        return lambda *_, **__: None

    monkeypatch.setattr(wiring, "_later", noted)
    registered = _registries(monkeypatch)
    wiring.connect()
    for module, name in named:
        assert callable(getattr(import_module(f"headway.{module}"), name)), f"{module}.{name}"
    assert len(registered) >= len(named) > 0


def _registries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Catch what is registered, so that the other tests' registries stay as they are."""
    from headway.frameworks import actions as frameworks
    from headway.proficiency import actions as proficiency
    from headway.rosters import actions as rosters
    from headway.tasks import queries as tasks

    seen: list[str] = []
    for module, name in (
        (frameworks, "register_blocker"), (rosters, "register_blocker"), (rosters, "register_follower"),
        (rosters, "register_majority"), (proficiency, "register_check"), (tasks, "register_scale"), (tasks, "register_team"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, lambda fn, name=name: seen.append(name))
    return seen
