"""The default of ENGINE_ORIGIN_REGEX: every S3 address form of our own origin bucket, and nothing else."""

from __future__ import annotations

import re

from policies.s3_address import HOST, REGION

NOWHERE = r"(?!)"
"""Matches no origin: what an engine without an origin bucket uses."""


def regex_of_bucket(bucket: str) -> str:
    """A pattern for all addresses of objects in the bucket."""
    name = re.escape(bucket)
    return (
        rf"^(?:s3://(?:{REGION}/)?{name}/"
        rf"|https?://{name}\.{HOST}/"
        rf"|https?://{HOST}/{name}/)"
    )
