"""Routes by which a checkout places orders, and other systems tell what becomes of them."""

from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from moneyed import Money
from ninja import Router

from credit.models import OrderPayment
from credit.operations import lines, orders
from gateway.api import answers, bodies
from gateway.api.access import OF_MERCHANT, Key, KeyedRequest, merchant_of
from gateway.api.json_bodies import peeked
from gateway.api.problems import Problem
from gateway.api.taking import REPEATED, is_repeat, take, taken, taken_checked
from gateway.models import Scope
from gateway.queries.keys import Also
from lib import cells, money
from lib.events import REJECTED, Outcome
from lib.texts import LONGEST_NAME, has_control


def _line_of(request: HttpRequest) -> Also | None:
    """What is to be read together with the key: the line and order that the request's body names;
    None if the body can't be peeked at or does not name both by texts that can be references; and
    outside of all cells, where requests for unknown merchants are.
    """
    if cells.are_on() and not cells.entered():
        return None
    said = peeked(request) or {}
    merchant, order = said.get("merchant"), said.get("order")
    if not (_is_reference(merchant) and _is_reference(order)):
        return None
    now = cast(KeyedRequest, request).now
    return Also(lines.READ_OF, {"line": merchant, "order": order, "now": now})


def _is_reference(said: object) -> bool:
    """Whether it is a text that can be asked for in the database as a reference: of LONGEST_NAME
    characters at most, none of them a control character. It may be empty.
    """
    return isinstance(said, str) and len(said) <= LONGEST_NAME and not has_control(said)


router = Router(tags=["Orders"], auth=Key(Scope.ORDERS))
OF_ORDER = f"{OF_MERCHANT}/orders/{{reference:order}}"
NOTHING = bodies.Happened()
NO_REASON = bodies.CancelledOrder()


@router.post(
    "/orders",
    auth=Key(Scope.ORDERS, ahead=_line_of),
    response={201: answers.PlacedOrder},
    operation_id="placeOrder",
)
def place(request: KeyedRequest, body: bodies.Order) -> HttpResponse:
    """Ask whether a buyer may pay this order later: it is opened, or recorded as declined.

    Both are answered with 201. A declined reference stays declined; another attempt takes another
    one. The same content again is answered as the first time, at any time, but for `available`,
    which is what new orders may take now.
    """
    outcome = taken_checked(
        request, "order.placed", merchant=body.merchant, body=body, read=request.read_ahead
    )
    headers = {REPEATED: "true"} if is_repeat(outcome) else {}
    return answers.ready(answers.PlacedOrder.of(outcome.row, body.merchant), 201, headers)


@router.post("/orders/check", response=answers.PlacedOrder, operation_id="checkOrder")
def check(request: KeyedRequest, body: bodies.Order) -> answers.PlacedOrder:
    """Ask what `POST /orders` would answer now. Nothing is written, and nothing is promised."""
    merchant = merchant_of(request, body.merchant)
    order = orders.check(
        merchant_id=merchant.pk,
        reference=body.order,
        buyer=body.buyer,
        amount=Money(body.amount, money.check_currency(body.currency)),
        instalments=body.instalments,
        buyer_risk=body.buyer_risk or 0,
        now=request.now,
    )
    return answers.PlacedOrder.of(order, body.merchant)


@router.post(f"{OF_ORDER}/shipment", response=answers.OrderStep, operation_id="shipOrder")
def ship(
    request: KeyedRequest,
    response: HttpResponse,
    merchant: str,
    order: str,
    body: bodies.Happened = NOTHING,
) -> answers.OrderStep:
    """Tell that the order has left the shop. Answers with the order's state after it."""
    return _step(request, response, "order.shipped", merchant, order, {}, body.at)


@router.post(f"{OF_ORDER}/delivery", response=answers.OrderStep, operation_id="deliverOrder")
def deliver(
    request: KeyedRequest,
    response: HttpResponse,
    merchant: str,
    order: str,
    body: bodies.Happened = NOTHING,
) -> answers.OrderStep:
    """Tell that the buyer has the order: its parts fall due from that day. Answers with the order's
    state after it.
    """
    return _step(request, response, "order.delivered", merchant, order, {}, body.at)


@router.post(f"{OF_ORDER}/cancellation", response=answers.OrderStep, operation_id="cancelOrder")
def cancel(
    request: KeyedRequest,
    response: HttpResponse,
    merchant: str,
    order: str,
    body: bodies.CancelledOrder = NO_REASON,
) -> answers.OrderStep:
    """Tell that the order is off before anything of it was paid: all that it holds is released.
    Answers with the order's state after it.
    """
    said = {"reason": body.reason}
    return _step(request, response, "order.cancelled", merchant, order, said, body.at)


@router.post(f"{OF_ORDER}/payments", response={201: answers.TakenPayment}, operation_id="payOrder")
def pay(
    request: KeyedRequest, response: HttpResponse, merchant: str, order: str, body: bodies.Payment
) -> answers.TakenPayment:
    """Tell that the buyer has paid, in whole or in part.

    Cash that the order cannot take is kept as UNMATCHED for our people, with the reason. Cash for
    an order that we do not know, or in another currency, is refused, and its reference stays free.
    """
    data = {**bodies.data_of(body), "order": order}
    outcome = take(request, "order.paid", merchant=merchant, data=data, at=body.at)
    payment = outcome.row
    if outcome.status == REJECTED:
        payment = _unmatched(outcome, merchant, body.payment)
    _mark(response, outcome)
    return answers.TakenPayment.of(payment, merchant, order)


@router.post(f"{OF_ORDER}/refunds", response={201: answers.GivenRefund}, operation_id="refundOrder")
def refund(
    request: KeyedRequest, response: HttpResponse, merchant: str, order: str, body: bodies.Refund
) -> answers.GivenRefund:
    """Tell that the buyer gets money back.

    It comes from what is still outstanding, then from what was written off, then from proceeds.
    """
    data = {**bodies.data_of(body), "order": order}
    outcome = taken(request, "order.refunded", merchant=merchant, data=data, at=body.at)
    _mark(response, outcome)
    return answers.GivenRefund.of(outcome.row, merchant, order)


def _step(
    request: KeyedRequest,
    response: HttpResponse,
    kind: str,
    merchant: str,
    order: str,
    said: dict[str, Any],
    at: datetime | None,
) -> answers.OrderStep:
    """Apply what the request tells as a step of the order: an event of type `kind` with the order
    and `said` as its data, which happened `at`, or now. Returns the order's state after it, and
    marks a repeat. Raises Problem if it is refused.
    """
    data = {"order": order, **said}
    outcome = taken(request, kind, merchant=merchant, data=data, at=at)
    _mark(response, outcome)
    return answers.OrderStep.of(outcome.row, merchant)


def _unmatched(outcome: Outcome, merchant: str, reference: str) -> OrderPayment:
    """The payment with this reference that is kept as UNMATCHED for the reason that `outcome`, the
    refusal, gives, also if operators have settled it since. Raises the refusal as a Problem if no
    such payment is kept.
    """
    found = OrderPayment.objects.filter(
        line__merchant__reference=merchant,
        reference=reference,
        settlement__isnull=True,
        refusal=outcome.code,
    ).first()
    if found is None or found.status != OrderPayment.Status.UNMATCHED:
        raise Problem.of(outcome)
    return found


def _mark(response: HttpResponse, outcome: Outcome) -> None:
    """Set the header of repeats on the response, if the event had been applied before."""
    if is_repeat(outcome):
        response.headers[REPEATED] = "true"
