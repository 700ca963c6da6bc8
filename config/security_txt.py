"""/.well-known/security.txt (RFC 9116): where to report a weakness of this installation."""

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

# The file is made at each request, so that it never expires while somebody runs this.
GOOD_FOR = timedelta(days=90)


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The view of security.txt: contact, expiry, languages and the file's own address. Raises
    Http404 if no contact is set.
    """
    if not settings.TAEL_SECURITY_CONTACT:
        raise Http404("TAEL_SECURITY_CONTACT is not set")
    expires = (timezone.now() + GOOD_FOR).replace(microsecond=0)
    lines = [
        f"Contact: {settings.TAEL_SECURITY_CONTACT}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en, zh, th",
        f"Canonical: {settings.TAEL_BASE_URL}/.well-known/security.txt",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
