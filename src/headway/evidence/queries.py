"""Questions to the ledger. Read only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Q

from headway.evidence import (
    asking,
    chances,
    ledger,
    notes,
    projection,
    rated,
    replaying,
    returning,
    saved,
    wording,
)
from headway.evidence import practice as counted
from headway.evidence.asking import Asked
from headway.evidence.chances import Given
from headway.evidence.entries import References, RowReader
from headway.evidence.models import (
    Attempt,
    Event,
    LedgerHead,
    Offer,
    Opportunity,
    Payload,
    Piece,
    Rating,
    StudentRequest,
)
from headway.evidence.notes import NoteView
from headway.evidence.rated import Rated
from headway.evidence.returning import Returned
from headway.evidence.telling import feedback_since, place_at
from headway.evidence.types import Break, Chance
from headway.evidence.waiting import Waiting, waiting
from headway.frameworks import queries as frameworks
from headway.frameworks.types import UndoScope
from headway.kit.refusals import Finding, Sentence
from headway.kit.times import end_of_day, micros
from headway.rosters import queries as rosters
from headway.science.codes import Purpose

__all__ = [
    "Asked",
    "Chance",
    "Given",
    "Held",
    "NoteView",
    "OwnRating",
    "Rated",
    "References",
    "Returned",
    "RowReader",
    "Unreleased",
    "Waiting",
    "all_rows_of",
    "attempts_of",
    "away_since",
    "bodies_at",
    "breaks",
    "chances_as_data",
    "chances_between",
    "chances_by_uuid",
    "chances_of",
    "changed_after",
    "classes_given_in",
    "events",
    "events_about",
    "events_since",
    "feedback_since",
    "find_chance",
    "find_given",
    "find_note",
    "find_request",
    "given_from_bank",
    "given_in",
    "group_of",
    "groups_of",
    "head",
    "held_ratings",
    "keys_between",
    "keys_of_act",
    "kinds_of",
    "latest_pairs",
    "loop_breaks",
    "notes_about",
    "notes_as_data",
    "notes_in",
    "open_requests",
    "own_notes",
    "place_at",
    "practice",
    "projection_breaks",
    "rated_by_others",
    "raters_since",
    "rating_rows",
    "ratings_by",
    "ratings_by_key",
    "recorded",
    "requests_as_data",
    "requests_of",
    "returned_pieces",
    "returns_of",
    "saved_comments",
    "sequence_at",
    "standing_pairs",
    "students_rated",
    "waiting",
    "work_as_data",
    "wrong_in",
]  # fmt: skip

chances_of = chances.of_students
chances_by_uuid = chances.by_uuid
find_chance = chances.find_by_key
classes_given_in = chances.classes_given_in
group_of = chances.group_of
groups_of = chances.groups_of
wrong_in = wording.wrong_in
chances_between = chances.between
rated_by_others = rated.by_others
ratings_by = rated.by
raters_since = rated.raters_since
practice = counted.practice
given_from_bank = counted.given_from_bank
find_given = chances.find_given
given_in = chances.given_in
away_since = chances.away_since
versions_given = chances.versions_given
chances_as_data = chances.data_of
returns_of = returning.returns_of
returned_pieces = returning.returned_pieces
requests_of = asking.requests_of
open_requests = asking.open_requests
find_request = asking.find_request
requests_as_data = asking.requests_as_data
notes_in = notes.of_classes
notes_about = notes.about
own_notes = notes.own_notes
find_note = notes.find
notes_as_data = notes.as_data
loop_breaks = replaying.loop_breaks
saved_comments = saved.saved_comments


def head() -> tuple[int, str]:
    """Return the last sequence and its hash; (0, zeros) before the first event."""
    found = LedgerHead.objects.filter(pk=1).values_list("sequence", "hash").first()
    return found or (0, ledger.GENESIS)


def sequence_at(known_at: datetime) -> int:
    """Return the last sequence that the ledger had written by the instant."""
    found = (
        Event.objects.filter(at_us__lte=micros(known_at))
        .order_by("-sequence")
        .values_list("sequence", flat=True)
        .first()
    )
    return found or 0


def rating_rows(
    *,
    columns: Sequence[str],
    students: Sequence[int] | None = None,
    targets: Sequence[int] | None = None,
    before_us: int | None = None,
    through: int | None = None,
    held: bool = False,
    pairs: Iterable[tuple[int, int]] | None = None,
) -> list[tuple[Any, ...]]:
    """Return the columns of rating rows in view, in no stated order.

    `before_us` cuts at an observed instant, `through` at what the ledger knew by that sequence (None: all it knows);
    `held` rows stay out unless asked for. `pairs` restricts to (student, target) pairs.
    """
    where, values = _where(before_us=before_us, through=through, held=held)
    names = ", ".join(f'"{name}"' for name in columns)
    if pairs is not None:
        return _by_pairs(names, where, values, list(pairs))
    if students is not None:
        where.append(_among("student_id", students, values))
    if targets is not None:
        where.append(_among("target_id", targets, values))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM headway_rating WHERE {' AND '.join(where)}", values)
        return cursor.fetchall()


def _where(*, before_us: int | None, through: int | None, held: bool) -> tuple[list[str], list[Any]]:
    where, values = [], []
    if through is None:
        where.append("to_sequence IS NULL")
    else:
        where.append("from_sequence <= %s AND (to_sequence IS NULL OR to_sequence > %s)")
        values += [through, through]
    if before_us is not None:
        where.append("observed_us < %s")
        values.append(before_us)
    if not held:
        where.append("held = %s")
        values.append(False)
    return where, values


def _among(name: str, keys: Sequence[int], values: list[Any]) -> str:
    if len(keys) > 900:
        # Integer keys of our own, never text from outside: a literal list has no parameter limit.
        return f"{name} IN ({', '.join(str(int(key)) for key in keys)})"
    values.extend(keys)
    return f"{name} IN ({', '.join(['%s'] * len(keys))})" if keys else "1 = 0"


def _by_pairs(
    names: str, where: list[str], values: list[Any], pairs: list[tuple[int, int]]
) -> list[tuple[Any, ...]]:
    """One statement for up to some hundred pairs: pairs are grouped by their smaller side."""
    students = {student for student, _ in pairs}
    targets = {target for _, target in pairs}
    where = [
        *where,
        _among("student_id", sorted(students), values),
        _among("target_id", sorted(targets), values),
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM headway_rating WHERE {' AND '.join(where)}", values)
        rows = cursor.fetchall()
    if len(students) * len(targets) > len(pairs):
        wanted = set(pairs)
        at_student = [n.strip('" ') for n in names.split(",")].index("student_id")
        at_target = [n.strip('" ') for n in names.split(",")].index("target_id")
        rows = [row for row in rows if (row[at_student], row[at_target]) in wanted]
    return rows


@dataclass(frozen=True, slots=True)
class Held:
    """One rating as it stands: whose, on what, when, at which level (hundredths), held or released.

    What a rating replaced is said by its event alone: `replaces` is empty here.
    """

    key: str
    student: int
    target: int
    observed_us: int
    level: int | None
    held: bool
    kind: int = 0
    status: int = 0
    purpose: int = 0
    override: int = 0
    language: str = ""
    modification: str = ""
    replaces: str = ""


def ratings_by_key(*, keys: Sequence[str], latest: bool = False) -> dict[str, Held]:
    """Return the standing ratings of client keys; with `latest` the last row of each, withdrawn or not."""
    rows = projection.latest(keys) if latest else projection.standing(keys)
    at = projection.AT
    return {
        key: Held(
            key,
            row[at["student_id"]],
            row[at["target_id"]],
            row[at["observed_us"]],
            row[at["level"]],
            bool(row[at["held"]]),
            *(
                row[at[name]]
                for name in ("kind", "status", "purpose", "override", "language", "modification")
            ),
        )
        for key, row in rows.items()
    }


def standing_pairs(*, keys: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return (student, target) of each standing rating by client key."""
    return {key: (one.student, one.target) for key, one in ratings_by_key(keys=keys).items()}


