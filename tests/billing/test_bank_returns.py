"""A bank takes back a payment that was booked (29.16)."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from billing.models import BankLine, BankTransfer, Reversal
from billing.operations import bank_matching, bank_returns, closing, reversals, transfers_moved
from billing.queries import bank_statements as queries
from billing.queries import journal
from billing.queries.collecting import ByHand
from billing.queries.timelines import of_invoice
from lib.refusals import AlreadyDecided, Invalid
from notices import letters
from tests import journals
from tests.amounts import usd
from tests.bank_files import IBAN, Paid
from tests.billing import banking, deciding
from tests.billing.banking import BY, at, billed, joined, match, matched, of_bank, paying, take
from tests.billing.pages import read
from tests.billing.reversing import offended
from tests.credit.pages import set_clock
from tests.factories import browser_of, operator
from tests.processes import until
from tests.shops import Shop
from tests.text import text_of
from tests.threads import at_once, is_waited_for
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

TOLD = {**BY, "told": "Your bank took it back."}
back = partial(
    Paid, is_credit=False, is_reversal=True, end_to_end_id="E-7", returned="AC04",
    name="Rosewood GmbH",
)  # fmt: skip


@pytest.fixture(autouse=True)
def issuer() -> None:
    """Make an issuer with a bank account, and have its statements taken."""
    banking.issuer_with_references()


def last() -> BankLine:
    """The bank's line that came last."""
    return BankLine.objects.latest("pk")


def cash() -> dict[str, Decimal]:
    """What the journal has in cash and at the bank, over all merchants; above 0 for a debit."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for entry in journal.entries(journal.Asked()):
        for one in entry.postings:
            sums[one.account] += one.amount
    named = ("cash.manual", f"bank.{IBAN}", "reversals", "between.transfers")
    return {name: sums[name] for name in named if sums[name]}


def told(shop: Shop, kind: str) -> str:
    """The sentence of the shop's latest notice of this kind."""
    sentence = letters.sentence(shop.merchant.notices.filter(kind=kind).latest("pk"))
    return sentence.replace("\N{NO-BREAK SPACE}", " ")


def test_a_payment_that_is_returned_is_a_reversal_once_an_operator_says_so() -> None:
    shop = joined()
    invoice = billed(shop)
    paid = paying(invoice, bank_reference="B-7", end_to_end_id="E-7")
    assert matched(paid, back("210.00"), back("1.00")) == [
        "210.00 BOOKED REFERENCE rosewood DE-2026-000001",
        "-210.00 RETURN TAKEN_BACK rosewood -",
        "-1.00 OPEN UNCLEAR - -",  # that line is taken back already
    ]
    line = BankLine.objects.get(number=2)
    with nothing_changes(), pytest.raises(bank_returns.NotReturnable):
        bank_returns.take_off(line_id=line.pk, now=at(), **TOLD)
    bank_returns.take_back(line_id=line.pk, now=at(), **BY)
    reversal = Reversal.objects.get()
    assert (reversal.status, reversal.amount, reversal.state, reversal.payment.invoice) == (
        *("RECORDED", usd(210), "AC04", invoice),
    )
    assert of_bank(invoice) == "PAID 210.00/210.00"
    assert told(shop, "PAYMENT_REVERSED") == (
        "210.00 USD that was transferred for bill T-DE-2026-000001 was returned by the bank."
        " The bill stays paid while we look into it; we tell you here what follows."
    )
    with nothing_changes(), pytest.raises(AlreadyDecided):
        bank_returns.take_back(line_id=line.pk, now=at(), **BY)
    said = journals.told(shop)
    assert said[-1] == (
        f"2026-11-05 line 2 of bank statement S-1: bank.{IBAN} -210.00, cash.manual 210.00"
    )
    assert (
        f"2026-11-05 reversal {reversal.provider_reference}: reversals 210.00, cash.manual -210.00"
    ) in said
    journals.prove()
    assert offended() == []


