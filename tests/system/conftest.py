"""The same rig as for integration tests; here engines run as processes of their own."""

from tests.integration.conftest import rig, rows, sidecars

__all__ = ["rig", "rows", "sidecars"]
