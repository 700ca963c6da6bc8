"""Documents and files of the books, as answers."""

import tempfile
from collections.abc import Iterable

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from merchants.access import MemberRequest


def document(pdf: bytes, file_name: str) -> HttpResponse:
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = content_disposition_header(True, file_name)
    return response


def csv(request: MemberRequest, blocks: Iterable[bytes], file_name: str) -> HttpResponseBase:
    """The file, sent as it is made, so that a failure breaks the connection.

    HTTP/1.0 takes a broken connection for the end of the file (some proxies speak it), so there
    the file is complete before any of it is sent.
    """
    content_type = "text/csv; charset=utf-8"
    if request.META.get("SERVER_PROTOCOL") == "HTTP/1.0":
        whole = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
        whole.writelines(blocks)
        whole.seek(0)
        return FileResponse(
            whole, as_attachment=True, filename=file_name, content_type=content_type
        )
    response = StreamingHttpResponse(blocks, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, file_name)
    return response
