"""The route by which fulfilment systems tell of one charge; many at once go to `POST /events`."""

from django.http import HttpResponse
from ninja import Router

from billing.models import Charge
from gateway.api import answers, bodies
from gateway.api.access import Key, KeyedRequest
from gateway.api.taking import REPEATED, is_repeat, taken
from gateway.models import Scope
from lib import money
from merchants.books import plain

router = Router(tags=["Charges"], auth=Key(Scope.CHARGES))


@router.post("/charges", response={201: answers.RecordedCharge}, operation_id="recordCharge")
def record(
    request: KeyedRequest, response: HttpResponse, body: bodies.Charge
) -> answers.RecordedCharge:
    """Tell of one fee for one thing that happened.

    Without an amount it is quantity times the price of the service's day. A charge is never
    changed; a wrong one is answered by a credit, which our people grant.
    """
    outcome = taken(
        request,
        "charge.recorded",
        merchant=body.merchant,
        data=bodies.data_of(body),
        at=body.at,
    )
    if is_repeat(outcome):
        response.headers[REPEATED] = "true"
    return _answer(body.merchant, body.charge)


def _answer(merchant: str, reference: str) -> answers.RecordedCharge:
    """Read the charge, and return the answer that shows it: the one with this reference, of the
    merchant with the reference `merchant`. Raises Charge.DoesNotExist if there is none.
    """
    charge = Charge.objects.get(account__merchant__reference=merchant, reference=reference)
    return answers.RecordedCharge(
        merchant=merchant,
        charge=charge.reference,
        fee=charge.fee_id,
        request=charge.request,
        description=charge.description,
        quantity=plain(charge.quantity),
        unit_price=None if charge.unit_price is None else plain(charge.unit_price),
        amount=money.text(charge.amount),
        currency=charge.currency,
        service_on=charge.service_on,
        arrived_at=charge.arrived_at,
        is_late=charge.is_late,
    )
