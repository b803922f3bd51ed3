"""Asks ECS not to stop this task for scaling in while it works. Does nothing where there is no ECS agent."""

from __future__ import annotations

import asyncio
import os

import aiohttp
import structlog

from engine.heart import Heart

log = structlog.get_logger(__name__)

AGENT = "ECS_AGENT_URI"
LOOK = 5.0
LASTS_MINUTES = 60
RENEW_AFTER = 30 * 60.0


class ScaleIn:
    """Protection that follows the work: on while any ingest runs."""

    def __init__(self, heart: Heart, agent: str | None = None, look: float = LOOK) -> None:
        self._look = look
        self._heart = heart
        self._agent = agent or os.environ.get(AGENT)

    async def keep_protected(self) -> None:
        """Follows the work as long as the service runs."""
        if self._agent is None:
            return
        protected, since = False, 0.0
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            while True:
                now = asyncio.get_running_loop().time()
                wanted = bool(self._heart.leases)
                if (wanted != protected or (wanted and now - since > RENEW_AFTER)) and await self._put(http, wanted):
                    protected, since = wanted, now
                await asyncio.sleep(self._look)

    async def _put(self, http: aiohttp.ClientSession, wanted: bool) -> bool:
        body: dict[str, object] = {"ProtectionEnabled": wanted}
        if wanted:
            body["ExpiresInMinutes"] = LASTS_MINUTES
        try:
            async with http.put(f"{self._agent}/task-protection/v1/state", json=body) as response:
                if response.status == 200:
                    return True
                log.warning("ECS refused task protection", status=response.status, said=await response.text())
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("the ECS agent does not answer", error=repr(error))
        return False
