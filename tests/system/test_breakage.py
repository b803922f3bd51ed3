"""The short form of `make breakage`: what breaks most often, on a whole system, from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.breakage import BREAKAGES, ground, tell

USUAL = {
    "the database is down",
    "the processor is down",
    "the storage bucket is gone",
    "the scratch folder is gone",
}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_whatever_breaks_is_named_by_the_doctor_and_by_the_ingest_that_needed_it(tmp_path: Path) -> None:
    with ground(tmp_path) as system:
        told = [tell(system, breakage) for breakage in BREAKAGES if breakage.name in USUAL]
    assert [one.breakage.name for one in told if not one.named or not one.mended] == []
    assert len(told) == len(USUAL)
