"""The credit book of merchants, in the form of docs/books.md."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from moneyed import Money

from credit import masks, rules
from credit.models import (
    CreditLine,
    Freeze,
    LimitEntry,
    LimitRequest,
    LimitReview,
    Order,
    OrderFlag,
    OrderPayment,
    OrderRefund,
    PayoutDestination,
    PayoutRun,
    PayoutSchedule,
    ProceedsEntry,
    RefusedCash,
    ShopMetrics,
    UnmatchedSettlement,
    Withdrawal,
)
from credit.models.proceeds import paid_by
from lib import money
from merchants import books, installation
from merchants.books import Row, RowsByMerchant, Table, columns, in_order, without_keys
from merchants.models import Installation

Currencies = Mapping[int, str]
OF_LINE = partial(Table, "line_id")

LINE = Table(
    "merchant_id",
    columns(
        "currency limit used timezone open_on open_until closed_at paused_at order_cap"
        " buyer_cap payment_days settlement_days unpaid_bill_days proceeds paid_out"
    ),
)
LIMIT_ENTRIES = OF_LINE(
    columns(
        "at kind order=order__reference limit_change used_change limit_after used_after actor"
        " reason told"
    ),
)
FREEZES = OF_LINE(
    columns("reason placed_at placed_by note told lifted_at lifted_by lift_note lift_told"),
)
METRICS = OF_LINE(
    columns("arrived_at said_at=at rating listing_quality profile_completeness after_sales"),
    plain="rating listing_quality profile_completeness after_sales",
)
PLAIN_IN_REVIEWS = (
    "rating listing_quality profile_reported profile_confirmed profile_completeness after_sales"
    " rating_points volume_points listing_points profile_points after_sales_points score"
)
REVIEWS = OF_LINE(
    columns(
        "on at policy=policy__version limit_before paid overdue was_frozen rating"
        " listing_quality profile_reported profile_confirmed profile_rejected"
        " profile_completeness after_sales rating_points volume_points listing_points"
        " profile_points after_sales_points score grade limit_proposed notes status"
        " limit_given decided_at decided_by decision_reason decision_told"
    ),
    plain=PLAIN_IN_REVIEWS,
)
REQUESTS = OF_LINE(
    columns("kind status limit_wanted message asked_at asked_by answer answered_at answered_by")
)
ORDERS = OF_LINE(
    columns(
        "reference buyer buyer_risk amount instalments status decline_code outstanding paid"
        " refunded refunded_written_off written_off recovered placed_at placed_said_at"
        " shipped_at=shipped_told_at shipped_said_at=shipped_at delivered_at=delivered_told_at"
        " delivered_said_at=delivered_at delivered_told_on first_due_on due_on cancelled_at"
        " cancelled_said_at cancel_reason written_off_at _pk=pk _part_amount=part_amount"
    ),
)
PAYMENTS = OF_LINE(
    columns(
        "reference amount status refusal settled arrived_at said_at=at _pk=pk _order=order_id"
        " _settlement=settlement_id"
    ),
)
SETTLEMENTS = OF_LINE(
    columns("at kind amount order=order__reference reference actor reason _payment=payment_id"),
)
REFUNDS = OF_LINE(
    columns(
        "reference amount from_outstanding from_written_off from_proceeds arrived_at"
        " said_at=at _order=order_id"
    ),
)
REFUSED_CASH = OF_LINE(
    columns(
        "kind reference order=order_reference amount currency said_at code sentence"
        " arrived_at last_arrived_at times status ended_at ended_by reason"
    ),
    plain="amount",
)
FLAGS = OF_LINE(
    columns("kind cause buyer at orders=evidence status decided_at decided_by reason"),
)
PROCEEDS = OF_LINE(
    columns(
        "at kind amount matures_on order=order__reference payment=payment__reference"
        " refund=refund__reference sale=sale__payment__reference"
        " released=settlement__payment__reference told=correction__told actor=correction__actor"
        " reason=correction__reason bill_payment _withdrawal=withdrawal_id"
    ),
)
DESTINATIONS = OF_LINE(
    columns(
        "kind holder bank country routing number=last_four _masked=masked added_at added_by"
        " usable_from removed_at removed_by blocked_at blocked_by blocked_reason _pk=pk"
    ),
)
WITHDRAWALS = OF_LINE(
    columns(
        "reference batch amount fee status provider needs_approval requested_at requested_by"
        " approved_at approved_by sent_at sent_by ended_at ended_by"
        " bank_reference=provider_reference reason problem flagged_late_at corrected_at"
        " corrected_by returned_at returned_by returned_reason _pk=pk"
        " _destination=destination_id"
    ),
)
AUTOMATIC = OF_LINE(
    columns(
        "every weekday from_amount set_up_at set_up_by usable_from next_on ended_at ended_by"
        " _pk=pk _destination=destination_id"
    ),
)
RUNS = Table(
    "rule__line_id",
    columns("on at outcome available _rule=rule_id _withdrawal=withdrawal_id"),
)

# Names that an installation draws at random, and so differ for the same withdrawal in another one.
LOCAL_NAMES = ("reference", "batch")


def of(merchant_ids: Sequence[int], *, local_names: bool = False) -> dict[int, Row]:
    """The credit books of those of these merchants that have a line, by merchant id, read with a
    fixed number of queries.

    `local_names` adds the references of withdrawals and bank files, which this installation drew at
    random.
    """
    lines = CreditLine.objects.filter(merchant_id__in=merchant_ids)
    currencies: Currencies = dict(lines.values_list("merchant_id", "currency"))
    read = _Reader(list(currencies), currencies)
    line = {key: rows[0] for key, rows in read(LINE, CreditLine).items()}
    entries, freezes = read(LIMIT_ENTRIES, LimitEntry), read(FREEZES, Freeze)
    metrics, reviews = read(METRICS, ShopMetrics), read(REVIEWS, LimitReview)
    requests, orders = read(REQUESTS, LimitRequest), _orders(read)
    refused, flags = read(REFUSED_CASH, RefusedCash), read(FLAGS, OrderFlag)
    # Each payment of an invoice has it in its key. Books are read where nothing may be written.
    prefix = Installation.objects.order_by("pk").values_list("prefix", flat=True).first() or ""
    with installation.remembered(prefix):
        proceeds = _proceeds(read, local_names=local_names)
    return {
        key: {
            "currency": currencies[key],
            "line": _line(line[key], freezes[key]),
            "limit_entries": books.numbered(in_order(entries[key], "at"), "entry"),
            "freezes": in_order(freezes[key], "placed_at", "reason", "note"),
            "metrics": in_order(metrics[key], "said_at"),
            "reviews": in_order(reviews[key], "on"),
            "limit_requests": in_order(requests[key], "asked_at"),
            "orders": without_keys(_with_overdue(orders[key], line[key]["open_on"])),
            "refused_cash": in_order(refused[key], "arrived_at", "kind", "reference"),
            "flags": in_order(_flags(flags[key]), "kind", "cause"),
            **_with_buckets(proceeds[key], line[key], currencies[key]),
        }
        for key in currencies
    }


class _Reader:
    """Reads the rows of a table for some merchants, with one query for all of them."""

    def __init__(self, merchant_ids: Sequence[int], currencies: Currencies) -> None:
        self.merchant_ids, self.currencies = merchant_ids, currencies

    def __call__(self, table: Table, model: Any) -> RowsByMerchant:
        """Read the table's rows of these merchants, grouped by merchant id; an empty list for a
        merchant without rows.
        """
        rows = books.of_merchants(model, table.owner, self.merchant_ids)
        return table.read(rows, self.currencies)


def _line(line: Row, freezes: Sequence[Row]) -> Row:
    """The part "line" of the book: the line's own figures, with what is available, the sorted
    reasons of its freezes in force, and the days on which unpaid bills will freeze it.
    """
    available = max(Decimal(line["limit"]) - Decimal(line["used"]), Decimal(0))
    frozen_by = sorted({row["reason"] for row in freezes if row["lifted_at"] is None})
    days = [books.as_json(day) for day in sorted(line["unpaid_bill_days"])]
    figures = {
        "limit": line["limit"],
        "used": line["used"],
        "available": money.figure_text(available, line["currency"]),
        "frozen_by": frozen_by,
    }
    elsewhere = ("currency", "proceeds", "paid_out")
    said = {name: value for name, value in line.items() if name not in elsewhere}
    return figures | said | {"unpaid_bill_days": days}


def _orders(read: _Reader) -> RowsByMerchant:
    """The orders of each merchant as rows of the book, by when they were placed, each with its
    `parts` (none if it was declined), `payments` and `refunds`.
    """
    payments, refunds = read(PAYMENTS, OrderPayment), read(REFUNDS, OrderRefund)
    settlements = read(SETTLEMENTS, UnmatchedSettlement)
    found = read(ORDERS, Order)
    for key, orders in found.items():
        settled = books.grouped(settlements[key], "_payment")
        paid = books.grouped(_payments(payments[key], settled), "_order")
        refunded = books.grouped(in_order(refunds[key], "arrived_at", "reference"), "_order")
        for order in orders:
            order["parts"] = [] if order["decline_code"] else _parts(order, read.currencies[key])
            order["payments"] = without_keys(paid[order["_pk"]])
            order["refunds"] = without_keys(refunded[order["_pk"]])
        found[key] = in_order(orders, "placed_at", "reference")
    return found


def _payments(payments: Sequence[Row], settled: Mapping[int, list[Row]]) -> list[Row]:
    """The payments in the order in which they arrived. Each row is given, in place, its
    `settlements`, which are the rows of `settled` under the payment's primary key, and
    `settles_unmatched`: whether the payment came about as operators settled UNMATCHED cash,
    and was not reported by the platform.
    """
    for payment in payments:
        payment["settles_unmatched"] = payment["_settlement"] is not None
        payment["settlements"] = without_keys(in_order(settled[payment["_pk"]], "at"))
    return in_order(payments, "arrived_at", "reference", "settles_unmatched")


def _parts(order: Row, currency: str) -> list[Row]:
    """The order's instalments as rows of the book, oldest first: number (`part`), amount,
    outstanding amount and due day, the latter three as texts, amounts without their currency; the
    day is None before the delivery.
    """

    def amount(name: str) -> Money:
        """The order's amount of this name, as money."""
        return Money(Decimal(order[name]), currency)

    first_due_on = order["first_due_on"]
    parts = rules.parts(
        amount=amount("amount"),
        instalments=order["instalments"],
        part_amount=amount("_part_amount"),
        paid=amount("paid"),
        outstanding=amount("outstanding"),
        first_due_on=first_due_on and date.fromisoformat(first_due_on),
    )
    return [
        {
            "part": part.number,
            "amount": money.text(part.amount),
            "outstanding": money.text(part.outstanding),
            "due_on": books.as_json(part.due_on),
        }
        for part in parts
    ]


