"""What was said in the demonstration: a conference, a message, a substitute's notes, and the report cards of one school."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from headway.access import queries as access
from headway.access.types import SYSTEM, Role, Viewer
from headway.contact import actions as contact
from headway.contact.types import Promise
from headway.demo.loop import tell
from headway.evidence import actions as evidence
from headway.frameworks import queries as frameworks
from headway.report_cards import actions as report_cards
from headway.report_cards.types import Written
from headway.rosters import actions as rosters
from headway.rosters import queries as roster


def build(
    *, school: str, class_id: str, teacher: str, substitute: str, families: list[str], begins: date, at: datetime, today: date
) -> None:  # fmt: skip
    """Give the families with a ready-made login a conference and a message, the class a substitute, the school its cards."""
    account = access.account_of(roster.person_by_reference(teacher).uuid)
    assert account is not None
    writer = roster.viewer_for(account, today)
    group = roster.class_by_reference(class_id)
    members = [one.id for one in roster.students_in_class(class_id=group.id, as_of=today, viewer=None)]
    for n, family in enumerate(families):
        guardian = roster.person_by_reference(family)
        care = roster.children_of(guardian_person_id=guardian.id, as_of=today)
        for child in [one for one in care if one.id in members][:1]:
            _meet(writer, child, guardian, n, at, today)
            tell(writer, child, at)
    _stand_in(substitute, group.id, members, at, today)
    _issue(school, members, writer, begins, at, today)


def _stand_in(substitute: str, class_id: int, members: list[int], at: datetime, today: date) -> None:
    """Let another teacher stand in yesterday and today, and note two things yesterday."""
    person, yesterday = roster.person_by_reference(substitute), today - timedelta(days=1)
    rosters.name_substitute(
        actor=SYSTEM, class_id=class_id, person_id=person.id, starts_on=yesterday, ends_on=today + timedelta(days=1), at=at
    )  # fmt: skip
    actor = Viewer(
        person=person.uuid,
        person_id=person.id,
        name=person.name(),
        roles=frozenset({Role.TEACHER}),
        today=yesterday,
    )
    said = [
        (
            None,
            "We worked on the problem of their own. Most wanted to read theirs aloud; five did not get a turn.",
        )
    ]
    said += [(one, "Asked for more time and used it well.") for one in members[:1]]
    for n, (about, words) in enumerate(said):
        evidence.write_note(
            actor=actor, school_class=class_id, student=about, words=words, key=f"demo-note-{n}", at=at - timedelta(days=1)
        )  # fmt: skip


def _meet(writer: Viewer, child: Any, guardian: Any, n: int, at: datetime, today: date) -> None:
    spanish = n % 2 == 1
    by_on = today + timedelta(days=16)
    promises = [
        Promise("home", "Ten minutes of talking through a problem, three evenings a week", by_on),
        Promise("student", "Brings one question to each lesson", by_on),
    ]
    if spanish:
        promises = [
            Promise("home", "Diez minutos de cálculo en voz alta, tres tardes por semana", by_on),
            Promise("school", "Envía los problemas de la semana cada lunes", by_on),
        ]
    contact.record_conference(
        actor=writer, student_id=child.id, key=f"demo-conference-{n}", held_on=today - timedelta(days=12),
        present=f"{child.name()}, {guardian.name()}, {writer.name}", interpreter="R. Montoya" if spanish else "",
        language="es" if spanish else "en", promises=promises, at=at,
    )  # fmt: skip
    contact.note_contact(
        actor=writer, student_id=child.id, key=f"demo-contact-{n}", kind="call", on=today - timedelta(days=18),
        with_whom=guardian.name(), about="When to meet, and what to bring.", agreed="", shared=True, at=at,
    )  # fmt: skip
    contact.write(
        actor=writer, student_id=child.id, guardian_id=guardian.id, key=f"demo-message-{n}",
        text="Gracias por venir." if spanish else "Thank you for coming.", at=at,
    )  # fmt: skip


def _issue(school: str, members: list[int], writer: Viewer, begins: date, at: datetime, today: date) -> None:
    where = next(one for one in roster.schools() if one.sourced_id == school)
    term = next(one for one in roster.terms(kind="schoolYear") if one.starts_on == begins)
    run = report_cards.open_run(actor=SYSTEM, school_id=where.id, term_id=term.id, at=at)
    area = frameworks.framework_by_key("Mathematics").id
    said = Written(
        "Explains the steps and asks when one is missing.", "en",
        "Explica los pasos y pregunta cuando falta alguno.", machine=True,
    )  # fmt: skip
    report_cards.write_comments(
        actor=writer, run=run, framework=area, comments=dict.fromkeys(members[:-1], said), at=at
    )
    if members and writer.person_id is not None:
        report_cards.mark_incomplete(
            actor=writer, run=run, student_id=members[-1], framework=area, owner_id=writer.person_id,
            reason="The project on rates is still to come.", expires_on=today + timedelta(days=20), at=at,
        )  # fmt: skip
    report_cards.freeze(actor=SYSTEM, run=run, as_of=max(begins, today - timedelta(days=10)), at=at)
