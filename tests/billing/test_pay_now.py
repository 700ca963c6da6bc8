"""Somebody pays a bill at once; its retries stay where they are."""

import pytest

from billing.models import Payment
from billing.operations import payments
from billing.operations.invoice_decisions import InvoiceNotOpen, UnknownInvoice
from billing.providers.registry import Answer
from tests import shops
from tests.amounts import usd
from tests.billing.paying import (
    FIRST,
    GOOD,
    MEI,
    REFUSED,
    SHORT,
    Told,
    add_card,
    attempts,
    billed,
    choose,
    draft,
    first_failure,
    give_up,
    invoice,
    manual,
    next_attempt,
    paid,
    pay_now,
    state,
    told,
    told_shop,
    transfer,
    void,
)
from tests.billing.test_drafts import reviewed
from tests.threads import at_once, every_order
from tests.unchanged import nothing_changes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

SOFT = "FAILED insufficient_funds"
HARD = "FAILED card_declined"


def test_it_pays_the_bill_and_says_who_did() -> None:
    shop = billed()
    assert pay_now(shop, "2026-11-01 10:20") == "SUCCEEDED"
    assert (state(), invoice().paid_at) == ("PAID 39.00/39.00", shop.at("2026-11-01 10:20"))
    assert Payment.objects.get().actor == MEI
    shop.run_jobs("2026-11-01 11:00")
    assert attempts(shop) == ["2026-11-01 10:20 SUCCEEDED"]


def test_a_failure_uses_up_no_retry_and_moves_none() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    for at in ("2026-11-01 12:00", "2026-11-03 12:00", "2026-11-03 12:00"):
        before = next_attempt(shop)
        assert pay_now(shop, at) == SOFT
        assert next_attempt(shop) == before
        shop.run_jobs("2026-11-02 11:00") if at.startswith("2026-11-01") else None
    for day in ("04", "06", "08", "09"):
        shop.run_jobs(f"2026-11-{day} 11:00")
    automatic = Payment.objects.filter(actor="collect-payments")
    assert [shop.at(f"2026-11-{day} 11:00") for day in ("01", "02", "04", "06", "08")] == list(
        automatic.order_by("attempt").values_list("started_at", flat=True)
    )
    assert len(told(shop)) == 2  # of the first failure, and that no retry is left


@pytest.mark.full  # nor one that is not due, above
def test_a_retry_that_is_due_and_not_run_yet_is_not_used_up() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    assert pay_now(shop, "2026-11-02 11:20") == SOFT
    shop.run_jobs("2026-11-02 12:00")
    assert attempts(shop)[1:] == [f"2026-11-02 11:20 {SOFT}", f"2026-11-02 12:00 {SOFT}"]
    assert next_attempt(shop) == "2026-11-04 11:00"


@pytest.mark.full  # it moves none, above
def test_after_the_last_retry_it_makes_no_new_one() -> None:
    shop = billed(card=SHORT)
    for day in ("01", "02", "04", "06", "08"):
        shop.run_jobs(f"2026-11-{day} 11:00")
    assert pay_now(shop, "2026-11-10 12:00") == SOFT
    assert next_attempt(shop) is None


