"""What an answer of the image server means: status and text in, one of a closed set out. Pure.

The table was measured on a Cantaloupe under load; other servers' answers fall under the nearest line of it.
"""

from __future__ import annotations

from enum import StrEnum


class Answer(StrEnum):
    """The meaning of one answer, or of none."""

    WELL = "well"  # a 200; whether it is a whole picture is judged by whoever decodes it
    OVERLOADED = "overloaded"  # no memory, or its web server has had enough: later, and less
    UNHEARD = "unheard"  # nobody listens there: later
    AWAY = "away"  # no answer at all, or a proxy's in its place: later, and less
    SLOW = "slow"  # no answer in time: later, and less
    HALF_FETCHED = "half-fetched"  # a source cut short lies in its cache: again, under another identifier
    DAMAGED = "damaged"  # not the whole picture that was asked: again
    NOT_YET = "not-yet"  # not there: again for a while, since it was only just written
    WONT_ENLARGE = "wont-enlarge"  # made here instead
    EMPTY_AREA = "empty-area"  # never asked; a mistake of ours
    FAILED = "failed"  # an error without a known cause: again, a few times
    REFUSED = "refused"  # it will not, and says so


LESS = frozenset({Answer.OVERLOADED, Answer.AWAY, Answer.SLOW})
"""Answers that say: ask less."""
GONE = frozenset({Answer.UNHEARD, Answer.AWAY, Answer.SLOW})
"""Answers after which the server may be down altogether."""

GATEWAY = frozenset({429, 502, 503, 504})
OUT_OF_ROOM = (
    "outofmemory",
    "java heap space",
    "gc overhead limit",
    "out of memory",
    "cannot allocate memory",
    "native thread",  # none could be made
    "waiting for connection from pool",  # to S3; so the AWS SDK says it
    "acquire operation took longer",  # or so
    "slow down",  # S3 itself
)


class Unanswered(Exception):  # noqa: N818  # named for what happened, as asyncio's own TimeoutError's kin are not
    """The image server gave no usable answer; says which of the known kinds it was."""

    def __init__(self, answer: Answer, message: str) -> None:
        super().__init__(message)
        self.answer = answer


def read_answer(status: int, text: str) -> Answer:
    """What a status and the first characters of the body mean."""
    said = text.casefold()
    if status == 200:
        return Answer.WELL
    if status == 429:
        return Answer.OVERLOADED
    if status in GATEWAY:
        return Answer.AWAY
    if status == 501:
        return Answer.HALF_FETCHED
    if status in {403, 404}:
        return Answer.NOT_YET
    if status >= 500:
        return Answer.OVERLOADED if any(sign in said for sign in OUT_OF_ROOM) else Answer.FAILED
    if status == 400:
        return _read_bad_request(said)
    return Answer.REFUSED


def _read_bad_request(said: str) -> Answer:
    if "scales in excess of 100%" in said:
        return Answer.WONT_ENLARGE
    if "pixel area is empty" in said:
        return Answer.EMPTY_AREA
    if "bad message" in said or "<html" in said:
        return Answer.OVERLOADED
    return Answer.REFUSED
