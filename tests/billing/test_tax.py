"""What bills ask for with tax: rates, treatments, what is rounded, and what credits give back."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from moneyed import Money

from billing import audit as billing_audit
from billing.documents import pdf
from billing.documents.invoice_csv import Export
from billing.models import Invoice, InvoiceTax
from billing.operations import (
    closing,
    credits_undone,
    invoice_decisions,
    invoices_on_request,
    issuers,
    tax_rates,
    tax_treatments,
)
from billing.queries import books, forecast
from lib import audit
from lib.audit import Check
from lib.refusals import Invalid
from tests import journals, shops
from tests.billing.paying import choose as choose_method
from tests.books import assert_clean
from tests.credit.pages import set_clock
from tests.factories import (
    DetailsFactory,
    GrantedCreditFactory,
    IssuerFactory,
    TransferFactory,
    browser_of,
    member,
)
from tests.gateway.asking import Caller
from tests.gateway.asking import said as told_by
from tests.pdf_text import pages_of
from tests.shops import Shop, instant
from tests.text import text_of
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def _audited(db: None) -> Iterator[None]:
    """What these tests write, the audit finds right."""
    yield
    checks = [one for one in billing_audit.CHECKS if isinstance(one, Check)]
    found = audit.run(checks, now=instant("2027-12-01 00:00"))
    assert [(one.check.name, one.listed) for one in found if one.violations] == []


BY: dict[str, Any] = {"actor": "olga@tael.example", "reason": "as agreed"}
EARLY = instant("2026-10-01 00:00")
FRENCH = {"legal_name": "Bois de rose", "country": "FR", "tax_number": "FR40303265045"}


def rate(percent: str, *, country: str = "DE", starts_on: str = "2026-10-15", **said: Any) -> None:
    tax_rates.introduce(
        country=country,
        tax_class=said.pop("tax_class", "STANDARD"),
        percent=Decimal(percent),
        starts_on=date.fromisoformat(starts_on),
        **{"now": EARLY, **BY, **said},
    )


def german(reference: str = "rosewood", *, currency: str = "EUR", **terms: str) -> Shop:
    """A shop that is billed by an issuer in Germany, which taxes 19 %."""
    terms = {"billing_threshold": "100000", "plan_price": "0"} | terms
    shop = shops.join("2026-11-01 09:00", reference, billing_currency=currency, **terms)
    IssuerFactory.create(prefix="DE", country="DE", tax_number="DE136695976", bank_accounts=())
    rate("19")
    issued_by(shop, "DE", "2026-11-01 09:30")
    return shop


def issued_by(shop: Shop, prefix: str, at: str) -> None:
    issuers.choose(merchant_id=shop.merchant.pk, prefix=prefix, now=shop.at(at), **BY)


def billed(shop: Shop, at: str) -> Invoice:
    """A bill of all that is outstanding."""
    return invoices_on_request.draw_up(merchant_id=shop.merchant.pk, now=shop.at(at), **BY)


def taxes(invoice: Invoice) -> list[str]:
    """The bill's taxes: category, rate, base and tax."""
    rows = InvoiceTax.objects.filter(invoice=invoice).order_by("category", "percent", "pk")
    return [f"{row.category} {row.rate:f}: {row.base.amount} {row.tax.amount}" for row in rows]


def figures(invoice: Invoice) -> tuple[str, str, str]:
    invoice = Invoice.objects.get(pk=invoice.pk)
    return str(invoice.net.amount), str(invoice.tax.amount), str(invoice.total.amount)


