"""Less than a provider takes is never asked of it: no bill, no attempt, no failure, no freeze."""

from typing import Any

import pytest
from moneyed import Money

from billing.models import AccountChange, BillingAccount, Invoice
from billing.operations.payment_methods import CurrencyNotTaken
from billing.providers import minimums, registry
from billing.providers.registry import Answer
from tests import shops
from tests.amounts import usd
from tests.billing import deciding
from tests.billing.paying import (
    MEI,
    SECOND,
    Told,
    add_card,
    attempts,
    choose,
    next_attempt,
    pay_now,
    state,
    transfer,
)
from tests.shops import Shop
from tests.unchanged import nothing_changes
from tests.whole import full

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]

YEARLY: dict[str, Any] = {"plan_interval_days": 365, "plan_price": "0"}


def at_stripe(currency: str = "USD", **terms: Any) -> Shop:
    """A shop that joined on 1 November 2026 and is collected from at Stripe. Its CYCLE dates are 1
    and 31 December.
    """
    shop = shops.join("2026-11-01 10:00", currency=currency, **{**YEARLY, **terms})
    assert choose(shop, "2026-11-01 10:00", "stripe") == "stripe"
    return shop


@pytest.mark.parametrize(
    ("currency", "below", "more", "invoice", "minimum"),
    [
        ("USD", "0.30", "0.25", "0.55", "0.50"),
        *full(
            ("JPY", "49", "1", "50", "50"),
            ("THB", "9.99", "0.01", "10.00", "10.00"),
        ),
    ],
)
def test_less_than_the_minimum_makes_no_bill_and_carries_forward(
    currency: str, below: str, more: str, invoice: str, minimum: str
) -> None:
    shop = at_stripe(currency, credit_limit="5000", billing_threshold="1000")
    assert registry.minimum(shop.account) == Money(minimum, currency)
    shop.charge("2026-11-10 12:00", "pick-pack", below)
    shop.run_jobs("2026-12-01 00:00")
    assert (shop.invoices(), shop.figures()[0]) == ([], below)
    shop.charge("2026-12-10 12:00", "pick-pack", more)
    shop.run_jobs("2026-12-31 00:00")
    assert shop.invoices() == [f"2026-12-31 CYCLE {invoice}"]
    assert str(Invoice.objects.get().period_start) == "2026-11-01"


@pytest.mark.parametrize("method", ["manual", *full("proceeds", "sandbox")])
def test_other_methods_take_any_amount(method: str) -> None:
    shop = shops.join("2026-11-01 10:00", **YEARLY)
    assert choose(shop, "2026-11-01 10:00", method) == method
    assert registry.minimum(shop.account) == usd(0)
    shop.charge("2026-11-10 12:00", "pick-pack", "0.01")
    shop.run_jobs("2026-12-01 00:00")
    assert shop.invoices() == ["2026-12-01 CYCLE 0.01"]


@pytest.mark.parametrize("currency", ["CNY", "KWD", *full("BHD", "VND", "ISK")])
def test_a_currency_without_a_known_minimum_is_refused_when_the_method_is_chosen(
    currency: str,
) -> None:
    shop = shops.join("2026-11-01 10:00", currency=currency, credit_limit="5000", **YEARLY)
    with nothing_changes():
        assert choose(shop, "2026-11-01 11:00", "stripe") == CurrencyNotTaken.code
    assert shop.account.payment_method == "manual"
    assert not any(currency in takes for takes in minimums.MINIMUMS.values())


def test_an_account_that_has_such_a_method_becomes_manual() -> None:
    shop = shops.join(
        "2026-11-01 10:00", currency="KWD", credit_limit="1500", billing_threshold="60.000"
    )
    BillingAccount.objects.update(payment_method="stripe")  # as older versions allowed
    shop.charge("2026-11-10 12:00", "pick-pack", "61.125")
    assert shop.account.payment_method == "manual"
    assert state() == "OPEN 0.000/61.125"
    assert str(Invoice.objects.get().due_on) == "2026-11-17"
    change = AccountChange.objects.get()
    assert (change.what, change.before, change.after) == ("PAYMENT_METHOD", "stripe", "manual")


def test_the_day_end_makes_it_manual_before_it_makes_a_bill() -> None:
    shop = shops.join("2026-11-01 10:00", currency="KWD", credit_limit="1500", plan_price="11.995")
    Invoice.objects.update(status="UNCOLLECTIBLE")
    BillingAccount.objects.update(payment_method="stripe")
    shop.run_jobs("2026-12-01 00:00")
    invoice = Invoice.objects.latest("pk")
    assert (str(invoice.due_on), invoice.next_attempt_at) == ("2026-12-08", None)


def failing_invoice(provider: Told) -> Shop:
    """A shop with a bill of 250.00, and a provider that says nine times that its
    card lacks funds.
    """
    provider.answers = [Answer.failed("insufficient_funds")] * 9
    shop = at_stripe(billing_threshold="200.00")
    shop.charge("2026-11-02 09:00", "pick-pack", "250.00")
    return shop


