"""Bills paid out of what the merchant could withdraw: all of it, or nothing."""

from datetime import date
from typing import Any

import pytest
from django.db import connection, transaction
from moneyed import Money

from billing.models import Payment
from credit.models import ProceedsEntry
from credit.operations import bill_payments
from credit.operations.withdrawals import InsufficientProceeds
from credit.queries import proceeds
from lib import money
from lib.refusals import CurrencyMismatch
from tests import shops
from tests.amounts import usd
from tests.billing.paying import (
    FIRST,
    attempts,
    billed,
    choose,
    first_failure,
    invoice,
    next_attempt,
    pay_now,
    state,
    told,
    transfer,
    void,
)
from tests.credit.withdrawing import add, ask, fees, sell
from tests.threads import at_once, every_order
from tests.unchanged import nothing_changes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

SHORT = "FAILED not_enough_proceeds"


def earning(earned: str, *, settlement_days: int = 0, **terms: Any) -> shops.Shop:
    """A shop with a bill of 39.00 that proceeds pay, which earned this much on 1
    November at 10:05.
    """
    shop = billed(settlement_days=settlement_days, **terms)
    assert choose(shop, "2026-11-01 10:00", "proceeds") == "proceeds"
    if earned != "0":
        sell(shop, "2026-11-01 10:05", earned)
    return shop


def buckets(shop: shops.Shop, today: str) -> tuple[str, ...]:
    """balance, maturing, available, earned."""
    found = proceeds.buckets(shop.line.pk, today=date.fromisoformat(today))
    assert found.maturing + found.matured == found.balance == shop.line.proceeds
    assert found.balance + found.on_its_way + found.paid_out == found.earned
    shown = (found.balance, found.maturing, found.available, found.earned)
    return tuple(str(amount.amount) for amount in shown)


def debits(shop: shops.Shop) -> list[tuple[str, str]]:
    """What was taken out of proceeds for bills: key of the payment, and amount."""
    found = ProceedsEntry.objects.filter(line=shop.line, kind="BILL_PAYMENT").order_by("pk")
    return [(entry.bill_payment, money.text(entry.amount)) for entry in found]


def test_exactly_enough_pays_the_bill() -> None:
    shop = earning("39.00")
    shop.run_jobs("2026-11-01 11:00")
    assert state() == "PAID 39.00/39.00"
    assert debits(shop) == [(f"T-{FIRST}-1", "-39.00")]
    assert buckets(shop, "2026-11-01") == ("0.00", "0.00", "0.00", "0.00")
    payment = Payment.objects.get()
    assert (payment.provider, payment.provider_reference) == ("proceeds", f"T-{FIRST}-1")


def test_a_cent_short_takes_nothing() -> None:
    shop = earning("38.99")
    shop.run_jobs("2026-11-01 11:00")
    assert attempts(shop) == [f"2026-11-01 11:00 {SHORT}"]
    assert (debits(shop), shop.proceeds()) == ([], "38.99")
    assert told(shop) == [f"2026-11-01 11:00 {FIRST} 39.00 USD not_enough_proceeds"]
    assert next_attempt(shop) == "2026-11-02 11:00"


def test_the_rest_stays_available() -> None:
    shop = earning("100.00")
    shop.run_jobs("2026-11-01 11:00")
    assert buckets(shop, "2026-11-01") == ("61.00", "0.00", "61.00", "61.00")


def test_what_matures_later_does_not_count_until_it_has() -> None:
    shop = earning("100.00", settlement_days=7)
    for day in ("01", "02", "04", "06"):
        shop.run_jobs(f"2026-11-{day} 11:00")
    assert attempts(shop) == [f"2026-11-{day} 11:00 {SHORT}" for day in ("01", "02", "04", "06")]
    assert buckets(shop, "2026-11-07") == ("100.00", "100.00", "0.00", "100.00")
    shop.run_jobs("2026-11-08 11:00")  # the last retry; the sale has matured at midnight
    assert state() == "PAID 39.00/39.00"
    assert buckets(shop, "2026-11-08") == ("61.00", "0.00", "61.00", "61.00")


@pytest.mark.full  # what matures later does not, above
def test_matured_proceeds_pay_while_others_mature() -> None:
    shop = earning("39.00", settlement_days=7)
    sell(shop, "2026-11-05 12:00", "500.00")
    assert pay_now(shop, "2026-11-07 23:59:59") == SHORT
    assert pay_now(shop, "2026-11-08 00:00") == "SUCCEEDED"
    assert buckets(shop, "2026-11-08") == ("500.00", "500.00", "0.00", "500.00")