@pytest.mark.full  # one returned whole, above
def test_a_part_that_is_returned_is_a_reversal_of_it_and_more_is_for_people() -> None:
    shop = joined()
    first = billed(shop)
    assert matched(paying(first, end_to_end_id="E-7"), back("60.00")) == [
        "210.00 BOOKED REFERENCE rosewood DE-2026-000001",
        "-60.00 RETURN LESS rosewood -",
    ]
    bank_returns.take_back(line_id=last().pk, now=at(), **BY)
    assert (Reversal.objects.get().amount, of_bank(first)) == (usd(60), "PAID 210.00/210.00")
    second = billed(shop, "300.00", at="2026-11-06 10:00")
    assert matched(
        paying(second, end_to_end_id="E-8"), back("305.00", end_to_end_id="E-8"),
        opening="150.00", name="S-2", on="2026-11-06", now="2026-11-06 22:00",
    )[1] == "-305.00 OPEN MORE rosewood -"  # fmt: skip
    with nothing_changes(), pytest.raises(Invalid, match=r"only 300\.00 USD came in"):
        bank_returns.say(line_id=last().pk, statement="S-2", number=1, actor="olga", now=at())
    assert cash() == {f"bank.{IBAN}": Decimal(450), "reversals": Decimal(60)}
    assert offended() == []


@pytest.mark.full  # that of one bill is, too
def test_money_that_paid_several_bills_is_taken_off_the_account_when_it_is_returned() -> None:
    """530.00 that named no bill paid bills of 210.00 and 300.00, and 20.00 is left."""
    shop = joined()
    invoices = billed(shop), billed(shop, "300.00")
    assert matched(Paid("530.00", end_to_end_id="E-7")) == ["530.00 OPEN UNKNOWN - -"]
    bank_matching.place(line_id=last().pk, merchant="rosewood", actor="olga", now=at())
    assert shop.account.unapplied == usd(20)
    assert matched(back("530.00"), opening="530.00", name="S-2", now="2026-11-06 22:00") == [
        "-530.00 RETURN TAKEN_BACK rosewood -"
    ]
    with nothing_changes(), pytest.raises(bank_returns.NotReturnable, match="one bill alone"):
        bank_returns.take_back(line_id=last().pk, now=at("2026-11-06 23:00"), **BY)
    with nothing_changes(), pytest.raises(Invalid):
        bank_returns.take_off(line_id=last().pk, now=at(), **TOLD | {"told": ""})
    line = bank_returns.take_off(line_id=last().pk, now=at("2026-11-06 23:00"), **TOLD)
    assert (line.status, line.reversal, line.reason) == ("BOOKED", None, "as agreed")
    assert [of_bank(one) for one in invoices] == ["PAID 210.00/210.00", "PAID 300.00/300.00"]
    shop.account.refresh_from_db()
    transfer = BankTransfer.objects.get()
    assert transfer.charge is not None
    assert (transfer.status, transfer.taken, transfer.charge.amount) == (
        *("MOVED", usd(20), usd(510)),
    )
    assert shop.account.unapplied == usd(0)
    assert of_bank(shop.account.invoices.latest("pk")) == "OPEN 0.00/510.00"  # the next bill
    assert told(shop, "TRANSFER_MOVED") == (
        f"530.00 USD that we had received under the reference {transfer.reference} was returned by"
        " the bank. 510.00 USD of it comes with your next bill; bills that are paid stay paid. Your"
        " bank took it back."
    )
    assert told(shop, "UNAPPLIED").startswith("Whoever paid 20.00 USD has taken it back")
    assert cash() == {}  # nothing came, and nothing is between accounts
    found = queries.reckoned(line.statement)
    assert (found.booked, found.closing, found.brought) == (usd(0), usd(0), usd(0))
    with nothing_changes(), pytest.raises(AlreadyDecided):
        bank_returns.take_off(line_id=line.pk, now=at("2026-11-06 23:00"), **TOLD)
    journals.prove()
    assert offended() == []


