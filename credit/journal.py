"""What the credit book tells the journal: proceeds, cash of buyers, withdrawals, and beside the
money what is granted, held and written off (rule 29.5).
"""

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

ASSET, LIABILITY, INCOME = Nature.ASSET, Nature.LIABILITY, Nature.INCOME
MEMORANDUM = Nature.MEMORANDUM

OWN_ACCOUNTS = (
    Account("cash", "1290", "Cash at other providers", ASSET,
            "Money at a provider that has no account of its own.", is_stem=True),
    Account("cash.manual", "1200", "Bank", ASSET,
            "Transfers that came in, and what went out by files and by hand."),
    Account("cash.sandbox", "1220", "Sandbox", ASSET, "What the sandbox took and paid."),
    Account("cash.buyers", "1230", "Buyers' money taken in", ASSET,
            "What buyers paid for orders, less what was given back to them."),
    Account("between.proceeds", "1310", "Bills paid from proceeds", ASSET,
            "Between both books: 0 as soon as both have written it."),
    Account("proceeds", "2000", "Proceeds owed to merchants", LIABILITY,
            "The sum of the entries of proceeds."),
    Account("payouts", "2010", "Withdrawals on their way", LIABILITY,
            "Amounts of withdrawals that have neither been paid nor come back."),
    Account("unmatched", "2020", "Cash that no order took", LIABILITY,
            "Unmatched cash of buyers that is not settled."),
    Account("opening.proceeds", "3000", "Proceeds brought along", Nature.EQUITY,
            "Opening balances of proceeds from elsewhere."),
    Account("fees.payout", "4060", "Withdrawal fees", INCOME, "Fees of withdrawals."),
    Account("corrections", "6020", "Corrections of proceeds", Nature.EXPENSE,
            "What our people added to proceeds, less what they took."),
    Account("memo.limit", "9000", "Limits granted", MEMORANDUM, "The limits of credit lines."),
    Account("memo.orders", "9010", "Held by open orders", MEMORANDUM,
            "What buyers owe shops for open orders."),
    Account("memo.written_off", "9020", "Orders written off", MEMORANDUM,
            "What was written off of orders and neither recovered nor refunded."),
    Account("memo.contra", "9090", "Contra account of memoranda", MEMORANDUM,
            "The other side of the three."),
)  # fmt: skip

# Where an entry of proceeds comes from or goes to.
_OTHER_SIDE = """
CASE written.kind
    WHEN 'SALE' THEN CASE WHEN payment.settlement_id IS NULL
                          THEN 'cash.buyers' ELSE 'unmatched' END
    WHEN 'REFUND' THEN 'cash.buyers' WHEN 'FEE' THEN 'fees.payout'
    WHEN 'SENT_BACK' THEN 'cash.' || withdrawal.provider WHEN 'BILL_PAYMENT' THEN 'between.proceeds'
    WHEN 'RELEASED' THEN 'unmatched' WHEN 'OPENING' THEN 'opening.proceeds'
    WHEN 'CORRECTION' THEN 'corrections' ELSE 'payouts' END
"""
# A withdrawal comes back, and is taken again, with its fee, by one entry.
_WITH_FEE = "CASE written.kind WHEN 'RETURNED' THEN {0} WHEN 'TAKEN_AGAIN' THEN -{0} ELSE {1} END"
_RECOVERED = "CASE WHEN payment.status = 'RECOVERY' THEN written.amount ELSE 0 END"

