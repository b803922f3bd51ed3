"""`basic-http-authentication`: a GET with a login, which never leaves its host."""

from __future__ import annotations

import base64
from pathlib import Path

from origins.credentials import Credentials
from origins.http import HttpOrigin
from origins.port import Fetched
from origins.web_address import web_url
from policies.plan import Place


class BasicHttpOrigin:
    """Fetches web addresses with the strategy's user and password."""

    def __init__(self, http: HttpOrigin, credentials: Credentials) -> None:
        self._http = http
        self._credentials = credentials

    async def fetch(self, place: Place, into: Path) -> Fetched:
        """Fetches with the login of the strategy's credentials; without usable ones nothing is connected to."""
        url = web_url(place.uri)
        login = await self._credentials.login(place)
        token = base64.b64encode(f"{login.user}:{login.password}".encode()).decode("ascii")
        return await self._http.get(url, into, login=f"Basic {token}")
