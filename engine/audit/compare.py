"""Rows and listings in, discrepancies out. Pure; knows neither the database nor S3."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.db.port import AssetState
from policies.facts import Rules
from policies.keys import sizes_key, thumb_prefixes
from policies.tidy import Needed, Recorded, needed, stale

Place = tuple[str, str]
"""Bucket and key."""


class Repair(StrEnum):
    """What would put a discrepancy right."""

    TIDY = "tidy"  # safe: delete what no row needs
    SIZES = "sizes"  # safe: write s.json as the rows have it
    INGEST = "ingest"  # a new ingest, if asked for
    RECOUNT = "recount"  # safe: count a batch or a customer's total anew
    NONE = "by hand"


SAFE = {Repair.TIDY, Repair.SIZES, Repair.RECOUNT}


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One thing on which rows and buckets disagree."""

    about: str  # an asset, a batch, a customer
    problem: str  # a word for counting: missing, stale, another-run, bytes, sizes, totals, batch, leftover
    says: str
    repair: Repair = Repair.NONE


@dataclass(frozen=True, slots=True)
class Seen:
    """One object as the bucket has it."""

    size: int
    run: str | None = None  # its metadata; None: not asked, or not one of ours


def needs(state: AssetState, rules: Rules) -> Needed:
    """What the rows of an asset say must be there."""
    return needed(
        Recorded(
            asset=state.id,
            location=state.location,
            thumbs_json=state.thumbs_json,
            keys=state.keys,
            exists=state.exists,
        ),
        rules,
    )


def compare(
    state: AssetState, must: Needed, seen: Mapping[Place, Seen], sizes: str | None, rules: Rules
) -> Iterator[Discrepancy]:
    """Everything on which the rows of one asset and its objects disagree; `sizes` is its s.json as stored."""
    about = str(state.id)
    for bucket, key in sorted(must.objects - seen.keys()):
        repair = Repair.SIZES if _only_sizes_missing(state, key, must, seen) else Repair.INGEST
        yield Discrepancy(about, "missing", f"s3://{bucket}/{key} is not there", repair)
    for one in stale(must, state.id, seen, rules):
        if one.certain or seen[one.bucket, one.key].run is not None:
            yield Discrepancy(about, "stale", f"s3://{one.bucket}/{one.key} is needed by no row", Repair.TIDY)
    yield from _of_another_run(state, must, seen)
    if sizes is not None and state.thumbs_json is not None and _read(sizes) != _read(state.thumbs_json):
        says = f"s.json says {sizes[:120]}, the row says {state.thumbs_json[:120]}"
        yield Discrepancy(about, "sizes", says, Repair.SIZES)
    yield from _bytes(state, must, seen, rules)


def _only_sizes_missing(state: AssetState, key: str, must: Needed, seen: Mapping[Place, Seen]) -> bool:
    return key == sizes_key(state.id) and len(must.objects - seen.keys()) == 1


def _of_another_run(state: AssetState, must: Needed, seen: Mapping[Place, Seen]) -> Iterator[Discrepancy]:
    if state.run is None:
        return
    for place in sorted(must.objects & seen.keys()):
        by = seen[place].run
        if by is not None and by != str(state.run):
            says = f"s3://{place[0]}/{place[1]} was stored by run {by}, the rows are of run {state.run}"
            yield Discrepancy(str(state.id), "another-run", says, Repair.INGEST)


def _bytes(state: AssetState, must: Needed, seen: Mapping[Place, Seen], rules: Rules) -> Iterator[Discrepancy]:
    """Whether ImageStorage says what the objects weigh; only for results of ours, whose objects are all known."""
    if state.keys is None or not must.objects <= seen.keys():
        return
    thumbs = thumb_prefixes(state.id)
    weighed = {
        "Size": sum(seen[place].size for place in must.objects if place[0] == rules.storage_bucket),
        "ThumbnailSize": sum(
            seen[place].size
            for place in must.objects
            if place[0] == rules.thumbs_bucket and place[1].startswith(thumbs)
        ),
    }
    for column, said in (("Size", state.bytes), ("ThumbnailSize", state.thumb_bytes)):
        if said is not None and said != weighed[column]:
            says = f"ImageStorage.{column} is {said}, the objects weigh {weighed[column]}"
            yield Discrepancy(str(state.id), "bytes", says, Repair.INGEST)


def _read(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
