"""Looks at each row of a file, and at all of them together, before anything is written.

What is looked at here needs nothing but the row, and which merchants, orders and fees there are.
Whether a limit is enough, or a payment still fits its order, is known when the row is applied.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection
from pydantic import ValidationError as PydanticError

from billing.models import Fee
from credit.queries import policies
from gateway.imports.faults import Fault
from gateway.imports.kinds import Kind
from gateway.imports.reading import Table
from lib import arrival, calendar, cells, events, money, texts
from lib.event_fields import Data
from lib.refusals import Invalid
from merchants import directory, queries
from merchants.events import Terms
from merchants.models import Merchant

COMMA = re.compile(r"[+-]?[0-9.' ]*,[0-9]+")
PATTERNS = {
    texts.ONE_LINE: "has a character that cannot be kept",
    "^[A-Z]{3}$": "must be three capital letters, such as USD",
}
# Members whose faults depend on other members.
WITH = {"amount": frozenset({"currency"})}
# The orders of one cell's merchants that payments name, and that are not there.
UNKNOWN_ORDERS = """
SELECT said.line
FROM unnest(%s::int[], %s::text[], %s::text[]) AS said(line, merchant, reference)
JOIN merchants_merchant merchant ON merchant.reference = said.merchant
LEFT JOIN credit_order placed
    ON placed.line_id = merchant.id AND placed.reference = said.reference
WHERE placed.id IS NULL
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What a row says, and the merchant, reference and instant of its event.

    Members in `faulty` could not be read: they are left out, or stand as in the example of the
    event's type, so that the others can be looked at.
    """

    line: int
    said: dict[str, Any]
    model: Data
    merchant: str
    reference: str
    at: datetime
    faulty: frozenset[str] = frozenset()


def check(table: Table, kind: Kind, *, now: datetime) -> tuple[list[Row], list[Fault]]:
    """Return (rows, faults): the file's rows, and what is wrong with its lines, each by itself and
    compared with the others. Rows with faults are among `rows`, too.
    """
    rows: list[Row] = []
    faults = list(table.faults)
    for line, said in table.rows:
        found = list(_faults_of(line, said, kind, rows, now))
        faults += found
    faults += _unknown_merchants(rows, kind)
    faults += _said_differently(rows)
    faults += _not_there(rows, kind)
    faults += _operators_addresses(rows, kind)
    return rows, faults


def _faults_of(
    line: int, said: dict[str, Any], kind: Kind, rows: list[Row], now: datetime
) -> Iterator[Fault]:
    """Yield what is wrong with the row `said` on this line, and add the row to `rows`, without its
    faulty members: those that every row must have are as in the kind's example. Its instant is
    `now` if it has none.
    """
    faulty = frozenset[str]()
    try:
        model = kind.model.model_validate(said)
    except PydanticError as error:
        errors = error.errors(include_url=False)
        faulty = frozenset(str(one["loc"][0]) for one in errors)
        yield from (
            Fault(line, ".".join(map(str, one["loc"])), _reason(one, said, kind)) for one in errors
        )
        said = _as_in_example(said, faulty, kind)
        model = kind.model.model_validate(said)
    at = events.in_utc_or_none(said["at"]) if said.get("at") else now
    if at is None:
        faulty, at = faulty | {"at"}, now
        yield Fault(line, "at", "is out of range")
    values = {name: getattr(model, name) for name in type(model).model_fields}
    rows.append(Row(line, said, model, values["merchant"], values[kind.reference], at, faulty))
    looks = (
        *(partial(look, model, values, kind) for look in LOOKS),
        partial(_check_limit, values, now),
        partial(arrival.check, at, arrived=now),
    )
    for look in looks:  # each by itself: a row may have several faults
        try:
            look()
        except Invalid as refusal:
            yield from _unless_told(_fault(line, refusal), faulty)


def _as_in_example(said: dict[str, Any], faulty: frozenset[str], kind: Kind) -> dict[str, Any]:
    """The members of the row that are not faulty; faulty ones that every row must have are as in
    the kind's example.
    """
    rest = {name: value for name, value in said.items() if name not in faulty}
    return rest | {name: kind.example[name] for name in faulty & set(kind.required)}


def _unless_told(fault: Fault, faulty: frozenset[str]) -> Iterator[Fault]:
    """Yield the fault, unless it may come from a faulty member, which was replaced by that of the
    example.
    """
    about = faulty if fault.field in faulty else WITH.get(fault.field, frozenset()) & faulty
    if not about:
        yield fault


def _fault(line: int, refusal: Invalid) -> Fault:
    """The refusal as a fault of this line, without the field's name in its reason."""
    return Fault(line, refusal.field, str(refusal).removeprefix(f"{refusal.field}: "))


def _reason(error: Any, said: dict[str, Any], kind: Kind) -> str:
    """Why a member of the row was refused, as words for people; `error` is one of pydantic's. A
    missing or unknown member, a pattern, and an amount with a comma have words of their own; others
    pydantic's.
    """
    value = error["input"]
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return f"is no member; there are {', '.join([*kind.required, *kind.optional])}"
        case "string_pattern_mismatch" if error["ctx"]["pattern"] in PATTERNS:
            return PATTERNS[error["ctx"]["pattern"]]
        case "value_error" if isinstance(value, str) and COMMA.fullmatch(value.strip()):
            return f"{value!r} has a comma; amounts are written with a point, such as 1234.50"
    message = str(error["msg"]).removeprefix("Value error, ")
    if isinstance(value, str):  # it is one, in quotes or in a cell
        message = message.replace("a decimal number in a string", "a decimal number")
    return message[:1].lower() + message[1:]


# What the rules refuse of a row whatever the books say. Each raises Invalid.


