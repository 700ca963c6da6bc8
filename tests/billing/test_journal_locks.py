"""Months of the journal are locked for the accountant, and accounts called as they call them."""

from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction

from billing.models import ChartAccount, JournalLock
from billing.operations import chart, journal_locks, terms
from billing.queries import chart as charts
from lib import audit
from lib.refusals import Invalid
from tests import journals, shops
from tests.billing import by_hand, paying
from tests.shops import Shop
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

BY: dict[str, Any] = {"actor": "olga@tael.example", "reason": "sent to the accountant"}
OVER = "2026-12-01 13:00"


def lock(at: str = OVER, month: str = "2026-11-01") -> JournalLock:
    """Lock the journal's month."""
    return journal_locks.lock(month=date.fromisoformat(month), now=shops.instant(at), **BY)


def of_november(shop: Shop) -> str:
    """What `manage.py journal` writes of the shop up to the end of November 2026."""
    output = StringIO()
    call_command("journal", end=date(2026, 11, 30), merchant=shop.reference, stdout=output)
    return output.getvalue()


def test_what_comes_later_is_in_the_first_open_month_and_the_locked_one_stays() -> None:
    shop = paying.manual()  # a bill of 39.00
    terms.review_invoices(
        merchant_id=shop.merchant.pk, wanted=True, now=shop.at("2026-11-05 10:00"), **BY
    )
    shop.charge("2026-11-29 10:00", "pick-pack", "30.00", "C-1")
    draft = by_hand.draw_up(shop, "2026-11-30 10:00")
    paying.receive(shop, "2026-11-30 11:00", "4.00", "BANK-1")
    november = of_november(shop)
    lock()
    made = of_november(shop)
    assert made == november
    # Asked for before the lock, and done after it had been waited for.
    paying.issue(shop, "2026-12-01 12:59", draft)
    paying.receive(shop, "2026-12-03 10:00", "5.00", "BANK-2")
    assert of_november(shop) == made
    assert journals.told(shop, end="2026-11-30") == [
        "2026-11-01 plan posted on 2026-11-01: unbilled 39.00, fees.SUBSCRIPTION -39.00",
        "2026-11-01 bill 2026-000001: receivable 39.00, unbilled -39.00",
        "2026-11-29 pick-pack posted on 2026-11-29: unbilled 30.00, fees.FULFILMENT -30.00",
        "2026-11-30 transfer BANK-1: unapplied -4.00, cash.manual 4.00",
        "2026-11-30 payment T-2026-000001-1 of bill 2026-000001: unapplied 4.00, receivable -4.00",
    ]
    # The draft is of 30 November, and so is the bill; it was issued when November was locked.
    assert journals.told(shop, "2026-12-01") == [
        "2026-12-01 bill 2026-000002: receivable 30.00, unbilled -30.00",
        "2026-12-03 transfer BANK-2: unapplied -5.00, cash.manual 5.00",
        "2026-12-03 payment T-2026-000001-2 of bill 2026-000001: unapplied 5.00, receivable -5.00",
    ]
    journals.prove()
    assert [found.check.name for found in _audited() if found.violations] == []


def _audited() -> list[audit.Finding]:
    """What the audit's checks of the journal find."""
    checks = [check for check in audit.registered() if check.invariant in (10, 17)]
    return audit.run(checks, now=shops.instant("2026-12-05 00:00"))


def test_a_lock_covers_whole_months_that_are_over_everywhere_in_their_order() -> None:
    shop = shops.join("2026-11-01 10:00", timezone="Pacific/Pago_Pago", plan_price="39.00")
    with pytest.raises(journal_locks.MonthNotOver), nothing_changes():
        lock("2026-12-01 12:59")
    made = lock()
    assert (str(made), made.through, made.postings) == ("2026-11", date(2026, 11, 30), 6)
    account = shop.account
    assert account.open_on == date(2026, 12, 1)  # worked off: nobody had run the jobs
    assert account.last_wrote_at == shop.line.last_wrote_at == made.locked_at
    with pytest.raises(journal_locks.MonthLocked), nothing_changes():
        lock("2026-12-02 13:00")
    with pytest.raises(journal_locks.MonthLocked), nothing_changes():
        lock("2026-12-02 13:00", "2026-10-01")
    with pytest.raises(Invalid), nothing_changes():
        journal_locks.lock(
            month=date(2026, 11, 1), actor="olga@tael.example", reason="", now=shops.instant(OVER)
        )
    lock("2027-02-02 10:00", "2027-01-15")  # December with it
    entry = TrailEntry.objects.latest("pk")
    assert (entry.action, entry.before, entry.after["locked_up_to"]) == (
        "JOURNAL_LOCKED", {"locked_up_to": "2026-11"}, "2027-01",
    )  # fmt: skip
    with pytest.raises(DatabaseError), transaction.atomic():
        JournalLock.objects.update(reason="another")


def test_books_that_are_ahead_are_not_locked() -> None:
    shops.join("2026-12-01 13:06")
    with pytest.raises(journal_locks.BooksAhead), nothing_changes():
        lock()
    lock("2026-12-01 13:05")
    # Later than all that was written.
    assert JournalLock.objects.get().locked_at > shops.instant("2026-12-01 13:06")


def test_accounts_are_called_as_the_installation_chooses() -> None:
    shop = paying.manual()
    paying.receive(shop, "2026-11-02 10:00", "4.00")
    choose("cash.manual", "1010", "Bangkok Bank")
    lock()
    with pytest.raises(chart.CodeTaken), nothing_changes():
        choose("cash.stripe", "1010", "Stripe")
    for key, code, name in (
        ("cash.nobody", "1011", "Bank"), ("cash.stripe", "1:1", "Stripe"), ("cash.stripe", "1", ""),
    ):  # fmt: skip
        with pytest.raises(Invalid), nothing_changes():
            choose(key, code, name)
    choose("cash.stripe", "1010", "Bangkok Bank")  # one account for both
    choose("cash.manual", "1200", "Kasikorn")
    assert choose("cash.manual", "1200", "Kasikorn") is None
    entry = TrailEntry.objects.latest("pk")
    assert (entry.action, entry.subject, entry.before) == (
        "CHART_CHANGED", "account cash.manual", {"code": "1010", "name": "Bangkok Bank"},
    )  # fmt: skip
    paying.receive(shop, "2026-12-02 10:00", "5.00", "BANK-2")
    named = charts.Charts()
    assert named.on(date(2026, 11, 30))["cash.manual"].path == "Assets:1010-Bangkok-Bank"
    assert named.on(date(2026, 12, 1))["cash.manual"].path == "Assets:1200-Kasikorn"
    assert "1010,Bangkok Bank,4.00" in of_november(shop)
    assert "Kasikorn" not in of_november(shop)
    with pytest.raises(DatabaseError), transaction.atomic():
        ChartAccount.objects.update(code="1")


def choose(key: str, code: str, name: str) -> ChartAccount | None:
    """Choose code and name of one of the journal's accounts."""
    return chart.choose(key=key, code=code, name=name, now=shops.instant("2026-12-01 12:00"), **BY)
