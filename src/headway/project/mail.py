"""How mail leaves a home: the file `mail.toml` in it. Without one, nothing is sent."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

FILE = "mail.toml"
MODES = ("none", "smtp", "file", "console")
TLS = ("starttls", "tls", "none")
KEYS = {"mode", "host", "port", "user", "password_file", "tls", "from", "url"}
BACKENDS = {
    "none": "django.core.mail.backends.dummy.EmailBackend",
    "smtp": "django.core.mail.backends.smtp.EmailBackend",
    "file": "django.core.mail.backends.filebased.EmailBackend",
    "console": "django.core.mail.backends.console.EmailBackend",
}
SECONDS = 5
"""So long an answer of the mail server is waited for."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What `mail.toml` says. `fault` says what is wrong with it; then the mode is none."""

    mode: str = "none"
    host: str = "localhost"
    port: int = 587
    user: str = ""
    password: str = ""
    tls: str = "starttls"
    sender: str = ""
    url: str = ""
    fault: str = ""


def read(home: Path) -> Mail:
    """Return how mail leaves this home. The password comes from HEADWAY_MAIL_PASSWORD, else from the file that is named."""
    path = home / FILE
    if not path.exists():
        return Mail()
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        found = _checked(said, home)
    except (OSError, ValueError) as error:
        return Mail(fault=f"{FILE}: {error}")
    return found


def _checked(said: dict[str, Any], home: Path) -> Mail:
    if unknown := sorted(set(said) - KEYS):
        raise ValueError(f"unknown key {unknown[0]}; keys are {', '.join(sorted(KEYS))}")
    found = Mail(mode=said.get("mode", "smtp"), tls=said.get("tls", "starttls"))
    if found.mode not in MODES or found.tls not in TLS:
        raise ValueError(f"mode is one of {', '.join(MODES)}, tls one of {', '.join(TLS)}")
    port = said.get("port", {"starttls": 587, "tls": 465, "none": 25}[found.tls])
    if not isinstance(port, int) or not 1 <= port <= 65535:
        raise ValueError("port is a number from 1 to 65535")
    texts = {key: said.get(key, "") for key in ("host", "user", "from", "url", "password_file")}
    if wrong := [key for key, value in texts.items() if not isinstance(value, str)]:
        raise ValueError(f"{wrong[0]} is a text")
    if found.mode == "none":
        return found
    if "@" not in texts["from"] or "\n" in texts["from"]:
        raise ValueError("from is the address that letters come from")
    if not texts["url"].startswith(("http://", "https://")):
        raise ValueError("url is where people sign in, such as https://headway.example.org")
    password = os.environ.get("HEADWAY_MAIL_PASSWORD", "")
    if not password and texts["password_file"]:
        password = (home / texts["password_file"]).read_text(encoding="utf-8").strip()
    return replace(found, host=texts["host"] or "localhost", port=port, user=texts["user"], password=password,
                   sender=texts["from"], url=texts["url"].rstrip("/"))  # fmt: skip