@pytest.mark.full  # a part of a payment is below
def test_a_part_of_money_that_paid_no_single_bill_is_left_to_people() -> None:
    """230.00 for a bill of 210.00: 20.00 of it is unapplied."""
    shop = joined()
    invoice = billed(shop)
    matched(paying(invoice, "230.00", end_to_end_id="E-7"))
    bank_matching.confirm(line_id=last().pk, actor="olga", now=at())
    assert matched(
        back("100.00"), opening="230.00", name="S-2", now="2026-11-06 22:00"
    ) == ["-100.00 RETURN LESS rosewood -"]  # fmt: skip
    part = last()
    with nothing_changes(), pytest.raises(bank_returns.NotReturnable, match=r"100\.00 USD of 230"):
        bank_returns.take_off(line_id=part.pk, now=at("2026-11-06 23:00"), **TOLD)
    bank_matching.set_aside(line_id=part.pk, now=at("2026-11-06 23:00"), **BY)
    # All of it is another matter: what is left is taken, and the rest is charged.
    assert matched(
        back("230.00"), opening="130.00", name="S-3", now="2026-11-07 22:00"
    ) == ["-230.00 RETURN TAKEN_BACK rosewood -"]  # fmt: skip
    bank_returns.take_off(line_id=last().pk, now=at("2026-11-07 23:00"), **TOLD)
    shop.account.refresh_from_db()
    assert shop.account.unapplied == usd(0)
    assert of_bank(shop.account.invoices.latest("pk")) == "OPEN 0.00/210.00"
    assert cash() == {}
    assert offended() == []


def test_what_the_bank_took_back_merchants_read_as_taken_back() -> None:
    """Its transfer is MOVED, as one that was booked elsewhere is."""
    shop = joined()
    invoice = billed(shop)
    matched(paying(invoice, "230.00", end_to_end_id="E-7"))
    bank_matching.confirm(line_id=last().pk, actor="olga", now=at())
    matched(back("230.00"), opening="230.00", name="S-2", now="2026-11-06 22:00")
    bank_returns.take_off(line_id=last().pk, now=at("2026-11-06 23:00"), **TOLD)
    attempts = list(invoice.payments.select_related("transfer"))
    steps = of_invoice(invoice, attempts, ByHand(), [])
    assert (str(steps[-1].what), str(steps[-1].amount), steps[-1].note) == (
        "Payment taken back", str(usd(210)), "Your bank took it back."
    )  # fmt: skip
    entry = f"Taken back {BankTransfer.objects.get().reference}"
    assert entry in read(shop, "unapplied/")
    assert entry in read(shop, "unapplied/?kind=REVERSED")
    assert entry not in read(shop, "unapplied/?kind=MOVED")


def test_money_that_was_booked_elsewhere_is_taken_from_where_it_is() -> None:
    shop, other = joined(), joined("lotus")
    first, second = billed(shop), billed(shop, "300.00")
    matched(paying(first, end_to_end_id="E-7"), paying(second, end_to_end_id="E-8"))
    moving: dict[str, Any] = {
        "reason": "It was theirs.",
        "told": "It was another shop's.",
        "actor": "olga",
    }
    transfers = BankTransfer.objects.order_by("pk")
    for transfer, to in zip(transfers[:2], ("lotus", ""), strict=True):
        transfers_moved.move(transfer_id=transfer.pk, to=to, now=at("2026-11-06 10:00"), **moving)
    assert other.account.unapplied == usd(210)
    assert matched(
        back("210.00"), back("300.00", end_to_end_id="E-8"),
        opening="510.00", name="S-2", now="2026-11-06 22:00",
    ) == ["-210.00 RETURN TAKEN_BACK lotus -", "-300.00 RETURN TAKEN_BACK rosewood -"]  # fmt: skip
    theirs, nobodys = BankLine.objects.filter(statement__name="S-2").order_by("number")
    bank_returns.take_off(line_id=theirs.pk, now=at("2026-11-06 23:00"), **TOLD)
    assert other.account.unapplied == usd(0)
    assert told(other, "TRANSFER_MOVED") == (
        "210.00 USD that we had received under the reference S-1/1-1 was returned by the bank, and"
        " we don't keep it for you any more. Nothing is to be paid for it. Your bank took it back."
    ).replace("S-1/1-1", transfers[0].reference)
    # It had been taken off as nobody's: the line alone is booked, and the bank is right again.
    assert cash()["cash.manual"] == Decimal(-300)
    with nothing_changes(), pytest.raises(bank_returns.NotReturnable):
        bank_returns.take_off(line_id=nobodys.pk, now=at("2026-11-06 23:00"), **TOLD)
    bank_returns.take_back(line_id=nobodys.pk, now=at("2026-11-06 23:00"), **BY)
    assert cash() == {}
    assert Reversal.objects.count() == 0
    journals.prove()
    assert offended() == []


