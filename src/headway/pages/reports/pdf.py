"""A report as a tagged PDF: the figures of the pages, with the same words, pictures and tables, for a board or a wall."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.analytics.queries import METRICS, STATES
from headway.pages.parts.sheets import named
from headway.pages.parts.tags import long_day
from headway.pages.reports import words
from headway.pages.reports.report import (
    Asked,
    Panel,
    Row,
    choose,
    panels_of,
    released_for,
    rows_are,
    sentences_of,
    titled,
)  # fmt: skip
from headway.pages.reports.scope import Subject
from headway.proficiency import queries as proficiency
from headway.reports.types import Released

UNHELD = re.compile("[^\u0000-\u024f\u0370-\u03ff\u0400-\u04ff\u1e00-\u1eff\u2000-\u206f\u20a0-\u22ff]")
"""Letters that the fonts of the typesetter may not hold: all but Latin, Greek and Cyrillic ones, and signs."""
TEMPLATE = Path(__file__).parent / "print.typ"
STYLE = (
    ".g-grid{stroke:#d9dce1;stroke-width:1}.g-int{stroke:#2A3F63;stroke-width:2}.g-mark{fill:#2A3F63}"
    ".g-open{fill:#fff;stroke:#2A3F63;stroke-width:2}.g-none{fill:none;stroke:#6b7280;stroke-dasharray:3 3}"
    ".g-t{font:12px 'Libertinus Serif';fill:#3b4252}.g-t.m{text-anchor:middle}"
    ".g-back{fill:#fff}"
    ".s-bar{fill:#2A3F63;stroke:#fff}.s0{fill-opacity:.15}.s1{fill-opacity:.35}.s2{fill-opacity:.55}.s3{fill-opacity:.8}"
    ".s-bar.s-open{stroke:#2A3F63;stroke-dasharray:3 3}"
)
"""How the classes of a picture look on paper: the colors of the page in print."""


def as_pdf(request: HttpRequest, subject: Subject, name: str) -> HttpResponse:
    """Give the whole report as a PDF, every measure told by the column and for the school that the address names."""
    released = released_for(request, name)
    if released is None:
        raise Http404
    made = printed(released, subject, by=request.GET.get("by", ""), school=request.GET.get("school", ""))
    return named(
        HttpResponse(made, content_type="application/pdf"), f"{name}-{released.as_of.isoformat()}.pdf"
    )


def printed(released: Released, subject: Subject, *, by: str = "", school: str = "") -> bytes:
    """Return a report as a PDF/UA-1 file in the language that is spoken."""
    one = _content(released, subject, by, school)
    return _made(one["title"], [one])


def bound(title: str, found: Sequence[tuple[Released, Subject]]) -> bytes:
    """Return several reports of one day as one PDF/UA-1 file, each on a page of its own."""
    return _made(title, [_content(released, subject, "", "") for released, subject in found])


def _made(title: str, contents: list[dict[str, Any]]) -> bytes:
    # Loaded here: the typesetter is in memory only where something is printed.
    import typst

    # Texts reach the page as data, never as markup: no name of a school can say anything to the typesetter.
    said = {"title": title, "lang": (get_language() or "en")[:2], "reports": contents}
    content = json.dumps(said, ensure_ascii=False)
    how: dict[str, Any] = {"format": "pdf", "pdf_standards": ["ua-1"], "ignore_system_fonts": True}
    try:
        made: bytes = typst.compile(str(TEMPLATE), sys_inputs={"content": content}, **how)
    except typst.TypstError as error:
        if "could not be displayed" not in str(error):
            raise
        # The fonts that come with the typesetter hold no such letter; a page says it with a font of the reader's.
        plain = UNHELD.sub("?", content)
        made = typst.compile(str(TEMPLATE), sys_inputs={"content": plain}, **how)
    return made


def _content(released: Released, subject: Subject, by: str, school: str) -> dict[str, Any]:
    keys = list(dict.fromkeys(one.metric for one in released.figures))
    title, question = words.report_words(subject.report, released.population)
    taken = released.taken_at.astimezone(proficiency.book().zone)
    cuts = [(key, cut) for key in keys for cut in _cuts(released, subject, key, by)]
    measures = [_measure(choose(released, subject, key, cut, school), subject) for key, cut in cuts]
    held = any(row_held for one in measures for row_held in one["held"])
    return {
        "title": title, "question": question,
        "day": long_day(released.as_of), "at": [taken.year, taken.month, taken.day, taken.hour, taken.minute, taken.second],
        "snapshot": f"{_('Snapshot')}: {date_format(taken, 'j M Y, H:i')}",
        "minimum": f"{_('Smallest group')}: {words.students(released.minimum)}",
        "rules": f"{_('Rules')}: {', '.join(f'{rule} {version}' for rule, version in released.rules.items())}",
        "held": _("What is withheld stays withheld in every file of this report. It is not zero.") if held else "",
        "measures": measures,
    }  # fmt: skip


def _cuts(released: Released, subject: Subject, key: str, by: str) -> Sequence[str]:
    """Return by what a metric is told: a ready report's as the address says, the district's own by all that was chosen for it."""
    if not subject.report.version:
        return (by,)
    return choose(released, subject, key, by, "").columns


def _measure(asked: Asked, subject: Subject) -> dict[str, Any]:
    metric = METRICS[asked.metric.key]
    wide = metric.kind == STATES
    states = [words.state_word(metric.key, state) for state in metric.states]
    columns = [_("Students"), *(states if wide else [words.value_title(metric), _("95 % interval")])]
    panels = panels_of(asked, subject)
    gaps = any(row.gap for panel in panels for row in panel.rows)
    if gaps:
        columns.append(words.gap_title(metric))
    said = [f"{name}: {text}" if name else text for name, text in sentences_of(asked)]
    return {
        "title": titled(asked),
        "says": f"{_(metric.says)} {_(metric.fails)}", "said": [one for one in said if one],
        "columns": [rows_are(metric, asked.by), *columns],
        "panels": [_panel(panel, wide, gaps, len(columns)) for panel in panels],
        "formula": f"{_('Formula')}: {_(metric.formula)} ({_('version %(n)s') % {'n': metric.version}})",
        "legend": _("From light to dark: %(states)s.") % {"states": ", ".join(states)} if wide and panels else "",
        "held": [bool(row.held) for panel in panels for row in panel.rows],
        "nothing": "" if panels else _("There is nothing to count yet."),
    }  # fmt: skip


def _panel(panel: Panel, wide: bool, gaps: bool, width: int) -> dict[str, Any]:
    picture = render_to_string("pages/reports/_picture.html", {"picture": panel.picture})
    svg = picture[picture.index("<svg") :].replace(
        "<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1
    )  # fmt: skip
    at = svg.index(">") + 1
    rows = [[row.label, *_cells(row, wide, gaps, width)] for row in panel.rows]
    return {
        "title": panel.title, "widest": panel.widest, "svg": f"{svg[:at]}<style>{STYLE}</style>{svg[at:]}", "rows": rows,
        "alt": "; ".join(": ".join([row[0], ", ".join(cell for cell in row[1:] if cell)]) for row in rows),
    }  # fmt: skip


def _cells(row: Row, wide: bool, gaps: bool, width: int) -> list[str]:
    if row.held:
        return [row.held, *[""] * (width - 1)]
    told = (
        [f"{said} ({ends})" if ends else said for _state, said, ends in row.states]
        if wide
        else [row.value, row.interval]
    )
    return [row.n, *told, *([row.gap] if gaps else [])]
