"""What Stripe paid out to our bank stands beside our own payments, and differences are named."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection, transaction

from billing.jobs import LOOK_AT_PAYOUTS, LOOK_FOR_REVERSALS
from billing.models import (
    BillingAccount,
    Invoice,
    Payment,
    ProviderDifference,
    ProviderMovement,
    ProviderPayout,
    Reversal,
)
from billing.operations import (
    ended_payments,
    payments,
    provider_differences,
    provider_payouts,
)
from billing.providers import stripe_payouts
from billing.providers.answers import NoAnswer
from billing.queries import journal
from billing.queries.journal import Asked
from jobs.silences import KeepsSilent, Silences
from lib import audit, money
from lib.refusals import AlreadyDecided
from merchants import installation
from tests import books, stripe_server
from tests.amounts import usd
from tests.backoffice.shops_with_work import operator
from tests.billing.at_stripe import billed_shop, collect
from tests.factories import InvoiceFactory, browser_of
from tests.factories import operator as somebody
from tests.processes import until
from tests.shops import Shop, instant
from tests.stripe_server import OddStripe
from tests.text import text_of
from tests.threads import at_once, is_waited_for
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

NOW = instant("2026-11-06 00:00")
LOOKED = ["billing_providerpayout"]  # notes when it was looked at


@pytest.fixture
def stripe(settings: LazySettings) -> Iterator[OddStripe]:
    """A server that stands for Stripe, at 2 Nov 2026, 09:30 UTC, which is asked about payouts."""
    settings.TAEL_STRIPE_PAYOUTS = True
    with stripe_server.odd_stripe() as server:
        server.clock = instant("2026-11-02 09:30")
        stripe_server.be_asked(settings, server.url)
        yield server


@pytest.fixture
def shop(stripe: OddStripe) -> Shop:
    """A shop with a bill of 250.00 that was paid at Stripe, which pays it out three days later."""
    shop = billed_shop()
    collect(shop, "2026-11-02 09:30")
    assert Payment.objects.get().status == "SUCCEEDED"
    stripe.clock = instant("2026-11-05 00:00")
    return shop


def pay_another(shop: Shop, at: str, amount: str = "210.00") -> Payment:
    """A further bill, and its payment at Stripe."""
    invoice = InvoiceFactory.create(shop=shop, at=at, amount=amount)
    payments.collect(invoice.pk, now=shop.at(at))
    return Payment.objects.get(invoice=invoice)


def theirs(stripe: OddStripe, key: str, amount: str = "3000") -> dict[str, Any]:
    """A PaymentIntent that succeeded at Stripe, under this key."""
    form = {"amount": amount, "currency": "usd", "customer": "cus_1", "payment_method": "pm_1"}
    return stripe.make(form | {"metadata[tael_payment]": key})


def figures(payout: ProviderPayout) -> tuple[str, str, str, str, int]:
    """The payout's amount, gross, fee, net, and how many movements it has."""
    amounts = payout.amount, payout.gross, payout.fee, payout.net
    amount, gross, fee, net = map(money.text, amounts)
    return amount, gross, fee, net, payout.count


def open_differences() -> list[tuple[str, str, str, str]]:
    """The differences that are open: kind, reference, what Stripe says, what we have."""
    found = ProviderDifference.objects.filter(ended_at__isnull=True).order_by("kind", "reference")
    return [(one.kind, one.reference, one.there, one.here) for one in found]


def entered() -> list[tuple[str, list[tuple[str, str]]]]:
    """The journal's entries of payouts: day and document, and account and amount of each line."""
    with audit.snapshot():
        return [
            (
                f"{entry.dated_on} {entry.document}",
                [(one.account, f"{one.amount:f}") for one in entry.postings],
            )
            for entry in journal.entries(Asked())
            if entry.source == "provider-payout"
        ]


