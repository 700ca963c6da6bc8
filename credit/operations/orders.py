"""Places a buyer's order, or says whether it could be (rule 4.5).

What becomes of it later is in `order_steps`, `payments` and `refunds`.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.db import connection, transaction
from moneyed import Money

from credit.models import CreditLine, Order
from credit.notices.orders import ORDER_DECLINED
from credit.operations import lines, usage
from credit.queries import declining
from credit.rules import MOST_INSTALMENTS, happened
from lib import erasing, money, prepared, rows
from lib.parts import InParts, Part
from lib.refusals import Conflict, Invalid, Refused
from notices.operations import notices


class WrongInstant(Invalid):
    """The step is said to have happened before its order was placed, or after it was reported."""

    def __init__(self, at: datetime) -> None:
        super().__init__("at", f"{at.isoformat()} is before the order was placed, or not here yet")


class OrderConflict(Conflict):
    """An order, or a step of it, is known under this reference with other content."""


TRIES = 3  # of reading a line and writing to it, until its lock is waited for

# What an accepted order writes in one statement: itself, its entry, and the figures of its line.
_ORDER_ROW = """
    %(line)s, %(reference)s, %(buyer)s, %(buyer_risk)s, %(currency)s, %(amount)s,
    %(instalments)s, %(part_amount)s, %(status)s, %(decline_code)s, %(held)s, 0, 0, 0, 0, 0,
    %(now)s, %(said)s, ''
"""
_ORDER = """
INSERT INTO credit_order (line_id, reference, buyer, buyer_risk, currency, amount, instalments,
    part_amount, status, decline_code, outstanding, paid, refunded, refunded_written_off,
    written_off, recovered, placed_at, placed_said_at, cancel_reason)
"""
ORDER = f"{_ORDER} SELECT {_ORDER_ROW}"
_ENTRY_ROW = """
    %(line)s, {id}, 'HOLD', %(currency)s, 0, %(held)s, %(limit)s, %(used)s + %(held)s,
    'platform', '', %(now)s
"""
_ENTRY = """
INSERT INTO credit_limitentry (line_id, order_id, kind, currency, limit_change, used_change,
                               limit_after, used_after, actor, reason, at)
"""
ENTRY = f"{_ENTRY} SELECT {_ENTRY_ROW.format(id='id')} FROM placed WHERE %(held)s > 0"
HELD = """
UPDATE credit_creditline SET used = used + %(held)s, last_wrote_at = %(now)s
WHERE merchant_id = %(line)s
"""
# The same for a line that is not locked, but was seen, if nobody has written to it since. The day
# that is open then may be another one (lines.see).
HELD_AS_SEEN = """
UPDATE credit_creditline SET used = used + %(held)s, last_wrote_at = %(now)s,
    open_on = %(open_on)s, open_until = %(open_until)s
WHERE merchant_id = %(line)s AND xmin::text = %(version)s RETURNING merchant_id
"""
_ORDER_PART = f"{_ORDER} VALUES ({_ORDER_ROW}) {{}} RETURNING id"
_ENTRY_PART = Part(f"{_ENTRY} VALUES ({_ENTRY_ROW.format(id='%(id)s')})", if_above_0="held")
# The line is locked, so its figures are those the check saw. ON CONFLICT: it is the database that
# tells a repeat from a new order.
KNOWN = "ON CONFLICT (line_id, reference) DO NOTHING"
PLACE = InParts(
    f"""
WITH placed AS ({ORDER} {KNOWN} RETURNING id),
     entry AS ({ENTRY}),
     held AS ({HELD} AND EXISTS (SELECT FROM placed))
SELECT id FROM placed
""",
    [Part(_ORDER_PART.format(KNOWN)), _ENTRY_PART, Part(HELD)],
    gives=["id"],
)


@cache
def _place_at_once_and(beside: str) -> InParts:
    """The statement that opens an order on a line that is not locked, and carries out
    `beside`, if there is one. It gives the order's key, or no row, with nothing written, if
    the line is not the version any more that was read. `beside` is an INSERT whose SELECT
    takes named values alone and has no FROM, which is appended here; "" stands for none.
    """
    also = f", also AS ({beside} FROM placed)" if beside else ""
    return InParts(
        f"""
WITH held AS ({HELD_AS_SEEN}),
     placed AS ({ORDER} FROM held RETURNING id),
     entry AS ({ENTRY}){also}