def latest_pairs(*, keys: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return (student, target) of each rating by client key, whether it stands or was replaced."""
    return {key: (one.student, one.target) for key, one in ratings_by_key(keys=keys, latest=True).items()}


def recorded(*, keys: Sequence[str]) -> set[str]:
    """Return those client keys under which the ledger holds an event."""
    digests = {ledger.digest_key(key): key for key in keys}
    found = Event.objects.filter(key_digest__in=list(digests)).values_list("key_digest", flat=True)
    return {digests[digest] for digest in found}


def keys_of_act(act: int) -> list[str]:
    """Return the client keys that an amendment changed; empty where the number names none.

    An act about several students is several events; its number is the first one's.
    """
    found = Event.objects.filter(sequence=act, kind="amend").select_related("payload").first()
    if found is None or not hasattr(found, "payload"):
        return []
    of = json.loads(found.payload.body)["of"]
    bodies = Payload.objects.filter(event_id__gte=act, event_id__lt=act + of).values_list("body", flat=True)
    return [key for body in bodies for key in json.loads(body)["changes"]]


def keys_between(*, first: int, last: int) -> tuple[list[str], list[str]]:
    """Return the client keys of ratings recorded in a span of the ledger, and those of them that changed since."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT "key", from_sequence, to_sequence, origin_sequence FROM headway_rating'
            " WHERE origin_sequence BETWEEN %s AND %s",
            [first, last],
        )
        rows = cursor.fetchall()
    standing = [row[0] for row in rows if row[2] is None and row[1] == row[3]]
    # What a later line of the same import corrected is the import's own doing.
    within = {row[0] for row in rows if row[2] is not None and first <= row[2] <= last}
    return standing, sorted({row[0] for row in rows} - set(standing) - within)


