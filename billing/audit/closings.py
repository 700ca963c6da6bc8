"""When accounts were closed and opened again, which other checks go by, and whether both books
agree.
"""

from lib.audit import Check

# The times for which accounts were closed, each with the instant and local day of its start and its
# end; one that has not ended has no end.
CLOSINGS = """
SELECT * FROM (
    SELECT account_id, what, at AS closed_at, effective_on AS closed_on,
           lead(at) OVER following AS reopened_at,
           lead(effective_on) OVER following AS reopened_on
    FROM billing_accountchange WHERE what IN ('CLOSED', 'REOPENED')
    WINDOW following AS (PARTITION BY account_id ORDER BY id)
) closing WHERE what = 'CLOSED'
"""


def was_closed_on(day: str, account: str) -> str:
    """SQL that is true if an account was closed for the whole of a local day; `day` is SQL for the
    day and `account` SQL for the account's key.
    """
    return f"""EXISTS (
        SELECT FROM ({CLOSINGS}) closing WHERE closing.account_id = {account}
            AND closing.closed_on < {day} AND coalesce({day} < closing.reopened_on, true))"""


def was_closed_at(instant: str, account: str) -> str:
    """SQL that is true if an account was closed at an instant; `instant` is SQL for the instant and
    `account` SQL for the account's key.
    """
    return f"""EXISTS (
        SELECT FROM ({CLOSINGS}) closing WHERE closing.account_id = {account}
            AND closing.closed_at <= {instant}
            AND coalesce({instant} < closing.reopened_at, true))"""


CHECKS = (
    Check(
        12,
        "an account is closed and opened again by turns, and its credit line with it",
        "instants",
        """
        SELECT coalesce(account.merchant_id, line.merchant_id) AS merchant_id,
               'closed at ' || coalesce(account.closed_at, line.closed_at) AS subject,
               (account.closed_at, account.reopened_at) AS expected,
               (line.closed_at, line.reopened_at) AS found
        FROM (
            SELECT account_id AS merchant_id, at AS closed_at,
                   CASE WHEN next_what = 'REOPENED' THEN next_at END AS reopened_at
            FROM (
                SELECT *, lead(what) OVER following AS next_what, lead(at) OVER following AS next_at
                FROM billing_accountchange WHERE what IN ('CLOSED', 'REOPENED')
                WINDOW following AS (PARTITION BY account_id ORDER BY id)
            ) change WHERE what = 'CLOSED'
        ) account FULL JOIN (
            SELECT line_id AS merchant_id, closed_at, reopened_at FROM credit_formerclosing
            UNION ALL
            SELECT merchant_id, closed_at, NULL FROM credit_creditline WHERE closed_at IS NOT NULL
        ) line ON line.merchant_id = account.merchant_id AND line.closed_at = account.closed_at
        """,
    ),
)
