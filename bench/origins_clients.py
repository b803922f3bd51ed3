"""Who fetches in `bench.origins`: ours and its rivals, each in a process of its own, timed while it fetches.

Ours is timed around the fetch, as in an engine that runs already; the others as a person would start them, but for
boto3, which is timed around its download too.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from ipaddress import ip_network
from pathlib import Path

import aioboto3

from bench.origins_ground import USER
from bench.processes import peak_of
from origins.origins import Origins
from origins.port import OriginSettings
from policies.plan import Place, StrategyKind
from policies.request import AssetId

Found = dict[str, float]
SSH = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-q")
BOTO = """
import boto3, sys, time
bucket, key, into, endpoint = sys.argv[1:]
keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
s3 = boto3.client("s3", endpoint_url=endpoint, region_name="eu-west-1", **keys)
began = time.perf_counter()
s3.download_file(bucket, key, into)
print(time.perf_counter() - began)
"""


def make_place(kind: StrategyKind, uri: str, key: str = "") -> Place:
    """Where a file is, and with which private key one gets at it."""
    credentials = json.dumps({"user": USER, "privateKey": Path(key).read_text()}) if key else ""
    return Place(kind, uri, AssetId(1, 1, "bench"), credentials)


def make_settings(endpoint: str = "") -> OriginSettings:
    """An engine's own, but for where it may go."""
    return OriginSettings(
        allowed_networks=(ip_network("127.0.0.0/8"),), s3_endpoint=endpoint or None, s3_path_style=bool(endpoint)
    )


def ours(kind: StrategyKind, uri: str, into: Path, *, endpoint: str = "", key: str = "") -> Found:
    """The seconds of a fetch, and the most megabytes of memory of the process that did it."""
    asked = json.dumps([kind, uri, str(into), endpoint, key])
    done = subprocess.run(
        [sys.executable, "-m", "bench.origins_clients", asked], check=True, capture_output=True, text=True
    )
    found: Found = json.loads(done.stdout)
    return found


async def _fetch(kind: StrategyKind, uri: str, into: str, endpoint: str, key: str) -> Found:
    session = aioboto3.Session("bench", "bench", region_name="eu-west-1")
    async with Origins.open(make_settings(endpoint), session) as origins:
        place = make_place(kind, uri, key)
        began = time.perf_counter()
        await origins.fetch(place, Path(into))
        return {"seconds": time.perf_counter() - began, "peak": peak_of(os.getpid()) / 1e6}


def _asked(text: str) -> tuple[StrategyKind, str, str, str, str]:
    name, *rest = json.loads(text)
    return (next(kind for kind in StrategyKind if kind == name), *rest)


def curl(uri: str, into: Path) -> Found:
    """curl into a file."""
    return _timed("curl", "-sS", "-o", str(into), uri)


def curl_and_digest(uri: str, into: Path) -> Found:
    """The same with a SHA-256 on the way, as ours takes one."""
    return _timed("sh", "-c", f"curl -sS {uri} | tee {into} | openssl dgst -sha256")


def digest(path: Path) -> Found:
    """Only the SHA-256 of a file that is in memory: nobody who takes one can be quicker."""
    return _timed("openssl", "dgst", "-sha256", str(path))


def boto(bucket: str, name: str, into: Path, endpoint: str) -> Found:
    """The AWS client's own download."""
    command = [sys.executable, "-c", BOTO, bucket, name, str(into), endpoint]
    return {"seconds": float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)}


def sftp(port: int, path: Path, into: Path, key: str) -> Found:
    """OpenSSH's sftp."""
    return _timed("sftp", *SSH, "-i", key, "-P", str(port), f"{USER}@127.0.0.1:{path}", str(into))


def _timed(*command: str) -> Found:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return {"seconds": time.perf_counter() - began}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_fetch(*_asked(sys.argv[1])))))