def test_a_rest_below_the_minimum_is_not_asked_for_and_freezes_nothing(provider: Told) -> None:
    shop = failing_invoice(provider)
    shop.run_jobs("2026-11-02 10:00")
    assert attempts(shop) == ["2026-11-02 10:00 FAILED insufficient_funds"]
    assert transfer(shop, "2026-11-02 11:00", "249.70") == "new"
    assert next_attempt(shop) is None
    assert shop.line.unpaid_bill_days == []
    assert pay_now(shop, "2026-11-02 12:00") == "too_little"
    shop.run_jobs("2026-12-15 00:00")
    assert (len(provider.sent), shop.frozen_by()) == (1, [])
    assert transfer(shop, "2026-12-15 01:00", "0.30", "BANK-2") == "new"
    assert state() == "PAID 250.00/250.00"


def test_a_rest_that_a_new_method_takes_counts_again(provider: Told) -> None:
    shop = failing_invoice(provider)
    shop.run_jobs("2026-11-02 10:00")
    transfer(shop, "2026-11-02 11:00", "249.70")
    assert choose(shop, "2026-11-03 12:00", "proceeds") == "proceeds"
    assert next_attempt(shop) == "2026-11-03 12:00"
    assert [str(day) for day in shop.line.unpaid_bill_days] == ["2026-11-30"]
    assert choose(shop, "2026-11-03 13:00", "stripe") == "stripe"
    assert (next_attempt(shop), shop.line.unpaid_bill_days) == (None, [])


@pytest.mark.full  # one rest counts again above
def test_of_several_rests_each_counts_again_from_its_own_day(provider: Told) -> None:
    shop = failing_invoice(provider)
    shop.run_jobs("2026-11-02 10:00")
    shop.charge("2026-11-05 09:00", "pick-pack", "300.00")
    shop.run_jobs("2026-11-05 10:00")
    assert [str(day) for day in shop.line.unpaid_bill_days] == ["2026-11-30", "2026-12-03"]
    transfer(shop, "2026-11-06 11:00", "249.70", "BANK-1")
    transfer(shop, "2026-11-06 12:00", "299.70", "BANK-2", number=SECOND)
    assert shop.line.unpaid_bill_days == []
    choose(shop, "2026-11-06 13:00", "proceeds")
    assert [str(day) for day in shop.line.unpaid_bill_days] == ["2026-11-30", "2026-12-03"]


def test_a_bill_made_before_the_method_was_chosen_waits_for_a_transfer(provider: Told) -> None:
    shop = shops.join("2026-11-01 10:00", **YEARLY)
    shop.charge("2026-11-10 12:00", "pick-pack", "0.30")
    shop.run_jobs("2026-12-01 00:00")
    assert choose(shop, "2026-12-02 12:00", "stripe") == "stripe"
    shop.run_jobs("2027-01-20 00:00")
    assert (state(), provider.sent, shop.frozen_by()) == ("OPEN 0.00/0.30", [], [])
    assert Invoice.objects.get().first_failed_at is None


def test_an_amount_that_the_provider_refuses_is_nobodys_failure(provider: Told) -> None:
    provider.answers = [Answer.failed("amount_not_possible", is_hard=True)]
    shop = at_stripe(billing_threshold="200.00")
    shop.charge("2026-11-02 09:00", "pick-pack", "250.00")
    shop.run_jobs("2026-11-02 10:00")
    assert attempts(shop) == ["2026-11-02 10:00 FAILED amount_not_possible"]
    shop.run_jobs("2026-12-15 00:00")
    assert (len(provider.sent), next_attempt(shop), shop.frozen_by()) == (1, None, [])
    assert Invoice.objects.get(kind="THRESHOLD").first_failed_at is None


def test_a_final_rest_below_the_minimum_is_waived_by_a_credit_of_its_own() -> None:
    shop = at_stripe()
    shop.charge("2026-11-10 12:00", "shipping-label", "0.30")
    deciding.close(shop, "2026-11-10 13:00")
    assert (shop.invoices(), shop.figures()) == ([], ("0.00", "0.00"))
    waived = shop.account.charges.get(fee="credit-waived")
    assert (waived.amount, waived.reference) == (usd("-0.30"), "tael:waiver:1")


def test_a_final_rest_of_the_minimum_is_billed() -> None:
    shop = at_stripe()
    shop.charge("2026-11-10 12:00", "shipping-label", "0.50")
    deciding.close(shop, "2026-11-10 13:00")
    assert shop.invoices() == ["2026-11-10 FINAL 0.50"]


def test_a_final_rest_of_a_manual_account_is_billed_however_small() -> None:
    shop = shops.join("2026-11-01 10:00", **YEARLY)
    shop.charge("2026-11-10 12:00", "pick-pack", "0.01")
    deciding.close(shop, "2026-11-10 13:00")
    assert shop.invoices() == ["2026-11-10 FINAL 0.01"]


def test_a_card_of_a_currency_that_is_not_taken_is_not_kept_as_a_method() -> None:
    shop = shops.join("2026-11-01 10:00", currency="CNY", credit_limit="5000", **YEARLY)
    with pytest.raises(CurrencyNotTaken):
        add_card(shop, "2026-11-01 11:00", "4242", provider="stripe")
    assert shop.account.cards.count() == 0
    assert MEI
