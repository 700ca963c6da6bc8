"""Responses that download documents."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def document(pdf: bytes, file_name: str) -> HttpResponse:
    """A response that downloads this PDF under this name."""
    return _file(pdf, "application/pdf", file_name)


def xml(content: bytes, file_name: str) -> HttpResponse:
    """A response that downloads this XML file under this name."""
    return _file(content, "application/xml", file_name)


def any_file(content: bytes, file_name: str) -> HttpResponse:
    """A response that downloads a file that somebody else made, under this name, as bytes of no
    known type, so that no browser opens it by itself.
    """
    return _file(content, "application/octet-stream", file_name)


def _file(content: bytes, kind: str, file_name: str) -> HttpResponse:
    """A response that downloads this content as a file of this media type."""
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = content_disposition_header(True, file_name) or "attachment"
    return response
