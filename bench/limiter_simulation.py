"""A modelled image server and its clients, in simulated time: the evidence for the limiter, seeded and quick.

The server has c cores, shared by all that are inside or given to those who came first, and a ceiling beyond which it
fails. Its service times scatter, and differ from what was predicted by kind of image, as those of real servers do.
`python -m bench.limiter_simulation` prints what the tests assert; `bench/plot_limiter.py` draws it.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console
from rich.table import Table

from engine.outbound.costs import Work
from engine.outbound.limiter import Limiter, LimiterSettings, Sample

NETWORK = 0.01  # seconds there and back
REFUSAL = 0.02  # seconds that a failing answer takes
TIMER = 0.001  # the shortest sleep
KINDS = (("jp2", 0.16, 0.16), ("jpeg", 0.36, 0.60))  # predicted and true cost: predictions err by kind
TRUE_MEAN = sum(true for _, _, true in KINDS) / len(KINDS)


class Limits(Protocol):
    """What a client asks its limiter."""

    limit: float

    def wait(self, in_flight: int, now: float) -> float: ...
    def sent(self, in_flight: int) -> float: ...
    def served(self, sample: Sample) -> None: ...
    def overloaded(self, sent: float, now: float) -> None: ...


class Fixed:
    """A limit that somebody set: what ours is measured against."""

    def __init__(self, limit: int) -> None:
        self.limit: float = limit

    def wait(self, in_flight: int, now: float) -> float:  # noqa: ARG002  # the limiter's signature
        return 0.0 if in_flight < self.limit else math.inf

    def sent(self, in_flight: int) -> float:
        return in_flight

    def served(self, sample: Sample) -> None: ...
    def overloaded(self, sent: float, now: float) -> None: ...


@dataclass(slots=True, eq=False)
class Client:
    """One engine with more work than the server can do."""

    limiter: Limits
    seed: int = 1
    starts: float = 0.0
    skew: float = 0.0  # its clock against the others'
    noise: float = 0.2  # scatter of service times, as a share
    slow: Mapping[int, float] = field(default_factory=dict)  # which request, counted from 1, costs so much
    in_flight: int = 0
    done: float = 0.0  # true cost
    finished: int = 0
    drawn: int = 0
    wakes: float | None = None
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def draw(self) -> tuple[Work, float]:
        """The next request, and what it will really cost."""
        kind, predicted, true = self.chance.choice(KINDS)
        self.drawn += 1
        if self.drawn in self.slow:
            return Work(kind, predicted), self.slow[self.drawn]
        return Work(kind, predicted), true * self.chance.lognormvariate(-(self.noise**2) / 2, self.noise)


@dataclass(slots=True, eq=False)
class Job:
    """One request inside the server."""

    client: Client
    work: Work
    true: float
    left: float
    sent: float
    level: float


@dataclass(slots=True)
class Server:
    """c cores, shared by all inside (as many threads do) or first come, first served."""

    cores: int
    shared: bool = True
    ceiling: float = math.inf
    speed: float = 1.0
    faults: float = 0.0  # share of requests that fail whatever the load
    jobs: list[Job] = field(default_factory=list)
    at: float = 0.0
    failed: int = 0
    area: float = 0.0  # in flight, integrated
    full: float = 0.0  # seconds at the ceiling

    def rate(self, place: int) -> float:
        """How fast the job in this place is worked on."""
        if self.shared:
            return min(1.0, self.cores / len(self.jobs)) * self.speed
        return self.speed if place < self.cores else 0.0

    def advance(self, now: float) -> None:
        """Works until now."""
        spent = now - self.at
        for place, job in enumerate(self.jobs):
            job.left -= self.rate(place) * spent
        self.area += len(self.jobs) * spent
        self.full += spent if len(self.jobs) >= self.ceiling else 0.0
        self.at = now

    def next_done(self) -> tuple[float, Job | None]:
        """When which job is done, if no other comes."""
        best: tuple[float, Job | None] = (math.inf, None)
        for place, job in enumerate(self.jobs):
            if rate := self.rate(place):
                best = min(best, (self.at + max(job.left, 0.0) / rate, job), key=lambda one: one[0])
        return best


class Simulation:
    """A server, its clients, and a queue of what happens next."""

    def __init__(self, server: Server, clients: Sequence[Client], seed: int = 0) -> None:
        self.server = server
        self.clients = clients
        self.now = 0.0
        self._chance = random.Random(seed)
        self._count = 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        for client in clients:
            self.at(client.starts, lambda client=client: self._send(client))  # type: ignore[misc]  # a bound default

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Something that happens at its time."""
        self._count += 1
        heapq.heappush(self._events, (when, self._count, what))

    def every(self, seconds: float, until: float, what: Callable[[], None]) -> None:
        """Something that happens again and again."""
        for step in range(int(until / seconds)):
            self.at(step * seconds, what)

    def run(self, until: float) -> None:
        """Lets time pass."""
        while True:
            done, job = self.server.next_done()
            event = self._events[0][0] if self._events else math.inf
            if min(done, event) >= until:
                self.server.advance(until)
                self.now = until
                return
            self.now = min(done, event)
            self.server.advance(self.now)
            if job is not None and done <= event:
                self.server.jobs.remove(job)
                self.at(self.now + NETWORK / 2, lambda job=job: self._answer(job, served=True))  # type: ignore[misc]  # a bound default
            else:
                heapq.heappop(self._events)[2]()

    def _send(self, client: Client) -> None:
        client.wakes = None
        while (pause := client.limiter.wait(client.in_flight, self.now + client.skew)) == 0:
            client.in_flight += 1
            level = client.limiter.sent(client.in_flight)
            work, true = client.draw()
            job = Job(client, work, true, true, self.now, level)
            self.at(self.now + NETWORK / 2, lambda job=job: self._arrive(job))  # type: ignore[misc]  # a bound default
        if math.isfinite(pause):
            client.wakes = wakes = self.now + max(pause, TIMER)
            self.at(wakes, lambda: self._send(client) if client.wakes == wakes else None)

    def _arrive(self, job: Job) -> None:
        if len(self.server.jobs) >= self.server.ceiling or self._chance.random() < self.server.faults:
            self.server.failed += 1
            self.at(self.now + REFUSAL, lambda: self._answer(job, served=False))
        else:
            self.server.jobs.append(job)

    def _answer(self, job: Job, *, served: bool) -> None:
        client = job.client
        client.in_flight -= 1
        sent, now = job.sent + client.skew, self.now + client.skew
        if served:
            client.done += job.true
            client.finished += 1
            client.limiter.served(Sample(job.work, sent, now, job.level))
        else:
            client.limiter.overloaded(sent, now)
        self._send(client)


