"""A transfer that was booked on the wrong bill or merchant is taken off, and booked elsewhere."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from backoffice import decision_pages
from billing.models import BankTransfer, Invoice
from billing.operations import invoice_decisions, transfers_moved
from billing.queries.collecting import ByHand
from billing.queries.timelines import of_invoice
from lib import audit
from lib.refusals import AlreadyDecided, CurrencyMismatch, Invalid, Refused
from merchants.models import OperatorDecision
from merchants.operations.merchants import UnknownMerchant
from merchants.operations.two_people import TakesTwoPeople
from notices import letters
from notices.models import Notice
from tests import shops
from tests.amounts import usd
from tests.billing import deciding
from tests.billing.pages import read
from tests.billing.paying import FIRST, SECOND, manual, receive, state, transfer, unapplied
from tests.factories import OperatorPolicyFactory, browser_of, member, operator
from tests.text import text_of
from tests.threads import at_once, every_order
from tests.two_people import by_two, propose
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

WHY, TOLD = "The bank's slip names tallow.", "That transfer was another shop's."
OFFICER = "otto@tael.example"
CAME, FOUND = "2026-11-03 12:00", "2026-11-04 12:00"


def only() -> BankTransfer:
    """The only transfer that was not moved."""
    return BankTransfer.objects.get(status="RECORDED")


def move(
    shop: shops.Shop, to: str = "", row: BankTransfer | None = None, **said: Any
) -> BankTransfer:
    """Move a transfer to the merchant with this reference, or away from its bill."""
    texts: dict[str, Any] = {"reason": WHY, "told": TOLD} | said
    return transfers_moved.move(
        transfer_id=(row or only()).pk, to=to, actor=OFFICER, now=shop.at(FOUND), **texts
    )


def moved(shop: shops.Shop, to: str = "", row: BankTransfer | None = None, **said: Any) -> str:
    """Move a transfer: "" or the code of the refusal that it meets."""
    try:
        move(shop, to, row, **said)
    except Refused as refusal:
        return refusal.code
    return "moved"


def violated(at: str = "2026-11-05 12:00") -> list[str]:
    """The names of the checks of `audit` that found something."""
    findings = audit.run(audit.registered(), now=shops.instant(at))
    return [found.check.name for found in findings if found.violations]


def history(number: str = FIRST) -> list[tuple[str, str]]:
    """What the bill's page says of its history: each step, and its note."""
    invoice = Invoice.objects.get(number=number)
    attempts = list(invoice.payments.select_related("transfer"))
    return [(str(step.what), step.note) for step in of_invoice(invoice, attempts, ByHand(), [])]


def told(shop: shops.Shop) -> list[str]:
    """What the merchant reads in its latest notices of unapplied money and of transfers that were
    taken off.
    """
    latest = [
        shop.merchant.notices.filter(kind=kind).latest("pk")
        for kind in ("UNAPPLIED", "TRANSFER_MOVED")
    ]
    return [letters.sentence(one).replace("\N{NO-BREAK SPACE}", " ") for one in latest]


def test_another_merchants_transfer_is_charged_here_and_pays_there() -> None:
    shop, other = manual(), manual("tallow")
    transfer(shop, CAME, "39.00")
    assert state() == "PAID 39.00/39.00"
    row = move(shop, "tallow")
    # Here: the bill stays paid, and as much is outstanding.
    assert (state(), shop.figures()) == ("PAID 39.00/39.00", ("39.00", "0.00"))
    assert row.charge is not None
    assert (row.charge.fee_id, row.charge.reference, row.charge.description) == (
        "transfer-moved", f"tael:transfer-moved:{row.pk}", "BANK-1"
    )  # fmt: skip
    assert (row.status, row.moved_by, row.taken) == ("MOVED", OFFICER, usd(0))
    # There: it pays the bill at once.
    assert state(SECOND) == "PAID 39.00/39.00"
    assert unapplied(other) == ["RECEIVED 39.00 39.00", "USED -39.00 0.00"]
    booked = only()
    assert (booked.account, booked.reference, booked.amount, str(booked.arrived_on)) == (
        other.account, "BANK-1", usd(39), "2026-11-03"
    )  # fmt: skip
    assert row.becomes == booked
    told = TrailEntry.objects.get(action="TRANSFER_MOVED")
    assert (told.merchant, told.actor, told.reason) == (shop.merchant, OFFICER, WHY)
    assert told.before == {
        "status": "RECORDED", "outstanding": "0.00 USD", "unapplied": "0.00 USD"
    }  # fmt: skip
    assert told.after == {
        "status": "MOVED", "outstanding": "39.00 USD", "unapplied": "0.00 USD", "to": "tallow",
        "bill": FIRST, "amount": "39.00 USD",
    }  # fmt: skip
    decided = OperatorDecision.objects.get(what="pay_outs")
    assert (decided.merchant, decided.figure) == (other.merchant, Decimal(39))
    assert violated() == []