def test_a_payment_is_in_one_payout_with_its_fee_and_in_the_journal_once(
    stripe: OddStripe, shop: Shop
) -> None:
    made = stripe.pay_out(stripe.charge_row(stripe.intents[0], fee=755))
    LOOK_AT_PAYOUTS.run_here(NOW)
    payout = ProviderPayout.objects.get()
    assert (payout.reference, payout.state) == (made["id"], "paid")
    assert figures(payout) == ("242.45", "250.00", "7.55", "242.45", 1)
    row = ProviderMovement.objects.get()
    assert (row.kind, row.payment, row.account) == ("PAYMENT", Payment.objects.get(), shop.account)
    assert open_differences() == []
    assert entered() == [
        (
            f"2026-11-05 payment {row.reference} in payout po_1",
            [("cash.manual", "242.45"), ("provider_fees", "7.55"), ("cash.stripe", "-250")],
        )
    ]
    # What is on record is not asked for again, and nothing else of the books has changed.
    asked = stripe.requests.count("GET /v1/balance_transactions")
    with nothing_changes(but=LOOKED):
        LOOK_AT_PAYOUTS.run_here(instant("2026-11-07 00:00"))
    assert stripe.requests.count("GET /v1/balance_transactions") == asked
    assert (shop.account.outstanding, Invoice.objects.get().status) == (money.zero("USD"), "PAID")
    books.assert_clean()
    browser = browser_of(operator())
    assert "242.45 USD" in text_of(browser.get("/admin/billing/providerpayout/"))
    page = browser.get(f"/admin/billing/providerpayout/{payout.pk}/change/").content.decode()
    assert "/admin/billing/providermovement/?q=po_1" in page
    rows = text_of(browser.get("/admin/billing/providermovement/?q=po_1"))
    assert row.reference in rows
    assert "7.55 USD" in rows


def test_it_is_off_until_it_is_set(stripe: OddStripe, shop: Shop, settings: LazySettings) -> None:
    stripe.pay_out(stripe.charge_row(stripe.intents[0], fee=755))
    settings.TAEL_STRIPE_PAYOUTS = False
    with nothing_changes():
        LOOK_AT_PAYOUTS.run_here(NOW)


def test_differences_are_named_and_end_once_both_agree(stripe: OddStripe, shop: Shop) -> None:
    ours = stripe.charge_row(stripe.intents[0], fee=0)
    twice = stripe.charge_row(stripe.intents[0], fee=0)
    ours["source"]["amount"] = 24900
    lost = stripe.charge_row(theirs(stripe, installation.outside("lost")), fee=0)
    others = stripe.charge_row(theirs(stripe, "Z-2026-000009-1"), fee=0)
    stripe.pay_out(ours, twice, lost, others, stripe.row("stripe_fee", -200), amount=55000)
    missing = pay_another(shop, "2026-11-05 09:00")
    later = instant("2026-11-20 00:00")
    LOOK_AT_PAYOUTS.run_here(later)
    assert open_differences() == [
        ("AMOUNT", ours["id"], "249.00 USD", "250.00 USD"),
        ("NOT_HERE", lost["id"], "30.00 USD", ""),
        ("NOT_THERE", missing.idempotency_key, "", "210.00 USD"),
        ("SUM", "po_1", "550.00 USD", "558.00 USD"),
        ("TWICE", twice["id"], "250.00 USD", ""),
    ]
    with nothing_changes():
        LOOK_AT_PAYOUTS.run_here(later)
    # What was missing comes, in yen; a payout comes back; and Stripe corrects the first one's sum.
    stripe.clock = instant("2026-11-20 00:00")
    intent = next(one for one in stripe.intents if one["id"] == missing.provider_reference)
    in_yen = stripe.charge_row(intent, 0, amount=15000, net=15000, currency="jpy")
    stripe.pay_out(in_yen)
    stripe.pay_out(status="failed")
    LOOK_AT_PAYOUTS.run_here(instant("2026-11-21 00:00"))
    left = open_differences()
    assert ("NOT_THERE", missing.idempotency_key, "", "210.00 USD") not in left
    assert [one for one in left if one[0] in ("CURRENCY", "FAILED")] == [
        ("CURRENCY", in_yen["id"], "15000 JPY", "210.00 USD"),
        ("FAILED", "po_3", "0.00 USD", ""),
    ]
    assert ProviderDifference.objects.filter(ended_at__isnull=False).count() == 1
    # Only what is ours and of one currency is an entry.
    assert [document for document, _ in entered()] == [
        f"2026-11-05 payment {ours['id']} in payout po_1"
    ]
    books.assert_clean()


def test_money_of_an_attempt_that_a_person_ended_is_known_in_payouts_until_it_is_taken_back(
    stripe: OddStripe,
) -> None:
    shop = billed_shop()
    stripe.before_reply = lambda key: (stripe.find(key) or {}).update(amount_received=24900)
    collect(shop, "2026-11-02 09:30")
    payment, (intent,) = Payment.objects.get(), stripe.intents
    stripe.clock = instant("2026-11-05 00:00")
    row = stripe.charge_row(intent, fee=0, amount=24900, net=24900)
    row["source"]["amount"] = 24900
    again = stripe.charge_row(intent, fee=0, amount=24900, net=24900)
    again["source"]["amount"] = 24900
    stripe.pay_out(row, again)
    LOOK_AT_PAYOUTS.run_here(NOW)
    both = [("NOT_HERE", one["id"], "249.00 USD", "") for one in (row, again)]
    assert open_differences() == both
    ended_payments.end(
        payment_id=payment.pk, arrived=usd(249), reference=intent["id"], actor="olga@tael.example",
        reason="Stripe's own page says so, too.", now=shop.at("2026-11-05 10:00"),
    )  # fmt: skip
    LOOK_AT_PAYOUTS.run_here(NOW)
    assert open_differences() == [("TWICE", again["id"], "249.00 USD", "")]
    # The transfer has it in cash.manual already.
    assert entered() == []
    # What Stripe takes back of it no reversal can be of: a person takes it off.
    stripe.pay_out(
        stripe.row("refund", -24900, 0, stripe.take_back("refunds", intent["id"], 24900))
    )
    LOOK_FOR_REVERSALS.run_here(NOW)
    LOOK_AT_PAYOUTS.run_here(NOW)
    assert ("NOT_HERE", "249.00 USD", "") in [(one[0], *one[2:]) for one in open_differences()]
    assert Reversal.objects.count() == 0
    books.assert_clean()


