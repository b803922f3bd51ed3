"""Which addresses nothing may connect to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origins.forbidden import why_forbidden

PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.63.0.1", "2606:4700::1111", "2a00::1"]
FORBIDDEN = {
    "0.0.0.0": "unspecified",
    "10.1.2.3": "private",
    "100.64.0.1": "carrier",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "169.254.169.254": "metadata",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.1.1": "private",
    "192.88.99.1": "6to4",
    "198.18.0.1": "benchmarks",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "255.255.255.255": "broadcast",
    "::": "unspecified",
    "::1": "loopback",
    "::ffff:8.8.8.8": "disguise",
    "::8.8.8.8": "disguise",
    "64:ff9b::808:808": "NAT64",
    "64:ff9b:1::1": "NAT64",
    "2001::1": "Teredo",
    "2001:db8::1": "documentation",
    "2002:808:808::": "6to4",
    "fc00::1": "private",
    "fd00:ec2::254": "private",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
    "4000::1": "public",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert why_forbidden(address) is None


@pytest.mark.parametrize(("address", "word"), FORBIDDEN.items())
def test_others_are_not_and_the_reason_says_why(address: str, word: str) -> None:
    assert word in (why_forbidden(address) or "")


def test_an_allowed_network_opens_itself_alone() -> None:
    allowed = (ip_network("10.1.0.0/16"), ip_network("fd00:1::/32"))
    assert why_forbidden("10.1.2.3", allowed) is None
    assert why_forbidden("fd00:1::7", allowed) is None
    assert why_forbidden("10.2.0.1", allowed)
    assert why_forbidden("::ffff:10.1.2.3", allowed)


@given(st.ip_addresses())
def test_what_python_calls_special_is_never_allowed(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global or address.is_multicast:
        assert why_forbidden(str(address))


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_gets_through_in_an_ipv6_one(address: IPv4Address) -> None:
    number = int(address)
    for disguised in (0xFFFF << 32 | number, number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert why_forbidden(str(ip_address(IPv6Address(disguised))))
