"""What the operators' reports call revenue was earned, and what they call cash in came in."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backoffice.reports import groups
from backoffice.reports.report import Asked, named
from billing import journal as own_journal
from billing.models import BankLine, BankTransfer, Fee, Payment
from billing.operations import bank_matching, bank_returns, credits_undone, transfers_moved
from billing.queries import journal, sums
from tests import journals
from tests.bank_files import Paid
from tests.billing import banking, by_hand, deciding
from tests.billing.paying import manual, receive, state, transfer, unapplied
from tests.shops import instant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

CAME, FOUND = "2026-11-03 12:00", "2026-11-04 12:00"
BY: dict[str, Any] = {"reason": "The bank's slip.", "told": "It was another's.", "actor": "olga"}
NOVEMBER = Asked("USD", date(2026, 11, 1), date(2026, 11, 30), instant("2026-12-01 12:00"))
NOTHING: dict[str, str] = {}


def reported(name: str) -> dict[str, str]:
    """The amounts of the report for November, by what it last groups them by."""
    report = named(name)
    assert report is not None
    key, figure = report.keys[-1].name, report.drawn.name
    found: dict[str, Decimal] = {}
    for group in groups.of_report(report, NOVEMBER).groups:
        said = str(group.values[key])
        found[said] = found.get(said, Decimal(0)) + Decimal(group.figures[figure])
    return {said: f"{amount:.2f}" for said, amount in found.items()}


def revenue() -> str:
    """What the report of revenue comes to."""
    return str(sum(map(Decimal, reported("revenue").values())))


def earned() -> str:
    """What the journal has on the accounts of fees."""
    found = journal.trial_balance(journal.Asked())
    return f"{-sum(one.balance for one in found if one.account.startswith('fees.')):.2f}"


def move(to: str, row: BankTransfer | None = None) -> None:
    """Book the only transfer, or this one, elsewhere; "" takes it off, as it never came."""
    key = (row or BankTransfer.objects.get()).pk
    transfers_moved.move(transfer_id=key, to=to, now=instant(FOUND), **BY)


def test_a_credit_that_was_taken_back_lowers_revenue_no_longer() -> None:
    shop = manual()
    shop.charge(CAME, "pick-pack", "100.00", "P-1")
    credit = deciding.grant(shop, CAME, "10.00", charge="P-1")
    assert (revenue(), earned()) == ("129.00", "129.00")
    credits_undone.undo(
        credit_id=credit.pk, reason="Another's.", told="Not yours.", actor="otto@tael.example",
        now=shop.at(FOUND),
    )  # fmt: skip
    assert (revenue(), earned()) == ("139.00", "139.00")


def test_a_transfer_that_is_charged_again_and_what_is_waived_are_no_revenue() -> None:
    shop = manual()
    manual("tallow", plan_price="0")
    transfer(shop, CAME, "29.00")
    move("tallow")
    assert shop.figures()[0] == "29.00"  # charged again
    by_hand.waive(shop, FOUND, "10.00")
    assert state() == "PAID 39.00/39.00"
    assert (revenue(), earned()) == ("39.00", "39.00")
    journals.prove()


def test_the_journal_has_an_account_for_each_fee_that_settles() -> None:
    assert set(own_journal._SETTLED) == set(Fee.SETTLING)


