"""The data dictionary: every fact that a snapshot holds, and what its columns mean."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from headway.calibration import facts as calibration
from headway.evidence import facts as evidence
from headway.frameworks import facts as frameworks
from headway.kit.facts import Fact
from headway.plans import facts as plans
from headway.proficiency import facts as proficiency
from headway.profiles import facts as profiles
from headway.response import facts as response
from headway.rosters import facts as rosters

FACTS: tuple[Fact, ...] = (
    *rosters.FACTS, *frameworks.FACTS, *evidence.FACTS, *calibration.FACTS, *proficiency.FACTS, *profiles.FACTS, *plans.FACTS,
    *response.FACTS,
)  # fmt: skip


def schema_digest() -> str:
    """Return a digest of all names and types, which changes where a file of facts would no longer be read alike."""
    said = ";".join(f"{fact.name}({','.join(f'{c.name} {c.type}' for c in fact.columns)})" for fact in FACTS)
    return hashlib.sha256(said.encode()).hexdigest()


def as_markdown() -> str:
    """Return the dictionary as a page."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield "# Data dictionary"
    yield ""
    yield "`headway snapshot` writes one Parquet file for each fact, sorted, in one consistent read, with `manifest.json` beside"
    yield "them (day, time, rows, digests, version). Any tool that reads Parquet reads them; `headway report NAME --sql` prints"
    yield "the text behind each figure. Sensitivity: `open` says nothing of a person, `student` something of one student, `group`"
    yield "puts a student into a demographic group, `adult` names one who works here. This page is made from the code."
    for fact in FACTS:
        yield ""
        yield f"## `{fact.name}`"
        yield ""
        yield f"{fact.meaning} Grain: {fact.grain}. Sorted by {', '.join(f'`{name}`' for name in fact.order)}."
        yield ""
        yield "| column | type | meaning | unit | empty means | sensitivity |"
        yield "|---|---|---|---|---|---|"
        for c in fact.columns:
            yield f"| `{c.name}` | {c.type} | {c.meaning} | {c.unit} | {c.missing} | {c.sensitivity} |"
        if fact.text:
            yield ""
            yield "Put together from the facts before it by this text, which can be run again on the files:"
            yield ""
            yield "```sql"
            yield fact.text
            yield "```"
