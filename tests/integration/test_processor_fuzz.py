"""A few hundred broken files of all formats; `make fuzz-processor` sends thousands of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.fuzz import FORMATS, fuzz


@pytest.mark.parametrize("formats", [FORMATS[:5], FORMATS[5:]], ids=" ".join)
async def test_broken_files_are_converted_or_refused_and_no_worker_dies(
    formats: tuple[str, ...], tmp_path: Path
) -> None:
    tallies = await fuzz(formats, files=40, seed=7, keep=tmp_path / "kept", workers=1)
    assert {name: tally.kept for name, tally in tallies.items()} == {name: [] for name in formats}
    assert all(tally.outcomes["refused"] for tally in tallies.values())
