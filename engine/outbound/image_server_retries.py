"""Whether to ask the image server again, when, and under which name: from what it answered so far. Pure.

The only layer that repeats a request. Delays have full jitter, so that engines which failed together do not
come back together.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from engine.outbound.image_server_answers import GONE, Answer
from policies.reasons import IMAGE_SERVER_AWAY, IMAGE_SERVER_BEHIND, THUMBNAILS_FAILED, Kind


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often one request is worth repeating."""

    fresh: float  # seconds for which an object may not be there yet
    tries: int  # pictures that come back damaged
    overloads: int = 12  # answers without memory or in time, after which this image is the one that is too much


@dataclass(frozen=True, slots=True)
class Again:
    """Ask again after so many seconds, of a new key if the server's copy of the source may be broken."""

    after: float
    restage: bool = False


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It is no use; of this kind."""

    kind: Kind


@dataclass(slots=True)
class Attempts:
    """What one request was answered so far."""

    answers: Counter[Answer] = field(default_factory=Counter)
    missing_since: float | None = None


def next_step(attempts: Attempts, answer: Answer, now: float, chance: float, patience: Patience) -> Again | GiveUp:
    """What follows from this answer; it is counted among the attempts. Chance is in [0, 1)."""
    attempts.answers[answer] += 1
    nth = attempts.answers[answer]
    if answer is Answer.NOT_YET and attempts.missing_since is None:
        attempts.missing_since = now
    match answer:
        case Answer.OVERLOADED | Answer.UNHEARD | Answer.AWAY | Answer.SLOW:
            if nth < patience.overloads:
                most = 2.0 if answer in {Answer.UNHEARD, Answer.AWAY} else 10.0  # the breaker spares who is not there
                return Again(_jitter(0.25, most, nth, chance))
            return GiveUp(IMAGE_SERVER_AWAY if answer in GONE else IMAGE_SERVER_BEHIND)
        case Answer.HALF_FETCHED if nth < patience.tries:
            return Again(_jitter(0.05, 2.0, nth, chance), restage=True)
        case Answer.DAMAGED | Answer.FAILED if nth < patience.tries:
            return Again(_jitter(0.05, 2.0, nth, chance), restage=nth > 1)  # twice: its source is suspect
        case Answer.NOT_YET if now - (attempts.missing_since or now) < patience.fresh:
            return Again(0.1 + _jitter(0.1, 2.0, nth, chance))
        case _:
            return GiveUp(THUMBNAILS_FAILED)


def _jitter(first: float, most: float, nth: int, chance: float) -> float:
    return chance * min(most, first * 2.0 ** min(nth, 30))
