"""Scratch: one folder a process, one room a run, nothing left of either."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from engine.scratch import open_scratch, sweep
from policies.outcome import IngestError
from policies.reasons import SCRATCH_FULL, SCRATCH_UNUSABLE


async def test_a_room_is_gone_when_its_run_is_over_however_it_ended(tmp_path: Path) -> None:
    with open_scratch(tmp_path) as scratch:
        with pytest.raises(ZeroDivisionError):
            async with scratch.room() as room:
                path = await room.file("source.tif")
                path.write_bytes(b"x")
                raise ZeroDivisionError
        assert not path.parent.exists()
    assert list(tmp_path.iterdir()) == []


async def test_a_run_that_needs_no_file_makes_no_folder(tmp_path: Path) -> None:
    with open_scratch(tmp_path) as scratch:
        (folder,) = tmp_path.iterdir()
        async with scratch.room():
            assert [entry.name for entry in folder.iterdir()] == [".lock"]


async def test_a_full_disk_is_named_and_is_nobodys_attempt(tmp_path: Path) -> None:
    with open_scratch(tmp_path) as scratch, pytest.raises(IngestError) as caught:
        async with scratch.room():
            raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.reason.kind is SCRATCH_FULL


async def test_a_room_that_was_taken_away_is_named_with_the_file(tmp_path: Path) -> None:
    with open_scratch(tmp_path) as scratch, pytest.raises(IngestError, match=r"derivative\.jp2") as caught:
        async with scratch.room() as room:
            (await room.file("derivative.jp2")).read_bytes()
    assert caught.value.reason.kind is SCRATCH_UNUSABLE


async def test_an_error_that_is_not_the_disks_is_left_alone(tmp_path: Path) -> None:
    with open_scratch(tmp_path) as scratch, pytest.raises(ConnectionResetError):
        async with scratch.room():
            raise ConnectionResetError(errno.ECONNRESET, "reset")


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_uses_is_not(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib\n"
        "from engine.scratch import open_scratch\n"
        "with open_scratch(pathlib.Path(sys.argv[1])) as scratch:\n"
        "    os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, cwd=Path.cwd())
    assert done.returncode == 9
    assert len(list(tmp_path.iterdir())) == 1
    with open_scratch(tmp_path):
        (mine,) = tmp_path.iterdir()
        assert sweep(tmp_path) == 0
        assert mine.exists()
