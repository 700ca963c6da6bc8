"""The middleware by which pages enter the cell of the merchant in their address (rule 30.5), or the
one that an operator's page is about (config.cells.operators).
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from django.contrib.auth import SESSION_KEY
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from config.cells import choosing, operators
from config.monitoring import outages
from lib import cells
from lib.cells import moving
from lib.converters import ReferenceConverter
from merchants import access, directory

# As config.urls has them.
OF_A_MERCHANT = re.compile(rf"/m/({ReferenceConverter.regex})/")


class EntersCells:
    """Middleware that has a merchant's pages made, and its files sent, inside the merchant's cell.
    It stands right above the views: what other middleware asks is shared.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not cells.are_on():
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self._inside(request)
        except cells.Moves as error:
            answer = outages.answer(request, error)
            assert answer is not None
            return answer

    def _inside(self, request: HttpRequest) -> HttpResponseBase:
        """The answer to the request, made inside the cell that it is about. Raises cells.Moves if
        books are being moved, of a merchant's page only to who may see it: to others it is answered
        as if there were no such merchant.
        """
        if request.path_info.startswith(operators.ADMIN):
            return self._of_operator(request)
        found = OF_A_MERCHANT.match(request.path_info)
        if found is None:
            return self.get_response(request)
        try:
            reference = ReferenceConverter().to_python(found[1])
        except ValueError:
            return self.get_response(request)
        try:
            with directory.of(reference):
                return streamed_inside(self.get_response(request))
        except cells.Moves:
            if access.may_see(request, reference):
                raise
        return self.get_response(request)  # here, so that nothing of it is caused by the move

    def _of_operator(self, request: HttpRequest) -> HttpResponseBase:
        """The answer to a request for a page of the admin; one that chooses a cell leads to the
        page itself. Who is not signed in is not asked which cell is meant. Nobody decides anything
        while a merchant is moved: a request that may write raises Moves then.
        """
        if SESSION_KEY not in request.session:
            return self.get_response(request)
        if request.method == "GET" and choosing.choose(request):
            return choosing.rest(request)
        number = operators.cell_of(request)
        writes = request.method not in ("GET", "HEAD")
        with (
            moving.staying() if writes else cells.nowhere(),
            cells.nowhere() if number is None else cells.at(number),
        ):
            return streamed_inside(self.get_response(request))


def streamed_inside(response: HttpResponseBase) -> HttpResponseBase:
    """The response that was given. If it is a streamed one, and this is called inside a cell, it is
    changed so that each part is read inside that cell; any other stays as it is.
    """
    if isinstance(response, StreamingHttpResponse) and cells.entered():
        inside = partial(_again_inside, cells.entered(), cells.question())
        response.streaming_content = _streamed(iter(response), inside)
    return response


@contextmanager
def _again_inside(cell: str, question: str) -> Iterator[None]:
    """Have the block inside this cell, as the view was, with the question that the view's
    transactions asked (cells.question). Raises cells.Moves if books were moved meanwhile: that
    breaks off what is sent, so that nobody takes a part for the whole.
    """
    with cells.asking(question), cells.inside(cell):
        yield


def _streamed(
    content: Iterator[bytes], inside: Callable[[], AbstractContextManager[None]]
) -> Iterator[bytes]:
    """Yield what a response has to send; each part is read inside the cell."""
    while True:
        with inside():
            try:
                part = next(content)
            except StopIteration:
                return
        yield part
