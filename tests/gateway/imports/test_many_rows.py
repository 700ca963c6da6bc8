"""Thousands of rows: whoever uploads them does not wait, nor does who takes the result away."""

import sys
import time

import pytest

from gateway.imports import operations, queries
from tests import shops
from tests.gateway.imports.importing import NOW, ORDERS, status, upload
from tests.unchanged import nothing_changes

LONGEST_REQUEST = 10  # seconds; a web server's statements may take no longer each


@pytest.mark.full
@pytest.mark.django_db(transaction=True)
def test_five_thousand_orders_of_a_hundred_merchants(capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(100):
        shops.join("2026-11-01 10:00", f"shop-{number}", credit_limit="20.00")
    rows = [f"shop-{number % 100},A-{number},Mei,1.00,USD" for number in range(5_000)]
    began = time.monotonic()
    file = upload("ORDERS", ORDERS, *rows)
    took = time.monotonic() - began
    assert took < LONGEST_REQUEST
    began, visits = time.monotonic(), 0
    while file.is_running:
        operations.visit(file.pk, now=NOW)
        file.refresh_from_db()
        visits += 1
    said = f"uploaded in {took:.1f} s, taken in in {time.monotonic() - began:.0f} s: {visits}"
    with capsys.disabled():
        sys.stdout.write(f"\n{said} visits\n")
    assert status(file) == "DONE"
    assert queries.outcomes(file) == {"applied": 2_000, "declined": 3_000}
    with nothing_changes():
        assert not operations.take_some(file.pk, now=NOW)
    began = time.monotonic()
    lines = sum(block.count(b"\n") for block in queries.result(file))
    assert (lines, time.monotonic() - began < LONGEST_REQUEST) == (5_001, True)
