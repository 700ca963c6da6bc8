"""The latest notices of a merchant, for its start page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from merchants.models import Merchant
from notices import letters, routes
from notices.models import Notice


@dataclass(frozen=True)
class Happening:
    """A notice as the start page shows it."""

    at: datetime
    title: str
    sentence: str
    address: str  # "" where there is no page of it


def latest(merchant: Merchant, most: int) -> Sequence[Happening]:
    """The merchant's latest notices, newest first, at most `most` of them, with title and sentence
    in the language in force, and the address of each one's page, "" if it has none.
    """
    notices = Notice.objects.filter(merchant=merchant).order_by("-id")[:most]
    return [
        Happening(
            notice.at,
            letters.title(notice),
            letters.sentence(notice),
            routes.address(notice, merchant.reference),
        )
        for notice in notices
    ]
