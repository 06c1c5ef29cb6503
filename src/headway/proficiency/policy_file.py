"""Reads a policy file (TOML): checks every key by name and says on which line a fault stands."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headway.kit.refusals import Finding, Refusal, Sentence
from headway.kit.times import in_span
from headway.proficiency import vocabulary
from headway.proficiency.levels import on_scale
from headway.proficiency.types import DECIDING, PROFILE_FIELDS, PROFILE_READERS
from headway.science.proficiency import registry
from headway.tasks.types import FLOOR

SECTIONS = {
    "district",
    "calendar",
    "scales",
    "policy",
    "pace",
    "response",
    "contact",
    "decision_point",
    "profiles",
    "notices",
    "gradebook",
    "rights",
    "tasks",
    "uncertainty",
    "vocabulary",
}
KEYS: dict[str, set[str]] = {
    "district": {"zone", "languages", "minimum_cell", "roster_removal_share", "name"},
    "calendar": {"session", "starts", "ends", "breaks"},
    "scale": {"step", "levels", "proficient", "beyond", "cut"},
    "level": {"value", "name", "letter"},
    "policy": {
        "name",
        "in_force",
        "applies",
        "locked",
        "scale",
        "rule",
        "parameters",
        "order",
        "same_attempt",
        "requirement",
        "requirement_by_level",
        "complete",
        "parent",
        "growth",
        "cut",
        "kinds",
        "map",
        "reason",
    },
    "applies": {"school", "framework", "area"},
    "requirement": {
        "pieces",
        "depth",
        "at_depth",
        "days_apart",
        "raters",
        "tasks",
        "settings",
        "observer_types",
        "certifying_pieces",
    },
    "parent": {"rule", "floor", "decimals"},
    "complete": {"fills", "margin", "minimum", "proposes_next_level"},
    "growth": {"baseline", "needs_share"},
    "pace": {"window_weeks", "minimum_weeks", "buffer_weeks"},
    "response": {
        "no_evidence_days",
        "stuck_pieces",
        "missed_chances",
        "ready_waiting_days",
        "new_student_days",
    },
    "contact": {"opens_hour", "closes_hour"},
    "profiles": {
        "expires_days",
        "longest_days",
        "readers",
        "accommodations",
        "labels",
        "language_targets",
        "language_continuum",
    },
    "decision_point": {"key", "name", "who", "options"},
    "option": {"key", "name"},
    "readers": set(PROFILE_FIELDS),
    "notices": {"hour", "quiet_from_hour", "quiet_to_hour", "ahead_days"},
    "rights": {"adult_age", "parents_keep", "answer_days"},
    "tasks": {"members", "areas", "schools"},
    "missed_chances": {"count", "days"},
    "uncertainty": {"task", "rater", "remainder", "source"},
}
ORDERS = ("observed", "submitted", "due", "recorded")
ATTEMPTS = ("mean", "lead", "moderated")
PARENTS = ("mean", "pooled-mean")
MOST = 10_000
"""No count, no number of days and no number of weeks of a policy is larger: three decades of days."""


class PolicyReader:
    """Checks one file; `findings` holds every fault with its line."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name, self.findings = text, name, []  # type: str, str, list[Finding]

    def read(self) -> dict[str, Any]:
        """Return the file's content with dates as ISO texts. Raises `Refusal("policy_invalid")` with every fault."""
        try:
            body = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+)", str(error))
            raise Refusal(
                "policy_invalid",
                "The file is not TOML.",
                [
                    Finding(
                        "not_toml", str(error), self.name, int(line[1]) if line else self.text.count("\n") + 1
                    )
                ],
            ) from error
        except ValueError as error:
            # A number longer than the language reads.
            raise Refusal("policy_invalid", "The file holds a number that is too long.") from error
        except RecursionError as error:
            raise Refusal("policy_invalid", "The file is nested too deeply to be a policy.") from error
        self._keys(body, SECTIONS, "the file")
        self._district(body.get("district", {}))
        for calendar in body.get("calendar", []):
            self._calendar(calendar)
        for name, scale in body.get("scales", {}).items():
            self._scale(name, scale)
        for section in ("pace", "response", "contact", "notices", "uncertainty"):
            self._keys(body.get(section, {}), KEYS[section], f"[{section}]")
            self._numbers(body.get(section, {}), section)
        self._vocabulary(body.get("vocabulary", {}))
        self._hours(body.get("contact", {}))
        self._profiles(body.get("profiles", {}))
        self._decision_points(body.get("decision_point", []))
        self._notices(body.get("notices", {}))
        self._rights(body.get("rights", {}))
        self._tasks(body.get("tasks", {}))
        self._gradebook(body.get("gradebook", {}), body.get("scales", {}))
        seen: set[tuple[str, str]] = set()
        for policy in body.get("policy", []):
            self._policy(policy, body.get("scales", {}), seen)
        if self.findings:
            raise Refusal("policy_invalid", "The policy file has faults; nothing was changed.", self.findings)
        return _plain(body)

    def fault(self, code: str, message: str, key: str, value: Any = None) -> None:
        """Record a fault at the first line that names `key`."""
        self.findings.append(
            Finding(
                code, message, self.name, self._line(key, value), key, None if value is None else str(value)
            )
        )

    def _line(self, key: str, value: Any) -> int | None:
        lines = self.text.splitlines()
        pattern = re.compile(rf"(^|[\s{{,\[.\"]){re.escape(key)}[\"\]]*(\s*=|[.\]])")
        hits = [n for n, line in enumerate(lines, 1) if pattern.search(line.split("#")[0])]
        exact = [n for n in hits if value is not None and str(value) in lines[n - 1]]
        return (exact or hits or [None])[0]

    def _keys(self, table: Any, allowed: set[str], where: str) -> None:
        if not isinstance(table, dict):
            self.fault("not_a_table", Sentence("%(where)s must be a table.", where=where), where)
            return
        for key in table:
            if key not in allowed:
                self.fault(
                    "unknown_key",
                    Sentence("%(where)s knows: %(known)s.", where=where, known=", ".join(sorted(allowed))),
                    key,
                )

    def _numbers(self, table: Any, where: str) -> None:
        for key, value in table.items() if isinstance(table, dict) else ():
            if isinstance(value, dict):
                self._keys(value, KEYS.get(key, set()), f"{where}.{key}")
                self._numbers(value, key)
            elif key != "source" and not _is_number(value, MOST):
                self.fault(
                    "not_a_number", Sentence("A number from 0 to %(most)s.", most=f"{MOST:,}"), key, value
                )

    def _district(self, table: dict[str, Any]) -> None:
        self._keys(table, KEYS["district"], "[district]")
        if "zone" in table:
            try:
                ZoneInfo(table["zone"])
            except (ZoneInfoNotFoundError, ValueError, TypeError):
                self.fault("unknown_zone", "A time zone such as America/Denver.", "zone", table["zone"])
        share = table.get("roster_removal_share", 0.05)
        if not _is_number(share, 1):
            self.fault("out_of_range", "A share from 0 to 1.", "roster_removal_share", share)

    def _vocabulary(self, table: Any) -> None:
        for language, words in table.items() if isinstance(table, dict) else ():
            for key, value in words.items() if isinstance(words, dict) else ():
                found = vocabulary.fault(language, key, value)
                if found is not None:
                    self.fault(*found, key, value)
            if not isinstance(words, dict):
                self.fault("not_a_table", "[vocabulary.en] names words.", language)
        if not isinstance(table, dict):
            self.fault("not_a_table", "[vocabulary] must hold tables by language.", "vocabulary")

    def _hours(self, table: Any) -> None:
        for key in ("opens_hour", "closes_hour"):
            value = table.get(key, 12) if isinstance(table, dict) else 12
            if not isinstance(value, int) or not 0 <= value <= 23:
                self.fault("out_of_range", "A whole hour from 0 to 23.", key, value)
                return
        if isinstance(table, dict) and table.get("closes_hour", 16) <= table.get("opens_hour", 8):
            self.fault(
                "out_of_range", "The office closes after it opens.", "closes_hour", table.get("closes_hour")
            )

    def _profiles(self, table: Any) -> None:
        self._keys(table, KEYS["profiles"], "[profiles]")
        if not isinstance(table, dict):
            return
        for key in ("expires_days", "longest_days"):
            value = table.get(key, 365)
            if not isinstance(value, int) or not _is_number(value, MOST) or value < 1:
                self.fault(
                    "out_of_range",
                    Sentence("A whole number of days from 1 to %(most)s.", most=f"{MOST:,}"),
                    key,
                    value,
                )
        readers = table.get("readers", {})
        self._keys(readers, KEYS["readers"], "[profiles.readers]")
        for key, words in readers.items() if isinstance(readers, dict) else ():
            if not isinstance(words, list) or not set(map(str, words)) <= set(PROFILE_READERS):
                self.fault(
                    "unknown_word",
                    Sentence("A list of: %(known)s.", known=", ".join(PROFILE_READERS)),
                    key,
                    words,
                )
        for key, said in _items(table.get("accommodations", {})):
            if (
                not isinstance(said, dict)
                or not {"en", "es"} <= set(said)
                or not all(map(_is_text, said.values()))
            ):
                self.fault("required", "Say what helps in en and es.", key)
        for name, value in _items(table.get("language_targets", {})):
            if not _is_text(value):
                self.fault("required", "The code of a language, such as en.", name, value)
        labels = table.get("labels", [])
        if not isinstance(labels, list) or not all(map(_is_text, labels)):
            self.fault("unknown_word", "A list of words.", "labels")
        if not isinstance(table.get("language_continuum", ""), str):
            self.fault("unknown_word", "The key of a continuum.", "language_continuum")

    def _decision_points(self, tables: Any) -> None:
        known: set[str] = set()
        for table in tables if isinstance(tables, list) else [tables]:
            self._keys(table, KEYS["decision_point"], "[[decision_point]]")
            if not isinstance(table, dict):
                continue
            self._named(table, known, "decision_point")
            who = table.get("who")
            if not isinstance(who, list) or not who or not set(map(str, who)) <= set(DECIDING):
                self.fault(
                    "unknown_word", Sentence("A list of: %(known)s.", known=", ".join(DECIDING)), "who", who
                )
            options = table.get("options")
            own: set[str] = set()
            if not isinstance(options, list) or len(options) < 2:
                self.fault("required", "Give at least two options to decide among.", "options")
                continue
            for option in options:
                self._keys(option, KEYS["option"], "[[decision_point]] options")
                if isinstance(option, dict):
                    self._named(option, own, "options")

    def _named(self, table: dict[str, Any], known: set[str], where: str) -> None:
        key, name = table.get("key"), table.get("name")
        if not isinstance(key, str) or not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,59}", key):
            self.fault("required", "Give a key of small letters, digits and hyphens.", "key", key)
        elif key in known:
            self.fault("duplicate", "This key stands twice.", "key", key)
        else:
            known.add(key)
        if (
            not isinstance(name, dict)
            or not {"en", "es"} <= set(name)
            or not all(map(_is_text, name.values()))
        ):
            self.fault("required", "Give the name in en and es.", "name", where)

    def _notices(self, table: Any) -> None:
        said = {"hour": 17, "quiet_from_hour": 20, "quiet_to_hour": 7, "ahead_days": 2}
        said |= table if isinstance(table, dict) else {}
        for key, most in (("hour", 23), ("quiet_from_hour", 23), ("quiet_to_hour", 23), ("ahead_days", 14)):
            if not isinstance(said[key], int) or not 0 <= said[key] <= most:
                self.fault(
                    "out_of_range", Sentence("A whole number from 0 to %(most)s.", most=most), key, said[key]
                )
                return
        if in_span(said["hour"], said["quiet_from_hour"], said["quiet_to_hour"]):
            self.fault("out_of_range", "Notices come outside the quiet hours.", "hour", said["hour"])

    def _rights(self, table: Any) -> None:
        self._keys(table, KEYS["rights"], "[rights]")
        said = {"adult_age": 18, "parents_keep": "none", "answer_days": 45}
        said |= table if isinstance(table, dict) else {}
        for key, least, most in (("adult_age", 14, 21), ("answer_days", 1, 45)):
            if not isinstance(said[key], int) or not least <= said[key] <= most:
                self.fault(
                    "out_of_range",
                    Sentence("A whole number from %(least)s to %(most)s.", least=least, most=most),
                    key,
                    said[key],
                )
        if said["parents_keep"] not in ("none", "dependents"):
            self.fault("unknown_word", "none or dependents.", "parents_keep", said["parents_keep"])

    def _tasks(self, table: Any) -> None:
        self._keys(table, KEYS["tasks"], "[tasks]")
        floor = {"members": FLOOR.members, "areas": FLOOR.areas, "schools": FLOOR.schools}
        for key, least in floor.items():
            value = table.get(key, least) if isinstance(table, dict) else least
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= 20:
                why = Sentence("A whole number from %(least)s to %(most)s.", least=least, most=20)
                self.fault("out_of_range", why, key, value)

    def _gradebook(self, table: Any, scales: Any) -> None:
        if not isinstance(table, dict):
            self.fault("not_a_table", "[gradebook.SCALE] gives levels their marks.", "gradebook")
            return
        for name, marks in table.items():
            if not isinstance(marks, dict):
                self.fault("not_a_table", "[gradebook.SCALE] gives levels their marks.", name)
                continue
            scale = scales.get(name) if isinstance(scales, dict) else None
            levels = scale.get("levels", []) if isinstance(scale, dict) else []
            values = {
                float(one["value"])
                for one in levels
                if isinstance(one, dict) and _is_number(one.get("value"), 1000)
            }
            for level, mark in marks.items():
                number = re.fullmatch(r"\d{1,4}(\.\d{1,2})?", level)
                if number is None or (values and float(level) not in values):
                    self.fault("out_of_range", Sentence("A level of the scale %(name)s.", name=name), level)
                elif not _is_text(mark) or len(mark) > 20:
                    self.fault("required", "A mark is a text of at most 20 characters.", level, mark)

    def _calendar(self, table: dict[str, Any]) -> None:
        self._keys(table, KEYS["calendar"], "[[calendar]]")
        for key in ("starts", "ends"):
            if not isinstance(table.get(key), date):
                self.fault("not_a_day", "A day such as 2026-08-17.", key, table.get(key))
        if (
            isinstance(table.get("starts"), date)
            and isinstance(table.get("ends"), date)
            and table["ends"] < table["starts"]
        ):
            self.fault("ends_before_start", "The session ends before it starts.", "ends", table["ends"])

    def _scale(self, name: str, scale: dict[str, Any]) -> None:
        self._keys(scale, KEYS["scale"], f"[scales.{name}]")
        levels = scale.get("levels") or []
        values = [level.get("value") for level in levels if isinstance(level, dict)]
        for level in levels:
            self._keys(level, KEYS["level"], f"a level of scale {name}")
        if len(values) < 2 or any(not _is_number(v, 1000) for v in values) or values != sorted(set(values)):
            self.fault(
                "levels_not_rising",
                Sentence("Scale %(name)s needs two or more levels with rising values.", name=name),
                "levels",
            )
        for key in ("proficient", "beyond"):
            if key in scale and values and not values[0] <= scale[key] <= values[-1]:
                self.fault(
                    "out_of_range", Sentence("Must lie on scale %(name)s.", name=name), key, scale[key]
                )
        if scale.get("cut", "reach") not in ("reach", "nearest"):
            self.fault("unknown_word", "reach or nearest.", "cut", scale["cut"])
        step = scale.get("step", 1)
        if not _is_number(step, 1000) or step <= 0:
            self.fault("out_of_range", "A step above zero.", "step", step)

    def _policy(self, policy: dict[str, Any], scales: dict[str, Any], seen: set[tuple[str, str]]) -> None:
        self._keys(policy, KEYS["policy"], "[[policy]]")
        name = policy.get("name")
        if not isinstance(name, str) or not name:
            self.fault("required", "Each policy needs a name.", "name")
        if not isinstance(policy.get("in_force"), date):
            self.fault(
                "not_a_day",
                "Each policy needs the day from which it is in force.",
                "in_force",
                policy.get("in_force"),
            )
        if (str(name), str(policy.get("in_force"))) in seen:
            self.fault("policy_twice", "Two policies share this name and day.", "name", name)
        seen.add((str(name), str(policy.get("in_force"))))
        for key in ("applies", "requirement", "parent", "complete", "growth"):
            self._keys(policy.get(key, {}), KEYS[key], f"{key} of policy {name}")
        if "scale" in policy and policy["scale"] not in scales:
            self.fault(
                "unknown_scale", "No [scales.…] table of this file has this name.", "scale", policy["scale"]
            )
        for key, words in (("order", ORDERS), ("same_attempt", ATTEMPTS), ("cut", ("reach", "nearest"))):
            if policy.get(key, words[0]) not in words:
                self.fault(
                    "unknown_word", Sentence("One of: %(known)s.", known=", ".join(words)), key, policy[key]
                )
        if policy.get("parent", {}).get("rule", "mean") not in PARENTS:
            self.fault(
                "unknown_word",
                Sentence("One of: %(known)s.", known=", ".join(PARENTS)),
                "rule",
                policy["parent"]["rule"],
            )
        for key, value in policy.get("requirement", {}).items():
            if not isinstance(value, int) or not _is_number(value, MOST):
                self.fault(
                    "not_a_number",
                    Sentence("A whole number from 0 to %(most)s.", most=f"{MOST:,}"),
                    key,
                    value,
                )
        for key in policy.get("locked", []):
            if key not in KEYS["policy"]:
                self.fault("unknown_key", "Only a policy's own keys can be locked.", "locked", key)
        if not isinstance(policy.get("reason", ""), str):
            self.fault("unknown_word", "A reason is a text.", "reason", policy["reason"])
        if "map" in policy:
            self._map(policy, scales)
        if "rule" in policy:
            self._rule(policy)

    def _map(self, policy: dict[str, Any], scales: dict[str, Any]) -> None:
        table, scale = policy["map"], scales.get(policy.get("scale", ""))
        if not isinstance(table, dict):
            self.fault("not_a_table", "map must be a table: old level = new level.", "map")
        elif scale is None:
            self.fault("required", "A policy with a map names the scale that it leads to.", "map")
        elif not self.findings:
            for old, new in table.items():
                number = re.fullmatch(r"\d{1,4}(\.\d{1,2})?", old)
                if number is None or not _is_number(new, 1000) or not on_scale(scale, round(new * 100)):
                    self.fault(
                        "out_of_range",
                        Sentence("From a level of the old scale to one of %(scale)s.", scale=policy["scale"]),
                        "map",
                        old,
                    )

    def _rule(self, policy: dict[str, Any]) -> None:
        try:
            registry.parameters(policy["rule"], policy.get("parameters", {}))
        except KeyError:
            self.fault(
                "unknown_rule",
                Sentence("One of: %(known)s.", known=", ".join(registry.keys())),
                "rule",
                policy["rule"],
            )
        except ValueError as error:
            self.fault("bad_parameter", str(error), "parameters", policy.get("parameters"))


def _is_number(value: Any, most: float) -> bool:
    """Whether a value is a number from 0 to `most`; what is no number at all compares with nothing."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _items(table: Any) -> list[tuple[str, Any]]:
    """Return the entries of a table; what is no table has one entry that no check passes."""
    return list(table.items()) if isinstance(table, dict) else [("profiles", None)]


def read_policy(path: Path) -> dict[str, Any]:
    """Return a policy file's content, checked. Raises `Refusal`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Refusal(
            "unreadable",
            Sentence("%(name)s cannot be read: %(error)s.", name=path.name, error=error.strerror),
        ) from error
    except UnicodeDecodeError as error:
        raise Refusal(
            "not_utf8", Sentence("%(name)s is not UTF-8 (byte %(start)s).", name=path.name, start=error.start)
        ) from error
    return PolicyReader(text, path.name).read()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
