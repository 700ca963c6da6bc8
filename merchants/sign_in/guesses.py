"""Counts wrong passwords and codes: five of them lock an address, wherever they are typed.

There is one count for each address, whatever page, host name or spelling is used; allauth would
count by host name, and passwords and codes apart. An attempt is counted before it is checked, and
uncounted when it was right, so that many attempts at once get no further than one after the other.
"""

import unicodedata

from allauth.core.internal import ratelimit
from allauth.core.internal.ratelimit import RateLimitUsage
from django.http import HttpRequest

from lib import clock
from merchants import queries
from merchants.operations import sign_ins
from merchants.sign_in import visitors

APP, ACTION = "tael", "wrong"
OF_ADDRESS = {ACTION: "5/15m/key"}
OF_BOTH = {ACTION: f"20/15m/ip,{OF_ADDRESS[ACTION]}"}  # and from one network address


def fold(address: str) -> str:
    """One spelling for all e-mail addresses that may mean the same mailbox: without differences of
    case, Unicode form and blanks. Wrong attempts are counted by it.
    """
    upper = unicodedata.normalize("NFKC", address).upper()
    return "".join(unicodedata.normalize("NFKC", upper.casefold()).split())


def claim(request: HttpRequest, address: str) -> RateLimitUsage | None:
    """Count an attempt for the e-mail address and the request's network address, and return the
    count; its `rollback()`, for an attempt that was right, uncounts it. Returns None, for the
    caller to refuse, if the e-mail address is locked, after five wrong attempts within 15 minutes,
    or the network address is, after 20.
    """
    return ratelimit.consume(
        request, app=APP, action=ACTION, config=OF_BOTH, key=fold(address), limit_get=True
    )


def was_wrong(request: HttpRequest, address: str) -> None:
    """If no attempt is left for the e-mail address, log that it is locked and, if it is that of an
    account, e-mail the person and write a trail row (sign_ins.locked_out). It is called after an
    attempt that was counted turned out wrong.
    """
    left = ratelimit.consume(
        request,
        app=APP,
        action=ACTION,
        config=OF_ADDRESS,
        key=fold(address),
        limit_get=True,
        dry_run=True,
    )
    if left is None:
        visitor = visitors.of(request)
        sign_ins.locked_out(address=address, visitor=visitor, now=clock.now())


def forgive(request: HttpRequest, address: str) -> None:
    """Reset the count of wrong attempts for the e-mail address, for callers that have set a new
    password by a mailed link. Does nothing for people with a second factor: otherwise whoever reads
    their mailbox could go on guessing codes, five for each link.
    """
    person = queries.person(address)
    if person is None or not queries.has_second_factor(person):
        ratelimit.clear(request, app=APP, action=ACTION, config=OF_ADDRESS, key=fold(address))
