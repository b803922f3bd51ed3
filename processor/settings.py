"""What the processor can be told, read from the environment once; every bad variable is reported together.

Defaults fit the machine: a worker per core with one encoder thread each, and memory shared among them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MEGABYTE = 1 << 20
J2K_ENCODERS = ("openjpeg", "grok", "kakadu")
HTJ2K_ENCODERS = ("openjph", "grok", "kakadu")


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class SettingsError(ValueError):
    """All that is wrong with the settings, one line for each variable."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Limits:
    """What one image may cost, and which encoder makes it; all that a worker has to know."""

    max_pixels: int = 1_000_000_000
    max_side: int = 300_000
    untiled_pixels: int = 40_000_000  # above it, a recipe without tiles gets tiles all the same
    memory: int = 2048 * MEGABYTE  # of one worker process
    threads: int = 1  # of one encoder
    j2k_encoder: str = "openjpeg"
    htj2k_encoder: str = "openjph"

    def __post_init__(self) -> None:
        if self.j2k_encoder not in J2K_ENCODERS:
            raise ValueError(f"expected one of {', '.join(J2K_ENCODERS)}, not {self.j2k_encoder!r}")
        if self.htj2k_encoder not in HTJ2K_ENCODERS:
            raise ValueError(f"expected one of {', '.join(HTJ2K_ENCODERS)}, not {self.htj2k_encoder!r}")

    @property
    def whole_bytes(self) -> int:
        """How large an image may be decoded that can only be read as a whole."""
        return self.memory // 2


@dataclass(frozen=True, slots=True)
class ProcessorSettings:
    """One processor: where it listens, what it shares with the engine, how much it takes on."""

    scratch: Path
    host: str = "127.0.0.1"
    port: int = 8081
    workers: int = field(default_factory=cores)
    queue: int = 32  # jobs that may wait for a worker; more are told to come back
    seconds: float = 600.0  # one job
    recycle: int = 250  # jobs after which a worker is replaced
    drain: float = 100.0  # seconds that running jobs get after SIGTERM
    limits: Limits = field(default_factory=Limits)


def memory_per_worker(workers: int) -> int:
    """Three quarters of the machine's memory shared by all workers, between 512 MB and 4 GB each."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")):
        if limit.exists() and (text := limit.read_text().strip()).isdecimal():
            machine = min(machine, int(text))
    return max(512 * MEGABYTE, min(4096 * MEGABYTE, machine * 3 // 4 // workers))


def from_environment(env: Mapping[str, str]) -> ProcessorSettings:
    """Reads PROCESSOR_* from a mapping; raises SettingsError that names every bad variable."""
    read = _Reader(env)
    scratch = read.folder("PROCESSOR_SCRATCH")
    workers = read.whole("PROCESSOR_WORKERS", cores(), 1, 256)
    memory = read.whole("PROCESSOR_MEMORY_MB", memory_per_worker(workers) // MEGABYTE, 256, 1 << 20)
    limits = Limits(
        max_pixels=read.whole("PROCESSOR_MAX_PIXELS", Limits().max_pixels, 1, 1 << 36),
        untiled_pixels=read.whole("PROCESSOR_UNTILED_PIXELS", untiled_within(memory * MEGABYTE), 1, 1 << 36),
        memory=memory * MEGABYTE,
        threads=read.whole("PROCESSOR_THREADS", max(1, cores() // workers), 1, 256),
        j2k_encoder=read.choice("PROCESSOR_J2K_ENCODER", J2K_ENCODERS),
        htj2k_encoder=read.choice("PROCESSOR_HTJ2K_ENCODER", HTJ2K_ENCODERS),
    )
    settings = ProcessorSettings(
        scratch=scratch,
        host=env.get("PROCESSOR_HOST", "").strip() or "127.0.0.1",
        port=read.whole("PROCESSOR_PORT", 8081, 0, 65535),
        workers=workers,
        queue=read.whole("PROCESSOR_QUEUE", 4 * workers, 0, 100_000),
        seconds=float(read.whole("PROCESSOR_SECONDS", 600, 1, 86_400)),
        recycle=read.whole("PROCESSOR_RECYCLE", 250, 1, 1_000_000),
        drain=float(read.whole("PROCESSOR_DRAIN_SECONDS", 100, 0, 86_400)),
        limits=limits,
    )
    if read.problems:
        raise SettingsError(tuple(read.problems))
    return settings


def untiled_within(memory: int) -> int:
    """About 40 megapixels, or fewer where a worker has not the 20 bytes a pixel that an untiled image takes."""
    return min(Limits().untiled_pixels, memory * 3 // 5 // 20)


class _Reader:
    """Reads single variables and collects what is wrong with them."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.problems: list[str] = []

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        text = self._env.get(name, "").strip()
        if not text:
            return default
        if not (text.isascii() and text.isdecimal()) or not low <= int(text) <= high:
            self.problems.append(f"{name}: expected a whole number from {low} to {high}, not {text!r}")
            return default
        return int(text)

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        text = self._env.get(name, "").strip() or allowed[0]
        if text not in allowed:
            self.problems.append(f"{name}: expected one of {', '.join(allowed)}, not {text!r}")
            return allowed[0]
        return text

    def folder(self, name: str) -> Path:
        text = self._env.get(name, "").strip()
        path = Path(text)
        if not text or not path.is_absolute():
            self.problems.append(f"{name}: expected the absolute path of the shared folder, not {text!r}")
        elif not path.is_dir():
            self.problems.append(f"{name}: there is no folder {text}")
        return path
