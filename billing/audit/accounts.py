"""Checks that an account's terms are what was last recorded of them."""

from lib.audit import Check
from lib.audit_days import OF_OPEN_DAY, OFFSETS, ZONE_CHANGES, clock_day, eve

CHECKS = (
    Check(
        6,
        "an account's threshold, review of bills and closing are those last written down",
        "threshold, bills reviewed, closed",
        """
        SELECT account.merchant_id, 'billing account' AS subject,
               (coalesce(last.threshold::numeric, account.threshold),
                coalesce(last.bill_review, 'False') = 'True', last.closed_at, last.closed_on
               ) AS expected,
               (account.threshold, account.reviews_bills, account.closed_at, account.closed_on
               ) AS found
        FROM billing_billingaccount account CROSS JOIN LATERAL (
            SELECT (array_agg(after ORDER BY id DESC) FILTER (WHERE what = 'THRESHOLD'))[1]
                       AS threshold,
                   (array_agg(after ORDER BY id DESC) FILTER (WHERE what = 'BILL_REVIEW'))[1]
                       AS bill_review,
                   max(at) FILTER (WHERE what = 'CLOSED' AND is_last) AS closed_at,
                   max(effective_on) FILTER (WHERE what = 'CLOSED' AND is_last) AS closed_on
            FROM (
                SELECT *, id = max(id) FILTER (WHERE what IN ('CLOSED', 'REOPENED')) OVER ()
                              AS is_last
                FROM billing_accountchange change WHERE change.account_id = account.merchant_id
            ) change
        ) last
        """,
    ),
    Check(
        12,
        "a closed account's credit line is closed with it, and no other one is",
        "closed",
        """
        SELECT account.merchant_id, 'billing account' AS subject,
               account.closed_at AS expected, line.closed_at AS found
        FROM billing_billingaccount account
        JOIN credit_creditline line ON line.merchant_id = account.merchant_id
        """,
    ),
    Check(
        6,
        "a threshold that was asked for and given is written down",
        "threshold given",
        """
        SELECT request.account_id AS merchant_id, 'threshold request ' || request.id AS subject,
               CASE WHEN request.status = 'APPROVED' THEN request.threshold_given END AS expected,
               max(change.after::numeric) AS found
        FROM billing_thresholdrequest request LEFT JOIN billing_accountchange change
             ON change.account_id = request.account_id AND change.what = 'THRESHOLD'
             AND change.at = request.answered_at AND request.status = 'APPROVED'
             AND change.after::numeric = request.threshold_given
        GROUP BY request.id
        """,
    ),
    # The merchant's own is what its pages show.
    Check(
        6,
        "an account counts its open day in the time zone of its history",
        "time zone, merchant's, since, since",
        f"""
        SELECT books.merchant_id, 'billing account' AS subject,
               (zone.timezone, zone.timezone, since.starts_on, since.starts_at) AS expected,
               (books.timezone, merchant.timezone, books.timezone_since_on,
                books.timezone_since_at) AS found
        FROM billing_billingaccount books
        JOIN merchants_merchant merchant ON merchant.id = books.merchant_id
        {OF_OPEN_DAY}
        """,
    ),
    # One that was taken before only names of places could be, or that other data has no more.
    Check(
        6,
        "a merchant's time zone is a name of the time-zone data",
        "time zone",
        f"""
        SELECT merchant.id AS merchant_id, 'time zone' AS subject,
               CASE WHEN zone.timezone LIKE '%/%' OR zone.timezone = 'UTC'
                    THEN zone.timezone END AS expected,
               merchant.timezone::text AS found
        FROM merchants_merchant merchant
        LEFT JOIN {OFFSETS} zone ON zone.timezone = merchant.timezone
        """,
    ),
    # By the old time zone's days, which end where the new one's begin.
    Check(
        6,
        "a time zone changes as a local month starts",
        "last day before, first day",
        f"""
        SELECT period.merchant_id, period.timezone || ' from ' || period.starts_on AS subject,
               (period.starts_on - 1, period.starts_on) AS expected,
               ({clock_day("before", eve("period.starts_at"))},
                CASE WHEN {clock_day("before", "period.starts_at")}
                          >= date_trunc('month', period.starts_on)::date
                     THEN date_trunc('month', period.starts_on)::date END) AS found
        FROM ({ZONE_CHANGES}) period
        JOIN merchants_merchant merchant ON merchant.id = period.merchant_id
        LEFT JOIN {OFFSETS} before ON before.timezone = period.timezone_before
        WHERE merchant.recounted_from IS NULL OR period.starts_at > merchant.recounted_from
        """,
    ),
)
