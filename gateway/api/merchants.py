"""Routes by which merchants are taken in, changed, and told who they are."""

from collections.abc import Collection

from django.http import HttpResponse
from ninja import Router

from gateway.api import answers, bodies
from gateway.api.access import OF_MERCHANT, Key, KeyedRequest, merchant_of
from gateway.api.problems import Problem
from gateway.api.taking import REPEATED, is_repeat, taken
from gateway.models import Scope
from gateway.operations import merchants
from merchants.operations import inviting

router = Router(tags=["Merchants"], auth=Key(Scope.MERCHANTS))


@router.post("/merchants", response={201: answers.TakenMerchant}, operation_id="takeInMerchant")
def take_in(
    request: KeyedRequest, response: HttpResponse, body: bodies.NewMerchant
) -> answers.TakenMerchant:
    """Take in a merchant: its credit line and billing account are opened with these terms.

    With `owner_email` the invitation of its first owner goes out, unless the merchant has an owner
    or an open invitation of one already. `owner_invited` is false if it could not be sent, which
    the same request tries anew, or if the address is an operator's, by which nobody is invited. The
    same again is answered as the first time, with the header `Idempotency-Replayed: true`. Only
    keys of the platform may do so; it is `forbidden` to a merchant's own.
    """
    data = bodies.data_of(body, but={"owner_email"})
    outcome = taken(request, "merchant.joined", merchant=body.merchant, data=data, at=body.at)
    if is_repeat(outcome):
        response.headers[REPEATED] = "true"
    merchant = merchant_of(request, body.merchant)
    invited = body.owner_email is not None and (
        inviting.invite_first_owner(
            merchant_id=merchant.pk,
            email=body.owner_email,
            actor=f"API key {request.auth}",
            now=request.now,
        ).is_invited
    )
    return answers.TakenMerchant(
        merchant=merchant.reference,
        name=merchant.name,
        joined_at=merchant.joined_at,
        owner_invited=invited,
    )


@router.patch(OF_MERCHANT, response=answers.ShownMerchant, operation_id="changeMerchant")
def change(
    request: KeyedRequest, merchant: str, body: bodies.ChangedMerchant
) -> answers.ShownMerchant:
    """Change the merchant's name, language or contacts, or the days that are counted from now on.

    What is left out stays as it is. Contacts that change have to be confirmed anew. A merchant's
    own key may change its contacts alone; with any other member the request is `forbidden`.
    """
    wanted = body.wanted()
    found = merchant_of(request, merchant)
    _check_own(request, wanted)
    changed = merchants.change(
        merchant_id=found.pk,
        wanted=wanted,
        reason=body.reason,
        actor=f"API key {request.auth}",
        now=request.now,
    )
    return answers.ShownMerchant.of(changed)


def _check_own(request: KeyedRequest, wanted: Collection[str]) -> None:
    """Raise Problem (403) if the request's key is a merchant's own and wants to change anything but
    its contacts, even to what it is already: its name and language, and the days within which its
    buyers pay and its proceeds mature, are the platform's to say.
    """
    if request.auth.merchant_id is None:
        return
    others = sorted(set(wanted) - set(merchants.CONTACTS))
    if others:
        only = "only keys of the platform change this"
        faults = [(f"/{name}", only) for name in others]
        raise Problem(403, "forbidden", f"{', '.join(others)}: {only}", faults)


@router.get(
    OF_MERCHANT,
    auth=Key(Scope.READ),
    response=answers.ShownMerchant,
    operation_id="getMerchant",
)
def show(request: KeyedRequest, merchant: str) -> answers.ShownMerchant:
    """The merchant's name, language, time zone, and when it joined; 404 if the key does not reach
    it.
    """
    return answers.ShownMerchant.of(merchant_of(request, merchant))
