"""Clocks that disagree: signatures fail and leases end early when ours is off."""

from __future__ import annotations

from engine.doctor.finding import Finding, broken, warning

WARN_SECONDS = 5.0
BREAK_SECONDS = 300.0  # AWS refuses signatures that are 5 to 15 minutes off


def skew_finding(name: str, seconds: float) -> Finding | None:
    """What a difference of so many seconds means; None when it means nothing."""
    if abs(seconds) < WARN_SECONDS:
        return None
    says = f"this machine's clock is {abs(seconds):.0f} s {'behind' if seconds > 0 else 'ahead'}"
    remedy = "Synchronise the clock of this machine (NTP)."
    return broken(name, says, remedy) if abs(seconds) >= BREAK_SECONDS else warning(name, says, remedy)
