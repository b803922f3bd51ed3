"""Names and addresses: a guard at the socket, so that no second answer of a name server gets past it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from ipaddress import ip_network

import pytest

from origins.dialling import AddressInfo, Dialler
from policies.outcome import IngestError
from policies.reasons import ORIGIN_ADDRESS_FORBIDDEN, ORIGIN_UNREACHABLE, ORIGIN_UNRESOLVABLE

Lookup = Callable[[str, int, int, int], list[AddressInfo]]


def answering(*hosts: str) -> Lookup:
    """A name server that gives these addresses, one after the other, each time it is asked."""
    left = list(hosts)

    def lookup(_: str, port: int, __: int, kind: int) -> list[AddressInfo]:
        host = left.pop(0) if len(left) > 1 else left[0]
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return [(family, kind, 6, "", (host, port))]

    return lookup


@pytest.fixture
async def listener() -> AsyncIterator[int]:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_a_name_server_that_changes_its_mind_gets_nobody_in(listener: int) -> None:
    dialler = Dialler((), 1, answering("93.184.216.34", "127.0.0.1"))
    assert (await dialler.resolve("rebind.test", listener))[0]["host"] == "93.184.216.34"
    with pytest.raises(IngestError) as failure:
        await dialler.dial("rebind.test", listener)
    assert failure.value.reason.kind is ORIGIN_ADDRESS_FORBIDDEN
    await dialler.close()


async def test_the_socket_is_connected_to_the_address_that_was_judged(listener: int) -> None:
    dialler = Dialler((ip_network("127.0.0.0/8"),), 1, answering("127.0.0.1", "10.0.0.1"))
    with await dialler.dial("name.test", listener) as plug:
        assert plug.getpeername() == ("127.0.0.1", listener)
    await dialler.close()


async def test_a_forbidden_address_among_others_refuses_the_name() -> None:
    def lookup(_: str, port: int, __: int, kind: int) -> list[AddressInfo]:
        return [(socket.AF_INET, kind, 6, "", (host, port)) for host in ("10.0.0.1", "93.184.216.34")]

    dialler = Dialler((), 1, lookup)
    with pytest.raises(IngestError) as failure:
        await dialler.dial("mixed.test", 1)
    assert failure.value.reason.kind is ORIGIN_ADDRESS_FORBIDDEN
    await dialler.close()


async def test_nobody_listening_is_unreachable(unused_tcp_port: int) -> None:
    dialler = Dialler((ip_network("127.0.0.0/8"),), 1)
    with pytest.raises(IngestError) as failure:
        await dialler.dial("127.0.0.1", unused_tcp_port)
    assert failure.value.reason.kind is ORIGIN_UNREACHABLE
    await dialler.close()


@pytest.mark.parametrize("host", ["nobody.invalid", "a" * 300, "ä" * 80, ".."])
async def test_what_has_no_address_is_unresolvable(host: str) -> None:
    dialler = Dialler((), 5)
    with pytest.raises(IngestError) as failure:
        await dialler.resolve(host)
    assert failure.value.reason.kind is ORIGIN_UNRESOLVABLE
    await dialler.close()
