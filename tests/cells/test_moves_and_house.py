"""What banks and providers told of many merchants, when the books of one of them are moved."""

from collections.abc import Iterator
from typing import Any

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
)
from billing.operations import bank_matching, transfers, transfers_moved
from billing.queries import journal
from billing.queries.journal import Asked
from billing.queries.payment_references import of_invoice
from config.cells import moves
from credit.models import PaymentFile, Withdrawal
from credit.operations import payout_answers
from credit.payment_files import accounts
from credit.queries.payout_answers import to_take
from lib import audit, cells
from tests import stripe_server
from tests.amounts import usd
from tests.bank_files import Paid
from tests.billing import banking
from tests.billing.at_stripe import billed_shop, collect
from tests.cells.test_moves import audit_is_clean, move
from tests.credit import test_bank_messages as messages
from tests.credit.pages import set_clock
from tests.credit.test_payment_files import GERMAN, OURS, export, shop_in
from tests.credit.withdrawing import withdraw
from tests.factories import browser_of, operator
from tests.shops import instant
from tests.stripe_server import OddStripe

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.full  # test_banks has it without a move
def test_what_banks_said_of_a_merchant_stays_where_it_was_said(
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
    assert "rosewood is in cell 2" in move(shop, 2)
    with cells.at(1):
        line = BankLine.objects.get()
        assert (line.status, line.account_id) == ("BOOKED", shop.merchant.pk)
        assert not BankTransfer.objects.exists()
    with cells.at(2):
        assert BankTransfer.objects.get().pk == line.transfer_id
        # Another bill of the same issuer, in the series that the second cell has of it.
        later = banking.billed(shop, "300.00", at="2026-11-06 10:00")
        assert (invoice.number, later.number) == ("DE-2026-000001", "2-DE-2026-000001")
        assert of_invoice(later).endswith("T2DE2026000001")
        # What pays them later goes from the cell that has the account's statements to theirs; whose
        # a return is of what was booked before, a person says.
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
            "-210.00 OPEN UNCLEAR - -",
        ]
    with cells.at(2):
        booked = BankLine.objects.order_by("pk").values_list("status", "invoice__number")
        assert list(booked) == [("BOOKED", earlier.number), ("BOOKED", later.number)]
        assert banking.of_bank(later) == "PAID 300.00/300.00"
    staff = browser_of(operator("Billing officer"))
    for name in ("billing_bankline_changelist", "billing_bankstatement_changelist"):
        assert staff.get(reverse(f"admin:{name}")).status_code == 200
    page = reverse("admin:billing_bankline_change", args=[line.pk])
    assert staff.get(page).status_code == 200
    audit_is_clean()


@pytest.mark.full  # test_banks has it without a move
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
        assert banking.lines()[1:] == ["-210.00 OPEN UNCLEAR - -", "200.00 ELSEWHERE REFERENCE - -"]
        said = {**banking.BY, "now": banking.at("2026-11-06 12:00")}
        bank_matching.set_aside(line_id=returned.pk, **said)
        assert banking.lines()[1] == "-210.00 SET_ASIDE BY_HAND - -"
    with cells.at(2):
        assert banking.lines() == [f"200.00 PROPOSED AMOUNT rosewood {second.number}"]
        line = BankLine.objects.get()
        bank_matching.confirm(line_id=line.pk, actor="ada@tael.example", now=said["now"])
        assert banking.of_bank(second) == "OPEN 200.00/250.00"
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


@pytest.mark.full  # a transfer's money is not moved away, above
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
