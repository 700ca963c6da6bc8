"""A bill that was paid at Stripe, whose money is taken back, and what came of it."""

from typing import Any

import pytest

from billing.models import BillingAccount, Reversal
from billing.operations import (
    reversals,
)
from credit.models import Freeze
from jobs.timetable import job_named
from lib import audit, money
from notices.models import Notice
from tests import shops
from tests.amounts import usd
from tests.billing.at_stripe import billed_shop, collect, invoice
from tests.billing.paying import unapplied
from tests.stripe_server import OddStripe, send_event

BY: dict[str, Any] = {"actor": "olga@tael.example", "reason": "The bank has sided with its client."}
TOLD = {"message": "Your bank has taken the payment back."}


def paid(odd: OddStripe, monkeypatch: pytest.MonkeyPatch) -> shops.Shop:
    """A shop with a bill of 250.00, paid from pm_1 by pi_1. Events come on 5 November, at 12:00."""
    shop = billed_shop()
    collect(shop, "2026-11-02 10:00")
    assert invoice() == ("PAID", usd(250))
    at_noon(monkeypatch, shop, "2026-11-05 12:00")
    return shop


def at_noon(monkeypatch: pytest.MonkeyPatch, shop: shops.Shop, at: str) -> None:
    """Stripe's webhook finds the clock at this instant of the shop's."""
    monkeypatch.setattr("billing.webhooks.clock.now", lambda: shop.at(at))


def recorded() -> list[str]:
    """`REFERENCE STATUS amount taken state` of each reversal."""
    return [
        f"{one.provider_reference} {one.status} {money.text(one.amount)} {money.text(one.taken)}"
        f" {one.state}"
        for one in Reversal.objects.order_by("pk")
    ]


def decide(shop: shops.Shop, at: str, how: str, **said: Any) -> Reversal:
    """Decide about the latest reversal by the operation of this name."""
    reversal = Reversal.objects.latest("pk")
    operation = getattr(reversals, how)
    given = {"seen": reversal.seen, **BY, **TOLD, **said}
    decided: Reversal = operation(reversal_id=reversal.pk, now=shop.at(at), **given)
    return decided


def look(shop: shops.Shop, at: str) -> None:
    """Look at Stripe's refunds and disputes, as the timetable does once a day."""
    job_named("look-for-reversals").run_here(shop.at(at))


def told(shop: shops.Shop) -> list[str]:
    """The notices about reversals: status, bill, amount."""
    notices = Notice.objects.filter(merchant=shop.merchant, kind="PAYMENT_REVERSED")
    return [
        f"{notice.details['status']} {notice.details['number']} {notice.details['amount']}"
        for notice in notices.order_by("pk")
    ]


def offended() -> list[str]:
    """The names of the audit's checks that find something."""
    findings = audit.run(audit.registered(), now=shops.instant("2100-01-01 00:00"))
    return [f"{found.check.name}: {found.listed}" for found in findings if found.violations]


def freezes(shop: shops.Shop) -> list[str]:
    """The shop's freezes: reason, and when each was placed, in UTC."""
    found = Freeze.objects.filter(line_id=shop.merchant.pk).order_by("pk")
    return [f"{freeze.reason} {freeze.placed_at:%Y-%m-%d %H:%M}" for freeze in found]


def account(shop: shops.Shop) -> BillingAccount:
    return BillingAccount.objects.get(pk=shop.merchant.pk)


def late_money(odd: OddStripe, shop: shops.Shop) -> None:
    """pi_2 came for the attempt that pi_1 had paid, and is unapplied."""
    odd.make(
        {"amount": "25000", "currency": "usd", "customer": "cus_1", "payment_method": "pm_1"},
        metadata={"tael_payment": "T-2026-000001-1"},
    )
    assert send_event("payment_intent.succeeded", "pi_2") == 200
    assert unapplied(shop) == ["RECEIVED 250.00 250.00"]
