"""Responses that download documents."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def document(pdf: bytes, file_name: str) -> HttpResponse:
    """A response that downloads this PDF under this name."""
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = content_disposition_header(True, file_name) or "attachment"
    return response