@dataclass(frozen=True, slots=True)
class Result:
    """What a stretch of simulated time showed."""

    throughput: float  # of what the cores can do
    in_flight: float  # mean, over the cores
    failed: int
    full: float  # share of the time at the ceiling
    fairness: float  # Jain's index
    least: float  # the smallest share, over a fair one


def watch(simulation: Simulation, start: float, end: float) -> Result:
    """Runs until the end, and says what happened from the start."""
    simulation.run(start)
    server, clients = simulation.server, simulation.clients
    before = [client.done for client in clients]
    failed, area, full = server.failed, server.area, server.full
    simulation.run(end)
    done = [client.done - earlier for client, earlier in zip(clients, before, strict=True)]
    seconds = end - start
    return Result(
        sum(done) / seconds / server.cores,
        (server.area - area) / seconds / server.cores,
        server.failed - failed,
        (server.full - full) / seconds,
        sum(done) ** 2 / (len(done) * sum(one * one for one in done) or 1.0),
        min(done) * len(done) / (sum(done) or 1.0),
    )


def crowd(count: int, *, seed: int = 1, late: int = 0, late_at: float = 100.0, noise: float = 0.2) -> list[Client]:
    """Clients that start within seconds of each other, some of them later, with clocks that agree but roughly."""
    chance = random.Random(seed)
    return [
        Client(
            Limiter(LimiterSettings(), 0.0, random.Random(1000 * seed + one).random),
            seed=2000 * seed + one,
            starts=chance.random() * 5 + (late_at if one < late else 0.0),
            skew=chance.gauss(0.0, 0.02),
            noise=noise,
        )
        for one in range(count)
    ]


def best_fixed(cores: int, *, shared: bool, ceiling: float = math.inf, seconds: float = 120.0) -> float:
    """The throughput of the best limit that somebody could have set."""
    limits = {cores, cores + 1, cores + cores // 2, 2 * cores, int(min(ceiling, 2 * cores))}
    return max(
        watch(Simulation(Server(cores, shared, ceiling), [Client(Fixed(limit))]), 20, seconds).throughput
        for limit in limits
    )


def main() -> None:
    """Prints the figures of docs/thumbnails.md."""
    table = Table("server", "clients", "throughput", "in flight / cores", "failed", "at ceiling", "Jain", "least")
    for shared in (True, False):
        name = "shared" if shared else "in turn"
        for cores in (1, 2, 8, 40):
            result = watch(Simulation(Server(cores, shared), crowd(1)), 20, 200)
            best = best_fixed(cores, shared=shared)
            _row(table, f"{cores} cores, {name}", f"1 ({result.throughput / best:.2f} of the best fixed)", result)
        for count, cores, ceiling in ((10, 40, math.inf), (50, 2, 12)):
            simulation = Simulation(Server(cores, shared, ceiling), crowd(count, late=count // 5))
            _row(table, f"{cores} cores, {name}", f"{count}, late-comers included", watch(simulation, 180, 400))
        for faults in (0.03, 0.1, 0.2):
            result = watch(Simulation(Server(2, shared, faults=faults), crowd(1)), 20, 200)
            _row(table, f"2 cores, {name}, {faults:.0%} faults", "1", result)
    Console(width=140).print(table)


def _row(table: Table, server: str, clients: str, result: Result) -> None:
    table.add_row(
        server,
        clients,
        f"{result.throughput:.2f}",
        f"{result.in_flight:.2f}",
        str(result.failed),
        f"{result.full:.0%}",
        f"{result.fairness:.2f}",
        f"{result.least:.2f}",
    )


if __name__ == "__main__":
    main()
