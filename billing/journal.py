"""What billing tells the journal: what posts, bills and their taxes, payments, unapplied money,
transfers, payments taken back, and what providers paid out and lines of bank statements (rule 29.6,
rule 29.18).
"""

from billing.models import Fee
from billing.models.fees import Category
from lib.journal import (
    ACCOUNTS,
    BALANCES,
    MOVEMENTS,
    SOURCES,
    Account,
    Balance,
    Movements,
    Nature,
    Source,
)

ASSET, LIABILITY, INCOME, EXPENSE = Nature.ASSET, Nature.LIABILITY, Nature.INCOME, Nature.EXPENSE

# The codes of the accounts of fees, by their class.
_FEES = {
    Category.FULFILMENT: "4000",
    Category.SHIPPING: "4010",
    Category.SUBSCRIPTION: "4020",
    Category.APP: "4030",
    Category.TRANSACTION: "4040",
    Category.FULFILMENT_CREDIT: "4100",
    Category.SHIPPING_CREDIT: "4110",
    Category.ACCOUNT_CREDIT: "4120",
}
OWN_ACCOUNTS = (
    Account("receivable", "1100", "Receivable from merchants", ASSET,
            "What is left to pay of open bills, tax included."),
    Account("unbilled", "1110", "Posted and not billed", ASSET,
            "What is outstanding, and what drafts hold; without tax."),
    Account("doubtful", "1120", "Bills given up", ASSET,
            "What is left to pay of uncollectible bills."),
    Account("reversals", "1150", "Payments taken back", ASSET,
            "What was taken back and is neither charged again nor accepted."),
    Account("bank", "1220", "Bank account", ASSET,
            "What lines of the account's statements were booked as.", is_stem=True),
    Account("cash.stripe", "1210", "Stripe", ASSET, "Card payments, less those taken back."),
    Account("between.credit", "1320", "Credit used for bills", ASSET,
            "Between a payment by credit and its charge: 0 as soon as both are written."),
    Account("between.transfers", "1330", "Transfers booked elsewhere", ASSET,
            "Between two merchants; 0 over all of them."),
    Account("unapplied", "2030", "Unapplied money of merchants", LIABILITY,
            "Money that no bill has used."),
    Account("tax", "2200", "Tax", LIABILITY,
            "Tax of bills, of each country and rate.", is_stem=True),
    Account("opening.bills", "3010", "Bills settled before they came here", Nature.EQUITY,
            "Bills that were paid outside before the books were live."),
    Account("fees", "4090", "Other fees", INCOME, "Fees of no class below.", is_stem=True),
    *(Account(f"fees.{category}", code, f"Fees: {str(category).replace('_', ' ').lower()}", INCOME,
              "What posted, without tax.") for category, code in _FEES.items()),
    Account("waived", "6000", "Waived", EXPENSE,
            "Rests and bills that were not asked for."),
    Account("provider_fees", "6030", "Fees of payment providers", EXPENSE,
            "What a provider kept of payments, and for disputes."),
    Account("reversals.accepted", "6010", "Payments taken back and accepted", EXPENSE,
            "What was taken back and the merchant is not charged again."),
)  # fmt: skip

