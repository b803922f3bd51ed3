"""What the endpoint's JSON looks like: answers, runs and health, as programs read them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from engine.db.port import RunRecord
from engine.health import Checked
from engine.inbound.synchronous import Answer
from policies.reasons import CATALOGUE, Reason
from policies.redact import redact


def answer_body(answer: Answer) -> dict[str, Any]:
    """The body of every answer of POST /asset-ingest that is about an asset."""
    body: dict[str, Any] = {
        "asset": str(answer.asset),
        "outcome": answer.outcome,
        "reason": reason_body(answer.reason),
        "run": str(answer.run.id) if answer.run else None,
    }
    if answer.run:
        body |= {"seconds": dict(answer.run.details.steps), "thumbnailsBy": answer.run.details.thumbs_by}
    if answer.state:
        size = answer.state.size
        body |= {
            "width": size.width if size else None,
            "height": size.height if size else None,
            "mediaType": answer.state.media_type,
            "location": answer.state.location,
            "bytes": answer.state.bytes,
            "thumbnailBytes": answer.state.thumb_bytes,
            "thumbnails": thumbnails_body(answer.state.thumbs_json),
        }
    return body


def reason_body(reason: Reason | None) -> dict[str, str] | None:
    """Why, in words, and what to do."""
    if reason is None:
        return None
    return {"code": reason.code, "message": redact(reason.message), "remedy": reason.kind.remedy}


def thumbnails_body(sizes: str | None) -> list[dict[str, Any]]:
    """The thumbnails of an `s.json`, largest first."""
    read = json.loads(sizes) if sizes else {}
    every = [
        {"width": width, "height": height, "access": access}
        for key, access in (("o", "open"), ("a", "auth"))
        for width, height in read.get(key, ())
    ]
    return sorted(every, key=lambda thumb: -max(thumb["width"], thumb["height"]))


def run_body(run: RunRecord) -> dict[str, Any]:
    """The body of GET /runs/{id}, and of `sluice runs show --json`."""
    kind = CATALOGUE.get(run.reason_code or "")
    details = run.details
    return {
        "id": str(run.id),
        "asset": str(run.asset),
        "batch": run.batch,
        "source": str(run.source),
        "worker": run.worker,
        "attempt": run.attempt,
        "outcome": run.outcome or "running",
        "final": run.final,
        "reason": {
            "code": run.reason_code,
            "message": redact(run.reason or ""),
            "remedy": kind.remedy if kind else "",
        }
        if run.reason_code
        else None,
        "created": run.created.isoformat() if run.created else None,
        "claimed": run.claimed.isoformat(),
        "finished": run.finished.isoformat() if run.finished else None,
        "origin": redact(details.origin) if details.origin else None,
        "digest": details.digest,
        "bytes": details.bytes,
        "mediaType": details.media_type,
        "width": details.size.width if details.size else None,
        "height": details.size.height if details.size else None,
        "seconds": dict(details.steps),
        "thumbnailsBy": details.thumbs_by,
        "imageServer": {"requests": details.requests, "retries": details.retries, "waited": details.waited},
        "keys": list(run.keys),
    }


def health_body(checked: Sequence[Checked]) -> dict[str, Any]:
    """The body of GET /ready."""
    return {
        "ready": is_ready(checked),
        "checks": [
            {
                "name": check.name,
                "ok": check.ok,
                "needed": check.needed,
                "seconds": round(check.seconds, 4),
                "says": check.says,
                **({"remedy": check.remedy} if check.remedy else {}),
            }
            for check in checked
        ],
    }


def is_ready(checked: Sequence[Checked]) -> bool:
    """Whether everything is there that the engine cannot work without."""
    return all(check.ok for check in checked if check.needed)
