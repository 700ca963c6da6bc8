"""Where a notice leads: the page of what it is about."""

from django.urls import reverse

from lib.converters import MonthConverter
from notices.models import Notice

Kind = Notice.Kind

# Kind -> (view, {what the view is asked for: the detail that holds it}). A kind that is not here
# leads nowhere.
ROUTES: dict[str, tuple[str, dict[str, str]]] = {
    Kind.LIMIT_80: ("credit:limit", {}),
    Kind.LIMIT_100: ("credit:limit", {}),
    Kind.REVIEW: ("credit:reviews", {}),
    Kind.REQUEST_ANSWERED: ("credit:requests", {}),
    Kind.FREEZE_PLACED: ("credit:freezes", {}),
    Kind.FREEZE_LIFTED: ("credit:freezes", {}),
    Kind.WITHDRAWAL_DONE: ("credit:withdrawal", {"reference": "reference"}),
    Kind.WITHDRAWAL_FAILED: ("credit:withdrawal", {"reference": "reference"}),
    Kind.DESTINATION_ADDED: ("credit:destinations", {}),
    Kind.AUTOMATIC_SET_UP: ("credit:automatic", {}),
    Kind.ORDER_DECLINED: ("credit:order", {"reference": "order"}),
    Kind.ORDER_OVERDUE: ("credit:order", {"reference": "order"}),
    Kind.STATEMENT_CLOSED: ("billing:statement", {"month": "month"}),
    Kind.BILL_ISSUED: ("billing:bill", {"number": "number"}),
    Kind.PAYMENT_FAILED: ("billing:bill", {"number": "number"}),
    Kind.PAYMENT_REVERSED: ("billing:bill", {"number": "number"}),
    Kind.THRESHOLD_ANSWERED: ("billing:threshold_requests", {}),
    Kind.CREDIT_ANSWERED: ("billing:credits", {}),
    Kind.UNAPPLIED: ("billing:unapplied", {}),
}


def address(notice: Notice, merchant_reference: str) -> str:
    """The address of that page; "" if there is none."""
    if notice.kind not in ROUTES:
        return ""
    view, asked = ROUTES[notice.kind]
    try:
        found = {name: notice.details[detail] for name, detail in asked.items()}
        if "month" in found:
            found["month"] = MonthConverter().to_python(found["month"])
    except (KeyError, ValueError):  # written by another version, with other details
        return ""
    return reverse(view, kwargs={"merchant": merchant_reference, **found})
