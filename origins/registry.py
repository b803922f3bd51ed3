"""All strategies: one line each, by the name that the DLCS gives it. See docs/adding-an-origin.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from origins.basic import BasicHttpOrigin
from origins.http import HttpOrigin
from origins.parts import Parts
from origins.port import OriginStrategy
from origins.s3 import S3Origin
from origins.sftp import SftpOrigin
from policies.plan import StrategyKind

Maker = Callable[[Parts], OriginStrategy]

STRATEGIES: Mapping[StrategyKind, Maker] = {
    StrategyKind.DEFAULT: lambda parts: HttpOrigin(parts.web, parts.downloads, parts.settings),
    StrategyKind.BASIC: lambda parts: BasicHttpOrigin(
        HttpOrigin(parts.web, parts.downloads, parts.settings), parts.credentials
    ),
    StrategyKind.S3: lambda parts: S3Origin(parts.aws, parts.credentials, parts.downloads, parts.settings),
    StrategyKind.SFTP: lambda parts: SftpOrigin(parts.dialler, parts.credentials, parts.downloads, parts.settings),
}
