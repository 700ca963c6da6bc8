"""Reads what operators are shown of a line before they decide about it. Nothing here writes."""

from typing import Any

from backoffice.briefs import FEW, Brief, Change, Fact, History, Past, latest
from credit.models import (
    CreditLine,
    Freeze,
    LimitEntry,
    LimitRequest,
    LimitReview,
    Order,
    OrderFlag,
    OrderPayment,
    ProceedsCorrection,
    RefusedCash,
    Withdrawal,
)
from credit.queries import freezes, proceeds
from credit.queries.overdue import overdue_of
from lib import money
from lib.formats import plain_money

CHANGES_OF_LIMIT = (LimitEntry.Kind.OPENED, LimitEntry.Kind.LIMIT_SET, LimitEntry.Kind.REVIEW)


def of_merchant(merchant: Any) -> Brief | None:
    """What operators read of the merchant's credit line before they decide (`of_line`); None if it
    has none.
    """
    line = CreditLine.objects.filter(pk=merchant.pk).first()
    return of_line(line) if line else None


def of_line(line: CreditLine) -> Brief:
    """What operators read of a line: its limit, use, overdue amount, freezes, last review, proceeds
    and days, and the latest changes of its limit and its freezes (`_history`).
    """
    return Brief(
        facts=(
            Fact("Limit", line.limit),
            Fact("Used", line.used),
            Fact("Available", line.available),
            Fact("Overdue", overdue_of(line)),
            Fact("Frozen for", [str(one.get_reason_display()) for one in freezes.in_force(line)]),
            _grade(line),
            Fact("Proceeds", line.proceeds),
            Fact("Days", f"{line.payment_days} to pay, {line.settlement_days} to mature"),
        ),
        histories=(History("Changes of the limit, and freezes", _history(line)),),
    )


def about(row: Any, name: str) -> Brief:
    """What operators read before the decision `name` about `row`: the brief of the row's line, with
    facts of the row itself and the figures that the decision changes, before and after. For a row
    of another kind, which has to have a line, it is the line's brief alone.
    """
    match row:
        case CreditLine():
            return of_line(row).about(*_changes_of_line(row, name))
        case Freeze():
            placed = Fact("Placed by", row.placed_by, row.note)
            left = row.line.freezes_in_force
            change = Change("Freezes in force", left, left - 1)
            return of_line(row.line).about(change, facts=[placed])
        case LimitReview():
            return of_line(row.line).about(*_changes_of_review(row, name))
        case LimitRequest():
            return of_line(row.line).about(
                *_changes_of_request(row, name), words=row.message, written_by=row.asked_by
            )
        case Withdrawal():
            return of_line(row.line).about(*_changes_of_withdrawal(row, name), facts=_proceeds(row))
        case ProceedsCorrection():
            before = row.line.proceeds
            change = Change("Proceeds", before, before - row.amount)
            said = Fact("Corrected by", row.amount, row.actor)
            return of_line(row.line).about(change, facts=[said])
        case Order():
            return of_line(row.line).about(*_changes_of_order(row, name))
        case OrderPayment():
            return of_line(row.line).about(facts=[Fact("Not settled yet", row.unsettled)])
        case RefusedCash():
            return of_line(row.line).about(facts=_refused(row))
        case OrderFlag():
            return of_line(row.line).about(facts=_flagged(row))
    return of_line(row.line)


def _grade(line: CreditLine) -> Fact:
    """The fact of the line's last review: its grade, points, day and status; empty without a
    review.
    """
    review = line.reviews.order_by("-on").first()
    if review is None:
        return Fact("Last review", None)
    score = f"{review.score:.2f} points, {review.on:%d %b %Y}, {review.get_status_display()}"
    return Fact("Last review", f"Grade {review.grade}", score)


def _history(line: CreditLine) -> list[Past]:
    """The latest changes of the limit, by its opening, operators and reviews (write-offs are left
    out), and freezes that were placed or lifted, newest first, with who did it and why: FEW of them
    at most.
    """
    entries = line.entries.filter(kind__in=CHANGES_OF_LIMIT).order_by("-at", "-pk")[:FEW]
    rows = [
        Past(
            entry.at,
            f"{entry.get_kind_display()}: {plain_money(entry.limit_after)}",
            entry.actor,
            entry.reason,
        )
        for entry in entries
    ]
    for freeze in line.freezes.order_by("-placed_at", "-pk")[:FEW]:
        reason = freeze.get_reason_display()
        rows.append(Past(freeze.placed_at, f"Frozen: {reason}", freeze.placed_by, freeze.note))
        if freeze.lifted_at:
            what = f"Freeze lifted: {reason}"
            rows.append(Past(freeze.lifted_at, what, freeze.lifted_by, freeze.lift_note))
    return latest(rows)


