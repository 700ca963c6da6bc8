"""Every refusal of the API, as problem details (RFC 9457)."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from pydantic import BaseModel, Field

from lib.events import Outcome
from lib.refusals import Refused

CONTENT_TYPE = "application/problem+json"
MISSING = {"unknown_merchant", "unknown_order"}  # what is foreign is unknown
LONGEST_DETAIL = 500


class Fault(BaseModel):
    """One member of the request that is at fault, or that differs from what is known."""

    pointer: str = Field(description="A JSON pointer (RFC 6901) into the body.")
    detail: str


class ProblemDetails(BaseModel):
    """Why nothing was done, in the form of RFC 9457."""

    type: str = Field(description="Always `about:blank`: `code` says which problem it is.")
    title: str = Field(description="The status in words.")
    status: int
    code: str = Field(description="Which problem it is: a word that never changes.")
    detail: str = Field(description="What is wrong, in a sentence for people.")
    request_id: str = Field(description="By which we find this request in our logs.")
    errors: list[Fault] = Field(description="What of the body is at fault; empty if nothing is.")


class Problem(Exception):
    """The request is refused; nothing was done, unless its code says so."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        faults: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.faults = list(faults)  # pairs of a pointer and a sentence
        self.headers = dict(headers or {})

    @classmethod
    def of(cls, refusal: Refused | Outcome) -> "Problem":
        """The problem for an operation's refusal or a rejected event: 409 for a conflict, 404 for
        what is missing, 403 for what is forbidden, and otherwise 422. Each member that the refusal
        names is a fault of it, with the refusal's reason, or of a conflict that it differs from
        what is known.
        """
        if isinstance(refusal, Refused):
            refusal = Outcome.rejected(refusal)
        status = 422
        if refusal.code == "conflict":
            status = 409
        elif refusal.code in MISSING:
            status = 404
        elif refusal.code == "forbidden":
            status = 403
        names = [name.replace(".", "/") for name in refusal.fields]
        says = "differs from what is known" if status == 409 else refusal.reason
        faults = [(f"/{name}", says) for name in names]
        return cls(status, refusal.code, refusal.reason, faults)

    def response(self, request: HttpRequest) -> HttpResponse:
        """The HTTP response with the problem's members, its status and its headers."""
        response = HttpResponse(
            json.dumps(self.members(getattr(request, "request_id", ""))),
            content_type=CONTENT_TYPE,
            status=self.status,
        )
        for name, value in self.headers.items():
            response.headers[name] = value
        return response

    def members(self, request_id: str) -> dict[str, Any]:
        """All members of the problem details, as a JSON object; `detail` is cut to LONGEST_DETAIL
        characters.
        """
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail[:LONGEST_DETAIL],
            "request_id": request_id,
            "errors": [{"pointer": pointer, "detail": says} for pointer, says in self.faults],
        }


def outside_of_django(status: int, code: str, detail: str) -> tuple[bytes, list[tuple[str, str]]]:
    """Body and headers of a problem that is answered before Django has a request, under a request
    id of its own.
    """
    request_id = uuid4().hex
    body = json.dumps(Problem(status, code, detail).members(request_id)).encode()
    return body, [("Content-Type", CONTENT_TYPE), ("X-Request-ID", request_id)]


def pointer(parts: Iterable[object]) -> str:
    """The JSON pointer to a member, given the names that lead to it, with "~" and "/" in them
    escaped; "" without any.
    """
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)
