"""The description of the endpoint that GET /openapi.json gives; a test holds the endpoint to it."""

from __future__ import annotations

from typing import Any

from policies.reasons import CATALOGUE

Schema = dict[str, Any]


def openapi(*, secured: bool) -> Schema:
    """The OpenAPI 3.1 document."""
    document: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": "Sluice",
            "version": "1",
            "description": "Ingests one asset while the caller waits, and tells what happened.",
        },
        "paths": {
            "/asset-ingest": {"post": _ingest()},
            "/runs/{id}": {"get": _run()},
            "/health": {"get": _get("This process lives; says nothing of its neighbours.", "Health", 200)},
            "/ready": {"get": _ready()},
            "/metrics": {"get": _metrics()},
            "/openapi.json": {"get": _get("This document.", "Anything", 200)},
            "/av/allowed": {"get": _get("Always empty: audio and video are not our work.", "Nothing", 200)},
            "/av/presets": {"get": _get("Always empty, likewise.", "NoPresets", 200)},
        },
        "components": {"schemas": _schemas()},
    }
    if secured:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path, operations in document["paths"].items():
            if path not in {"/health", "/ready"}:
                for operation in operations.values():
                    operation["security"] = [{"token": []}]
                    operation["responses"]["401"] = _json("The bearer token is missing or wrong.", "Problem")
    return document


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(description: str, schema: str, headers: Schema | None = None) -> Schema:
    answer: Schema = {"description": description, "content": {"application/json": {"schema": _ref(schema)}}}
    return answer | ({"headers": headers} if headers else {})


def _get(summary: str, schema: str, *statuses: int) -> Schema:
    return {"summary": summary, "responses": {str(status): _json(summary, schema) for status in statuses}}


LATER: Schema = {"Retry-After": {"schema": {"type": "integer", "minimum": 0}, "description": "Seconds."}}


def _ingest() -> Schema:
    return {
        "summary": "Ingest one asset; answers when it is done.",
        "description": "An equal request joins the running one. Hanging up cancels nothing. Any Content-Type is taken.",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref("IngestRequest")}},
        },
        "responses": {
            "200": _json("Ingested: everything stored and recorded.", "Answer"),
            "400": _json("The body names no asset.", "Unreadable"),
            "404": _json("There is no such asset.", "Answer"),
            "408": _json("The body did not come in time.", "Problem"),
            "409": _json("The asset was ingested from a newer request since.", "Answer"),
            "413": _json("The body is too large.", "Problem"),
            "422": _json("Refused: the asset, or a policy of it.", "Answer"),
            "502": _json("Refused: the origin.", "Answer"),
            "503": _json("Not now: ask again after the time given.", "Answer", LATER),
            "507": _json("Refused: over quota.", "Answer"),
        },
    }


def _run() -> Schema:
    return {
        "summary": "What happened in one run.",
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}],
        "responses": {
            "200": _json("The run.", "Run"),
            "404": _json("There is no such run.", "Problem"),
            "503": _json("The database does not answer.", "Problem", LATER),
        },
    }


def _ready() -> Schema:
    operation = _get("Every dependency by name, with its latency and what it says.", "Readiness", 200, 503)
    write = {"type": "string", "enum": ["0", "1"]}
    summary = "1: leave a probe object in the buckets, read it, and remove it."
    operation["parameters"] = [{"name": "write", "in": "query", "schema": write, "description": summary}]
    operation["responses"]["400"] = _json("`write` is neither 0 nor 1.", "Problem")
    return operation


