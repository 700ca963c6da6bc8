"""Which cell an operator has chosen to see the lists of."""

from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect

from lib import cells

CHOSEN = cells.CHOSEN  # in a session, and in an address that chooses


def chosen(request: HttpRequest) -> int:
    """The number of the cell that the operator has chosen in this session, or else of the first."""
    return int(request.session.get(CHOSEN, cells.FIRST))


def choose(request: HttpRequest) -> bool:
    """Keep the cell that the request's address chooses in the session; nothing is kept if there is
    no such cell. Returns whether the address chooses one at all.
    """
    asked = request.GET.get(CHOSEN)
    if asked is not None and asked.isdecimal() and int(asked) in cells.numbers():
        request.session[CHOSEN] = int(asked)
    return asked is not None


def rest(request: HttpRequest) -> HttpResponseRedirect:
    """The redirect to the request's own address without the parameter that chooses the cell, which
    the address has to have.
    """
    asked = request.GET.copy()
    del asked[CHOSEN]
    return redirect(f"{request.path}?{asked.urlencode()}" if asked else request.path)
