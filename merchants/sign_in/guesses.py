"""How often somebody may be wrong: five passwords or codes for an address, wherever they are typed.

One count for each address, whichever door, host name and spelling it is tried through; allauth
counts by the name of the host, and passwords and codes apart. A try is counted before it is looked
at and taken back when it was right, so that many at once are no more than one after the other.
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
    """One spelling for all that may mean the same mailbox: neither case, form nor space counts."""
    upper = unicodedata.normalize("NFKC", address).upper()
    return "".join(unicodedata.normalize("NFKC", upper.casefold()).split())


def claim(request: HttpRequest, address: str) -> RateLimitUsage | None:
    """Count a try; `rollback()` of what comes back takes it off again. None: it is locked."""
    return ratelimit.consume(
        request, app=APP, action=ACTION, config=OF_BOTH, key=fold(address), limit_get=True
    )


def was_wrong(request: HttpRequest, address: str) -> None:
    """After a try that was wrong: where that was the last one, say that the address is locked."""
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
    """After a new password by mail: wrong ones before it count no longer.

    Only for who has no second factor: otherwise whoever reads the mailbox could go on guessing
    codes, five for each link.
    """
    person = queries.person(address)
    if person is None or not queries.has_second_factor(person):
        ratelimit.clear(request, app=APP, action=ACTION, config=OF_ADDRESS, key=fold(address))
