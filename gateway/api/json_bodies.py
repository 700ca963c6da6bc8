"""Reads the body of a request: JSON, plain or compressed, within bounds."""

import zlib
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja.parser import Parser

from gateway.api.problems import Problem
from lib import strict_json

JSON = "application/json"
LONGEST_PEEKED = 4096  # bytes, for whoever has no key can send as many
PEEKED = "_peeked"  # the attribute of a request whose body was read ahead
TOO_LARGE = "A body must not be larger than 5 MB, also once it is unpacked."


def peeked(request: HttpRequest) -> dict[str, Any] | None:
    """The object in the body of a request of which nothing was checked yet, not even its key. JSON
    that was read, an object or not, is kept for `body_of`. None for a body that is longer than
    LONGEST_PEEKED, packed, of another type, no JSON or no object.
    """
    length = request.META.get("CONTENT_LENGTH") or "0"
    if int(length) > LONGEST_PEEKED or request.content_type != JSON:
        return None
    if request.META.get("HTTP_CONTENT_ENCODING"):
        return None
    try:
        said = strict_json.loads(request.body)
    except strict_json.NotJson:
        return None
    setattr(request, PEEKED, said)
    return said if isinstance(said, dict) else None


def body_of(request: HttpRequest, *content_types: str) -> tuple[str, Any]:
    """The Content-Type of the request's body, which must be one of `content_types`, and the decoded
    JSON in it.

    Raises Problem: 415 for another type or encoding, 413 for what is too much once it is unpacked,
    400 for what is no JSON or not packed right; and RequestDataTooBig for a body that is too large
    as it was sent.
    """
    content_type = request.content_type or ""
    if JSON in content_types and hasattr(request, PEEKED):
        return content_type, getattr(request, PEEKED)
    if content_type not in content_types:
        accepted = ", ".join(content_types)
        detail = f"The body must be {accepted}; Content-Type says {content_type or 'nothing'}."
        raise Problem(415, "unsupported_media_type", detail, headers={"Accept": accepted})
    try:
        return content_type, strict_json.loads(_unpacked(request))
    except strict_json.NotJson as error:
        raise Problem(400, "malformed_json", f"The body is no JSON: {error}.") from error


def _unpacked(request: HttpRequest) -> bytes:
    """The request's body, unpacked if it is gzip. Raises Problem for another encoding, for what
    unpacks to too much, and for what is no gzip or cut short.
    """
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
    if encoding == "identity":
        return request.body
    if encoding != "gzip":
        after = {"Accept-Encoding": "gzip"}
        detail = f"Content-Encoding must be gzip, or left out; it says {encoding[:50]}."
        raise Problem(415, "unsupported_encoding", detail, headers=after)
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # 16: with gzip's header
    try:
        content = unpacking.decompress(request.body, most)
    except zlib.error as error:
        raise Problem(400, "malformed_gzip", "The body is not packed as gzip says.") from error
    if unpacking.unconsumed_tail:
        raise Problem(413, "too_large", TOO_LARGE)
    if not unpacking.eof or unpacking.unused_data:
        raise Problem(400, "malformed_gzip", "The body is cut short, or goes on behind its end.")
    return content


class StrictParser(Parser):
    """Reads bodies as `body_of` does, and query strings in which nothing comes twice."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The JSON value in the body. Raises Problem as `body_of` does."""
        return body_of(request, JSON)[1]

    def parse_querydict(self, data: Any, list_fields: list[str], request: HttpRequest) -> Any:
        """The parameters as django-ninja has them. Raises Problem (400) if one comes twice."""
        for name, values in data.lists():
            if len(values) > 1:
                raise Problem(400, "bad_request", f"The parameter {name[:100]} comes twice.")
        return super().parse_querydict(data, list_fields, request)
