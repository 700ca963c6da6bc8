"""The trail's part of a merchant's page for operators."""

from collections.abc import Iterable, Iterator

from backoffice import exports
from backoffice.list_pages import MERCHANT_LINKS, MerchantLink
from backoffice.merchant_page import MANY, PARTS, Part, Section, Step, Visit
from trail import actions, downloads
from trail.models import TrailEntry

VIEW = "trail.view_trailentry"


def register() -> None:
    """Register the link to a merchant's trail, the part of its page that shows the latest rows, and
    that downloads of lists are on it. Called once, when a program starts.
    """
    actions.register(downloads.Action)
    exports.RECORDERS.register(downloads.record)
    MERCHANT_LINKS.register(MerchantLink(10, "Trail", TrailEntry, VIEW))
    PARTS.register(Part(20, _of_merchant))


def _of_merchant(visit: Visit) -> Section:
    """The part of a merchant's page that shows the latest changes that people made (MANY of them);
    empty for operators who may not see the trail.
    """
    if not visit.request.user.has_perm(VIEW):
        return Section()
    entries = TrailEntry.objects.filter(merchant=visit.merchant).order_by("-id")[:MANY]
    return Section(steps=list(_steps(entries)))


def _steps(entries: Iterable[TrailEntry]) -> Iterator[Step]:
    """Yield a step of the merchant's history for each of these trail rows: its action, its subject,
    what changed, the reason, and who acted.
    """
    for entry in entries:
        changed = "; ".join(
            f"{name}: {entry.before.get(name, '–')} → {entry.after.get(name, '–')}"
            for name in {**entry.before, **entry.after}
        )
        words = [entry.subject, changed, entry.reason]
        title = actions.label(entry.action)
        yield Step(entry.at, title, " · ".join(filter(None, words)), entry.actor)