def test_done_twice_is_refused() -> None:
    shop = manual()
    manual("tallow")
    transfer(shop, CAME, "39.00")
    row = move(shop, "tallow")
    for to in ("tallow", "rosewood", ""):
        with nothing_changes(), pytest.raises(AlreadyDecided, match="was booked elsewhere"):
            move(shop, to, row)


@pytest.mark.full  # for another merchant, above
def test_on_the_same_account_it_pays_the_bill_that_it_was_for() -> None:
    shop = manual()
    shop.charge("2026-11-02 11:00", "pick-pack", "200.00")
    # Two hundred were for the second bill; the first was named.
    transfer(shop, CAME, "200.00")
    assert (state(), state(SECOND)) == ("PAID 39.00/39.00", "OPEN 161.00/200.00")
    move(shop, "rosewood")
    assert (state(), state(SECOND)) == ("PAID 39.00/39.00", "PAID 200.00/200.00")
    # 161.00 had paid the second bill already, so all of it is charged again.
    assert shop.invoices() == [
        "2026-11-01 SUBSCRIPTION 39.00",
        "2026-11-02 THRESHOLD 200.00",
        "2026-11-04 THRESHOLD 200.00",
    ]
    third = shop.account.invoices.latest("pk")
    assert (third.total, third.amount_paid) == (usd(200), usd(161))
    assert unapplied(shop)[-3:] == [
        "RECEIVED 200.00 200.00", "USED -39.00 161.00", "USED -161.00 0.00"
    ]  # fmt: skip
    assert violated() == []


def test_money_that_never_came_is_nowhere_and_can_be_recorded_rightly() -> None:
    shop = manual()
    transfer(shop, CAME, "390.00")  # a slip: it was 39.00
    assert (state(), shop.account.unapplied) == ("PAID 39.00/39.00", usd(351))
    row = move(shop, told="It was 39.00.")
    assert ("Transfer never came", "It was 39.00.") in history()
    assert told(shop) == [
        "351.00 USD that we kept for you had been recorded by mistake and never came, so we don't"
        " keep it for you any more; 0.00 USD is left.",
        "390.00 USD under the reference BANK-1 had been recorded for you by mistake, and never"
        " came. 39.00 USD of it comes with your next bill; bills that are paid stay paid. It was"
        " 39.00.",
    ]
    assert "Never came BANK-1 −351.00 USD" in read(shop, "unapplied/")
    assert "Never came BANK-1" in read(shop, "unapplied/?kind=NEVER_CAME")
    assert "BANK-1 −351.00" not in read(shop, "unapplied/?kind=MOVED")
    assert (row.becomes, row.taken, shop.account.unapplied) == (None, usd(351), usd(0))
    assert shop.figures() == ("39.00", "0.00")
    assert transfer(shop, FOUND, "39.00") == "new"
    assert unapplied(shop)[-1] == "RECEIVED 39.00 39.00"
    assert transfer(shop, FOUND, "39.00") == "known"
    assert transfer(shop, FOUND, "390.00") == "conflict"
    assert violated() == []


@pytest.mark.full  # as by a return in test_bank_returns.py
def test_unapplied_money_is_taken_first_and_what_it_paid_is_charged() -> None:
    shop = manual()
    manual("tallow", plan_price="0")
    receive(shop, CAME, "100.00")
    assert (state(), shop.account.unapplied) == ("PAID 39.00/39.00", usd(61))
    row = move(shop, "tallow")
    assert (row.taken, shop.account.unapplied, shop.figures()[0]) == (usd(61), usd(0), "39.00")
    assert unapplied(shop)[-1] == "MOVED -61.00 0.00"
    assert violated() == []
    # What had all been there still leaves nothing to be charged.
    receive(shop, CAME, "10.00", "BANK-2")
    again = move(shop, row=BankTransfer.objects.get(reference="BANK-2"))
    assert (again.charge, again.taken, shop.figures()[0]) == (None, usd(10), "39.00")
    notices = Notice.objects.filter(kind="TRANSFER_MOVED").order_by("pk")
    assert [one.details["status"] for one in notices] == ["AWAY", "TAKEN"]
    assert violated() == []


