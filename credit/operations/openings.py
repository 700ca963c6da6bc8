"""What a merchant brings along from elsewhere: its open orders and its proceeds (rule 23.16).

It is brought into a line that has no trade of its own yet. So everything in the line is what was
brought, and can be compared with the records of the former system. No notice is written.
"""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from moneyed import Money

from credit.models import CreditLine, LimitEntry, Order, ProceedsEntry
from credit.operations import lines, orders
from credit.rules import MOST_INSTALMENTS
from lib import erasing, money
from lib.refusals import Conflict, Invalid, Refused, differing

Kind = LimitEntry.Kind
# A line that has no other entries has not traded.
BEFORE_TRADE = (Kind.OPENED, Kind.LIMIT_SET, Kind.MOVED_IN)


class HasTraded(Refused):
    """The line has trade of its own, or is closed, so that nothing can be brought into it any
    more.
    """

    code = "has_traded"


class OpeningConflict(Conflict):
    """Proceeds were brought along before, with other content."""


def take_order(
    *,
    merchant_id: int,
    reference: str,
    buyer: str,
    amount: Money,
    paid: Money,
    instalments: int,
    at: datetime,
    now: datetime,
) -> tuple[Order, bool]:
    """Open an order that was placed elsewhere at `at`, and of which the buyer paid `paid` there.

    What is outstanding counts as used, even above the limit, and no notice is written. What was
    paid does not become proceeds: if the merchant has not had it yet, `take_proceeds` brings it.
    Returns the order and whether it is new. Raises Invalid, CurrencyMismatch, WrongInstant for an
    `at` in the future, OrderConflict for an order that is known with other content or was placed
    here, and HasTraded. It locks the line, whose ended days are worked off first (lines.lock).
    """
    if not 1 <= instalments <= MOST_INSTALMENTS:
        raise Invalid("instalments", f"must be between 1 and {MOST_INSTALMENTS}")
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        amount = money.accepted(amount, line.currency)
        paid = money.accepted(paid, line.currency, field="paid")
        if not money.zero(line.currency) <= paid < amount:
            raise Invalid("paid", "must be from 0 to less than the amount")
        sent = {"buyer": buyer, "amount": amount, "instalments": instalments, "paid": paid}
        known = Order.objects.filter(line=line, reference=reference).first()
        if known is not None:
            _check_same_order(known, sent)
            return known, False
        orders.check_instant(at, line)
        _refuse_traded(line)
        order = Order.objects.create(
            line=line,
            reference=reference,
            buyer=buyer,
            currency=line.currency,
            amount=amount,
            instalments=instalments,
            part_amount=money.part_of(amount, instalments),
            status=Order.Status.OPEN,
            outstanding=amount - paid,
            paid=paid,
            placed_at=line.now,
            placed_said_at=at,
        )
        _hold(line, order)
    return order, True


def _check_same_order(known: Order, sent: Mapping[str, object]) -> None:
    """Raise OrderConflict, which names what differs, if the known order was placed here, or was
    brought along with another buyer, amount, number of instalments or sum paid. A buyer that was
    erased is not compared.
    """
    entry = known.limitentry_set.filter(kind=Kind.MOVED_IN).first()
    if entry is None:
        raise orders.OrderConflict(f"order: {known} was placed here", ["order"])
    is_erased = erasing.is_erased(known.buyer)  # whose it was is not compared (rule 21.19)
    stands = {
        "buyer": sent["buyer"] if is_erased else known.buyer,
        "amount": known.amount,
        "instalments": known.instalments,
        "paid": known.amount - entry.used_change,
    }
    if others := differing(stands, sent):
        named = " and ".join(others)
        raise orders.OrderConflict(f"order: {known} is known with another {named}", others)


def _hold(line: CreditLine, order: Order) -> None:
    """Raise what is used of the locked line by what is outstanding of the order, and write the
    MOVED_IN entry.
    """
    line.used += order.outstanding
    line.save(update_fields=["used"])
    LimitEntry.objects.create(
        line=line,
        order=order,
        kind=Kind.MOVED_IN,
        currency=line.currency,
        used_change=order.outstanding,
        limit_after=line.limit,
        used_after=line.used,
        actor="platform",
        at=line.now,
    )


def take_proceeds(
    *, merchant_id: int, available: Money, maturing: Mapping[date, Money], now: datetime
) -> bool:
    """Add the proceeds that the merchant had elsewhere, all in one call: what it could withdraw
    there (negative if it owed something), and the amount that matures on each local day, each of
    them after the line's open day. No notice is written.

    Returns True, or False if the same proceeds were brought before; then nothing changes. Raises
    Invalid, also if there is nothing to bring, CurrencyMismatch, OpeningConflict, HasTraded. It
    locks the line, whose ended days are worked off first (lines.lock).
    """
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        sent: dict[date | None, Money] = {}
        if available := money.accepted(available, line.currency, field="available"):
            sent[None] = available
        for on, amount in maturing.items():
            sent[on] = money.accepted(amount, line.currency, field="maturing")
            if sent[on].amount <= 0:
                raise Invalid("maturing", "must be more than 0 on each day")
        if not sent:
            raise Invalid("available", "there is nothing to bring along")
        openings = line.proceeds_entries.filter(kind=ProceedsEntry.Kind.OPENING)
        if stands := {entry.matures_on: entry.amount for entry in openings}:
            _check_same_proceeds(stands, sent)
            return False
        if any(on <= line.open_on for on in maturing):
            raise Invalid("maturing", f"must be days after {line.open_on}")
        _refuse_traded(line)
        _write(line, sent)
    return True


def _check_same_proceeds(
    stands: Mapping[date | None, Money], sent: Mapping[date | None, Money]
) -> None:
    """Raise OpeningConflict, which names what differs, unless the amounts sent are those that
    stand. Both are by the day they mature on, None for what was available at once.
    """
    days = {on for on in {*stands, *sent} if stands.get(on) != sent.get(on)}
    others = [
        name for name, differs in (("available", None in days), ("maturing", any(days))) if differs
    ]
    if others:
        named = " and ".join(others)
        raise OpeningConflict(f"proceeds: they were brought along with other {named}", others)


def _write(line: CreditLine, amounts: Mapping[date | None, Money]) -> None:
    """Write an OPENING entry for each amount, by the day it matures on (None: at once), and raise
    the locked line's proceeds.
    """
    ProceedsEntry.objects.bulk_create(
        ProceedsEntry(
            line=line,
            kind=ProceedsEntry.Kind.OPENING,
            currency=line.currency,
            amount=amount,
            matures_on=on,
            at=line.now,
        )
        for on, amount in amounts.items()
    )
    line.proceeds += money.total(amounts.values(), line.currency)
    line.save(update_fields=["proceeds"])


def _refuse_traded(line: CreditLine) -> None:
    """Raise HasTraded if the locked line is closed, or has anything that was not brought into it;
    limits that operators set do not count.
    """
    has_traded = (
        line.is_closed
        or line.entries.exclude(kind__in=BEFORE_TRADE).exists()
        or line.orders.filter(status=Order.Status.DECLINED).exists()
        or line.proceeds_entries.exclude(kind=ProceedsEntry.Kind.OPENING).exists()
        or line.payments.exists()  # UNMATCHED ones have no entry
    )
    if has_traded:
        raise HasTraded("merchant: it trades here already, or is closed")
