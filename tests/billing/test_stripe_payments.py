"""A bill is collected from a card at Stripe, whatever becomes of request and reply."""

import logging
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from billing.models import Invoice, Payment
from billing.operations import payment_methods, payments
from billing.providers import PROVIDERS, ProviderNotReady
from merchants import letters
from merchants.models import Notice
from tests import shops, stripe_server
from tests.stripe_server import OddStripe

pytestmark = pytest.mark.django_db


@pytest.fixture
def odd(settings: Any) -> Iterator[OddStripe]:
    with stripe_server.odd_stripe() as server:
        stripe_server.be_asked(settings, server.url, timeout=0.3)
        yield server


def add_card(shop: shops.Shop, at: str, token: str, customer: str = "cus_1") -> None:
    payment_methods.add_card(
        merchant_id=shop.merchant.pk,
        provider="stripe",
        token=token,
        customer=customer,
        brand="visa",
        last_four="4242",
        actor="anna@rosewood.example",
        now=shop.at(at),
    )


def billed_shop(**terms: Any) -> shops.Shop:
    """One open bill of 250.00, collected from pm_1 of cus_1 by the next run of the jobs."""
    shop = shops.join("2026-11-01 10:00", **terms)
    add_card(shop, "2026-11-01 10:05", "pm_1")
    assert shop.charge("2026-11-02 09:00", "pick-pack", "250.00") == "applied"
    return shop


def collect(shop: shops.Shop, at: str) -> None:
    """The attempt alone: a run of the jobs goes on to ask what became of it."""
    payments.collect(Invoice.objects.get().pk, now=shop.at(at))


def attempts() -> list[str]:
    return [
        f"{payment.status} {payment.failure}".strip()
        for payment in Payment.objects.order_by("attempt")
    ]


def bill() -> tuple[str, Decimal]:
    found = Invoice.objects.get()
    return found.status, found.amount_paid


def next_attempt() -> str:
    at = Invoice.objects.get().next_attempt_at
    return f"{at:%Y-%m-%d %H:%M}" if at else ""


def test_a_bill_is_paid_by_one_payment_intent_that_names_it(odd: OddStripe) -> None:
    shop = billed_shop()
    shop.run_jobs("2026-11-02 10:00")
    assert bill() == ("PAID", Decimal(250))
    payment, number = Payment.objects.get(), Invoice.objects.get().number
    (intent,) = odd.intents
    assert (payment.status, payment.provider_reference) == ("SUCCEEDED", intent["id"])
    assert (intent["amount"], intent["currency"]) == (25000, "usd")
    assert (intent["customer"], intent["payment_method"]) == ("cus_1", "pm_1")
    assert intent["metadata"] == {
        "tael_payment": f"{number}-1",
        "tael_merchant": "rosewood",
        "tael_bill": number,
    }
    assert list(odd.by_key) == [payment.idempotency_key] == [f"{number}-1"]


def test_a_payment_asked_for_twice_is_taken_once(odd: OddStripe) -> None:
    shop = billed_shop()
    odd.mishaps.append("processing")
    shop.run_jobs("2026-11-02 10:00")
    odd.intents[0]["status"] = "succeeded"
    again = PROVIDERS["stripe"].collect(Payment.objects.get(), now=shop.at("2026-11-02 10:01"))
    assert (again.status, again.reference) == ("SUCCEEDED", "pi_1")
    assert len(odd.intents) == 1


def test_a_merchant_that_joined_without_a_card_is_asked_for_one(odd: OddStripe) -> None:
    shop = shops.join("2026-11-01 10:00", payment_method="stripe", plan_price="39.00")
    shop.run_jobs("2026-11-01 11:00")
    assert (attempts(), next_attempt(), odd.requests) == (["FAILED card_removed"], "", [])
    add_card(shop, "2026-11-01 12:00", "pm_1")
    shop.run_jobs("2026-11-01 13:00")
    assert attempts() == ["FAILED card_removed", "SUCCEEDED"]


@pytest.mark.parametrize("reason", ["insufficient_funds", "do_not_honor", "generic_decline"])
def test_a_soft_decline_is_tried_again_a_day_later(odd: OddStripe, reason: str) -> None:
    shop = billed_shop()
    odd.mishaps.append(reason)
    shop.run_jobs("2026-11-02 10:00")
    assert (bill(), attempts()) == (("OPEN", Decimal(0)), [f"FAILED {reason}"])
    assert next_attempt() == "2026-11-03 10:00"
    shop.run_jobs("2026-11-03 10:00")
    assert attempts() == [f"FAILED {reason}", "SUCCEEDED"]
    assert bill() == ("PAID", Decimal(250))


