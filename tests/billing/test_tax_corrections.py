"""What corrects a bill with tax: credits have its rate, and what takes them back has theirs."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from moneyed import Money

from billing.models import InvoiceTax
from billing.operations import closing, credits_undone, invoice_decisions, tax_treatments
from billing.queries import journal, vat
from tests import journals
from tests.billing.taxing import BY, FRENCH, billed, figures, german, issued_by, rate, taxes
from tests.billing.test_reopening import reopen
from tests.books import assert_clean
from tests.factories import (
    DetailsFactory,
    GrantedCreditFactory,
    IssuerFactory,
    TransferFactory,
)
from tests.shops import instant
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("audited")
def test_what_is_credited_line_by_line_ends_at_nothing() -> None:
    shop = german()
    for reference in "abc":
        shop.charge("2026-11-02 10:00", "pick-pack", "0.13", reference)
    first = billed(shop, "2026-11-02 11:00")
    assert figures(first) == ("0.39", "0.07", "0.46")
    found = []
    for day, reference in ((3, "a"), (4, "b"), (5, "c")):
        GrantedCreditFactory.create(
            shop=shop,
            at=f"2026-11-0{day} 10:00",
            charge=reference,
            fee="credit-pick-pack",
            amount="0.13",
        )
        shop.charge(f"2026-11-0{day} 10:30", "receiving", "10.00", f"r-{day}")
        invoice = billed(shop, f"2026-11-0{day} 11:00")
        (row,) = InvoiceTax.objects.filter(invoice=invoice, corrects=first)
        found.append((str(row.tax.amount), figures(invoice)))
    assert found == [
        ("-0.02", ("9.87", "1.88", "11.75")),
        ("-0.03", ("9.87", "1.87", "11.74")),
        ("-0.02", ("9.87", "1.88", "11.75")),
    ]


def test_a_bill_that_corrects_others_is_one_document_of_a_rate() -> None:
    shop = german()
    for day, reference in ((2, "a"), (3, "b")):
        shop.charge(f"2026-11-0{day} 10:00", "pick-pack", "100.00", reference)
        billed(shop, f"2026-11-0{day} 11:00")
    for reference in "ab":
        GrantedCreditFactory.create(
            shop=shop, at="2026-11-04 10:00", charge=reference, fee="credit-pick-pack",
            amount="10.00",
        )  # fmt: skip
    shop.charge("2026-11-04 10:30", "receiving", "50.00", "c")
    third = billed(shop, "2026-11-04 11:00")
    assert InvoiceTax.objects.filter(invoice=third).count() == 3
    (rate,) = vat.rates(journal.Asked())
    assert (rate.base, rate.tax, rate.documents) == (Decimal("230.00"), Decimal("43.70"), 3)
    found = vat.documents(journal.Asked(), ("DE", "S", Decimal(19)))
    assert [(one.dated_on.day, one.base, one.tax) for one in found] == [
        (2, Decimal("100.00"), Decimal("19.00")),
        (3, Decimal("100.00"), Decimal("19.00")),
        (4, Decimal("30.00"), Decimal("5.70")),
    ]


@pytest.mark.usefixtures("audited")
def test_a_credit_has_the_rate_of_what_it_corrects() -> None:
    shop = german()
    rate("16", starts_on="2026-11-04", now=instant("2026-11-02 00:00"))
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    first = billed(shop, "2026-11-02 11:00")
    shop.charge("2026-11-03 10:00", "pick-pack", "50.00", "b")
    for reference in "ab":  # the one is billed, the other is not
        GrantedCreditFactory.create(
            shop=shop,
            at="2026-11-05 10:00",
            charge=reference,
            fee="credit-pick-pack",
            amount="10.00",
        )
    shop.charge("2026-11-05 11:00", "pick-pack", "100.00", "c")
    second = billed(shop, "2026-11-05 12:00")
    assert taxes(second) == ["S 16: 100.00 16.00", "S 19: 40.00 7.60", "S 19: -10.00 -1.90"]
    assert figures(second) == ("130.00", "21.70", "151.70")
    assert InvoiceTax.objects.get(corrects=first).base == Money("-10.00", "EUR")
    parts = second.lines.filter(category="FULFILMENT_CREDIT").order_by("pk")
    assert [(line.amount.amount, len(line.charge_ids or ())) for line in parts] == [
        (Decimal("-10.00"), 1),
        (Decimal("-10.00"), 1),
    ]


def test_credits_with_more_tax_than_what_they_are_billed_with_make_no_bill() -> None:
    shop = german()
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    billed(shop, "2026-11-02 11:00")
    DetailsFactory.create(shop=shop, at="2026-11-03 08:00", **FRENCH)
    GrantedCreditFactory.create(
        shop=shop, at="2026-11-03 09:00", charge="a", fee="credit-pick-pack", amount="100.00"
    )
    shop.charge("2026-11-03 10:00", "pick-pack", "110.00", "b")  # 10.00 net, and −9.00 with tax
    with pytest.raises(closing.NothingToBill), nothing_changes():
        billed(shop, "2026-11-03 11:00")
    shop.charge("2026-11-04 10:00", "pick-pack", "20.00", "c")
    assert figures(billed(shop, "2026-11-04 11:00")) == ("30.00", "-19.00", "11.00")


@pytest.mark.full  # an open one, above
@pytest.mark.usefixtures("audited")
def test_a_closed_account_gets_back_the_tax_of_its_credits() -> None:
    shop = german()
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    billed(shop, "2026-11-02 11:00")
    closing.close(merchant_id=shop.merchant.pk, now=shop.at("2026-11-03 09:00"), **BY)
    TransferFactory.create(shop=shop, at="2026-11-03 10:00", amount="119.00")
    GrantedCreditFactory.create(
        shop=shop, at="2026-11-04 09:00", charge="a", fee="credit-pick-pack", amount="60.00"
    )
    assert shop.account.outstanding == Money("-71.40", "EUR")
    GrantedCreditFactory.create(
        shop=shop, at="2026-11-04 09:00", charge="a", fee="credit-pick-pack", amount="40.00"
    )
    assert shop.account.outstanding == Money("-119.00", "EUR")
    rows = InvoiceTax.objects.filter(rest__isnull=False, base__lt=0).order_by("pk")
    assert [row.tax.amount for row in rows] == [Decimal("-11.40"), Decimal("-7.60")]


@pytest.mark.full  # an open one, above
@pytest.mark.usefixtures("audited")
def test_what_was_taxed_with_a_closed_accounts_rest_is_credited_with_its_tax() -> None:
    """Also once a bill has taken it, as more was charged, on which it has no tax any more."""
    shop = german()
    by: dict[str, Any] = {"actor": "otto@tael.example", "reason": "a mistake", "told": "a mistake"}
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "z")
    billed(shop, "2026-11-02 11:00")
    on_z = GrantedCreditFactory.create(
        shop=shop, at="2026-11-02 12:00", charge="z", fee="credit-pick-pack", amount="60.00"
    )
    shop.charge("2026-11-02 13:00", "pick-pack", "70.00", "y")
    billed(shop, "2026-11-02 14:00")
    TransferFactory.create(shop=shop, at="2026-11-02 15:00", amount="130.90")
    shop.charge("2026-11-02 16:00", "pick-pack", "10.00", "a")
    GrantedCreditFactory.create(
        shop=shop, at="2026-11-02 17:00", charge="", fee="credit-pick-pack", amount="50.00"
    )
    closing.close(merchant_id=shop.merchant.pk, now=shop.at("2026-11-03 09:00"), **BY)
    assert shop.account.outstanding == Money("-47.60", "EUR")
    credits_undone.undo(credit_id=on_z.pk, now=shop.at("2026-11-04 09:00"), **by)
    final = shop.account.invoices.latest("pk")
    assert taxes(final) == ["O 0: -47.60 0.00", "S 19: 60.00 11.40"]
    TransferFactory.create(shop=shop, at="2026-11-04 10:00", amount="23.80")
    GrantedCreditFactory.create(
        shop=shop, at="2026-11-04 11:00", charge="a", fee="credit-pick-pack", amount="10.00"
    )
    assert shop.account.outstanding == Money("-11.90", "EUR")


@pytest.mark.full  # a credit has its rate, above
@pytest.mark.usefixtures("audited")
def test_what_takes_a_credit_back_takes_the_tax_back_that_this_had() -> None:
    """Also where the charge that takes it back, or the credit itself, is what makes the bill."""
    shop = german(billing_threshold="100.00")
    by: dict[str, Any] = {"actor": "otto@tael.example", "reason": "a mistake", "told": "a mistake"}
    shop.charge("2026-11-02 10:00", "pick-pack", "150.00", "a")
    assert figures(shop.account.invoices.get()) == ("150.00", "28.50", "178.50")
    tax_treatments.decide(
        merchant_id=shop.merchant.pk, treatment="REVERSE_CHARGE", starts_on=date(2026, 11, 3),
        now=shop.at("2026-11-02 12:00"), **BY,
    )  # fmt: skip
    on_it = {"charge": "a", "fee": "credit-pick-pack"}
    credit = GrantedCreditFactory.create(shop=shop, at="2026-11-04 09:00", amount="90.00", **on_it)
    shop.charge("2026-11-05 10:00", "pick-pack", "120.00", "b")
    assert shop.figures()[0] == "30.00"
    credits_undone.undo(credit_id=credit.pk, now=shop.at("2026-11-06 09:00"), **by)
    second = shop.account.invoices.latest("pk")
    assert taxes(second) == ["AE 0: 120.00 0.00", "S 19: 0.00 0.00"]
    # The posting of a credit makes a bill of what a void one left.
    invoice_decisions.void(invoice_id=second.pk, now=shop.at("2026-11-06 10:00"), **BY)
    GrantedCreditFactory.create(shop=shop, at="2026-11-07 09:00", amount="10.00", **on_it)
    third = shop.account.invoices.latest("pk")
    assert taxes(third) == ["AE 0: 120.00 0.00", "S 19: -10.00 -1.90"]
    # A credit that corrects no charge was billed with its own day's rate. So it is taken back.
    shop.charge("2026-11-08 10:00", "pick-pack", "130.00", "c")
    assert figures(shop.account.invoices.latest("pk")) == ("130.00", "0.00", "130.00")
    tax_treatments.decide(
        merchant_id=shop.merchant.pk, treatment="DOMESTIC", starts_on=date(2026, 11, 9),
        now=shop.at("2026-11-08 12:00"), **BY,
    )  # fmt: skip
    own = GrantedCreditFactory.create(shop=shop, at="2026-11-09 09:00", amount="20.00")
    shop.charge("2026-11-09 10:00", "pick-pack", "120.00", "d")
    assert figures(shop.account.invoices.latest("pk")) == ("100.00", "19.00", "119.00")
    tax_treatments.decide(
        merchant_id=shop.merchant.pk, treatment="REVERSE_CHARGE", starts_on=date(2026, 11, 9),
        now=shop.at("2026-11-09 12:00"), **BY,
    )  # fmt: skip
    credits_undone.undo(credit_id=own.pk, now=shop.at("2026-11-10 09:00"), **by)
    shop.charge("2026-11-10 10:00", "pick-pack", "100.00", "e")
    last = shop.account.invoices.latest("pk")
    assert taxes(last) == ["AE 0: 100.00 0.00", "S 19: 20.00 3.80"]


@pytest.mark.full  # a credit has its rate, above
@pytest.mark.usefixtures("audited")
def test_what_corrects_what_no_tax_applied_to_brings_no_tax_to_a_bill_without() -> None:
    """Though on a bill of several rates it stood as outside the scope of tax."""
    shop = german()
    by: dict[str, Any] = {"actor": "otto@tael.example", "reason": "a mistake", "told": "a mistake"}

    def credited(at: str, charge: str, amount: str) -> Any:
        return GrantedCreditFactory.create(
            shop=shop, at=at, charge=charge, fee="credit-pick-pack", amount=amount
        )

    issued_by(shop, "", "2026-11-02 08:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "50.00", "a")
    assert figures(billed(shop, "2026-11-02 11:00")) == ("50.00", "0.00", "50.00")
    # A credit on it beside what is taxed, taken back on a bill of the installation's own issuer.
    issued_by(shop, "DE", "2026-11-03 08:00")
    credit = credited("2026-11-03 09:00", "a", "20.00")
    shop.charge("2026-11-03 10:00", "pick-pack", "100.00", "b")
    assert taxes(billed(shop, "2026-11-03 11:00")) == ["O 0: -20.00 0.00", "S 19: 100.00 19.00"]
    issued_by(shop, "", "2026-11-04 08:00")
    credits_undone.undo(credit_id=credit.pk, now=shop.at("2026-11-04 09:00"), **by)
    shop.charge("2026-11-04 10:00", "pick-pack", "30.00", "c")
    third = billed(shop, "2026-11-04 11:00")
    assert (taxes(third), figures(third)) == ([], ("50.00", "0.00", "50.00"))
    # A charge beside what is taxed, credited on such a bill; and a credit on none, taken back.
    credited("2026-11-05 09:00", "b", "10.00")
    own = GrantedCreditFactory.create(shop=shop, at="2026-11-05 09:30", amount="5.00")
    shop.charge("2026-11-05 10:00", "pick-pack", "90.00", "d")
    fourth = billed(shop, "2026-11-05 11:00")
    assert taxes(fourth) == ["O 0: 85.00 0.00", "S 19: -10.00 -1.90"]
    assert journals.told(shop, start="2026-11-05")[-1] == (
        "2026-11-05 bill 2026-000003: receivable 73.10, unbilled -75.00, tax.DE.19 1.90"
    )
    credited("2026-11-06 09:00", "d", "7.00")
    credits_undone.undo(credit_id=own.pk, now=shop.at("2026-11-06 09:30"), **by)
    shop.charge("2026-11-06 10:00", "pick-pack", "30.00", "e")
    fifth = billed(shop, "2026-11-06 11:00")
    assert (taxes(fifth), figures(fifth)) == ([], ("28.00", "0.00", "28.00"))
    assert_clean()


@pytest.mark.usefixtures("audited")
def test_what_takes_back_a_closed_accounts_tax_is_tax_of_the_country_that_gave_it() -> None:
    """Also on a bill of the installation's own issuer, which is in no country, and where no bill
    says which one it was.
    """
    shop = german()
    by: dict[str, Any] = {"actor": "otto@tael.example", "reason": "a mistake", "told": "a mistake"}
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    billed(shop, "2026-11-02 11:00")
    closing.close(merchant_id=shop.merchant.pk, now=shop.at("2026-11-03 09:00"), **BY)
    TransferFactory.create(shop=shop, at="2026-11-03 10:00", amount="119.00")
    credit = GrantedCreditFactory.create(shop=shop, at="2026-11-04 09:00", amount="60.00")
    reopen(shop, "2026-11-05 09:00")
    issued_by(shop, "", "2026-11-05 10:00")
    credits_undone.undo(credit_id=credit.pk, now=shop.at("2026-11-06 09:00"), **by)
    shop.charge("2026-11-06 10:00", "pick-pack", "30.00", "c")
    last = billed(shop, "2026-11-06 11:00")
    assert (taxes(last), figures(last)) == (
        ["O 0: -41.40 0.00", "S 19: 60.00 11.40"],
        ("18.60", "11.40", "30.00"),
    )
    told = journals.told(shop, start="2026-11-04")
    assert [entry.partition(": ")[2] for entry in told if "tax" in entry] == [
        "unbilled -11.40, tax.DE.19 11.40",
        "receivable 30.00, unbilled -18.60, tax.DE.19 -11.40",
    ]
    rates = vat.rates(journal.Asked())
    assert [(one.country, one.percent, one.base, one.tax) for one in rates if one.tax] == [
        ("DE", Decimal(19), Decimal("100.00"), Decimal("19.00"))
    ]
    journals.prove()


@pytest.mark.usefixtures("audited")
def test_the_tax_of_a_closed_accounts_rest_stays_with_the_country_whose_rate_it_has() -> None:
    shop = german()
    IssuerFactory.create(prefix="FR", country="FR", tax_number="FR40303265045", bank_accounts=())
    rate("20", country="FR")
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    billed(shop, "2026-11-02 11:00")
    issued_by(shop, "FR", "2026-11-02 12:00")
    closing.close(merchant_id=shop.merchant.pk, now=shop.at("2026-11-03 09:00"), **BY)
    TransferFactory.create(shop=shop, at="2026-11-03 10:00", amount="119.00")
    for charge, amount in (("", "50.00"), ("a", "10.00")):
        GrantedCreditFactory.create(
            shop=shop, at="2026-11-04 09:00", amount=amount, charge=charge, fee="credit-pick-pack"
        )
    told = [
        "2026-11-04 credit-tax posted on 2026-11-04: unbilled -11.90, tax.FR.20 10.00,"
        " tax.DE.19 1.90"
    ]
    assert [entry for entry in journals.told(shop) if "credit-tax" in entry] == told
    rates = vat.rates(journal.Asked(start=date(2026, 11, 4)))
    assert [(one.country, one.percent, one.base, one.tax) for one in rates if one.tax] == [
        ("DE", Decimal(19), Decimal("-10.00"), Decimal("-1.90")),
        ("FR", Decimal(20), Decimal("-50.00"), Decimal("-10.00")),
    ]
    # Whoever issues the account's next bills, that is what it was.
    reopen(shop, "2026-11-05 09:00")
    issued_by(shop, "", "2026-11-05 10:00")
    assert [entry for entry in journals.told(shop) if "credit-tax" in entry] == told
    journals.prove()
