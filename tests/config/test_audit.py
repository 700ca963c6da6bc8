"""`manage.py audit` finds nothing in what operations wrote, and every break of an invariant."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import Error, IntegrityError, connection, transaction
from django.db.models import Model
from pytest_django import DjangoDbBlocker

from billing.models import Card, ProviderDay, ProviderMovement, ProviderPayout
from billing.operations import invoice_decisions
from credit.operations import automatic, requests
from lib import audit, clock
from lib.audit import Check
from tests import journals
from tests.amounts import usd
from tests.billing import by_hand
from tests.billing.paid_out import paid_out
from tests.config import audited
from tests.config.audit_breaks import BREAKS
from tests.config.breaking import DECLARED, drop
from tests.credit import withdrawing
from tests.shops import Shop
from tests.test_amounts_of_rows import MODELS, amounts_of
from tests.whole import full, some

ROWS_CHECKED = {
    "limit and used are the sums of the line's entries": 7,
    "an entry's balances go on from those of the entry before": 27,
    "an entry moves what its kind moves": 27,
    "reviews that were applied or approved are what changed the limit, and no others": 2,
    "a raise that waits is younger than the last change of its limit, and of that limit": 2,
    "used is what open orders hold": 7,
    "what was brought along came before the line's own trade": 7,
    "freezes in force are those not lifted": 7,
    "a line counts its open day in the time zone of its history": 7,
    "all that happens on a line is in its currency": 73,
    "an order's amount is paid, outstanding, written off or given back": 9,
    "an order's entries are its steps": 9,
    "an order's status is what its figures say": 9,
    "no step of an order happened before it was placed, or after it was told": 9,
    "an order falls due as delivery and payments say": 9,
    "an order's refunded is its refunds": 9,
    "a refund's parts add up, and what came from proceeds left them": 3,
    "refunds take from their own order's sales, and no more than each was": 1,
    "proceeds are the sum of their entries, maturing and matured": 7,
    "sales are the payments that orders took, one each": 10,
    "an order's paid and recovered are its payments, here and where it was brought from": 9,
    "what was settled of unmatched cash is its settlements, and no more than it was": 10,
    "what was released is in proceeds, once each, and nothing else is": 3,
    "what was applied is a payment of its order, once each": 3,
    "a closed merchant has no raise that waits, and no open order placed after it closed": 1,
    "no order was taken while its merchant was closed": 0,
    "paid out is what was paid, fees included": 7,
    "what left the proceeds for withdrawals is on its way or paid out": 7,
    "a pain.001 has the withdrawals that it was made of": 0,
    "a provider's payout has the sums of its rows": 0,
    "a payment is in one payout once, as its own merchant's": 0,
    "the journal has of payouts what arrived of our own payments, and only that": 0,
    "a withdrawal of which another amount was told was ended by a person, if it was": 2,
    "an automatic withdrawal is as it was set up, while that was in force": 0,
    "a charge is in an item of its account and fee": 42,
    "a charge's item posts when its fee says, seen from its arrival": 42,
    "a charge is dated by its service, and late when that month had ended": 42,
    "a charge is in the statement of its month, if its category has one": 42,
    "references of Tael's own are those of charges that only Tael makes": 42,
    "a fulfilment request is there since its first charge": 5,
    "a priced charge is its quantity times its price, rounded once": 1,
    "credits are negative, and nothing else is": 42,
    "an approved credit is a negative charge, and every such charge is one": 4,
    "credits on a charge do not exceed it": 2,
    "what was outstanding and paid out to a closed account is a charge of it": 1,
    "an item is the sum of its charges": 42,
    "a statement's totals are its charges, fee by fee": 19,
    "a statement closed as its month ended": 9,
    "a statement opened with its first charge, and got none once closed": 9,
    "all that an account is billed is in its currency": 118,
    "a bill's total is the sum of its lines and its tax": 22,
    "the lines of a bill that is not void are its items": 33,
    "outstanding and accruing are the items that are on no bill": 7,
    "what has not posted is of the open day or month": 2,
    "an item posted at once, at the end of its day, or of its month": 40,
    "an item is on at most one bill that is not void": 42,
    "a bill takes what its account had posted by its day": 33,
    "a final bill left nothing behind": 1,
    "a bill's state is what operators decided": 22,
    "scheduled bills are of plan dates, or else of the cycle": 14,
    "a bill is dated by the day it was issued, or drawn up": 22,
    "a bill's period goes on from the bills before it and holds its lines": 22,
    "the lines of a bill but plan fees were posted in its period": 22,
    "a bill is due on its day, or seven days later where nothing collected it": 22,
    "bill numbers run without a gap to the last one given out": 20,
    "a plan fee is charged once on each plan date": 12,
    "the next plan and cycle dates follow the open day": 7,
    "a bill copies its issuer as it was then, and is numbered in that issuer's series": 22,
    "an account's issuer is the one that was chosen last": 7,
    "bills are made out to whom was confirmed last": 29,
    "a line of a bill has the rate of its days of service": 1,
    "a credit note mirrors an issuer's bill that was voided, and each of those has one": 0,
    "credit notes are numbered in their issuer's series, without a gap": 0,
    "what a tax office clears is a document of an issuer's, known by its number and attempt": 1,
    "each document of an issuer whose documents are cleared was taken up before later ones": 1,
    "a document was sent to its tax office in its turn, and what was sent is kept": 1,
    "what the sandbox of a tax office cleared is what was sent there": 1,
    "the bases of a bill's taxes are its lines, and its tax is their sum": 1,
    "a tax is that of its base, rounded once, and of credits what was not credited before": 1,
    "what credits a closed account's tax is the tax of what it had in its merchant's favour": 0,
    "an account's plan is the term in force": 7,
    "a plan term starts on a plan date of the term before": 9,
    "an account's threshold, review of bills and closing are those last written down": 7,
    "a closed account's credit line is closed with it, and no other one is": 7,
    "an account is closed and opened again by turns, and its credit line with it": 1,
    "nothing is collected from a card that is blocked": 0,
    "a threshold that was asked for and given is written down": 1,
    "an account counts its open day in the time zone of its history": 7,
    "no open day is ahead of the clock": 14,
    "a merchant's time zone is a name of the time-zone data": 7,
    "a time zone changes as a local month starts": 1,
    "a withdrawal is debited once, with its fee, and returned once if it did not go out": 2,
    "a withdrawal goes to a destination of its own merchant, and is in its currency": 2,
    "a withdrawal's steps are those of its status": 2,
    "nothing waits to be sent to a destination that is blocked": 0,
    "what takes two people was confirmed by another person, in time": 3,
    "pay-outs above the operator policy of their day were confirmed by another person": 8,
    "thresholds above the operator policy of their day were confirmed by another person": 1,
    "credits above the operator policy of their day were confirmed by another person": 3,
    "prices above the operator policy of their day were confirmed by another person": 3,
    "raises, pay-outs and corrections of proceeds are operators' decisions, once each": 6,
    "a limit above the caps was confirmed by another person": 1,
    "credits, pay-outs, higher thresholds and prices are operators' decisions, once each": 10,
    "an account whose line had a limit was opened again by two people": 0,
    "a price far from the one before was confirmed by another person": 3,
    "what is kept encrypted opens with a key, and at its own row": 3,
    "what the bank's answers were taken for is what their withdrawals are": 0,
    "a bill is paid exactly when its succeeded payments are its total": 22,
    "the attempts on a bill are counted, and known by its number and theirs": 21,
    "an attempt asks for all that was left of its bill, and no payment is more": 21,
    "an attempt of which its provider told another amount is undecided, and paid nothing": 21,
    "what proceeds paid of a bill left them, once": 2,
    "a bill has failed since the first attempt that did": 3,
    "a bill's first failure is an attempt's, or the start of a day by which it was due": 4,
    "a bill that nothing collects has failed once it is due": 2,
    "an open bill is tried by itself until it has failed, and no other is": 22,
    "a line expects the freezes for its unpaid bills": 7,
    "a line is frozen for a bill too long unpaid, unless an operator lifted that": 2,
    "a freeze for an unpaid bill is one's, and ends when all are paid": 2,
    "instants of a line's rows never fall": 82,
    "what happens to a line's rows comes in order": 39,
    "a line last wrote no earlier than its rows, and within its open day": 7,
    "instants of an account's rows never fall": 168,
    "what happens to an account's rows comes in order": 121,
    "an account last wrote no earlier than its rows, and within its open day": 7,
    "an account's unapplied money is the sum of its entries": 7,
    "unapplied money waits since it came": 7,
    "each unapplied entry tells what the account then had": 12,
    "unapplied money that was used is a payment of a bill, once": 4,
    "money that came for an attempt unexpectedly is as much, and another than it took": 1,
    "a payment by credit is a charge that uses as much of it, once": 0,
    "what was waived is a rest of a closed account, less than a provider takes": 0,
    "what operators waived of a bill is a credit, and pays the bill by as much": 0,
    "nothing tries a bill by itself while its collecting is paused": 0,
    "a bill is held until its last pause or payment plan has ended": 22,
    "the parts of a payment plan were what was left of its bill, on days after it was made": 0,
    "a payment plan is in force until its bill is paid, or a part was not": 0,
    "a part of a payment plan that nothing collects is paid on its day, or the plan has ended": 0,
    "what a payment plan has asked for were its parts that were due and not paid": 0,
    "reversals of a payment's money are no more than it": 2,
    "what was taken back had come: it paid a bill, or was unapplied": 3,
    "a reversal is charged exactly when one charge is of it": 1,
    "unapplied money was taken back exactly as reversals say": 1,
    "what came back of a reversal is unapplied, as far as its merchant had lost it": 1,
    "a card that was disputed is asked for nothing before its merchant chooses anew": 1,
    "a disputed card is one of a dispute that was written down then": 1,
    "whatever webhooks tell of is in the outbox once, and nothing else is": 70,
    "a merchant's books are in the merchant's cell, and nowhere else": 28,
    "a line is told of as no longer frozen when its last freeze was lifted": 2,
    "a merchant's webhook events are numbered without a gap": 0,
    "a webhook is delivered exactly when its receiver took it, and every attempt is on its log": 0,
    "what an import has applied is in the books": 0,
    "an import has all its rows, and is done when none of them waits": 0,
    "what a person wrote off was past its due date": 1,
    "proceeds are corrected exactly as operators' corrections say": 2,
    "a counter-entry takes back exactly what was corrected": 1,
    "a credit that was undone is taken back by a charge, and every such charge takes one back": 1,
    "a transfer is what it paid of a bill and what was unapplied, and no other money is": 4,
    "a transfer's money arrived between its merchant's joining and the day it was recorded": 4,
    "a transfer booked elsewhere was taken from unapplied money and charged, once": 1,
    "a transfer booked elsewhere is as much there, as unapplied money of that reference": 1,
    "a transfer booked elsewhere was not taken back as well": 1,
    "each movement of the books is one balanced entry of the journal": 142,
    "the balances of the journal are the figures of the books": 63,
    "a locked month's journal is as it was when it was locked": 0,
    "a line of a bank statement is booked as one transfer or reversal of its amount": 1,
    "only lines of statements that were taken are booked, one for each transfer": 1,
    "the money of a bank's line is its own, wherever it was booked since": 1,
    "a bank's line that its merchant left in a former cell is booked in the new one, once": 0,
    "a bank statement begins where the one before it ended, or an operator took it so": 2,
    "the lines of a bank statement lead from its opening to its closing balance": 2,
    "a payment that a bank returned has a reversal, of the payment that its line was booked as": 0,
}


@pytest.fixture(scope="module")
def winter(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[list[str]]:
    """The outcomes of tests/config/audited.py, lived through once. A test undoes its breaks."""
    undone = transaction.atomic()
    undone._from_testcase = True  # type: ignore[attr-defined]  # lets durable blocks be within it
    with (
        django_db_blocker.unblock(),
        pytest.MonkeyPatch.context() as patch,
        undone,
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
    findings = audit.run(audit.registered(), now=clock.now())
    checked = {finding.check.name: finding.checked for finding in findings}
    # As many as there are constraints and triggers: a new one needs no other figure here.
    assert checked.pop(DECLARED) > 300
    assert checked == ROWS_CHECKED
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
        "overpayment",
        "unknown_order",
    ]


@pytest.mark.usefixtures("winter", "db")
def test_beancount_proves_the_journal() -> None:
    assert journals.prove() == 142


@pytest.mark.usefixtures("db")
def test_empty_books_are_clean() -> None:
    connection.cursor().execute(
        "TRUNCATE merchants_merchant, billing_numberseries, billing_bankstatement CASCADE"
    )
    checks = [check for check in audit.registered() if check.name != DECLARED]
    assert not any(finding.checked for finding in audit.run(checks, now=clock.now()))


@pytest.mark.usefixtures("winter", "db")
@pytest.mark.parametrize("among_all", [False, *full(True)])
@pytest.mark.parametrize(("check", "sql", "seen"), BREAKS, ids=[broken.check for broken in BREAKS])
def test_a_break_is_named_with_its_row(
    check: str, sql: str, seen: str, among_all: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its own check alone, and in `make test-full` with all others running, too."""
    if not among_all:
        (its_own,) = (one for one in audit.registered() if one.name == check)
        monkeypatch.setattr(audit, "registered", lambda: [its_own])
    rows = violations(audited_with(sql))[check].splitlines()
    assert any(all(part in row for part in seen.split(" … ")) for row in rows), rows


