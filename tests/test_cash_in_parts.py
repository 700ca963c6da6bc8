"""What people decide between two files of a history that is replayed in parts: both sides take it
for the same instant.
"""

from pathlib import Path
from typing import Any

import pytest

from billing.models import Invoice
from tests import cash_books
from tests.cash_doings import put_figures_in_force, put_policies_in_force, reference
from tests.cash_ways import in_parts
from tests.random_by_hand import ByHand
from tests.random_cash import JOBS
from tests.random_events import ACT
from tests.test_cash_against_reference import sandbox  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

TERMS = {
    "name": "Hibiscus Bags", "currency": "JPY", "timezone": "Asia/Tokyo", "language": "en",
    "credit_limit": "50000", "payment_days": 0, "settlement_days": 0, "billing_threshold": "90000",
    "plan": "basic", "plan_price": "0", "plan_interval_days": 365, "payment_method": "sandbox",
}  # fmt: skip


def event(kind: str, at: str, data: dict[str, Any]) -> dict[str, Any]:
    """An event of hibiscus's."""
    return {"id": f"{kind} {at}", "type": kind, "at": at, "merchant": "hibiscus", "data": data}


def decided(what: str, to: Any, at: str) -> dict[str, Any]:
    """Something that a person does at hibiscus."""
    return {"type": ACT, "what": what, "to": to, "at": at, "merchant": "hibiscus"}


def charged(number: int, at: str) -> dict[str, Any]:
    """An event that charges 1,287 JPY for use."""
    charge = {
        "charge": f"use-{number}", "fee": "app-usage", "request": "orders", "quantity": 1,
        "amount": "1287", "currency": "JPY",
    }  # fmt: skip
    return event("charge.recorded", at, charge)


def test_a_bill_of_the_instant_at_which_a_file_ends_fails_in_the_run_of_that_instant(
    tmp_path: Path,
) -> None:
    """It is 23:59 in Tokyo: an hour later it would be the next day's failure."""
    joined, last = "2017-10-02T01:00:00+00:00", "2017-10-16T14:59:00+00:00"
    history = [
        event("merchant.joined", joined, TERMS),
        decided("card", "short", joined),
        charged(1, last),
        decided("bill now", None, last),
        {"type": JOBS, "at": last},
        charged(2, "2017-10-16T15:30:00+00:00"),
    ]
    put_policies_in_force()
    put_figures_in_force()
    model = reference(ByHand)

    found, expected = in_parts(history, model, tmp_path)

    assert found == expected == [("applied", None)] * 6
    (theirs,) = cash_books.theirs(model)["hibiscus"]["collected"]
    ours = cash_books.of_collecting(Invoice.objects.get())
    assert (theirs["kind"], theirs["failed_on"]) == ("ON_REQUEST", "2017-10-16")
    assert ours == theirs
