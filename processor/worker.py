"""The other side of the pipe: one job after the other, until the input ends. Started by `pool`, never by hand.

Decoders of hostile images run here and nowhere else: with a memory limit, in a session of its own that can be
killed as a whole, and dying with its parent.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import resource
import signal
import sys
from dataclasses import asdict
from typing import BinaryIO

from processor.convert import convert
from processor.errors import Refusal
from processor.openjpeg import binding
from processor.order import Order
from processor.settings import MEGABYTE, Limits

PR_SET_PDEATHSIG = 1
TROUBLE = {
    errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EPERM,
}  # fmt: skip
"""What the machine has done, not the image: worth another try."""


def main() -> None:
    """Answers each line of the input with one of the output; the first says that we are ready."""
    limits = Limits(**json.loads(sys.argv[1]))
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not mix with replies
    _die_with_parent()
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    binding()
    _reply(replies, {"ready": True})
    for line in sys.stdin.buffer:
        _reply(replies, answer(Order.from_line(line), limits))
        _give_memory_back()


def arguments(limits: Limits) -> list[str]:
    """The command that starts a worker."""
    return [sys.executable, "-m", "processor.worker", json.dumps(asdict(limits))]


def answer(order: Order, limits: Limits) -> dict[str, object]:
    """What was made, or the verdict."""
    try:
        return {"made": convert(order, limits).to_json()}
    except Refusal as refusal:
        return {
            "refused": {
                "message": refusal.message,
                "field": refusal.field,
                "kind": refusal.kind,
                "given": refusal.given,
            }
        }
    except MemoryError:
        message = f"it takes more than the {limits.memory // MEGABYTE} MB of memory that one image may use"
        return {"refused": {"message": message, "field": "source", "kind": "memory", "given": None}}
    except OSError as error:
        if error.errno in TROUBLE:
            return {"failed": f"{error.strerror}: {error.filename or order.source}"}
        message = f"the file is damaged: {error.strerror or error}"
        return {"refused": {"message": message, "field": "source", "kind": "damaged", "given": None}}


def _reply(replies: BinaryIO, fields: dict[str, object]) -> None:
    replies.write(json.dumps(fields, default=str).encode() + b"\n")
    replies.flush()


def _die_with_parent() -> None:
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the processor is gone")


def _give_memory_back() -> None:
    """glibc keeps what an image took; without this, memory grows with the largest of every kind."""
    with contextlib.suppress(AttributeError):  # no glibc, nothing to trim
        ctypes.CDLL(None).malloc_trim(0)


if __name__ == "__main__":
    main()
