"""Statements of our bank accounts: they follow each other, and their lines are booked once (rule
25.19 to rule 25.22).
"""

from lib.audit import Check

CHECKS = (
    Check(
        21,
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
        21,
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
        22,
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
        23,
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
        24,
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
