"""After the blind round: reveal, talk, agree with a reason, score again, finish."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Viewer
from headway.calibration import works
from headway.calibration.convening import convened, convenes, taking_part
from headway.calibration.models import AgreedScore, CalibrationSession, DiscussionNote, Seat, SessionWork
from headway.calibration.types import FINISHED, OPENED, PAIRS, REVEALED, ROUND_1, ROUND_2, TRIADS
from headway.jobs import actions as jobs
from headway.kit.refusals import Refusal, Sentence

REPORT = "calibration_report"


def reveal(*, actor: Viewer, session: UUID, without: bool, at: datetime) -> None:
    """This will end the blind round and show how many gave which level.

    Before the last day is over it takes every rater's round, or `without`: who has not handed in is left with the works that
    they finished. Written: session, job, audit entry. Who may: who convenes it. Raises `Refusal`: `no_such_session`,
    `not_open`, `raters_missing`.
    """
    with transaction.atomic():
        row = convened(actor, session, ROUND_1)
        missing = row.raters.filter(withdrawn_at=None, submitted_1_at=None).count()
        if missing and not without and actor.today <= row.closes_on:
            raise Refusal(
                "raters_missing",
                Sentence.counted(
                    missing, "%(n)s rater has not handed in. Wait, or say that you go on without.",
                    "%(n)s raters have not handed in. Wait, or say that you go on without.",
                ),
            )  # fmt: skip
        _move(actor, row, REVEALED, at, "reveal_calibration", revealed_at=at)
        _ask_report(row, at)


def open_second_round(*, actor: Viewer, session: UUID, at: datetime) -> None:
    """This will let the raters score once more, each knowing what was said.

    Written: session, audit entry. Who may: who convenes it. Raises `Refusal`: `no_such_session`, `not_open`, `no_second_round`.
    """
    with transaction.atomic():
        row = convened(actor, session, REVEALED)
        if row.way == TRIADS:
            raise Refusal(
                "no_second_round", "Triads keep what each gave: nothing is agreed and nothing scored again."
            )
        _move(actor, row, ROUND_2, at, "open_second_round")


def finish(*, actor: Viewer, session: UUID, at: datetime) -> None:
    """This will finish a session: what was scored and agreed stands, and the reports are made.

    Written: session, job, audit entry. Who may: who convenes it. Raises `Refusal`: `no_such_session`, `not_open`.
    """
    with transaction.atomic():
        row = convened(actor, session, REVEALED, ROUND_2)
        _move(actor, row, FINISHED, at, "finish_calibration", finished_at=at)
        _ask_report(row, at)


def _move(
    actor: Viewer, row: CalibrationSession, state: str, at: datetime, act: str, **times: datetime
) -> None:
    row.state = state
    for name, value in times.items():
        setattr(row, name, value)
    row.save(update_fields=["state", *times])
    record_act(actor=actor, act=act, kind="calibration", object_id=row.uuid, at=at)


def _ask_report(row: CalibrationSession, at: datetime) -> None:
    jobs.put(kind=REPORT, jobs={f"{REPORT}-{row.uuid}-{row.state}": {"session": row.pk}}, at=at)


# What is said about a work.


def note(
    *, actor: Viewer, session: UUID, number: int, criterion: UUID | None, key: str, words: str, at: datetime
) -> None:
    """This will keep a note about a work, or about one criterion of it. A key that is known writes nothing more.

    Written: note, audit entry. Who may: raters and who convenes the session, once it is revealed. Raises `Refusal`:
    `no_such_session`, `not_revealed`, `no_such_work`, `text_missing`, `text_too_long`, `key_missing`.
    """
    said = words.strip()
    if not said:
        raise Refusal("text_missing", "Write what was said.")
    if len(said) > 2000:
        raise Refusal("text_too_long", Sentence("At most %(most)s characters fit here.", most=2000))
    if not 1 <= len(key) <= 190:
        raise Refusal("key_missing", "The form was not whole. Please send it once more.")
    with transaction.atomic():
        _, work = _work(actor, session, number)
        _, made = DiscussionNote.objects.get_or_create(
            key=key,
            defaults={
                "work": work, "criterion_id": _line(work, criterion), "words": said, "written_by_id": actor.person_id,
                "written_by_name": actor.name[:200], "written_at": at,
            },
        )  # fmt: skip
        if made:
            record_act(actor=actor, act="note_calibration", kind="calibration", object_id=session, at=at)


def agree(
    *, actor: Viewer, session: UUID, number: int, criterion: UUID, level: int, why: str, at: datetime
) -> None:
    """This will record the level that those who scored a work agreed on for a criterion, and why.

    Said again it takes the place of what was agreed before, until the session is finished. Written: agreed score, audit
    entry. Who may: who convenes the session; the two of a pair, and every rater where all or some score it. Raises `Refusal`:
    `no_such_session`, `not_revealed`, `no_such_work`, `no_agreement`, `reason_missing`, `text_too_long`, `outside_scale`,
    `too_few_raters`.
    """
    reason = why.strip()
    if not reason:
        raise Refusal("reason_missing", "Say why: the next one who scores such work needs the reason.")
    if len(reason) > 1000:
        raise Refusal("text_too_long", Sentence("At most %(most)s characters fit here.", most=1000))
    with transaction.atomic():
        row, work = _work(actor, session, number)
        if row.way == TRIADS or row.state == FINISHED:
            raise Refusal(
                "no_agreement",
                "Nothing is agreed here: triads keep what each gave, and a finished session stands.",
            )
        if level not in {one["level"] for one in row.version.levels}:
            raise Refusal("outside_scale", "Choose one of the levels of the rubric.")
        line = _line(work, criterion)
        seats = Seat.objects.filter(work=work, scores__criterion_id=line, scores__round=1).distinct()
        own = seats.filter(rater__person_id=actor.person_id or 0).exists()
        if row.way == PAIRS and not own and not convenes(actor, row.made_by_id):
            raise Refusal("no_such_work", "There is no such work that you may see.")
        n = seats.count()
        if n < 2:
            raise Refusal(
                "too_few_raters", "Two people or more must have scored this before anything is agreed."
            )
        AgreedScore.objects.update_or_create(
            work=work, criterion_id=line,
            defaults={"level": level, "why": reason, "raters_n": n, "said_by_id": actor.person_id,
                      "said_by_name": actor.name[:200], "said_at": at},
        )  # fmt: skip
        record_act(
            actor=actor,
            act="agree_score",
            kind="calibration",
            object_id=session,
            detail={"work": number, "raters": n},
            at=at,
        )


def keep_anchor(*, actor: Viewer, session: UUID, number: int, at: datetime) -> None:
    """This will keep a work of a session as an anchor, with the levels that were agreed; see `works.keep_as_anchor`."""
    with transaction.atomic():
        row = convened(actor, session)
        work = row.works.select_related("session__version", "sample").filter(number=number).first()
        if work is None:
            raise Refusal("no_such_work", "There is no such work that you may see.")
        works.keep_as_anchor(actor=actor, work=work, at=at)


def _work(actor: Viewer, session: UUID, number: int) -> tuple[CalibrationSession, SessionWork]:
    row, _rater_only = taking_part(actor, session)
    if row.state not in OPENED:
        raise Refusal("not_revealed", "This is known when the first round is revealed.")
    work = row.works.filter(number=number).first()
    if work is None:
        raise Refusal("no_such_work", "There is no such work that you may see.")
    return row, work


def _line(work: SessionWork, criterion: UUID | None) -> int | None:
    """Return the row key of a criterion of the session's task. Raises `Refusal("no_such_work")`."""
    if criterion is None:
        return None
    found = work.session.version.criteria.filter(uuid=criterion).values_list("id", flat=True).first()
    if found is None:
        raise Refusal("no_such_work", "There is no such work that you may see.")
    return found
