"""`manage.py audit` finds nothing in what operations wrote, and every break of an invariant."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

from config.management.commands.audit import CHECKS
from merchants import audit
from merchants.audit import Check
from tests.config import audited
from tests.config.audit_breaks import BREAKS

ROWS_CHECKED = {
    "limit and used are the sums of the line's entries": 2,
    "an entry's balances go on from those of the entry before": 15,
    "an entry moves what its kind moves": 15,
    "reviews that were applied or approved are what changed the limit, and no others": 2,
    "used is what open orders hold": 2,
    "limit and used are not negative": 2,
    "freezes in force are those not lifted": 2,
    "all that happens on a line is in its currency": 40,
    "an order's amount is paid, outstanding, written off or given back": 7,
    "an order's entries are its steps": 7,
    "an order's status is what its figures say": 7,
    "an order falls due as delivery and payments say": 7,
    "proceeds are the sum of their entries, maturing and matured": 2,
    "sales are the payments that orders took, one each": 5,
    "an order's paid and recovered are its payments": 7,
    "an order's refunded is its refunds": 7,
    "a refund's parts add up, and what came from proceeds left them": 3,
    "refunds take from their own order's sales, and no more than each was": 1,
    "paid out is what was paid, fees included": 2,
    "what left the proceeds for withdrawals is on its way or paid out": 2,
    "a withdrawal is debited once, with its fee, and returned once if it did not go out": 2,
    "a withdrawal goes to a destination of its own merchant, and is in its currency": 2,
    "a withdrawal's steps are those of its status": 2,
    "a charge is in an item of its account and fee": 14,
    "a charge's item posts when its fee says, seen from its arrival": 14,
    "a charge is dated by its service, and late when that month had ended": 14,
    "a charge is in the statement of its month, if its category has one": 14,
    "an item is the sum of its charges": 14,
    "a statement's totals are its charges, fee by fee": 8,
    "a statement closed as its month ended": 4,
    "a statement opened with its first charge, and got none once closed": 4,
    "all that an account is billed is in its currency": 30,
    "a bill's total is the sum of its lines": 7,
    "the lines of a bill that is not void are its items": 11,
    "outstanding and accruing are the items that are on no bill": 2,
    "what has not posted is of the open day or month": 2,
    "an item posted at once, at the end of its day, or of its month": 12,
    "an item is on at most one bill that is not void": 14,
    "a bill takes what its account had posted by its day": 11,
    "one statement per merchant and month": 4,
    "one scheduled bill per merchant and date": 6,
    "scheduled bills are of plan dates, or else of the cycle": 6,
    "a bill is dated by the day it was issued": 7,
    "bill periods follow one another": 7,
    "the next plan and cycle dates follow the open day": 2,
    "a plan fee is charged once on each plan date": 5,
    "bill numbers run without a gap to the last one given out": 7,
    "a bill is paid exactly when its succeeded payments are its total": 7,
}


@pytest.fixture(scope="module")
def winter(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[list[str]]:
    """The outcomes of tests/config/audited.py, lived through once. A test undoes its breaks."""
    with (
        django_db_blocker.unblock(),
        pytest.MonkeyPatch.context() as patch,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        patch.setattr(settings, "TAEL_SANDBOX", True)
        outcomes = audited.live()
        # Foreign keys are checked at a commit, which does not come; until then no table may change.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        yield outcomes
        transaction.set_rollback(True)


def audited_with(sql: str) -> str:
    """What the audit prints after `sql`, which must make it exit with 1."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger fires
        cursor.execute(sql)
        cursor.execute("SET LOCAL session_replication_role = origin")
    output = StringIO()
    with pytest.raises(CommandError) as found:
        call_command("audit", stdout=output)
    assert found.value.returncode == 1
    return output.getvalue()


def violations(output: str) -> dict[str, str]:
    """The offending rows of each check that the output names."""
    named = output.split("\nNot so: ")[1:]
    return {section.partition(" (")[0]: section.partition("\n")[2] for section in named}


@pytest.mark.usefixtures("winter", "db")
def test_books_written_by_operations_are_clean() -> None:
    findings = audit.run(CHECKS)
    assert {finding.check.name: finding.checked for finding in findings} == ROWS_CHECKED
    assert [finding for finding in findings if finding.violations] == []
    output = StringIO()
    call_command("audit", stdout=output)
    assert "Not so" not in output.getvalue()


@pytest.mark.usefixtures("db")
def test_the_winter_holds_what_an_audit_can_meet(winter: list[str]) -> None:
    assert sorted(set(winter)) == [
        "applied",
        "insufficient_credit",
        "line_frozen",
        "order_not_open",
    ]


@pytest.mark.usefixtures("db")
def test_empty_books_are_clean() -> None:
    connection.cursor().execute("TRUNCATE merchants_merchant, billing_numberseries CASCADE")
    assert not any(finding.checked for finding in audit.run(CHECKS))


@pytest.mark.usefixtures("winter", "db")
@pytest.mark.parametrize(("check", "sql", "seen"), BREAKS, ids=[broken.check for broken in BREAKS])
def test_a_break_is_named_with_its_row(check: str, sql: str, seen: str) -> None:
    assert seen in violations(audited_with(sql))[check]


def test_every_check_has_a_break() -> None:
    assert {broken.check for broken in BREAKS} == {check.name for check in CHECKS}
    assert len({check.name for check in CHECKS}) == len(CHECKS)


@pytest.mark.usefixtures("winter", "db")
def test_twenty_rows_are_listed_and_the_rest_counted() -> None:
    output = audited_with("UPDATE billing_numberseries SET last = 27 WHERE year = 2027")
    rows = violations(output)["bill numbers run without a gap to the last one given out"]
    assert "number 2027-000002: expected 1; found 0" in rows
    assert "number 2027-000021:" in rows
    assert "number 2027-000022:" not in rows
    assert "… and 6 more" in rows


def test_all_checks_see_one_picture_and_can_write_nothing(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    check = Check(
        1,
        "the transaction",
        "isolation, read only",
        """
        SELECT NULL::bigint AS merchant_id, 'audit' AS subject,
               ('repeatable read'::text, 'on'::text) AS expected,
               (current_setting('transaction_isolation'),
                current_setting('transaction_read_only')) AS found
        """,
    )

    def run_on_a_connection_of_its_own() -> int:
        try:
            (finding,) = audit.run([check])
            return finding.violations
        finally:
            connection.close()

    with django_db_blocker.unblock(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(run_on_a_connection_of_its_own).result() == 0