# What charges of these fees (Fee.SETTLING) settle; every other fee but REST_TAX is earned.
_SETTLED = {
    Fee.PAYOUT: "cash.manual",
    Fee.CREDIT_USED: "between.credit",
    Fee.WAIVER: "waived",
    Fee.INVOICE_WAIVER: "waived",
    Fee.REVERSAL: "reversals",
    Fee.TRANSFER_MOVED: "between.transfers",
}
_OF_FEE = " ".join(f"WHEN '{fee}' THEN '{account}'" for fee, account in _SETTLED.items())
_TAX_ACCOUNT = "'tax.' || {country} || '.' || trim_scale(tax.percent)::text"
UNKNOWN = "ZZ"  # in the place of a country
# Where the issuer is whose tax a closed account's rest is credited: as it was kept, or that of the
# bill which its credits correct; in rows of before it was kept, of the last bill before, or of the
# next.
_REST_COUNTRY = f"""coalesce(nullif(tax.country, ''), (
    SELECT version.country FROM billing_invoice corrected
    JOIN billing_issuerversion version ON version.id = corrected.issuer_id
    WHERE corrected.id = tax.corrects_id
), (
    SELECT version.country FROM billing_invoice before
    JOIN billing_issuerversion version ON version.id = before.issuer_id
    WHERE before.account_id = charge.account_id AND before.issued_at <= charge.arrived_at
    ORDER BY before.issued_at DESC, before.id DESC LIMIT 1
), (
    SELECT version.country FROM billing_billingaccount account
    JOIN billing_issuer issuer ON issuer.id = account.issuer_id
    JOIN billing_issuerversion version ON version.id = issuer.present_id
    WHERE account.merchant_id = charge.account_id
), '{UNKNOWN}')"""
_POSTED = Source(
    50,
    "posted",
    "billing.InvoiceItem",
    "billing_invoiceitem written JOIN billing_fee fee ON fee.code = written.fee_id",
    "written.account_id",
    "written.posted_at",
    "written.fee_id || ' posted on ' || written.posting_on::text",
    f"""SELECT 1, 'unbilled', written.amount
        UNION ALL
        SELECT 2, CASE written.fee_id {_OF_FEE} ELSE 'fees.' || fee.category END, -written.amount
        WHERE written.fee_id <> '{Fee.REST_TAX}'
        UNION ALL
        SELECT 1 + row_number() OVER (ORDER BY tax.id),
               {_TAX_ACCOUNT.format(country=_REST_COUNTRY)}, -tax.tax
        FROM billing_charge charge JOIN billing_invoicetax tax ON tax.rest_id = charge.id
        WHERE written.fee_id = '{Fee.REST_TAX}' AND charge.item_id = written.id""",
    only="written.posted_at IS NOT NULL",
    day="written.posting_on",
)
_INVOICE = """
SELECT 1, 'receivable', {sign}invoice.total
UNION ALL SELECT 2, 'unbilled', -({sign}(invoice.total - invoice.tax))
UNION ALL SELECT 2 + row_number() OVER (ORDER BY tax.percent, tax.account), tax.account,
                 -({sign}sum(tax.tax))
          FROM (SELECT tax.percent, tax.tax, {account} AS account
                FROM billing_invoicetax tax WHERE tax.invoice_id = invoice.id) tax
          GROUP BY tax.percent, tax.account
"""
# A bill of the installation's own issuer, which has no country, has no tax but that of what it
# corrects on bills of others, and of what it takes back that a closed account's rest was credited:
# of the country that was kept, or in rows of before, of the last bill of another issuer.
_INVOICE_TAX = _TAX_ACCOUNT.format(
    country=f"""coalesce(version.country, nullif(tax.country, ''), (
        SELECT of_corrected.country FROM billing_invoice corrected
        JOIN billing_issuerversion of_corrected ON of_corrected.id = corrected.issuer_id
        WHERE corrected.id = tax.corrects_id
    ), (
        SELECT of_before.country FROM billing_invoice before
        JOIN billing_issuerversion of_before ON of_before.id = before.issuer_id
        WHERE before.account_id = invoice.account_id AND before.id < invoice.id
        ORDER BY before.id DESC LIMIT 1
    ), '{UNKNOWN}')"""
)
_ISSUED = Source(
    60,
    "bill",
    "billing.Invoice",
    """billing_invoice written JOIN billing_invoice invoice ON invoice.id = written.id
       LEFT JOIN billing_issuerversion version ON version.id = written.issuer_id""",
    "written.account_id",
    "written.issued_at",
    "'bill ' || written.number",
    _INVOICE.format(sign="", account=_INVOICE_TAX),
    only="written.number IS NOT NULL",
    day="written.issued_on",
)
_DECISION = """
(SELECT decision.*, invoice.currency FROM billing_invoicedecision decision
 JOIN billing_invoice invoice ON invoice.id = decision.invoice_id) written
JOIN billing_invoice invoice ON invoice.id = written.invoice_id
"""
_VOID = Source(
    65,
    "bill-void",
    "billing.InvoiceDecision",
    f"""{_DECISION}
        LEFT JOIN billing_issuerversion version ON version.id = invoice.issuer_id
        LEFT JOIN billing_creditnote note ON note.invoice_id = invoice.id""",
    "invoice.account_id",
    "written.at",
    "coalesce('credit note ' || note.number || ' of', 'void') || ' bill ' || invoice.number",
    _INVOICE.format(sign="-", account=_INVOICE_TAX),
    only="written.decision = 'VOIDED'",
)
# What is paid at the instant at which a bill is given up counts as paid before it.
_UNPAID_THEN = """
SELECT invoice.total - coalesce(sum(payment.amount), 0) AS amount
FROM billing_payment payment
WHERE payment.invoice_id = invoice.id AND payment.status = 'SUCCEEDED'
  AND payment.ended_at <= {at}
"""
_GIVEN_UP = Source(
    85,
    "bill-given-up",
    "billing.InvoiceDecision",
    f"{_DECISION} CROSS JOIN LATERAL ({_UNPAID_THEN.format(at='written.at')}) unpaid",
    "invoice.account_id",
    "written.at",
    "'bill ' || invoice.number || ' given up'",
    "VALUES (1, 'doubtful', unpaid.amount), (2, 'receivable', -unpaid.amount)",
    only="written.decision = 'UNCOLLECTIBLE'",
)
_PAID = Source(
    80,
    "payment",
    "billing.Payment",
    """billing_payment written JOIN billing_invoice invoice ON invoice.id = written.invoice_id
       LEFT JOIN billing_invoicedecision given_up ON given_up.invoice_id = invoice.id
            AND given_up.decision = 'UNCOLLECTIBLE'""",
    "invoice.account_id",
    "written.ended_at",
    "'payment ' || written.idempotency_key || ' of bill ' || invoice.number",
    """VALUES (1, CASE written.provider WHEN 'unapplied' THEN 'unapplied'
                      WHEN 'credit' THEN 'between.credit' WHEN 'proceeds' THEN 'between.proceeds'
                      WHEN 'moved-in' THEN 'opening.bills'
                      ELSE 'cash.' || written.provider END, written.amount),
              (2, CASE WHEN given_up.at < written.ended_at THEN 'doubtful' ELSE 'receivable' END,
               -written.amount)""",
    only="written.status = 'SUCCEEDED'",
)
# Money that was used stands in the payment that it made.
_UNAPPLIED = Source(
    75,
    "unapplied",
    "billing.UnappliedEntry",
    """billing_unappliedentry written
       LEFT JOIN billing_payment payment ON payment.id = written.payment_id
       LEFT JOIN billing_banktransfer transfer ON transfer.entry_id = written.id
       LEFT JOIN billing_banktransfer elsewhere ON elsewhere.becomes_id = transfer.id""",
    "written.account_id",
    "written.at",
    """CASE WHEN payment.id IS NOT NULL THEN 'money for payment ' || payment.idempotency_key
            WHEN written.kind = 'MOVED' THEN 'transfer ' || written.reference || ' booked elsewhere'
            ELSE replace(written.source, ':', ' ') END""",
    """VALUES (1, 'unapplied', -written.amount),
              (2, CASE written.kind WHEN 'GIVEN_BACK' THEN 'cash.manual'
                      WHEN 'REVERSED' THEN 'reversals' WHEN 'MOVED' THEN 'between.transfers'
                      ELSE CASE WHEN starts_with(written.source, 'returned:') THEN 'reversals'
                                WHEN elsewhere.id IS NOT NULL THEN 'between.transfers'
                                ELSE 'cash.' || coalesce(payment.provider, 'manual') END END,
               written.amount)""",
    only="written.kind <> 'USED'",
)
_NEVER_CAME = Source(
    90,
    "transfer-never-came",
    "billing.BankTransfer",
    "billing_banktransfer written",
    "written.account_id",
    "written.moved_at",
    "'transfer ' || written.reference || ' never came'",
    "VALUES (1, 'between.transfers', written.amount), (2, 'cash.manual', -written.amount)",
    only="written.status = 'MOVED' AND written.becomes_id IS NULL",
)
_TAKEN_BACK = Source(
    70,
    "reversal",
    "billing.Reversal",
    "billing_reversal written",
    "written.account_id",
    "written.recorded_at",
    "'reversal ' || written.provider_reference",
    "VALUES (1, 'reversals', written.amount), (2, 'cash.' || written.provider, -written.amount)",
)
_ACCEPTED = Source(
    95,
    "reversal-accepted",
    "billing.Reversal",
    "billing_reversal written",
    "written.account_id",
    "written.decided_at",
    "'reversal ' || written.provider_reference || ' accepted'",
    """VALUES (1, 'reversals.accepted', written.amount - written.taken),
              (2, 'reversals', written.taken - written.amount)""",
    only="written.status = 'ACCEPTED'",
)
_KEPT = "CASE written.status WHEN 'ACCEPTED' THEN written.amount - written.taken ELSE 0 END"
_CAME_BACK = Source(
    72,
    "reversal-came-back",
    "billing.Reversal",
    "billing_reversal written",
    "written.account_id",
    "written.came_back_at",
    "'reversal ' || written.provider_reference || ' came back'",
    f"""VALUES (1, 'cash.' || written.provider, written.amount),
               (2, 'reversals', {_KEPT} - written.amount), (3, 'reversals.accepted', -{_KEPT})""",
    only="written.came_back_at IS NOT NULL",
)