def test_every_check_has_a_break() -> None:
    assert {broken.check for broken in BREAKS} == {check.name for check in audit.registered()}
    assert len({check.name for check in audit.registered()}) == len(audit.registered())


def _ask_and_withdraw_by_itself() -> None:
    """What no merchant of the winter does, so that there is a row of it."""
    shop = withdrawing.shop_with("300.00")
    requests.ask_raise(
        merchant_id=shop.line.pk,
        limit_wanted=usd(200000),
        message="For spring.",
        actor=withdrawing.MERCHANT,
        now=shop.at("2026-11-02 12:00"),
    )
    rule, _is_new = automatic.set_up(
        merchant_id=shop.line.pk,
        destination_id=shop.destination.pk,
        every="DAILY",
        from_amount=usd(10),
        actor=withdrawing.MERCHANT,
        now=shop.at("2026-11-02 12:00"),
    )
    assert automatic.run(rule.pk, now=shop.at("2026-11-04 12:00"))
    by_hand.charge(shop, "2026-11-05 12:00", "90.00")
    number = str(by_hand.draw_up(shop, "2026-11-05 12:00"))
    by_hand.waive(shop, "2026-11-05 12:00", "10.00", number)
    parts = (("2026-11-10", "40.00"), ("2026-11-20", "40.00"))
    by_hand.plan(shop, "2026-11-05 12:00", parts, number)
    flax = Shop("flax")
    by_hand.charge(flax, "2027-07-01 12:00", "90.00")
    invoice = by_hand.draw_up(flax, "2027-07-01 12:00")
    invoice_decisions.void(
        invoice_id=invoice.pk,
        actor="olga@tael.example",
        reason="as agreed",
        now=flax.at("2027-07-01 13:00"),
    )


