"""What banks and providers told of many merchants, when the books of one of them are moved."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.urls import reverse

from billing.jobs import LOOK_AT_DAYS, LOOK_AT_PAYOUTS
from billing.models import (
    BankLine,
    BankTransfer,
    Payment,
    ProviderDay,
    ProviderDifference,
    ProviderMovement,
    ProviderPayout,
    Reversal,
    other_sides,
)
from billing.operations import (
    bank_matching,
    bank_returns,
    provider_payouts,
    transfers,
    transfers_moved,
)
from billing.queries import journal
from billing.queries.bank_matching import find
from billing.queries.journal import Asked
from billing.queries.payment_references import of_invoice
from config.cells import bank_lines, moves
from credit.models import PaymentFile, Withdrawal
from credit.operations import payout_answers, payout_files
from credit.payment_files import accounts
from credit.queries.payout_answers import to_take
from lib import audit, cells
from lib.refusals import AlreadyDecided, Invalid
from tests import stripe_server
from tests.amounts import usd
from tests.bank_files import Paid
from tests.billing import banking
from tests.billing.at_stripe import billed_shop, collect
from tests.cells.test_moves import audit_is_clean, move
from tests.credit import test_bank_messages as messages
from tests.credit.pages import set_clock
from tests.credit.test_payment_files import GERMAN, OURS, THAI, again, export, shop_in
from tests.credit.withdrawing import add, shop_with, withdraw
from tests.factories import browser_of, operator
from tests.shops import instant
from tests.stripe_server import OddStripe
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.full  # lines that wait, below, have most of it
def test_what_banks_said_of_a_merchant_stays_and_what_was_booked_of_it_goes_along(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)("2026-11-06 12:00")
    with cells.at(1):
        banking.issuer_with_references()
        shop = banking.joined()
        invoice = banking.billed(shop)
        assert banking.matched(banking.paying(invoice, bank_reference="B-1")) == [
            f"210.00 BOOKED REFERENCE rosewood {invoice.number}"
        ]
        earlier = banking.billed(shop, "250.00", at="2026-11-03 10:00")
        booked_at = BankLine.objects.get().booked_at
    assert "rosewood is in cell 2" in move(shop, 2)
    with cells.at(1):
        line = BankLine.objects.get()
        assert (line.status, line.cell, line.account_id) == ("ELSEWHERE", 2, None)
        assert not BankTransfer.objects.exists()
    with cells.at(2):
        copy = BankLine.objects.get()
        assert banking.lines() == [f"210.00 BOOKED REFERENCE rosewood {invoice.number}"]
        assert (copy.transfer, copy.booked_at) == (BankTransfer.objects.get(), booked_at)
        assert copy.other.name == "Rosewood GmbH"
        assert copy.statement.name == f"S-1/1 ({line.pk})"
        # Another bill of the same issuer, in the series that the second cell has of it.
        later = banking.billed(shop, "300.00", at="2026-11-06 10:00")
        assert (invoice.number, later.number) == ("DE-2026-000001", "2-DE-2026-000001")
        assert of_invoice(later).endswith("T2DE2026000001")
        # What pays them later goes from the cell that has the account's statements to theirs; so
        # does a return of what was booked before.
        returned = Paid(
            "210.00", is_credit=False, is_reversal=True, returned="AC04", bank_reference="B-1"
        )
        paid = (banking.paying(earlier), banking.paying(later), returned)
        banking.take(*paid, name="S-2", opening="210.00", on="2026-11-06")
    for _ in range(2):
        cells.in_each(lambda: banking.match("2026-11-06 12:00"))
    with cells.at(1):
        assert banking.lines() == [
            "250.00 ELSEWHERE REFERENCE - -",
            "300.00 ELSEWHERE REFERENCE - -",
            "-210.00 ELSEWHERE TAKEN_BACK - -",
        ]
    with cells.at(2):
        booked = BankLine.objects.filter(amount__gt=0).order_by("pk")
        assert list(booked.values_list("status", "invoice__number")) == [
            ("BOOKED", one.number) for one in (invoice, earlier, later)
        ]
        assert banking.lines() == ["-210.00 RETURN TAKEN_BACK rosewood -"]
        taken = bank_returns.take_back(
            line_id=BankLine.objects.get(status="RETURN").pk, **banking.BY,
            now=banking.at("2026-11-06 12:00"),
        )  # fmt: skip
        assert (taken.status, taken.returns) == ("BOOKED", copy)
        assert taken.reversal is not None
        assert taken.reversal.payment.invoice == invoice
        assert taken.reversal.amount == usd(210)
        assert banking.of_bank(later) == "PAID 300.00/300.00"
    staff = browser_of(operator("Billing officer"))
    for name in ("billing_bankline_changelist", "billing_bankstatement_changelist"):
        assert staff.get(reverse(f"admin:{name}")).status_code == 200
    page = reverse("admin:billing_bankline_change", args=[line.pk])
    assert staff.get(page).status_code == 200
    audit_is_clean()


def test_lines_that_wait_for_an_operator_are_looked_at_anew_once_their_merchant_was_moved(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)("2026-11-06 12:00")
    with cells.at(1):
        banking.issuer_with_references()
        shop = banking.joined()
        first = banking.billed(shop)
        second = banking.billed(shop, "250.00", at="2026-11-03 10:00")
        taken_back = Paid(
            "210.00", is_credit=False, is_reversal=True, returned="AC04", bank_reference="B-1"
        )
        assert banking.matched(
            banking.paying(first, bank_reference="B-1"),
            taken_back,
            banking.paying(second, "200.00"),
        ) == [
            f"210.00 BOOKED REFERENCE rosewood {first.number}",
            "-210.00 RETURN TAKEN_BACK rosewood -",
            f"200.00 PROPOSED AMOUNT rosewood {second.number}",
        ]
        returned = BankLine.objects.get(number=2)
    move(shop, 2)
    with cells.at(1):
        assert banking.lines()[1:] == ["-210.00 WAITING NEW - -", "200.00 WAITING NEW - -"]
    for _ in range(2):
        cells.in_each(lambda: banking.match("2026-11-06 12:00"))
    with cells.at(1):
        assert banking.lines()[1:] == [
            "-210.00 ELSEWHERE TAKEN_BACK - -", "200.00 ELSEWHERE REFERENCE - -"
        ]  # fmt: skip
        said = {**banking.BY, "now": banking.at("2026-11-06 12:00")}
        with nothing_changes(), pytest.raises(AlreadyDecided):
            bank_matching.set_aside(line_id=returned.pk, **said)
    with cells.at(2):
        waiting = BankLine.objects.filter(status__in=("RETURN", "PROPOSED")).order_by("pk")
        back, line = waiting
        assert (back.status, back.why, back.returns) == (
            "RETURN", "TAKEN_BACK", BankLine.objects.get(status="BOOKED")
        )  # fmt: skip
        assert banking.lines() == [f"200.00 PROPOSED AMOUNT rosewood {second.number}"]
        bank_matching.confirm(line_id=line.pk, actor="ada@tael.example", now=said["now"])
        assert banking.of_bank(second) == "OPEN 200.00/250.00"
    audit_is_clean()


@pytest.mark.full  # the one before has it with a single move
def test_a_return_of_what_a_merchant_paid_goes_after_it_through_all_cells(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account's statements are in cell 3; the merchant goes from cell 1 to 2, 3 and 4."""
    set_clock(monkeypatch)("2026-11-09 12:00")
    for _ in range(2):
        call_command("cells", "add", verbosity=0)
    with cells.at(1):
        banking.issuer_with_references()
        shop = banking.joined()
        invoices = [
            banking.billed(shop, amount, at=f"2026-11-02 {hour}:00")
            for hour, amount in ((10, "210.00"), (11, "250.00"), (12, "300.00"), (13, "260.00"))
        ]
        paid = [
            banking.paying(one, bank_reference=f"B-{number}")
            for number, one in enumerate(invoices, start=1)
        ]

    def back(number: int, statement: int, **said: Any) -> None:
        """Take the statement that says that the payment with this number was taken back."""
        said = {"bank_reference": f"B-{number}", "returned": "AC04"} | said
        taken_back = Paid(paid[number - 1].amount, is_credit=False, is_reversal=True, **said)
        with cells.at(3):
            banking.take(
                taken_back, name=f"S-{statement}", opening=str(opening[0]), on="2026-11-06",
                now="2026-11-06 12:00",
            )  # fmt: skip
            opening[0] -= Decimal(taken_back.amount)
        for _ in range(4):  # from cell to cell, if need be
            cells.in_each(lambda: banking.match("2026-11-09 12:00"))

    def stands(cell: int) -> dict[str, list[str]]:
        """The statuses of the lines of these amounts that are in this cell, as they came."""
        with cells.at(cell):
            found: dict[str, list[str]] = {}
            for one in BankLine.objects.order_by("pk"):
                found.setdefault(str(one.amount.amount), []).append(one.status)
            return found

    opening = [Decimal(1020)]
    with cells.at(3):
        banking.take(*paid)
    for _ in range(2):
        cells.in_each(banking.match)
    assert stands(1)["210.00"] == ["BOOKED"]
    move(shop, 2)
    back(1, 2)
    assert stands(2)["-210.00"] == ["RETURN"]
    assert "-210.00" not in stands(1)
    move(shop, 3)  # what waited for an operator goes along, to where the statement is
    for _ in range(4):
        cells.in_each(lambda: banking.match("2026-11-09 12:00"))
    assert stands(3)["210.00"] == ["ELSEWHERE", "BOOKED"]
    assert stands(3)["-210.00"] == ["ELSEWHERE", "RETURN"]
    back(2, 3)
    assert stands(3)["-250.00"] == ["RETURN"]
    # The same once more is nobody's, and is not sent round.
    back(2, 4)
    assert stands(3)["-250.00"] == ["RETURN", "ELSEWHERE"]
    assert stands(1)["-250.00"] == ["OPEN"]
    move(shop, 4)
    for _ in range(4):
        cells.in_each(lambda: banking.match("2026-11-09 12:00"))
    back(3, 5)
    assert stands(4)["-300.00"] == ["RETURN"]
    # One that names nothing goes where the line is that a person says.
    back(4, 6, bank_reference="")
    assert stands(3)["-260.00"] == ["OPEN"]
    said: dict[str, Any] = {"actor": "ada@tael.example", "now": banking.at("2026-11-09 12:00")}
    with cells.at(3):
        unclear = BankLine.objects.get(amount=-260)
        with nothing_changes(), pytest.raises(Invalid):
            bank_returns.say(line_id=unclear.pk, statement="S-1", number=2, **said)
        bank_returns.say(line_id=unclear.pk, statement="S-1", number=4, **said)
        with nothing_changes(), pytest.raises(AlreadyDecided):
            bank_returns.say(line_id=unclear.pk, statement="S-1", number=4, **said)
    assert stands(3)["-260.00"] == ["ELSEWHERE"]
    with cells.at(4):
        waiting = BankLine.objects.get(status="RETURN", amount=-260)
        bank_returns.take_back(line_id=waiting.pk, reason="as the bank says", **said)
        assert banking.of_bank(invoices[3]) == "PAID 260.00/260.00"
        assert Reversal.objects.get().amount == usd(260)
    audit_is_clean()


