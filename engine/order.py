"""A request on its way in: what is asked, under which key, and where it came from. Queue and HTTP both make these."""

from __future__ import annotations

from dataclasses import dataclass

from engine.db.port import Source
from policies.request import IngestRequest


@dataclass(frozen=True, slots=True)
class Order:
    """One ingest to be done."""

    request: IngestRequest
    key: str  # the same for every delivery of one message
    source: Source
    priority: bool = False
    last_receive: bool = False  # the queue gives the message up if it comes back once more
    body: str = ""  # as received, for sending it again
