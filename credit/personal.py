"""What credit keeps of buyers, and of where merchants are paid to: for exports, and how it is
erased (rule 21.19, rule 21.20).

Whoever owes something is not erased: the claim has to name its debtor. So what a buyer may owe is
never computed of a pseudonym.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import F, Q, QuerySet

from credit.models import (
    CreditLine,
    Order,
    OrderFlag,
    OrderPayment,
    PayoutDestination,
    PayoutSchedule,
)
from credit.notices.proceeds import AUTOMATIC_SET_UP, DESTINATION_ADDED
from lib import erasing, money
from lib.refusals import Refused
from merchants.personal import HOLDINGS, Holding, Kind, Row, Subject
from merchants.personal_rows import fields
from notices.models import Notice
from trail.models import TrailEntry

ORDER_COLUMNS = (
    "reference buyer buyer_risk currency amount instalments status decline_code outstanding paid"
    " refunded written_off recovered placed_at shipped_at delivered_at cancelled_at cancel_reason"
    " written_off_at due_on"
)


class BuyerOwes(Refused):
    """Something is still owed on the buyer's orders, or cash of the buyer waits to be settled."""

    code = "buyer_owes"


def register() -> None:
    """Register the orders, flags and destinations that credit keeps of buyers and contacts, with
    how they are exported and erased, and that a buyer who owes something is not erased (BuyerOwes).
    Called once, when a program starts.
    """
    HOLDINGS.register(
        Holding(10, "orders", kind=Kind.BUYER, rows=_orders, erase=_erase_orders, object_to=_owes),
        Holding(20, "flags", kind=Kind.BUYER, rows=_flags, erase=_erase_flags),
        Holding(
            30, "destinations", kind=Kind.CONTACTS, rows=_destinations, erase=_erase_destinations
        ),
    )


def _of_buyer(subject: Subject) -> "QuerySet[Order]":
    """The buyer's orders at all merchants, of the cell that we are inside where books are in cells.
    The query names every line, so that an index finds them.
    """
    lines = CreditLine.objects.values("pk")
    return Order.objects.filter(line__in=lines, buyer=subject.names[0])


def _owes(subject: Subject) -> None:
    """Raise BuyerOwes if an order of the buyer is open, or was written off and is not wholly
    recovered or refunded, or if UNMATCHED cash of the buyer waits to be settled.
    """
    claims = Q(status=Order.Status.OPEN) | Q(
        status=Order.Status.WRITTEN_OFF,
        written_off__gt=F("recovered") + F("refunded_written_off"),
    )
    orders = _of_buyer(subject)
    owing = orders.filter(claims).order_by("pk")
    waiting = OrderPayment.objects.filter(
        order__in=orders, status=OrderPayment.Status.UNMATCHED, settled__lt=F("amount")
    )
    if (first := owing.first()) is not None:
        raise BuyerOwes(
            f"Something is owed on {owing.count()} of this buyer's orders, such as {first}: erase"
            " the buyer once it is paid, refunded or recovered."
        )
    if (cash := waiting.first()) is not None:
        raise BuyerOwes(f"Cash of this buyer waits ({cash}): settle it first.")


