"""What goes wrong, and when: from a seed, the same every time. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    """One way to hurt the system."""

    KILL_ENGINE = "kill an engine with -9"
    STOP_ENGINE = "stop an engine past its lease"
    KILL_PROCESSOR = "kill the processor"
    KILL_IMAGE_SERVER = "kill the image server"
    RESTART_DATABASE = "restart the database"
    RESTART_AWS = "restart the AWS emulator"
    DUPLICATE = "deliver a message twice"
    DELAY = "deliver a message again, late"
    EXPIRE = "expire the leases"
    FILL_SCRATCH = "fill the scratch disk"
    CUT_UPLOADS = "break uploads half-way"
    RESET_ORIGIN = "reset connections at the origins"


WEIGHTS = {
    Fault.KILL_ENGINE: 5,
    Fault.STOP_ENGINE: 1,
    Fault.KILL_PROCESSOR: 3,
    Fault.KILL_IMAGE_SERVER: 4,
    Fault.RESTART_DATABASE: 1,
    Fault.RESTART_AWS: 1,
    Fault.DUPLICATE: 30,
    Fault.DELAY: 15,
    Fault.EXPIRE: 4,
    Fault.FILL_SCRATCH: 2,
    Fault.CUT_UPLOADS: 24,
    Fault.RESET_ORIGIN: 10,
}


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault: when it comes, in seconds from the start, and a number that picks its victim."""

    at: float
    fault: Fault
    pick: int


def schedule(seed: int, faults: int, seconds: float) -> tuple[Planned, ...]:
    """That many faults spread over the time; each kind comes at least once when there are enough."""
    chance = Random(seed)
    kinds = list(Fault)[:faults]
    kinds += chance.choices(list(WEIGHTS), weights=list(WEIGHTS.values()), k=faults - len(kinds))
    chance.shuffle(kinds)
    times = sorted(chance.uniform(1, seconds) for _ in kinds)
    return tuple(Planned(round(at, 3), fault, chance.randrange(2**31)) for at, fault in zip(times, kinds, strict=True))


def summary(planned: tuple[Planned, ...]) -> Counter[Fault]:
    """How often each fault comes."""
    return Counter(one.fault for one in planned)
