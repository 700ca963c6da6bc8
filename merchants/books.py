"""What both books' documents are written with (docs/books.md), and the part that says who a
merchant is.

A document is the same wherever and whenever it is made: it has no keys of rows, nothing sorted as
the database's language or plan decides, and nothing that depends on the clock.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model, QuerySet

from lib import money
from merchants.models import Merchant, ProfileStep, Proposal, TimeZonePeriod

Row = dict[str, Any]
RowsByMerchant = dict[int, list[Row]]


def as_json(value: object, currency: str = "") -> Any:
    """The value as the document has it: a Decimal as an amount, as text with the digits of
    `currency`, which it needs; dates as text, instants as text in UTC. Empty text becomes None, and
    other values stay as they are. Other figures than amounts are written by `plain`.
    """
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return money.figure_text(value, currency)
    return None if value == "" else value


def plain(value: Decimal) -> str:
    """A figure that is not an amount of money, as text without trailing zeros."""
    return f"{value.normalize():f}"


def columns(names: str) -> dict[str, str]:
    """Turn names such as `kind` or `by=author__email`, separated by spaces, into a mapping of names
    in the document to columns.
    """
    pairs = (name.partition("=") for name in names.split())
    return {name: column or name for name, _, column in pairs}


@dataclass(frozen=True)
class Table:
    """Which columns of a table the document has, and how they are written.

    `owner` is the column with the merchant's key. `plain` names the figures that are not amounts of
    money. Columns whose names start with an underscore are keys by which rows are joined, which
    `without_keys` removes.
    """

    owner: str
    columns: Mapping[str, str]
    plain: str = ""

    def read(self, rows: "QuerySet[Any]", currencies: Mapping[int, str]) -> RowsByMerchant:
        """Read the rows with one query. Returns, by merchant id, the merchant's rows, earliest
        written first, each as a dict of values for the document; an empty list for a merchant
        without rows. `currencies` has the currency of each merchant, without which its amounts
        cannot be written.
        """
        found: RowsByMerchant = defaultdict(list)
        is_plain = [name in self.plain.split() for name in self.columns]
        read = rows.order_by("pk").values_list(self.owner, *self.columns.values())
        for owner, *values in read:
            currency = currencies.get(owner, "")
            said = (
                plain(value) if figure and value is not None else as_json(value, currency)
                for value, figure in zip(values, is_plain, strict=True)
            )
            found[owner].append(dict(zip(self.columns, said, strict=True)))
        return found


def of_merchants(model: type[Model], owner: str, merchant_ids: Sequence[int]) -> "QuerySet[Any]":
    """The query for the model's rows whose column `owner` has the key of one of these merchants."""
    return model._default_manager.filter(**{f"{owner}__in": merchant_ids})


def in_order(rows: Iterable[Row], *names: str) -> list[Row]:
    """The rows sorted by their values under these names: text by code points, False before True,
    None first.

    Rows with equal values keep the order they came in.
    """

    def place(row: Row) -> list[tuple[bool, Any]]:
        """What the row is sorted by. Nothing is compared with None's "", as None comes first."""
        values = [row[name] for name in names]
        return [(value is not None, "" if value is None else value) for value in values]

    return sorted(rows, key=place)


def numbered(rows: Iterable[Row], name: str) -> list[Row]:
    """The rows as they come, each with its place, counted from 1, as field `name`."""
    return [{name: place, **row} for place, row in enumerate(rows, start=1)]


def values_by_key(rows: Iterable[Row], name: str) -> dict[int, Any]:
    """The value of field `name` of each row, by the row's key, which it has as `_pk`."""
    return {row["_pk"]: row[name] for row in rows}


def grouped(rows: Iterable[Row], key: str) -> dict[Any, list[Row]]:
    """Lists of the rows that have the same value of field `key`, by that value. The rows of a list
    keep the order they came in.
    """
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[key]].append(row)
    return found


def without_keys(rows: Iterable[Row]) -> list[Row]:
    """The rows without the fields that only join them: those whose names start with an
    underscore.
    """
    return [{name: said for name, said in row.items() if name[0] != "_"} for row in rows]


TIME_ZONES = Table("merchant_id", columns("timezone starts_on starts_at"))
PROFILE_STEPS = Table("profile_id", columns("part standing at actor reason"))
PROPOSALS = Table(
    "merchant_id",
    columns(
        "kind subject before after reason asked_by proposed_at proposed_by lapses_at status"
        " decided_at decided_by answer"
    ),
)


def of(merchants: Sequence[Merchant]) -> dict[int, Row]:
    """For each merchant, by its id, the part of the document about who it is: reference, name,
    language, time zone, when it joined, all its time zones (former, present and planned), the steps
    of its profile, and the proposals about it, decided ones too. The profile's own values are not
    in it.
    """
    keys = [merchant.pk for merchant in merchants]
    zones, steps, proposals = (
        table.read(of_merchants(model, table.owner, keys), {})
        for table, model in (
            (TIME_ZONES, TimeZonePeriod),
            (PROFILE_STEPS, ProfileStep),
            (PROPOSALS, Proposal),
        )
    )
    return {
        merchant.pk: {
            "reference": merchant.reference,
            "name": merchant.name,
            "language": merchant.language,
            "timezone": merchant.timezone,
            "joined_at": as_json(merchant.joined_at),
            "joined_said_at": as_json(merchant.joined_said_at),
            "time_zones": in_order(zones[merchant.pk], "starts_on"),
            "profile_steps": in_order(steps[merchant.pk], "at"),
            "proposals": in_order(proposals[merchant.pk], "proposed_at"),
        }
        for merchant in merchants
    }
