"""Two merchants' winter, made by events and the timetable, with some of every row an audit reads.

dress  USD, New York, pays by sandbox: a threshold bill, late charges, an order written off and
       partly recovered, another one open, cash that nobody could take; refunds of what was paid
       and of what was written off; withdrawals paid out and cancelled.
silk   THB, Bangkok, pays by sandbox, on an annual plan: cycle bills, two reviews that cut its
       limit, frozen at the end, a refund of what is outstanding, and cash that nobody could take
       and operators settled in part.

And three more merchants' spring after it (audited_spring.py), and two more's May
(audited_by_hand.py).
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.test import override_settings

from billing.operations import prices
from credit.operations import limits
from gateway.events import apply_all
from lib.events import Event
from merchants.operations import proposals
from tests import two_people
from tests.amounts import usd
from tests.config import audited_by_hand, audited_spring
from tests.credit import unmatching, withdrawing
from tests.factories import ProposalFactory, operator
from tests.shops import Shop, let_one_decide, run_jobs
from tests.two_people import by_two

DRESS = ("dress", "-05:00", "USD")
SILK = ("silk", "+07:00", "THB")


def live() -> list[str]:
    """Live through the winter; returns the outcome of each event, in order."""
    let_one_decide("USD", "THB")
    outcomes = []
    for (merchant, offset, currency), at, kind, data, arrives in _EVENTS:
        happened = datetime.fromisoformat(at + offset)
        now = datetime.fromisoformat(arrives + offset) if arrives else happened
        run_jobs(now)
        if kind == BY_HAND:
            _by_hand(now, **data)
            continue
        if kind == SETTLED:
            _settle(now, **data)
            continue
        data = {"currency": currency} | data
        event = Event(f"{merchant} {at} {kind}", kind, happened, merchant, data)
        (outcome,) = apply_all([event], now=now)
        outcomes.append(outcome.code or outcome.status)
        run_jobs(now)
    audited_spring.live()
    audited_by_hand.live()
    _two_people()
    return outcomes


def _two_people() -> None:
    """Have an operator be added by two administrators; wool's limit and a price, by two
    officers.
    """
    first, second = operator("Administrator"), operator("Administrator")
    now = datetime.fromisoformat("2027-03-01T09:00:00+00:00")
    proposal = ProposalFactory.create(actor=first, now=now)
    proposals.confirm(proposal_id=proposal.pk, actor=second, now=now)
    wool, why = Shop("wool").merchant.pk, {"reason": "as agreed"}
    by_two(limits.set_limit, merchant_id=wool, limit=usd(11_000), now=now, **why)
    for price in ("2", "5"):  # the second one is more than double the first
        two_people.decided(
            prices.introduce, fee="receiving", currency="USD", unit_price=Decimal(price),
            from_on=date(2027, 4, 1), actor="olga@tael.example", now=now, **why,
        )  # fmt: skip


def _by_hand(now: datetime, amounts: tuple[str, ...]) -> None:
    """Add a destination without amounts; otherwise make withdrawals, one paid out, one
    cancelled.
    """
    shop = Shop("dress")
    at = now.isoformat()
    if not amounts:
        withdrawing.add(shop, at)
        return
    with override_settings(TAEL_SANDBOX=False):  # so that operators send them, by their bank
        paid, cancelled = [withdrawing.withdraw(shop, amount, at) for amount in amounts]
        withdrawing.cancel(cancelled, at)
        withdrawing.pay_out(paid, at)


def _settle(now: datetime, parts: dict[str, str]) -> None:
    """Settle silk's cash that S-1 could not take: `parts` has the amount for each kind of
    settlement.
    """
    for kind, amount in parts.items():
        order = {"order": "S-1"} if kind == "apply" else {}
        unmatching.settle(Shop("silk", currency="THB"), kind, amount, now.isoformat(), **order)


def _joined(**terms: Any) -> dict[str, Any]:
    """The data of an event by which a merchant joins."""
    return {"name": "A shop", "language": "en", "settlement_days": 7, "plan": "basic"} | terms


def _placed(order: str, amount: str, instalments: int = 1) -> dict[str, Any]:
    """The data of an event by which an order is placed."""
    return {"order": order, "buyer": "anna", "amount": amount, "instalments": instalments}


def _paid(order: str, payment: str, amount: str) -> dict[str, Any]:
    """The data of an event by which an order is paid."""
    return {"order": order, "payment": payment, "amount": amount}


def _refunded(order: str, refund: str, amount: str) -> dict[str, Any]:
    """The data of an event by which an order is refunded."""
    return {"order": order, "refund": refund, "amount": amount}


def _charge(reference: str, fee: str, amount: str) -> dict[str, Any]:
    """The data of an event that charges a fee."""
    return {"charge": reference, "fee": fee, "amount": amount}


CHARGE = "charge.recorded"
SETTLED = "settled"  # what operators do with cash that no order could take
BY_HAND = "by hand"  # no event: what people do with the proceeds
POOR = {"rating": "3.9", "listing_quality": 20, "profile_completeness": 20, "after_sales": 20}

# Whose, when, what, with what; and when it arrived, if later than it happened.
_EVENTS: list[tuple[tuple[str, str, str], str, str, dict[str, Any], str | None]] = [
    (
        SILK,
        "2026-11-01T09:00:00",
        "merchant.joined",
        _joined(
            timezone="Asia/Bangkok",
            credit_limit="10000",
            billing_threshold="100000",
            plan_price="3900",
            plan_interval_days=365,
            payment_method="sandbox",
        ),
        None,
    ),
    (
        DRESS,
        "2026-11-01T12:00:00",
        "merchant.joined",
        _joined(
            timezone="America/New_York",
            credit_limit="1000",
            billing_threshold="200",
            plan_price="39",
            plan_interval_days=30,
            payment_method="sandbox",
        ),
        None,
    ),
    (DRESS, "2026-11-02T10:00:00", "order.placed", _placed("D-1", "300.00", 3), None),
    (DRESS, "2026-11-02T11:00:00", "order.placed", _placed("D-2", "250.00"), None),
    (DRESS, "2026-11-02T12:00:00", "order.placed", _placed("D-3", "50.00"), None),
    (DRESS, "2026-11-02T13:00:00", "order.placed", _placed("D-4", "5000.00"), None),
    (DRESS, "2026-11-03T09:00:00", "order.cancelled", {"order": "D-3"}, None),
    (DRESS, "2026-11-03T10:00:00", "order.paid", _paid("D-3", "P-0", "50.00"), None),
    (DRESS, "2026-11-04T10:00:00", "order.delivered", {"order": "D-1"}, None),
    (DRESS, "2026-11-04T10:00:00", "order.delivered", {"order": "D-2"}, None),
    (DRESS, "2026-11-05T10:00:00", "order.paid", _paid("D-1", "P-1", "100.00"), None),
    (DRESS, "2026-11-10T12:00:00", CHARGE, _charge("C-1", "app-usage", "15.00"), None),
    (DRESS, "2026-11-12T15:00:00", CHARGE, _charge("C-2", "shipping-label", "210.00"), None),
    (DRESS, "2026-11-14T15:00:00", CHARGE, _charge("C-3", "storage", "30.00"), None),
    (DRESS, "2026-11-15T09:00:00", "order.placed", _placed("D-5", "10.00"), None),
    (
        DRESS,
        "2026-11-20T12:00:00",
        CHARGE,
        _charge("C-4", "storage", "8.00"),
        "2026-12-05T12:00:00",
    ),
    (
        DRESS,
        "2026-11-20T12:00:00",
        CHARGE,
        _charge("C-5", "pick-pack", "2.00"),
        "2026-12-05T13:00:00",
    ),
    (DRESS, "2026-12-10T10:00:00", "order.paid", _paid("D-1", "P-2", "200.00"), None),
    (SILK, "2026-12-15T12:00:00", CHARGE, _charge("C-1", "shipping-label", "500.00"), None),
    (SILK, "2026-12-20T12:00:00", "shop.metrics", POOR, None),
    (SILK, "2027-02-01T12:00:00", "order.placed", _placed("S-1", "2000.00"), None),
    (SILK, "2027-02-02T12:00:00", "order.delivered", {"order": "S-1"}, None),
    (DRESS, "2027-02-14T10:00:00", "order.paid", _paid("D-2", "P-3", "100.00"), None),
    (DRESS, "2027-02-15T10:00:00", "order.placed", _placed("D-6", "300.00", 3), None),
    (DRESS, "2027-02-16T10:00:00", "order.delivered", {"order": "D-6"}, None),
    (DRESS, "2027-02-17T10:00:00", "order.paid", _paid("D-6", "P-4", "100.00"), None),
    (DRESS, "2027-02-17T11:00:00", BY_HAND, {"amounts": ()}, None),
    (DRESS, "2027-02-18T12:00:00", BY_HAND, {"amounts": ("60.00", "30.00")}, None),
    (DRESS, "2027-02-18T13:00:00", "order.refunded", _refunded("D-1", "R-1", "40.00"), None),
    (DRESS, "2027-02-18T14:00:00", "order.refunded", _refunded("D-2", "R-2", "20.00"), None),
    (SILK, "2027-02-19T14:00:00", "order.refunded", _refunded("S-1", "R-1", "100.00"), None),
    (SILK, "2027-02-19T15:00:00", "order.paid", _paid("S-1", "P-8", "3000.00"), None),
    (
        SILK,
        "2027-02-19T16:00:00",
        SETTLED,
        {"parts": {"apply": "100.00", "release": "30.00", "return": "20.00"}},
        None,
    ),
    (SILK, "2027-02-19T17:00:00", "order.paid", _paid("S-2", "P-9", "5.00"), None),
    (DRESS, "2027-02-20T10:00:00", CHARGE, _charge("C-6", "packaging", "3.00"), None),
    (DRESS, "2027-02-20T11:00:00", CHARGE, _charge("C-7", "shipping-label", "12.00"), None),
    (DRESS, "2027-02-20T12:00:00", CHARGE, _charge("C-8", "storage", "20.00"), None),
]
