"""Statements of our bank accounts: they follow each other, and their lines are booked once, by
money of their own (rule 25.19 to rule 25.22, rule 25.27).
"""

from billing.models import BankStatement
from lib.audit import Check

CHECKS = (
    Check(
        19,
        "a line of a bank statement is booked as one transfer or reversal of its amount",
        "account, amount, currency",
        """
        SELECT line.account_id AS merchant_id, 'bank line ' || line.id AS subject,
               (line.account_id, line.amount, line.currency::text) AS expected,
               (coalesce(transfer.account_id, reversal.account_id, gone.account_id),
                coalesce(transfer.amount, -reversal.amount, -gone.amount),
                coalesce(transfer.currency, reversal.currency, gone.currency)::text) AS found
        FROM billing_bankline line
        LEFT JOIN billing_banktransfer transfer ON transfer.id = line.transfer_id
        LEFT JOIN billing_reversal reversal ON reversal.id = line.reversal_id
        -- Of a return without a reversal: the money's last transfer, which is on no account.
        LEFT JOIN LATERAL (
            WITH RECURSIVE one AS (
                SELECT first.* FROM billing_bankline returned
                JOIN billing_banktransfer first ON first.id = returned.transfer_id
                WHERE returned.id = line.returns_id
                UNION ALL
                SELECT next.* FROM one JOIN billing_banktransfer next ON next.id = one.becomes_id
            )
            SELECT account_id, amount, currency FROM one
            WHERE status = 'MOVED' AND becomes_id IS NULL AND line.reversal_id IS NULL
        ) gone ON true
        -- Of a merchant who was moved to another cell (rule 30.22) what it was booked as is there.
        WHERE line.status = 'BOOKED'
          AND EXISTS (SELECT FROM billing_billingaccount WHERE merchant_id = line.account_id)
        """,
    ),
    Check(
        19,
        "only lines of statements that were taken are booked, one for each transfer",
        "statement, lines",
        """
        SELECT line.account_id AS merchant_id, 'bank line ' || line.id AS subject,
               ('TAKEN'::text, 1::bigint) AS expected,
               (statement.status::text, count(*) OVER (
                   PARTITION BY line.transfer_id, line.reversal_id,
                       CASE WHEN line.amount < 0 AND line.reversal_id IS NULL
                            THEN line.returns_id END)) AS found
        FROM billing_bankline line
        JOIN billing_bankstatement statement ON statement.id = line.statement_id
        WHERE line.status = 'BOOKED'
        """,
    ),
    Check(
        27,
        "the money of a bank's line is its own, wherever it was booked since",
        "lines of the money, reference, in time",
        f"""
        -- A transfer and what it became elsewhere (rule 17.9) are one money, which is named by the
        -- transfer that it was first.
        WITH RECURSIVE money AS (
            SELECT first.id AS first_id, first.id, first.becomes_id
            FROM billing_banktransfer first
            WHERE first.becomes_id IS NOT NULL
              AND NOT EXISTS (
                  SELECT FROM billing_banktransfer before WHERE before.becomes_id = first.id
              )
            UNION ALL
            SELECT money.first_id, next.id, next.becomes_id
            FROM money JOIN billing_banktransfer next ON next.id = money.becomes_id
        )
        SELECT line.account_id AS merchant_id, 'bank line ' || line.id AS subject,
               (1::bigint, true, true) AS expected,
               (count(*) OVER (PARTITION BY coalesce(money.first_id, transfer.id)),
                -- The bank's own, with more behind it where another transfer has that already. A
                -- line that was handed over may have its transfer from the cell before.
                CASE WHEN line.bank_reference <> '' THEN
                          starts_with(transfer.reference || ' ', line.bank_reference || ' ')
                     ELSE statement.kind = '{BankStatement.HANDED_OVER}'
                          OR transfer.reference = left(statement.name, 40) || '/'
                              || statement.id || '-' || line.number END,
                transfer.recorded_at <= line.booked_at
                AND (transfer.moved_at IS NULL OR transfer.moved_at >= line.booked_at)) AS found
        FROM billing_bankline line
        JOIN billing_bankstatement statement ON statement.id = line.statement_id
        JOIN billing_banktransfer transfer ON transfer.id = line.transfer_id
        LEFT JOIN money ON money.id = transfer.id
        WHERE line.status = 'BOOKED'
        """,
    ),
    Check(
        20,
        "a bank statement begins where the one before it ended, or an operator took it so",
        "opening balance",
        """
        SELECT NULL::bigint AS merchant_id,
               'bank statement ' || statement.account || ' ' || statement.name AS subject,
               CASE WHEN statement.decided_at IS NOT NULL THEN statement.opening
                    ELSE coalesce(before.closing, earlier.closing, statement.opening)
               END AS expected,
               statement.opening AS found
        FROM billing_bankstatement statement
        LEFT JOIN billing_bankstatement before ON before.id = statement.previous_id
        LEFT JOIN LATERAL (
            SELECT one.closing FROM billing_bankstatement one
            WHERE one.status = 'TAKEN' AND one.account = statement.account AND one.kind <> 'HANDED'
              AND one.currency = statement.currency AND one.previous_id IS NULL
              AND one.id < statement.id AND statement.previous_id IS NULL
            ORDER BY one.id LIMIT 1
        ) earlier ON true
        WHERE statement.status = 'TAKEN'
        """,
    ),
    Check(
        21,
        "the lines of a bank statement lead from its opening to its closing balance",
        "movement, lines",
        """
        SELECT NULL::bigint AS merchant_id,
               'bank statement ' || statement.account || ' ' || statement.name AS subject,
               (statement.closing - statement.opening, statement.line_count::bigint) AS expected,
               (coalesce(sum(line.amount), 0), count(line.id)) AS found
        FROM billing_bankstatement statement
        LEFT JOIN billing_bankline line ON line.statement_id = statement.id
        GROUP BY statement.id
        """,
    ),
    Check(
        22,
        "a payment that a bank returned has a reversal, of the payment that its line was booked as",
        "payment, amount",
        """
        SELECT line.account_id AS merchant_id, 'bank line ' || line.id AS subject,
               (transfer.payment_id, -line.amount) AS expected,
               (reversal.payment_id, reversal.amount) AS found
        FROM billing_bankline line
        JOIN billing_reversal reversal ON reversal.id = line.reversal_id
        LEFT JOIN billing_bankline returned ON returned.id = line.returns_id
        LEFT JOIN billing_banktransfer transfer ON transfer.id = returned.transfer_id
        """,
    ),
)
