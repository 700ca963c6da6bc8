"""On which day a bill was collected whose money came in parts, or whose payment took a while."""

from datetime import date

import pytest
from django.db import transaction
from moneyed import Money

from billing.models import Payment
from billing.operations import accounts, payments, transfers
from billing.providers.registry import Answer
from billing.queries import arrivals, invoices
from tests import shops
from tests.billing.pages import read
from tests.billing.paying import (
    FIRST,
    OPERATOR,
    REFUSED,
    SHORT,
    SILENT,
    add_card,
    hear,
    invoice,
    means,
    pay_now,
    receive,
    transfer,
)
from tests.billing.test_reopening import closed_shop, reopen
from tests.shops import Shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


def shop_with_forty(card: str = "", **terms: str) -> Shop:
    """A shop with 40.00 unapplied, and a label of 210.00 of 12 November, for which the end of that
    day issues a bill. It pays by transfer if these terms don't say otherwise.
    """
    shop = shops.join("2026-11-01 10:00", **terms)
    if card:
        add_card(shop, "2026-11-01 11:00", card)
    receive(shop, "2026-11-05 10:00", "40.00", "BANK-0")
    shop.charge("2026-11-12 15:00", "shipping-label", "210.00")
    return shop


def arrived(shop: Shop, at: str, amount: str, on: str) -> None:
    """Record a transfer for the first bill, whose money arrived on this day."""
    transfers.record(
        invoice_id=invoice(FIRST).pk,
        amount=Money(amount, "USD"),
        reference=f"BANK-{amount}",
        arrived_on=date.fromisoformat(on),
        actor=OPERATOR,
        now=shop.at(at),
    )


def collected(number: str = FIRST) -> str:
    """The day on which the bill was collected; "None" if it was not."""
    found = invoice(number)
    return str(arrivals.collected_on(found, list(invoices.attempts(found))))


@pytest.mark.parametrize(
    ("last", "day"), [("2026-11-10", "2026-11-12"), ("2026-11-12", "2026-11-12"),
                      ("2026-11-14", "2026-11-14")],
)  # fmt: skip
def test_what_the_day_end_paid_counts_on_its_date_and_transfers_on_their_own(
    last: str, day: str
) -> None:
    shop = shop_with_forty()
    shop.run_jobs("2026-11-13 00:00")
    assert (str(invoice(FIRST).issued_on), invoice(FIRST).issued_at) == (
        "2026-11-12", shop.at("2026-11-13 00:00"),
    )  # fmt: skip
    arrived(shop, "2026-11-16 10:00", "100.00", "2026-11-11")
    assert collected() == "None"
    arrived(shop, "2026-11-16 11:00", "70.00", last)
    assert means() == ["unapplied 40.00 SUCCEEDED", "manual 100.00 SUCCEEDED",
                       "manual 70.00 SUCCEEDED"]  # fmt: skip
    assert collected() == day
    said = read(shop, f"invoices/{FIRST}/")
    assert f"Collected on {int(day[-2:])} Nov 2026" in said


@pytest.mark.parametrize(
    ("at", "day"), [("2026-11-13 01:00", "2026-11-12"), ("2026-11-13 01:00:01", "2026-11-13")]
)
def test_the_first_attempt_after_the_day_ends_own_payment_counts_on_the_bills_date_within_the_hour(
    at: str, day: str
) -> None:
    shop = shop_with_forty(payment_method="sandbox")
    shop.run_jobs(at)
    assert means() == ["unapplied 40.00 SUCCEEDED", "sandbox 170.00 SUCCEEDED"]
    assert collected() == day


def test_a_second_attempt_within_the_hour_counts_on_its_own_day() -> None:
    shop = shop_with_forty(REFUSED, payment_method="sandbox")
    shop.run_jobs("2026-11-13 00:10")
    assert pay_now(shop, "2026-11-13 00:20").startswith("FAILED")
    add_card(shop, "2026-11-13 00:30", "4242")
    shop.run_jobs("2026-11-13 00:40")
    assert (means()[-1], collected()) == ("sandbox 170.00 SUCCEEDED", "2026-11-13")


def test_a_first_attempt_that_is_answered_days_later_counts_on_the_bills_date() -> None:
    shop = shop_with_forty(SILENT, payment_method="sandbox")
    with transaction.atomic():  # the day ends, and no job runs
        accounts.lock(shop.merchant.pk, now=shop.at("2026-11-13 00:00"))
    payments.collect(invoice(FIRST).pk, now=shop.at("2026-11-13 00:10"))
    assert means()[-1] == "sandbox 170.00 UNKNOWN"
    hear(shop, "2026-11-15 10:00", Answer(Payment.Status.SUCCEEDED, reference="pay-1"),
         f"T-{FIRST}-2")  # fmt: skip
    assert collected() == "2026-11-12"


@pytest.mark.parametrize("on", ["2026-11-13", "2026-11-11"])
def test_a_transfer_within_the_hour_counts_on_its_own_day(on: str) -> None:
    shop = shops.join("2026-11-01 10:00")
    shop.charge("2026-11-12 15:00", "shipping-label", "210.00")
    shop.run_jobs("2026-11-13 00:00")
    arrived(shop, "2026-11-13 00:30", "210.00", on)
    assert collected() == on


def test_what_was_there_as_the_day_ended_was_in_time() -> None:
    """The card declined 170.00 on the 13th; a transfer of the due day, the 12th, paid them."""
    shop = shop_with_forty(SHORT, payment_method="sandbox")
    shop.run_jobs("2026-11-13 00:10")
    arrived(shop, "2026-11-16 10:00", "170.00", "2026-11-12")
    found = invoice(FIRST)
    assert (str(found.due_on), str(found.first_failed_on)) == ("2026-11-12", "2026-11-13")
    assert collected() == "2026-11-12"
    assert arrivals.was_in_time(found, list(invoices.attempts(found)))


def test_the_bill_of_opening_again_is_collected_on_the_day_of_its_payment() -> None:
    shop = closed_shop(payment_method="sandbox")
    transfer(shop, "2026-11-11 10:00", "39.00")
    reopen(shop, "2027-01-05 23:50")
    shop.run_jobs("2027-01-06 00:10")
    found = invoice("2027-000001")
    assert (str(found.issued_on), collected("2027-000001")) == ("2027-01-05", "2027-01-06")
