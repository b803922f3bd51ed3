"""Columns that hold several things, read into the values of policies/facts.py."""

from __future__ import annotations

import json

from policies.facts import Channel, PolicyRow


def channels_of(text: str | None) -> tuple[Channel, ...]:
    """The delivery channels of an asset, each with its policy, in the order of their rows."""
    return tuple(Channel(name, PolicyRow(*policy)) for name, *policy in json.loads(text or "[]"))


def roles_of(text: str) -> tuple[str, ...]:
    """The roles of a comma-separated column."""
    return tuple(role for part in text.split(",") if (role := part.strip()))
