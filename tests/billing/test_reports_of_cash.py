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


def test_unapplied_money_that_was_booked_elsewhere_came_in_once() -> None:
    shop, other = manual(plan_price="0"), manual("tallow", plan_price="0")
    receive(shop, CAME, "100.00")
    assert reported("unapplied-money") == {"RECEIVED": "100.00"}
    move("tallow")
    assert (unapplied(shop)[-1], unapplied(other)) == (
        "MOVED -100.00 0.00", ["RECEIVED 100.00 100.00"]
    )  # fmt: skip
    assert reported("unapplied-money") == {"RECEIVED": "100.00"}


def test_so_did_money_that_had_paid_a_bill_in_part_when_it_was_booked_elsewhere() -> None:
    shop, other = manual(), manual("tallow", plan_price="0")
    transfer(shop, CAME, "100.00")
    assert (reported("payments-collected"), reported("unapplied-money")) == (
        {"manual": "39.00"}, {"RECEIVED": "61.00"}
    )  # fmt: skip
    move("tallow")
    assert (state(), unapplied(other)) == ("PAID 39.00/39.00", ["RECEIVED 100.00 100.00"])
    assert (reported("payments-collected"), reported("unapplied-money")) == (
        NOTHING, {"RECEIVED": "100.00"}
    )  # fmt: skip


def test_money_that_never_came_is_not_cash_in() -> None:
    shop = manual()
    transfer(shop, CAME, "390.00")
    move("")
    assert (reported("payments-collected"), reported("unapplied-money")) == (NOTHING, NOTHING)
    # What came in truth is.
    transfer(shop, FOUND, "39.00", "BANK-2")
    assert reported("unapplied-money") == {"RECEIVED": "39.00"}


def test_money_that_the_bank_took_back_is_gone_from_cash_in() -> None:
    banking.issuer_with_references()
    shop = banking.joined()
    for amount in ("210.00", "300.00"):
        banking.billed(shop, amount)
    banking.matched(Paid("530.00", end_to_end_id="E-7"))
    line = BankLine.objects.get()
    bank_matching.place(line_id=line.pk, merchant="rosewood", actor="olga", now=banking.at())
    assert reported("unapplied-money") == {"RECEIVED": "530.00"}
    back = Paid("530.00", end_to_end_id="E-7", is_credit=False, returned="MD06")
    banking.matched(back, opening="530.00", name="S-2", now="2026-11-06 22:00")
    returned = BankLine.objects.get(status="RETURN")
    bank_returns.take_off(line_id=returned.pk, now=banking.at("2026-11-06 23:00"), **BY)
    assert unapplied(shop)[-1] == "MOVED -20.00 0.00"
    assert (reported("payments-collected"), reported("unapplied-money")) == (NOTHING, NOTHING)
    journals.prove()


def test_payments_collected_on_the_home_page_are_money_from_outside() -> None:
    shop, other = manual(), manual("tallow")
    receive(other, CAME, "40.00")  # 39.00 of it pay their bill
    transfer(shop, CAME, "29.00", "BANK-2")
    by_hand.waive(shop, FOUND, "10.00")
    assert Payment.objects.filter(status="SUCCEEDED").count() == 3
    since = instant("2026-11-01 00:00")
    assert sums.collected_by_day(since) == [(date(2026, 11, 3), "USD", 1, Decimal("29.00"))]
    assert reported("payments-collected") == {"manual": "29.00"}
    move("tallow", BankTransfer.objects.get(account=shop.account))
    assert sums.collected_by_day(since) == []
