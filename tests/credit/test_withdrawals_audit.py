"""The audit finds what is wrong with withdrawals, whoever did it and however."""

import pytest
from django.db import connection

from credit.audit.withdrawals import WITHDRAWALS
from credit.models import ProceedsEntry
from lib import audit
from tests import shops
from tests.amounts import usd
from tests.credit.withdrawing import (
    cancel,
    fees,
    pay_out,
    reject,
    shop_with,
    withdraw,
)
from tests.kept import kept
from tests.shops import instant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shop")]

PAID_OUT, GONE, DEBIT, BELONGS, _BLOCKED, _BY_ITSELF, _ANSWERED, _FILE, DOUBT, STEPS = (
    check.name for check in WITHDRAWALS
)


@kept()
def shop() -> shops.Shop:
    """A shop with a withdrawal of each kind: paid, rejected, cancelled, under way; all with a fee
    of 2.00.
    """
    shop = shop_with("1000.00")
    shop_with("10.00", "elsewhere")
    fees(fixed="2.00")
    pay_out(withdraw(shop, "100.00"))
    reject(withdraw(shop, "50.00"))
    cancel(withdraw(shop, "60.00"))
    withdraw(shop, "70.00")
    return shop


def violated() -> dict[str, int]:
    """How many rows each of the audit's checks of withdrawals finds wrong."""
    return {
        finding.check.name: finding.violations
        for finding in audit.run(WITHDRAWALS, now=instant("2100-01-01 00:00"))
        if finding.violations
    }


def break_by(statement: str) -> None:
    """Change one row by SQL behind the back of triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no triggers
        cursor.execute(statement)
        assert cursor.rowcount == 1
        cursor.execute("SET session_replication_role = DEFAULT")


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    findings = audit.run(WITHDRAWALS, now=instant("2100-01-01 00:00"))
    checked = [finding.checked for finding in findings]
    assert (violated(), checked) == ({}, [2, 2, 4, 4, 0, 0, 0, 0, 4, 4])


def test_a_wrong_running_figure() -> None:
    break_by("UPDATE credit_creditline SET paid_out = 101 WHERE paid_out = 102")
    assert violated() == {PAID_OUT: 1, GONE: 1}


@pytest.mark.parametrize("kind", ["WITHDRAWAL", "FEE"])
def test_a_debit_that_is_missing(kind: str) -> None:
    break_by(
        f"DELETE FROM credit_proceedsentry entry USING credit_withdrawal withdrawal"
        f" WHERE withdrawal.id = withdrawal_id AND status = 'PAID' AND kind = '{kind}'"
    )
    assert violated() == {GONE: 1, DEBIT: 1}


def test_money_that_came_back_though_it_was_paid(shop: shops.Shop) -> None:
    ProceedsEntry.objects.create(
        line=shop.line,
        kind="RETURNED",
        currency="USD",
        amount=usd(102),
        withdrawal=shop.line.withdrawals.get(status="PAID"),
        at=shop.at("2026-11-04 10:00"),
    )
    assert violated() == {GONE: 1, DEBIT: 1}


def test_money_that_did_not_come_back() -> None:
    break_by(
        "DELETE FROM credit_proceedsentry entry USING credit_withdrawal withdrawal"
        " WHERE withdrawal.id = withdrawal_id AND status = 'REJECTED' AND kind = 'RETURNED'"
    )
    assert violated() == {GONE: 1, DEBIT: 1}


def test_another_merchants_destination() -> None:
    break_by(
        "UPDATE credit_withdrawal SET destination_id = ("
        " SELECT max(id) FROM credit_payoutdestination) WHERE status = 'PAID'"
    )
    assert violated() == {BELONGS: 1}


def test_one_paid_by_a_job_though_another_amount_was_told() -> None:
    break_by(
        "UPDATE credit_withdrawal SET problem = 'The bank says that 90.00 USD was paid.',"
        " ended_by = 'reconcile-withdrawals' WHERE status = 'PAID'"
    )
    assert violated() == {DOUBT: 1}


def test_a_payment_that_was_never_sent() -> None:
    break_by("UPDATE credit_withdrawal SET sent_at = NULL WHERE status = 'PAID'")
    assert violated() == {STEPS: 1}
