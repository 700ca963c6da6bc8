"""The pages to which the links of document mails lead; nobody has to sign in for them."""

from datetime import datetime
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from billing.operations import addresses
from lib import cells, clock
from lib.cells import moving
from lib.refusals import Refused


@never_cache
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The page of the link that confirms an address. Its button confirms; looking at it changes
    nothing, since mail programs look at links by themselves.
    """
    return _page(request, token, addresses.CONFIRM)


@never_cache
@csrf_exempt  # mail programs send it with a button of their own (RFC 8058), without our cookie
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """The page of the link that ends the mails to an address. Its button, or that of the mail
    program, ends them; looking at it changes nothing.
    """
    return _page(request, token, addresses.STOP)


def _page(request: HttpRequest, token: str, purpose: str) -> HttpResponse:
    """The page of a link for this purpose (addresses.CONFIRM or addresses.STOP), in the merchant's
    language; posted to, it confirms the address or ends the mails to it. The link is looked for in
    each cell. All links that are no longer good get the same 404.
    """
    now = clock.now()
    with (
        moving.staying() if request.method == "POST" else cells.nowhere(),
        cells.where(partial(addresses.of_link, token, purpose, now)),
    ):
        return _page_of(request, token, purpose, now)


def _page_of(request: HttpRequest, token: str, purpose: str, now: datetime) -> HttpResponse:
    """The page of `_page`, made inside the cell that the link's address is in; a POST confirms the
    address, or ends it, with a trail row. `purpose` is addresses.CONFIRM or addresses.STOP. If the
    link is no longer good, or the POST is refused, it is the page that says so, with status 404.
    """
    address = addresses.of_link(token, purpose, now)
    is_done = False
    if address is not None and request.method == "POST":
        try:
            do = addresses.confirm if purpose == addresses.CONFIRM else addresses.end
            do(address_id=address.pk, now=now)
            is_done = True
        except Refused:
            address = None
    if address is None:
        return render(request, "billing/address_unknown.html", status=404)
    context = {"address": address, "is_done": is_done, "stops": purpose == addresses.STOP}
    with override(address.account.merchant.language):
        return render(request, "billing/address_link.html", context)