@pytest.mark.full  # one ends once both agree
def test_a_difference_is_closed_with_a_reason_and_waits_again_with_other_figures(
    stripe: OddStripe, shop: Shop
) -> None:
    ours = stripe.charge_row(stripe.intents[0], fee=0)
    ours["source"]["amount"] = 24900
    stripe.pay_out(ours, amount=24900)
    LOOK_AT_PAYOUTS.run_here(NOW)
    amount, total = ProviderDifference.objects.order_by("kind")
    assert [(one.kind, one.owner) for one in (amount, total)] == [
        *(("AMOUNT", shop.merchant), ("SUM", None)),
    ]
    olga = somebody("Billing officer")
    browser, auditor = browser_of(olga), browser_of(somebody("Auditor"))
    assert "Differences between payouts and our books" in text_of(browser.get("/admin/"))
    page = f"/admin/billing/providerdifference/{amount.pk}/decide/close/"
    said = {"reason": "They rounded it; agreed with Stripe."}
    with nothing_changes():
        assert auditor.get("/admin/billing/providerdifference/").status_code == 200
        assert auditor.post(page, said).status_code == 403
        assert "249.00 USD, and our books say 250.00 USD" in text_of(browser.get(page))
        assert browser.post(page, {"reason": " "}).status_code == 200
        with pytest.raises(provider_differences.UnknownDifference):
            provider_differences.close(difference_id=0, reason="r", actor="olga", now=NOW)
    assert browser.post(page, said).status_code == 302
    amount.refresh_from_db()
    assert (amount.closed_by, amount.reason) == (olga.email, said["reason"])
    entry = TrailEntry.objects.get(action="PROVIDER_DIFFERENCE_CLOSED")
    assert (entry.merchant, entry.after) == (
        shop.merchant,
        {"there": "249.00 USD", "here": "250.00 USD"},
    )
    with nothing_changes(), pytest.raises(AlreadyDecided, match="is closed already"):
        provider_differences.close(difference_id=amount.pk, reason="r", actor="olga", now=NOW)
    # The other one waits still, and a look changes neither.
    with nothing_changes(but=LOOKED):
        LOOK_AT_PAYOUTS.run_here(instant("2026-11-07 00:00"))
    listed = text_of(browser.get("/admin/billing/providerdifference/?waits=differences"))
    assert ("po_1" in listed, ours["id"] in listed) == (True, False)
    # With another figure it waits again; and once both agree, it ends.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE billing_providermovement SET asked = '248.00 USD'")
        LOOK_AT_PAYOUTS.run_here(instant("2026-11-08 00:00"))
        amount.refresh_from_db()
        assert (amount.there, amount.is_open, amount.closed_by) == ("248.00 USD", True, "")
        provider_differences.close(
            difference_id=amount.pk, reason="r", actor="olga", now=instant("2026-11-08 01:00")
        )
        cursor.execute("UPDATE billing_providermovement SET asked = '250.00 USD'")
    LOOK_AT_PAYOUTS.run_here(instant("2026-11-09 00:00"))
    amount.refresh_from_db()
    assert (amount.ended_at, amount.closed_by) == (instant("2026-11-09 00:00"), "olga")
    with nothing_changes(), pytest.raises(AlreadyDecided, match="has ended"):
        provider_differences.close(difference_id=amount.pk, reason="r", actor="olga", now=NOW)


