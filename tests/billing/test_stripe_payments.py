"""A bill is collected from a card at Stripe, or the card is declined."""

import logging
from typing import Any

import pytest
from moneyed import Money

from billing.models import Invoice, Payment
from billing.operations import payments
from billing.operations.payment_methods import CurrencyNotTaken
from billing.providers.registry import PROVIDERS, ProviderNotReady
from notices import letters
from notices.models import Notice
from tests import shops, stripe_server
from tests.amounts import usd
from tests.billing.at_stripe import add_card, attempts, billed_shop, collect, invoice, next_attempt
from tests.stripe_server import OddStripe
from tests.unchanged import nothing_changes
from tests.whole import full, some

pytestmark = pytest.mark.django_db


def test_a_bill_is_paid_by_one_payment_intent_that_names_it(odd: OddStripe) -> None:
    shop = billed_shop()
    shop.run_jobs("2026-11-02 10:00")
    assert invoice() == ("PAID", usd(250))
    payment, number = Payment.objects.get(), Invoice.objects.get().number
    (intent,) = odd.intents
    assert (payment.status, payment.provider_reference) == ("SUCCEEDED", intent["id"])
    assert (intent["amount"], intent["currency"]) == (25000, "usd")
    assert (intent["customer"], intent["payment_method"]) == ("cus_1", "pm_1")
    assert intent["metadata"] == {
        "tael_payment": f"T-{number}-1",
        "tael_merchant": "rosewood",
        "tael_invoice": f"T-{number}",
    }
    assert list(odd.by_key) == [payment.idempotency_key] == [f"T-{number}-1"]


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


@pytest.mark.parametrize(
    "reason", some(["insufficient_funds", "do_not_honor", "generic_decline"], 3)
)
def test_a_soft_decline_is_tried_again_a_day_later(odd: OddStripe, reason: str) -> None:
    shop = billed_shop()
    odd.mishaps.append(reason)
    shop.run_jobs("2026-11-02 10:00")
    assert (invoice(), attempts()) == (("OPEN", usd(0)), [f"FAILED {reason}"])
    assert next_attempt() == "2026-11-03 10:00"
    shop.run_jobs("2026-11-03 10:00")
    assert attempts() == [f"FAILED {reason}", "SUCCEEDED"]
    assert invoice() == ("PAID", usd(250))


@pytest.mark.parametrize(
    "reason", some(["lost_card", "expired_card", "transaction_not_allowed"], 3)
)
def test_a_hard_decline_waits_for_another_card(odd: OddStripe, reason: str) -> None:
    shop = billed_shop()
    odd.mishaps.append(reason)
    shop.run_jobs("2026-11-02 10:00")
    assert (attempts(), next_attempt()) == ([f"FAILED {reason}"], "")
    add_card(shop, "2026-11-04 12:00", "pm_2")
    shop.run_jobs("2026-11-04 13:00")
    assert (attempts(), invoice()) == ([f"FAILED {reason}", "SUCCEEDED"], ("PAID", usd(250)))
    assert odd.intents[-1]["payment_method"] == "pm_2"


@pytest.mark.full  # codes count above
@pytest.mark.parametrize(
    ("advice", "retry"),
    some(
        [
            ("do_not_try_again", ""),
            ("confirm_card_data", ""),
            ("try_again_later", "2026-11-03 10:00"),
        ],
        3,
    ),
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
    assert told.replace("\N{NO-BREAK SPACE}", " ").startswith(
        f"We could not collect 250.00 USD for bill T-{number}: the card was declined. Nothing tries"
    )


@pytest.mark.parametrize("mishap", ["requires_action", *full("authentication_required")])
def test_a_payment_that_its_holder_must_confirm_has_failed_and_is_cancelled(
    odd: OddStripe, mishap: str
) -> None:
    shop = billed_shop()
    odd.mishaps.append(mishap)
    shop.run_jobs("2026-11-02 10:00")
    assert attempts() == ["FAILED authentication_required"]
    assert Payment.objects.get().is_hard
    assert [intent["status"] for intent in odd.intents] == ["canceled"]


@pytest.mark.full  # one that is cancelled, above
def test_a_payment_that_succeeds_while_it_is_being_cancelled_has_succeeded(odd: OddStripe) -> None:
    shop = billed_shop()
    odd.mishaps.append("requires_action")
    odd.before_cancel = lambda intent: intent.update(status="succeeded")
    shop.run_jobs("2026-11-02 10:00")
    assert (attempts(), invoice()) == (["SUCCEEDED"], ("PAID", usd(250)))


@pytest.mark.full  # one that is cancelled, above
def test_a_payment_that_can_not_be_cancelled_yet_is_undecided(odd: OddStripe) -> None:
    shop = billed_shop()
    odd.mishaps.append("requires_action")
    odd.before_cancel = lambda intent: intent.update(status="processing")
    collect(shop, "2026-11-02 10:00")
    assert attempts() == ["UNKNOWN"]
    odd.intents[0]["status"] = "succeeded"
    shop.run_jobs("2026-11-02 11:00")
    assert (attempts(), len(odd.intents)) == (["SUCCEEDED"], 1)


@pytest.mark.full  # one that is cancelled, above
@pytest.mark.parametrize(
    "status",
    some(["requires_confirmation", "requires_capture", "requires_payment_method", "canceled"], 4),
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


@pytest.mark.full  # one without an answer in test_stripe_unanswered.py
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
    assert (attempts(), invoice(), len(odd.intents)) == (["SUCCEEDED"], ("PAID", usd(250)), 1)


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
    assert attempts() == ["SUCCEEDED"]
    assert (invoice(), len(odd.intents)) == (("PAID", usd(250)), 1)


@pytest.mark.full  # a wrong key is, above
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
    some(
        [
            ("invalid amount amount_too_small", "amount_not_possible"),
            ("invalid payment_method resource_missing", "card_removed"),
            ("invalid customer resource_missing", "card_removed"),
        ],
        3,
    ),
)
def test_a_refusal_that_waiting_does_not_mend_waits_for_another_method(
    odd: OddStripe, mishap: str, failure: str
) -> None:
    shop = billed_shop()
    odd.mishaps.append(mishap)
    shop.run_jobs("2026-11-02 10:00")
    assert (attempts(), next_attempt(), odd.intents) == ([f"FAILED {failure}"], "", [])


def test_a_currency_whose_amounts_stripe_can_not_always_take_is_refused(odd: OddStripe) -> None:
    shop = shops.join("2026-11-01 10:00", currency="KWD", billing_threshold="20.000")
    with pytest.raises(CurrencyNotTaken):
        add_card(shop, "2026-11-01 10:05", "pm_1")
    shop.charge("2026-11-02 09:00", "pick-pack", "25.125")
    shop.run_jobs("2026-11-02 10:00")
    assert (shop.account.payment_method, attempts(), odd.requests) == ("manual", [], [])
    assert (invoice(), next_attempt()) == (("OPEN", Money(0, "KWD")), "")


@pytest.mark.parametrize(
    ("currency", "amount", "sent"),
    some([("HUF", "2512.45", 251245), ("JPY", "2512", 2512), ("THB", "25.12", 2512)], 3),
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
    assert invoice() == ("PAID", Money(amount, currency))


@pytest.mark.full  # a wrong key, above
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
    with nothing_changes(), pytest.raises(ProviderNotReady, match="STRIPE_API_KEY"):
        add_card(shops.Shop("willow"), "2026-11-02 11:00", "pm_9", "cus_9")
