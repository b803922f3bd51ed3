"""`make bench-origins`: fetching against the clients that everybody knows, and the memory that it takes.

Medians of five alternating runs, each client in a process of its own. Ours writes the file and takes its SHA-256; the
others only write it, so curl is also shown with a digest of what it writes, and a digest alone.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import aioboto3
from rich.console import Console
from rich.table import Table

from bench.origins_clients import Found, boto, curl, curl_and_digest, digest, make_place, make_settings, ours, sftp
from bench.origins_ground import GIB, KIB, MIB, make_file, missing, running_http, running_sshd
from origins.origins import Origins
from policies.outcome import IngestError
from policies.plan import StrategyKind
from policies.reasons import ORIGIN_HOST_BUSY

ROUNDS = 5
LEAST = 0.8
"""Of a rival's speed."""
FLAT = 10.0
"""Megabytes of memory that files of any size may differ by."""
SMALL, SLOTS = 1000, 32
Client = Callable[[], Found]


class Bench:
    """The folder that is worked in, and what is printed in the end."""

    def __init__(self, folder: Path, size: int, rounds: int) -> None:
        self.served, self.into = folder / "served", folder / "into"
        self.keys = folder / "keys"
        for made in (self.served, self.keys):
            made.mkdir()
        self.size = size
        self._rounds = rounds
        title = f"{size / GIB:.2f} GiB over loopback"
        self.speeds = Table("what", "client", "seconds", "MB/s", "ours to it", f"at least {LEAST}", title=title)
        self.memory = Table("what", "file", "peak memory, MB", "to 1 MiB", f"within {FLAT:g}", title="memory by size")

    def race(self, what: str, clients: dict[str, Client]) -> None:
        """The median seconds of each client: ours, its rivals, and what only explains."""
        took = {name: median(run["seconds"] for run in runs) for name, runs in self._alternate(clients).items()}
        for place, (name, seconds) in enumerate(took.items()):
            ratio = seconds / took["ours"]
            verdict = said(ratio >= LEAST) if place in {1, 2} else ""
            shown = f"{ratio:.2f}" if place else ""
            self.speeds.add_row(what, name, f"{seconds:.2f}", f"{self.size / seconds / 1e6:.0f}", shown, verdict)

    def weigh(self, what: str, sizes: dict[int, Client]) -> None:
        """The median of the most memory that a process which fetches one file ever has, by the file's size."""
        runs = self._alternate({str(size): client for size, client in sizes.items()})
        peaks = {int(size): median(run["peak"] for run in each) for size, each in runs.items()}
        for size, peak in peaks.items():
            more = peak - peaks[MIB]
            self.memory.add_row(what, human(size), f"{peak:.1f}", f"{more:+.1f}", said(abs(more) <= FLAT))

    def _alternate(self, clients: dict[str, Client]) -> dict[str, list[Found]]:
        """What each client found, run in turn; a first round warms up and is not counted."""
        found: dict[str, list[Found]] = {name: [] for name in clients}
        for round_ in range(self._rounds + 1):
            for name, client in clients.items():
                self.into.unlink(missing_ok=True)
                one = client()
                if round_:
                    found[name].append(one)
        return found


def said(met: bool) -> str:
    return "met" if met else "MISSED"


def human(size: int) -> str:
    return next(f"{size / unit:g} {name}" for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (1, "bytes")) if size >= unit)


def http(bench: Bench, sizes: list[int]) -> None:
    """curl; and every size of file."""

    def client(name: str) -> Client:
        return lambda: ours(StrategyKind.DEFAULT, f"http://127.0.0.1:{port}/{name}", bench.into)

    with running_http(bench.served) as port:
        uri = f"http://127.0.0.1:{port}/large"
        bench.race(
            "HTTP",
            {
                "ours": client("large"),
                "curl": lambda: curl(uri, bench.into),
                "curl | tee | openssl dgst": lambda: curl_and_digest(uri, bench.into),
                "openssl dgst, no transfer": lambda: digest(bench.served / "large"),
            },
        )
        for size in sizes:
            make_file(bench.served / str(size), size)
        bench.weigh("HTTP", {size: client(str(size)) for size in sizes})
        for size in sizes:
            (bench.served / str(size)).unlink()


def s3(bench: Bench) -> None:
    """boto3's own download, from a server that knows no more of S3 than GET needs, and is no bottleneck."""

    def client(name: str) -> Client:
        return lambda: ours(StrategyKind.S3, f"s3://bench/{name}", bench.into, endpoint=endpoint)

    with running_http(bench.served) as port:
        endpoint = f"http://127.0.0.1:{port}"
        rival = {"boto3": lambda: boto("bench", "large", bench.into, endpoint)}
        bench.race("S3", {"ours": client("large"), **rival})
        bench.weigh("S3", {MIB: client("small"), bench.size: client("large")})


def ssh(bench: Bench) -> None:
    """OpenSSH's client, from OpenSSH's server."""

    def client(name: str) -> Client:
        uri = f"sftp://127.0.0.1:{port}{bench.served / name}"
        return lambda: ours(StrategyKind.SFTP, uri, bench.into, key=key)

    with running_sshd(bench.keys) as (port, key):
        rival = {"OpenSSH's sftp": lambda: sftp(port, bench.served / "large", bench.into, key)}
        bench.race("SFTP", {"ours": client("large"), **rival})
        bench.weigh("SFTP", {MIB: client("small"), bench.size: client("large")})


async def many(bench: Bench, rounds: int, console: Console) -> None:
    """A thousand small files at once through the slots of one engine."""
    make_file(bench.served / "tiny", 20_000)
    slots, busy, took = asyncio.Semaphore(SLOTS), 0, []
    with running_http(bench.served) as port:
        place = make_place(StrategyKind.DEFAULT, f"http://127.0.0.1:{port}/tiny")
        async with Origins.open(make_settings(), aioboto3.Session()) as origins:

            async def one(n: int) -> None:
                nonlocal busy
                async with slots:
                    try:
                        await origins.fetch(place, bench.into.with_name(f"tiny-{n}"))
                    except IngestError as error:  # any other than Busy is what must not be
                        if error.reason.kind is not ORIGIN_HOST_BUSY:
                            raise
                        busy += 1

            for _ in range(rounds):
                began = time.perf_counter()
                await asyncio.gather(*(one(n) for n in range(SMALL)))
                took.append(time.perf_counter() - began)
    console.print(
        f"{SMALL} fetches of 20 kB at once through {SLOTS} slots, {rounds} times: {median(took):.2f} s,"
        f" {SMALL / median(took):.0f} a second, no error; {busy} of {rounds * SMALL} gave their slot back"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes, one round")
    asked = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 100)
    if lacking := missing():
        console.print(f"Please install {', '.join(lacking)}.")
        return 2
    size, rounds = (GIB // 10, 1) if asked.quick else (GIB, asked.rounds)
    with TemporaryDirectory(prefix="sluice-bench-") as name:
        bench = Bench(Path(name), size, rounds)
        make_file(bench.served / "large", size)
        make_file(bench.served / "small", MIB)
        http(bench, [10 * KIB, MIB, 64 * MIB, size, 4 * size, 10 * size])
        s3(bench)
        ssh(bench)
        console.print(bench.speeds)
        console.print(bench.memory)
        asyncio.run(many(bench, rounds, console))
    return 0


if __name__ == "__main__":
    sys.exit(main())
