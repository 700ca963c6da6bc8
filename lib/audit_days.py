"""Local days in SQL, as `merchants.queries.local_day` counts them, for the audit of many rows.

Instants are turned into local days, never days into instants. PostgreSQL would do that by time-zone
data of its own; here it is given the offsets of ours (lib.zones).

When another version of the data is taken, days that were worked off stay as they are: what lies
before a merchant's `recounted_from` is not checked against the new data.
"""

from collections.abc import Iterable

from lib import zones

# The offsets of the zones in use, as a part of every check (lib.audit): see `offsets`.
OFFSETS = "time_zone_offsets"

# The time zones of each merchant, from when to when; instants before the first zone belong to it.
# These are few rows, which a hash join keeps in memory however many charges there are.
ZONES = f"""
SELECT merchant_id, history.timezone, first_day, last_day, from_at, until_at, zone.starts,
       zone.seconds, coalesce(merchant.recounted_from, '-infinity') AS recounted_from
FROM (
    SELECT merchant_id, timezone, starts_on AS first_day,
           lead(starts_on) OVER history - 1 AS last_day,
           CASE WHEN lag(starts_at) OVER history IS NULL THEN '-infinity'::timestamptz
                ELSE starts_at END AS from_at,
           coalesce(lead(starts_at) OVER history, 'infinity'::timestamptz) AS until_at
    FROM merchants_timezoneperiod WINDOW history AS (PARTITION BY merchant_id ORDER BY starts_on)
) history
JOIN merchants_merchant merchant ON merchant.id = history.merchant_id
LEFT JOIN {OFFSETS} zone ON zone.timezone = history.timezone
"""
# The changes among them; a period of the same time zone as before changes nothing.
ZONE_CHANGES = """
SELECT * FROM (
    SELECT *, lag(timezone) OVER (PARTITION BY merchant_id ORDER BY starts_on) AS timezone_before
    FROM merchants_timezoneperiod
) period WHERE timezone <> timezone_before
"""


def offsets(names: Iterable[str]) -> str:
    """SQL that selects the UTC offsets of the time zones with these names, one row each: (timezone,
    starts[], seconds[]).

    A name that the time-zone data does not have gets no row, so that local days in it come out as
    NULL.
    """
    rows = [_row(name) for name in sorted(set(names)) if zones.is_known(name)]
    none = "SELECT NULL::text, NULL::timestamptz[], NULL::int[] WHERE false"
    return f"VALUES {', '.join(rows)}" if rows else none


def _row(name: str) -> str:
    """SQL for the row of `offsets` of the time zone with this name."""
    known = zones.offsets(name)
    starts = ", ".join(f'"{start.isoformat()}"' for start in known.starts)
    seconds = ", ".join(map(str, known.seconds))
    return f"('{name}'::text, '{{{starts}}}'::timestamptz[], '{{{seconds}}}'::int[])"


def join_zone(name: str, *, merchant: str, instant: str) -> str:
    """SQL of a LEFT JOIN of the time zone that a merchant had at an instant, under the alias
    `name`; an instant before its first time zone belongs to that one. `merchant` is SQL for the
    merchant's key and `instant` SQL for the instant.
    """
    return (
        f"LEFT JOIN ({ZONES}) {name} ON {name}.merchant_id = {merchant}"
        f" AND {instant} >= {name}.from_at AND {instant} < {name}.until_at"
    )


def day(name: str, instant: str, *, stood: str = "") -> str:
    """SQL for the merchant's local day of an instant, by the time zone that join_zone joined under
    the alias `name`; `instant` is SQL for the instant.

    Around a change of time zone no day comes twice: an instant that both zones claim, or neither,
    goes to the last day before the change or the first after it. `stood` is SQL for the day of an
    instant that is not recounted (is_recounted); without it, every instant is counted by the data
    in use.
    """
    counted = f"least(greatest({clock_day(name, instant)}, {name}.first_day), {name}.last_day)"
    if not stood:
        return counted
    return f"CASE WHEN {is_recounted(name, instant)} THEN {counted} ELSE {stood} END"


def clock_day(name: str, instant: str) -> str:
    """SQL for the date on the clock at an instant, by the offsets that join_zone joined under the
    alias `name`, even where another zone was in force; `instant` is SQL for the instant.
    """
    seconds = f"{name}.seconds[width_bucket({instant}, {name}.starts)]"
    return f"(({instant} AT TIME ZONE 'UTC') + {seconds} * interval '1 second')::date"


def is_recounted(name: str, instant: str) -> str:
    """SQL that is true if the local day of an instant is decided by the time-zone data in use, and
    false if it was fixed under an older version of the data. `name` is the alias that join_zone
    joined, and `instant` SQL for the instant; where that found no row, it is true.
    """
    return f"coalesce({instant} >= {name}.recounted_from, true)"


def eve(instant: str) -> str:
    """SQL for the instant one microsecond before the one that `instant` is SQL for, so that the
    instant at which a day starts falls on the day before.
    """
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