def _with_overdue(orders: Sequence[Row], today: str) -> list[Row]:
    """The orders, each with `is_overdue`: whether it fell due before `today`, the open day of its
    line as ISO text.
    """
    return [
        order | {"is_overdue": order["due_on"] is not None and order["due_on"] < today}
        for order in orders
    ]


def _flags(flags: Sequence[Row]) -> list[Row]:
    """The same flags as a list, in the same order. The rows are changed in place: their
    `orders` become the sorted references of the flagged orders, instead of copies of these
    orders. So it is called once for the same rows.
    """
    for flag in flags:
        flag["orders"] = sorted(seen["order"] for seen in flag["orders"])
    return list(flags)


def _proceeds(read: _Reader, *, local_names: bool) -> RowsByMerchant:
    """For each merchant, a list with one row that has its entries, destinations, withdrawals and
    automatic withdrawals.

    Destinations and withdrawals are numbered from 1 within the merchant, and referred to by that
    number.
    """
    entries, destinations = read(PROCEEDS, ProceedsEntry), read(DESTINATIONS, PayoutDestination)
    withdrawals, automatic = read(WITHDRAWALS, Withdrawal), read(AUTOMATIC, PayoutSchedule)
    runs = read(RUNS, PayoutRun)
    found: RowsByMerchant = {}
    for key in read.currencies:
        numbered = books.numbered(in_order(destinations[key], "added_at"), "destination")
        sent = books.numbered(in_order(withdrawals[key], "requested_at"), "withdrawal")
        to, by = (
            books.values_by_key(numbered, "destination"),
            books.values_by_key(sent, "withdrawal"),
        )
        listed = in_order(entries[key], "at")
        ran = books.grouped(in_order(runs[key], "on"), "_rule")
        found[key] = [
            {
                "entries": without_keys(
                    books.numbered((_entry(one, by) for one in listed), "entry")
                ),
                "destinations": without_keys(_masked(one) for one in numbered),
                "withdrawals": without_keys(_withdrawal(one, to, local_names) for one in sent),
                "automatic_withdrawals": without_keys(
                    one
                    | {"destination": to[one["_destination"]]}
                    | {"runs": without_keys(_run(run, by) for run in ran[one["_pk"]])}
                    for one in in_order(automatic[key], "set_up_at")
                ),
            }
        ]
    return found


