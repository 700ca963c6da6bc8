"""Random histories of money end in the same books here and in the reference: prices, drafts, cards
that decline and keep silent, retries, transfers, unapplied money, reversals, withdrawals with fees
and approvals, automatic ones, UNMATCHED cash that is settled, and raises that wait.

tests/reference is a model of docs/rules.md that shares no code with us. All is told as it arrives,
and decided by the operations; jobs run when the history says so.
"""

import os
import random
import time
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction

from billing.models import BillingAccount, Invoice, Reversal, UnappliedEntry
from billing.operations import accounts
from credit.models import CreditLine, CreditPolicy, OrderPayment, Withdrawal
from credit.queries import proceeds
from gateway.events import EventRun
from lib import events, money
from lib.refusals import Refused
from merchants.models import Merchant
from tests import books, cash_decisions, lost_requests, random_cash, random_events, shops
from tests.reference import Model
from tests.reference.audit import audit
from tests.reference.withdrawals import Payouts
from tests.test_against_reference import act, ours, theirs_of, told
from tests.test_against_reference import of_act as of_decision
from tests.whole import full

pytestmark = pytest.mark.django_db

History = tuple[int, int, int, int]
# Seed, merchants, days, pace (tests/random_events.py).
FIXED: list[History] = [(1, 1, 40, 2)]
LONG: list[History] = [(2, 2, 120, 3)]
Doing = dict[str, Any]


