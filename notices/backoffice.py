"""What notices add to the operators' pages."""

from backoffice.list_pages import list_of
from backoffice.merchant_page import MANY, PARTS, Link, Part, Section, Step, Visit
from notices import letters
from notices.models import Notice


def register() -> None:
    """Add all of it; once, when the programs start."""
    PARTS.register(Part(10, _of_merchant))


def _of_merchant(visit: Visit) -> Section:
    """What the merchant's people were told, as they read it."""
    links = [Link("All notices", list_of(visit.merchant, Notice))]
    if not visit.request.user.has_perm("notices.view_notice"):
        return Section(links=links)
    notices = Notice.objects.filter(merchant=visit.merchant).order_by("-id")[:MANY]
    return Section(
        steps=[Step(one.at, letters.title(one), letters.sentence(one)) for one in notices],
        links=links,
    )
