"""Asks ECS not to stop this task for scaling in while it works. Does nothing where there is no ECS agent."""

from __future__ import annotations

import asyncio
import os

import aiohttp
import structlog

from engine.slots import Slots

log = structlog.get_logger(__name__)

AGENT = "ECS_AGENT_URI"
LOOK = 5.0
LASTS_MINUTES = 60
RENEW_AFTER = 30 * 60.0


class ScaleIn:
    """Protection that follows the slots: on while any is taken."""

    def __init__(self, slots: Slots, agent: str | None = None) -> None:
        self._slots = slots
        self._agent = agent or os.environ.get(AGENT)

    async def keep_protected(self) -> None:
        """Follows the slots as long as the service runs."""
        if self._agent is None:
            return
        protected, since = False, 0.0
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            while True:
                now = asyncio.get_running_loop().time()
                wanted = self._slots.busy > 0
                if (wanted != protected or (wanted and now - since > RENEW_AFTER)) and await self._put(http, wanted):
                    protected, since = wanted, now
                await asyncio.sleep(LOOK)

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