# What came to a bank account, or left it again, once its statement says so. Until then, and where
# no statements are taken, a transfer's money is in cash.manual.
_BANK_LINE = Source(
    97,
    "bank-line",
    "billing.BankLine",
    """billing_bankline written
       JOIN billing_bankstatement statement ON statement.id = written.statement_id""",
    "written.account_id",
    "written.booked_at",
    "'line ' || written.number || ' of bank statement ' || statement.name",
    """VALUES (1, 'bank.' || statement.account, written.amount),
              (2, 'cash.manual', -written.amount)""",
    only="written.status = 'BOOKED'",
)

# A row of a payout that arrived: what reached the bank, what the provider kept, and both out of
# what it had taken.
_PAID_OUT = Source(
    98,
    "provider-payout",
    "billing.ProviderMovement",
    "billing_providermovement written JOIN billing_providerpayout payout"
    " ON payout.id = written.payout_id",
    "written.account_id",
    "written.entered_at",
    "lower(written.kind) || ' ' || written.reference || ' in payout ' || payout.reference",
    """VALUES (1, 'cash.manual', written.net), (2, 'provider_fees', written.fee),
              (3, 'cash.' || payout.provider, -written.gross)""",
    only="written.entered_at IS NOT NULL",
    # A journal's entry has no day after its instant.
    day="least(payout.arrives_on, (written.entered_at AT TIME ZONE 'UTC')::date)",
)

