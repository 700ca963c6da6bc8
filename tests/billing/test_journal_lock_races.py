"""A month of the journal is locked while others write what is of that month."""

from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from billing.models import JournalLock
from billing.operations import journal_locks, terms
from lib import audit
from tests import journals, shops
from tests.billing import by_hand, paying
from tests.shops import Shop
from tests.threads import at_once, every_order

pytestmark = pytest.mark.django_db(transaction=True)

BY: dict[str, Any] = {"actor": "olga@tael.example", "reason": "sent to the accountant"}
SHOPS = ("elm", "fir", "oak")
OVER = "2026-12-01 13:00"


def november() -> str:
    """What `manage.py journal` writes up to the end of November 2026."""
    output = StringIO()
    call_command("journal", end=date(2026, 11, 30), stdout=output)
    return output.getvalue()


def with_draft(reference: str) -> Shop:
    """A shop with a bill that waits to be issued, of 30 November."""
    shop = paying.manual(reference)
    terms.review_invoices(
        merchant_id=shop.merchant.pk, wanted=True, now=shop.at("2026-11-05 10:00"), **BY
    )
    shop.charge("2026-11-29 10:00", "pick-pack", "30.00", "C-1")
    by_hand.draw_up(shop, "2026-11-30 10:00")
    return shop


@pytest.mark.full  # what comes later in test_journal_locks.py
@every_order
def test_what_commits_meanwhile_is_in_the_locked_month_or_in_the_open_one() -> None:
    every = [with_draft(reference) for reference in SHOPS]
    as_locked: list[str] = []

    def lock() -> str:
        """Lock November, and note what its journal is then."""
        journal_locks.lock(month=date(2026, 11, 1), now=shops.instant(OVER), **BY)
        as_locked.append(november())
        return "locked"

    def issue(shop: Shop) -> str:
        """Issue the draft, as asked for on 30 November, whenever it comes to be done."""
        draft = shop.account.invoices.get(number=None)
        return paying.issue(shop, "2026-11-30 22:00", draft)

    def charge(shop: Shop) -> str:
        return shop.charge("2026-11-30 22:30", "pick-pack", "5.00", "C-2")

    def receive(shop: Shop) -> str:
        return str(paying.receive(shop, "2026-11-30 23:00", "4.00", f"BANK-{shop.reference}"))

    def act(number: int) -> str:
        """Lock the month, or do one of the writes, by number."""
        if number == len(writes) // 2:
            return lock()
        doing, shop = writes[number if number < len(writes) // 2 else number - 1]
        doing(shop)
        return "written"

    writes = [(doing, shop) for shop in every for doing in (issue, charge, receive)]
    assert at_once(act, threads=10) == {"locked": 1, "written": 9}
    assert as_locked == [november()]
    said = [
        line.partition(" ")[2].partition(":")[0]
        for shop in every
        for line in journals.told(shop, "2026-11-30")
    ]
    for document, times in (
        ("transfer BANK", 3), ("bill 2026-", 3), ("pick-pack posted on", 3),
    ):  # fmt: skip
        assert sum(one.startswith(document) for one in said) == times
    days = {line[:10] for shop in every for line in journals.told(shop, "2026-11-30")}
    assert days <= {"2026-11-30", "2026-12-01"}
    # What comes later leaves the month as it is, too.
    for shop in every:
        paying.receive(shop, "2026-11-30 23:30", "1.00", f"LATE-{shop.reference}")
    assert as_locked == [november()]
    assert JournalLock.objects.get().postings > 0
    checks = [one for one in audit.registered() if one.invariant in (10, 17)]
    found = audit.run(checks, now=shops.instant("2026-12-05 00:00"))
    assert [one.check.name for one in found if one.violations] == []
    assert journals.prove() > 0
