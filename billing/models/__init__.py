"""What the platform asks a merchant to pay, and what was paid.

Fee                what a charge can be for, and when it posts.
FeePrice           what a unit of a fee costs from a day on; append-only.
BillingAccount     one per merchant; outstanding and accruing are running sums of unbilled items.
PlanTerm           what the plan costs from a plan date on; append-only.
AccountChange      who changed an account's terms, and why; append-only.
Charge             one fee for one thing that happened; inserted once, never changed.
FulfilmentRequest  what charges of one piece of work belong to; its costs are their sum.
BillingCredit      money given back; approved, it is a negative charge, and never more than its own.
ThresholdRequest   a merchant asks for a higher threshold; decided once.
BillingQuestion    a merchant asks about its charges or bills; answered once.
InvoiceItem        the charges of one fee and posting day; on at most one bill that is not void.
Statement          one per merchant and calendar month; fixed for ever once closed.
StatementTotal     count and sum of a statement's charges of one fee, kept with every charge.
Invoice            the bill: a frozen copy of names and lines, with a gapless number.
InvoiceLine        one item as it was when the bill was written; lines make the bill's total.
InvoiceDecision    what an operator decided about a bill; append-only.
NumberSeries       the last bill number given out in a series and year.
Issuer             a legal entity that issues bills; its prefix begins their numbers.
IssuerVersion      an issuer as bills from an instant on name it; append-only.
BillingDetails     whom a merchant's bills are made out to; each version is decided about once.
TaxRate            the rate of a class of fees in an issuer's country from a day on; append-only.
FeeTaxClass        the tax class of a fee from a day on; append-only.
TaxTreatment       how an operator has a merchant treated from a day on; append-only.
CreditNote         takes back an issuer's bill that was voided, and mirrors it; append-only.
Clearance          a bill or note on its way through a tax office, until its number came back.
SandboxClearing    what the sandbox of a tax office received; no part of the books.
InvoiceTax         the tax of one rate on a bill; a bill's rows make its tax.
ChartAccount       code and name of an account of the journal from then on; append-only.
JournalLock        a month of the journal that is locked for the accountant; append-only.
JournalCount       what the journal of one cell has of a locked month, where there are cells.
Card               what a provider collects from by itself.
Payment            one attempt to collect a bill; a paid bill's succeeded payments are its total.
Reversal           money of a payment that its provider took back; never more than the payment.
BankTransfer       a transfer that an operator recorded; booked elsewhere, it is asked for again.
BankFile           a file that came from a bank; append-only.
BankStatement      a statement of one of our accounts; those that are taken follow each other.
BankLine           a payment that a statement has; booked once, as a transfer or a reversal.
DueDay             a later due day that an operator gave a bill; append-only.
CollectionPause    a time in which a bill is not tried by itself; ends once.
Waiver             a part of a bill that is not asked for: a credit that pays it; append-only.
PaymentPlan        dated parts in which a bill is paid; one of a bill in force, ends once.
PaymentPlanPart    what is paid of a plan on one day; append-only.
ProviderPayout     a sum that a provider sent to our bank, with the sums of its movements.
ProviderMovement   a row of a payout; a payment of ours is in one once.
ProviderDifference  where a provider's payouts and our books differ; ends by itself, once.
ProviderDay        what a provider took on a day, beside what we have of it; written by a job.
BillingAddress     a mailbox that gets bills and statements; confirmed by a link of its own.
DocumentMail       that a document was mailed to an address; written once, append-only.
YearArchive        a ZIP file of a year's documents, kept for some days in ArchiveParts.
UnappliedEntry     money that no bill wanted, and what became of it; append-only running sum.
"""

from billing.models.accounts import AccountChange, BillingAccount, PlanTerm
from billing.models.banks import BankFile, BankLine, BankStatement
from billing.models.charges import Charge, FulfilmentRequest, InvoiceItem
from billing.models.clearances import Clearance, SandboxClearing
from billing.models.collecting import CollectionPause, DueDay, Waiver
from billing.models.credit_notes import CreditNote
from billing.models.credits import BillingCredit
from billing.models.documents import ArchivePart, BillingAddress, DocumentMail, YearArchive
from billing.models.fees import Fee
from billing.models.invoices import Invoice, InvoiceDecision, InvoiceLine, NumberSeries
from billing.models.journal import ChartAccount, JournalCount, JournalLock
from billing.models.parties import BillingDetails, ClearingProvider, Issuer, IssuerVersion
from billing.models.payment_plans import PaymentPlan, PaymentPlanPart
from billing.models.payments import Card, Payment
from billing.models.prices import FeePrice
from billing.models.provider_days import ProviderDay
from billing.models.provider_payouts import (
    ProviderDifference,
    ProviderMovement,
    ProviderPayout,
)
from billing.models.questions import BillingQuestion
from billing.models.requests import ThresholdRequest
from billing.models.reversals import Reversal
from billing.models.statements import Statement, StatementTotal
from billing.models.tax import FeeTaxClass, InvoiceTax, TaxRate, TaxTreatment
from billing.models.transfers import BankTransfer
from billing.models.unapplied import UnappliedEntry

__all__ = [
    "AccountChange",
    "ArchivePart",
    "BankFile",
    "BankLine",
    "BankStatement",
    "BankTransfer",
    "BillingAccount",
    "BillingAddress",
    "BillingCredit",
    "BillingDetails",
    "BillingQuestion",
    "Card",
    "Charge",
    "ChartAccount",
    "Clearance",
    "ClearingProvider",
    "CollectionPause",
    "CreditNote",
    "DocumentMail",
    "DueDay",
    "Fee",
    "FeePrice",
    "FeeTaxClass",
    "FulfilmentRequest",
    "Invoice",
    "InvoiceDecision",
    "InvoiceItem",
    "InvoiceLine",
    "InvoiceTax",
    "Issuer",
    "IssuerVersion",
    "JournalCount",
    "JournalLock",
    "NumberSeries",
    "Payment",
    "PaymentPlan",
    "PaymentPlanPart",
    "PlanTerm",
    "ProviderDay",
    "ProviderDifference",
    "ProviderMovement",
    "ProviderPayout",
    "Reversal",
    "SandboxClearing",
    "Statement",
    "StatementTotal",
    "TaxRate",
    "TaxTreatment",
    "ThresholdRequest",
    "UnappliedEntry",
    "Waiver",
    "YearArchive",
]
