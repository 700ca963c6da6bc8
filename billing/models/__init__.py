"""What the platform asks a merchant to pay, and what was paid.

Fee             what a charge can be for, and when it posts.
BillingAccount  one per merchant; outstanding and accruing are running sums of unbilled items.
Charge          one fee for one thing that happened; inserted once, never changed.
InvoiceItem     the charges of one fee and posting day; on at most one bill that is not void.
Statement       one per merchant and calendar month; fixed for ever once closed.
StatementTotal  count and sum of a statement's charges of one fee, kept with every charge.
Invoice         the bill: a frozen copy of names and lines, with a gapless number.
InvoiceLine     one item as it was when the bill was issued.
NumberSeries    the last bill number given out in a year.
Payment         one attempt to collect a bill.
"""

from billing.models.accounts import BillingAccount
from billing.models.charges import Charge, InvoiceItem
from billing.models.fees import Fee
from billing.models.invoices import Invoice, InvoiceLine, NumberSeries
from billing.models.payments import Payment
from billing.models.statements import Statement, StatementTotal

__all__ = [
    "BillingAccount",
    "Charge",
    "Fee",
    "Invoice",
    "InvoiceItem",
    "InvoiceLine",
    "NumberSeries",
    "Payment",
    "Statement",
    "StatementTotal",
]