@pytest.mark.full  # differences end above
@pytest.mark.django_db(transaction=True)
def test_a_decision_about_a_difference_waits_for_whoever_looks_at_payouts() -> None:
    found = ProviderDifference.objects.create(
        provider="stripe", kind="UNKNOWN", reference="ch_1", there="7.00 USD", found_at=NOW
    )
    olga = browser_of(somebody("Billing officer"))
    page = f"/admin/billing/providerdifference/{found.pk}/decide/close/"
    closed = []
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            provider_differences.wait_turn()
            pressed = pool.submit(
                at_once, lambda _: closed.append(olga.post(page, {"reason": "r"})), threads=1
            )
            until(is_waited_for)
            found.there = "8.00 USD"
            found.save(update_fields=["there"])  # which the page must not keep from being written
        pressed.result()
    found.refresh_from_db()
    assert (found.there, found.is_open) == ("8.00 USD", True)  # the figure is another: look again
    assert "the provider says 8.00 USD" in text_of(closed[0])


@pytest.mark.full  # a payment is, above
def test_what_was_taken_back_is_in_payouts_too(stripe: OddStripe, shop: Shop) -> None:
    intent = stripe.intents[0]
    stripe.pay_out(stripe.charge_row(intent, fee=755))
    refund = stripe.take_back("refunds", intent["id"], 6000)
    dispute = stripe.take_back("disputes", intent["id"], 5000)
    back = stripe.row("refund", -6000, 0, refund)
    taken = stripe.row("adjustment", -5000, 1500, dispute)
    stripe.pay_out(back, taken)
    # Stripe tells of it before we have heard of it.
    LOOK_AT_PAYOUTS.run_here(NOW)
    assert open_differences() == [
        ("NOT_HERE", back["id"], "60.00 USD", ""),
        ("NOT_HERE", taken["id"], "50.00 USD", ""),
    ]
    assert len(entered()) == 1
    LOOK_FOR_REVERSALS.run_here(NOW)
    assert Reversal.objects.count() == 2
    LOOK_AT_PAYOUTS.run_here(instant("2026-11-07 00:00"))
    assert open_differences() == []
    assert figures(ProviderPayout.objects.latest("pk")) == (
        *("-125.00", "-110.00", "15.00", "-125.00"),
        2,
    )
    assert entered()[1:] == [
        (
            f"2026-11-05 refund {back['id']} in payout po_2",
            [("cash.manual", "-60"), ("cash.stripe", "60")],
        ),
        (
            f"2026-11-05 dispute {taken['id']} in payout po_2",
            [("cash.manual", "-65"), ("provider_fees", "15"), ("cash.stripe", "50")],
        ),
    ]
    books.assert_clean()


@pytest.mark.full  # a whole one, above
def test_a_look_that_ends_half_way_is_gone_on_with(
    stripe: OddStripe, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stripe.pay_out(stripe.charge_row(stripe.intents[0], fee=755))
    stripe.pay_out(stripe.charge_row(theirs(stripe, "Z-1"), fee=0), status="in_transit")
    rows = stripe_payouts.movements

    def silent(reference: str) -> Any:
        if reference == "po_2":
            raise NoAnswer("Stripe has gone away")
        return rows(reference)

    def silent_of_one(reference: str) -> Any:
        raise NoAnswer(f"Stripe does not know {reference}")

    monkeypatch.setattr(stripe_payouts, "movements", silent)
    with pytest.raises(KeepsSilent):
        provider_payouts.look_at(1, now=NOW, silences=Silences(()))
    assert [one.count for one in ProviderPayout.objects.order_by("pk")] == [1]
    monkeypatch.setattr(stripe_payouts, "movements", rows)
    provider_payouts.look_at(1, now=NOW, silences=Silences(()))
    assert [one.count for one in ProviderPayout.objects.order_by("pk")] == [1, 1]
    # Months later it is still looked at, until it has arrived; it holds up no newer one.
    stripe.payouts[1]["status"] = "paid"
    one = stripe_payouts.payout
    monkeypatch.setattr(stripe_payouts, "payout", silent_of_one)
    stripe.clock = instant("2027-01-31 00:00")
    stripe.pay_out()
    with pytest.raises(KeepsSilent):
        provider_payouts.look_at(1, now=instant("2027-02-01 00:00"), silences=Silences(()))
    states = ProviderPayout.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["paid", "in_transit", "paid"]
    monkeypatch.setattr(stripe_payouts, "payout", one)
    provider_payouts.look(now=instant("2027-02-01 00:00"))
    assert {one.state for one in ProviderPayout.objects.all()} == {"paid"}
    assert len(entered()) == 1


@pytest.mark.full  # each is in it once, above
@pytest.mark.django_db(transaction=True)
def test_two_looks_at_once_write_each_row_once(stripe: OddStripe, shop: Shop) -> None:
    stripe.pay_out(stripe.charge_row(stripe.intents[0], fee=755))
    at_once(lambda _: provider_payouts.look(now=NOW), threads=2)
    assert figures(ProviderPayout.objects.get()) == ("242.45", "250.00", "7.55", "242.45", 1)
    assert len(entered()) == 1
    assert BillingAccount.objects.count() == 1