def replaced_between(*, first: int, last: int) -> list[str]:
    """Return the keys of ratings from before a span of the ledger that ratings recorded in the span corrected."""
    bodies = Payload.objects.filter(
        event__sequence__range=(first, last), event__kind="rating", body__contains='"replaces"'
    )
    named = [json.loads(text).get("replaces") for text in bodies.values_list("body", flat=True).iterator()]
    keys = list(dict.fromkeys(key for key in named if key))
    origin = projection.AT["origin_sequence"]
    return [key for key, row in projection.latest(keys).items() if row[origin] < first]


def standing_keys(*, student: int) -> list[str]:
    """Return the client keys of a student's standing ratings, held ones with them, in order of the ledger. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT "key" FROM headway_rating WHERE student_id = %s AND to_sequence IS NULL ORDER BY from_sequence, "key"',
            [student],
        )
        return [row[0] for row in cursor.fetchall()]


def all_rows_of(*, student: int) -> list[dict[str, Any]]:
    """Return every rating row of a student as columns by name, ended and held ones with them, in order of the ledger."""
    names = [name for name in projection.COLUMNS if name != "student_id"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"{projection.SELECT} WHERE student_id = %s ORDER BY from_sequence",
            [student],
        )
        rows = cursor.fetchall()
    return [{name: row[projection.AT[name]] for name in names} for row in rows]


def changed_after(*, students: Sequence[int], sequence: int) -> list[tuple[int, int, int | None, int]]:
    """Return (student, from, to, observed) of each released rating that came into the record, or ended, after a sequence of the
    ledger. One statement per 500 students."""
    found: list[tuple[int, int, int | None, int]] = []
    since = Q(from_sequence__gt=sequence) | Q(to_sequence__gt=sequence)
    for start in range(0, len(students), 500):
        rows = Rating.objects.filter(since, student_id__in=students[start : start + 500], held=False)
        found += rows.values_list("student_id", "from_sequence", "to_sequence", "observed_us")
    return found


def work_as_data(*, student: int) -> list[dict[str, Any]]:
    """Return a student's pieces of work as plain data, oldest first, with what was said when one was given back."""
    fields = ("key", "title", "words", "link", "file_name", "file_type", "file_digest", "file_size", "reflection", "way",
              "attempt", "handed_in_at", "rated_at")  # fmt: skip
    found = list(Piece.objects.filter(student_id=student).order_by("handed_in_at", "id").values(*fields))
    back = returns_of(pieces=[row["key"] for row in found])
    earlier: dict[str, list[dict[str, Any]]] = {}
    own = [name for name in fields if name not in ("key", "rated_at")]
    before = Attempt.objects.filter(piece__student_id=student).order_by("attempt")
    for one in before.values("piece__key", *own):
        earlier.setdefault(one.pop("piece__key"), []).append(one)
    for row in found:
        row["earlier_attempts"] = earlier.get(row["key"], [])
        row["returned"] = [
            {"attempt": one.attempt, "words": one.words, "at": one.at,
             "by_target": {str(frameworks.node(target).uuid): text for target, text in one.notes.items()}}
            for one in back.get(row["key"], ())
        ]  # fmt: skip
    return found