@pytest.mark.usefixtures("winter", "db")
@pytest.mark.parametrize("model", some(MODELS, 4), ids=lambda model: model._meta.label_lower)
def test_no_row_with_amounts_is_given_another_currency(model: type[Model]) -> None:
    path = amounts_of(model)[0].currency_field_name
    column = str(model._meta.get_field(path.partition("__")[0]).column)  # type: ignore[union-attr]
    # Its own currency, or the row that has it.
    other = "'XTS'" if "__" not in path else f"{column} + 1"
    table = f'"{model._meta.db_table}"'
    if model is ProviderDay:
        ProviderDay.objects.create(
            provider="stripe", day="2026-11-01", currency="USD", count=1, amount=usd("39.00"),
            known_count=1, known_amount=usd("39.00"), looked_at="2026-11-02T00:00:00Z",
        )  # fmt: skip
    if model in (ProviderMovement, ProviderPayout):
        paid_out()
    if not model._default_manager.exists():
        _ask_and_withdraw_by_itself()
    assert model._default_manager.exists()
    refused = pytest.raises(Error, match="pgtrigger: Cannot update")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = {other}")


@pytest.mark.usefixtures("winter", "db")
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (drop("credit_creditline", "limit_not_negative"), "credit_creditline: limit_not_negative"),
        ("DROP INDEX one_user_per_email_address", "merchants_user: one_user_per_email_address"),
        ("DROP TRIGGER pgtrigger_card_never_changes_{} ON billing_card", "trigger card_never"),
        ("ALTER TABLE billing_card DISABLE TRIGGER pgtrigger_card_never_changes_{}",
         "billing_card: trigger pgtrigger_card_never_changes_{}: expected on; found switched off"),
        *full(
            ("ALTER TABLE billing_card DISABLE TRIGGER ALL", "expected on; found switched off"),
            ("ALTER TABLE credit_creditline DROP CONSTRAINT limit_not_negative; ALTER TABLE"
             ' credit_creditline ADD CONSTRAINT limit_not_negative CHECK ("limit" >= 0)'
             " NOT VALID", "limit_not_negative: expected in place; found missing, changed"),
            ("ALTER TABLE merchants_merchant DROP CONSTRAINT merchants_merchant_reference_key"
             " CASCADE", "merchants_merchant: unique reference"),
        ),
    ],
)  # fmt: skip
def test_what_the_models_declare_is_in_place_and_on(sql: str, said: str) -> None:
    (card,) = (one for one in vars(Card._meta)["triggers"] if one.name == "card_never_changes")
    named = card.get_pgid(Card).removeprefix("pgtrigger_card_never_changes_")
    told = violations(audited_with(sql.format(named)))[DECLARED]
    assert said.format(named) in told


