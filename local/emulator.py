"""S3, SQS and SNS on this machine: the emulator ministack as our child, its data on disk.

It lives in an environment of its own (.venv/emulator), for it wants other AWS libraries than the engine. Objects
are on disk as soon as a write is answered; queues and their messages are written when it ends in good order.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.child import Child, PartError, start
from local.ports import LOOPBACK, choose_port
from local.service import answers_200

REGION: Final = "eu-west-1"
ACCOUNT: Final = "000000000000"
KEY_ID: Final = "local"
SECRET: Final = "local-only"  # noqa: S105 - the emulator checks none; AWS libraries want one


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator, and how to reach it."""

    child: Child
    port: int

    @property
    def endpoint(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What AWS libraries read from the environment to talk to it and to nobody else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def options(self) -> dict[str, str]:
        """The same as keywords of `boto3.client` and `aioboto3.Session().client`."""
        return {
            "endpoint_url": self.endpoint,
            "region_name": REGION,
            "aws_access_key_id": KEY_ID,
            "aws_secret_access_key": SECRET,
        }

    def stop(self, patience: float = 20) -> None:
        """End it in good order, so that it writes queues and messages down."""
        self.child.stop(patience)


def _readdress(queues: Path, port: int) -> None:
    """Give kept queues their new address: they are known by it, and would be lost with their messages under another."""
    if queues.exists():
        queues.write_text(
            re.sub(
                rf"http://{re.escape(LOOPBACK)}:\d+/{ACCOUNT}/",
                f"http://{LOOPBACK}:{port}/{ACCOUNT}/",
                queues.read_text(),
            )
        )


def start_emulator(folder: Path, *, log: Path, port: int | None = None) -> Emulator:
    """Start it on the data in `folder`; returns when it answers."""
    program = Path(sys.prefix) / "emulator" / "bin" / "python"
    if not program.exists():
        raise PartError(f"the AWS emulator is missing ({program}). `make setup` puts it there.")
    chosen = choose_port("aws", port)
    objects, state = folder / "s3", folder / "state"
    objects.mkdir(parents=True, exist_ok=True)
    state.mkdir(parents=True, exist_ok=True)
    _readdress(state / "sqs.json", chosen)
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "TMPDIR": str(folder),  # where it notes its process id
        "PYTHONUNBUFFERED": "1",
        "GATEWAY_PORT": str(chosen),
        "BIND_HOST": LOOPBACK,
        "MINISTACK_HOST": LOOPBACK,  # in the queue URLs that it hands out
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "S3_DATA_DIR": str(objects),
        "S3_PERSIST": "1",
        "STATE_DIR": str(state),
        "PERSIST_STATE": "1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "DOCKER_HOST": f"unix://{folder}/no-docker",  # it would look for containers to tidy up
    }
    child = start("aws", [program, "-m", "ministack"], log=log, environment=environment, folder=folder)
    emulator = Emulator(child, chosen)
    try:
        child.wait_until(lambda: answers_200(f"{emulator.endpoint}/_ministack/ready"), patience=60)
    except BaseException:
        child.stop(5)
        raise
    return emulator
