"""What the page of a merchant's profile says of its worth in the review of the limit (rule 8.4)."""

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from merchants.models import Merchant
from merchants.profile_parts import REMARKS, Remark, Remarks


def register() -> None:
    """Register the remark on a merchant's profile that says what it counts for in the review of the
    limit (`_of_reviews`). Called once, when a program starts.
    """
    REMARKS.register(Remarks(10, _of_reviews))


def _of_reviews(merchant: Merchant, confirmed: int) -> Remark:
    """The remark on the profile's page that says how many of its parts are confirmed (`confirmed`),
    what each counts for in the review of the limit, and where that can be seen.
    """
    text = ngettext(
        "%(confirmed)s of the 2 parts is confirmed. Each that is counts for half of your profile in"
        " the review of your limit; while one stands rejected, no more than half counts.",
        "%(confirmed)s of the 2 parts are confirmed. Each that is counts for half of your profile"
        " in the review of your limit; while one stands rejected, no more than half counts.",
        confirmed,
    )
    return Remark(
        text=text % {"confirmed": confirmed},
        link=gettext("What it adds to your limit"),
        address=f"{reverse('credit:raise', args=[merchant.reference])}#factors",
    )