@pytest.mark.usefixtures("winter", "db")
@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        ('UPDATE credit_creditline SET "limit" = -1', "limit_not_negative"),
        ("UPDATE credit_creditline SET used = -1", "used_not_negative"),
        ("UPDATE billing_statement SET month = '2026-11-01'", "one_statement_per_merchant_and"),
        ("UPDATE billing_invoice SET issued_on = '2026-12-01'", "one_scheduled_invoice_per"),
        ("UPDATE billing_invoice SET number = NULL WHERE status <> 'VOID'",
         "invoice_has_a_number_from_its_issue_on"),
        ("UPDATE billing_invoice SET status = 'DRAFT' WHERE status = 'OPEN'",
         "invoice_has_a_number_from_its_issue_on"),
        ("UPDATE billing_unappliedentry SET balance = -1", "unapplied_balance_not_negative"),
    ],
)  # fmt: skip
def test_what_the_audit_leaves_to_a_constraint_is_refused_whatever_fires(
    sql: str, constraint: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger fires
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            cursor.execute(sql)
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.mark.usefixtures("winter", "db")
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("INSERT INTO billing_reversal (account_id, payment_id, money_reference, provider,"
         " provider_reference, kind, state, status, currency, amount, taken, recorded_at,"
         " recorded_by, decided_by, reason, message) SELECT reversal.account_id, payment.id,"
         " money_reference, reversal.provider, 'once more', kind, state, 'RECORDED',"
         " reversal.currency, payment.amount, 0, recorded_at, recorded_by, '', '', ''"
         " FROM billing_reversal reversal JOIN billing_payment payment"
         " ON payment.id = reversal.payment_id WHERE came_back_at IS NULL LIMIT 1",
         "reversals of a payment are no more than it"),
        ("INSERT INTO billing_invoicetax (invoice_id, category, percent, base, tax, currency)"
         " SELECT invoice_id, 'Z', 0, 0.01, 0, currency FROM billing_invoicetax"
         " WHERE invoice_id IS NOT NULL LIMIT 1",
         "the taxes of a bill are those of its lines"),
    ],
    ids=["reversals", "taxes"],
)  # fmt: skip
def test_what_a_trigger_adds_up_is_refused_where_it_does_not(sql: str, said: str) -> None:
    with pytest.raises(Error, match=said), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.usefixtures("winter", "db")