_PROCEEDS = Source(
    30,
    "proceeds",
    "credit.ProceedsEntry",
    """credit_proceedsentry written
       LEFT JOIN credit_orderpayment payment ON payment.id = written.payment_id
       LEFT JOIN credit_withdrawal withdrawal ON withdrawal.id = written.withdrawal_id
       LEFT JOIN credit_order o ON o.id = written.order_id
       LEFT JOIN credit_orderrefund refund ON refund.id = written.refund_id
       LEFT JOIN credit_unmatchedsettlement settlement ON settlement.id = written.settlement_id
       LEFT JOIN credit_orderpayment released ON released.id = settlement.payment_id""",
    "written.line_id",
    "written.at",
    """CASE written.kind
           WHEN 'SALE' THEN 'payment ' || payment.reference || ' of order ' || o.reference
           WHEN 'REFUND' THEN 'refund ' || refund.reference || ' of order ' || o.reference
           WHEN 'BILL_PAYMENT' THEN 'bill payment ' || written.bill_payment
           WHEN 'RELEASED' THEN 'payment ' || released.reference || ' released'
           WHEN 'OPENING' THEN 'opening balance of proceeds'
           WHEN 'CORRECTION' THEN 'correction of proceeds ' || written.correction_id
           WHEN 'FEE' THEN 'fee of withdrawal ' || withdrawal.reference
           WHEN 'RETURNED' THEN 'withdrawal ' || withdrawal.reference || ' returned'
           WHEN 'TAKEN_AGAIN' THEN 'withdrawal ' || withdrawal.reference || ' was paid after all'
           WHEN 'SENT_BACK' THEN 'withdrawal ' || withdrawal.reference || ' sent back'
           ELSE 'withdrawal ' || withdrawal.reference END""",
    f"""VALUES (1, 'proceeds', -written.amount),
               (2, {_OTHER_SIDE}, {_WITH_FEE.format("withdrawal.amount", "written.amount")}),
               (3, 'fees.payout', {_WITH_FEE.format("withdrawal.fee", "0")}),
               (4, 'memo.written_off', -{_RECOVERED}), (5, 'memo.contra', {_RECOVERED})""",
)
_PAID_OUT = Source(
    40,
    "withdrawal-paid",
    "credit.Withdrawal",
    "credit_withdrawal written",
    "written.line_id",
    "coalesce(written.corrected_at, written.ended_at)",
    "'withdrawal ' || written.reference || ' paid'",
    """VALUES (1, 'payouts', written.amount), (2, 'cash.' || written.provider, -written.amount)""",
    only="written.status IN ('PAID', 'RETURNED_BY_BANK')",
)
_UNMATCHED = Source(
    20,
    "unmatched",
    "credit.OrderPayment",
    "credit_orderpayment written JOIN credit_order o ON o.id = written.order_id",
    "written.line_id",
    "written.arrived_at",
    "'payment ' || written.reference || ' of order ' || o.reference || ', which did not take it'",
    "VALUES (1, 'cash.buyers', written.amount), (2, 'unmatched', -written.amount)",
    only="written.status = 'UNMATCHED'",
)
_RETURNED = Source(
    45,
    "unmatched-returned",
    "credit.UnmatchedSettlement",
    """credit_unmatchedsettlement written
       JOIN credit_orderpayment payment ON payment.id = written.payment_id""",
    "written.line_id",
    "written.at",
    "'payment ' || payment.reference || ' returned by ' || written.reference",
    "VALUES (1, 'unmatched', written.amount), (2, 'cash.buyers', -written.amount)",
    only="written.kind = 'RETURNED'",
)
_LOST = "CASE written.kind WHEN 'WRITE_OFF' THEN -written.used_change ELSE 0 END"
_LIMIT = Source(
    10,
    "limit",
    "credit.LimitEntry",
    "credit_limitentry written LEFT JOIN credit_order o ON o.id = written.order_id",
    "written.line_id",
    "written.at",
    """coalesce('order ' || o.reference || ' ', 'credit limit ')
       || lower(replace(written.kind, '_', ' '))""",
    f"""VALUES (1, 'memo.limit', written.limit_change), (2, 'memo.orders', written.used_change),
               (3, 'memo.written_off', {_LOST}),
               (4, 'memo.contra', -(written.limit_change + written.used_change + {_LOST}))""",
)
_FORGIVEN = Source(
    25,
    "refund-of-written-off",
    "credit.OrderRefund",
    "credit_orderrefund written JOIN credit_order o ON o.id = written.order_id",
    "written.line_id",
    "written.arrived_at",
    "'refund ' || written.reference || ' of order ' || o.reference",
    """VALUES (1, 'memo.written_off', -written.from_written_off),
              (2, 'memo.contra', written.from_written_off)""",
)

OWN_BALANCES = (
    Balance("proceeds", "SELECT merchant_id, -proceeds FROM credit_creditline"),
    Balance(
        "payouts",
        """SELECT line_id, -sum(amount) FROM credit_withdrawal WHERE ended_at IS NULL
           GROUP BY line_id""",
    ),
    Balance(
        "unmatched",
        """SELECT line_id, -sum(amount - settled) FROM credit_orderpayment
           WHERE status = 'UNMATCHED' GROUP BY line_id""",
    ),
    Balance(
        "memo.limit",
        'SELECT merchant_id, "limit" FROM credit_creditline',
    ),
    Balance("memo.orders", "SELECT merchant_id, used FROM credit_creditline"),
    Balance(
        "memo.written_off",
        """SELECT line_id, sum(written_off - recovered - refunded_written_off) FROM credit_order
           WHERE written_off > 0 GROUP BY line_id""",
    ),
)
OWN_MOVEMENTS = (
    Movements("proceeds", "SELECT line_id, id FROM credit_proceedsentry"),
    Movements(
        "withdrawal-paid",
        """SELECT line_id, id FROM credit_withdrawal
           WHERE status IN ('PAID', 'RETURNED_BY_BANK')""",
    ),
    Movements(
        "unmatched", "SELECT line_id, id FROM credit_orderpayment WHERE status = 'UNMATCHED'"
    ),
    Movements(
        "unmatched-returned",
        "SELECT line_id, id FROM credit_unmatchedsettlement WHERE kind = 'RETURNED'",
    ),
    Movements(
        "limit",
        """SELECT line_id, id FROM credit_limitentry
           WHERE limit_change <> 0 OR used_change <> 0""",
    ),
    Movements(
        "refund-of-written-off",
        "SELECT line_id, id FROM credit_orderrefund WHERE from_written_off > 0",
    ),
)


def register() -> None:
    """Register the accounts, sources and figures of the credit book with the journal."""
    ACCOUNTS.register(*OWN_ACCOUNTS)
    SOURCES.register(_PROCEEDS, _PAID_OUT, _UNMATCHED, _RETURNED, _LIMIT, _FORGIVEN)
    BALANCES.register(*OWN_BALANCES)
    MOVEMENTS.register(*OWN_MOVEMENTS)
