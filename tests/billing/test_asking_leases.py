"""Who asks a provider holds a lease: whatever sleeps, dies or breaks, money is taken once."""

from threading import get_ident

import pytest
from django.db import OperationalError

from billing.models import Invoice, Payment
from billing.operations import payments, provider_days
from jobs import leases
from tests import shops, sleepers
from tests.amounts import usd
from tests.billing.at_stripe import add_card, attempts, billed_shop, collect, invoice
from tests.stripe_server import OddStripe

pytestmark = pytest.mark.django_db(transaction=True)

ASKED = "POST /v1/payment_intents"
PAID = ("PAID", usd("250.00"))


def reconcile(shop: shops.Shop, at: str) -> None:
    """Ask the provider about the first attempt."""
    payments.reconcile(Payment.objects.get(attempt=1).pk, now=shop.at(at))


def taken(odd: OddStripe) -> list[str]:
    """What Stripe took: `amount currency card` of each PaymentIntent."""
    return [f"{it['amount']} {it['currency']} {it['payment_method']}" for it in odd.intents]


def test_a_worker_that_sleeps_past_its_lease_sends_nothing_when_it_wakes(
    odd: OddStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = billed_shop()
    with sleepers.asleep(monkeypatch, lambda: collect(shop, "2026-11-02 10:00")) as worker:
        assert attempts() == ["PENDING"]
        sleepers.kill(worker.backend)
        sleepers.run_out()
        reconcile(shop, "2026-11-02 10:10")
        assert (attempts(), invoice(), taken(odd)) == (["SUCCEEDED"], PAID, ["25000 usd pm_1"])
        worker.wake()
    assert worker.error is None
    assert odd.requests.count(ASKED) == 1
    assert (attempts(), invoice(), taken(odd)) == (["SUCCEEDED"], PAID, ["25000 usd pm_1"])
    payment = Payment.objects.get()
    assert (payment.idempotency_key, list(odd.by_key)) == ("T-2026-000001-1", ["T-2026-000001-1"])
    assert payment.started_at == shop.at("2026-11-02 10:00")
    assert payment.asked_again_at == shop.at("2026-11-02 10:10")
    assert sleepers.held() == []


def test_while_the_lease_is_live_nobody_asks_nor_decides(
    odd: OddStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = billed_shop()
    # The job that asks for a day's figures asks nothing about an attempt.
    monkeypatch.setattr(provider_days, "look_at", lambda *_, **__: None)
    with sleepers.asleep(monkeypatch, lambda: collect(shop, "2026-11-02 10:00")) as worker:
        sleepers.kill(worker.backend)
        shop.run_jobs("2026-11-02 10:10")
        shop.run_jobs("2026-11-02 20:00")
        looked = ("/v1/refunds", "/v1/disputes")  # by the daily look, which asks for no payment
        asked = [one for one in odd.requests if not one.endswith(looked)]
        assert (asked, attempts()) == ([], ["PENDING"])
        worker.wake()  # on a new connection; its lease has outlasted the old one
    assert worker.error is None
    assert (attempts(), invoice(), taken(odd)) == (["SUCCEEDED"], PAID, ["25000 usd pm_1"])


@pytest.mark.full  # one that sleeps longer, above
def test_one_that_sleeps_between_its_renewal_and_its_request_sends_the_same_key(
    odd: OddStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = billed_shop()
    renewed = leases.Held.renew
    sleeper = get_ident()

    def then_sleep(self: leases.Held) -> bool:
        """Renew the lease, and then let so much time pass that another process makes the
        attempt.
        """
        is_held = renewed(self)
        monkeypatch.setattr(leases.Held, "renew", renewed)
        assert get_ident() == sleeper
        sleepers.run_out()
        reconcile(shop, "2026-11-02 10:10")
        assert (attempts(), taken(odd)) == (["SUCCEEDED"], ["25000 usd pm_1"])
        return is_held

    monkeypatch.setattr(leases.Held, "renew", then_sleep)
    collect(shop, "2026-11-02 10:00")
    assert odd.requests.count(ASKED) == 2
    assert (attempts(), invoice(), taken(odd)) == (["SUCCEEDED"], PAID, ["25000 usd pm_1"])


@pytest.mark.full  # one that sleeps, above
def test_another_card_chosen_while_it_slept_is_charged_and_the_first_is_not(
    odd: OddStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = billed_shop()
    with sleepers.asleep(monkeypatch, lambda: collect(shop, "2026-11-02 10:00")) as worker:
        add_card(shop, "2026-11-02 10:05", "pm_2")
        sleepers.kill(worker.backend)
        sleepers.run_out()
        shop.run_jobs("2026-11-02 10:10")
        worker.wake()
    assert worker.error is None
    assert attempts() == ["FAILED never_received", "SUCCEEDED"]
    assert (invoice(), taken(odd)) == (PAID, ["25000 usd pm_2"])
    assert Invoice.objects.get().first_failed_at is None


@pytest.mark.full  # so it is in test_withdrawals_leases.py
def test_what_comes_back_is_settled_on_a_new_connection(odd: OddStripe) -> None:
    shop = billed_shop()
    with sleepers.elsewhere(lambda: collect(shop, "2026-11-02 10:00")) as worker:
        odd.before_reply = lambda _: sleepers.kill(worker.backend)
        worker.wake()
    assert worker.error is None
    assert (attempts(), invoice(), taken(odd)) == (["SUCCEEDED"], PAID, ["25000 usd pm_1"])
    assert sleepers.held() == []


@pytest.mark.full  # asked about in test_unknown_payments.py
def test_without_a_database_it_stays_pending_and_is_asked_about_by_its_key(
    odd: OddStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = billed_shop()
    with monkeypatch.context() as gone:

        def settle(*_: object, **__: object) -> None:
            raise OperationalError("the database is gone")

        gone.setattr(payments, "settle", settle)
        gone.setattr("lib.reconnecting.WAITS_SECONDS", (0.0, 0.0))
        with pytest.raises(OperationalError):
            collect(shop, "2026-11-02 10:00")
    assert (attempts(), taken(odd)) == (["PENDING"], ["25000 usd pm_1"])
    reconcile(shop, "2026-11-02 10:10")
    assert (attempts(), invoice(), taken(odd)) == (["SUCCEEDED"], PAID, ["25000 usd pm_1"])
    assert odd.requests.count(ASKED) == 1
