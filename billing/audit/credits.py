"""Money given back: credits, and what a closed account was paid out."""

from billing.audit.closings import was_closed_at
from billing.models import Fee
from billing.models.charges import RESERVED_PREFIX
from billing.providers.minimums import RELATION
from lib.audit import Check

# What only Tael charges and nobody asks for or grants.
NOT_CREDITS = (
    *(Fee.PLAN, Fee.REVERSAL, Fee.TRANSFER_MOVED),
    *(*Fee.NOT_GRANTED, *Fee.BY_HAND),
)

CHECKS = (
    Check(
        4,
        "an approved credit is a negative charge, and every such charge is one",
        "account, fee, amount, reference",
        f"""
        SELECT coalesce(credit.account_id, charge.account_id) AS merchant_id,
               coalesce('credit ' || credit.id, 'charge ' || charge.reference) AS subject,
               CASE WHEN credit.status IN ('APPROVED', 'UNDONE') THEN (
                   credit.account_id, credit.fee_id, -credit.amount,
                   '{RESERVED_PREFIX}credit:' || credit.id) END AS expected,
               CASE WHEN charge.id IS NOT NULL THEN (
                   charge.account_id, charge.fee_id, charge.amount, charge.reference::text
               ) END AS found
        FROM billing_billingcredit credit FULL JOIN (
            SELECT charge.* FROM billing_charge charge JOIN billing_fee fee
                ON fee.code = charge.fee_id
            WHERE NOT fee.is_sent_by_platform AND fee.code NOT IN {NOT_CREDITS}
        ) charge ON charge.id = credit.made_id
        """,
    ),
    Check(
        4,
        "a credit that was undone is taken back by a charge, and every such charge takes one back",
        "account, amount, reference",
        f"""
        SELECT coalesce(credit.account_id, charge.account_id) AS merchant_id,
               coalesce('credit ' || credit.id, 'charge ' || charge.reference) AS subject,
               CASE WHEN credit.id IS NOT NULL THEN (
                   credit.account_id, credit.amount,
                   '{RESERVED_PREFIX}{Fee.CREDIT_UNDONE}:' || credit.id) END AS expected,
               CASE WHEN charge.id IS NOT NULL THEN (
                   charge.account_id, charge.amount, charge.reference::text) END AS found
        FROM (
            SELECT * FROM billing_billingcredit WHERE status = 'UNDONE'
        ) credit FULL JOIN (
            SELECT * FROM billing_charge WHERE fee_id = '{Fee.CREDIT_UNDONE}'
        ) charge ON charge.id = credit.taken_back_id
        """,
    ),
    Check(
        4,
        "credits on a charge do not exceed it",
        "charge, credits",
        """
        SELECT charge.account_id AS merchant_id, 'charge ' || charge.reference AS subject,
               (credits.account_ids, least(credits.amount, charge.amount)) AS expected,
               (ARRAY[charge.account_id], credits.amount) AS found
        FROM billing_charge charge JOIN (
            SELECT charge_id, array_agg(DISTINCT account_id) AS account_ids, sum(amount) AS amount
            FROM billing_billingcredit WHERE status = 'APPROVED' AND charge_id IS NOT NULL
            GROUP BY charge_id
        ) credits ON credits.charge_id = charge.id
        """,
    ),
    Check(
        4,
        "what was outstanding and paid out to a closed account is a charge of it",
        "bank's reference, amount",
        f"""
        SELECT coalesce(payout.account_id, charge.account_id) AS merchant_id,
               coalesce(payout.reference, 'charge ' || charge.reference) AS subject,
               CASE WHEN payout.id IS NOT NULL THEN (
                   payout.after::text, -payout.before::numeric) END AS expected,
               CASE WHEN charge.id IS NOT NULL THEN (
                   charge.description::text, charge.amount) END AS found
        FROM (
            SELECT * FROM (
                SELECT *, '{RESERVED_PREFIX}payout:' || row_number() OVER (
                           PARTITION BY account_id ORDER BY id) AS reference
                FROM billing_accountchange WHERE what = 'PAID_OUT'
            ) change WHERE change.before LIKE '-%'
        ) payout FULL JOIN (
            SELECT * FROM billing_charge WHERE fee_id = '{Fee.PAYOUT}'
        ) charge ON charge.account_id = payout.account_id AND charge.reference = payout.reference
        """,
    ),
    # Which method was the account's then is not kept: the most that any takes is the most that was
    # waived.
    Check(
        4,
        "what was waived is a rest of a closed account, less than a provider takes",
        "reference, closed, too little",
        f"""
        SELECT charge.account_id AS merchant_id, 'charge ' || charge.reference AS subject,
               ('{RESERVED_PREFIX}waiver:' || row_number() OVER (
                    PARTITION BY charge.account_id ORDER BY charge.id), true, true) AS expected,
               (charge.reference::text, {was_closed_at("charge.arrived_at", "charge.account_id")},
                -charge.amount < coalesce((
                    SELECT max(minimum.least) FROM {RELATION}
                    WHERE minimum.currency = charge.currency), 0)) AS found
        FROM billing_charge charge
        WHERE charge.fee_id = '{Fee.WAIVER}'
        """,
    ),
    Check(
        8,
        "what operators waived of a bill is a credit, and pays the bill by as much",
        "account, bill, amount, how paid",
        f"""
        SELECT coalesce(waived.account_id, charge.account_id) AS merchant_id,
               coalesce('waiver ' || waived.id, 'charge ' || charge.reference) AS subject,
               CASE WHEN waived.id IS NOT NULL THEN (
                   waived.account_id, waived.invoice_id, -waived.amount, waived.amount,
                   'credit'::varchar) END AS expected,
               CASE WHEN charge.id IS NOT NULL THEN (
                   charge.account_id, payment.invoice_id, charge.amount, payment.amount,
                   payment.provider) END AS found
        FROM (
            SELECT waiver.*, invoice.account_id FROM billing_waiver waiver
            JOIN billing_invoice invoice ON invoice.id = waiver.invoice_id
        ) waived FULL JOIN (
            SELECT * FROM billing_charge WHERE fee_id = '{Fee.INVOICE_WAIVER}'
        ) charge ON charge.id = waived.charge_id
        LEFT JOIN billing_payment payment ON payment.id = waived.payment_id
        """,
    ),
)
