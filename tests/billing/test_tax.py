"""What bills ask for with tax: rates, treatments, classes, what is rounded, and what is net."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from moneyed import Money

from billing.models import BillingAccount
from billing.operations import (
    closing,
    invoice_decisions,
    tax_rates,
    tax_treatments,
    transfers_moved,
)
from lib.refusals import Invalid
from tests import shops
from tests.billing.deciding import transfer as pay
from tests.billing.paying import choose as choose_method
from tests.billing.taxing import BY, EARLY, FRENCH, billed, figures, german, issued_by, rate, taxes
from tests.credit.pages import set_clock
from tests.factories import (
    DetailsFactory,
    GrantedCreditFactory,
    IssuerFactory,
    browser_of,
    operator,
)
from tests.shops import Shop, instant
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db


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


@pytest.mark.full  # one treatment, above
@pytest.mark.usefixtures("audited")
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


@pytest.mark.full  # one rate, above
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
    some(
        [("JPY", "10", "105", "11"), ("USD", "5", "0.10", "0.01"), ("KWD", "5", "0.010", "0.001")],
        3,
    ),
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


@pytest.mark.usefixtures("audited")
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


@pytest.mark.full  # what is outstanding is, above
@pytest.mark.usefixtures("audited", "provider")
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


@pytest.mark.usefixtures("audited", "provider")
def test_a_closed_accounts_rest_that_is_too_little_with_its_tax_is_waived() -> None:
    """0.60 net are 0.41 with the tax of what was credited, which is given back, and Stripe takes
    0.50.
    """
    german()
    shop = german_at_stripe()
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    billed(shop, "2026-11-02 11:00")
    DetailsFactory.create(shop=shop, at="2026-11-03 08:00", **FRENCH)  # no tax from now on
    GrantedCreditFactory.create(
        shop=shop, at="2026-11-03 09:00", charge="a", fee="credit-pick-pack", amount="1.00"
    )
    shop.charge("2026-11-03 10:00", "pick-pack", "1.60", "b")
    closing.close(merchant_id=shop.merchant.pk, now=shop.at("2026-11-03 11:00"), **BY)
    assert shop.invoices() == ["2026-11-02 ON_REQUEST 119.00"]
    assert shop.figures() == ("0.00", "0.00")
    written = shop.account.charges.filter(fee__in=["credit-tax", "credit-waived"]).order_by("pk")
    assert [(one.fee_id, one.amount.amount) for one in written] == [
        ("credit-tax", Decimal("-0.19")),
        ("credit-waived", Decimal("-0.41")),
    ]


def asked(shop: Shop, decision: str) -> str:
    """What a billing officer reads before this decision about the shop's account."""
    page = f"/admin/billing/billingaccount/{shop.merchant.pk}/decide/{decision}/"
    return text_of(browser_of(operator("Billing officer")).get(page)).replace(
        "\N{NO-BREAK SPACE}", " "
    )


