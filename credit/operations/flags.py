"""Flags orders that a person should look at, and records what the person found (rule 7.7).

A flag changes nothing by itself: it is an operator who freezes, if there is a reason to.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection, transaction

from credit.models import CreditLine, Order, OrderFlag
from credit.operations import lines
from credit.queries import flags
from credit.trail import Action
from lib import money, wording
from lib.refusals import AlreadyDecided, Refused
from merchants.queries import local_day
from trail import operations as trail

STATUSES = {
    Action.FLAG_DISMISSED: OrderFlag.Status.DISMISSED,
    Action.FLAG_CONFIRMED: OrderFlag.Status.CONFIRMED,
}


class UnknownFlag(Refused):
    """There is no such flag."""

    code = "unknown_flag"


# An earlier run may have seen only some of the orders: an undecided flag gets the others, too.
FLAG = """
INSERT INTO credit_orderflag (line_id, kind, cause, buyer, evidence, at, status, decided_by, reason)
VALUES (%(line)s, %(kind)s, %(cause)s, %(buyer)s, %(evidence)s, %(now)s, 'OPEN', '', '')
ON CONFLICT (line_id, kind, cause) DO UPDATE SET evidence = excluded.evidence
WHERE credit_orderflag.status = 'OPEN'
  AND jsonb_array_length(excluded.evidence) > jsonb_array_length(credit_orderflag.evidence)
"""


@transaction.atomic
def raise_flags(line_ids: Sequence[int], *, now: datetime) -> None:
    """Flag orders of these lines that a person should look at, once per cause.

    The causes are a buyer with 5 or more orders within 24 hours, whatever became of them (one flag
    for each local day of the last 8 days on which such a run of orders starts), and an open order
    that was shipped 60 days ago or longer and is not delivered. A flag that is not decided yet gets
    orders that have come since. It locks the lines in which there is such a cause, be the buyer
    flagged already, with their ended days worked off first (lines.lock). Rule 7.7, rule 7.8.
    """
    found = _busy_buyers(line_ids, now) + _undelivered(line_ids, now)
    # By line, the order in which everybody locks several.
    found.sort(key=lambda flag: (flag["line"], flag["kind"], flag["cause"]))
    for line_id, flags_of_line in groupby(found, key=itemgetter("line")):
        _raise(flags_of_line, now=lines.lock(line_id, now=now).now)


def dismiss(*, flag_id: int, actor: str, reason: str, now: datetime) -> OrderFlag:
    """Record an operator's decision, with a trail row, that nothing is wrong with the flagged
    orders, and return the flag. Nothing else changes, and the merchant is not notified of it.
    Raises UnknownFlag, AlreadyDecided, Invalid without a reason. It locks the line, whose ended
    days are worked off first (lines.lock), in a transaction of its own if the caller has none.
    """
    return _decide(flag_id, Action.FLAG_DISMISSED, actor, reason, now)


def confirm(*, flag_id: int, actor: str, reason: str, now: datetime) -> OrderFlag:
    """Record an operator's decision, with a trail row, that something is wrong with the
    flagged orders, and return the flag. The line is not frozen by it, and the merchant is
    not notified of it. Raises UnknownFlag, AlreadyDecided, Invalid without a reason. It
    locks the line, whose ended days are worked off first (lines.lock), in a transaction of
    its own if the caller has none.
    """
    return _decide(flag_id, Action.FLAG_CONFIRMED, actor, reason, now)


@transaction.atomic
def _decide(flag_id: int, action: Action, actor: str, reason: str, now: datetime) -> OrderFlag:
    """Write the operator's decision on the flag, with a trail row: it is dismissed or confirmed, as
    the trail's `action` says. Raises UnknownFlag, AlreadyDecided, Invalid without a reason. It
    locks the line, whose ended days are worked off first (lines.lock).
    """
    status = STATUSES[action]
    reason = wording.checked("reason", reason)
    line_id = OrderFlag.objects.filter(pk=flag_id).values_list("line_id", flat=True).first()
    if line_id is None:
        raise UnknownFlag(f"flag: there is no flag {flag_id}")
    now = lines.lock(line_id, now=now).now
    decided = OrderFlag.objects.filter(pk=flag_id, status=OrderFlag.Status.OPEN).update(
        status=status, decided_at=now, decided_by=actor, reason=reason
    )
    flag = OrderFlag.objects.get(pk=flag_id)
    if not decided:
        raise AlreadyDecided(f"flag: {flag_id} is {flag.status} already")
    trail.write(
        action,
        merchant_id=flag.line_id,
        subject=f"flag {flag.pk}",
        before={"status": str(OrderFlag.Status.OPEN)},
        after={"status": str(status)},
        actor=actor,
        reason=reason,
        now=now,
    )
    return flag


def _busy_buyers(line_ids: Sequence[int], now: datetime) -> list[dict[str, Any]]:
    """The column values of the flags to raise for buyers of these lines who placed too many orders
    within 24 hours, declined and cancelled ones too: one for each buyer and local day on which such
    a run of orders starts, also where there is such a flag already.
    """
    first: dict[tuple[int, str], flags.BusyWindow] = {}  # of each local day
    counting = CreditLine.objects.in_bulk(line_ids)
    for window in flags.busy_windows(line_ids, now):
        # By the zone of then: after a change of zone the same orders must not be another cause.
        day = local_day(counting[window.line_id], window.starts_at)
        first.setdefault((window.line_id, f"{day} {window.buyer}"), window)
    return [
        {
            "line": line_id,
            "kind": str(OrderFlag.Kind.MANY_FROM_ONE_BUYER),
            "cause": cause,
            "buyer": window.buyer,
            "evidence": _evidence(window.orders(now)),
        }
        for (line_id, cause), window in first.items()
    ]


def _undelivered(line_ids: Sequence[int], now: datetime) -> list[dict[str, Any]]:
    """The column values of the flags to raise for open orders of these lines that were shipped long
    ago, are not delivered and were never flagged for that, one for each.
    """
    return [
        {
            "line": order.line_id,
            "kind": str(OrderFlag.Kind.NOT_DELIVERED),
            "cause": order.reference,
            "buyer": order.buyer,
            "evidence": _evidence([order]),
        }
        for order in flags.undelivered(now).filter(line__in=line_ids)
    ]


def _evidence(orders: Iterable[Order]) -> str:
    """The orders as they are now, as the JSON text that a flag keeps: of each its reference, buyer,
    instants of placing and shipping, amount, currency and status.
    """
    return json.dumps(
        [
            {
                "order": order.reference,
                "buyer": order.buyer,
                "placed_at": order.placed_at.isoformat(),
                "shipped_at": order.shipped_at.isoformat() if order.shipped_at else None,
                "amount": money.text(order.amount),
                "currency": order.currency,
                "status": order.status,
            }
            for order in orders
        ]
    )


def _raise(found: Iterable[dict[str, Any]], now: datetime) -> None:
    """Insert these flags. A flag that is known is only given the evidence if that has more orders
    and nobody has decided it.
    """
    with connection.cursor() as cursor:
        cursor.executemany(FLAG, [{**flag, "now": now} for flag in found])