@pytest.mark.full  # all of it is taken from where it is, above; a part of other money is below
def test_a_part_of_money_that_is_on_no_account_any_more_is_set_aside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """210.00 had been taken off as nobody's, and 100.00 of it come back."""
    shop = joined()
    matched(paying(billed(shop), end_to_end_id="E-7"))
    transfers_moved.move(
        transfer_id=BankTransfer.objects.get().pk, to="", reason="It never came.",
        told="It never came.", actor="olga", now=at("2026-11-06 10:00"),
    )  # fmt: skip
    assert matched(
        back("100.00"), opening="210.00", name="S-2", now="2026-11-06 22:00"
    ) == ["-100.00 RETURN LESS rosewood -"]  # fmt: skip
    part = last()
    for decide, said in ((bank_returns.take_back, BY), (bank_returns.take_off, TOLD)):
        with (
            nothing_changes(),
            pytest.raises(
                bank_returns.NotReturnable,
                match=r"100\.00 USD of 210\.00 USD .* no account any more: say .* no merchant’s",
            ),
        ):
            decide(line_id=part.pk, now=at("2026-11-06 23:00"), **said)
    set_clock(monkeypatch)("2026-11-06 23:00")
    olga = browser_of(operator("Billing officer", email="olga@tael.example"))
    names = ("take-back", "take-off", "set-aside")
    pages = {name: reverse("admin:billing_bankline_decide", args=[part.pk, name]) for name in names}
    listed = olga.get(reverse("admin:billing_bankline_change", args=[part.pk])).content.decode()
    assert [name for name in names if pages[name] in listed] == ["set-aside"]
    asked = olga.get(pages["set-aside"])
    assert "a part of the money, of which nothing is booked: it is on no account any more" in (
        text_of(asked)
    )
    showed = {"page_showed": asked.context["showed"], "reason": "Nobody's."}
    assert olga.post(pages["set-aside"], showed).status_code == 302
    part.refresh_from_db()
    assert (part.status, cash()["cash.manual"]) == ("SET_ASIDE", Decimal(-210))
    journals.prove()
    assert offended() == []


def test_a_part_of_money_that_paid_no_single_bill_is_not_offered_to_be_taken_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """230.00 for a bill of 210.00, of which 100.00 come back."""
    shop = joined()
    matched(paying(billed(shop), "230.00", end_to_end_id="E-7"))
    bank_matching.confirm(line_id=last().pk, actor="olga", now=at())
    matched(back("100.00"), opening="230.00", name="S-2", now="2026-11-06 22:00")
    set_clock(monkeypatch)("2026-11-06 23:00")
    olga = browser_of(operator("Billing officer", email="olga@tael.example"))
    names = ("take-back", "take-off", "set-aside")
    pages = {n: reverse("admin:billing_bankline_decide", args=[last().pk, n]) for n in names}
    listed = olga.get(reverse("admin:billing_bankline_change", args=[last().pk])).content.decode()
    assert [name for name in names if pages[name] in listed] == ["set-aside"]
    assert (
        f"It takes back line 1 of {IBAN} S-1, and is a part of the money, of which nothing is"
        " booked: it did not pay one bill alone. Charge what is missing by hand." in text_of(
            olga.get(pages["set-aside"])
        )
    )  # fmt: skip