@pytest.mark.full  # a withdrawal at once, below
def test_money_on_its_way_to_the_merchant_does_not_count() -> None:
    shop = earning("100.00")
    add(shop, "2026-11-01 10:00")
    ask(shop, "61.01", "2026-11-02 10:30")  # the account can be used since 10:05
    assert pay_now(shop, "2026-11-02 11:00") == SHORT
    assert debits(shop) == []


def test_a_transfer_leaves_less_to_take() -> None:
    shop = earning("38.99")
    transfer(shop, "2026-11-01 10:30", "0.01")
    assert pay_now(shop, "2026-11-01 10:40") == "SUCCEEDED"
    assert debits(shop) == [(f"T-{FIRST}-2", "-38.99")]
    assert state() == "PAID 39.00/39.00"


def test_a_paid_bill_cannot_be_voided_and_takes_no_more() -> None:
    shop = earning("100.00")
    shop.run_jobs("2026-11-01 11:00")
    with nothing_changes():
        assert void(shop, "2026-11-01 12:00") == "invoice_not_open"
        assert pay_now(shop, "2026-11-01 12:00") == "invoice_not_open"


def test_proceeds_in_another_currency_cannot_be_chosen() -> None:
    shop = billed(currency="THB", billing_currency="USD")
    with nothing_changes():
        assert choose(shop, "2026-11-01 10:30", "proceeds") == "invalid"


def test_the_same_payment_takes_once() -> None:
    shop = earning("100.00")
    taken: Any = {
        "merchant_id": shop.merchant.pk,
        "amount": usd("39.00"),
        "payment": "2026-000009-1",
    }
    first = bill_payments.take(**taken, now=shop.at("2026-11-01 11:00"))
    with nothing_changes():
        assert bill_payments.take(**taken, now=shop.at("2026-11-01 12:00")).pk == first.pk
    assert shop.proceeds() == "61.00"


def test_a_refusal_to_take_changes_nothing() -> None:
    shop = earning("100.00")
    kept: Any = {"merchant_id": shop.merchant.pk, "payment": "2026-000009-1"}
    with nothing_changes():
        with pytest.raises(bill_payments.NotEnoughProceeds):
            bill_payments.take(amount=usd("100.01"), now=shop.at("2026-11-01 11:00"), **kept)
        euros = Money("1.00", "EUR")
        with pytest.raises(CurrencyMismatch):
            bill_payments.take(amount=euros, now=shop.at("2026-11-01 11:00"), **kept)


def test_debit_and_payment_are_one_transaction() -> None:
    shop = earning("100.00")
    with nothing_changes(), transaction.atomic():
        connection.atomic_blocks[-1]._from_testcase = True  # type: ignore[attr-defined]
        assert pay_now(shop, "2026-11-01 11:00") == "SUCCEEDED"
        transaction.set_rollback(True)


def test_it_is_first_tried_at_once_and_never_pending() -> None:
    shop = earning("0")
    shop.run_jobs("2026-11-01 11:00")
    assert attempts(shop) == [f"2026-11-01 11:00 {SHORT}"]
    assert first_failure(shop) == "2026-11-01 11:00"
    assert invoice().payments.get().ended_at == shop.at("2026-11-01 11:00")


@every_order
@pytest.mark.django_db(transaction=True)
def test_a_bill_and_withdrawals_at_once_never_take_more_than_there_is() -> None:
    shop = earning("100.00")
    fees()
    add(shop, "2026-11-01 10:00")

    def work(number: int) -> str:
        """Pay the bill or withdraw, by number: the outcome."""
        if number == 0:
            return pay_now(shop, "2026-11-02 11:00")
        try:
            ask(shop, "39.00", "2026-11-02 11:00")
        except InsufficientProceeds:
            return "insufficient"
        return "withdrawn"

    said = at_once(work, threads=6)
    assert said["withdrawn"] + said["SUCCEEDED"] == 2
    assert shop.proceeds() == "22.00"
    assert buckets(shop, "2026-11-02")[0] == "22.00"
    assert state() == ("PAID 39.00/39.00" if said["SUCCEEDED"] else "OPEN 0.00/39.00")


@pytest.mark.full  # a bill and withdrawals, above
@every_order
@pytest.mark.django_db(transaction=True)
def test_two_bills_and_proceeds_for_one_pay_one() -> None:
    shop = earning("210.00")
    shop.charge("2026-11-01 10:10", "pick-pack", "200.00")
    numbers = (FIRST, "2026-000002")
    said = at_once(lambda n: pay_now(shop, "2026-11-01 11:00", numbers[n % 2]), threads=4)
    assert said["SUCCEEDED"] == 1
    assert shop.proceeds() in ("171.00", "10.00")
    assert len(debits(shop)) == 1