SELECT id FROM placed
""",
        [
            Part(HELD_AS_SEEN),
            Part(_ORDER_PART.format("")),
            _ENTRY_PART,
            *([Part(beside)] if beside else []),
        ],
        gives=["id"],
    )


def place(
    *,
    merchant_id: int,
    reference: str,
    buyer: str,
    amount: Money,
    instalments: int = 1,
    buyer_risk: int = 0,
    at: datetime | None = None,
    now: datetime,
    under_lock: bool = False,
) -> tuple[Order, bool]:
    """Reserve `amount` on the line and open the order, or record it as DECLINED with the reason.
    The merchant is notified of a decline, unless its own rules declined it, and when the order
    fills four fifths or all of the limit.

    It counts from `now` on; `at` is when the platform says that the buyer placed it, and is `now`
    where nothing is given. With `under_lock` the line's lock is taken at once, by callers that know
    that the order takes one (`open_at_once` gave None). Returns the order and whether it is new; a
    repeat with the same content returns the order that is there. Raises OrderConflict when the
    content differs, CurrencyMismatch, Invalid, and WrongInstant when `at` is in the future. Rule
    4.5, rule 4.6.
    """
    terms = Terms(reference, buyer, amount, instalments, buyer_risk)
    terms.check()
    placed = None if under_lock else _place_at_once(terms, merchant_id, at, now)
    if placed is not None:
        return placed, True
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now, notes_instant=False)  # PLACE does
        order = decided(terms, line, at or line.now)
        if _insert(order, line):
            _notify(order, line)
            line.used += order.outstanding  # as the row has it now
            return order, True
        known = Order.objects.get(line=line, reference=reference)
        known.line = line
        _check_same(known, order)
        return known, False


def open_at_once(
    *,
    merchant: str,
    reference: str,
    buyer: str,
    amount: Money,
    instalments: int,
    buyer_risk: int,
    at: datetime,
    now: datetime,
    read: Sequence[Any] | None = None,
    beside: prepared.Beside | None = None,
) -> Order | None:
    """Open a new order, without the line's lock and without looking up the merchant's key, for the
    merchant whose reference is `merchant`; most orders can be opened so. Returns None, with nothing
    written, for those that `place` has to decide: a repeat, a decline, a refusal and others
    (`_place_at_once`).

    `read` is what `lines.READ_OF` gave for merchant and order, if it was asked already; `beside` is
    written with the order, in the same statement. Raises Invalid for terms that no order can have.
    """
    terms = Terms(reference, buyer, amount, instalments, buyer_risk)
    terms.check()
    return _place_at_once(terms, merchant, at, now, read, beside)


def check(
    *,
    merchant_id: int,
    reference: str,
    buyer: str,
    amount: Money,
    instalments: int = 1,
    buyer_risk: int = 0,
    now: datetime,
) -> Order:
    """The order as `place` would answer for it at `now`: one that is not saved, OPEN or DECLINED
    with the reason, or the one that is there already with the same content. Nothing is written: the
    line is locked meanwhile, and the ended days that are worked off for it are undone at the end.
    Raises OrderConflict if there is an order with this reference and other content,
    CurrencyMismatch, and Invalid.
    """
    terms = Terms(reference, buyer, amount, instalments, buyer_risk)
    terms.check()
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        order = decided(terms, line, line.now)
        known = Order.objects.filter(line=line, reference=reference).first()
        if known is not None:
            known.line = line
            _check_same(known, order)
        transaction.set_rollback(True)  # days that were worked off to see it
    return known or order


def _place_at_once(
    terms: "Terms",
    merchant: int | str,
    at: datetime | None,
    now: datetime,
    read: Sequence[Any] | None = None,
    beside: prepared.Beside | None = None,
) -> Order | None:
    """Open the order with two statements and no lock between them, as most orders can be, for the
    merchant with this key or reference.

    The line is read, and the order is written if nobody wrote to the line meanwhile. Returns None,
    and has written nothing, for what the caller has to decide under the line's lock: a repeat, a
    refusal, a line with a cap for each buyer, what writes a notice, a day with whose end something
    happens, and a line that others write to time after time. Days that end quietly pass with the
    order. `read` and `beside` are those of `open_at_once`.
    """
    # Within a transaction, what the database refuses must not end all of it.
    with transaction.atomic() if connection.in_atomic_block else nullcontext():
        for _ in range(TRIES):
            if read is not None:
                line, read = lines.seen(read, now=now), None  # another try reads anew
            else:
                line = lines.see(merchant, without_order=terms.reference, now=now)
            if line is None or line.buyer_cap is not None:
                return None  # what a buyer owes is not in the line's row
            try:
                order = decided(terms, line, at or line.now)
            except Refused:
                return None
            if order.is_declined or usage.reached(*uses(order, line)) is not None:
                return None
            if _insert(order, line, beside):
                line.used += order.outstanding  # as the row has it now
                return order
    return None


class Terms(NamedTuple):
    """What the platform says of an order that is to be placed."""

    reference: str
    buyer: str
    amount: Money
    instalments: int
    buyer_risk: int

    def check(self) -> None:
        """Raise Invalid for a number of instalments that no order can have, or an amount that is
        not above 0.
        """
        if not 1 <= self.instalments <= MOST_INSTALMENTS:
            raise Invalid("instalments", f"must be between 1 and {MOST_INSTALMENTS}")
        if self.amount.amount <= 0:
            raise Invalid("amount", "must be more than 0")


def decided(terms: Terms, line: CreditLine, said_at: datetime) -> Order:
    """The order as it would be placed on the line now, not written yet: OPEN, or DECLINED with the
    reason. `line` is locked, or was read by `lines.see`. `said_at` is when it is said to have been
    placed.

    Raises CurrencyMismatch, Invalid, and WrongInstant when that is in the future, unless the line
    knows an order with this reference already.
    """
    amount = money.accepted(terms.amount, line.currency)
    _check_can_be_placed(terms.reference, said_at, line)
    decline_code = declining.decline_code(
        line, amount, buyer=terms.buyer, buyer_risk=terms.buyer_risk
    )
    order = rows.new(
        Order,
        line_id=line.pk,
        reference=terms.reference,
        buyer=terms.buyer,
        buyer_risk=terms.buyer_risk,
        currency=line.currency,
        amount=amount,
        instalments=terms.instalments,
        part_amount=money.part_of(amount, terms.instalments),
        status=Order.Status.DECLINED if decline_code else Order.Status.OPEN,
        decline_code=decline_code,
        outstanding=money.zero(line.currency) if decline_code else amount,
        placed_at=line.now,
        placed_said_at=said_at,
    )
    order.line = line
    return order


def _check_can_be_placed(reference: str, said_at: datetime, line: CreditLine) -> None:
    """Raise WrongInstant if `said_at` is in the future, unless the line has an order with this
    reference already.
    """
    try:
        check_instant(said_at, line)
    except WrongInstant:
        if not Order.objects.filter(line=line, reference=reference).exists():
            raise


def _insert(order: Order, line: CreditLine, beside: prepared.Beside | None = None) -> bool:
    """Write the order, its entry unless it holds nothing, and what is used of the line. If
    the line is not locked but was seen (`lines.see`), `beside` and the line's open day are
    written, too, but nothing at all unless the line is still the same version; on a locked
    line `beside` is left out. Returns whether it was written: False also if a locked line
    has an order with this reference. The order gets its key; what is used in `line` itself
    is for the caller to change.
    """
    also = beside.values if beside else {}
    row = prepared.row(
        _place_at_once_and(beside.insert if beside else "") if line.version else PLACE,
        {
            **also,
            "line": line.pk,
            "reference": order.reference,
            "buyer": order.buyer,
            "buyer_risk": order.buyer_risk,
            "currency": order.currency,
            "amount": order.amount.amount,
            "instalments": order.instalments,
            "part_amount": order.part_amount.amount,
            "status": str(order.status),
            "decline_code": str(order.decline_code),
            "held": order.outstanding.amount,
            "limit": line.limit.amount,
            "used": line.used.amount,
            "now": order.placed_at,
            "said": order.placed_said_at,
            "version": line.version,
            "open_on": line.open_on,
            "open_until": line.open_until,
        },
    )
    if row is None:
        return False
    (order.pk,) = row
    order._state.adding = False
    return True


def _notify(order: Order, line: CreditLine) -> None:
    """Notify the merchant that the order was declined, or that it filled four fifths or all of the
    limit. `line` has its figures from before the order.
    """
    if order.is_declined:
        tell_of_declines([order])
        return
    before, after = uses(order, line)
    cause = line.open_on.isoformat()
    usage.notify(line, before=before, after=after, cause=cause, at=order.placed_at)


def tell_of_declines(declined: Sequence[Order]) -> None:
    """Notify the merchant of each of these orders, which the caller knows to be declined,
    with a notice for each order. An order that the merchant's own rules declined causes no
    notice.
    """
    told = [order for order in declined if order.decline_code not in Order.OWN_DECLINES]
    if told:
        notices.write_all(ORDER_DECLINED, [_told_of(order) for order in told])


def _told_of(order: Order) -> notices.Told:
    """The notice that the order was declined, which is not written yet."""
    details = {
        "order": order.reference,
        "amount": money.text(order.amount),
        "currency": order.currency,
        "code": str(order.decline_code),
    }
    return notices.Told(order.line_id, order.reference, order.placed_at, details)


def uses(order: Order, line: CreditLine) -> tuple[usage.Use, usage.Use]:
    """The use of the limit as it is by `line`, and the use once `order` counts, which `line` does
    not count yet. A declined order changes nothing.
    """
    after = line.used + order.outstanding
    return usage.Use(line.used, line.limit), usage.Use(after, line.limit)


def _check_same(known: Order, sent: Order) -> None:
    """Raise OrderConflict if what was sent for a known reference has another buyer, amount, number
    of instalments or buyer risk. A buyer that was erased is not compared (rule 21.19).
    """
    fields = ("buyer", "amount", "instalments", "buyer_risk")
    others = [field for field in fields if getattr(known, field) != getattr(sent, field)]
    if erasing.is_erased(known.buyer):
        others = [field for field in others if field != "buyer"]
    if others:
        named = " and ".join(others)
        raise OrderConflict(f"order: {known.reference} is known with another {named}", others)


def check_instant(at: datetime, line: CreditLine, order: Order | None = None) -> datetime:
    """The instant to compute with for a step of `order` that is reported now and said to have
    happened at `at`. It is `at`, or the nearer of these two bounds: when the order was placed, if
    there is one, and now (`line.now`).

    Raises WrongInstant when `at` is more than 5 minutes before or after these bounds. Rule 3.5.
    """
    placed_at = min(order.placed_said_at, order.placed_at) if order else None
    counted_at = happened(at, not_before=placed_at, told=line.now)
    if counted_at is None:
        raise WrongInstant(at)
    return counted_at
