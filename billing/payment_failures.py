"""Why an attempt to collect a bill failed, in words."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from notices import details

# Codes of ours, and those of card networks.
FAILURES: dict[str, StrOrPromise] = {
    "not_paid_when_due": _("it was not paid by its due date"),
    "not_enough_proceeds": _("there were not enough available proceeds"),
    "never_received": _("our payment provider did not receive it"),
    "authentication_required": _("the bank asks the card's holder to confirm the payment"),
    "card_declined": _("the card was declined"),
    "expired_card": _("the card has expired"),
    "insufficient_funds": _("the card did not have enough funds"),
    "incorrect_cvc": _("the card's security code was wrong"),
    "lost_card": _("the card was declined"),
    "stolen_card": _("the card was declined"),
    "processing_error": _("the card's network could not process it"),
    "card_disputed": _("a payment from this card was disputed"),
    "card_removed": _("the card is not there any more"),
    "amount_not_possible": _("cards can't be charged with exactly this amount"),
    "ended_by_us": _("our payment provider gave no clear answer, and we ended it"),
    "canceled": _("our payment provider broke it off"),
    "currency_not_supported": _("the card can't be charged in this currency"),
    # What a bank suspects is no business of whoever reads our mail.
    **dict.fromkeys(
        (
            "do_not_honor",
            "fraudulent",
            "generic_decline",
            "highest_risk_level",
            "merchant_blacklist",
            "pickup_card",
            "restricted_card",
            "security_violation",
            "transaction_not_allowed",
        ),
        _("the card was declined"),
    ),
}


def in_words(code: str) -> str:
    """Why a payment failed, in words of the reader's language, for the provider's failure code; an
    unknown code is returned as it is.
    """
    return details.in_words(code, FAILURES)
