"""The short form of `make chaos`: every kind of fault at least once, and nothing lost, nothing twice."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.chaos.run import Plan, run
from tests.chaos.schedule import Fault, schedule
from tests.chaos.verdict import report


def test_the_same_seed_gives_the_same_faults_and_enough_of_them_gives_every_kind() -> None:
    assert schedule(7, 50, 100.0) == schedule(7, 50, 100.0)
    assert schedule(7, 50, 100.0) != schedule(8, 50, 100.0)
    assert {planned.fault for planned in schedule(7, len(Fault), 10.0)} == set(Fault)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_nothing_is_lost_and_nothing_counted_twice_whatever_dies() -> None:
    plan = Plan(seed=11, assets=24, batches=3, engines=2, faults=18, seconds=20, poison=1, flaky=False, patience=300)
    with tempfile.TemporaryDirectory(prefix="sluice-chaos-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        verdict = await run(plan, folder)
        assert verdict.good, report(verdict, folder)