@pytest.mark.full  # one alone is returned above
def test_which_of_several_lines_is_returned_an_operator_says() -> None:
    shop = joined()
    first, second = billed(shop), billed(shop, at="2026-11-03 10:00")
    lines = matched(
        paying(first, end_to_end_id="E-7"), paying(second, end_to_end_id="E-7"), back("210.00"),
        Paid("5.00"),
    )  # fmt: skip
    assert lines[2:] == ["-210.00 OPEN UNCLEAR - -", "5.00 OPEN UNKNOWN - -"]
    line, interest = BankLine.objects.filter(number__gte=3).order_by("number")
    say = partial(bank_returns.say, actor="olga", now=at())
    with nothing_changes():
        wrongs: tuple[dict[str, Any], ...] = (
            {"number": 9},
            {"number": 3},
            {"statement": "S-9", "number": 1},
        )
        for wrong in wrongs:
            with pytest.raises(Invalid, match="is left to be taken back"):
                say(line_id=line.pk, **{"statement": "S-1", **wrong})
        with pytest.raises(Invalid, match="it came in"):
            say(line_id=interest.pk, statement="S-1", number=1)
    say(line_id=line.pk, statement="S-1", number=2)
    assert banking.lines()[2] == "-210.00 RETURN BY_HAND rosewood -"
    with nothing_changes(), pytest.raises(AlreadyDecided):
        say(line_id=line.pk, statement="S-1", number=1)
    bank_returns.take_back(line_id=line.pk, now=at(), **BY)
    assert Reversal.objects.get().payment.invoice == second
    assert offended() == []


@pytest.mark.full  # two at once in test_bank_matching.py
@pytest.mark.django_db(transaction=True)
def test_of_two_returns_said_to_take_back_one_line_at_the_same_instant_one_gets_it() -> None:
    shop = joined()
    first, second = billed(shop), billed(shop, at="2026-11-03 10:00")
    matched(
        paying(first, end_to_end_id="E-7"), paying(second, end_to_end_id="E-7", bank_reference="B"),
        back("210.00"), back("210.00"),
    )  # fmt: skip
    assert banking.lines()[2:] == ["-210.00 OPEN UNCLEAR - -"] * 2
    unclear = list(BankLine.objects.filter(number__gte=3).order_by("number"))

    def say(number: int) -> str:
        line = unclear[number % 2]
        try:
            bank_returns.say(line_id=line.pk, statement="S-1", number=1, actor="olga", now=at())
        except (Invalid, AlreadyDecided) as refusal:
            return type(refusal).__name__
        return "said"

    assert at_once(say, threads=4)["said"] == 1
    assert sorted(banking.lines()[2:]) == [
        "-210.00 OPEN UNCLEAR - -",
        "-210.00 RETURN BY_HAND rosewood -",
    ]
    # What is said holds for the job, too, which waits for whoever says it.
    take(back("210.00", bank_reference="B"), name="S-2", now="2026-11-06 22:00")
    free = BankLine.objects.get(status=BankLine.Status.OPEN)
    named = BankLine.objects.filter(statement__name="S-2")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            bank_returns.say(line_id=free.pk, statement="S-1", number=2, actor="olga", now=at())
            matching = pool.submit(at_once, lambda _number: match("2026-11-06 22:01"), threads=1)
            until(is_waited_for)
        matching.result()
    match("2026-11-06 22:02")
    assert banking.lines() == ["-210.00 OPEN UNCLEAR - -"]
    taken = BankLine.objects.get(statement__name="S-1", number=2)
    with pytest.raises(IntegrityError, match="one_bank_line_takes_another_back"):
        named.update(status="RETURN", returns=taken)
    assert offended() == []


