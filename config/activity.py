"""What happened at a merchant lately, in words, each with the page that says more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from config import pages
from merchants import letters
from merchants.models import Merchant, Notice

Kind = Notice.Kind

# The page of each kind, and the detail that names it there.
PLACES = {
    Kind.LIMIT_80: ("credit:limit", ""),
    Kind.LIMIT_100: ("credit:limit", ""),
    Kind.ORDER_DECLINED: ("credit:order", "order"),
    Kind.ORDER_OVERDUE: ("credit:order", "order"),
    Kind.FREEZE_PLACED: ("credit:freezes", ""),
    Kind.FREEZE_LIFTED: ("credit:freezes", ""),
    Kind.REVIEW: ("credit:reviews", ""),
    Kind.WITHDRAWAL_DONE: ("credit:withdrawal", "reference"),
    Kind.WITHDRAWAL_FAILED: ("credit:withdrawal", "reference"),
    Kind.DESTINATION_ADDED: ("credit:destinations", ""),
    Kind.REQUEST_ANSWERED: ("credit:requests", ""),
    Kind.STATEMENT_CLOSED: ("billing:statement", "month"),
    Kind.BILL_ISSUED: ("billing:bill", "number"),
    Kind.PAYMENT_FAILED: ("billing:bill", "number"),
    Kind.THRESHOLD_ANSWERED: ("billing:settings", ""),
    Kind.CREDIT_ANSWERED: ("billing:credits", ""),
}


@dataclass(frozen=True)
class Happening:
    at: datetime
    title: str
    sentence: str
    address: str  # "" where there is no page of it


def latest(merchant: Merchant, most: int) -> Sequence[Happening]:
    """The latest notices in the language in force, newest first."""
    notices = Notice.objects.filter(merchant=merchant).order_by("-id")[:most]
    return [
        Happening(
            notice.at, letters.title(notice), letters.sentence(notice), _address(merchant, notice)
        )
        for notice in notices
    ]


def _address(merchant: Merchant, notice: Notice) -> str:
    route, name = PLACES.get(Kind(notice.kind), ("", ""))
    if not name:
        return pages.address(route, merchant.reference)
    named = notice.details.get(name, "")
    which = date.fromisoformat(f"{named}-01") if name == "month" and named else named
    return pages.address(route, merchant.reference, which) if which else ""
