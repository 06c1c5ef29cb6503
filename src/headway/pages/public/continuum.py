"""A continuum in words that a family understands, for anybody to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language

from headway.frameworks import queries
from headway.frameworks.types import NodeView, PublicPage
from headway.kit.numbers import is_whole
from headway.pages.parts import tags
from headway.pages.parts.grades import grade_name
from headway.proficiency.queries import Book


@dataclass(frozen=True, slots=True)
class Step:
    """One level of the continuum: its name, what it is about, and the grades that it is expected of."""

    level: int
    name: str
    statement: str
    grades: str
    n: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One area, competency or target as the page draws it. `looks` are the levels of quality in words."""

    node: NodeView
    rank: int
    name: str
    told: str
    anchor: str
    looks: list[dict[str, Any]]
    before: list[tuple[str, str]]


def continuums(request: HttpRequest) -> HttpResponse:
    """List the continuums that anybody may read."""
    language = get_language() or "en"
    today = timezone.localtime(request.moment).date()
    rows = [
        {"view": view, "name": view.called(language), "language": view.language or "en",
         "n": len(queries.tree(view.id, at=queries.remembered_stamp()).targets(on=today))}
        for view in queries.frameworks() if view.public
    ]  # fmt: skip
    return render(request, "pages/public/continuums.html", {"rows": rows})


def continuum(request: HttpRequest, key: str, subject: Any) -> HttpResponse:
    """Show one continuum, whole or at one level (`?level=5`)."""
    language = get_language() or "en"
    today = timezone.localtime(request.moment).date()
    page = queries.public_page(subject.key, on=today)
    steps, level = _steps(page, language, request.GET.get("level", ""))
    items = _items(page, level, language, request.book)
    context = {
        "view": subject, "name": subject.called(language), "own": subject.language or "en", "steps": steps, "level": level,
        "items": items, "targets_n": sum(item.node.is_leaf for item in items),
        "graduation": subject.graduation_level, "today": today,
    }  # fmt: skip
    return render(request, "pages/public/continuum.html", context)


def _steps(page: PublicPage, language: str, asked: str) -> tuple[list[Step], int | None]:
    counts: dict[int, int] = {}
    for _depth, node in page.rows:
        if node.is_leaf and node.level is not None:
            counts[node.level] = counts.get(node.level, 0) + 1
    named = {entry["level"]: entry for entry in page.framework.levels if "level" in entry}
    level = int(asked) if is_whole(asked) and len(asked) < 4 and int(asked) in counts else None
    steps = []
    for rank in sorted(counts):
        said: Mapping[str, Any] = named.get(rank, {})
        name = (said.get("name_es") if language == "es" else said.get("name")) or said.get("name") or ""
        grades = ", ".join(grade_name(code) for code in page.grades.get(rank, ()))
        plain = name in ("", str(rank), f"Level {rank}", f"Nivel {rank}")
        statement = (said.get("statement_es") if language == "es" else None) or said.get("statement", "")
        steps.append(Step(rank, "" if plain else name, statement, grades, counts[rank], rank == level))
    return steps, level


def _items(page: PublicPage, level: int | None, language: str, book: Book) -> list[Item]:
    shown = {node.id for _depth, node in page.rows if node.is_leaf and (level is None or node.level == level)}
    rows = [(depth, node) for depth, node in page.rows if shown.intersection(page.tree.leaves[node.id])]
    before = queries.prerequisites(shown)
    on_page = {node.id: anchor(node) for _depth, node in rows}
    return [
        Item(
            node, min(depth, 2), node.called(language), node.told(language), anchor(node), _looks(node, book, language),
            [(on_page.get(one, ""), queries.node(one).called(language)) for one in before.get(node.id, ()) if _may(one)],
        ) for depth, node in rows
    ]  # fmt: skip


def _may(node_id: int) -> bool:
    # What comes before may stand on a continuum that is private.
    return queries.tree(queries.node(node_id).framework_id, at=queries.remembered_stamp()).framework.public


def _looks(node: NodeView, book: Book, language: str) -> list[dict[str, Any]]:
    if not node.is_leaf or not node.descriptors:
        return []
    scale = book.effective(node=node.id, school=None, on=timezone.localdate()).scale
    levels = scale["levels"]
    if len(levels) != len(node.descriptors) or len(levels) > 6:
        return [{"mark": "", "name": str(n), "text": text} for n, text in enumerate(node.descriptors, 1)]
    return [
        {"mark": tags.draw("level", round(one["value"] * 100), scale), "name": tags.level_name(one, language), "text": text}
        for one, text in zip(levels, node.descriptors, strict=True)
    ]  # fmt: skip


def anchor(node: NodeView) -> str:
    """Return the anchor of an item on its page: its code where that can be one, else its identifier."""
    code = node.code
    return code if code and all(c.isalnum() or c in ".-_" for c in code) else f"i-{node.uuid}"
