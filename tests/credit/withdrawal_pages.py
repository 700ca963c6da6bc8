"""What tests of the pages of withdrawals have in common: asking, confirming, and being refused."""

from typing import Any

from django.test import Client

from tests.factories import browser_of, member
from tests.shops import Shop

NEW = "/m/rosewood/credit/withdrawals/new/"


def asked(shop: Shop, **said: str) -> dict[str, str]:
    """What the form of a withdrawal sends."""
    return {
        "amount": "100.00",
        "destination": str(shop.destination.pk),
        "request_key": "form-1",
    } | said


def confirm(shop: Shop, client: Client | None = None, **said: str) -> Any:
    """The answer to the form that confirms the withdrawal and its fee."""
    content = asked(shop, **({"fee": "1.50"} | said))
    return (client or browser_of(member(shop))).post(NEW, content)
