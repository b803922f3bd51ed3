"""Loopback ports: a free one, or the one that was asked for, with a clear word when it is taken."""

from __future__ import annotations

import socket

from local.child import PartError

LOOPBACK = "127.0.0.1"


def choose_port(name: str, wanted: int | None = None) -> int:
    """A free loopback port, or the wanted one; PartError when that is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted or 0))
        except OSError as error:
            raise PartError(
                f"{name}: port {wanted} is taken ({error.strerror}). "
                f"Stop what listens there, or choose another: --port-{name.replace(' ', '-')} NUMBER"
            ) from error
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether something accepts connections on a loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0
