"""Ids of runs: in the order of time, even within a millisecond."""

from __future__ import annotations

from uuid import RFC_4122

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.db.run_ids import new_run_id

INSTANTS = st.integers(1_700_000_000_000_000_000, 4_000_000_000_000_000_000)


@given(INSTANTS, st.integers(250, 10**15))
def test_a_later_run_has_the_greater_id(instant: int, later: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time_ns", lambda: instant)
        first = new_run_id()
        patch.setattr("time.time_ns", lambda: instant + later)
        assert new_run_id() > first


@given(INSTANTS)
def test_an_id_is_a_uuid_of_version_7_that_tells_its_millisecond(instant: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time_ns", lambda: instant)
        made = new_run_id()
        assert new_run_id() != made
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == instant // 1_000_000