def _changes_of_line(line: CreditLine, name: str) -> list[Change]:
    """What placing a freeze changes of the line: it takes no new orders any more, if it did, and
    has one freeze more. Nothing for other decisions than "freeze".
    """
    if name != "freeze":
        return []
    return [
        Change("Takes new orders", not line.is_frozen, False),
        Change("Freezes in force", line.freezes_in_force, line.freezes_in_force + 1),
    ]


def _limits(line: CreditLine, new_limit: Any) -> list[Change]:
    """How the line's limit and what is available change if its limit becomes `new_limit`."""
    left = max(new_limit - line.used, money.zero(line.currency))
    return [Change("Limit", line.limit, new_limit), Change("Available", line.available, left)]


def _changes_of_order(order: Order, name: str) -> list[Change]:
    """Return what the decision "write-off" changes of the order's credit line, before and
    after. What is used and the limit both fall by all that is outstanding of the order,
    the limit not below 0. The list is empty for a decision of any other name.
    """
    if name != "write-off":
        return []
    line, nothing = order.line, money.zero(order.currency)
    return [
        Change("Used", line.used, line.used - order.outstanding),
        Change("Limit", line.limit, max(line.limit - order.outstanding, nothing)),
    ]


def _changes_of_review(review: LimitReview, name: str) -> list[Change]:
    """How approving the review's raise changes the limit and what is available, if all that it
    proposes is given; an approval may give less (operations.review_decisions.approve). Nothing for
    other decisions than "approve".
    """
    return _limits(review.line, review.limit_proposed) if name == "approve" else []


def _changes_of_request(request: LimitRequest, name: str) -> list[Change]:
    """How approving the request for a raise changes the limit and what is available. Nothing for
    other decisions than "approve", and for a question.
    """
    if name != "approve" or request.limit_wanted is None:
        return []
    return _limits(request.line, request.limit_wanted)


def _refused(refused: RefusedCash) -> list[Fact]:
    """The facts of refused cash: amount and reference as sent, its order's status, why it was
    refused, how often, and when it came first and last.
    """
    order = Order.objects.filter(line=refused.line, reference=refused.order_reference).first()
    return [
        Fact(str(refused.get_kind_display()), f"{refused.plain_amount:f} {refused.currency}",
             refused.reference),
        Fact("For order", refused.order_reference,
             str(order.get_status_display()) if order else "unknown to us"),
        Fact("Refused as", refused.code, refused.sentence),
        Fact("Came first", refused.arrived_at, f"refused {refused.times} times so far"),
        Fact("Came last", refused.last_arrived_at),
    ]  # fmt: skip


def _flagged(flag: OrderFlag) -> list[Fact]:
    """The facts of a flag: its kind and buyer, the orders that were seen with their amounts, and
    when it was raised.
    """
    seen = [f"{one['order']} ({one['amount']} {one['currency']})" for one in flag.evidence]
    return [
        Fact("Flagged for", str(flag.get_kind_display()), flag.buyer),
        Fact("Orders seen", seen),
        Fact("Flagged", flag.at),
    ]


def _proceeds(withdrawal: Withdrawal) -> list[Fact]:
    """Return the facts of a withdrawal: its amount and fee, its destination and who holds
    that, and what can be withdrawn besides it on the line's open day. The last has to do
    for a further withdrawal and its fee together. It does not consider freezes, which may
    stop withdrawals.
    """
    line = withdrawal.line
    buckets = proceeds.buckets(line.pk, today=line.open_on)
    return [
        Fact("Amount", withdrawal.amount, f"fee {plain_money(withdrawal.fee)}"),
        Fact("To", str(withdrawal.destination), withdrawal.destination.holder),
        Fact("Can be withdrawn besides", buckets.available),
    ]


def _changes_of_withdrawal(withdrawal: Withdrawal, name: str) -> list[Change]:
    """How the proceeds change as amount and fee come back, for the decisions "reject" and "failed".
    Nothing for others.
    """
    if name not in ("reject", "failed"):
        return []
    before = withdrawal.line.proceeds
    return [Change("Proceeds", before, before + withdrawal.total)]
