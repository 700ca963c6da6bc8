"""Who may use which route: the key in the request, and what it is for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from ipaddress import ip_address, ip_network
from typing import Any, cast

from allauth.account.adapter import get_adapter
from django.http import HttpRequest
from ninja.security import HttpBearer

from gateway.api import limits
from gateway.api.problems import Problem
from gateway.models import ApiKey, Scope
from gateway.operations import keys
from gateway.queries.keys import Also, named
from lib import clock
from merchants.models import Merchant

OF_MERCHANT = "/merchants/{reference:merchant}"  # an address; `merchant_of` finds whose it is


class KeyedRequest(HttpRequest):
    """A request that came with a key; `now` is when it arrived, and counts for all it does."""

    auth: ApiKey
    now: datetime
    usage: limits.Usage | None
    request_id: str
    read_ahead: tuple[Any, ...] | None  # what was asked together with the key


@dataclass
class Key(HttpBearer):
    """Lets in who has a key with one of these scopes.

    `ahead` tells what a route wants to have asked together with the key (`read_ahead`), of a
    request of which nothing was checked yet.
    """

    scopes: tuple[Scope, ...]
    ahead: Callable[[HttpRequest], Also | None]

    def __init__(
        self, *scopes: Scope, ahead: Callable[[HttpRequest], Also | None] = lambda _request: None
    ) -> None:
        self.openapi_description = "A key, made by an administrator: `Authorization: Bearer tael_…`"
        super().__init__()
        self.scopes, self.ahead = scopes, ahead

    def __call__(self, request: HttpRequest) -> ApiKey | None:
        """The key in the request's Authorization header, which is read without parsing all headers;
        None without a valid one. It counts and notes the key's use, and raises Problem, as
        `authenticate` does.
        """
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        return self.authenticate(request, token) if scheme.lower() == self.openapi_scheme else None

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        """The key with this text, once its use is counted and noted; None if it is unknown, expired
        or revoked. Sets on the request `now`, what was read along with the key (`read_ahead`), and
        the key's `usage` of this minute. Raises Problem for a key that may not be used from this
        address, has made too many requests in this minute, or has none of the scopes.
        """
        asked = cast(KeyedRequest, request)
        asked.now = clock.now()
        found = named(token, partial(self.ahead, request))
        if found is None or not found.key.is_valid(asked.now):
            return None
        key, asked.read_ahead = found
        _check_network(key, request)
        asked.usage = limits.count(key, asked.now)
        if asked.usage is not None and asked.usage.is_over:
            after = {"Retry-After": str(asked.usage.seconds_left)}
            detail = f"This key may make {key.requests_per_minute} requests a minute."
            raise Problem(429, "too_many_requests", detail, headers=after)
        keys.note_use(key, asked.now)
        if not set(self.scopes) & set(key.scopes):
            wanted = " or ".join(self.scopes)
            raise Problem(403, "forbidden", f"This key has not the scope {wanted}.")
        return key


def _check_network(key: ApiKey, request: HttpRequest) -> None:
    """Raise Problem (403) if the key is for some networks alone, and the request comes from none of
    them.
    """
    if not key.networks:
        return
    address = ip_address(get_adapter().get_client_ip(request))
    if not any(address in ip_network(network) for network in key.networks):
        raise Problem(403, "forbidden", "This key may not be used from this address.")


def reaches(request: HttpRequest, reference: str) -> bool:
    """Whether the request comes with a key that is valid and reaches the merchant with this
    reference, whatever it is for. The key's use is neither counted nor noted.
    """
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    found = named(token) if scheme.lower() == Key.openapi_scheme else None
    if found is None or not found.key.is_valid(clock.now()):
        return False
    own = found.key.merchant
    return own is None or own.reference == reference


def merchant_of(request: KeyedRequest, reference: str) -> Merchant:
    """The merchant with this reference, if the request's key reaches it.

    Raises Problem (404) if there is none; to a merchant's key the other merchants are unknown.
    """
    own = request.auth.merchant
    if own is not None:
        if own.reference == reference:
            return own
    elif (found := Merchant.objects.filter(reference=reference).first()) is not None:
        return found
    raise Problem(404, "unknown_merchant", f"There is no merchant {reference}.")
