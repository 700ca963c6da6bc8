"""Cases that `make test` leaves to `make test-full`; cases like them stay in `make test`."""

from typing import Any

import pytest


def full(*cases: Any) -> list[Any]:
    """The cases of a parametrized test, marked `full`; one of several arguments is a tuple."""
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.full)
        for case in cases
    ]