def test_a_bill_is_taxed_by_the_countries_of_both_parties() -> None:
    shop, outside = german(), shops.join("2026-11-01 09:00", "lotus", billing_currency="EUR")
    untaxed = shops.join("2026-11-01 09:00", "plain", billing_currency="EUR")
    issued_by(outside, "DE", "2026-11-01 09:30")
    # Nobody knows yet where the merchant is: the issuer owes its country's tax.
    shop.charge("2026-11-02 10:00", "pick-pack", "100.05", "a")
    first = billed(shop, "2026-11-02 11:00")
    assert (figures(first), taxes(first)) == (
        ("100.05", "19.01", "119.06"),
        ["S 19: 100.05 19.01"],
    )
    DetailsFactory.create(shop=shop, at="2026-11-03 08:00", **FRENCH)
    shop.charge("2026-11-03 10:00", "pick-pack", "40.00", "b")
    second = billed(shop, "2026-11-03 11:00")
    assert (figures(second), taxes(second)) == (
        ("40.00", "0.00", "40.00"),
        ["AE 0: 40.00 0.00"],
    )
    DetailsFactory.create(shop=outside, at="2026-11-03 08:00", country="TH", tax_number="")
    outside.charge("2026-11-03 10:00", "pick-pack", "40.00", "a")
    assert taxes(billed(outside, "2026-11-03 11:00")) == ["O 0: 40.00 0.00"]
    untaxed.charge("2026-11-03 10:00", "pick-pack", "40.00", "a")
    plain = billed(untaxed, "2026-11-03 11:00")
    assert (figures(plain), taxes(plain)) == (("40.00", "0.00", "40.00"), [])
    assert plain.lines.get().tax_category == ""


@pytest.mark.usefixtures("_audited")
def test_a_merchant_that_moves_in_mid_month_has_both_treatments_on_one_bill() -> None:
    shop = german(billing_threshold="1.00")
    DetailsFactory.create(shop=shop, at="2026-11-01 10:00")
    for day, amount in ((2, "10.00"), (9, "20.00"), (10, "30.00"), (20, "40.00")):
        if day == 10:
            DetailsFactory.create(shop=shop, at="2026-11-10 08:00", **FRENCH)
        shop.charge(f"2026-11-{day:02} 10:00", "storage", amount, f"s-{day}")
    shop.run_jobs("2026-12-01 00:00")
    invoice = shop.account.invoices.get()
    assert figures(invoice) == ("100.00", "5.70", "105.70")
    assert taxes(invoice) == ["AE 0: 70.00 0.00", "S 19: 30.00 5.70"]
    lines = invoice.lines.order_by("service_from").values_list(
        "amount", "charge_count", "tax_category", "service_from", "service_to"
    )
    assert list(lines) == [
        (Decimal(30), 2, "S", date(2026, 11, 2), date(2026, 11, 9)),
        (Decimal(70), 2, "AE", date(2026, 11, 10), date(2026, 11, 20)),
    ]


def test_a_year_in_which_the_rate_changes() -> None:
    shop = german(billing_threshold="1.00")
    rate("16", starts_on="2026-12-16", now=instant("2026-12-01 00:00"))
    rate("19", starts_on="2027-07-01", now=instant("2026-12-01 00:00"))
    found = {}
    for day in ("2026-12-15", "2026-12-16", "2027-06-30", "2027-07-01"):
        shop.charge(f"{day} 10:00", "storage", "100.00", day)
        month = f"{int(day[:4]) + (day[5:7] == '12')}-{int(day[5:7]) % 12 + 1:02}"
        if day != "2026-12-15":
            shop.run_jobs(f"{month}-01 00:00")
            found[day] = taxes(shop.account.invoices.latest("pk"))
    assert found == {
        "2026-12-16": ["S 16: 100.00 16.00", "S 19: 100.00 19.00"],
        "2027-06-30": ["S 16: 100.00 16.00"],
        "2027-07-01": ["S 19: 100.00 19.00"],
    }


@pytest.mark.parametrize(
    ("currency", "percent", "amount", "tax"),
    [("JPY", "10", "105", "11"), ("USD", "5", "0.10", "0.01"), ("KWD", "5", "0.010", "0.001")],
)
def test_a_tax_is_rounded_once_half_away_from_zero(
    currency: str, percent: str, amount: str, tax: str
) -> None:
    shop = shops.join("2026-11-01 09:00", billing_currency=currency, billing_threshold="100000")
    IssuerFactory.create()
    rate(percent, country="TH")
    issued_by(shop, "TH", "2026-11-01 09:30")
    shop.charge("2026-11-02 10:00", "pick-pack", amount, "a")
    assert taxes(billed(shop, "2026-11-02 11:00")) == [f"S {percent}: {amount} {tax}"]
    # So is what is given back, of which the half goes down.
    GrantedCreditFactory.create(
        shop=shop, at="2026-11-03 09:00", charge="a", fee="credit-pick-pack", amount=amount
    )
    shop.charge("2026-11-03 10:00", "pick-pack", "1000", "b")
    second = taxes(billed(shop, "2026-11-03 11:00"))
    assert second[1:] == [f"S {percent}: -{amount} -{tax}"]