@pytest.mark.full  # test_banks has it without a move
def test_whoever_paid_for_a_merchant_that_was_moved_is_not_taken_for_the_payer_of_another(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same account paid for both while both were here: nothing is known by it, then or now."""
    set_clock(monkeypatch)("2026-11-06 12:00")
    with cells.at(1):
        banking.issuer_with_references()
        shop, other = banking.joined(), banking.joined("meadow")
        invoices = [banking.billed(one) for one in (shop, other)]
        payer: dict[str, Any] = {"name": "Rosewood GmbH", "account": banking.PAYER}
        assert banking.matched(*map(banking.paying, invoices), Paid("50.00", **payer))[2] == (
            "50.00 OPEN UNKNOWN - -"
        )
    move(shop, 2)
    with cells.at(1):
        banking.take(
            Paid("60.00", **payer), name="S-2", opening="470.00", on="2026-11-06",
            now="2026-11-06 12:00",
        )  # fmt: skip
    cells.in_each(lambda: banking.match("2026-11-06 12:00"))
    with cells.at(1):
        assert banking.lines() == ["60.00 OPEN UNKNOWN - -"]
    audit_is_clean()


@pytest.mark.full  # test_banks has it without a move
def test_whoever_paid_for_a_merchant_that_was_moved_here_is_not_taken_for_the_payer_of_another(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line that was booked for the one comes along with it."""
    set_clock(monkeypatch)("2026-11-06 12:00")
    with cells.at(1):
        banking.issuer_with_references()
        shop = banking.joined()
        assert banking.matched(banking.paying(banking.billed(shop)))[0].startswith("210.00 BOOKED")
    move(shop, 2)
    with cells.at(2):
        orchard = banking.joined("orchard")
        to_other = banking.paying(banking.billed(orchard, "300.00", at="2026-11-06 10:00"))
    said = {"name": "S-2", "opening": "210.00", "on": "2026-11-06", "now": "2026-11-06 12:00"}
    with cells.at(1):
        banking.take(to_other, **said)
    cells.in_each(lambda: banking.match("2026-11-06 12:00"))
    with cells.at(2):
        line = BankLine.objects.get(account=orchard.merchant.pk, status="BOOKED")
        unsaid = dict.fromkeys(("reference", "end_to_end_id", "return_reason"), "")
        again = BankLine(
            statement=line.statement, number=7, currency="USD", amount=usd(70), **unsaid
        )
        other_sides.put(again, line.other)
        found = find(again)
        assert (found.status, found.account_id) == ("OPEN", None)
    with cells.at(2):
        with pgtrigger.ignore():  # had the payer paid for none but the other one
            BankLine.objects.filter(status="BOOKED").update(account=orchard.merchant.pk)
        found = find(again)
        assert (found.status, found.account_id) == ("BOOKED", orchard.merchant.pk)


@pytest.mark.full  # of one cell in billing/test_bank_matching.py
def test_money_under_a_reference_of_before_the_move_is_booked_and_is_not_the_transfer_of_then(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bank that gives all its movements one reference. The line of the first comes along."""
    set_clock(monkeypatch)("2026-11-06 12:00")
    same: dict[str, Any] = {"bank_reference": "NONREF"}
    with cells.at(1):
        banking.issuer_with_references()
        shop = banking.joined()
        first = banking.billed(shop)
        assert banking.matched(banking.paying(first, **same))[0].startswith("210.00 BOOKED")
        second = banking.billed(shop, at="2026-11-03 10:00")
    move(shop, 2)
    with cells.at(2):
        again = banking.paying(second, **same)
    with cells.at(1):
        banking.take(
            again, name="S-2", opening="210.00", on="2026-11-06", now="2026-11-06 12:00"
        )  # fmt: skip
    cells.in_each(lambda: banking.match("2026-11-06 12:00"))
    with cells.at(2):
        line = BankLine.objects.get(invoice=second)
        assert line.status == "BOOKED"
        assert banking.of_bank(second) == "PAID 210.00/210.00"
        amounts = BankTransfer.objects.order_by("pk").values_list("amount", flat=True)
        assert list(amounts) == [210, 210]
        assert line.transfer == BankTransfer.objects.latest("pk")
    audit_is_clean()


@pytest.mark.full  # test_banks has it without a move
def test_the_audit_names_a_line_whose_money_another_one_was_taken_for_in_another_cell(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an earlier version left it: lines stayed, and the next under the same reference was taken
    for the transfer that had come along.
    """
    set_clock(monkeypatch)("2026-11-06 12:00")
    same: dict[str, Any] = {"bank_reference": "NONREF"}
    with cells.at(1):
        banking.issuer_with_references()
        shop = banking.joined()
        banking.matched(banking.paying(banking.billed(shop), **same))
        stayed = BankLine.objects.get()
    with monkeypatch.context() as patch:
        patch.setattr(bank_lines, "follow", lambda *_, **__: None)
        move(shop, 2)
    audit_is_clean()
    with cells.at(2):
        second = banking.billed(shop, at="2026-11-06 10:00")
        again = banking.paying(second, **same)
    with cells.at(1):
        banking.take(again, name="S-2", opening="210.00", on="2026-11-06", now="2026-11-06 12:00")
        (waiting,) = BankLine.objects.exclude(pk=stayed.pk)
        bank_matching.match(waiting.pk, now=instant("2026-11-06 12:00"))
        handed = BankLine.objects.get(pk=waiting.pk)
        assert (handed.status, handed.cell) == ("ELSEWHERE", 2)
    with cells.at(2):
        (line,) = BankLine.objects.all()
        line.transfer, line.account, line.invoice = BankTransfer.objects.get(), shop.account, second
        line.status, line.booked_at = "BOOKED", banking.at("2026-11-06 12:00")
        line.save()
        assert banking.of_bank(second) == "OPEN 0.00/210.00"
    with cells.at(1):
        found = audit.run(audit.registered(), now=banking.at("2026-11-06 12:00"))
    assert [(one.check.name, list(one.listed)) for one in found if one.violations] == [
        (
            "a bank's line that its merchant left in a former cell is booked in the new one, once",
            [audit.Violation(
                "rosewood", f"bank line {stayed.pk}", "210.00 USD of rosewood",
                f"210.00 USD of rosewood, as bank line {line.pk}",
            )],
        )
    ]  # fmt: skip


@pytest.mark.full  # who gets no turn is not moved in test_locked_months.py
def test_who_shares_the_money_of_a_transfer_is_not_moved_away_from_it(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)("2026-11-06 12:00")
    with cells.at(1):
        banking.issuer_with_references()
        shop, other = banking.joined(), banking.joined("meadow")
        said: dict[str, Any] = {"actor": "ada@tael.example", "now": banking.at("2026-11-06 12:00")}
        transfers.receive(
            merchant_id=shop.merchant.pk, amount=usd(100), reference="B-1", **said
        )  # fmt: skip

    def book_elsewhere(step: str) -> None:
        """Do so in a transaction that was open as the stop began, and is waited for."""
        if step == "wait":
            with cells.at(1):
                transfers_moved.move(
                    transfer_id=BankTransfer.objects.get().pk, to="meadow", reason="as agreed",
                    told="It was another shop's.", **said,
                )  # fmt: skip

    with pytest.raises(moves.NotMoved, match="transfer B-1 was booked on meadow in its place"):
        moves.move("rosewood", 2, **said, at_step=book_elsewhere)
    for one in (shop, other):
        with pytest.raises(
            CommandError, match="of rosewood, transfer B-1 was booked on meadow in its place"
        ):
            move(one, 2)
    audit_is_clean()


@pytest.fixture
def stripe(settings: LazySettings) -> Iterator[OddStripe]:
    """A server that stands for Stripe, at 2 Nov 2026, 09:30 UTC, which is asked about payouts."""
    settings.TAEL_STRIPE_PAYOUTS = True
    with stripe_server.odd_stripe() as server:
        server.clock = instant("2026-11-02 09:30")
        stripe_server.be_asked(settings, server.url)
        yield server


def entered() -> int:
    """How many entries of payouts the journal has."""
    with audit.snapshot():
        return sum(one.source == "provider-payout" for one in journal.entries(Asked()))


def entered_in(number: int) -> int:
    """How many entries of payouts the journal of this cell has."""
    with cells.at(number):
        return entered()


@pytest.mark.full  # test_banks has it without a move
def test_a_row_of_a_payout_is_its_merchants_in_one_cell_alone(
    two_cells_kept: None, stripe: OddStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in a cell that was made after the payout."""
    set_clock(monkeypatch)("2026-11-06 12:00")
    with cells.at(1):
        shop = billed_shop()
        collect(shop, "2026-11-02 09:30")
        key = Payment.objects.get().idempotency_key
    stripe.clock = instant("2026-11-05 00:00")
    stripe.pay_out(stripe.charge_row(stripe.intents[0], fee=755))
    LOOK_AT_PAYOUTS.run_here(instant("2026-11-06 00:00"))
    LOOK_AT_DAYS.run_here(instant("2026-11-03 01:00"))
    with cells.at(1):
        assert ProviderDay.objects.get().count == 1
    call_command("cells", "add", verbosity=0)
    for start, to in ((1, 2), (2, 3)):
        move(shop, to)
        for number in (1, 2, 3):
            with cells.at(number):
                rows = ProviderMovement.objects.values_list("account", "payment", "kind")
                is_here = (shop.merchant.pk, Payment.objects.get().pk) if number == to else ()
                assert list(rows) == (
                    [] if number > to else [(*(is_here or (None, None)), "PAYMENT")]
                )
                assert entered() == (number == to)
        assert start < to
    # Later looks find nothing that differs, in whatever cell.
    LOOK_AT_PAYOUTS.run_here(instant("2026-11-07 00:00"))
    LOOK_AT_DAYS.run_here(instant("2026-11-04 01:00"))
    assert key.startswith("T-2026-000001-")
    for number in (1, 2, 3):
        with cells.at(number):
            assert not ProviderDifference.objects.exists()
            days = ProviderDay.objects.values_list("count", "known_count", "differences")
            assert list(days) == ([(1, 1, [])] if number == 3 else [])
    audit_is_clean()


@pytest.mark.full  # test_banks has it without a move
def test_a_file_for_the_bank_is_not_written_in_part_or_another_form_once_a_merchant_was_moved(
    two_cells_kept: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TAEL_PAYOUT_ACCOUNTS = accounts.read(OURS)
    set_clock(monkeypatch)("2026-11-06 12:00")
    with cells.at(1):
        shop, other = shop_in("EUR", **GERMAN), shop_with("900.00", "stays", currency="EUR")
        add(other, at="2026-11-01 11:00", **GERMAN)
        whole = export(withdraw(shop, "100.00"), withdraw(other, "200.00"))
        gone = export(withdraw(shop, "1.00"))
        moved, stays = withdraw(shop, "10.00"), withdraw(other, "20.00")
        table = export(moved, stays, version=payout_files.CSV)
        sole = export(withdraw(shop, "2.00"), version=payout_files.CSV)
        own = export(withdraw(other, "3.00"))
        assert again(table).splitlines()[1:] == again(table, as_sent=True).splitlines()[1:]
    move(shop, 2)
    for number in (1, 2):
        with cells.at(number), nothing_changes():
            for batch, where in ((whole, "cells 1, 2"), (gone, "cell 2")):
                with pytest.raises(payout_files.WasMoved) as refusal:
                    again(batch)
                assert str(refusal.value) == (
                    f"{batch.name} was made in cell 1, and merchants in it were moved since: what"
                    f" it pays is in {where}. A pain.001 is written again as a whole or not at all."
                    " Ask the bank what became of each transfer, and mark the withdrawals there as"
                    " paid or failed."
                )
            for batch in (whole, gone, table, sole):
                with pytest.raises(
                    payout_files.WasMoved, match="be shown as it was sent; the list"
                ):
                    again(batch, as_sent=True)
    # A CSV is written again in each cell with what is there, and nothing is in both.
    found = {}
    for number in (1, 2):
        with cells.at(number):
            found[number] = [row.split(",")[0] for row in again(table).splitlines()[1:]]
    assert found == {1: [stays.reference], 2: [moved.reference]}
    with cells.at(1), pytest.raises(payout_files.WasMoved, match=r"is in cell 2\. Take it there\."):
        again(sole)
    with cells.at(2):
        assert again(sole) == sole.content
    # What nobody was moved of is given as ever.
    with cells.at(1):
        assert again(own) == own.content
        assert again(own, as_sent=True) == own.content


@pytest.mark.full  # test_banks has it without a move
def test_what_a_bank_says_of_a_part_of_a_file_goes_to_the_cells_that_have_any_of_it(
    two_cells_kept: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TAEL_PAYOUT_ACCOUNTS = accounts.read(OURS)
    set_clock(monkeypatch)("2026-11-06 12:00")
    with cells.at(1):
        german, thai = shop_in("EUR", **GERMAN), shop_in("THB", **THAI)
        euro, baht = withdraw(german, "100.00"), withdraw(thai, "200.00")
        batch = export(euro, baht)
    move(thai, 2)
    now = instant("2026-11-06 12:00")
    rejected = messages.part(batch.name, code="RJCT").replace("-EUR", "-THB")
    with cells.at(1):
        content = messages.report(batch.name, parts=rejected)
        payout_answers.upload(content=content.encode(), actor="ada@tael.example", now=now)
    found = cells.in_each(
        lambda: [
            (answer.reference, answer.outcome)
            for answer in (payout_answers.take(one, now=now) for one in to_take(now))
        ]
    )
    assert found == [[], [(baht.reference, "FAILED")]]


@pytest.mark.full  # test_banks has it without a move
def test_a_row_of_a_payout_goes_along_to_a_cell_that_has_the_payout_without_it(
    two_cells_kept: None, stripe: OddStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)("2026-11-06 12:00")
    with cells.at(1):
        shop = billed_shop()
        collect(shop, "2026-11-02 09:30")
    stripe.clock = instant("2026-11-05 00:00")
    stripe.pay_out(stripe.charge_row(stripe.intents[0], fee=755))
    LOOK_AT_PAYOUTS.run_here(instant("2026-11-06 00:00"))
    with cells.at(1):
        row, payout = ProviderMovement.objects.get(), ProviderPayout.objects.get()
        assert row.account == shop.account
    with cells.at(2):  # which has asked before Stripe told of the row
        payout.pk, payout.gross, payout.fee, payout.net = None, usd(0), usd(0), usd(0)
        payout.count = 0
        payout.save(force_insert=True)
    move(shop, 2)
    with cells.at(2):
        there = ProviderMovement.objects.get()
        assert (there.reference, there.account, there.entered_at) == (
            row.reference, shop.account, row.entered_at
        )  # fmt: skip
        assert ProviderPayout.objects.get().count == 1
        provider_payouts.look(now=instant("2026-11-07 00:00"))
        payout = ProviderPayout.objects.get()
        assert (payout.count, payout.net) == (1, payout.amount)
        assert not ProviderDifference.objects.exists()
    assert (entered_in(1), entered_in(2)) == (0, 1)


@pytest.mark.full  # test_banks has banks' answers without a move
def test_a_file_for_the_bank_stays_with_its_count_where_it_was_made(
    two_cells_kept: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TAEL_PAYOUT_ACCOUNTS = accounts.read(OURS)
    set_clock(monkeypatch)("2026-11-06 12:00")
    with cells.at(1):
        shop = shop_in("EUR", **GERMAN, holder="Zoë")
        ones = [withdraw(shop, amount) for amount in ("1250.00", "7.50")]
        batch = export(*ones)
        assert PaymentFile.objects.get().count == 2
    # What the bank has answered is taken first.
    now = instant("2026-11-06 12:00")
    early = f"reference,status,bank_reference,reason\n{ones[0].reference},PENDING,X-0,\n"
    with cells.at(1):
        payout_answers.upload(content=early.encode(), actor="ada@tael.example", now=now)
    with pytest.raises(CommandError, match=f"answered about withdrawal {ones[0].reference} is"):
        move(shop, 2)
    cells.in_each(lambda: [payout_answers.take(one, now=now) for one in to_take(now)])
    move(shop, 2)
    with cells.at(1):
        assert PaymentFile.objects.get().name == batch.name
        assert not Withdrawal.objects.exists()
    with cells.at(2):
        assert Withdrawal.objects.filter(batch=batch.name, status="SENT").count() == 2
    # The bank's answers about them go where they are, by the reference or by the whole file.
    paid = f"reference,status,bank_reference,reason\n{ones[0].reference},PAID,X-1,\n"
    refused = messages.report(batch.name, group="<GrpSts>RJCT</GrpSts>")
    for content, stand in ((paid, ["PAID", "SENT"]), (refused, ["PAID", "FAILED"])):
        with cells.at(1):
            payout_answers.upload(content=content.encode(), actor="ada@tael.example", now=now)
        cells.in_each(lambda: [payout_answers.take(one, now=now) for one in to_take(now)])
        with cells.at(2):
            found = Withdrawal.objects.order_by("pk").values_list("status", flat=True)
            assert list(found) == stand
    audit_is_clean()