OWN_BALANCES = (
    Balance(
        "receivable",
        """SELECT account_id, sum(total - amount_paid) FROM billing_invoice
           WHERE status = 'OPEN' GROUP BY account_id""",
    ),
    Balance(
        "doubtful",
        """SELECT account_id, sum(total - amount_paid) FROM billing_invoice
           WHERE status = 'UNCOLLECTIBLE' GROUP BY account_id""",
    ),
    Balance(
        "unbilled",
        """SELECT merchant_id, outstanding + coalesce(draft.net, 0) FROM billing_billingaccount
           LEFT JOIN (
               SELECT account_id, sum(total - tax) AS net FROM billing_invoice
               WHERE status = 'DRAFT' GROUP BY account_id
           ) draft ON draft.account_id = merchant_id""",
    ),
    Balance("unapplied", "SELECT merchant_id, -unapplied FROM billing_billingaccount"),
    Balance(
        "reversals",
        """SELECT account_id, sum(amount - taken) FROM billing_reversal
           WHERE status = 'RECORDED' GROUP BY account_id""",
    ),
    Balance("between.proceeds", "SELECT merchant_id, 0::numeric FROM billing_billingaccount"),
    Balance("between.credit", "SELECT merchant_id, 0::numeric FROM billing_billingaccount"),
)
_OF_INVOICE = "JOIN billing_invoice invoice ON invoice.id = invoice_id"
OWN_MOVEMENTS = (
    Movements(
        "posted",
        """SELECT account_id, id FROM billing_invoiceitem
           WHERE posted_at IS NOT NULL AND amount <> 0""",
    ),
    Movements("bill", "SELECT account_id, id FROM billing_invoice WHERE number IS NOT NULL"),
    Movements(
        "bill-void",
        f"""SELECT account_id, decision.id FROM billing_invoicedecision decision {_OF_INVOICE}
            WHERE decision = 'VOIDED'""",
    ),
    Movements(
        "bill-given-up",
        f"""SELECT account_id, decision.id FROM billing_invoicedecision decision {_OF_INVOICE}
            WHERE decision = 'UNCOLLECTIBLE'
              AND ({_UNPAID_THEN.format(at="decision.at")}) <> 0""",
    ),
    Movements(
        "payment",
        f"""SELECT account_id, payment.id FROM billing_payment payment {_OF_INVOICE}
            WHERE payment.status = 'SUCCEEDED'""",
    ),
    Movements(
        "unapplied", "SELECT account_id, id FROM billing_unappliedentry WHERE kind <> 'USED'"
    ),
    Movements(
        "transfer-never-came",
        """SELECT account_id, id FROM billing_banktransfer
           WHERE status = 'MOVED' AND becomes_id IS NULL""",
    ),
    Movements("reversal", "SELECT account_id, id FROM billing_reversal"),
    Movements(
        "reversal-accepted",
        """SELECT account_id, id FROM billing_reversal
           WHERE status = 'ACCEPTED' AND amount > taken""",
    ),
    Movements(
        "reversal-came-back",
        "SELECT account_id, id FROM billing_reversal WHERE came_back_at IS NOT NULL",
    ),
    Movements("bank-line", "SELECT account_id, id FROM billing_bankline WHERE status = 'BOOKED'"),
    Movements(
        "provider-payout",
        """SELECT account_id, id FROM billing_providermovement
           WHERE entered_at IS NOT NULL AND (gross <> 0 OR fee <> 0)""",
    ),
)


def register() -> None:
    """Register with the journal billing's accounts, sources, and the balances and movements that
    the audit holds against them. Called once, when a program starts.
    """
    ACCOUNTS.register(*OWN_ACCOUNTS)
    SOURCES.register(
        *(_POSTED, _ISSUED, _VOID, _GIVEN_UP, _PAID, _UNAPPLIED, _NEVER_CAME),
        *(_TAKEN_BACK, _ACCEPTED, _CAME_BACK, _BANK_LINE, _PAID_OUT),
    )
    BALANCES.register(*OWN_BALANCES)
    MOVEMENTS.register(*OWN_MOVEMENTS)
