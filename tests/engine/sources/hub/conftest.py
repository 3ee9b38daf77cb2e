"""The server with its repositories."""

from __future__ import annotations

import pytest

from tests.engine.sources.hub.repositories import repositories
from tests.hub_server import Hub


@pytest.fixture
def hub(local_hub: Hub) -> Hub:
    """The server with the repositories of these tests."""
    local_hub.repositories.update(repositories())
    return local_hub