def _check_amount(model: Data, values: dict[str, Any], kind: Kind) -> None:
    """Raise Invalid if the currency is unknown, or the amount is negative, too large to keep, has
    too many digits, or is 0 where it must be more. A row without an amount is not checked further.
    """
    currency = money.check_currency(values["currency"])
    amount = values.get("amount")
    if amount is None:  # a merchant has none, and a charge may be priced
        return
    money.posted(amount, currency)
    if amount < 0 or (kind.amount_is_positive and not amount):
        least = "more than 0" if kind.amount_is_positive else "0 or more"
        raise Invalid("amount", f"must be {least}")


def _check_terms(model: Data, values: dict[str, Any], kind: Kind) -> None:
    """Raise Invalid if the terms of a merchant that joins cannot be; rows of other kinds have
    none.
    """
    if isinstance(model, Terms):
        model.check()


def _check_limit(values: dict[str, Any], now: datetime) -> None:
    """Raise Invalid for a merchant with a higher limit than an operator may open a line with on the
    UTC day of `now` (rule 8.19). Rows without a limit, or with an unknown currency, are not
    checked.
    """
    limit, currency = values.get("credit_limit"), values["currency"]
    if limit is None or currency not in settings.CURRENCIES:
        return
    most = policies.most_to_open_with(currency, now.date())
    if limit > most:
        raise Invalid(
            "credit_limit",
            f"is above {money.figure_text(most, currency)}, which is the most that a line is opened"
            " with by a file",
        )


def _check_zone(model: Data, values: dict[str, Any], kind: Kind) -> None:
    """Raise Invalid if the row has a time zone that is none of a merchant's."""
    if "timezone" in values:
        calendar.check_zone(values["timezone"])


def _check_language(model: Data, values: dict[str, Any], kind: Kind) -> None:
    """Raise Invalid if the row has a language that merchants' pages do not have."""
    known = dict(settings.LANGUAGES)
    if "language" in values and values["language"] not in known:
        raise Invalid("language", f"must be one of {', '.join(known)}")


LOOKS = (_check_amount, _check_terms, _check_zone, _check_language)


def _unknown_merchants(rows: Sequence[Row], kind: Kind) -> Iterator[Fault]:
    """Yield a fault for each row whose merchant does not exist. Rows that found merchants have
    none, nor those whose merchant is faulty already.
    """
    if kind.founds:
        return
    named = {row.merchant for row in rows}
    known = set(Merchant.objects.filter(reference__in=named).values_list("reference", flat=True))
    for row in rows:
        if row.merchant not in known and "merchant" not in row.faulty:
            yield Fault(row.line, "merchant", f"there is no merchant {row.merchant}")


def _operators_addresses(rows: Sequence[Row], kind: Kind) -> Iterator[Fault]:
    """Yield a fault for each row that names an operator as a merchant's owner. Rows of kinds that
    found no merchants have none.
    """
    if not kind.founds:
        return
    named = [(row.line, getattr(row.model, "owner_email", None)) for row in rows]
    operators = queries.operators_among(email for _, email in named if email)
    for line, email in named:
        if email in operators:
            reason = "is an operator's address, and operators belong to no merchant"
            yield Fault(line, "owner_email", reason)


def _said_differently(rows: Iterable[Row]) -> Iterator[Fault]:
    """Yield a fault for each row that has the merchant and reference of an earlier row but other
    content. A row with the same content is a harmless duplicate; one that could not be read whole
    is compared with none.
    """
    first: dict[tuple[str, str], Row] = {}
    for row in rows:
        if row.faulty:
            continue
        known = first.setdefault((row.merchant, row.reference), row)
        if known.model != row.model:
            reason = f"{row.reference} is on line {known.line:,}, too, with other content"
            yield Fault(row.line, "", reason)


def _not_there(rows: Sequence[Row], kind: Kind) -> Iterator[Fault]:
    """For a file of payments, yield a fault for each payment of an order that does not exist; for
    one of charges, for each charge of a fee that the platform cannot charge. Nothing for other
    kinds, or rows whose merchant, order or fee has a fault already.
    """
    if kind.code == "PAYMENTS" and rows:
        named = [
            (row.line, row.merchant, str(row.said["order"]))
            for row in rows
            if not row.faulty & {"merchant", "order"}
        ]
        unknown = _of_unknown_orders(named)
        for line, merchant, order in named:
            if line in unknown:
                yield Fault(line, "order", f"{merchant} has no order {order}")
    elif kind.code == "CHARGES":
        fees = set(Fee.objects.filter(is_sent_by_platform=True).values_list("code", flat=True))
        for row in rows:
            if row.said["fee"] not in fees and "fee" not in row.faulty:
                there_is_none = f"there is no fee {row.said['fee']!r} that can be charged"
                yield Fault(row.line, "fee", there_is_none)


def _of_unknown_orders(named: Sequence[tuple[int, str, str]]) -> set[int]:
    """Look up the orders that these lines name, each as (line, merchant's reference, order's
    reference), and return the lines whose merchant has no such order; those of an unknown merchant
    are left out. Where the books are in cells, the orders of each merchant are looked for in its
    own, whichever cell we are inside.
    """
    where = directory.cells_of(merchant for _, merchant, _ in named) if cells.are_on() else {}
    by_cell: dict[int, list[tuple[int, str, str]]] = {}
    for one in named:
        by_cell.setdefault(where.get(one[1], cells.number()), []).append(one)
    unknown: set[int] = set()
    for number, group in sorted(by_cell.items()):
        with cells.elsewhere(number), connection.cursor() as cursor:
            cursor.execute(UNKNOWN_ORDERS, [list(column) for column in zip(*group, strict=True)])
            unknown |= {line for (line,) in cursor.fetchall()}
    return unknown
