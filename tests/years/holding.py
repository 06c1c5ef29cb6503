"""Holds a database against the book of a played year: the ledger, its projections, and every count."""

from __future__ import annotations

from collections import Counter

from headway.contact.models import Conference, Message
from headway.evidence import queries as ledger
from headway.kit.times import now
from headway.proficiency import actions as proficiency
from headway.profiles.models import Accommodation, Consent, DecisionTaken, LanguageStatus, ProfileEntry
from headway.project.commands import chain
from headway.report_cards.models import CardRun
from headway.rights.models import RightsRequest
from headway.rosters import queries as roster
from headway.rosters.models import SchoolEvent
from tests.years.play import Year


def differences(year: Year) -> list[str]:
    """Return in words where the school differs from what its answers promised; none where all holds."""
    found = [*year.book.leaks, *year.book.faults]
    verified = chain.verify(None)
    found += [str(one) for one in verified["breaks"]]
    found += [f"determination {one}" for one in proficiency.redetermine(at=now(), apply=False)]
    found += _ratings(year)
    found += _chances(year)
    found += _counts(year)
    return found


def _ratings(year: Year) -> list[str]:
    book = year.book
    standing = ledger.ratings_by_key(keys=list(book.ratings))
    lost = [
        f"rating {key} is lost" for key in book.ratings if key not in standing and key not in book.withdrawn
    ]
    back = [f"rating {key} stands, and was withdrawn" for key in book.withdrawn if key in standing]
    other = [
        f"rating {key} is {row.level}, acknowledged {book.ratings[key]}"
        for key, row in standing.items() if row.level != int(book.ratings[key]) * 100
    ]  # fmt: skip
    n = ledger.events_since(sequence=0, kinds=("rating",))
    closed = sum(1 for one in _states(year)[1] if one in ("missed", "excused"))
    known = len(book.ratings) + book.unnamed + closed
    other_n = [f"{n} ratings in the ledger, {known} acknowledged"] if n != known else []
    return lost + back + other + other_n


def _states(year: Year) -> tuple[dict[str, str], list[str]]:
    wanted = {key: chance.state for group in year.groups for key, chance in group.chances.items()}
    wanted |= {key: chance.state for chances in year.left.values() for key, chance in chances.items()}
    return wanted, list(wanted.values())


def _chances(year: Year) -> list[str]:
    wanted, _ = _states(year)
    people = roster.people_references(sourced_ids=[f"S-{n + 1:04d}" for n in range(len(year.who.names))])
    kept = {
        str(one.uuid): one.state
        for one in ledger.chances_of([key for key, _ in people.values()], limit=10**6)
    }
    said = [
        f"opportunity {key} is {kept.get(key)}, acknowledged {state}"
        for key, state in wanted.items()
        if kept.get(key) != state
    ]
    counted, expected = Counter(kept.values()), Counter(wanted.values())
    return said + ([] if counted == expected else [f"opportunities {counted}, acknowledged {expected}"])


def _counts(year: Year) -> list[str]:
    book = year.book
    pairs = (
        ("conferences", Conference.objects.count(), book.counts["conferences"]),
        ("messages", Message.objects.count(), book.counts["messages"]),
        ("runs of report cards", CardRun.objects.count(), book.counts["card runs"]),
        ("school events", SchoolEvent.objects.count(), book.school_events),
    )
    pairs += tuple(
        (model.__name__, model.objects.count(), book.counts[model.__name__])
        for model in (ProfileEntry, Accommodation, LanguageStatus, Consent, DecisionTaken, RightsRequest)
    )
    return [f"{held} {what}, {said} acknowledged" for what, held, said in pairs if held != said]
