"""The examples in docstrings run."""

import doctest
import importlib
import pkgutil

import pytest

import headway.science

NAMES = [m.name for m in pkgutil.walk_packages(headway.science.__path__, "headway.science.")]


@pytest.mark.parametrize("name", NAMES)
def test_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
