"""The addresses of the pages that notices are about."""

from django.urls import reverse

from lib.converters import MonthConverter
from notices import kinds
from notices.models import Notice


def address(notice: Notice, merchant_reference: str) -> str:
    """The address, without a host, of the page that the notice is about, for the merchant with this
    reference; "" if its kind has no page or is not registered any more, or its details do not fit.
    """
    kind = kinds.get(notice.kind)
    if kind is None or kind.link is None:
        return ""
    try:
        found = {name: notice.details[detail] for name, detail in kind.link.arguments.items()}
        if "month" in found:
            found["month"] = MonthConverter().to_python(found["month"])
    except (KeyError, ValueError):  # written by another version, with other details
        return ""
    return reverse(kind.link.view, kwargs={"merchant": merchant_reference, **found})
