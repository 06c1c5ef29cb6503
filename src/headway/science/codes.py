"""The words of a rating and of a determination, as small integers that columns can hold."""

from __future__ import annotations

from enum import IntEnum


class Word(IntEnum):
    """A code whose word is its name in lower case."""

    @property
    def word(self) -> str:
        """The code as files and pages write it."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Word:
        """Return the code of a word. Raises `ValueError` that lists the words."""
        try:
            return cls[word.strip().upper()]
        except KeyError:
            raise ValueError(f"{word!r} is none of: {', '.join(m.word for m in cls)}") from None


class Status(Word):
    """What a rating event says; only `rated` carries a level."""

    RATED = 0
    MISSED = 1
    EXCUSED = 2
    TOO_LITTLE = 3
    NOT_TAUGHT = 4
    INDIVIDUAL_GOAL = 5


class Purpose(Word):
    """Why a rating was made; only `evidence` counts towards a level."""

    EVIDENCE = 0
    PRACTICE = 1
    DIAGNOSTIC = 2
    CALIBRATION = 3
    TRANSFER = 4
    BASELINE = 5
    MODIFIED = 6


class Kind(Word):
    """Who rated."""

    TEACHER = 0
    SELF = 1
    PEER = 2
    PANEL = 3
    MODERATED = 4


class Override(Word):
    """What a teacher's act beside the ratings does."""

    NONE = 0
    COMPLETES = 1
    DECIDES = 2
    REVERTS = 3


class State(Word):
    """The state of a determination. The last five repeat statuses: they stand where no evidence was rated."""

    NO_EVIDENCE = 0
    TOO_LITTLE = 1
    NOT_YET = 2
    PROFICIENT = 3
    BEYOND = 4
    CARRIED = 5
    MISSED = 6
    EXCUSED = 7
    NOT_TAUGHT = 8
    INDIVIDUAL_GOAL = 9


class Reason(Word):
    """Why a rating does not carry weight; `counted` for those that may."""

    COUNTED = 0
    MISSED = 1
    EXCUSED = 2
    TOO_LITTLE = 3
    NOT_TAUGHT = 4
    INDIVIDUAL_GOAL = 5
    PRACTICE = 6
    DIAGNOSTIC = 7
    CALIBRATION = 8
    TRANSFER = 9
    BASELINE = 10
    SELF_RATING = 11
    PEER_RATING = 12
    KIND_NOT_COUNTED = 13
    NO_LEVEL = 14
    OLDER_ATTEMPT = 15
    NOT_LEAD = 16
    REPLACED_BY_MODERATED = 17
    AWAITS_MODERATION = 18
    COMPLETES = 19
    DECISION = 20
    REVERTS_DECISION = 21
    OTHER_LEVEL = 22
    NOT_IN_BEST = 23
    OUTSIDE_WINDOW = 24
    MODIFIED = 25


REASON_OF_PURPOSE = {
    Purpose.EVIDENCE: Reason.COUNTED,
    Purpose.PRACTICE: Reason.PRACTICE,
    Purpose.DIAGNOSTIC: Reason.DIAGNOSTIC,
    Purpose.CALIBRATION: Reason.CALIBRATION,
    Purpose.TRANSFER: Reason.TRANSFER,
    Purpose.BASELINE: Reason.BASELINE,
    Purpose.MODIFIED: Reason.MODIFIED,
}


STATE_OF_STATUS = {
    Status.MISSED: State.MISSED,
    Status.EXCUSED: State.EXCUSED,
    Status.TOO_LITTLE: State.TOO_LITTLE,
    Status.NOT_TAUGHT: State.NOT_TAUGHT,
    Status.INDIVIDUAL_GOAL: State.INDIVIDUAL_GOAL,
}