@pytest.mark.parametrize("reason", ["lost_card", "expired_card", "transaction_not_allowed"])
def test_a_hard_decline_waits_for_another_card(odd: OddStripe, reason: str) -> None:
    shop = billed_shop()
    odd.mishaps.append(reason)
    shop.run_jobs("2026-11-02 10:00")
    assert (attempts(), next_attempt()) == ([f"FAILED {reason}"], "")
    add_card(shop, "2026-11-04 12:00", "pm_2")
    shop.run_jobs("2026-11-04 13:00")
    assert (attempts(), bill()) == ([f"FAILED {reason}", "SUCCEEDED"], ("PAID", Decimal(250)))
    assert odd.intents[-1]["payment_method"] == "pm_2"


@pytest.mark.parametrize(
    ("advice", "retry"),
    [
        ("do_not_try_again", ""),
        ("confirm_card_data", ""),
        ("try_again_later", "2026-11-03 10:00"),
    ],
)
def test_what_the_bank_advises_counts_more_than_a_code_that_says_nothing(
    odd: OddStripe, advice: str, retry: str
) -> None:
    shop = billed_shop()
    odd.mishaps.append(f"generic_decline {advice}")
    shop.run_jobs("2026-11-02 10:00")
    assert (attempts(), next_attempt()) == (["FAILED generic_decline"], retry)


def test_a_merchant_is_told_of_the_decline_and_not_of_what_the_bank_suspects(
    odd: OddStripe,
) -> None:
    shop = billed_shop()
    odd.mishaps.append("fraudulent")
    shop.run_jobs("2026-11-02 10:00")
    told = letters.sentence(Notice.objects.get(kind="PAYMENT_FAILED"))
    number = Invoice.objects.get().number
    assert told.replace("\N{NO-BREAK SPACE}", " ") == (
        f"We could not collect 250.00 USD for bill {number}: the card was declined."
    )


@pytest.mark.parametrize("mishap", ["requires_action", "authentication_required"])
def test_a_payment_that_its_holder_must_confirm_has_failed_and_is_cancelled(
    odd: OddStripe, mishap: str
) -> None:
    shop = billed_shop()
    odd.mishaps.append(mishap)
    shop.run_jobs("2026-11-02 10:00")
    assert attempts() == ["FAILED authentication_required"]
    assert Payment.objects.get().is_hard
    assert [intent["status"] for intent in odd.intents] == ["canceled"]


def test_a_payment_that_succeeds_while_it_is_being_cancelled_has_succeeded(odd: OddStripe) -> None:
    shop = billed_shop()
    odd.mishaps.append("requires_action")
    odd.before_cancel = lambda intent: intent.update(status="succeeded")
    shop.run_jobs("2026-11-02 10:00")
    assert (attempts(), bill()) == (["SUCCEEDED"], ("PAID", Decimal(250)))


def test_a_payment_that_can_not_be_cancelled_yet_is_undecided(odd: OddStripe) -> None:
    shop = billed_shop()
    odd.mishaps.append("requires_action")
    odd.before_cancel = lambda intent: intent.update(status="processing")
    collect(shop, "2026-11-02 10:00")
    assert attempts() == ["UNKNOWN"]
    odd.intents[0]["status"] = "succeeded"
    shop.run_jobs("2026-11-02 11:00")
    assert (attempts(), len(odd.intents)) == (["SUCCEEDED"], 1)


@pytest.mark.parametrize(
    "status", ["requires_confirmation", "requires_capture", "requires_payment_method", "canceled"]
)
def test_a_payment_found_half_made_is_cancelled_and_tried_again(
    odd: OddStripe, status: str
) -> None:
    shop = billed_shop()
    odd.mishaps.append("lost")
    collect(shop, "2026-11-02 10:00")
    odd.intents[0]["status"] = status
    payments.reconcile(Payment.objects.get().pk, now=shop.at("2026-11-02 10:05"))
    assert (attempts(), odd.intents[0]["status"]) == (["FAILED canceled"], "canceled")
    assert next_attempt() == "2026-11-03 10:05"


def test_a_payment_that_stripe_still_works_on_is_asked_about_until_it_is_done(
    odd: OddStripe,
) -> None:
    shop = billed_shop()
    odd.mishaps.append("processing")
    shop.run_jobs("2026-11-02 10:00")
    assert attempts() == ["UNKNOWN"]
    assert Payment.objects.get().provider_reference == "pi_1"
    shop.run_jobs("2026-11-02 11:00")
    assert attempts() == ["UNKNOWN"]
    odd.intents[0]["status"] = "succeeded"
    shop.run_jobs("2026-11-02 12:00")
    assert (attempts(), bill(), len(odd.intents)) == (["SUCCEEDED"], ("PAID", Decimal(250)), 1)


