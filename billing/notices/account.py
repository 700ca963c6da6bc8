"""What a merchant's people are told of their account, its cards and who gets its documents.

The comment of each kind says what it is about (`cause`) and which details it has: all of them text,
amounts as plain decimals with their `currency` beside them.
"""

from django.utils.translation import gettext_lazy as _

from billing.notices.group import BILLING
from credit.notices.line import own_words
from lib.formats import unbroken
from notices.details import Details
from notices.kinds import Kind, Link, Text


def whole_number(name: str, details: Details) -> str:
    """Return the card that the notice has under `name` in its details, as text whose last digits
    stay on one line.
    """
    return unbroken(details[name])


# Cause: the address's id. Details: email, by (who added it).
DOCUMENTS_TO = Kind(
    code="DOCUMENTS_TO",
    label=_("An address for documents was added"),
    group=BILLING,
    texts={
        "": Text(
            _("%(email)s is to get your bills and statements"),
            _(
                "%(by)s has named %(email)s for your bills and statements. They come once the"
                " address has confirmed. If you don't know it, remove it there."
            ),
        )
    },
    link=Link("billing:accountant", _("See who gets your documents")),
    owners_always=True,
    owners_hint=_("We always write to owners when an address for documents was added."),
)
# Cause: the address's id. Details: email.
DOCUMENTS_REFUSED = Kind(
    code="DOCUMENTS_REFUSED",
    label=_("An address for documents was given up"),
    group=BILLING,
    texts={
        "": Text(
            _("%(email)s gets no more bills and statements"),
            _(
                "The mail server of %(email)s has refused our e-mails for five days, so we stopped"
                " sending your bills and statements there. All of them are on your pages. If the"
                " address is right, add it again."
            ),
        )
    },
    link=Link("billing:accountant", _("See who gets your documents")),
    owners_always=True,
    owners_hint=_("We always write to owners when documents no longer reach an address."),
    is_automatic=True,
)
# Cause: the card's id. Details: card (its brand and last digits), reason.
CARD_BLOCKED = Kind(
    code="CARD_BLOCKED",
    label=_("A card was blocked"),
    group=BILLING,
    texts={
        "": Text(
            _("We blocked a card"),
            _(
                "Nothing is collected from %(card)s any more. Choose another method under Billing"
                " settings if your bills were collected from it. Reason: %(reason)s"
            ),
        )
    },
    link=Link("billing:settings", _("Open billing settings")),
    shows={"card": whole_number},
    owners_always=True,
    owners_hint=_("We always write to owners when we have blocked a card."),
)
# Cause: the instant of the closing. Details: told (what our people wrote for the merchant, or "").
ACCOUNT_CLOSED = Kind(
    code="ACCOUNT_CLOSED",
    label=_("The account was closed"),
    group=BILLING,
    texts={
        "": Text(
            _("Your account was closed"),
            _(
                "Your account takes no new orders and no new charges. Open orders go on, what is"
                " outstanding is billed, and your proceeds can be withdrawn. %(told)s"
            ),
        )
    },
    link=Link("billing:settings", _("Open billing settings")),
    shows={"told": own_words},
)
# Cause: the instant of the closing that ended. Details: told.
ACCOUNT_REOPENED = Kind(
    code="ACCOUNT_REOPENED",
    label=_("The account was opened again"),
    group=BILLING,
    texts={
        "": Text(
            _("Your account is open again"),
            _(
                "Your account takes new orders and charges from now on, with the limit that it had."
                " %(told)s"
            ),
        )
    },
    link=Link("billing:settings", _("Open billing settings")),
    shows={"told": own_words},
)

# In the order in which people find them where they choose their e-mails.
KINDS = (
    DOCUMENTS_TO,
    DOCUMENTS_REFUSED,
    CARD_BLOCKED,
    ACCOUNT_CLOSED,
    ACCOUNT_REOPENED,
)
