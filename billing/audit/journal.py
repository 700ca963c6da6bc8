"""The journal: it is balanced and whole, its balances are the books' figures, and locked months
stay as they were (rule 25.17). These are checked where the journal is on.
"""

from billing.queries.journal import DIGEST, postings_sql
from lib import cells
from lib.audit import HERE, Check
from lib.journal import BALANCES, MOVEMENTS


def checks() -> tuple[Check, ...]:
    """The audit checks of the journal, that each row is in it once, entries balance and locked
    months stay, made from the parts of it that books have registered: to be called once all have.
    """
    return (_each_once(), _balances(), _locked())


def _each_once() -> Check:
    """The audit check that each movement of the books is exactly one balanced entry of the journal,
    and that there are no other entries.
    """
    moved = " UNION ALL ".join(
        f"SELECT '{one.source}'::text, moved.* FROM ({one.sql}) moved(merchant_id, row_id)"
        for one in MOVEMENTS
    )
    return Check(
        17,
        "each movement of the books is one balanced entry of the journal",
        "sum, postings twice",
        f"""
        SELECT coalesce(moved.merchant_id, entry.merchant_id) AS merchant_id,
               coalesce(moved.source, entry.source) || ' '
                   || coalesce(moved.row_id, entry.row_id) AS subject,
               CASE WHEN moved.row_id IS NOT NULL THEN (0::numeric, 0::bigint) END AS expected,
               CASE WHEN entry.row_id IS NOT NULL THEN (
                   trim_scale(entry.amount), entry.twice) END AS found
        FROM ({moved}) moved(source, merchant_id, row_id) FULL JOIN (
            SELECT source, row_id, merchant_id, sum(amount) AS amount,
                   count(*) - count(DISTINCT place) AS twice
            FROM ({postings_sql()}) posting GROUP BY source, row_id, merchant_id
        ) entry ON entry.source = moved.source AND entry.row_id = moved.row_id
               AND entry.merchant_id = moved.merchant_id
        """,
    )


def _balances() -> Check:
    """The audit check that the balance of each account of the journal is the books' own figure,
    merchant by merchant.
    """
    figures = " UNION ALL ".join(
        f"SELECT '{one.account}'::text, figure.* FROM ({one.sql}) figure(merchant_id, amount)"
        for one in BALANCES
    )
    accounts = ", ".join(f"'{one.account}'" for one in BALANCES)
    return Check(
        17,
        "the balances of the journal are the figures of the books",
        "balance",
        f"""
        SELECT coalesce(figure.merchant_id, balance.merchant_id) AS merchant_id,
               coalesce(figure.account, balance.account) AS subject,
               trim_scale(coalesce(figure.amount, 0)) AS expected,
               trim_scale(coalesce(balance.amount, 0)) AS found
        FROM ({figures}) figure(account, merchant_id, amount) FULL JOIN (
            SELECT account, merchant_id, sum(amount) AS amount
            FROM ({postings_sql()}) posting WHERE account IN ({accounts})
            GROUP BY account, merchant_id
        ) balance ON balance.account = figure.account AND balance.merchant_id = figure.merchant_id
        """,
    )


def _locked() -> Check:
    """The audit check that each locked month of the journal has the number and digest of postings
    that it had when it was locked.
    """
    return Check(
        17,
        "a locked month's journal is as it was when it was locked",
        "postings, digest",
        f"""
        SELECT NULL::bigint AS merchant_id, to_char(lock.through, '"month" YYYY-MM') AS subject,
               CASE WHEN kept.lock_id IS NOT NULL THEN (kept.postings, kept.digest)
                    WHEN here.cell = {cells.FIRST} THEN (lock.postings, lock.digest)
                    ELSE (0::bigint, 0::numeric) END AS expected,
               (coalesce(counted.postings, 0), coalesce(counted.digest, 0)) AS found
        FROM (
            SELECT *, lag(through) OVER (ORDER BY through) AS locked_before
            FROM billing_journallock
        ) lock CROSS JOIN {HERE} here
        LEFT JOIN billing_journalcount kept ON kept.lock_id = lock.id
        LEFT JOIN LATERAL (
            SELECT count(*) AS postings, {DIGEST} AS digest FROM ({postings_sql()}) posting
            WHERE dated_on <= lock.through
              AND dated_on > coalesce(lock.locked_before, '-infinity')
        ) counted ON true
        """,
    )
