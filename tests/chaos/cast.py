"""The assets of a chaos run: what each origin is like, and so what each asset deserves. Pure, from a seed."""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from PIL import Image

from policies.request import AssetId

CUSTOMERS = (7, 8)
WIDTH, HEIGHT = 320, 240


class Nature(StrEnum):
    """What an origin does."""

    GOOD = "good"
    FLAKY = "flaky"  # fails once or twice, then is good
    MISSING = "missing"
    TEXT = "text"
    BROKEN = "broken"  # half a picture
    POISON = "poison"  # whoever fetches it dies


DESERVED = {
    Nature.GOOD: "",
    Nature.FLAKY: "",
    Nature.MISSING: "origin-not-found",
    Nature.TEXT: "not-an-image",
    Nature.BROKEN: "processor-refused",
    Nature.POISON: "suspect-condemned",
}
"""The code of the reason that each ends with; empty: it is ingested."""


@dataclass(frozen=True, slots=True)
class Member:
    """One asset."""

    asset: AssetId
    batch: int  # a number of ours, not the database's
    nature: Nature
    shade: int
    channels: tuple[tuple[str, str], ...]

    @property
    def file(self) -> str:
        return f"{self.asset.customer}-{self.asset.asset}"


MIXES = (
    (("iiif-img", "default"), ("thumbs", "default")),
    (("iiif-img", "use-original"), ("thumbs", "default")),
    (("file", "none"), ("iiif-img", "default")),
    (("thumbs", "default"),),
)


def make_cast(seed: int, assets: int, batches: int, *, poison: int, flaky: bool) -> tuple[Member, ...]:
    """So many assets in so many batches; one in ten has an origin that deserves an error."""
    chance = Random(f"cast {seed}")
    natures = [Nature.POISON] * poison
    while len(natures) < assets:
        bad = chance.random() < 0.1
        pool = (Nature.MISSING, Nature.TEXT, Nature.BROKEN) if bad else (Nature.GOOD,) * 12 + (Nature.FLAKY,) * flaky
        natures.append(chance.choice(pool))
    chance.shuffle(natures)
    return tuple(
        Member(
            asset=AssetId(CUSTOMERS[number % batches % len(CUSTOMERS)], 1 + number % 3, f"page-{number:05}"),
            batch=number % batches,
            nature=nature,
            shade=chance.randrange(20, 236),
            channels=MIXES[0] if nature is Nature.BROKEN else chance.choice(MIXES),
        )
        for number, nature in enumerate(natures)
    )


def picture(member: Member) -> bytes:
    """The picture of an asset: an even shade of its own, so that a stranger's picture is recognised."""
    out = io.BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT), (member.shade,) * 3).save(out, "PNG" if member.shade % 2 else "TIFF")
    return out.getvalue()


def body_of(member: Member) -> bytes | int:
    """What its origin answers: bytes, or a status."""
    match member.nature:
        case Nature.MISSING:
            return 404
        case Nature.TEXT:
            return b"<!doctype html><title>Please log in</title>"
        case Nature.BROKEN:
            whole = picture(member)
            return whole[: len(whole) // 2]
        case _:
            return picture(member)
