"""`sluice credentials encrypt` and `check`: credentials of customers' origins, for admins.

Credentials come from a file or from standard input, never from the command line, which others on the machine can see.
"""

from __future__ import annotations

import asyncio
import json as jsonlib
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import aioboto3
import typer

from engine.cli.environment import settings_with
from engine.cli.opened import opened_database
from engine.cli.output import row, seconds, show, show_json, size, table
from engine.cli.stop import Failed, Misused
from engine.part_settings import origin_settings
from engine.settings import DATABASE, Settings
from origins.aws import AwsClients
from origins.credential_values import CredentialsError, read_login, read_s3_keys, read_ssh_login
from origins.encryption import KEYS_FORM, PREFIX, SealError, make_key, read_keys, seal
from origins.kms import Kms
from origins.origins import Origins
from origins.port import Fetched
from policies.facts import StrategyRow
from policies.origin_strategy import match_strategy
from policies.outcome import granted
from policies.place import locate
from policies.plan import Place, StrategyKind
from policies.request import AssetId, parse_asset_id

READERS = (read_login, read_ssh_login, read_s3_keys)
FORMS = '{"user", "password"}, for SFTP also "privateKey" and "passphrase"; for S3 {"accessKeyId", "secretAccessKey"}'
FROM_INPUT = Path("-")


async def encrypt(
    file: Annotated[Path, typer.Argument(help="A file with the JSON; - reads standard input.")] = FROM_INPUT,
    customer: Annotated[int | None, typer.Option(help="Whose they are; nobody else's row can use them.")] = None,
    kms: Annotated[str | None, typer.Option(help="Seal with this AWS KMS key (id, ARN or alias) instead.")] = None,
    new_key: Annotated[str | None, typer.Option(help="Only print a new key of this name.")] = None,
) -> None:
    """Encrypt credentials for the Credentials column of an origin strategy.

    Keys are those of ENGINE_CREDENTIALS_KEYS: the first encrypts, all decrypt.

    Examples:
      sluice credentials encrypt --new-key 2026
      sluice credentials encrypt --customer 99 login.json
      sluice credentials encrypt --customer 99 --kms alias/sluice < login.json
    """
    if new_key is not None:
        show_line(_named_key(new_key))
        return
    if customer is None:
        raise Misused("whose credentials are they?", "Name the customer: --customer 99.")
    text = await asyncio.to_thread(_checked, file)
    settings = settings_with()
    try:
        if kms:
            async with AwsClients(origin_settings(settings), aioboto3.Session()) as clients:
                sealed = await Kms(clients).seal(text, customer, kms)
        else:
            sealed = _sealed(text, customer, settings.origins.credentials_keys)
    except SealError as error:
        raise Failed(f"it cannot be encrypted: {error}", f"ENGINE_CREDENTIALS_KEYS is {KEYS_FORM}.") from error
    show_line(sealed)


async def check(
    origin: Annotated[str, typer.Argument(help="An asset's id (its origin and rows are read), or an address.")],
    strategy: Annotated[StrategyKind, typer.Option(help="For an address: the strategy to try.")] = StrategyKind.DEFAULT,
    customer: Annotated[int, typer.Option(help="For an address: whose credentials they are.")] = 1,
    credentials: Annotated[
        Path | None, typer.Option(help="For an address: a file with the row's Credentials; - reads standard input.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Try a strategy against an origin: fetch it, throw it away, and say what went wrong in words.

    Examples:
      sluice credentials check 99/1/page-1
      sluice credentials check https://example.org/a.tif --customer 99
    """
    if "://" in origin:
        settings = settings_with()
        text = await asyncio.to_thread(_read, credentials) if credentials else ""
        tried = StrategyRow(id="as given", customer=customer, regex="", strategy=strategy, credentials=text.strip())
        place = granted(locate(origin, AssetId(customer, 0, "check"), tried, settings.rules()))
    else:
        settings = settings_with(*DATABASE)
        place = await _place_of(origin, settings)
    with TemporaryDirectory(prefix="sluice-check-") as folder:
        async with opened_origins(settings) as origins:
            fetched = await origins.fetch(place, Path(folder) / "source")
    _report(place, fetched, json=json)


def opened_origins(settings: Settings) -> AbstractAsyncContextManager[Origins]:
    """The strategies, as the engine would use them."""
    try:
        return Origins.open(origin_settings(settings))
    except SealError as error:
        raise Misused(f"ENGINE_CREDENTIALS_KEYS: {error}", f"It is {KEYS_FORM}.") from error


async def _place_of(name: str, settings: Settings) -> Place:
    try:
        asset = parse_asset_id(name)
    except ValueError as error:
        raise Misused(f"{name}: {error}", "Give an asset's id, customer/space/asset, or an address.") from error
    async with opened_database(settings) as database:
        facts = await database.facts_for(asset)
    if facts is None:
        raise Failed(f"there is no asset {asset}")
    asked = (facts.asset.origin, asset, facts.strategies, settings.rules())
    return granted(await asyncio.to_thread(match_strategy, *asked)).place


def _report(place: Place, fetched: Fetched, *, json: bool) -> None:
    found = {
        "strategy": str(place.kind),
        "row": place.strategy_id or "built in",
        "address": fetched.address,
        "bytes": fetched.bytes,
        "media type": fetched.media_type,
        "declared media type": fetched.declared_media_type,
        "sha256": fetched.sha256,
        "etag": fetched.etag,
        "last modified": fetched.last_modified,
        "seconds": round(fetched.seconds, 3),
    }
    if json:
        show_json({name.replace(" ", "_"): value for name, value in found.items()})
        return
    made = table("The origin came whole", "what", "found", whole=("what",))
    for name, value in {**found, "bytes": size(fetched.bytes), "seconds": seconds(fetched.seconds)}.items():
        row(made, name, value)
    show(made)


def _named_key(name: str) -> str:
    key = make_key(name)
    try:
        read_keys(key)
    except SealError as error:
        raise Misused(f"{name} is no name for a key", str(error)) from error
    return key


def _sealed(text: str, customer: int, keys: str) -> str:
    known = read_keys(keys)
    if not known:
        raise SealError("there is no key; `sluice credentials encrypt --new-key NAME` makes one")
    return seal(text, customer, known[0])


def _checked(file: Path) -> str:
    """The credentials, once they make sense for some strategy; told without quoting them."""
    text = _read(file).strip()
    if text.startswith(PREFIX):
        raise Misused("they are encrypted already", "Encrypt the JSON itself.")
    try:
        given = jsonlib.loads(text)
    except jsonlib.JSONDecodeError as error:
        raise Misused(f"they are no JSON: line {error.lineno}, column {error.colno}", f"Expected {FORMS}.") from None
    for read in READERS:
        try:
            read(given if isinstance(given, dict) else {})
        except CredentialsError:
            continue
        return text
    raise Misused("no strategy can use them", f"Expected {FORMS}.")


def _read(file: Path) -> str:
    try:
        return sys.stdin.read() if file == FROM_INPUT else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{file} cannot be read: {error}") from error


def show_line(text: str) -> None:
    """Prints one line as it is, whatever the width of the terminal."""
    sys.stdout.write(f"{text}\n")
