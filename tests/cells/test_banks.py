"""What banks tell is taken once, and goes to the cell that it is about."""

from typing import Any

import pgtrigger
import pytest
from django.conf import LazySettings
from django.db import connection

from billing.jobs import LOOK_AT_PAYOUTS
from billing.models import (
    BankFile,
    BankLine,
    BankStatement,
    Invoice,
    Issuer,
    ProviderDifference,
    ProviderMovement,
    ProviderPayout,
    other_sides,
)
from billing.operations import bank_folder, bank_matching, bank_statements, handing_over
from billing.queries.bank_matching import find
from config.cells import copying
from credit.models import PayoutAnswer, Withdrawal
from credit.operations import payout_answers, payout_files
from credit.payment_files import accounts, names
from credit.queries.payout_answers import to_take
from lib import audit, cells
from lib.refusals import AlreadyDecided
from merchants.models import Merchant, Move, MovedName
from merchants.operations.merchants import UnknownMerchant
from tests import shops
from tests.amounts import usd
from tests.bank_files import Paid, camt
from tests.billing import at_stripe, banking
from tests.billing.banking import BY, at, billed, lines, of_bank, paying, statements
from tests.billing.reversing import offended
from tests.billing.test_provider_payouts import stripe
from tests.credit import test_bank_messages as messages
from tests.credit import test_payment_files as payment_files
from tests.credit.test_payment_files import GERMAN, OURS
from tests.credit.withdrawing import add, shop_with, withdraw
from tests.shops import Shop
from tests.stripe_server import OddStripe
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db
OPERATOR = BY["actor"]
__all__ = ["stripe"]  # a fixture


def shop_with_invoice(cell: int, name: str, amount: str) -> tuple[Shop, Invoice]:
    """A shop of this cell with a bill, to be paid to the account of an issuer that cells share."""
    with cells.at(cell):
        if not Issuer.objects.exists():
            banking.issuer_with_references()
        shop = banking.joined(name)
        return shop, billed(shop, amount)


def match() -> None:
    """Match the lines of the bank that wait, as the job does, in each cell."""
    cells.in_each(banking.match)


def test_a_statement_is_taken_in_one_cell_and_its_lines_go_where_their_bills_are(
    two_cells: None,
) -> None:
    meadow, first = shop_with_invoice(1, "meadow", "210.00")
    _orchard, second = shop_with_invoice(2, "orchard", "300.00")
    with cells.at(1):
        to_first = paying(first, bank_reference="B-1", name="Meadow GmbH")
    with cells.at(2):
        to_second = paying(second, bank_reference="B-2")
    content = camt(to_first, to_second, Paid("50.00", "for the shop"), Paid("60.00", "interest"))
    said: dict[str, Any] = {"file_name": "a.xml", "actor": OPERATOR, "now": at()}
    with cells.at(2):
        file = bank_statements.take(content=content, **said)
        assert lines() == [
            f"{amount} WAITING NEW - -" for amount in ("210.00", "300.00", "50.00", "60.00")
        ]
    with cells.at(1), nothing_changes():  # as it was taken in the other cell
        bank_statements.take(content=content, **said)
    match()
    match()
    with cells.at(2):
        assert lines() == [
            "210.00 ELSEWHERE REFERENCE - -",
            "300.00 BOOKED REFERENCE orchard 2-DE-2026-000001",
            "50.00 OPEN UNKNOWN - -",
            "60.00 OPEN UNKNOWN - -",
        ]
        assert of_bank(second) == "PAID 300.00/300.00"
        unknown = BankLine.objects.get(amount=50)
        with nothing_changes(), pytest.raises(UnknownMerchant):
            bank_matching.place(line_id=unknown.pk, merchant="nobody", actor=OPERATOR, now=at())
    with cells.at(1):
        assert lines() == ["210.00 BOOKED REFERENCE meadow DE-2026-000001"]
        assert of_bank(first) == "PAID 210.00/210.00"
        assert BankLine.objects.get().other.name == "Meadow GmbH"
        assert BankFile.objects.get().digest == file.digest

    # Whoever matches by hand may name a merchant, and a bill, of any cell.
    with cells.at(1):
        third = billed(meadow, "250.00", "2026-11-04 10:00")
    with cells.at(2):
        placed = bank_matching.place(
            line_id=unknown.pk, merchant="meadow", number="T-DE-2026-000002", actor=OPERATOR,
            now=at("2026-11-05 23:00"),
        )  # fmt: skip
        unknown.refresh_from_db()
        assert (unknown.status, unknown.cell, unknown.decided_by) == ("ELSEWHERE", 1, OPERATOR)
    with cells.at(1):
        assert placed.status == "BOOKED"
        assert of_bank(third) == "OPEN 50.00/250.00"

    # What follows goes on in that cell, whoever uploads it, and a return goes after its payment.
    returned = Paid(
        "210.00", is_credit=False, is_reversal=True, returned="AC04", bank_reference="B-1"
    )
    with cells.at(1):
        following = camt(returned, name="S-2", opening="620.00", on="2026-11-06")
        bank_statements.take(content=following, **said | {"file_name": "b.xml"})
    match()
    match()
    with cells.at(2):
        assert statements() == ["S-1 TAKEN -", "S-2 TAKEN S-1"]
        assert lines() == ["-210.00 ELSEWHERE TAKEN_BACK - -"]
    with cells.at(1):
        assert lines() == ["-210.00 RETURN TAKEN_BACK meadow -"]
        assert set(BankStatement.objects.values_list("kind", flat=True)) == {"HANDED"}
    assert cells.in_each(offended) == [[], []]


