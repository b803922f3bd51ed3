"""What S3's answers mean for an ingest. Pure but for reading botocore's exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

from policies.outcome import IngestError
from policies.reasons import (
    CREDENTIALS_UNREADABLE,
    ORIGIN_ADDRESS_UNUSABLE,
    ORIGIN_ARCHIVED,
    ORIGIN_CHANGED,
    ORIGIN_DENIED,
    ORIGIN_INTERRUPTED,
    ORIGIN_NO_BUCKET,
    ORIGIN_NOT_FOUND,
    ORIGIN_RATE_LIMITED,
    ORIGIN_REJECTED,
    ORIGIN_SERVER_ERROR,
    ORIGIN_UNAUTHORISED,
    ORIGIN_UNREACHABLE,
    ORIGIN_WRONG_REGION,
    STORAGE_AWAY,
    STORAGE_DENIED,
    Kind,
)

CODES: dict[str, Kind] = {
    "NoSuchKey": ORIGIN_NOT_FOUND,
    "NoSuchVersion": ORIGIN_NOT_FOUND,
    "MethodNotAllowed": ORIGIN_NOT_FOUND,  # the version is a delete marker
    "NoSuchBucket": ORIGIN_NO_BUCKET,
    "InvalidBucketName": ORIGIN_NO_BUCKET,
    "AccessDenied": ORIGIN_DENIED,
    "AllAccessDisabled": ORIGIN_DENIED,
    "InvalidAccessKeyId": ORIGIN_UNAUTHORISED,
    "SignatureDoesNotMatch": ORIGIN_UNAUTHORISED,
    "ExpiredToken": ORIGIN_UNAUTHORISED,
    "InvalidToken": ORIGIN_UNAUTHORISED,
    "PermanentRedirect": ORIGIN_WRONG_REGION,
    "AuthorizationHeaderMalformed": ORIGIN_WRONG_REGION,
    "IllegalLocationConstraintException": ORIGIN_WRONG_REGION,
    "InvalidObjectState": ORIGIN_ARCHIVED,
    "PreconditionFailed": ORIGIN_CHANGED,
    "SlowDown": ORIGIN_RATE_LIMITED,
    "RequestTimeTooSkewed": ORIGIN_SERVER_ERROR,
    "RequestTimeout": ORIGIN_INTERRUPTED,
}
STATUSES: dict[int, Kind] = {
    401: ORIGIN_UNAUTHORISED,
    403: ORIGIN_DENIED,
    404: ORIGIN_NOT_FOUND,
    412: ORIGIN_CHANGED,
    429: ORIGIN_RATE_LIMITED,
    503: ORIGIN_RATE_LIMITED,
}
OUR_FAULT: dict[Kind, Kind] = {
    ORIGIN_DENIED: STORAGE_DENIED,
    ORIGIN_NO_BUCKET: STORAGE_DENIED,
    ORIGIN_INTERRUPTED: STORAGE_AWAY,
    ORIGIN_RATE_LIMITED: STORAGE_AWAY,
    ORIGIN_SERVER_ERROR: STORAGE_AWAY,
    ORIGIN_UNREACHABLE: STORAGE_AWAY,
}


@contextmanager
def translated(address: str) -> Iterator[None]:
    """Turns what the AWS library raises into reasons."""
    try:
        yield
    except ClientError as error:
        raise IngestError(_kind(error), f"{address}: S3 answered {_said(error)}") from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise IngestError(CREDENTIALS_UNREADABLE, f"{address}: the engine itself has no AWS credentials") from error
    except ParamValidationError as error:
        raise IngestError(ORIGIN_ADDRESS_UNUSABLE, f"{address}: no bucket and key that S3 takes") from error
    except (HTTPClientError, BotoConnectionError) as error:
        raise IngestError(ORIGIN_UNREACHABLE, f"{address}: S3 did not answer ({type(error).__name__})") from error
    except (BotoCoreError, ValueError) as error:
        raise IngestError(ORIGIN_REJECTED, f"{address}: {error}") from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise IngestError(ORIGIN_INTERRUPTED, f"{address}: the transfer broke ({type(error).__name__})") from error


@contextmanager
def copying(address: str) -> Iterator[None]:
    """The same for copies of an object that was just looked at: what fails now is, most of it, our own bucket."""
    try:
        with translated(address):
            yield
    except IngestError as error:
        if kind := OUR_FAULT.get(error.reason.kind):
            raise IngestError(kind, error.reason.message) from error
        raise


def status_of(error: ClientError) -> int:
    """The HTTP status of S3's answer."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _kind(error: ClientError) -> Kind:
    status = status_of(error)
    fallback = ORIGIN_SERVER_ERROR if status >= 500 else ORIGIN_REJECTED
    return CODES.get(error.response["Error"].get("Code", "")) or STATUSES.get(status, fallback)


def _said(error: ClientError) -> str:
    said = error.response["Error"]
    return f"{said.get('Code', '')} {said.get('Message', '')}".strip()[:200]
