"""Where routes find a merchant's billing book, and addresses within it."""

from billing.models import BillingAccount, Invoice
from billing.queries import invoices
from gateway.api.access import OF_MERCHANT
from gateway.api.problems import Problem
from merchants.models import Merchant

MONTH = f"{OF_MERCHANT}/statements/{{month:month}}"
INVOICE = f"{OF_MERCHANT}/invoices/{{reference:number}}"


def account_of(merchant: Merchant) -> BillingAccount:
    """Read the merchant's billing account. Raises BillingAccount.DoesNotExist if it has none."""
    return BillingAccount.objects.get(merchant=merchant)


def invoice_of(merchant: Merchant, number: str) -> Invoice:
    """Look up the merchant's invoice with this number. Raises Problem (404) if there is none."""
    found = invoices.by_number(account_of(merchant), number)
    if found is None:
        raise Problem(404, "not_found", f"There is no invoice {number}.")
    return found
