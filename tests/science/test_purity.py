"""The science runs without the application, and a page never loads the compiler."""

import subprocess
import sys

PROGRAM = """
import sys
for name in ("django", "numba", "pyarrow", "duckdb", "scipy", "pandas"):
    sys.modules[name] = None
from headway.science.ledger import Ratings
from headway.science.proficiency.determine import determine
from headway.science.proficiency.explain import explain
from headway.science.proficiency.policy import Policy
from headway.science.proficiency.registry import rules
import headway.science.files.names, headway.science.simulate
for key in rules():
    policy = Policy.from_mapping({"rule": key})
    determine(Ratings.of(level=[1, 2, 3] * 100, segment=list(range(100)) * 3), policy)
    explain(Ratings.of(level=[2, 3], setting=[0, 1]), policy)
"""


def test_pages_need_neither_django_nor_the_compiler():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_web_process_can_forbid_the_compiler():
    program = """
import sys
sys.modules["numba"] = None
import numpy as np
from headway.science.ledger import Segments
from headway.science.proficiency import bulk
from headway.science.proficiency.registry import parameters, rule
bulk.never_compile()
assert bulk.evaluate(rule("mean"), Segments.of(np.ones(30_000)), parameters("mean"))[0] == 1
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