@pytest.mark.full  # a whole one, above
def test_a_part_of_a_bill_that_is_open_stays_paid_too() -> None:
    shop = manual()
    transfer(shop, CAME, "30.00")
    move(shop)
    assert (state(), shop.figures()[0]) == ("OPEN 30.00/39.00", "30.00")
    transfer(shop, FOUND, "9.00", "BANK-2")
    assert state() == "PAID 39.00/39.00"
    assert violated() == []


@pytest.mark.full  # it is moved once, above
def test_it_can_be_moved_on_and_back() -> None:
    shop, other = manual(), manual("tallow", plan_price="0")
    third = manual("wax", plan_price="0")
    transfer(shop, CAME, "39.00")
    move(shop, "tallow")
    move(other, "wax")
    assert (other.account.unapplied, third.account.unapplied) == (usd(0), usd(39))
    move(third, "rosewood")
    # It pays nothing yet: the charge is on no bill.
    assert (shop.account.unapplied, shop.figures()[0]) == (usd(39), "39.00")
    assert violated() == []


@pytest.mark.full  # an open one is charged above
def test_a_closed_account_gets_a_final_bill() -> None:
    shop, other = manual(), manual("tallow", plan_price="0")
    transfer(shop, CAME, "39.00")
    deciding.close(shop, "2026-11-03 13:00")
    deciding.close(other, "2026-11-03 13:00")
    move(shop, "tallow")
    assert shop.invoices() == ["2026-11-01 SUBSCRIPTION 39.00", "2026-11-04 FINAL 39.00"]
    assert (shop.figures()[0], other.account.unapplied) == ("0.00", usd(39))
    assert violated() == []


def test_its_bill_freezes_the_line_28_days_after_its_failure_and_not_at_once() -> None:
    shop = manual(billing_threshold="39.00")
    transfer(shop, CAME, "39.00")
    move(shop)
    assert shop.invoices()[-1] == "2026-11-04 THRESHOLD 39.00"
    shop.run_jobs("2026-11-11 09:00")
    assert shop.frozen_by() == []
    assert [str(day) for day in shop.line.unpaid_bill_days] == ["2026-12-09"]


def test_what_cannot_be_is_refused_and_changes_nothing() -> None:
    shop = manual()
    manual("tallow")
    manual("yen", currency="JPY", plan_price="0")
    transfer(shop, CAME, "39.00")
    row = only()
    for to, refusal in (
        ("nobody", UnknownMerchant),
        ("yen", CurrencyMismatch),
    ):
        with nothing_changes(), pytest.raises(refusal):
            move(shop, to)
    empty: list[dict[str, Any]] = [{"reason": " "}, {"told": " "}]
    for texts in empty:
        with nothing_changes(), pytest.raises(Invalid):
            move(shop, "tallow", **texts)
    # The other merchant has that transfer already: one of the two was typed in by mistake.
    tallow = shops.Shop("tallow")
    receive(tallow, CAME, "39.00")
    with nothing_changes():
        assert moved(shop, "tallow", row) == "booked_there"
    with nothing_changes(), pytest.raises(Refused, match=r"has a transfer BANK-1 of 39\.00"):
        move(shop, "tallow", row)
    # One that named no bill is where it is.
    unnamed = tallow.account.transfers.get()
    with nothing_changes():
        assert moved(tallow, "tallow", unnamed) == "booked_there"
        with pytest.raises(Refused, match="there is no transfer"):
            transfers_moved.move(
                transfer_id=unnamed.pk + 1000, to="", reason=WHY, told=TOLD, actor=OFFICER,
                now=shop.at(FOUND),
            )  # fmt: skip


