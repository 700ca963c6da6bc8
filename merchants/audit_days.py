"""Local days in SQL, as `merchants.queries.local_day` counts them, for the audit of many rows.

Instants are turned into local days, never days into instants: a midnight that comes twice or not at
all is no matter. The days are PostgreSQL's own: its time zone database is another one than ours.
"""

# Who counts in which time zone, from when to when. What comes before a merchant's first is in it.
# A handful of rows that a hash join holds, however many charges ask.
ZONES = """
SELECT merchant_id, timezone, starts_on AS first_day,
       lead(starts_on) OVER history - 1 AS last_day,
       CASE WHEN lag(starts_at) OVER history IS NULL THEN '-infinity'::timestamptz
            ELSE starts_at END AS from_at,
       coalesce(lead(starts_at) OVER history, 'infinity'::timestamptz) AS until_at
FROM merchants_timezoneperiod WINDOW history AS (PARTITION BY merchant_id ORDER BY starts_on)
"""
# The changes among them; a period of the same time zone as before changes nothing.
ZONE_CHANGES = """
SELECT * FROM (
    SELECT *, lag(timezone) OVER (PARTITION BY merchant_id ORDER BY starts_on) AS timezone_before
    FROM merchants_timezoneperiod
) period WHERE timezone <> timezone_before
"""


def join_zone(name: str, *, merchant: str, instant: str) -> str:
    """SQL that joins, as `name`, the time zone in which the merchant counted at the instant."""
    return (
        f"LEFT JOIN ({ZONES}) {name} ON {name}.merchant_id = {merchant}"
        f" AND {instant} >= {name}.from_at AND {instant} < {name}.until_at"
    )


def day(name: str, instant: str) -> str:
    """SQL for the local day of the instant that the time zone `name` was joined for.

    Around a change of time zone no day comes twice: what both zones claim, or neither, goes to the
    last day before the change or the first after it.
    """
    return (
        f"least(greatest(({instant} AT TIME ZONE {name}.timezone)::date, {name}.first_day),"
        f" {name}.last_day)"
    )


def eve(instant: str) -> str:
    """SQL for the last instant before this one: as a day starts, it is of the day before."""
    return f"({instant} - interval '1 microsecond')"


# A line's or an account's (`books`) time zone is that of its open day, and it knows since when.
OF_OPEN_DAY = f"""
CROSS JOIN LATERAL (
    SELECT timezone FROM merchants_timezoneperiod period
    WHERE period.merchant_id = books.merchant_id AND period.starts_on <= books.open_on
    ORDER BY starts_on DESC LIMIT 1
) zone
LEFT JOIN LATERAL (
    SELECT starts_on, starts_at FROM ({ZONE_CHANGES}) change
    WHERE change.merchant_id = books.merchant_id AND change.starts_on <= books.open_on
    ORDER BY starts_on DESC LIMIT 1
) since ON true
"""
