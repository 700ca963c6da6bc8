"""A bill taken back before any payment, and one that is given up."""

import pytest

from billing.models import InvoiceDecision, InvoiceItem
from billing.operations import invoice_decisions
from billing.queries import invoices
from billing.queries.collecting import by_hand
from billing.queries.timelines import of_invoice
from config import books
from lib.refusals import Invalid
from tests import journals, shops
from tests.amounts import usd
from tests.billing.paying import (
    FIRST,
    OPERATOR,
    SECOND,
    SHORT,
    attempts,
    billed,
    give_up,
    invoice,
    manual,
    state,
    transfer,
    unapplied,
    void,
)
from tests.books import assert_clean
from tests.threads import at_once, every_order
from tests.unchanged import nothing_changes
from tests.whole import full

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


def over_threshold(**terms: str) -> shops.Shop:
    """A shop with a THRESHOLD bill of 210.00, number 1, on 5 November; its plan costs nothing."""
    shop = shops.join("2026-11-01 10:00", **terms)
    shop.charge("2026-11-05 12:00", "pick-pack", "150.00")
    shop.charge("2026-11-05 13:00", "packaging", "60.00")
    assert state() == "OPEN 0.00/210.00"
    return shop


def test_its_items_are_outstanding_again_and_it_keeps_its_number() -> None:
    shop = over_threshold()
    assert void(shop, "2026-11-05 14:00") == "VOID"
    assert shop.figures() == ("210.00", "0.00")
    assert state() == "VOID 0.00/210.00"
    assert shop.lines("2026-11-05", "THRESHOLD") == [
        "packaging 2026-11-05 60.00",
        "pick-pack 2026-11-05 150.00",
    ]
    assert shop.invoices() == ["2026-11-05 THRESHOLD 210.00"]  # voiding itself makes none
    decision = InvoiceDecision.objects.get()
    assert (decision.decision, decision.actor, decision.reason) == (
        "VOIDED",
        OPERATOR,
        "as agreed",
    )


def test_the_next_posting_brings_a_threshold_bill_of_all() -> None:
    shop = over_threshold()
    void(shop, "2026-11-05 14:00")
    shop.run_jobs("2026-11-06 00:00")
    assert len(shop.invoices()) == 1  # a day-end that posts nothing triggers nothing
    shop.charge("2026-11-06 09:00", "pick-pack", "0.01")
    assert shop.invoices()[1:] == ["2026-11-06 THRESHOLD 210.01"]
    assert state(SECOND) == "OPEN 0.00/210.01"
    assert shop.figures() == ("0.00", "0.00")


def test_the_next_scheduled_bill_takes_them_on_its_date() -> None:
    shop = manual(plan_interval_days=30)
    assert void(shop, "2026-11-02 12:00") == "VOID"
    shop.run_jobs("2026-12-01 00:00")
    assert shop.invoices() == ["2026-11-01 SUBSCRIPTION 39.00", "2026-12-01 SUBSCRIPTION 78.00"]
    assert shop.lines("2026-12-01", "SUBSCRIPTION") == [
        "subscription 2026-11-01 39.00",
        "subscription 2026-12-01 39.00",
    ]


def test_a_charge_of_the_same_fee_and_day_joins_a_new_item() -> None:
    shop = over_threshold(billing_threshold="200.00")
    void(shop, "2026-11-05 14:00")
    shop.charge("2026-11-05 15:00", "pick-pack", "1.00")
    items = InvoiceItem.objects.filter(fee="pick-pack").order_by("pk")
    assert [(item.amount, item.charge_count) for item in items] == [
        (usd(150), 1),
        (usd(1), 1),
    ]
    assert shop.invoices()[1:] == ["2026-11-05 THRESHOLD 211.00"]


def test_after_a_failed_attempt_it_is_fine_and_nothing_is_tried_any_more() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    assert void(shop, "2026-11-01 12:00") == "VOID"
    assert invoice().next_attempt_at is None
    shop.run_jobs("2026-11-02 11:00")
    assert len(attempts(shop)) == 1


def test_after_a_part_was_paid_it_is_refused() -> None:
    shop = over_threshold()
    transfer(shop, "2026-11-05 14:00", "0.01")
    with nothing_changes():
        assert void(shop, "2026-11-05 15:00") == "invoice_has_payments"


def test_in_any_other_state_it_is_refused() -> None:
    shop = over_threshold()
    void(shop, "2026-11-05 14:00")
    shop.charge("2026-11-05 15:00", "pick-pack", "1.00")
    with nothing_changes():
        assert void(shop, "2026-11-05 16:00") == "invoice_not_open"
        assert give_up(shop, "2026-11-05 16:00") == "invoice_not_open"
    give_up(shop, "2026-11-05 17:00", SECOND)
    with nothing_changes():
        assert void(shop, "2026-11-05 18:00", SECOND) == "invoice_not_open"
        assert give_up(shop, "2026-11-05 18:00", SECOND) == "invoice_not_open"
    transfer(shop, "2026-11-05 19:00", "211.00", number=SECOND)
    with nothing_changes():
        assert void(shop, "2026-11-05 20:00", SECOND) == "invoice_not_open"
        assert give_up(shop, "2026-11-05 20:00", SECOND) == "invoice_not_open"


