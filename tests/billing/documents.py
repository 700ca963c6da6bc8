"""What tests of documents have in common: a bill and a statement as PDF."""

from billing.documents import pdf
from billing.models import Invoice, Statement
from tests import shops
from tests.factories import ChargeFactory
from tests.shops import Shop


def billed(**terms: str) -> Shop:
    """A threshold bill of 225.00 on 12 November, the merchant's only one unless it pays a plan."""
    shop = shops.join("2026-11-01 09:00", **terms)
    shop.charge("2026-11-10 10:00", "app-usage", "15.00")
    shop.charge("2026-11-12 15:00", "shipping-label", "210.00")
    shop.run_jobs("2026-11-13 00:00")
    return shop


def invoice_of(shop: Shop) -> bytes:
    """The PDF of the shop's latest bill, as of 20 Nov 2026."""
    invoice = Invoice.objects.filter(account=shop.account).latest("issued_at")
    return pdf.invoice_pdf(invoice, now=shop.at("2026-11-20 10:00"))


def closed(**terms: str) -> Shop:
    """A shop with three charges in October, which is closed; the one of September came late."""
    shop = shops.join("2026-09-01 09:00", **terms)
    shop.charge("2026-09-05 10:00", "pick-pack", "1.00")
    shop.run_jobs("2026-10-01 00:00")
    ChargeFactory.create(
        shop=shop, at="2026-09-30 10:00", arrived="2026-10-02 11:00", fee="packaging", amount="3.00"
    )
    shop.charge("2026-10-03 10:00", "pick-pack", "3.50", "c-1", request="FR-7", quantity="2.5")
    shop.charge("2026-10-05 15:00", "shipping-label", "12.00", "c-2", description="Two dresses")
    shop.run_jobs("2026-11-01 00:00")
    return shop


def statement_of(shop: Shop, month: str = "2026-10-01") -> bytes:
    """The PDF of the shop's statement of this month."""
    return pdf.statement_pdf(Statement.objects.get(account=shop.account, month=month))
