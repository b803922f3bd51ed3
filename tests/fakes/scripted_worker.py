"""A worker of the processor that does what its source's name says: crash, hang, die at once, work slowly.

Speaks the same pipe as the real one; started as a program by tests of the pool.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

from images.size import Size
from processor.order import Made, Order


def main() -> None:
    say({"ready": True})
    for line in sys.stdin.buffer:
        order = Order.from_line(line)
        act, _, _ = order.source.name.partition(".")
        if order.destination is not None and act != "made":
            part = order.destination.with_name(f".unfinished{order.part_suffix}")
            part.write_bytes(b"half")
        match act:
            case "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "exit":
                sys.exit(3)
            case "hang":
                signal.sigwait({signal.SIGUSR1})
            case "slow":
                time.sleep(0.4)
            case "refused":
                say({"refused": {"message": "no", "field": "source", "kind": "image", "given": None}})
                continue
            case "failed":
                say({"failed": "No space left on device"})
                continue
        say({"made": Made(Size(1, os.getpid())).to_json()})


def say(fields: dict[str, object]) -> None:
    sys.stdout.buffer.write(json.dumps(fields).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
