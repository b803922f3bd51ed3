"""What parts are told: bounds that follow from each other."""

from __future__ import annotations

import pytest

from engine.part_settings import origin_settings
from engine.settings import read_settings


@pytest.mark.parametrize(("slots", "priority"), [(2, 0), (3, 0), (16, 2), (16, 13), (32, 2), (1000, 100)])
def test_one_slow_server_cannot_hold_all_slots(slots: int, priority: int) -> None:
    told = origin_settings(read_settings({"ENGINE_SLOTS": str(slots), "ENGINE_PRIORITY_SLOTS": str(priority)}))
    ordinary = slots - priority
    assert 1 <= told.connections_per_host <= max(1, ordinary // 2) < ordinary
    assert 1 <= told.sftp_sessions_per_host <= told.connections_per_host
    assert told.host_wait == 1


def test_an_engine_of_one_slot_still_fetches() -> None:
    told = origin_settings(read_settings({"ENGINE_SLOTS": "1", "ENGINE_PRIORITY_SLOTS": "0"}))
    assert (told.connections_per_host, told.sftp_sessions_per_host) == (1, 1)
