"""What a machine may lack: its tests say so and skip, but not in CI, which has to have it."""

import os
from typing import NoReturn

import pytest


def is_required() -> bool:
    """Whether a test fails, and is not skipped, that lacks what it needs."""
    return os.environ.get("TAEL_REQUIRE_BROWSER") == "1"


def skip(reason: str) -> NoReturn:
    """Skip the test that asks for what is not there; where it has to be, fail."""
    if is_required():
        pytest.fail(reason)
    pytest.skip(reason)
