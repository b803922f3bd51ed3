"""All kinds of reasons by code, for whoever lists them: the documentation, the metrics, the tests."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from policies import reasons
from policies.reasons import Kind

CATALOGUE: Mapping[str, Kind] = MappingProxyType(
    {kind.code: kind for kind in vars(reasons).values() if isinstance(kind, Kind)}
)
