"""A queue's redrive policy: after how many receives a message goes where."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Redrive:
    """Where messages go that came too often."""

    dead_letter_queue: str  # its name
    max_receives: int


def read_redrive(policy: str | None) -> Redrive | None:
    """Reads the RedrivePolicy attribute; None when the queue has none."""
    if not policy:
        return None
    said = json.loads(policy)
    return Redrive(said["deadLetterTargetArn"].rsplit(":", 1)[-1], int(said["maxReceiveCount"]))