def events_about(*, subjects: Sequence[UUID]) -> list[tuple[int, str, int, str, str | None]]:
    """Return (sequence, kind, instant, hash, body) of every event about a person, in order.

    `subjects` are the pseudonyms of the person and of whoever was merged into them.
    """
    rows = Event.objects.filter(subject__in=subjects).order_by("sequence")
    return list(rows.values_list("sequence", "kind", "at_us", "hash", "payload__body"))


def kinds_of(*, sequences: Iterable[int]) -> dict[int, str]:
    """Return the kind of each event, by its sequence. One statement."""
    return dict(Event.objects.filter(sequence__in=list(sequences)).values_list("sequence", "kind"))


def bodies_of_kind(*, kind: str) -> Iterator[dict[str, Any]]:
    """Yield the content of every event of a kind that was not erased, in order."""
    found = Payload.objects.filter(event__kind=kind).order_by("event_id")
    for body in found.values_list("body", flat=True).iterator(chunk_size=2_000):
        yield json.loads(body)


def piece_titles(*, keys: Iterable[str]) -> dict[str, str]:
    """Return the title of each piece of work that was handed in, by its key. One statement per 500."""
    found: dict[str, str] = {}
    listed = list(keys)
    for start in range(0, len(listed), 500):
        rows = Piece.objects.filter(key__in=listed[start : start + 500])
        found.update(rows.values_list("key", "title"))
    return found


