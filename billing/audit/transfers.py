"""Bank transfers: what they paid, when their money arrived, and which were booked elsewhere (rule
25.7, rule 25.8, rule 25.29).
"""

from billing.models import Fee
from billing.models.charges import RESERVED_PREFIX
from billing.models.transfers import MOST_OF_REFERENCE
from lib.audit import Check
from lib.audit_days import day, is_recounted, join_zone

RECORDED_ON = day("recorded", "transfer.recorded_at")

CHECKS = (
    Check(
        7,
        "a transfer is what it paid of a bill and what was unapplied, and no other money is",
        "account, reference, amount, currency",
        """
        SELECT coalesce(transfer.account_id, money.account_id) AS merchant_id,
               'transfer ' || coalesce(transfer.reference, money.reference) AS subject,
               CASE WHEN transfer.id IS NOT NULL THEN (
                   transfer.account_id, transfer.reference::text, transfer.amount,
                   transfer.currency::text) END AS expected,
               CASE WHEN money.account_id IS NOT NULL THEN (
                   money.account_id, money.reference, money.amount, money.currency) END AS found
        FROM billing_banktransfer transfer FULL JOIN (
            SELECT account_id, reference, transfer_id, sum(amount) AS amount,
                   min(currency) AS currency
            FROM (
                SELECT invoice.account_id, payment.provider_reference::text AS reference,
                       payment.amount, payment.currency::text AS currency,
                       of_payment.id AS transfer_id
                FROM billing_payment payment
                JOIN billing_invoice invoice ON invoice.id = payment.invoice_id
                LEFT JOIN billing_banktransfer of_payment ON of_payment.payment_id = payment.id
                WHERE payment.provider = 'manual' AND payment.status = 'SUCCEEDED'
                UNION ALL
                SELECT entry.account_id, entry.reference::text, entry.amount,
                       entry.currency::text, of_entry.id
                FROM billing_unappliedentry entry
                LEFT JOIN billing_banktransfer of_entry ON of_entry.entry_id = entry.id
                WHERE entry.kind = 'RECEIVED' AND entry.source ~ '^transfer( [0-9]+)?:'
            ) each_part GROUP BY account_id, reference, transfer_id
        ) money ON money.transfer_id = transfer.id
        """,
    ),
    Check(
        7,
        "a transfer's money arrived between its merchant's joining and the day it was recorded",
        "in time",
        f"""
        SELECT transfer.account_id AS merchant_id, 'transfer ' || transfer.reference AS subject,
               true AS expected,
               transfer.arrived_on BETWEEN account.joined_on AND {RECORDED_ON} AS found
        FROM billing_banktransfer transfer
        JOIN billing_billingaccount account ON account.merchant_id = transfer.account_id
        {join_zone("recorded", merchant="transfer.account_id", instant="transfer.recorded_at")}
        WHERE {is_recounted("recorded", "transfer.recorded_at")}
        """,
    ),
    Check(
        8,
        "a transfer booked elsewhere was taken from unapplied money and charged, once",
        "account, taken, charged, reference",
        f"""
        SELECT coalesce(transfer.account_id, charge.account_id, entry.account_id) AS merchant_id,
               coalesce('transfer ' || transfer.reference, 'charge ' || charge.reference,
                        entry.source) AS subject,
               CASE WHEN transfer.id IS NOT NULL THEN (
                   transfer.account_id, transfer.taken, transfer.amount - transfer.taken,
                   CASE WHEN transfer.amount > transfer.taken
                        THEN '{RESERVED_PREFIX}{Fee.TRANSFER_MOVED}:' || transfer.id END
               ) END AS expected,
               CASE WHEN charge.id IS NOT NULL OR entry.id IS NOT NULL THEN (
                   coalesce(charge.account_id, entry.account_id), coalesce(-entry.amount, 0),
                   coalesce(charge.amount, 0), charge.reference::text) END AS found
        FROM (
            SELECT * FROM billing_banktransfer WHERE status = 'MOVED'
        ) transfer
        FULL JOIN (
            SELECT * FROM billing_charge WHERE fee_id = '{Fee.TRANSFER_MOVED}'
        ) charge ON charge.id = transfer.charge_id
        FULL JOIN (
            SELECT * FROM billing_unappliedentry WHERE kind = 'MOVED'
        ) entry ON entry.source = 'moved:' || transfer.id
        """,
    ),
    Check(
        8,
        "a transfer booked elsewhere is as much there, as unapplied money of that reference",
        "reference, amount, currency, unapplied",
        f"""
        -- Where that account had another of its reference, it has the key of the first one behind.
        SELECT moved.account_id AS merchant_id, 'transfer ' || moved.reference AS subject,
               (moved.reference::text, moved.amount, moved.currency::text, true) AS expected,
               (CASE WHEN booked.reference = left(moved.reference, {MOST_OF_REFERENCE})
                          || ' (' || moved.id || ')'
                     THEN moved.reference ELSE booked.reference END::text,
                booked.amount, booked.currency::text,
                booked.payment_id IS NULL AND booked.recorded_at >= moved.recorded_at) AS found
        FROM billing_banktransfer moved
        JOIN billing_banktransfer booked ON booked.id = moved.becomes_id
        """,
    ),
    Check(
        29,
        "a transfer booked elsewhere was not taken back as well",
        "taken back",
        """
        SELECT moved.account_id AS merchant_id, 'transfer ' || moved.reference AS subject,
               0::numeric AS expected,
               coalesce(sum(reversal.amount), 0) AS found
        FROM billing_banktransfer moved
        LEFT JOIN billing_reversal reversal
            ON reversal.payment_id = moved.payment_id AND reversal.came_back_at IS NULL
        WHERE moved.status = 'MOVED'
        GROUP BY moved.id
        """,
    ),
)
