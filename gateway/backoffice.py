"""The gateway's part of a merchant's page for operators."""

from django.urls import reverse

from backoffice.checklist import ENTRIES, Entry, Item
from backoffice.merchant_page import Visit
from gateway.queries import keys


def register() -> None:
    """Register the line about API keys of a new merchant's checklist. Called once, when a program
    starts.
    """
    ENTRIES.register(Entry(50, _key))


def _key(visit: Visit) -> Item | None:
    """Return the line about API keys of a new merchant's checklist; it is never None. It
    is done if a key in force reaches the merchant's books, be it its own or one for all
    merchants. The note is empty if the merchant has its own, and otherwise says that
    there is one for all merchants, or that none reaches it. The line leads to the
    decision that makes the merchant's own key if the operator may take that, and nowhere
    for others.
    """
    own, for_all = keys.of_merchant(visit.merchant.pk, now=visit.now)
    note = "" if own else "one for all merchants" if for_all else "none reaches it"
    may_make = visit.request.user.has_perm("gateway.change_apikey")
    address = reverse("admin:merchants_merchant_decide", args=[visit.merchant.pk, "key"])
    return Item("A key of the API is made", own or for_all, note, address if may_make else "")