@pytest.mark.usefixtures("_audited")
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


@pytest.mark.usefixtures("_audited")
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


@pytest.mark.usefixtures("_audited")
def test_what_is_outstanding_is_net_and_what_is_collected_is_gross() -> None:
    shop = german(billing_threshold="100.00")
    shop.charge("2026-11-02 10:00", "pick-pack", "99.99", "a")
    assert shop.invoices() == []
    shop.charge("2026-11-02 11:00", "pick-pack", "0.01", "b")
    assert shop.invoices() == ["2026-11-02 THRESHOLD 119.00"]
    account = shop.account
    assert account.outstanding.amount == 0
    first = account.invoices.get()
    assert first.left_to_pay == Money("119.00", "EUR")
    invoice_decisions.void(invoice_id=first.pk, now=shop.at("2026-11-02 12:00"), **BY)
    assert shop.account.outstanding == Money("100.00", "EUR")
    again = billed(shop, "2026-11-02 13:00")
    assert figures(again) == ("100.00", "19.00", "119.00")


@pytest.mark.usefixtures("_audited", "provider")
def test_guard_and_minimum_are_net() -> None:
    shop = german(billing_threshold="100.00")
    shop.charge("2026-11-02 10:00", "shipping-label", "199.99", "a")  # 237.99 with tax
    assert (shop.invoices(), shop.figures()) == ([], ("0.00", "199.99"))
    shop.charge("2026-11-02 11:00", "shipping-label", "0.01", "b")
    assert shop.invoices() == ["2026-11-02 THRESHOLD 238.00"]
    least = german_at_stripe()
    least.charge("2026-11-10 12:00", "pick-pack", "0.45", "a")  # 0.54 with tax, and 0.50 are taken
    least.run_jobs("2026-12-01 00:00")
    assert (least.invoices(), least.figures()[0]) == ([], "0.45")
    least.charge("2026-12-10 12:00", "pick-pack", "0.05", "b")
    least.run_jobs("2026-12-31 00:00")
    assert least.invoices() == ["2026-12-31 CYCLE 0.60"]


def german_at_stripe() -> Shop:
    """A shop of the same issuer, whose bills Stripe collects on 1 and 31 December."""
    terms = {"billing_threshold": "1000", "plan_price": "0"}
    shop = shops.join(
        "2026-11-01 10:00", "lotus", billing_currency="EUR", plan_interval_days=365, **terms
    )
    assert choose_method(shop, "2026-11-01 10:00", "stripe") == "stripe"
    issued_by(shop, "DE", "2026-11-01 10:30")
    return shop


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


@pytest.mark.usefixtures("_audited")
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


@pytest.mark.usefixtures("_audited")
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


@pytest.mark.usefixtures("_audited")
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


@pytest.mark.usefixtures("_audited")
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


def test_what_cannot_be_a_rate_is_refused() -> None:
    IssuerFactory.create()
    for said in (
        {"percent": "0"},
        {"percent": "100"},
        {"percent": "19.0001"},
        {"percent": "7", "country": "XX"},
        {"percent": "7", "tax_class": "ZERO"},
        {"percent": "0", "tax_class": "OUTSIDE"},
        {"percent": "7", "sentence": "It is so."},
        {"percent": "7", "reason": ""},
    ):
        with pytest.raises(Invalid), nothing_changes():
            rate(**said)
    with pytest.raises(tax_rates.TaxOfThePast), nothing_changes():
        rate("7", starts_on="2026-10-01")
    rate("7", starts_on="2026-10-02")