def _orders(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each order of the buyer at any merchant, with its payments and
    refunds.
    """
    found = _of_buyer(subject).select_related("line__merchant").order_by("pk")
    for order in found.prefetch_related("payments", "refunds"):
        yield {
            "merchant": order.line.merchant.reference,
            **fields(order, ORDER_COLUMNS),
            "payments": [
                {"reference": one.reference, "amount": money.text(one.amount),
                 "at": one.at.isoformat(), "status": str(one.status)}
                for one in order.payments.all()
            ],
            "refunds": [
                {"reference": one.reference, "amount": money.text(one.amount)}
                for one in order.refunds.all()
            ],
        }  # fmt: skip


def _erase_orders(subject: Subject, pseudonym: str) -> int:
    """Replace the buyer's name on all of the buyer's orders by the pseudonym, under the locks of
    their lines. Returns how many orders that were. Raises BuyerOwes for what has come to be owed
    until the lines were locked.
    """
    lines = sorted(set(_of_buyer(subject).values_list("line", flat=True)))
    list(CreditLine.objects.select_for_update(no_key=True).filter(pk__in=lines).order_by("pk"))
    _owes(subject)
    # A first order at another shop, which comes at this moment, keeps its buyer's name.
    return _of_buyer(subject).filter(line__in=lines).update(buyer=pseudonym)


def _flags_of(subject: Subject) -> "QuerySet[OrderFlag]":
    """The query for the flags of any merchant that are about this buyer."""
    return OrderFlag.objects.filter(buyer=subject.names[0])


def _flags(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each flag about the buyer."""
    for flag in _flags_of(subject).select_related("line__merchant").order_by("pk"):
        row = {"merchant": flag.line.merchant.reference}
        yield row | fields(flag, "kind cause buyer evidence at status decided_at")


def _erase_flags(subject: Subject, pseudonym: str) -> int:
    """Replace the buyer's name by the pseudonym in all flags about the buyer: in their buyer, their
    evidence, and in a cause that names the buyer after the day, so that the daily look still finds
    that flag. Returns how many flags that were.
    """
    (buyer,) = subject.names
    rows = 0
    for flag in _flags_of(subject):
        evidence = [{**seen, "buyer": pseudonym} for seen in flag.evidence]
        cause = flag.cause
        if flag.kind == OrderFlag.Kind.MANY_FROM_ONE_BUYER:
            cause = f"{cause.removesuffix(buyer)}{pseudonym}"
        rows += OrderFlag.objects.filter(pk=flag.pk).update(
            buyer=pseudonym, cause=cause, evidence=evidence
        )
    return rows


def _destinations_of(subject: Subject) -> "QuerySet[PayoutDestination]":
    """The query for the destinations of the subject's merchant, removed ones too, in the order in
    which they were added.
    """
    found = PayoutDestination.objects.filter(line__merchant=subject.merchant)
    return found.order_by("pk")


def _destinations(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each destination of the merchant, with only what is shown of
    its number.
    """
    for one in _destinations_of(subject):
        yield fields(
            one, "kind holder town bank country last_four masked added_at removed_at blocked_at"
        )


def _erase_destinations(subject: Subject, pseudonym: str) -> int:
    """Erase those of the merchant's destinations that were removed and that no withdrawal names:
    the pseudonym stands in place of the holder, number and town are emptied, and so is what the
    trail and notices say of them. One that is blocked stays, so that the same number is not added
    again. Returns how many rows were changed, in all tables.
    """
    never_paid = _destinations_of(subject).filter(
        removed_at__isnull=False, blocked_at__isnull=True, withdrawal__isnull=True
    )
    rows = 0
    for one in never_paid.exclude(holder__regex=erasing.PATTERN):
        rows += _erase_on_trail(one, pseudonym) + _erase_in_notices(one)
        rows += PayoutDestination.objects.filter(pk=one.pk).update(
            holder=pseudonym, town="", last_four="", masked="", number=b""
        )
    return rows


def _erase_on_trail(destination: PayoutDestination, pseudonym: str) -> int:
    """Replace holder, town and what is shown of the number in what the trail says of a destination
    that no withdrawal names, and of automatic withdrawals to it. What it says of another one that
    is called the same, such as the same card that was added again, stays. Returns how many trail
    rows that were.
    """
    schedules = PayoutSchedule.objects.filter(destination=destination)
    of_itself = _usable_from(destination.usable_from)
    of_schedules = _usable_from(*schedules.values_list("usable_from", flat=True))
    called = destination.called
    is_named = Q(before__destination=called) | Q(after__destination=called)
    said = TrailEntry.objects.filter(
        Q(subject=called) & of_itself | is_named & of_schedules, merchant=destination.line_id
    )
    erased = {
        "holder": pseudonym,
        "town": pseudonym,
        "destination": f"{destination.kind} {pseudonym}",
    }
    for entry in said:
        subject = erased["destination"] if entry.subject == called else entry.subject
        before, after = (
            {**values, **{name: erased[name] for name in erased.keys() & values.keys()}}
            for values in (entry.before, entry.after)
        )
        TrailEntry.objects.filter(pk=entry.pk).update(subject=subject, before=before, after=after)
    return len(said)


def _usable_from(*instants: datetime) -> Q:
    """The condition for trail rows of a destination or schedule that was usable from one of these
    instants on, by which it is known among those that are called the same.
    """
    texts = [at.isoformat() for at in instants]
    return Q(before__usable_from__in=texts) | Q(after__usable_from__in=texts)


def _erase_in_notices(destination: PayoutDestination) -> int:
    """Empty what notices have of the number of a destination that no withdrawal names. Returns how
    many notices that were.
    """
    schedules = [
        str(pk)
        for pk in PayoutSchedule.objects.filter(destination=destination).values_list(
            "pk", flat=True
        )
    ]
    said = Notice.objects.filter(
        Q(kind=DESTINATION_ADDED.code, cause__regex=rf"^{destination.pk}(:|$)")
        | Q(kind=AUTOMATIC_SET_UP.code, cause__in=schedules),
        merchant=destination.line_id,
    )
    for notice in said:
        notice.details |= {"masked": "", "last_four": ""}
        notice.save(update_fields=["details"])
    return len(said)