def _entry(entry: Row, withdrawals: Mapping[int, int]) -> Row:
    """The entry with the number of its withdrawal (`withdrawal`), and with the `invoice` and
    `attempt` that a bill payment paid; None for what it does not have. It is a new row, and
    `bill_payment` is taken out of the one that was given.
    """
    number, attempt = paid_by(entry.pop("bill_payment") or "")
    return entry | {
        "withdrawal": withdrawals.get(entry["_withdrawal"]),
        "invoice": number or None,
        "attempt": attempt or None,
    }


def _masked(destination: Row) -> Row:
    """Return a copy of the destination's row with `number` as people are shown it
    (masks.shown). The row that is given has the last characters of the number there,
    never a full one, and what Alipay shows of it in `_masked`. If nothing of the number
    is known, words in the language in force take its place.
    """
    number = masks.shown(
        destination["kind"], masked=destination["_masked"], last_four=destination["number"]
    )
    return destination | {"number": number}


def _withdrawal(withdrawal: Row, destinations: Mapping[int, int], local_names: bool) -> Row:
    """The withdrawal's row with the number of its destination added as `destination`.
    Without `local_names` it has neither `reference` nor `batch`, which this installation
    drew at random, and its `bank_reference` is None if our reference is within it. The row
    that was given is not changed.
    """
    reference, banks = withdrawal["reference"], withdrawal["bank_reference"]
    if not local_names:
        withdrawal = {n: said for n, said in withdrawal.items() if n not in LOCAL_NAMES}
        if banks and reference in banks:  # the sandbox's, made of ours
            withdrawal["bank_reference"] = None
    return withdrawal | {"destination": destinations[withdrawal["_destination"]]}