@pytest.mark.usefixtures("provider")
def test_before_an_account_is_closed_it_is_said_what_its_rest_comes_to_with_its_tax(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    german()
    shop = german_at_stripe()
    set_clock(monkeypatch)("2026-11-02 12:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    # What waits for the end of the day is billed, too.
    shop.charge("2026-11-02 10:00", "shipping-label", "20.00", "b")
    said = asked(shop, "close")
    assert "A final bill over 142.80 EUR is issued at once." in said
    assert "On a final bill 0.00 EUR 142.80 EUR" in said
    billed(shop, "2026-11-02 11:00")
    assert "A final bill over 23.80 EUR is issued at once." in asked(shop, "close")
    DetailsFactory.create(shop=shop, at="2026-11-03 08:00", **FRENCH)  # no tax from now on
    set_clock(monkeypatch)("2026-11-03 12:00")
    GrantedCreditFactory.create(
        shop=shop, at="2026-11-03 09:00", charge="a", fee="credit-pick-pack", amount="19.40"
    )
    # 0.60 without tax, less 3.69 of tax of what was credited.
    said = asked(shop, "close")
    assert "3.09 EUR is left in the merchant's favour." in said
    assert "On a final bill 0.00 EUR 0.00 EUR" in said
    closing.close(merchant_id=shop.merchant.pk, now=shop.at("2026-11-03 13:00"), **BY)
    assert shop.invoices() == ["2026-11-02 ON_REQUEST 119.00"]
    assert shop.account.invoices.get().amount_paid == Money("3.09", "EUR")


@pytest.mark.usefixtures("provider")
def test_before_an_account_is_closed_it_is_said_that_too_little_with_its_tax_is_waived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """0.60 net, of which Stripe would take 0.50, are 0.41 with the tax of what was credited."""
    german()
    shop = german_at_stripe()
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    billed(shop, "2026-11-02 11:00")
    DetailsFactory.create(shop=shop, at="2026-11-03 08:00", **FRENCH)
    GrantedCreditFactory.create(
        shop=shop, at="2026-11-03 09:00", charge="a", fee="credit-pick-pack", amount="1.00"
    )
    shop.charge("2026-11-03 10:00", "pick-pack", "1.60", "b")
    set_clock(monkeypatch)("2026-11-03 11:00")
    said = asked(shop, "close")
    assert "0.41 EUR is less than its payment method collects, and is waived." in said
    assert "On a final bill 0.00 EUR 0.00 EUR" in said


@pytest.mark.usefixtures("provider")
def test_a_rest_that_an_operator_bills_and_that_is_too_little_is_said_to_be_waived() -> None:
    """A final bill of 0.41 that was paid by transfer is void, and Stripe takes 0.50."""
    shop = german()
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    billed(shop, "2026-11-02 11:00")
    DetailsFactory.create(shop=shop, at="2026-11-03 08:00", **FRENCH)
    GrantedCreditFactory.create(
        shop=shop, at="2026-11-03 09:00", charge="a", fee="credit-pick-pack", amount="1.00"
    )
    shop.charge("2026-11-03 10:00", "pick-pack", "1.60", "b")
    closing.close(merchant_id=shop.merchant.pk, now=shop.at("2026-11-03 11:00"), **BY)
    final = shop.account.invoices.latest("pk")
    assert figures(final) == ("0.60", "-0.19", "0.41")
    # As an older version left it, which had waived nothing.
    BillingAccount.objects.update(payment_method="stripe")
    invoice_decisions.void(invoice_id=final.pk, now=shop.at("2026-11-03 12:00"), **BY)
    assert shop.figures() == ("0.60", "0.00")
    said = text_of(
        browser_of(operator("Billing officer")).get(
            f"/admin/billing/billingaccount/{shop.merchant.pk}/decide/bill-rest/"
        )
    )
    assert "is less than its payment method collects, and is waived" in said
    closing.bill_rest(merchant_id=shop.merchant.pk, now=shop.at("2026-11-03 13:00"), **BY)
    assert shop.figures() == ("0.00", "0.00")
    assert len(shop.invoices()) == 2
    told = TrailEntry.objects.get(action="REST_BILLED")
    assert (told.before, told.after) == ({"outstanding": "0.60 EUR"}, {"outstanding": "waived"})


def credited_by_another_issuer(charged: str) -> Shop:
    """A shop whose credit of 1.00 gives 0.19 of tax back by a bill of the installation's own issuer
    that has none, closed with so much charged besides.
    """
    shop = german()
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    pay(shop, "2026-11-02 12:00", billed(shop, "2026-11-02 11:00"), "119.00", "BANK-1")
    issued_by(shop, "", "2026-11-03 08:00")
    GrantedCreditFactory.create(
        shop=shop, at="2026-11-03 09:00", charge="a", fee="credit-pick-pack", amount="1.00"
    )
    shop.charge("2026-11-03 10:00", "pick-pack", charged, "b")
    return shop


@pytest.mark.usefixtures("audited", "provider")
def test_a_rest_that_corrects_bills_of_another_issuer_is_said_to_be_waived_too() -> None:
    shop = credited_by_another_issuer("1.60")
    closing.close(merchant_id=shop.merchant.pk, now=shop.at("2026-11-03 11:00"), **BY)
    final = shop.account.invoices.latest("pk")
    assert figures(final) == ("0.60", "-0.19", "0.41")
    BillingAccount.objects.update(payment_method="stripe")
    invoice_decisions.void(invoice_id=final.pk, now=shop.at("2026-11-03 12:00"), **BY)
    assert closing.foreseen(shop.account, now=shop.at("2026-11-03 13:00")).is_waived
    closing.bill_rest(merchant_id=shop.merchant.pk, now=shop.at("2026-11-03 13:00"), **BY)
    assert shop.figures() == ("0.00", "0.00")
    assert TrailEntry.objects.get(action="REST_BILLED").after == {"outstanding": "waived"}


@pytest.mark.usefixtures("audited", "provider")
def test_the_tax_of_a_waived_rest_that_corrects_bills_of_another_issuer_is_waived_too() -> None:
    shop = credited_by_another_issuer("1.30")
    BillingAccount.objects.update(payment_method="stripe")
    closing.close(merchant_id=shop.merchant.pk, now=shop.at("2026-11-03 11:00"), **BY)
    assert shop.figures() == ("0.00", "0.00")
    transfers_moved.move(
        transfer_id=shop.account.transfers.get().pk, to="", told="It never came.",
        now=shop.at("2026-11-03 12:00"), **BY,
    )  # fmt: skip
    assert figures(shop.account.invoices.latest("pk")) == ("119.00", "0.00", "119.00")


def test_an_operator_reads_that_a_coming_bill_has_tax_besides() -> None:
    shop = german()
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    browser = browser_of(operator("Billing officer"))

    def said(decision: str) -> str:
        """What is said before the decision is taken."""
        page = f"/admin/billing/billingaccount/{shop.merchant.pk}/decide/{decision}/"
        return text_of(browser.get(page))

    assert "A bill over 100.00 EUR and its tax is issued at once" in said("bill-now")
    assert "A final bill over 119.00 EUR is issued at once." in said("close")


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


@pytest.mark.full  # by its country, above
@pytest.mark.usefixtures("audited")
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


@pytest.mark.usefixtures("audited")
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