@pytest.mark.usefixtures("_audited")
def test_an_operator_has_a_merchant_treated_otherwise() -> None:
    shop = german()
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    decide: dict[str, Any] = {"merchant_id": shop.merchant.pk, **BY}
    with pytest.raises(Invalid), nothing_changes():
        tax_treatments.decide(
            treatment="NONE", starts_on=date(2026, 11, 1), now=shop.at("2026-11-02 11:00"), **decide
        )
    tax_treatments.decide(
        treatment="OUTSIDE_SCOPE",
        starts_on=date(2026, 11, 1),
        now=shop.at("2026-11-02 11:00"),
        **decide,
    )
    assert taxes(billed(shop, "2026-11-02 12:00")) == ["O 0: 100.00 0.00"]
    tax_treatments.decide(
        treatment="", starts_on=date(2026, 11, 3), now=shop.at("2026-11-03 09:00"), **decide
    )
    shop.charge("2026-11-03 10:00", "pick-pack", "100.00", "b")
    assert taxes(billed(shop, "2026-11-03 12:00")) == ["S 19: 100.00 19.00"]


@pytest.mark.usefixtures("_audited")
def test_fees_are_taxed_by_their_class() -> None:
    shop = german()
    classes = {"receiving": "REDUCED", "packaging": "EXEMPT", "app-usage": "OUTSIDE"}
    for fee, tax_class in classes.items():
        tax_rates.classify(
            fee=fee, tax_class=tax_class, starts_on=date(2026, 10, 15), now=EARLY, **BY
        )
    rate("0", tax_class="EXEMPT", sentence="Steuerfrei nach § 4 UStG.")
    for fee in (*classes, "pick-pack"):
        shop.charge("2026-11-02 10:00", fee, "100.00", fee)
    # A class without a rate of its own has the standard one.
    assert taxes(billed(shop, "2026-11-02 11:00")) == [
        "E 0: 100.00 0.00",
        "O 0: 100.00 0.00",
        "S 19: 200.00 38.00",
    ]
    rate("7", tax_class="REDUCED", starts_on="2026-11-04", now=shop.at("2026-11-02 12:00"))
    for fee in ("receiving", "pick-pack"):
        shop.charge("2026-11-04 10:00", fee, "100.00", f"{fee}-2")
    second = billed(shop, "2026-11-04 11:00")
    assert taxes(second) == ["S 7: 100.00 7.00", "S 19: 100.00 19.00"]
    for wrong in ("payment-reversal", "nothing"):
        with pytest.raises(Invalid), nothing_changes():
            tax_rates.classify(
                fee=wrong, tax_class="ZERO", starts_on=date(2027, 1, 1), now=EARLY, **BY
            )


