"""Origin strategies, looked at before any origin meets them: what would fail, and what to write instead.

Beside `check`. What a credentials object in the security bucket holds is for `sluice credentials check` to try.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from policies.check import Finding, Weight
from policies.dotnet_regex import PatternError, compile_dotnet
from policies.facts import Rules, StrategyRow
from policies.place import strategy_kind
from policies.plan import StrategyKind
from policies.s3_address import read_s3

USER = ("user", "password")
KEYS = ("accessKeyId", "secretAccessKey")
HOW = "`sluice credentials encrypt`, or JSON such as "


def check_strategies(rows: Iterable[StrategyRow], rules: Rules) -> list[Finding]:
    """What is wrong with rows of "CustomerOriginStrategies"."""
    return [finding for row in rows for finding in _check(row, rules)]


def _check(row: StrategyRow, rules: Rules) -> Iterable[Finding]:
    def found(weight: Weight, problem: str, instead: str) -> Finding:
        what = f"customer {row.customer}, order {row.order}, {row.strategy}"
        return Finding("CustomerOriginStrategies", row.id, what, weight, problem, instead)

    kind = strategy_kind(row.strategy)
    if problem := _bad_regex(row.regex):
        yield found(Weight.FAILS, f"Regex: {problem}; the row never matches", "a regular expression of .NET's")
    elif compile_dotnet(row.regex).search("") is not None:
        yield found(Weight.ODD, "Regex: found everywhere, so no later row is ever asked", "what only its origins have")
    if kind is None:
        yield found(Weight.FAILS, f'Strategy: "{row.strategy}" is none', f"one of {', '.join(StrategyKind)}")
        return
    if problem := _bad_credentials(row, kind, rules):
        yield found(Weight.FAILS, f"Credentials: {problem}", _credentials_instead(row, kind))
    if row.optimised and (kind is not StrategyKind.S3 or row.credentials.strip()):
        yield found(Weight.ODD, f"Optimised: only counts for {StrategyKind.S3} without credentials of its own", "false")


def _bad_regex(text: str) -> str | None:
    try:
        compile_dotnet(text)
    except PatternError as error:
        return str(error)
    return None


def _bad_credentials(row: StrategyRow, kind: StrategyKind, rules: Rules) -> str | None:
    """What is wrong with the text of credentials, by its shape."""
    text = row.credentials.strip()
    if not text:
        return "missing: its assets are refused before any connection" if kind.needs_credentials else None
    if kind is StrategyKind.DEFAULT or text.startswith("enc:v1:"):
        return None
    if text.startswith("s3:"):
        return _bad_address(text, row, rules)
    return _bad_json(text, kind)


def _bad_address(text: str, row: StrategyRow, rules: Rules) -> str | None:
    """Why credentials may not be read from an address."""
    address = read_s3(text)
    allowed = f"s3://{rules.security_bucket or '{security bucket}'}/{row.customer}/"
    if address is None:
        return f"no S3 address; expected {allowed}..."
    elsewhere = rules.security_bucket and address.bucket != rules.security_bucket
    if elsewhere or not address.key.startswith(f"{row.customer}/"):
        return f"only objects under {allowed} are read"
    return None


def _bad_json(text: str, kind: StrategyKind) -> str | None:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return "neither JSON, nor an S3 address, nor enc:v1:"
    if not isinstance(given, dict):
        return "JSON, but no object"
    texts = {name.lower(): value for name, value in given.items() if isinstance(value, str)}
    names = {name for name, value in texts.items() if value or name == "password"}
    missing = [name for name in _needed(kind, names) if name.lower() not in names]
    return f"without {' and '.join(missing)}" if missing else None


def _needed(kind: StrategyKind, given: set[str]) -> Sequence[str]:
    if kind is StrategyKind.S3:
        return KEYS
    return ("user",) if kind is StrategyKind.SFTP and "privatekey" in given else USER


def _credentials_instead(row: StrategyRow, kind: StrategyKind) -> str:
    names = KEYS if kind is StrategyKind.S3 else USER
    example = json.dumps(dict.fromkeys(names, "..."))
    return f"{HOW}{example}, or s3://.../{row.customer}/... in the security bucket"