def test_rows_without_what_they_refer_to_are_listed_where_the_reference_is_gone() -> None:
    found = connection.introspection.get_constraints(connection.cursor(), "credit_freeze")
    (name,) = (name for name, one in found.items() if one["foreign_key"])
    told = violations(
        audited_with(
            drop("credit_freeze", name)
            + "UPDATE credit_freeze SET line_id = 0 WHERE id = (SELECT min(id) FROM credit_freeze)"
        )
    )[DECLARED]
    assert "credit_freeze: foreign key line_id: expected in place" in told
    assert "credit_freeze: foreign key line_id: row " in told


@pytest.mark.full  # one row is named by each break above
@pytest.mark.usefixtures("winter", "db")
def test_twenty_rows_are_listed_and_the_rest_counted() -> None:
    output = audited_with("UPDATE billing_numberseries SET last = 32 WHERE year = 2026")
    rows = violations(output)["bill numbers run without a gap to the last one given out"]
    assert "number 2026-000007: expected 1; found 0" in rows
    assert "number 2026-000026:" in rows
    assert "number 2026-000027:" not in rows
    assert "… and 6 more" in rows


@pytest.mark.usefixtures("db")
def test_all_checks_see_one_picture_and_can_write_nothing() -> None:
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
            (finding,) = audit.run([check], now=clock.now())
            return finding.violations
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(run_on_a_connection_of_its_own).result() == 0