def titles_and_comments(
    *, pieces: Iterable[str], keys: Iterable[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what is said of the ratings behind one level: the title of each piece by its key, and the comment of each
    standing rating by client key, where there is one. One statement where both are together at most 900."""
    pieces, keys = sorted(set(pieces)), sorted(set(keys))
    if len(pieces) + len(keys) > 900:
        return piece_titles(keys=pieces), comments(keys=keys)
    parts = (
        ("piece", "title", "headway_piece WHERE", pieces),
        ("rating", "comment", "headway_rating WHERE to_sequence IS NULL AND comment <> '' AND", keys),
    )
    asked = " UNION ALL ".join(
        f"SELECT '{kind}', \"key\", {told} FROM {where} \"key\" IN ({', '.join(['%s'] * len(own))})"
        for kind, told, where, own in parts if own
    )  # fmt: skip
    found: dict[str, dict[str, str]] = {"piece": {}, "rating": {}}
    if asked:
        with connection.cursor() as cursor:
            cursor.execute(asked, [*pieces, *keys])
            for kind, key, told in cursor.fetchall():
                found[kind][key] = told
    return found["piece"], found["rating"]


def comments(*, keys: Sequence[str]) -> dict[str, str]:
    """Return the comments of standing ratings by client key; those without one are missing."""
    rows = projection.standing(keys)
    at = projection.AT["comment"]
    return {key: row[at] for key, row in rows.items() if row[at]}


def attempts_of(*, keys: Sequence[str]) -> dict[str, int]:
    """Return the number of the newest attempt at each piece by its key. One statement per 500."""
    found: dict[str, int] = {}
    for start in range(0, len(keys), 500):
        rows = Piece.objects.filter(key__in=keys[start : start + 500])
        found.update(rows.values_list("key", "attempt"))
    return found


def find_piece(key: str) -> Piece | None:
    """Return a piece of work by its key, or None."""
    return Piece.objects.filter(key=key).prefetch_related("targets").first()


def pieces_named(*, keys: Iterable[str]) -> dict[str, Piece]:
    """Return pieces by their key; unknown ones are missing. One statement."""
    return {one.key: one for one in Piece.objects.filter(key__in=list(keys))}


def earlier_attempts(*, piece: str) -> list[Attempt]:
    """Return what was handed in for a piece before its newest attempt, the newest of them first. One statement."""
    return list(Attempt.objects.filter(piece__key=piece).order_by("-attempt"))


def work_with_file(*, digest: str) -> list[tuple[int, Piece | Attempt]]:
    """Return (student, work) of the pieces, and then the earlier attempts, that carry a file, by its digest. Two statements."""
    if not digest:
        return []
    pieces = Piece.objects.filter(file_digest=digest).order_by("id")
    earlier = Attempt.objects.filter(file_digest=digest).select_related("piece").order_by("id")
    return [(one.student_id, one) for one in pieces] + [(one.piece.student_id, one) for one in earlier]


def files_kept(*, student: int | None = None) -> list[tuple[str, str]]:
    """Return (piece key, digest) of every file that was handed in, by one student or by all. Two statements."""
    newest = Piece.objects.exclude(file_digest="").order_by("id")
    earlier = Attempt.objects.exclude(file_digest="").order_by("id")
    if student is not None:
        newest, earlier = newest.filter(student_id=student), earlier.filter(piece__student_id=student)
    return [*newest.values_list("key", "file_digest"), *earlier.values_list("piece__key", "file_digest")]


def pieces_of(*, students: Sequence[int], limit: int = 200) -> list[Piece]:
    """Return the newest pieces of students, newest first, with their targets. Two statements."""
    rows = Piece.objects.filter(student_id__in=list(students)).prefetch_related("targets")
    return list(rows.order_by("-handed_in_at", "-id")[:limit])


@dataclass(frozen=True, slots=True)
class OwnRating:
    """One rating on a modified target as it stands. `modification` is its identifier; the level is in hundredths."""

    key: str
    modification: str
    level: int | None
    status: int
    observed_us: int
    rater: int | None
    comment: str
    held: bool


def modified_ratings(*, student: int, held: bool, before_us: int | None = None) -> list[OwnRating]:
    """Return the standing ratings of a student on modified targets, newest first; with `held` those not released too.

    One statement.
    """
    rows = Rating.objects.filter(student_id=student, purpose=Purpose.MODIFIED, to_sequence=None)
    if not held:
        rows = rows.filter(held=False)
    if before_us is not None:
        rows = rows.filter(observed_us__lt=before_us)
    fields = ("key", "modification", "level", "status", "observed_us", "rater_id", "comment", "held")
    return [OwnRating(*row) for row in rows.order_by("-observed_us", "-key").values_list(*fields)]


def bodies_at(*, sequences: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return the content of events by sequence, without those whose content was erased. One statement per 500."""
    found: dict[int, dict[str, Any]] = {}
    listed = list(sequences)
    for start in range(0, len(listed), 500):
        rows = Payload.objects.filter(pk__in=listed[start : start + 500])
        found.update((one, json.loads(body)) for one, body in rows.values_list("pk", "body"))
    return found


@dataclass(frozen=True, slots=True)
class Unreleased:
    """One held rating as it stands: what a teacher reads before it is released. Levels in hundredths."""

    key: str
    student: int
    target: int
    level: int | None
    status: int
    observed_us: int
    rater: int | None
    piece: str
    attempt: int
    task: str
    comment: str


def held_ratings(*, students: Sequence[int]) -> list[Unreleased]:
    """Return the standing held ratings of students, the oldest first. One statement. For adults who may rate only."""
    rows = Rating.objects.filter(student_id__in=list(students), to_sequence=None, held=True)
    fields = ("key", "student_id", "target_id", "level", "status", "observed_us", "rater_id", "piece", "attempt", "task",
              "comment")  # fmt: skip
    return [Unreleased(*row) for row in rows.order_by("observed_us", "key").values_list(*fields)]


def in_the_way_of(scope: UndoScope) -> list[Finding]:
    """Return by name what keeps an import of a continuum from being taken back: ratings on items it made, and ratings
    recorded since on items it changed; tasks and requests on items it made.
    """
    counts: dict[int, int] = {}
    for keys, since in ((scope.added, 0), (scope.changed, micros(scope.at))):
        listed = sorted(keys)
        for start in range(0, len(listed), 500):
            part = ", ".join(str(int(key)) for key in listed[start : start + 500])
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT target_id, COUNT(*) FROM headway_rating r JOIN headway_event e ON e.sequence = r.origin_sequence"
                    f" WHERE target_id IN ({part}) AND e.at_us >= %s GROUP BY target_id",
                    [since],
                )
                counts.update(dict(cursor.fetchall()))
    asked = [(frameworks.node(target).label, n) for target, n in sorted(_asked_on(scope).items())]
    rated = [(frameworks.node(target).label, n) for target, n in sorted(counts.items())]
    return [
        Finding("import_in_use", Sentence.counted(
            n, "%(n)s task or requests name %(target)s.", "%(n)s tasks or requests name %(target)s.", target=name
        ), column="target", value=name)
        for name, n in asked
    ] + [
        Finding("import_in_use", Sentence.counted(
            n, "%(n)s rating on %(target)s depends on it.", "%(n)s ratings on %(target)s depend on it.", target=name
        ), column="target", value=name)
        for name, n in rated
    ]  # fmt: skip


def _asked_on(scope: UndoScope) -> dict[int, int]:
    """Return how many tasks and requests name each item that an import made."""
    counts: dict[int, int] = {}
    listed = sorted(scope.added)
    for start in range(0, len(listed), 500):
        part = listed[start : start + 500]
        for target in (
            *Offer.targets.through.objects.filter(node_id__in=part).values_list("node_id", flat=True),
            *StudentRequest.objects.filter(target_id__in=part).values_list("target_id", flat=True),
        ):
            counts[target] = counts.get(target, 0) + 1
    return counts


def in_the_way_of_people(people: Sequence[int]) -> list[str]:
    """Return by name what keeps an import of a roster from being taken back: ratings of or by people it made, and what
    they were given, handed in and asked.
    """
    found = 0
    for start in range(0, len(people), 500):
        part = ", ".join(str(int(key)) for key in people[start : start + 500])
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT COUNT(*) FROM headway_rating WHERE student_id IN ({part}) OR rater_id IN ({part})"
            )
            found += cursor.fetchone()[0]
    asked = sum(
        rows.filter(student_id__in=people[start : start + 500]).count()
        for start in range(0, len(people), 500)
        for rows in (Opportunity.objects, Piece.objects, StudentRequest.objects)
    )
    said = [f"{found} ratings name people of it"] if found else []
    return said + ([f"{asked} tasks, pieces and requests name people of it"] if asked else [])