def _metrics() -> Schema:
    return {
        "summary": "Metrics in Prometheus' text form.",
        "responses": {"200": {"description": "Metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
    }


def _object(required: list[str] | None = None, **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": required or list(properties)}


def _maybe(kind: str) -> Schema:
    return {"type": [kind, "null"]}


TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
SECONDS: Schema = {"type": "object", "additionalProperties": {"type": "number"}, "description": "By step."}


def _schemas() -> Schema:
    reason = _object(code={"type": "string", "enum": sorted(CATALOGUE)}, message=TEXT, remedy=TEXT)
    maybe_reason = {"oneOf": [_ref("Reason"), {"type": "null"}]}
    outcomes = ["ingested", "refused", "retry", "busy", "superseded", "abandoned", "running", "redelivered"]
    outcome = {"type": "string", "enum": outcomes}
    return {
        "IngestRequest": _request(),
        "Reason": reason,
        "Unreadable": _object(outcome={"const": "unreadable"}, reason=_ref("Reason")),
        "Problem": _object(detail=TEXT),
        "Health": _object(status={"const": "alive"}),
        "Nothing": {"type": "array", "maxItems": 0},
        "NoPresets": {"type": "object", "maxProperties": 0},
        "Anything": {"type": "object"},
        "Readiness": _object(
            ready=FLAG,
            checks={
                "type": "array",
                "items": _object(
                    ["name", "ok", "needed", "seconds", "says"],
                    name=TEXT,
                    ok=FLAG,
                    needed=FLAG,
                    seconds={"type": "number"},
                    says=TEXT,
                    remedy=TEXT,
                ),
            },
        ),
        "Answer": _object(
            ["asset", "outcome", "reason", "run"],
            asset=TEXT,
            outcome=outcome,
            reason=maybe_reason,
            run={"type": ["string", "null"], "format": "uuid"},
            seconds=SECONDS,
            thumbnailsBy=_maybe("string"),
            width=_maybe("integer"),
            height=_maybe("integer"),
            mediaType=_maybe("string"),
            location=_maybe("string"),
            bytes=_maybe("integer"),
            thumbnailBytes=_maybe("integer"),
            thumbnails={
                "type": "array",
                "items": _object(width=WHOLE, height=WHOLE, access={"type": "string", "enum": ["open", "auth"]}),
            },
        ),
        "Run": _object(
            id={"type": "string", "format": "uuid"},
            asset=TEXT,
            batch=_maybe("integer"),
            source=TEXT,
            worker=TEXT,
            attempt=WHOLE,
            outcome=outcome,
            final=FLAG,
            reason=maybe_reason,
            created=_maybe("string"),
            claimed=TEXT,
            finished=_maybe("string"),
            origin=_maybe("string"),
            digest=_maybe("string"),
            bytes=_maybe("integer"),
            mediaType=_maybe("string"),
            width=_maybe("integer"),
            height=_maybe("integer"),
            seconds=SECONDS,
            thumbnailsBy=_maybe("string"),
            imageServer=_object(requests=WHOLE, retries=WHOLE, waited={"type": "number"}),
            keys={"type": "array", "items": TEXT},
        ),
    }


NUMBER: Schema = {
    "oneOf": [{"type": "integer", "minimum": 0, "maximum": 2147483647}, {"type": "string", "pattern": "^[0-9]{1,9}$"}]
}
SIGNED: Schema = {"oneOf": [{"type": "integer", "minimum": -1, "maximum": 2147483647}, {"type": "null"}]}
PART: Schema = {"type": "string", "pattern": "^[^/\\u0000]+$", "maxLength": 190}
WHOLE_ID: Schema = {"type": "string", "pattern": "^[0-9]{1,9}/[0-9]{1,9}/[^/\\u0000]{1,190}$"}
DATE: Schema = {
    "type": ["string", "null"],
    "pattern": "^2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$",
    "description": "A date and time.",
}


def _request() -> Schema:
    always: dict[str, Schema] = {"created": DATE, "batchId": SIGNED}
    id_object = _object(customer=NUMBER, space=NUMBER, asset=PART)
    short = _object(["id"], id={"oneOf": [WHOLE_ID, id_object]}, origin={"type": "null"}, **always)
    full = _object(
        ["id", "customer", "space", "origin"],
        id=PART,
        customer=NUMBER,
        space=NUMBER,
        origin={"type": "string", "pattern": "^[!-~]+$", "maxLength": 1000},
        imageOptimisationPolicy=_maybe("string"),
        thumbnailPolicy=_maybe("string"),
        deliveryChannels={"type": ["array", "null"], "items": TEXT},
        mediaType=_maybe("string"),
        maxUnauthorised=SIGNED,
        roles={"type": ["array", "null"], "items": TEXT},
        **always,
    )
    return {
        "description": "The DLCS's message; or, with an origin, the full form. Either may come wrapped by SNS. Names "
        "match whatever their case; whole numbers may be strings; what is not named here is ignored.",
        "anyOf": [short, full],
    }