@pytest.fixture
def sandbox(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lost_requests.install(monkeypatch, settings)


def put_policies_in_force() -> None:
    """What withdrawals cost, and from what sum on a day's take an approval."""
    for currency, (percent, fixed, free, above) in random_cash.PAYOUTS.items():
        base = CreditPolicy.objects.filter(currency=currency).latest("version")
        figures = {name: getattr(base, name) for name in CreditPolicy.figure_names()}
        figures |= {
            "withdrawal_fee_percent": Decimal(percent), "withdrawal_fee_fixed": Decimal(fixed),
            "free_withdrawals_a_month": free, "approval_above": Decimal(above),
        }  # fmt: skip
        base.next_version(base.version + 1, date(2017, 1, 1), figures).save()


def reference() -> Model:
    payouts = {
        currency: Payouts(Decimal(percent), Decimal(fixed), free, Decimal(above))
        for currency, (percent, fixed, free, above) in random_cash.PAYOUTS.items()
    }
    return Model(jobs=True, payouts=payouts)


def theirs_of_doing(model: Model, doing: Doing) -> tuple[str, str | None]:
    at = datetime.fromisoformat(doing["at"])
    if doing["type"] == random_cash.JOBS:
        model.run_jobs(at)
        return "applied", None
    if doing["type"] == random_cash.PRICE:
        names = ("fee", "currency", "price", "from_on", "merchant")
        outcome = model.set_price(**{name: doing[name] for name in names}, at=at)
        return outcome.kind, outcome.code
    return theirs_of(model, doing)


def of_doings(doings: Sequence[Doing]) -> Iterator[tuple[str, str | None]]:
    run = EventRun()
    for doing in doings:
        at = datetime.fromisoformat(doing["at"])
        if "data" in doing:
            run.apply(events.from_object(doing), now=at)
            continue
        yield from map(told, run.finish())
        run = EventRun()
        yield of_doing(doing, at)
    yield from map(told, run.finish())


def of_doing(doing: Doing, at: datetime) -> tuple[str, str | None]:
    if doing["type"] == random_cash.JOBS:
        shops.run_jobs(at)
        return "applied", None
    try:
        if doing["type"] == random_cash.PRICE:
            cash_decisions.set_price(doing, at)
            return "applied", None
        merchant = Merchant.objects.get(reference=doing["merchant"])
        if doing["type"] != random_events.ACT:
            act(doing["type"], merchant.pk, at)
        elif doing["what"] not in cash_decisions.ACTS:
            return of_decision(doing, at)
        else:
            shops_come_to(merchant, at)
            cash_decisions.ACTS[doing["what"]](merchant, doing["to"], at)
    except Refused as refusal:
        return "rejected", refusal.code
    return "applied", None


def shops_come_to(merchant: Merchant, at: datetime) -> None:
    """What there is to decide about is that of the day that is open."""
    with transaction.atomic():
        accounts.lock_both(merchant.pk, now=at)


def our_money() -> dict[str, Any]:
    """Our books, with what money did, in the reference's terms."""
    found = ours()
    for merchant in Merchant.objects.all():
        found[merchant.reference] |= of_money(merchant)
    return found


def of_money(merchant: Merchant) -> dict[str, Any]:
    line = CreditLine.objects.get(pk=merchant.pk)
    account = BillingAccount.objects.get(pk=merchant.pk)
    cash = OrderPayment.objects.filter(line=line, status="UNMATCHED").order_by("reference")
    return {
        "collected": [
            of_collecting(one)
            for one in Invoice.objects.filter(account=account).order_by("pk")
        ],
        "method": [account.payment_method, account.has_disputed_card],
        "unapplied": [
            [one.kind, money.text(one.amount)]
            for one in UnappliedEntry.objects.filter(account=account).order_by("pk")
        ],
        "reversals": sorted(
            [money.text(one.amount), one.status, one.came_back_at is not None]
            for one in Reversal.objects.filter(account=account)
        ),
        "withdrawals": [
            [money.text(one.amount), money.text(one.fee), one.status]
            for one in Withdrawal.objects.filter(line=line).order_by("pk")
        ],
        "settled": {one.reference: money.text(one.settled) for one in cash},
        "withdrawable": money.text(proceeds.withdrawable(line, today=line.open_on)),
    }  # fmt: skip


def of_collecting(invoice: Invoice) -> dict[str, Any]:
    return {
        "kind": invoice.kind,
        "status": invoice.status,
        "due_on": str(invoice.due_on) if invoice.number else None,
        "failed_on": invoice.first_failed_on and str(invoice.first_failed_on),
        "paid": money.text(invoice.amount_paid),
        "attempts": [
            [one.provider, one.status, money.text(one.amount)]
            for one in invoice.payments.order_by("attempt")
        ],
    }


def in_one_order(found: dict[str, Any]) -> dict[str, Any]:
    """With bills in the order of their contents: drafts are issued later than they are made."""
    for merchant in found.values():
        merchant["bills"].sort(key=lambda bill: sorted(bill.items()))
    return found


def theirs(model: Model) -> dict[str, Any]:
    found: dict[str, Any] = model.state()["merchants"]
    for merchant in found.values():
        sums = merchant["proceeds"].pop("sums")
        known = ("SALE", "REFUND", "OPENING")
        merchant["proceeds"] |= {kind: sums[kind] for kind in known if kind in sums}
    return in_one_order(found)


def unlike(expected: Any, found: Any) -> tuple[Any, Any]:
    """What is in one of both alone: of lists, and of dicts by their keys."""
    if isinstance(expected, dict):
        names = expected.keys() | found.keys()
        unlike_names = [name for name in names if expected.get(name) != found.get(name)]
        return tuple({n: one.get(n) for n in unlike_names} for one in (expected, found))  # type: ignore[return-value]
    if isinstance(expected, list):
        return [one for one in expected if one not in found], [
            one for one in found if one not in expected
        ]
    return expected, found


def go_through(history: History) -> int:
    """Compare what becomes of everything, and the books at the end. Returns how much there was."""
    seed, merchants, days, pace = history
    cache.clear()  # the sandbox remembers there what it was asked under numbers that come again
    put_policies_in_force()
    done = random_cash.doings(seed, merchants=merchants, days=days, pace=pace)
    model = reference()
    expected = [theirs_of_doing(model, doing) for doing in done]
    audit(model)
    found = list(of_doings(done))
    differing = [row for row in zip(done, expected, found, strict=True) if row[1] != row[2]]
    assert differing == [], (history, differing[:3])
    until = datetime.fromisoformat(done[-1]["at"]) + timedelta(days=40)
    model.run_jobs(until)
    shops.run_jobs(until)
    audit(model)
    expected_books, found_books = theirs(model), in_one_order(our_money())
    assert expected_books.keys() == found_books.keys()
    unlike_books = [
        (reference, part, *unlike(merchant[part], found_books[reference][part]))
        for reference, merchant in expected_books.items()
        for part in merchant
        if merchant[part] != found_books[reference][part]
    ]
    assert unlike_books == [], history
    books.assert_clean()
    return len(done)


@pytest.mark.parametrize(("seed", "merchants", "days", "pace"), [*FIXED, *full(*LONG)])
def test_what_money_does_ends_in_the_books_of_the_reference(
    seed: int, merchants: int, days: int, pace: int, sandbox: None
) -> None:
    assert go_through((seed, merchants, days, pace)) > 50


@pytest.mark.full
def test_whatever_the_seed_the_money_is_the_same(
    sandbox: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """By hand: `make fuzz MINUTES=10 SEED=1`; MINUTES=0 goes on until it is ended."""
    minutes = float(os.environ.get("MINUTES") or 1)
    first = int(os.environ.get("SEED") or 1)
    until = time.monotonic() + minutes * 60 if minutes else float("inf")
    for seed in count(first):
        chance = random.Random(f"money {seed}")
        days, pace = chance.choice(((25, 1), (40, 2), (90, 3), (160, 4)))
        history = (seed, chance.randrange(1, 3), days, pace)
        everything_is_undone = transaction.atomic()
        everything_is_undone._from_testcase = True  # type: ignore[attr-defined]  # as of a test case
        with everything_is_undone:
            doings = go_through(history)
            transaction.set_rollback(True)
        with capsys.disabled():
            print(f"{history}: {doings} doings, the same books", flush=True)  # noqa: T201
        if time.monotonic() > until:
            break
