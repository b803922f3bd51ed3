"""The form of every request that an ingest would make of an origin, the processor and the image server."""

from __future__ import annotations

import json
from urllib.parse import quote

from images.recipe import kdu_name
from policies.explanation import RequestLine
from policies.facts import Rules
from policies.plan import Fetch, IngestPlan, read_in_place
from policies.redact import redact
from policies.s3_address import write_s3
from policies.thumbs import Asked, ThumbPlan

RUN = "{run}"
"""Stands for the id of a run, which there is none of."""


def requests_of(plan: IngestPlan, thumbs: ThumbPlan, rules: Rules, *, by_processor: bool) -> tuple[RequestLine, ...]:
    """Every request, in the order of asking."""
    lines = [RequestLine("origin", _origin(plan))] if plan.fetch is not Fetch.NOTHING else []
    derivatives_only = by_processor and plan.image_work and plan.recipe is None
    if plan.recipe is not None or derivatives_only:
        lines.append(RequestLine("processor", _processor(plan, thumbs, by_processor=by_processor)))
    if not by_processor:
        lines += [RequestLine("image server", _rendering(plan, asked, rules)) for asked in thumbs.asked]
    return tuple(lines)


def _origin(plan: IngestPlan) -> str:
    address = redact(plan.place.uri)
    if plan.fetch is Fetch.COPY:
        return f"CopyObject {address}"
    ranged = " with Range, a few kilobytes" if plan.fetch is Fetch.HEADER else ""
    return plan.place.kind.request.format(address) + ranged


def _processor(plan: IngestPlan, thumbs: ThumbPlan, *, by_processor: bool) -> str:
    operation = "derivatives-only" if plan.recipe is None else "ingest" if by_processor else "image-only"
    body: dict[str, object] = {"imageId": plan.place.asset.asset, "operation": operation}
    body["optimisation"] = "kdu_max" if plan.recipe is None else kdu_name(plan.recipe)
    if by_processor:
        body["thumbIIIFSizes"] = [f"^{thumb.size}" if thumb.enlarged else str(thumb.size) for thumb in thumbs.thumbs]
    if plan.recipe is not None:
        body["recipe"] = plan.recipe.to_json()
    return f"POST /convert {json.dumps(body)}"


def _rendering(plan: IngestPlan, asked: Asked, rules: Rules) -> str:
    """One request for a thumbnail, as contracts spell identifiers."""
    in_place = plan.place.s3.plain if plan.place.s3 and read_in_place(plan) else None
    source = in_place or write_s3(rules.storage_bucket, f"transient/{RUN}")
    return f"GET /iiif/3/{quote(source, safe=':{}')}/full/{asked.form}/0/default.jpg"