def in_the_way_of_year(*, title: str, starts_on: date, since: datetime) -> list[str]:
    """Return by name what keeps a roll of the year from being taken back: ratings of the new year, recorded since.

    For `rosters.actions.register_blocker`. Two statements.
    """
    begins = end_of_day(starts_on - timedelta(days=1), ZoneInfo(rosters.district().zone))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM headway_rating r JOIN headway_event e ON e.sequence = r.origin_sequence"
            " WHERE r.observed_us >= %s AND e.at_us >= %s",
            [micros(begins), micros(since)],
        )
        n = cursor.fetchone()[0]
    return [f"{n} ratings of {title} were recorded since"] if n else []


def students_rated() -> list[int]:
    """Return the keys of all students with a rating, rising."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT student_id FROM headway_rating ORDER BY student_id")
        return [row[0] for row in cursor.fetchall()]


def events_since(*, sequence: int, kinds: Sequence[str]) -> int:
    """Return how many events of these kinds came after a sequence."""
    return Event.objects.filter(sequence__gt=sequence, kind__in=kinds).count()


def events(*, after: int = 0, batch: int = 5_000) -> Iterator[tuple[Any, ...]]:
    """Yield (sequence, kind, subject, author, key_digest, at_us, commitment, previous, hash, salt, body) in order."""
    last = after
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT e.sequence, e.kind, e.subject, e.author, e.key_digest, e.at_us, e.commitment, e.previous, e.hash,"
                " p.salt, p.body FROM headway_event e LEFT JOIN headway_payload p ON p.event_id = e.sequence"
                " WHERE e.sequence > %s ORDER BY e.sequence LIMIT %s",
                [last, batch],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        yield from rows
        last = rows[-1][0]


def _hex(value: Any) -> str:
    return (
        ""
        if value is None
        else (value.hex if hasattr(value, "hex") and not isinstance(value, str) else str(value))
    )


def breaks(*, heads: dict[int, str] | None = None, limit: int = 100) -> list[Break]:
    """Return where the chain does not hold, first break first; `heads` are hashes kept elsewhere, by sequence.

    Checks gaps, links, seals, commitments, erasures without an erasing event, the head row, and the kept heads.
    """
    found: list[Break] = []
    erased = _erased()
    previous, expected_sequence = ledger.GENESIS, 1
    for sequence, kind, subject, author, digest, at_us, commit, prior, seal, salt, body in events():
        who = _hex(subject)
        if sequence != expected_sequence:
            found.append(
                Break(expected_sequence, "event missing", "an unbroken sequence", f"event {sequence}")
            )
        if prior != previous:
            found.append(Break(sequence, "not linked to the event before it", previous, prior, who))
        computed = ledger.event_hash(sequence, kind, who, _hex(author), digest or "", at_us, commit, prior)
        if computed != seal:
            found.append(Break(sequence, "the event was altered", seal, computed, who))
        if body is None:
            if sequence not in erased:
                found.append(
                    Break(sequence, "content missing without an erasure", "a payload", "nothing", who)
                )
        elif ledger.commitment(salt, body) != commit:
            found.append(
                Break(sequence, "the content was altered", commit, ledger.commitment(salt, body), who)
            )
        if heads and sequence in heads and heads[sequence] != seal:
            found.append(Break(sequence, "differs from the head that was kept", heads[sequence], seal, who))
        if len(found) >= limit:
            return found
        previous, expected_sequence = seal, sequence + 1
    found += _end_breaks(expected_sequence - 1, previous, heads or {})
    return found


def _erased() -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT x.sequence FROM headway_erasure x JOIN headway_event e ON e.sequence = x.by"
            " JOIN headway_event about ON about.sequence = x.sequence"
            " WHERE e.kind = 'erasure' AND e.subject = about.subject AND e.sequence > about.sequence"
        )
        return {row[0] for row in cursor.fetchall()}


def _end_breaks(last: int, seal: str, heads: dict[int, str]) -> list[Break]:
    found = []
    sequence, known = head()
    if (sequence, known) != (last, seal):
        found.append(
            Break(
                last + 1,
                "the end of the chain is not where the head says",
                f"{sequence} {known}",
                f"{last} {seal}",
            )
        )
    found += [
        Break(kept, "the event of a kept head is missing", heads[kept], "nothing")
        for kept in sorted(heads)
        if kept > last
    ]
    return found


def projection_breaks(*, students: dict[str, int], targets: dict[str, int], limit: int = 100) -> list[Break]:
    """Return the rating rows that differ from a replay of the ledger."""
    replay = projection.Replay(students, targets)
    found: list[Break] = []
    for event in events():
        if event[10] is None:
            continue
        try:
            replay.take(event[0], event[1], event[5], event[10])
        except (ValueError, KeyError, TypeError, AttributeError):
            # Altered content: the walk goes on, so that all that is wrong is named.
            found.append(
                Break(event[0], "the content cannot be replayed", "a rating", event[10][:80], _hex(event[2]))
            )
    expected = {(row[1], row[0]): row for row in replay.rows()}
    with connection.cursor() as cursor:
        cursor.execute(f"{projection.SELECT} ORDER BY from_sequence")
        while rows := cursor.fetchmany(5_000):
            for row in rows:
                row = _normal(tuple(row))
                wanted = expected.pop((row[1], row[0]), None)
                if wanted is None:
                    found.append(Break(row[1], f"rating {row[0]} is not in the ledger", "no row", "a row"))
                elif _normal(wanted) != row:
                    names = [
                        n for n, a, b in zip(projection.COLUMNS, _normal(wanted), row, strict=True) if a != b
                    ]
                    found.append(
                        Break(
                            row[1],
                            f"the row of rating {row[0]} differs in {', '.join(names)}",
                            str([_normal(wanted)[projection.AT[n]] for n in names]),
                            str([row[projection.AT[n]] for n in names]),
                        )
                    )
                if len(found) >= limit:
                    return found
    found += [
        Break(sequence, f"the row of rating {key} is missing", "a row", "nothing")
        for sequence, key in list(expected)[:limit]
    ]
    return sorted(found, key=lambda b: b.sequence)


def _normal(row: tuple[Any, ...]) -> tuple[Any, ...]:
    values = list(row)
    for name in ("held", "by_default"):
        values[projection.AT[name]] = bool(values[projection.AT[name]])
    return tuple(values)


def event_counts(*, starts_us: Sequence[int]) -> dict[str, list[int]]:
    """Return for each kind of event how many lie in each span between two instants that follow each other, and all.

    `starts_us` rise; the last figure of each list counts every event of the kind. One statement.
    """
    spans = {
        f"s{n}": Count("sequence", filter=Q(at_us__gte=low, at_us__lt=high))
        for n, (low, high) in enumerate(pairwise(starts_us))
    }
    rows = Event.objects.order_by("kind").values("kind").annotate(**spans, total=Count("sequence"))
    return {row["kind"]: [*(row[name] for name in spans), row["total"]] for row in rows}


@dataclass(frozen=True, slots=True)
class Walked:
    """A part of the chain that was checked: through which sequence, whether that is the end, and what does not hold."""

    first: int
    last: int
    end: int
    breaks: tuple[Break, ...]

    @property
    def whole(self) -> bool:
        return self.last >= self.end


def walk(*, after: int, size: int) -> Walked:
    """Check the next `size` events after a sequence: gaps, links, seals and contents. Three statements per 5,000 events.

    The command line checks more: kept heads, rating rows and determinations.
    """
    end, _ = head()
    previous = Event.objects.filter(sequence=after).values_list("hash", flat=True).first() or ledger.GENESIS
    erased, found, last = _erased(), [], after
    for sequence, kind, subject, author, digest, at_us, commit, prior, seal, salt, body in islice(
        events(after=after, batch=min(size, 5_000)), size
    ):
        who = _hex(subject)
        if sequence != last + 1:
            found.append(Break(last + 1, "event missing", "an unbroken sequence", f"event {sequence}"))
        if prior != previous:
            found.append(Break(sequence, "not linked to the event before it", previous, prior, who))
        computed = ledger.event_hash(sequence, kind, who, _hex(author), digest or "", at_us, commit, prior)
        if computed != seal:
            found.append(Break(sequence, "the event was altered", seal, computed, who))
        if body is None and sequence not in erased:
            found.append(Break(sequence, "content missing without an erasure", "a payload", "nothing", who))
        if body is not None and (own := ledger.commitment(salt, body)) != commit:
            found.append(Break(sequence, "the content was altered", commit, own, who))
        previous, last = seal, sequence
    if last == after < end:
        found.append(Break(after + 1, "event missing", f"events through {end}", "nothing"))
        last = end
    elif last >= end:
        found += _end_breaks(last, previous, {})
    return Walked(after + 1, last, end, tuple(found[:100]))
