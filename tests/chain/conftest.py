from __future__ import annotations

from typing import Any, Dict

import pytest

from chain.model import CHAIN_FILE, Chain, load_chain
from tests.conftest import read_yaml


@pytest.fixture(scope="session")
def chain() -> Chain:
    return load_chain()


@pytest.fixture
def data() -> Dict[str, Any]:
    """The chain's file as plain data that a test may damage."""
    found: Dict[str, Any] = read_yaml(CHAIN_FILE)
    return found