def test_another_transfer_under_a_reference_that_the_right_merchant_has_is_booked_once_said() -> (
    None
):
    """A bank that gives all its movements one reference."""
    shop, tallow = manual(), manual("tallow", plan_price="0")
    transfer(shop, CAME, "39.00", "NONREF")
    receive(tallow, CAME, "39.00", "NONREF")
    row = shop.account.transfers.get()
    with nothing_changes():
        assert moved(shop, "tallow", row) == "booked_there"
    assert moved(shop, "tallow", row, is_another=True) == "moved"
    row.refresh_from_db()
    assert row.becomes is not None
    booked = f"NONREF ({row.pk})"
    assert (row.becomes.account, row.becomes.reference) == (tallow.account, booked)
    assert unapplied(tallow) == ["RECEIVED 39.00 39.00", "RECEIVED 39.00 78.00"]
    assert f"Received {booked} 39.00 USD" in read(tallow, "unapplied/")
    told = TrailEntry.objects.get(action="TRANSFER_MOVED")
    assert (told.after["to"], told.after["reference"]) == ("tallow", booked)
    # It goes on, and back, as any other.
    third = manual("wax", plan_price="0")
    assert moved(tallow, "wax", row.becomes) == "moved"
    assert third.account.transfers.get().reference == booked
    assert moved(third, "tallow", third.account.transfers.get()) == "moved"
    assert tallow.account.unapplied == usd(78)
    assert violated() == []


def test_the_longest_reference_has_room_for_another_of_it() -> None:
    shop, tallow = manual(), manual("tallow", plan_price="0")
    longest = "N" * 100
    transfer(shop, CAME, "39.00", longest)
    receive(tallow, CAME, "10.00", longest)
    row = shop.account.transfers.get()
    assert moved(shop, "tallow", row, is_another=True) == "moved"
    row.refresh_from_db()
    assert row.becomes is not None
    assert row.becomes.reference == f"{'N' * 75} ({row.pk})"
    assert violated() == []


def test_that_it_is_another_one_is_said_to_the_second_person() -> None:
    shop, tallow = manual(), manual("tallow", plan_price="0")
    transfer(shop, CAME, "39.00", "NONREF")
    receive(tallow, CAME, "39.00", "NONREF")
    OperatorPolicyFactory.create(version=2, starts_on=date(2026, 11, 4), pay_outs=Decimal(0))
    row = shop.account.transfers.get()
    said: dict[str, Any] = {
        "transfer_id": row.pk, "to": "tallow", "reason": WHY, "told": TOLD, "is_another": True
    }  # fmt: skip
    waiting = propose(transfers_moved.move, now=shop.at(FOUND), **said)
    assert waiting.after == {
        "booked_for": "tallow", "amount": "39.00 USD", "beside": "NONREF of 39.00 USD"
    }  # fmt: skip