def _run(run: Row, withdrawals: Mapping[int, int]) -> Row:
    """The row of the run with the number of its withdrawal, from `withdrawals` by key, as
    `withdrawal`; None there if it made none.
    """
    return run | {"withdrawal": withdrawals.get(run["_withdrawal"])}


def _with_buckets(proceeds: Sequence[Row], line: Row, currency: str) -> Row:
    """The part of the book from "proceeds" on: `proceeds`, which has the balance and what is
    maturing, available, on its way and paid out as of the line's open day, as texts, and the
    entries; beside it `destinations`, `withdrawals` and `automatic_withdrawals`. The entries are
    taken out of the one row in `proceeds` that was given.
    """
    (said,) = proceeds
    balance = Decimal(line["proceeds"])
    maturing = sum(
        (
            Decimal(entry["amount"])
            for entry in said["entries"]
            if (entry["matures_on"] or "") > line["open_on"]
        ),
        Decimal(0),
    )
    under_way = [one for one in said["withdrawals"] if one["ended_at"] is None]
    on_its_way = sum(
        (Decimal(one["amount"]) + Decimal(one["fee"]) for one in under_way), Decimal(0)
    )
    figures = {
        "balance": balance,
        "maturing": maturing,
        "available": max(min(balance - maturing, balance), Decimal(0)),
        "on_its_way": on_its_way,
        "paid_out": Decimal(line["paid_out"]),
    }
    buckets = {name: money.figure_text(figure, currency) for name, figure in figures.items()}
    return {"proceeds": buckets | {"entries": said.pop("entries")}, **said}