def test_who_paid_for_merchants_of_two_cells_is_not_taken_for_the_payer_of_one(
    two_cells: None,
) -> None:
    """The account of one payer pays bills of both; what names no bill may be of either."""
    _meadow, first = shop_with_invoice(1, "meadow", "210.00")
    orchard, second = shop_with_invoice(2, "orchard", "300.00")
    with cells.at(1):
        to_first = paying(first)
        banking.take(to_first, Paid("50.00", name=to_first.name, account=to_first.account))
    match()
    with cells.at(1):
        assert lines()[1] == "50.00 BOOKED KNOWN meadow -"
    # From then on it has paid for another one, too: by a line that was handed over,
    with cells.at(2):
        to_second = paying(second)
    unnamed = Paid("60.00", name=to_first.name, account=to_first.account)
    with cells.at(1):
        banking.take(to_second, unnamed, name="S-2", opening="260.00", on="2026-11-06")
    match()
    match()
    with cells.at(1):
        assert lines() == ["300.00 ELSEWHERE REFERENCE - -", "60.00 OPEN UNKNOWN - -"]
    # and, in the other cell, by one that was booked in the first.
    with cells.at(2):
        assert lines() == ["300.00 BOOKED REFERENCE orchard 2-DE-2026-000001"]
        copy = BankLine.objects.get()
        unsaid = dict.fromkeys(("reference", "end_to_end_id", "return_reason"), "")
        again = BankLine(
            statement=copy.statement, number=7, currency="USD", amount=usd(70), **unsaid
        )
        other_sides.put(again, copy.other)
        assert (find(again).status, find(again).account_id) == ("OPEN", None)
    with cells.at(1), pgtrigger.ignore():  # were that one of other money
        BankLine.objects.filter(status="BOOKED").update(currency="EUR")
    with cells.at(2):
        assert (find(again).status, find(again).account_id) == ("BOOKED", orchard.merchant.pk)


def test_a_line_that_was_on_its_way_gets_there_once(two_cells: None) -> None:
    shop_with_invoice(1, "meadow", "210.00")
    _shop, invoice = shop_with_invoice(2, "orchard", "300.00")
    with cells.at(2):
        to_second = paying(invoice)
    with cells.at(1):
        banking.take(to_second)
        line = BankLine.objects.get()
        handing_over.mark(line, 2, BankLine.Why.REFERENCE)  # and then the process died
        with pytest.raises(AlreadyDecided):
            bank_matching.place(line_id=line.pk, merchant="meadow", actor=OPERATOR, now=at())
        handing_over.deliver(line, now=at())
        BankLine.objects.update(status="WAITING")  # or here
    match()
    match()
    with cells.at(1):
        assert lines() == ["300.00 ELSEWHERE REFERENCE - -"]
    with cells.at(2):
        assert lines() == ["300.00 BOOKED REFERENCE orchard 2-DE-2026-000001"]
        assert of_bank(invoice) == "PAID 300.00/300.00"