def test_the_database_keeps_it_as_it_was() -> None:
    shop = manual()
    transfer(shop, CAME, "39.00")
    rows = BankTransfer.objects.filter(pk=only().pk)
    changes: list[dict[str, Any]] = [
        {"amount": Decimal(38)}, {"reference": "BANK-2"}, {"status": "MOVED"}, {"taken": 1}
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
    move(shop)
    changes = [{"status": "RECORDED"}, {"arrived_on": date(2026, 11, 2)}, {"taken": 1}]
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.delete()


@pytest.mark.full  # two people move it below
def test_for_another_merchant_it_takes_two_above_the_days_figure() -> None:
    shop, other = manual(), manual("tallow")
    transfer(shop, CAME, "39.00")
    OperatorPolicyFactory.create(version=2, starts_on=date(2026, 11, 4), pay_outs=Decimal("38.99"))
    with nothing_changes(), pytest.raises(TakesTwoPeople):
        move(shop, "tallow")
    said: dict[str, Any] = {"transfer_id": only().pk, "to": "tallow", "reason": WHY, "told": TOLD}
    waiting = propose(transfers_moved.move, now=shop.at(FOUND), **said)
    assert (waiting.merchant, waiting.before) == (other.merchant, {"booked_for": "rosewood"})
    assert waiting.after == {"booked_for": "tallow", "amount": "39.00 USD"}
    waiting.status = "WITHDRAWN"
    # Nowhere, or on the same account, nobody gains by it.
    with transaction.atomic():
        assert moved(shop) == "moved"
        transaction.set_rollback(True)
    with transaction.atomic():
        assert moved(shop, "rosewood") == "moved"
        transaction.set_rollback(True)


def test_two_people_move_it() -> None:
    shop, other = manual(), manual("tallow")
    transfer(shop, CAME, "39.00")
    OperatorPolicyFactory.create(version=2, starts_on=date(2026, 11, 4), pay_outs=Decimal(0))
    said: dict[str, Any] = {"transfer_id": only().pk, "to": "tallow", "reason": WHY, "told": TOLD}
    by_two(transfers_moved.move, now=shop.at(FOUND), **said)
    assert (state(SECOND), shop.figures()[0]) == ("PAID 39.00/39.00", "39.00")
    decided = OperatorDecision.objects.get(what="pay_outs")
    assert (decided.merchant, decided.proposal is not None) == (other.merchant, True)
    assert violated() == []


@pytest.mark.django_db(transaction=True)
@every_order
def test_two_accounts_are_locked_in_one_order_whichever_way_the_money_goes() -> None:
    one, other = manual(), manual("tallow")
    transfer(one, CAME, "39.00", "BANK-1")
    transfer(other, CAME, "39.00", "BANK-2", SECOND)
    rows = [BankTransfer.objects.get(reference=f"BANK-{number}") for number in (1, 2)]

    def swap(number: int) -> str:
        """Move one of the transfers to the other merchant: the outcome."""
        row = rows[number % 2]
        return moved(one, "rosewood" if row.account_id == other.merchant.pk else "tallow", row)

    assert at_once(swap, threads=6) == {"moved": 2, "already_decided": 4}
    assert (one.figures()[0], other.figures()[0]) == ("39.00", "39.00")
    assert (one.account.unapplied, other.account.unapplied) == (usd(39), usd(39))


@pytest.mark.full  # as of a reversal in test_reversal_pages.py
def test_the_merchant_reads_what_became_of_it() -> None:
    shop, other = manual(), manual("tallow", plan_price="0")
    transfer(shop, CAME, "39.00")
    move(shop, "tallow")
    assert ("Transfer booked elsewhere", TOLD) in history()
    said = read(shop, f"invoices/{FIRST}/")
    assert TOLD in said
    assert "Paid" in said
    for words in (WHY, "tallow", OFFICER):
        assert words not in said
    notice = Notice.objects.get(kind="TRANSFER_MOVED")
    assert (notice.merchant, notice.details["answer"]) == (shop.merchant, TOLD)
    assert "Received BANK-1 39.00 USD" in read(other, "unapplied/")
    assert Notice.objects.get(kind="UNAPPLIED").merchant == other.merchant


def test_a_voided_bill_is_not_paid_by_it() -> None:
    shop = manual()
    other = manual("tallow")
    invoice_decisions.void(
        invoice_id=other.account.invoices.get().pk, actor=OFFICER, reason=WHY, now=other.at(CAME)
    )
    transfer(shop, CAME, "39.00")
    move(shop, "tallow")
    assert (state(SECOND), other.account.unapplied) == ("VOID 0.00/39.00", usd(39))


def page_of(shop: shops.Shop) -> str:
    """The address where the shop's latest transfer is moved."""
    transfer = shop.account.transfers.latest("pk")
    return f"/admin/billing/banktransfer/{transfer.pk}/decide/move/"


@pytest.mark.full  # two people do above
def test_a_billing_officer_moves_it_from_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = manual()
    manual("tallow")
    transfer(shop, CAME, "39.00")
    now = SimpleNamespace(now=lambda: shop.at(FOUND))
    monkeypatch.setattr(decision_pages, "clock", now)
    officer = browser_of(operator("Billing officer"))
    said = text_of(officer.get(page_of(shop)))
    assert "Outstanding 0.00 USD 39.00 USD" in said
    assert f"Bill {FIRST} stays paid." in said
    content = {"to": "tallow", "reason": WHY, "told": TOLD}
    with nothing_changes():
        refused = officer.post(page_of(shop), content | {"to": "nobody"})
        assert "there is none with the reference nobody" in text_of(refused)
    tallow = shops.Shop("tallow")
    receive(tallow, CAME, "1.00")
    with nothing_changes():
        refused = officer.post(page_of(shop), content)
        assert "has a transfer BANK-1 of 1.00 USD already" in text_of(refused)
    content |= {"is_another": "on"}
    assert officer.post(page_of(shop), content).status_code == 302
    assert (state(SECOND), shop.figures()[0]) == ("PAID 39.00/39.00", "39.00")
    assert "Booked elsewhere" in text_of(officer.get(page_of(shop)))


def test_nobody_else_moves_it() -> None:
    shop = manual()
    transfer(shop, CAME, "39.00")
    page, content = page_of(shop), {"to": "", "reason": WHY, "told": TOLD}
    others = [browser_of(operator(role)) for role in ("Credit officer", "Auditor", "Administrator")]
    strangers = [browser_of(member(shop)), Client()]
    with nothing_changes():
        for other in others:
            assert other.post(page, content).status_code == 403
        for stranger in strangers:
            assert stranger.post(page, content).status_code == 302