@pytest.mark.parametrize("mishap", ["late", "lost", "broken"])
def test_a_payment_taken_without_an_answer_is_found_and_never_taken_twice(
    odd: OddStripe, mishap: str
) -> None:
    shop = billed_shop()
    odd.mishaps.append(mishap)
    collect(shop, "2026-11-02 10:00")
    assert (attempts(), bill()) == (["UNKNOWN"], ("OPEN", Decimal(0)))
    odd.release.set()
    shop.run_jobs("2026-11-02 10:05")
    assert (attempts(), bill()) == (["SUCCEEDED"], ("PAID", Decimal(250)))
    assert len(odd.intents) == 1
    assert not Notice.objects.filter(kind="PAYMENT_FAILED").exists()


def test_it_is_found_though_the_clocks_of_stripe_and_tael_are_days_apart(odd: OddStripe) -> None:
    shop = billed_shop()
    odd.clock = shop.at("2026-10-25 00:00")
    odd.mishaps.append("lost")
    collect(shop, "2026-11-02 10:00")
    shop.run_jobs("2026-11-02 11:00")
    assert (attempts(), len(odd.intents)) == (["SUCCEEDED"], 1)


def test_it_is_found_behind_later_payments_of_the_same_customer(odd: OddStripe) -> None:
    shop = billed_shop()
    odd.mishaps.append("lost")
    collect(shop, "2026-11-02 10:00")
    other = {"amount": "999", "currency": "usd", "customer": "cus_1", "payment_method": "pm_1"}
    for _ in range(5):  # the server lists two at a time
        odd.make(other)
    shop.run_jobs("2026-11-02 10:05")
    assert attempts() == ["SUCCEEDED"]
    assert Payment.objects.get().provider_reference == "pi_1"


@pytest.mark.parametrize("mishap", ["unheard", "503", "429", "409"])
def test_what_stripe_never_received_is_made_anew_under_another_key(
    odd: OddStripe, mishap: str
) -> None:
    shop = billed_shop()
    odd.mishaps.append(mishap)
    shop.run_jobs("2026-11-02 10:00")
    shop.run_jobs("2026-11-02 10:05")
    assert attempts() == ["UNKNOWN"]  # it might still be under way
    shop.run_jobs("2026-11-02 10:10")
    shop.run_jobs("2026-11-02 11:00")
    assert attempts() == ["FAILED never_received", "SUCCEEDED"]
    assert bill() == ("PAID", Decimal(250))
    first, second = Payment.objects.order_by("attempt")
    assert list(odd.by_key) == [second.idempotency_key] != [first.idempotency_key]
    assert Invoice.objects.get().first_failed_at is None
    assert not Notice.objects.filter(kind="PAYMENT_FAILED").exists()


def test_while_stripe_is_silent_nothing_is_decided(odd: OddStripe) -> None:
    shop = billed_shop()
    odd.mishaps.append("lost")
    collect(shop, "2026-11-02 10:00")
    odd.is_silent = True
    shop.run_jobs("2026-11-02 12:00")
    assert (attempts(), bill()) == (["UNKNOWN"], ("OPEN", Decimal(0)))
    odd.is_silent = False
    shop.run_jobs("2026-11-02 13:00")
    assert (attempts(), len(odd.intents)) == (["SUCCEEDED"], 1)


def test_money_that_comes_after_we_gave_up_pays_the_bill_or_is_kept_as_a_stray(
    odd: OddStripe,
) -> None:
    shop = billed_shop()
    odd.mishaps.append("unheard")
    shop.run_jobs("2026-11-02 10:00")
    payments.reconcile(Payment.objects.get().pk, now=shop.at("2026-11-02 10:10"))
    assert attempts() == ["FAILED never_received"]
    key = Payment.objects.get().idempotency_key
    form = {"amount": "25000", "currency": "usd", "customer": "cus_1", "payment_method": "pm_1"}
    late = odd.make({**form, "metadata[tael_payment]": key})
    assert stripe_server.send_event("payment_intent.succeeded", late["id"]) == 200
    assert (attempts(), bill()) == (["FAILED never_received", "SUCCEEDED"], ("PAID", Decimal(250)))
    later = odd.make({**form, "metadata[tael_payment]": key})
    assert stripe_server.send_event("payment_intent.succeeded", later["id"]) == 200
    stray = Payment.objects.get(attempt=1).stray
    assert (stray.provider_reference, stray.amount) == (later["id"], Decimal(250))
    assert bill() == ("PAID", Decimal(250))


