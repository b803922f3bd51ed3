"""What answers mean: the table that was measured, and that every answer means something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.outbound.image_server_answers import Answer, read_answer


@pytest.mark.parametrize(
    ("status", "text", "meaning"),
    [
        (200, "", Answer.WELL),
        (500, "java.lang.OutOfMemoryError: Java heap space", Answer.OVERLOADED),
        (500, "500 Internal Server Error\n\nJava heap space", Answer.OVERLOADED),
        (500, "unable to create native thread", Answer.OVERLOADED),
        (500, "Unable to execute HTTP request: Timeout waiting for connection from pool", Answer.OVERLOADED),
        (500, "NullPointerException", Answer.FAILED),
        (501, "Unsupported source format", Answer.HALF_FETCHED),
        (400, "<h1>Bad Message 400</h1><pre>reason: Bad Request</pre>", Answer.OVERLOADED),
        (400, "Requests for scales in excess of 100% must prefix the size with ^.", Answer.WONT_ENLARGE),
        (400, "Requests for scales in excess of 100% are not allowed.", Answer.WONT_ENLARGE),
        (400, "Resulting pixel area is empty", Answer.EMPTY_AREA),
        (400, "Invalid size", Answer.REFUSED),
        (401, "", Answer.REFUSED),
        (403, "", Answer.NOT_YET),
        (404, "", Answer.NOT_YET),
        (429, "", Answer.OVERLOADED),
        (502, "<html>", Answer.AWAY),
        (503, "", Answer.AWAY),
        (504, "", Answer.AWAY),
        (507, "", Answer.FAILED),
    ],
)
def test_an_answer_means_what_was_measured(status: int, text: str, meaning: Answer) -> None:
    assert read_answer(status, text) is meaning


@given(st.integers(100, 599), st.text())
def test_any_answer_means_something_and_only_a_200_is_well(status: int, text: str) -> None:
    assert (read_answer(status, text) is Answer.WELL) == (status == 200)