def test_a_bill_with_tax_says_so_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch)("2026-11-04 10:00")
    shop = german()
    DetailsFactory.create(shop=shop, at="2026-11-01 10:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "100.05", "a")
    DetailsFactory.create(shop=shop, at="2026-11-03 08:00", **FRENCH)
    shop.charge("2026-11-03 10:00", "pick-pack", "40.00", "b")
    invoice = billed(shop, "2026-11-03 11:00")
    invoice = Invoice.objects.get(pk=invoice.pk)
    paper = "\n".join(pages_of(pdf.invoice_pdf(invoice, now=invoice.issued_at))).replace(" EUR", "")
    for said in (
        "Fee Tax rate Number Amount",
        "Pick and pack 19% 1 100.05",
        "Pick and pack Reverse charge 1 40.00",
        "Without tax 140.05 Tax 19% on 100.05 19.01 Reverse charge on 40.00 0.00 Total 159.06",
        "Reverse charge: the recipient of the service owes the tax.",
    ):
        assert said in paper
    page = text_of(browser_of(member(shop)).get("/m/rosewood/billing/invoices/DE-2026-000001/"))
    for said in ("Tax in it 19.01", "Without tax 140.05", "Tax 19% on 100.05", "Total 2 159.06"):
        assert said in page.replace("€", "").replace("EUR", "")
    rows = list(csv.DictReader(io.StringIO(b"".join(Export(invoice).blocks()).decode())))
    assert [
        (row["Charge category"], row["Amount"], row["Tax category"], row["Tax rate"])
        for row in rows
    ] == [
        ("Fulfilment", "100.05", "S", "19"),
        ("Fulfilment", "40.00", "AE", "0"),
        ("Tax", "19.01", "S", "19"),
        ("Tax", "0.00", "AE", "0"),
    ]
    statement = browser_of(member(shop)).get("/m/rosewood/billing/statements/2026-11/")
    assert "Total 2 140.05" in text_of(statement).replace("€", "").replace("EUR ", "")
    without = "Amounts are without tax, which is added on your bills."
    assert without in text_of(statement)
    assert [row["Tax"] for row in statement_rows(shop)] == ["not in the amount, added on bills"] * 2
    shop.run_jobs("2026-12-01 00:00")
    (page_1, *_) = pages_of(pdf.statement_pdf(shop.account.statements.get()))
    assert f"from 1 Nov 2026 to 30 Nov 2026. {without}" in page_1
    assert [row["Tax"] for row in statement_rows(shop)] == ["not in the amount, added on bills"] * 2
    months = browser_of(member(shop)).get("/m/rosewood/billing/statements.csv").getvalue()
    assert "not in the amount, added on bills" in months.decode()
    of_list = browser_of(member(shop)).get("/m/rosewood/billing/invoices.csv").getvalue().decode()
    (row,) = csv.DictReader(io.StringIO(of_list.removeprefix("\ufeff")))
    assert (row["Total"], row["Tax"]) == ("159.06", "19.01")
    (told,) = books.of([shop.merchant.pk])[shop.merchant.pk]["invoices"]
    assert (told["total"], told["tax"], [one["tax"] for one in told["taxes"]]) == (
        *("159.06", "19.01"),
        ["19.01", "0.00"],
    )
    assert [line["tax_percent"] for line in told["lines"]] == ["19", "0"]
    answer = told_by(Caller("read").get("/merchants/rosewood/invoices/DE-2026-000001"))
    assert (answer["invoice"]["total"], answer["invoice"]["tax"]) == ("159.06", "19.01")
    assert answer["taxes"] == [
        {"category": "S", "percent": "19", "base": "100.05", "tax": "19.01"},
        {"category": "AE", "percent": "0", "base": "40.00", "tax": "0.00"},
    ]
    assert (answer["issuer"]["country"], answer["billed_to"]["tax_number"]) == (
        *("DE", "FR40303265045"),
    )


def test_a_bill_without_tax_says_nothing_of_it() -> None:
    shop = shops.join("2026-11-01 09:00", billing_threshold="100.00")
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    invoice = shop.account.invoices.get()
    assert "Tax" not in "".join(pages_of(pdf.invoice_pdf(invoice, now=invoice.issued_at)))
    assert b"Tax" not in b"".join(Export(invoice).blocks())
    assert "tax" not in str(books.of([shop.merchant.pk])[shop.merchant.pk])
    browser = browser_of(member(shop))
    for address in ("invoices/2026-000001/", "statements/2026-11/"):
        page = text_of(browser.get(f"/m/rosewood/billing/{address}"))
        assert "tax" not in page.lower()
    assert all("Tax" not in row for row in statement_rows(shop))
    shop.run_jobs("2026-12-01 00:00")
    assert "tax" not in "".join(pages_of(pdf.statement_pdf(shop.account.statements.get()))).lower()


def statement_rows(shop: Shop) -> list[dict[str, str]]:
    content = browser_of(member(shop)).get("/m/rosewood/billing/statements/2026-11.csv").getvalue()
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_coming_bills_are_forecast_with_tax(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = german(plan_price="39.00")
    (coming, *_) = forecast.forecast(shop.account, today=date(2026, 11, 2)).coming
    assert (str(coming.net.amount), str(coming.tax.amount), str(coming.total.amount)) == (
        *("39.00", "7.41", "46.41"),
    )
    set_clock(monkeypatch)("2026-11-02 10:00")
    page = text_of(browser_of(member(shop)).get("/m/rosewood/billing/outlook/"))
    assert "with tax: 7.41" in page.replace("€", "").replace("EUR ", "")
    assert "46.41" in page
