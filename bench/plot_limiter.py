"""`make plot-limiter`: the limiter over time, drawn: docs/images/limiter.png.

Left, one engine and a server whose cores change from 2 to 8 to 1. Right, fifty engines that all start at once on two
cores, and ten more that come later. Simulated, seeded; `limiter_simulation` has the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.limiter_simulation import TRUE_MEAN, Client, Server, Simulation, crowd

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "limiter.png"
BLUE, ORANGE, GREY = "#2a6f97", "#d1603d", "#8a8a8a"


@dataclass(slots=True)
class Trace:
    """What was seen, step by step."""

    times: list[float] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)  # of all clients together
    throughput: list[float] = field(default_factory=list)  # images a second
    latency: list[float] = field(default_factory=list)  # seconds inside, by Little's law
    cores: list[int] = field(default_factory=list)


def trace(server: Server, clients: Sequence[Client], changes: dict[float, int], end: float, step: float) -> Trace:
    """Runs the simulation, and looks at it every few seconds."""
    simulation, seen = Simulation(server, clients), Trace()
    while simulation.now < end:
        done, area = sum(client.done for client in clients), server.area
        server.cores = changes.get(simulation.now, server.cores)
        simulation.run(simulation.now + step)
        rate = (sum(client.done for client in clients) - done) / TRUE_MEAN / step
        seen.times.append(simulation.now)
        seen.limits.append(sum(client.limiter.limit for client in clients if client.starts <= simulation.now))
        seen.throughput.append(rate)
        seen.latency.append((server.area - area) / step / rate if rate else 0.0)
        seen.cores.append(server.cores)
    return seen


def draw(axes: Sequence[Axes], seen: Trace, title: str, ceiling: float | None = None) -> None:
    """One column: limit, throughput, latency."""
    limit, throughput, latency = axes
    limit.set_title(title, loc="left", fontsize=10)
    limit.step(seen.times, seen.cores, color=GREY, linestyle="--", label="the server's cores")
    limit.plot(seen.times, seen.limits, color=BLUE, label="limit, all engines")
    if ceiling:
        limit.axhline(ceiling, color=ORANGE, linestyle=":", label="here it fails")
    limit.set_ylabel("requests in flight")
    limit.legend(frameon=False, fontsize=8, loc="upper right")
    most = [cores / TRUE_MEAN for cores in seen.cores]
    throughput.step(seen.times, most, color=GREY, linestyle="--", label="what the cores can do")
    throughput.plot(seen.times, seen.throughput, color=BLUE, label="done")
    throughput.set_ylabel("images a second")
    throughput.legend(frameon=False, fontsize=8, loc="upper right")
    latency.axhline(TRUE_MEAN, color=GREY, linestyle="--", label="alone")
    latency.plot(seen.times, seen.latency, color=BLUE, label="a request")
    latency.set_ylabel("seconds")
    latency.set_xlabel("seconds since the start; calm moments every 20")
    latency.legend(frameon=False, fontsize=8, loc="upper right")


def main() -> None:
    """Draws the picture of docs/thumbnails.md."""
    mpl.use("Agg")
    figure = Figure(figsize=(11, 7.5), layout="constrained")
    columns = figure.subplots(3, 2, sharex="col")
    one = trace(Server(2), crowd(1), {100.0: 8, 200.0: 1}, 300, 2)
    draw(columns[:, 0], one, "One engine; the server has 2 cores, then 8, then 1")
    many = trace(Server(2, ceiling=12), crowd(60, late=10, late_at=200), {}, 400, 8)
    draw(columns[:, 1], many, "50 engines start at once on 2 cores, 10 more after 200 s", ceiling=12)
    for axes in columns.flat:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.2)
        axes.set_ylim(0, 1.3 * axes.get_ylim()[1])  # room for the legend
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