def test_the_audit_looks_for_a_line_that_stayed_where_its_merchant_is(two_cells: None) -> None:
    """300.00 that a line of the first cell was booked as are another line's in the second one."""
    orchard, invoice = shop_with_invoice(2, "orchard", "300.00")
    with cells.at(2):
        named = paying(invoice)
    with cells.at(1):
        banking.take(named, Paid("300.00", "as an earlier version left it"))
    match()
    match()
    with cells.at(2):
        booked = BankLine.objects.get(status="BOOKED")
    with cells.at(1):
        with pgtrigger.ignore():
            BankLine.objects.filter(number=2).update(
                status="BOOKED", account=orchard.merchant.pk, transfer=booked.transfer_id,
                booked_at=at(),
            )  # fmt: skip
        found = audit.run(audit.registered(), now=at())
        stayed = BankLine.objects.get(number=2).pk
    assert [(one.check.name, list(one.listed)) for one in found if one.violations] == [
        (
            "a bank's line that its merchant left in a former cell is booked in the new one, once",
            [audit.Violation(
                "orchard", f"bank line {stayed}", "300.00 USD of orchard",
                f"300.00 USD of orchard, as bank line {booked.pk}",
            )],
        )
    ]  # fmt: skip


def test_a_file_of_the_folder_is_taken_once_and_its_lines_go_where_their_bills_are(
    two_cells: None, settings: LazySettings, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TAEL_BANK_FOLDER = str(tmp_path)
    _shop, invoice = shop_with_invoice(2, "orchard", "300.00")
    with cells.at(2):
        content = camt(paying(invoice))
    (tmp_path / "s.xml").write_bytes(content)
    with cells.at(1):
        bank_folder.take_in(now=shops.instant("2100-01-01 00:00"))
        assert BankFile.objects.count() == 1
    assert (tmp_path / "done" / "s.xml").exists()
    match()
    match()
    with cells.at(1):
        assert lines() == ["300.00 ELSEWHERE REFERENCE - -"]
    with cells.at(2):
        assert lines() == ["300.00 BOOKED REFERENCE orchard 2-DE-2026-000001"]


def test_each_cell_knows_its_own_rows_of_a_providers_payout(
    two_cells: None, stripe: OddStripe
) -> None:
    for number, name in ((1, "meadow"), (2, "orchard")):
        with cells.at(number):
            at_stripe.collect(at_stripe.billed_shop(reference=name), "2026-11-02 09:30")
    stripe.clock = shops.instant("2026-11-05 00:00")
    stripe.pay_out(*[stripe.charge_row(intent, fee=755) for intent in stripe.intents])
    stripe.pay_out(status="failed")
    LOOK_AT_PAYOUTS.run_here(shops.instant("2026-11-06 00:00"))
    for number, name in ((1, "meadow"), (2, "orchard")):
        with cells.at(number):
            payout = ProviderPayout.objects.get(state="paid")
            assert (payout.count, payout.net) == (2, usd("484.90"))
            entered = payout.movements.filter(entered_at__isnull=False)
            assert [one.account.merchant.reference for one in entered if one.account] == [name]
    # What is of no row is named once.
    named = cells.in_each(lambda: list(ProviderDifference.objects.values_list("kind", "reference")))
    assert named == [[("FAILED", "po_2")], []]


def test_a_row_of_a_payout_is_handed_to_a_cell_that_has_the_payout_without_it(
    two_cells: None, stripe: OddStripe
) -> None:
    with cells.at(1):
        at_stripe.collect(at_stripe.billed_shop(), "2026-11-02 09:30")
    stripe.clock = shops.instant("2026-11-05 00:00")
    stripe.pay_out(stripe.charge_row(stripe.intents[0], fee=755))
    LOOK_AT_PAYOUTS.run_here(shops.instant("2026-11-06 00:00"))
    with cells.at(1):
        row, payout = ProviderMovement.objects.get(), ProviderPayout.objects.get()
        assert row.account_id
    with cells.at(2):  # which has asked before Stripe told of the row
        payout.pk, payout.gross, payout.fee, payout.net = None, usd(0), usd(0), usd(0)
        payout.count = 0
        payout.save(force_insert=True)
    of = {"merchant": row.account_id, "reference": "rosewood"}
    with cells.at(2), connection.cursor() as cursor:
        copying.hush(cursor)
        copying.hand_over(cursor, of, 1, 2)
        copying.unhush(cursor)
    with cells.at(1):
        assert ProviderMovement.objects.get().account_id is None
    with cells.at(2):
        there, payout = ProviderMovement.objects.get(), ProviderPayout.objects.get()
        assert (there.reference, there.account_id, there.entered_at) == (
            row.reference, row.account_id, row.entered_at
        )  # fmt: skip
        assert (payout.count, payout.net) == (1, payout.amount)


def test_a_file_for_the_bank_is_not_written_again_without_what_is_in_another_cell(
    two_cells: None, settings: LazySettings
) -> None:
    settings.TAEL_PAYOUT_ACCOUNTS = accounts.read(OURS)
    with cells.at(1):
        shop = shop_with("5000.00", "meadow", currency="EUR")
        add(shop, at="2026-11-01 11:00", **GERMAN)
        batch = payment_files.export(withdraw(shop, "10.00"), withdraw(shop, "20.00"))
        assert payment_files.again(batch) == batch.content
    now = shops.instant("2026-11-06 12:00")
    with pgtrigger.ignore():  # were another merchant of the file moved
        Merchant.objects.update(cell=2)
        ended: dict[str, Any] = {"began_at": now, "until": now, "ended_at": now, "is_done": True}
        move = Move.objects.create(merchant=shop.merchant, from_cell=1, to_cell=2, **ended)
        MovedName.objects.create(move=move, name="T-1", file=batch.name, currency="EUR")
    for number in (1, 2):
        with cells.at(number), nothing_changes():
            with pytest.raises(
                payout_files.WasMoved,
                match=r"is in cells 1, 2\. A pain\.001 is written again as a whole or not at all",
            ):
                payment_files.again(batch)
            with pytest.raises(payout_files.WasMoved, match="be shown as it was sent; the list"):
                payment_files.again(batch, as_sent=True)


def test_banks_answers_go_to_the_cell_of_the_withdrawal_or_file_that_they_name(
    two_cells: None, settings: LazySettings
) -> None:
    settings.TAEL_PAYOUT_ACCOUNTS = accounts.read(OURS)
    batches, ones = {}, {}
    for number, name in ((1, "meadow"), (2, "orchard")):
        with cells.at(number):
            shop = shop_with("5000.00", name, currency="EUR")
            add(shop, at="2026-11-01 11:00", **GERMAN)
            batches[number], ones[number] = messages.sent(shop, "10.00", "20.00")
            assert names.cell_of(batches[number]) == number
    assert ones[1][0].reference.startswith("T-")
    assert ones[2][0].reference.startswith("T2-")
    assert batches[2].startswith("B2-")
    assert names.cell_of("REPORT-1") is None
    now = shops.instant(messages.LATER)

    def upload(content: str) -> None:
        with cells.at(1):
            payout_answers.upload(content=content.encode(), actor="ada@tael.example", now=now)
        cells.in_each(lambda: [payout_answers.take(one, now=now) for one in to_take(now)])

    # A report of the second cell's file as a whole, which is refused.
    upload(messages.report(batches[2], group="<GrpSts>RJCT</GrpSts>"))
    # A CSV that names withdrawals of both, and one that there is not.
    upload(
        "reference,status,bank_reference,reason\n"
        f"{ones[2][1]},PAID,X-2,\n{ones[1][0]},PAID,X-1,\nT9-WAAAA,PAID,X-3,\n"
    )
    # A notice of nothing is kept as it is in an installation without cells.
    upload(messages.NOTICE.format(""))
    stand: dict[int, list[str]] = {}
    rows: dict[int, list[tuple[str, str]]] = {}
    for number in (1, 2):
        with cells.at(number):
            found = Withdrawal.objects.order_by("pk").values_list("status", flat=True)
            answers = PayoutAnswer.objects.order_by("pk").values_list("reference", "outcome")
            stand[number], rows[number] = list(found), list(answers)
    assert stand == {1: ["PAID", "SENT"], 2: ["FAILED", "FAILED"]}
    assert [outcome for _, outcome in rows[2]] == ["FAILED", "FAILED", "REFUSED"]
    assert rows[1] == [(ones[1][0].reference, "PAID"), ("T9-WAAAA", "REFUSED")]