def test_a_transfer_that_the_bank_has_taken_back_is_booked_nowhere_else() -> None:
    """The bank takes back three payments of 210.00 whole, and 60.00 of a fourth one."""
    shop, other = joined(), joined("lotus")
    matched(*(paying(billed(shop), end_to_end_id=f"E-{number}") for number in range(1, 5)))
    matched(
        *(back("210.00", end_to_end_id=f"E-{number}") for number in range(1, 4)),
        back("60.00", end_to_end_id="E-4"), opening="840.00", name="S-2", on="2026-11-06",
        now="2026-11-06 22:00",
    )  # fmt: skip
    for line in BankLine.objects.filter(status="RETURN").order_by("number"):
        bank_returns.take_back(line_id=line.pk, now=at("2026-11-06 23:00"), **BY)
    decided = Reversal.objects.order_by("pk")
    said = {**BY, "message": "Your bank took it back.", "now": at("2026-11-06 23:10")}
    reversals.charge(reversal_id=decided[1].pk, seen=decided[1].seen, **said)
    reversals.accept(reversal_id=decided[2].pk, seen=decided[2].seen, **said)
    assert [one.status for one in decided] == ["RECORDED", "CHARGED", "ACCEPTED", "RECORDED"]
    transfers = BankTransfer.objects.order_by("pk")
    moving: dict[str, Any] = {"reason": "It was theirs.", "told": "It was another's."}
    with nothing_changes():
        for transfer, taken in zip(transfers, ("210.00", "210.00", "210.00", "60.00"), strict=True):
            for to in ("", "rosewood", "lotus"):
                with pytest.raises(
                    transfers_moved.TakenBack, match=rf"took back {taken} USD of 21"
                ):
                    transfers_moved.move(
                        transfer_id=transfer.pk, to=to, now=at("2026-11-06 23:20"), actor="olga",
                        **moving,
                    )  # fmt: skip
    assert [of_bank(one) for one in shop.account.invoices.order_by("pk")[4:]] == [
        "OPEN 0.00/210.00"  # what was charged again, once
    ]
    assert other.account.unapplied == usd(0)
    page = browser_of(operator("Billing officer")).get(
        f"/admin/billing/banktransfer/{transfers[0].pk}/change/"
    )
    assert "Correct the value date" in text_of(page)
    assert "Booked wrongly" not in text_of(page)
    assert offended() == []


def test_of_a_transfer_that_was_booked_elsewhere_no_reversal_is_recorded() -> None:
    shop, other = joined(), joined("lotus")
    matched(paying(billed(shop), end_to_end_id="E-7"))
    transfer = transfers_moved.move(
        transfer_id=BankTransfer.objects.get().pk, to="lotus", reason="It was theirs.",
        told="It was another's.", actor="olga", now=at("2026-11-06 10:00"),
    )  # fmt: skip
    assert transfer.payment is not None
    report = reversals.ProviderReport(
        provider="manual", reference="S-2/2-1", kind=Reversal.Kind.RETURN,
        money_reference=transfer.payment.provider_reference, amount=usd(60), state="AC04",
        came_back=False, is_ours=False,
    )  # fmt: skip
    with nothing_changes():
        recorded = reversals.record(
            report, payment_id=transfer.payment.pk, actor="olga", now=at("2026-11-06 11:00")
        )
    assert recorded is None
    assert other.account.unapplied == usd(210)


def test_while_the_bank_takes_money_back_it_is_not_paid_out_and_giving_it_back_warns() -> None:
    """The bank takes back 210.00 that named no bill, and are unapplied."""
    shop = joined()
    matched(Paid("210.00", end_to_end_id="E-7"))
    bank_matching.place(line_id=last().pk, merchant="rosewood", actor="olga", now=at())
    assert matched(back("210.00"), opening="210.00", name="S-2", now="2026-11-06 22:00") == [
        "-210.00 RETURN TAKEN_BACK rosewood -"
    ]
    browser = browser_of(operator("Billing officer"))
    decide = f"/admin/billing/billingaccount/{shop.merchant.pk}/decide"
    page = text_of(browser.get(f"{decide}/give-back/"))
    assert "The bank takes back 210.00 USD of this account’s money" in page
    deciding.close(shop, "2026-11-06 22:30")
    assert shop.account.unapplied == usd(210)
    page = text_of(browser.get(f"{decide}/pay-out/"))
    assert "The bank takes back 210.00 USD of this account’s money" in page
    with nothing_changes(), pytest.raises(closing.ReturnUndecided, match=r"takes back 210\.00 USD"):
        deciding.pay_out_rest(shop, "2026-11-06 22:40")
    bank_returns.take_off(line_id=last().pk, now=at("2026-11-06 23:00"), **TOLD)
    assert shop.account.unapplied == usd(0)
    assert "The bank takes back" not in text_of(browser.get(f"{decide}/pay-out/"))
    assert offended() == []
