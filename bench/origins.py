"""`make bench-origins`: fetching against the clients that everybody knows, and the memory that it takes.

Median of five alternating runs, each client in a process of its own. Ours writes the file and takes its SHA-256; the
others only write it, so curl is also shown with sha256sum reading what it writes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import aioboto3
import boto3
from rich.console import Console
from rich.table import Table

from bench.origins_ground import MIB, PASSWORD, USER, make_file, make_key, running
from local.emulator import start_emulator
from origins.origins import Origins
from origins.port import OriginSettings
from policies.outcome import IngestError
from policies.plan import Place, StrategyKind
from policies.reasons import ORIGIN_HOST_BUSY
from policies.request import AssetId

GIB = 1024 * MIB
ROUNDS = 5
SMALL, SLOTS = 1000, 32
SSH = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-q")
Client = Callable[[], float]


def place(kind: StrategyKind, uri: str) -> Place:
    credentials = json.dumps({"user": USER, "password": PASSWORD}) if kind is StrategyKind.SFTP else ""
    return Place(kind, uri, AssetId(1, 1, "bench"), credentials)


def make_settings(endpoint: str = "") -> OriginSettings:
    return OriginSettings(
        allowed_networks=(ip_network("127.0.0.0/8"),), s3_endpoint=endpoint or None, s3_path_style=bool(endpoint)
    )


async def fetch(kind: StrategyKind, uri: str, into: Path, endpoint: str) -> dict[str, float]:
    """One fetch of ours: its seconds and the most memory that this process ever had."""
    session = aioboto3.Session("bench", "bench", region_name="eu-west-1")
    async with Origins.open(make_settings(endpoint), session) as origins:
        began = time.perf_counter()
        await origins.fetch(place(kind, uri), into)
        took = time.perf_counter() - began
    return {"seconds": took, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def ours(kind: StrategyKind, uri: str, into: Path, endpoint: str = "") -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "bench.origins", "--fetch", kind, uri, str(into), endpoint]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def timed(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def boto(bucket: str, key: str, into: Path, endpoint: str) -> float:
    """The AWS client's own download, timed inside a process of its own."""
    code = (
        "import boto3, sys, time; b, k, p, e = sys.argv[1:]\n"
        "keys = {'aws_access_key_id': 'x', 'aws_secret_access_key': 'x'}\n"
        "s3 = boto3.client('s3', endpoint_url=e, region_name='eu-west-1', **keys)\n"
        "t = time.perf_counter(); s3.download_file(b, k, p); print(time.perf_counter() - t)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, bucket, key, str(into), endpoint], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def alternate(clients: dict[str, Client], into: Path, rounds: int) -> dict[str, float]:
    """The median seconds of each client, run in turn; a first round warms up and is not counted."""
    took: dict[str, list[float]] = {name: [] for name in clients}
    for round_ in range(rounds + 1):
        for name, client in clients.items():
            into.unlink(missing_ok=True)
            seconds = client()
            if round_:
                took[name].append(seconds)
    return {name: median(every) for name, every in took.items()}


def speeds(folder: Path, size: int, rounds: int, console: Console) -> None:
    """Each strategy beside its rivals."""
    served, into = folder / "served", folder / "into"
    served.mkdir()
    make_file(served / "large", size)
    key = make_key(served)
    table = Table("what", "client", "seconds", "MB/s", "ours to it", title=f"{size / GIB:.2f} GiB over loopback")
    with running("http", served) as port:
        uri = f"http://127.0.0.1:{port}/large"
        curl = ("curl", "-sS", "-o", str(into), uri)
        digesting = f"curl -sS {uri} | tee {into} | sha256sum"
        clients: dict[str, Client] = {
            "ours": lambda: ours(StrategyKind.DEFAULT, uri, into)["seconds"],
            "curl": lambda: timed(*curl),
            "curl and sha256sum": lambda: timed("sh", "-c", digesting),
        }
        add(table, "HTTP", size, alternate(clients, into, rounds))
    emulator = start_emulator(folder / "aws", log=folder / "aws.log")
    try:
        s3 = boto3.client("s3", **emulator.options)  # type: ignore[call-overload] # options as one
        s3.create_bucket(Bucket="bench", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.upload_file(str(served / "large"), "bench", "large")
        clients = {
            "ours": lambda: ours(StrategyKind.S3, "s3://bench/large", into, emulator.endpoint)["seconds"],
            "boto3": lambda: boto("bench", "large", into, emulator.endpoint),
        }
        add(table, "S3", size, alternate(clients, into, rounds))
    finally:
        emulator.stop()
    with running("sftp", served) as port:
        uri = f"sftp://127.0.0.1:{port}/large"
        sftp = ("sftp", *SSH, "-i", str(key), "-P", str(port), f"{USER}@127.0.0.1:/large", str(into))
        clients = {
            "ours": lambda: ours(StrategyKind.SFTP, uri, into)["seconds"],
            "OpenSSH's sftp": lambda: timed(*sftp),
        }
        add(table, "SFTP", size, alternate(clients, into, rounds))
    console.print(table)


def add(table: Table, what: str, size: int, took: dict[str, float]) -> None:
    for name, seconds in took.items():
        ratio = "" if name == "ours" else f"{seconds / took['ours']:.2f}"
        table.add_row(what, name, f"{seconds:.2f}", f"{size / seconds / 1e6:.0f}", ratio)


def memory(folder: Path, sizes: list[int], console: Console) -> None:
    """The most memory that a process which fetches one file ever has, by the file's size."""
    served, into = folder / "sizes", folder / "into"
    served.mkdir()
    table = Table("file", "peak memory, MB", title="HTTP: memory by size")
    with running("http", served) as port:
        for size in sizes:
            make_file(served / "x", size)
            into.unlink(missing_ok=True)
            peak = ours(StrategyKind.DEFAULT, f"http://127.0.0.1:{port}/x", into)["peak"]
            table.add_row(f"{size / MIB:,.0f} MiB", f"{peak:.1f}")
    console.print(table)


async def many(folder: Path, console: Console) -> None:
    """A thousand small files at once through the slots of one engine."""
    served = folder / "small"
    served.mkdir()
    make_file(served / "x", 20_000)
    slots, busy = asyncio.Semaphore(SLOTS), 0
    with running("http", served) as port:
        async with Origins.open(make_settings(), aioboto3.Session()) as origins:

            async def one(n: int) -> None:
                nonlocal busy
                async with slots:
                    try:
                        await origins.fetch(
                            place(StrategyKind.DEFAULT, f"http://127.0.0.1:{port}/x"), folder / f"small-{n}"
                        )
                    except IngestError as error:
                        if error.reason.kind is not ORIGIN_HOST_BUSY:
                            raise
                        busy += 1

            began = time.perf_counter()
            await asyncio.gather(*(one(n) for n in range(SMALL)))
            took = time.perf_counter() - began
    console.print(
        f"{SMALL} fetches of 20 kB through {SLOTS} slots: {took:.2f} s, {SMALL / took:.0f} a second,"
        f" {busy} gave their slot back, no error"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes")
    parser.add_argument("--fetch", nargs=4, metavar=("KIND", "URI", "INTO", "ENDPOINT"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.fetch:
        kind, uri, into, endpoint = asked.fetch
        print(json.dumps(asyncio.run(fetch(StrategyKind(kind), uri, Path(into), endpoint))))
        return
    size = GIB // 10 if asked.quick else GIB
    console = Console(width=None if sys.stdout.isatty() else 100)
    with TemporaryDirectory(prefix="sluice-bench-") as name:
        folder = Path(name)
        speeds(folder, size, asked.rounds, console)
        memory(folder, [MIB, 64 * MIB, size, 4 * size], console)
        asyncio.run(many(folder, console))


if __name__ == "__main__":
    main()