def test_a_wrong_key_is_our_fault_and_not_a_failure_of_the_merchants(
    odd: OddStripe, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shop = billed_shop()
    settings.STRIPE_API_KEY = "sk_test_mistyped"
    with caplog.at_level(logging.ERROR):
        shop.run_jobs("2026-11-02 10:00")
        shop.run_jobs("2026-11-20 10:00")
    assert "does not accept STRIPE_API_KEY" in caplog.text
    assert (attempts(), Invoice.objects.get().first_failed_at) == (["UNKNOWN"], None)
    settings.STRIPE_API_KEY = stripe_server.KEY
    shop.run_jobs("2026-11-20 10:05")
    shop.run_jobs("2026-11-20 11:00")
    assert attempts() == ["FAILED never_received", "SUCCEEDED"]
    assert (bill(), len(odd.intents)) == (("PAID", Decimal(250)), 1)


def test_a_request_that_stripe_does_not_understand_is_our_fault_too(
    odd: OddStripe, caplog: pytest.LogCaptureFixture
) -> None:
    shop = billed_shop()
    odd.mishaps.append("invalid confirm parameter_unknown")
    with caplog.at_level(logging.ERROR):
        shop.run_jobs("2026-11-02 10:00")
    assert "Stripe refuses our request" in caplog.text
    assert (attempts(), Invoice.objects.get().first_failed_at) == (["UNKNOWN"], None)


@pytest.mark.parametrize(
    ("mishap", "failure"),
    [
        ("invalid amount amount_too_small", "amount_not_possible"),
        ("invalid payment_method resource_missing", "card_removed"),
        ("invalid customer resource_missing", "card_removed"),
    ],
)
def test_a_refusal_that_waiting_does_not_mend_waits_for_another_method(
    odd: OddStripe, mishap: str, failure: str
) -> None:
    shop = billed_shop()
    odd.mishaps.append(mishap)
    shop.run_jobs("2026-11-02 10:00")
    assert (attempts(), next_attempt(), odd.intents) == ([f"FAILED {failure}"], "", [])


def test_an_amount_that_stripe_can_not_take_is_refused_and_not_rounded(odd: OddStripe) -> None:
    shop = shops.join("2026-11-01 10:00", currency="KWD", billing_threshold="20.000")
    add_card(shop, "2026-11-01 10:05", "pm_1")
    shop.charge("2026-11-02 09:00", "pick-pack", "25.125")
    shop.run_jobs("2026-11-02 10:00")
    assert (attempts(), odd.requests) == (["FAILED amount_not_possible"], [])
    assert (bill(), next_attempt()) == (("OPEN", Decimal(0)), "")


@pytest.mark.parametrize(
    ("currency", "amount", "sent"),
    [("KWD", "25.120", 25120), ("JPY", "2512", 2512), ("ISK", "2512", 251200)],
)
def test_stripe_counts_the_digits_of_each_currency_in_its_own_way(
    odd: OddStripe, currency: str, amount: str, sent: int
) -> None:
    shop = shops.join("2026-11-01 10:00", currency=currency, billing_threshold="20")
    add_card(shop, "2026-11-01 10:05", "pm_1")
    shop.charge("2026-11-02 09:00", "pick-pack", amount)
    shop.run_jobs("2026-11-02 10:00")
    assert [(made["amount"], made["currency"]) for made in odd.intents] == [
        (sent, currency.lower())
    ]
    assert bill() == ("PAID", Decimal(amount))


def test_without_a_key_nothing_is_asked_and_the_setting_is_named(
    odd: OddStripe, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shop = billed_shop()
    settings.STRIPE_API_KEY = ""
    with caplog.at_level(logging.ERROR):
        shop.run_jobs("2026-11-02 10:00")
    assert "STRIPE_API_KEY" in caplog.text
    assert (attempts(), odd.requests) == ([], [])
    with pytest.raises(ProviderNotReady, match="STRIPE_API_KEY"):
        PROVIDERS["stripe"].check_ready()
    shops.join("2026-11-01 10:00", "willow")
    with shops.Shop("willow").unchanged(), pytest.raises(ProviderNotReady, match="STRIPE_API_KEY"):
        add_card(shops.Shop("willow"), "2026-11-02 11:00", "pm_9", "cus_9")