@pytest.mark.full  # by itself in test_dunning.py
def test_a_card_refused_for_good_stops_the_retries_until_there_is_another(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [
        Answer.failed("insufficient_funds"),
        Answer.failed("card_declined", is_hard=True),
    ]
    shop.run_jobs("2026-11-01 11:00")
    assert pay_now(shop, "2026-11-01 12:00") == HARD
    assert next_attempt(shop) is None
    shop.run_jobs("2026-11-02 11:00")
    assert len(attempts(shop)) == 2
    add_card(shop, "2026-11-02 11:30", GOOD)
    shop.run_jobs("2026-11-02 12:00")
    assert state() == "PAID 39.00/39.00"


@pytest.mark.full  # by itself in test_dunning.py
def test_a_card_refused_for_good_before_the_first_attempt_is_the_first_failure() -> None:
    shop = billed(card=REFUSED)
    assert pay_now(shop, "2026-11-01 10:30") == HARD
    shop.run_jobs("2026-11-01 11:00")
    assert attempts(shop) == [f"2026-11-01 10:30 {HARD}"]
    assert first_failure(shop) == "2026-11-01 10:30"
    assert told(shop) == [f"2026-11-01 10:30 {FIRST} 39.00 USD card_declined"]


def test_before_the_due_day_of_a_bill_that_was_manual_nothing_moves() -> None:
    shop = manual()
    add_card(shop, "2026-11-02 09:00", SHORT)
    assert next_attempt(shop) == "2026-11-08 00:00"
    assert pay_now(shop, "2026-11-03 09:00") == SOFT
    assert (next_attempt(shop), first_failure(shop)) == ("2026-11-08 00:00", None)


@pytest.mark.full  # by a transfer in test_voiding.py
def test_an_uncollectible_bill_can_be_paid() -> None:
    shop = billed(card=REFUSED)
    shop.run_jobs("2026-11-01 11:00")
    assert give_up(shop, "2026-11-02 09:00") == "UNCOLLECTIBLE"
    assert pay_now(shop, "2026-11-02 10:00") == HARD
    assert state() == "UNCOLLECTIBLE 0.00/39.00"
    add_card(shop, "2026-11-02 11:00", GOOD)
    shop.run_jobs("2026-11-02 12:00")  # nothing goes on by itself
    assert state() == "UNCOLLECTIBLE 0.00/39.00"
    assert pay_now(shop, "2026-11-02 12:10") == "SUCCEEDED"
    assert state() == "PAID 39.00/39.00"


def test_a_bill_that_is_paid_or_void_is_refused() -> None:
    shop = billed()
    shop.charge("2026-11-01 10:10", "pick-pack", "200.00")
    assert pay_now(shop, "2026-11-01 10:20") == "SUCCEEDED"
    assert void(shop, "2026-11-01 10:20", "2026-000002") == "VOID"
    with nothing_changes():
        assert pay_now(shop, "2026-11-01 10:30") == "invoice_not_open"
        assert pay_now(shop, "2026-11-01 10:30", "2026-000002") == "invoice_not_open"


def test_a_draft_and_what_there_is_not_are_refused() -> None:
    shop = reviewed()
    with nothing_changes():
        with pytest.raises(InvoiceNotOpen):
            payments.pay_now(invoice_id=draft().pk, actor=MEI, now=shop.at("2026-11-02 11:00"))
        with pytest.raises(UnknownInvoice):
            payments.pay_now(invoice_id=0, actor=MEI, now=shop.at("2026-11-02 11:00"))


def test_without_a_method_it_is_refused() -> None:
    shop = manual()
    with nothing_changes():
        assert pay_now(shop, "2026-11-01 10:30") == "no_payment_method"


def test_an_undecided_attempt_is_asked_about_and_not_followed(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [Answer.undecided("pi-1")]
    assert pay_now(shop, "2026-11-01 10:30") == "UNKNOWN"
    with nothing_changes():
        assert pay_now(shop, "2026-11-01 10:31") == "payment_under_way"
    provider.known[f"T-{FIRST}-1"] = paid()
    assert pay_now(shop, "2026-11-01 10:32") == "invoice_not_open"  # the first one has paid it
    assert (state(), provider.sent) == ("PAID 39.00/39.00", [f"T-{FIRST}-1"])


def test_it_pays_what_a_transfer_left() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    assert transfer(shop, "2026-11-01 12:00", "30.00") == "new"
    add_card(shop, "2026-11-01 12:30", GOOD)
    assert pay_now(shop, "2026-11-01 12:40") == "SUCCEEDED"
    assert [payment.amount for payment in Payment.objects.order_by("attempt")] == [
        *(usd(39), usd(30), usd(9)),
    ]
    assert state() == "PAID 39.00/39.00"


def test_without_permission_for_the_sandbox_nothing_is_written(settings: object) -> None:
    shop = billed()
    settings.TAEL_SANDBOX = False  # type: ignore[attr-defined]
    with nothing_changes():
        assert pay_now(shop, "2026-11-01 10:30") == "provider_not_ready"


@pytest.mark.full  # the chosen one in test_payment_methods.py
def test_a_method_chosen_in_between_is_the_one_asked(provider: Told) -> None:
    shop: shops.Shop = billed(card=SHORT)
    assert pay_now(shop, "2026-11-01 10:30") == SOFT
    assert choose(shop, "2026-11-01 10:40", "stripe") == "stripe"
    assert pay_now(shop, "2026-11-01 10:50") == "SUCCEEDED"
    assert provider.sent == [f"T-{FIRST}-2"]


# What the person had seen of the bill.


@pytest.mark.full  # one form many times, below
def test_a_bill_that_was_tried_meanwhile_is_not_tried_again() -> None:
    shop = billed(card=SHORT)
    assert pay_now(shop, "2026-11-01 10:20", seen=0) == SOFT
    with nothing_changes():
        assert pay_now(shop, "2026-11-01 10:30", seen=0) == "invoice_changed"
        assert pay_now(shop, "2026-11-01 10:30", seen=2) == "invoice_changed"
    assert pay_now(shop, "2026-11-01 10:30", seen=1) == SOFT


@every_order
@pytest.mark.django_db(transaction=True)
def test_one_form_sent_many_times_at_once_makes_one_attempt() -> None:
    shop = billed(card=SHORT)
    said = at_once(lambda _: pay_now(shop, "2026-11-01 10:20", seen=0), threads=6)
    assert said[SOFT] == 1
    assert set(said) <= {SOFT, "invoice_changed", "payment_under_way"}
    assert attempts(shop) == [f"2026-11-01 10:20 {SOFT}"]