@pytest.mark.parametrize("reason", ["", *full("  ", "x" * 501)])
def test_without_a_reason_nothing_is_decided(reason: str) -> None:
    shop = over_threshold()
    with nothing_changes():
        for operation in (invoice_decisions.void, invoice_decisions.mark_uncollectible):
            with pytest.raises(Invalid):
                operation(
                    invoice_id=invoice().pk,
                    actor=OPERATOR,
                    reason=reason,
                    now=shop.at("2026-11-05 14:00"),
                )


def test_a_bill_that_is_given_up_is_not_tried_any_more_and_can_be_paid() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    assert give_up(shop, "2026-11-01 12:00") == "UNCOLLECTIBLE"
    shop.run_jobs("2026-11-02 11:00")
    assert len(attempts(shop)) == 1
    assert shop.figures() == ("0.00", "0.00")
    assert transfer(shop, "2026-11-03 11:00", "39.00") == "new"
    assert state() == "PAID 39.00/39.00"


@pytest.mark.full  # voided and paid at once, below
@pytest.mark.django_db(transaction=True)
def test_voided_by_four_people_at_once_its_items_come_back_once() -> None:
    shop = over_threshold()
    said = at_once(lambda _: void(shop, "2026-11-05 14:00"), threads=4)
    assert said == {"VOID": 1, "invoice_not_open": 3}
    assert shop.figures() == ("210.00", "0.00")


def test_money_for_a_voided_bill_is_kept_once_and_the_bill_stays_void() -> None:
    shop = over_threshold()
    assert void(shop, "2026-11-05 14:00") == "VOID"
    assert transfer(shop, "2026-11-05 14:00", "210.00") == "new"
    assert void(shop, "2026-11-05 14:00") == "invoice_not_open"
    assert transfer(shop, "2026-11-05 14:00", "210.00") == "known"
    assert (state(), shop.figures()) == ("VOID 0.00/210.00", ("210.00", "0.00"))
    assert unapplied(shop) == ["RECEIVED 210.00 210.00"]


@every_order
@pytest.mark.django_db(transaction=True)
def test_voided_and_paid_at_once_only_one_of_them_happens() -> None:
    shop = over_threshold()

    def work(number: int) -> str:
        """Void the bill or record a transfer, by number: the outcome."""
        if number % 2:
            return void(shop, "2026-11-05 14:00")
        return transfer(shop, "2026-11-05 14:00", "210.00")

    said = at_once(work, threads=4)
    if said["VOID"]:  # whose money came too late: it is kept, once
        assert said == {"VOID": 1, "invoice_not_open": 1, "new": 1, "known": 1}
        assert (state(), shop.figures()) == ("VOID 0.00/210.00", ("210.00", "0.00"))
        assert unapplied(shop) == ["RECEIVED 210.00 210.00"]
    else:
        assert said == {"new": 1, "known": 1, "invoice_not_open": 2}
        assert (state(), shop.figures()) == ("PAID 210.00/210.00", ("0.00", "0.00"))
        assert unapplied(shop) == []
    assert str(invoice()) == FIRST


@pytest.mark.full  # it can be paid above
def test_a_bill_that_was_given_up_and_is_paid_is_recovered() -> None:
    shop = manual()
    transfer(shop, "2026-11-02 12:00", "9.00")
    give_up(shop, "2026-11-10 12:00")
    transfer(shop, "2026-12-10 12:00", "30.00", "BANK-2")
    assert state() == "PAID 39.00/39.00"
    steps = [
        str(step.what)
        for step in of_invoice(
            invoice(), list(invoices.attempts(invoice())), by_hand(invoice()), []
        )
    ]
    assert steps == [
        "Issued", "Payment", "Not paid", "Marked uncollectible", "Payment",
        "Paid after it was given up",
    ]  # fmt: skip
    (told,) = books.of_merchant(shop.reference)["billing"]["invoices"]
    assert [(one["amount"], one["is_recovery"]) for one in told["payments"]] == [
        ("9.00", False), ("30.00", True)
    ]  # fmt: skip


@pytest.mark.full  # voided and paid at once, above
def test_what_is_paid_at_the_instant_at_which_it_is_given_up_was_never_doubtful() -> None:
    """The journal has nothing to enter of it, and the audit misses nothing."""
    shop = manual()
    give_up(shop, "2026-11-10 12:00")
    transfer(shop, "2026-11-10 12:00", "39.00")
    assert state() == "PAID 39.00/39.00"
    assert [line for line in journals.told(shop) if "2026-11-10" in line] == [
        "2026-11-10 payment T-2026-000001-1 of bill 2026-000001:"
        " cash.manual 39.00, receivable -39.00"
    ]
    assert_clean()
