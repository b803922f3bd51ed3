"""What encoders have in common that are programs: pixels spooled as Netpbm, one command, its words when it fails."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from processor.codestream import BrokenCodestream, complete
from processor.errors import Refusal
from processor.picture import Picture

ROWS = 256
MOST_WORDS = 400


@contextmanager
def spooled(picture: Picture, beside: Path) -> Iterator[Path]:
    """The picture as a Netpbm file, which every encoder reads, for as long as it is needed."""
    path = beside.with_name(f"{beside.name}.{'pgm' if picture.components == 1 else 'ppm'}")
    size = picture.size
    try:
        with path.open("wb") as file:
            kind = b"P5" if picture.components == 1 else b"P6"
            file.write(b"%b\n%d %d\n%d\n" % (kind, size.width, size.height, (1 << picture.bits) - 1))
            for strip in picture.strips(ROWS):
                file.write(strip.astype(strip.dtype.newbyteorder(">"), copy=False).tobytes())
        yield path
    finally:
        path.unlink(missing_ok=True)


def program(name: str, path: str | None = None) -> str:
    """The program's place on the path; PATH unless another is given."""
    found = shutil.which(name, path=path)
    if found is None:
        raise Refusal(f"{name} is chosen by setting and not installed here", field="recipe>codec", kind="encoder")
    return found


def ending(code: int) -> str:
    """How a process ended, in words."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def run(command: Sequence[str], made: Path, path: Path) -> None:
    """Runs an encoder and writes what it made to `path`, completed; it is killed with the worker."""
    name = Path(command[0]).name
    try:
        done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603 - no shell, names made here
        if done.returncode or not made.exists():
            words = " ".join((done.stderr + done.stdout).decode(errors="replace").split())[-MOST_WORDS:]
            raise Refusal(f"{name} failed ({ending(done.returncode)}): {words}", kind="encoder")
        complete(made, path)
    except BrokenCodestream as error:
        raise Refusal(f"{name} wrote a broken codestream: {error}", kind="encoder") from error
    finally:
        made.unlink(missing_ok=True)
