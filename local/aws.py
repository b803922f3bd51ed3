"""The buckets, queues and topic that an engine needs, made in an emulated AWS; and clients to look into it.

Synchronous on purpose: it serves the supervisor, the demo's preparations and tests, never the engine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from local.emulator import REGION, Emulator

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_sqs.client import SQSClient

RECEIVES = 5  # how often a message may be received before it goes to the dead-letter queue
VISIBILITY = 180  # seconds a received message stays hidden unless its receiver says otherwise


@dataclass(frozen=True, slots=True)
class Aws:
    """An emulated AWS, and clients of what the engine uses of it."""

    emulator: Emulator
    s3: S3Client
    sqs: SQSClient
    sns: SNSClient

    @property
    def endpoint(self) -> str:
        return self.emulator.endpoint

    @property
    def options(self) -> dict[str, str]:
        """Keywords for `boto3.client` and `aioboto3.Session().client`."""
        return self.emulator.options

    @property
    def environment(self) -> dict[str, str]:
        """The variables that AWS libraries read."""
        return self.emulator.environment

    def make_bucket(self, name: str) -> str:
        """Make a bucket unless it is there, and return its name."""
        if name not in {each.get("Name") for each in self.s3.list_buckets()["Buckets"]}:
            self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return name

    def expire_transient(self, bucket: str) -> None:
        """Have what dying engines leave under transient/ expire, as in production."""
        rule = {"ID": "transient", "Status": "Enabled", "Filter": {"Prefix": "transient/"}, "Expiration": {"Days": 1}}
        self.s3.put_bucket_lifecycle_configuration(
            Bucket=bucket,
            LifecycleConfiguration={"Rules": [rule]},  # type: ignore[list-item] # a plain mapping
        )

    def make_queue(self, name: str, *, visibility: int = VISIBILITY, receives: int = RECEIVES) -> str:
        """Make a queue and its dead-letter queue (`{name}-dead`) unless they are there, and return its URL."""
        dead = self.sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": receives})
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        settings = {"VisibilityTimeout": str(visibility), "RedrivePolicy": redrive}
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes=settings)  # type: ignore[arg-type] # plain names
        return url

    def make_topic(self, name: str) -> str:
        """Make a topic unless it is there, and return its ARN."""
        return self.sns.create_topic(Name=name)["TopicArn"]


@contextmanager
def open_aws(emulator: Emulator) -> Iterator[Aws]:
    """Clients of a running emulator, closed afterwards."""
    config = Config(connect_timeout=5, read_timeout=60, retries={"max_attempts": 2})
    session = boto3.Session()
    with ExitStack() as stack:
        s3 = session.client("s3", config=config, **emulator.options)  # type: ignore[call-overload] # options as one
        stack.callback(s3.close)
        sqs = session.client("sqs", config=config, **emulator.options)  # type: ignore[call-overload] # the same
        stack.callback(sqs.close)
        sns = session.client("sns", config=config, **emulator.options)  # type: ignore[call-overload] # the same
        stack.callback(sns.close)
        yield Aws(emulator, s3, sqs, sns)
