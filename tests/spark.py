"""A Spark cluster for tests: a standalone master and two workers on this machine, ended with the test."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

LEAST_JAVA = 17
WAIT_SECONDS = 180
HOST = "127.0.0.1"
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"
"""A Java that lives for a minute: compiled quickly rather than well."""
SMALL = {
    "spark.driver.extraJavaOptions": QUICK,
    "spark.executor.extraJavaOptions": QUICK,
    "spark.driver.host": HOST,
    "spark.driver.bindAddress": HOST,
    "spark.driver.memory": "512m",
    "spark.executor.memory": "512m",
    "spark.executor.cores": "1",
    "spark.cores.max": "2",
    "spark.sql.shuffle.partitions": "2",
    # Some hundred rows: what costs time is planning and compiling a question, not answering it.
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.scheduler.mode": "FAIR",
    # A worker is handed many batches, so that segments are cut between them.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "50",
}
"""What a session is told beside what figures depend on."""


class NoJava(Exception):
    """There is no Java that Spark runs on; the text says what was looked for."""


def java() -> Path:
    """Return the program `java`: that of JAVA_HOME, else the first one of PATH. Raises `NoJava`."""
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if not found or not Path(found).exists():
        raise NoJava(f"no Java: install Java {LEAST_JAVA} or newer, or set JAVA_HOME")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < LEAST_JAVA:
        raise NoJava(f"{found} is no Java {LEAST_JAVA} or newer: {said.splitlines()[:1]}")
    return Path(found)


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Run a master and two workers with everything they write in `folder`; yield the master's address."""
    with ExitStack() as running:
        log = running.enter_context(_daemon(folder, "master", "master.Master", "--host", HOST, "--port", "0"))
        address = _said(log, r"Starting Spark master at (spark://\S+)")
        for n in (1, 2):
            worker = (
                "--host",
                HOST,
                "--cores",
                "1",
                "--memory",
                "640m",
                "--work-dir",
                str(folder / f"work{n}"),
            )
            log = running.enter_context(_daemon(folder, f"worker{n}", "worker.Worker", *worker, address))
            _said(log, r"Successfully registered with master (\S+)")
        yield address


@contextmanager
def _daemon(folder: Path, name: str, kind: str, *arguments: str) -> Iterator[Path]:
    import pyspark

    home, log = Path(pyspark.__file__).parent, folder / f"{name}.log"
    env = {
        **os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": HOST, "SPARK_DAEMON_MEMORY": "192m",
        "SPARK_DAEMON_JAVA_OPTS": QUICK,
        "SPARK_LOCAL_DIRS": str(folder / "local"), "JAVA_HOME": str(java().resolve().parents[1]),
        "PYSPARK_PYTHON": sys.executable,
    }  # fmt: skip
    command = [
        str(home / "bin" / "spark-class"),
        f"org.apache.spark.deploy.{kind}",
        "--webui-port",
        "0",
        *arguments,
    ]
    with log.open("wb") as out:
        # In the group of the tests: whoever ends those ends these.
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        try:
            yield log
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _said(log: Path, form: str) -> str:
    """Wait until a log says something; return it. What the log says otherwise is the failure."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if found := re.search(form, log.read_text(errors="replace")):
            return found[1]
        time.sleep(0.1)
    raise AssertionError(f"{log.name} did not say {form!r}:\n{log.read_text(errors='replace')[-3000:]}")
