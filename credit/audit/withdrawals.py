"""The audit checks of withdrawals (rule 25.2, rule 25.7). credit.audit.lines lists them."""

from lib.audit import Check
from merchants.moved import LEFT

WITHDRAWALS = (
    Check(
        2,
        "paid out is what was paid, fees included",
        "paid out",
        """
        SELECT line.merchant_id, 'credit line' AS subject,
               coalesce(paid.total, 0) AS expected, line.paid_out AS found
        FROM credit_creditline line LEFT JOIN (
            SELECT line_id,
                   sum(CASE status WHEN 'PAID' THEN amount + fee ELSE fee END) AS total
            FROM credit_withdrawal WHERE status IN ('PAID', 'RETURNED_BY_BANK') GROUP BY line_id
        ) paid ON paid.line_id = line.merchant_id
        """,
    ),
    Check(
        2,
        "what left the proceeds for withdrawals is on its way or paid out",
        "withdrawn and not returned",
        """
        SELECT line.merchant_id, 'credit line' AS subject,
               coalesce(under_way.total, 0) + line.paid_out AS expected,
               coalesce(entries.withdrawn, 0) AS found
        FROM credit_creditline line LEFT JOIN (
            SELECT line_id, sum(amount + fee) AS total
            FROM credit_withdrawal WHERE ended_at IS NULL GROUP BY line_id
        ) under_way ON under_way.line_id = line.merchant_id
        LEFT JOIN (
            SELECT line_id, -sum(amount) AS withdrawn FROM credit_proceedsentry
            WHERE kind IN ('WITHDRAWAL', 'FEE', 'RETURNED', 'TAKEN_AGAIN', 'SENT_BACK')
            GROUP BY line_id
        ) entries ON entries.line_id = line.merchant_id
        """,
    ),
    # One row per withdrawal, and one per entry of a kind that has none: both sides are looked at.
    Check(
        7,
        "a withdrawal is debited once, with its fee, and returned once if it did not go out",
        "line, currency, amount, fee, returned, taken again, sent back",
        """
        SELECT coalesce(withdrawal.line_id, entry.line_id) AS merchant_id,
               coalesce('withdrawal ' || withdrawal.reference,
                        'entry of no withdrawal') AS subject,
               CASE WHEN withdrawal.id IS NOT NULL THEN (
                   withdrawal.line_id, withdrawal.currency::text,
                   withdrawal.amount, withdrawal.fee,
                   CASE WHEN withdrawal.status IN ('REJECTED', 'CANCELLED', 'FAILED')
                          OR withdrawal.corrected_at IS NOT NULL
                        THEN withdrawal.amount + withdrawal.fee ELSE 0 END,
                   CASE WHEN withdrawal.corrected_at IS NOT NULL
                        THEN withdrawal.amount + withdrawal.fee ELSE 0 END,
                   CASE withdrawal.status WHEN 'RETURNED_BY_BANK'
                        THEN withdrawal.amount ELSE 0 END) END AS expected,
               CASE WHEN entry.line_id IS NOT NULL THEN (
                   entry.line_id, entry.currency, entry.amount, entry.fee, entry.returned,
                   entry.taken_again, entry.sent_back
               ) END AS found
        FROM credit_withdrawal withdrawal FULL JOIN (
            SELECT withdrawal_id, line_id, currency::text AS currency,
                   coalesce(-sum(amount) FILTER (WHERE kind = 'WITHDRAWAL'), 0) AS amount,
                   coalesce(-sum(amount) FILTER (WHERE kind = 'FEE'), 0) AS fee,
                   coalesce(sum(amount) FILTER (WHERE kind = 'RETURNED'), 0) AS returned,
                   coalesce(-sum(amount) FILTER (WHERE kind = 'TAKEN_AGAIN'), 0) AS taken_again,
                   coalesce(sum(amount) FILTER (WHERE kind = 'SENT_BACK'), 0) AS sent_back
            FROM credit_proceedsentry
            WHERE kind IN ('WITHDRAWAL', 'FEE', 'RETURNED', 'TAKEN_AGAIN', 'SENT_BACK')
            GROUP BY withdrawal_id, line_id, currency
        ) entry ON entry.withdrawal_id = withdrawal.id
        """,
    ),
    Check(
        7,
        "a withdrawal goes to a destination of its own merchant, and is in its currency",
        "line, currency",
        """
        SELECT withdrawal.line_id AS merchant_id,
               'withdrawal ' || withdrawal.reference AS subject,
               (line.merchant_id, line.currency::text) AS expected,
               (destination.line_id, withdrawal.currency::text) AS found
        FROM credit_withdrawal withdrawal
        JOIN credit_creditline line ON line.merchant_id = withdrawal.line_id
        JOIN credit_payoutdestination destination ON destination.id = withdrawal.destination_id
        """,
    ),
    Check(
        7,
        "nothing waits to be sent to a destination that is blocked",
        "waits",
        """
        SELECT withdrawal.line_id AS merchant_id,
               'withdrawal ' || withdrawal.reference AS subject, false AS expected,
               withdrawal.status IN ('REQUESTED', 'APPROVED') AS found
        FROM credit_payoutdestination destination
        JOIN credit_withdrawal withdrawal ON withdrawal.destination_id = destination.id
        WHERE destination.blocked_at IS NOT NULL
        """,
    ),
    Check(
        7,
        "an automatic withdrawal is as it was set up, while that was in force",
        "line, destination, in force, instant",
        """
        SELECT rule.line_id AS merchant_id, 'run of ' || run."on" AS subject,
               (rule.line_id, rule.destination_id, true, run.at) AS expected,
               (withdrawal.line_id, withdrawal.destination_id,
                run.at >= rule.usable_from AND run.at <= coalesce(rule.ended_at, 'infinity'),
                withdrawal.requested_at) AS found
        FROM credit_payoutrun run
        JOIN credit_payoutschedule rule ON rule.id = run.rule_id
        JOIN credit_withdrawal withdrawal ON withdrawal.id = run.withdrawal_id
        """,
    ),
    Check(
        7,
        "what the bank's answers were taken for is what their withdrawals are",
        "status",
        f"""
        SELECT withdrawal.line_id AS merchant_id,
               'row ' || answer.row || ' of ' || file.name AS subject,
               answer.outcome::text AS expected,
               CASE WHEN withdrawal.corrected_at > answer.done_at THEN 'FAILED'
                    WHEN withdrawal.status = 'RETURNED_BY_BANK' THEN
                        CASE answer.outcome WHEN 'BACK' THEN 'BACK' ELSE 'PAID' END
                    ELSE withdrawal.status::text END AS found
        FROM credit_payoutanswer answer
        JOIN credit_payoutanswerfile file ON file.id = answer.file_id
        LEFT JOIN credit_withdrawal withdrawal ON withdrawal.reference = answer.reference
        WHERE answer.outcome IN ('PAID', 'FAILED', 'BACK')
          AND answer.reference NOT IN (SELECT name FROM ({LEFT}) moved)
        """,
    ),
    Check(
        23,
        "a pain.001 has the withdrawals that it was made of",
        "withdrawals, accounts",
        f"""
        SELECT NULL::bigint AS merchant_id, 'file ' || file.name AS subject,
               (file.count::bigint, true) AS expected,
               (coalesce(written.count, 0), coalesce(written.have_accounts, false)) AS found
        FROM credit_paymentfile file LEFT JOIN (
            SELECT batch, count(*) AS count, bool_and(made.accounts ? currency) AS have_accounts
            FROM (
                SELECT batch, currency::text FROM credit_withdrawal WHERE batch <> ''
                UNION ALL
                SELECT file, currency FROM ({LEFT}) moved WHERE file <> ''
            ) sent JOIN credit_paymentfile made ON made.name = batch GROUP BY batch
        ) written ON written.batch = file.name
        """,
    ),
    Check(
        7,
        "a withdrawal of which another amount was told was ended by a person, if it was",
        "ended by a person",
        """
        SELECT line_id AS merchant_id, 'withdrawal ' || reference AS subject,
               ended_at IS NOT NULL AS expected,
               ended_at IS NOT NULL AND (problem = '' OR ended_by NOT IN (
                   'send-withdrawals', 'reconcile-withdrawals')) AS found
        FROM credit_withdrawal
        """,
    ),
    Check(
        7,
        "a withdrawal's steps are those of its status",
        "approved, sent, ended",
        """
        SELECT line_id AS merchant_id, 'withdrawal ' || reference AS subject,
               (CASE WHEN needs_approval AND status IN ('APPROVED', 'SENT', 'UNKNOWN', 'PAID',
                                                        'FAILED', 'RETURNED_BY_BANK') THEN true
                     WHEN NOT needs_approval OR status = 'REQUESTED' THEN false
                     ELSE approved_at IS NOT NULL END,
                status IN ('SENT', 'UNKNOWN', 'PAID', 'FAILED', 'RETURNED_BY_BANK'),
                status IN ('PAID', 'REJECTED', 'CANCELLED', 'FAILED',
                           'RETURNED_BY_BANK')) AS expected,
               (approved_at IS NOT NULL, sent_at IS NOT NULL, ended_at IS NOT NULL) AS found
        FROM credit_withdrawal
        """,
    ),
)
