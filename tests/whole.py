"""Cases that `make test` leaves to `make test-full`; cases like them stay in `make test`."""

from collections.abc import Iterable
from typing import Any

import pytest


def full(*cases: Any) -> list[Any]:
    """The cases of a parametrized test, marked `full`; one of several arguments is a tuple."""
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.full)
        for case in cases
    ]


def some(cases: Iterable[Any], every: int) -> list[Any]:
    """The cases of a parametrized test, of which `make test` takes the first of so many each."""
    return [
        one
        for place, case in enumerate(cases)
        for one in ([case] if place % every == 0 else full(case))
    ]
