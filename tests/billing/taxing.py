"""Shops whose bills ask for tax: issuer, rates, bills of all that is outstanding, their taxes."""

from datetime import date
from decimal import Decimal
from typing import Any

from billing.models import Invoice, InvoiceTax
from billing.operations import invoices_on_request, issuers, tax_rates
from tests import shops
from tests.factories import IssuerFactory
from tests.shops import Shop, instant

BY: dict[str, Any] = {"actor": "olga@tael.example", "reason": "as agreed"}
EARLY = instant("2026-10-01 00:00")
FRENCH = {"legal_name": "Bois de rose", "country": "FR", "tax_number": "FR40303265045"}


def rate(percent: str, *, country: str = "DE", starts_on: str = "2026-10-15", **said: Any) -> None:
    """Introduce a tax rate, in percent."""
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
    """Have the shop's bills be issued by the issuer with this prefix."""
    issuers.choose(merchant_id=shop.merchant.pk, prefix=prefix, now=shop.at(at), **BY)


def billed(shop: Shop, at: str) -> Invoice:
    """A bill of all that is outstanding."""
    return invoices_on_request.draw_up(merchant_id=shop.merchant.pk, now=shop.at(at), **BY)


def taxes(invoice: Invoice) -> list[str]:
    """The bill's taxes: category, rate, base and tax."""
    rows = InvoiceTax.objects.filter(invoice=invoice).order_by("category", "percent", "pk")
    return [f"{row.category} {row.rate:f}: {row.base.amount} {row.tax.amount}" for row in rows]


def figures(invoice: Invoice) -> tuple[str, str, str]:
    """Net, tax and total of the bill, as they stand in the database."""
    invoice = Invoice.objects.get(pk=invoice.pk)
    return str(invoice.net.amount), str(invoice.tax.amount), str(invoice.total.amount)
