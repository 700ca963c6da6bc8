"""Stripe's answer to a payment is late, lost or never comes, and money is still taken once."""

import pytest

from billing.models import Invoice, Payment
from billing.operations import payments
from notices.models import Notice
from tests import stripe_server
from tests.amounts import usd
from tests.billing.at_stripe import attempts, billed_shop, collect, invoice
from tests.billing.paying import choose
from tests.stripe_server import OddStripe
from tests.whole import full, some

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("mishap", some(["late", "lost", "broken"], 3))
def test_a_payment_taken_without_an_answer_is_found_and_never_taken_twice(
    odd: OddStripe, mishap: str
) -> None:
    shop = billed_shop()
    if mishap == "late":
        with odd.late():
            collect(shop, "2026-11-02 10:00")
    else:
        odd.mishaps.append(mishap)
        collect(shop, "2026-11-02 10:00")
    assert (attempts(), invoice()) == (["UNKNOWN"], ("OPEN", usd(0)))
    odd.release.set()
    shop.run_jobs("2026-11-02 10:05")
    assert (attempts(), invoice()) == (["SUCCEEDED"], ("PAID", usd(250)))
    assert len(odd.intents) == 1
    assert not Notice.objects.filter(kind="PAYMENT_FAILED").exists()


@pytest.mark.full  # it is found above
def test_it_is_found_though_the_clocks_of_stripe_and_tael_are_days_apart(odd: OddStripe) -> None:
    shop = billed_shop()
    odd.clock = shop.at("2026-10-25 00:00")
    odd.mishaps.append("lost")
    collect(shop, "2026-11-02 10:00")
    shop.run_jobs("2026-11-02 11:00")
    assert (attempts(), len(odd.intents)) == (["SUCCEEDED"], 1)


@pytest.mark.full  # it is found above
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


@pytest.mark.parametrize("mishap", ["unheard", *full("503", "429", "409")])
def test_what_stripe_never_received_is_made_again_under_the_same_key(
    odd: OddStripe, mishap: str
) -> None:
    shop = billed_shop()
    odd.mishaps.append(mishap)
    shop.run_jobs("2026-11-02 10:00")
    shop.run_jobs("2026-11-02 10:05")
    assert attempts() == ["UNKNOWN"]  # it might still be under way
    shop.run_jobs("2026-11-02 10:10")
    assert attempts() == ["SUCCEEDED"]
    assert invoice() == ("PAID", usd(250))
    assert list(odd.by_key) == ["T-2026-000001-1"] == [Payment.objects.get().idempotency_key]
    assert Invoice.objects.get().first_failed_at is None
    assert not Notice.objects.filter(kind="PAYMENT_FAILED").exists()


@pytest.mark.full  # without an answer nothing is, in test_unknown_payments.py
def test_while_stripe_is_silent_nothing_is_decided(odd: OddStripe) -> None:
    shop = billed_shop()
    odd.mishaps.append("lost")
    collect(shop, "2026-11-02 10:00")
    with odd.silent():
        shop.run_jobs("2026-11-02 12:00")
    assert (attempts(), invoice()) == (["UNKNOWN"], ("OPEN", usd(0)))
    shop.run_jobs("2026-11-02 13:00")
    assert (attempts(), len(odd.intents)) == (["SUCCEEDED"], 1)


def test_money_that_comes_after_we_gave_up_pays_the_bill_or_is_unapplied(
    odd: OddStripe,
) -> None:
    shop = billed_shop()
    odd.mishaps.append("unheard")
    shop.run_jobs("2026-11-02 10:00")
    assert choose(shop, "2026-11-02 10:05", "manual") == "manual"
    payments.reconcile(Payment.objects.get().pk, now=shop.at("2026-11-02 10:10"))
    assert attempts() == ["FAILED never_received"]
    key = Payment.objects.get().idempotency_key
    form = {"amount": "25000", "currency": "usd", "customer": "cus_1", "payment_method": "pm_1"}
    late = odd.make({**form, "metadata[tael_payment]": key})
    assert stripe_server.send_event("payment_intent.succeeded", late["id"]) == 200
    assert (attempts(), invoice()) == (["FAILED never_received", "SUCCEEDED"], ("PAID", usd(250)))
    later = odd.make({**form, "metadata[tael_payment]": key})
    assert stripe_server.send_event("payment_intent.succeeded", later["id"]) == 200
    kept = Payment.objects.get(attempt=1).unapplied_entries.get()
    assert (kept.kind, kept.reference, kept.amount) == ("RECEIVED", later["id"], usd(250))
    assert invoice() == ("PAID", usd(250))
