"""The reasons of failed withdrawals, in words."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

# Reasons that Tael itself gives, where neither an operator nor a provider gave one.
DESTINATION_REMOVED = "Its destination was removed before anything was paid there."
UNKNOWN_ACCOUNT = "The bank there does not know this account number."
CLOSED = "The account is closed."
BLOCKED = "The account is blocked."
TAKES_NONE = "The account does not take such payments."
ANOTHER_HOLDER = "The account has another holder."
UNKNOWN_BANK = "The code of the bank or branch is not right."
NOT_WANTED = "The account's holder did not take it."
BY_LAW = "The rules of the country do not let the bank take it."
NOT_PAID = "The bank did not pay it. Check the destination, or ask us."

TRANSLATED: dict[str, StrOrPromise] = {
    DESTINATION_REMOVED: _("Its destination was removed before anything was paid there."),
    UNKNOWN_ACCOUNT: _("The bank there does not know this account number."),
    CLOSED: _("The account is closed."),
    BLOCKED: _("The account is blocked."),
    TAKES_NONE: _("The account does not take such payments."),
    ANOTHER_HOLDER: _("The account has another holder."),
    UNKNOWN_BANK: _("The code of the bank or branch is not right."),
    NOT_WANTED: _("The account's holder did not take it."),
    BY_LAW: _("The rules of the country do not let the bank take it."),
    NOT_PAID: _("The bank did not pay it. Check the destination, or ask us."),
}
# What banks' codes of reasons (ISO External Status Reason, External Return Reason) mean for whoever
# is paid; the others are about us, or say nothing.
CODES = {
    **{"AC01": UNKNOWN_ACCOUNT, "AC03": UNKNOWN_ACCOUNT, "BE06": UNKNOWN_ACCOUNT},
    **{"AC04": CLOSED, "AC07": CLOSED, "AC06": BLOCKED, "AG01": TAKES_NONE, "AC15": TAKES_NONE},
    **{"BE01": ANOTHER_HOLDER, "MS02": NOT_WANTED, "CUST": NOT_WANTED},
    **{"RC01": UNKNOWN_BANK, "RC04": UNKNOWN_BANK, "RC11": UNKNOWN_BANK, "AGNT": UNKNOWN_BANK},
    **{"RR01": BY_LAW, "RR02": BY_LAW, "RR03": BY_LAW, "RR04": BY_LAW},
}


def of_code(reason: str) -> str:
    """The sentence for the code of a reason, behind which a colon and the bank's own words may
    stand: "AC04: account closed". A code that is not known, or is missing, has a general sentence.
    """
    return CODES.get(reason.partition(":")[0].strip().upper(), NOT_PAID)


def in_words(reason: str) -> str:
    """The reason of a failed withdrawal in the reader's language if Tael wrote it; any other reason
    as it is.
    """
    return str(TRANSLATED.get(reason, reason))
