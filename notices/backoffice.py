"""The notices' part of a merchant's page for operators."""

from backoffice.columns import list_of
from backoffice.merchant_page import MANY, PARTS, Link, Part, Section, Step, Visit
from merchants import installation
from notices import letters
from notices.models import Notice, NoticeMail


def register() -> None:
    """Register the part of a merchant's page that shows its notices. Called once, when a program
    starts.
    """
    PARTS.register(Part(10, _of_merchant))


def _of_merchant(visit: Visit) -> Section:
    """The part of a merchant's page that shows its latest notices (MANY of them), as its people
    read them, and links to all notices and all e-mails. Operators who may not see notices get the
    links alone, and the one to e-mails is there for those who may see them.
    """
    links = [Link("All notices", list_of(visit.merchant, Notice))]
    if visit.may_see(NoticeMail):
        links.append(Link("All their e-mails", list_of(visit.merchant, NoticeMail)))
    if not visit.request.user.has_perm("notices.view_notice"):
        return Section(links=links)
    notices = Notice.objects.filter(merchant=visit.merchant).order_by("-id")[:MANY]
    with installation.remembered():
        steps = [Step(one.at, letters.title(one), letters.sentence(one)) for one in notices]
    return Section(steps=steps, links=links)
