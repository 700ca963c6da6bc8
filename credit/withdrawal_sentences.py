"""What merchants read of proceeds and withdrawals where the books have a code."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from credit import sentences
from credit.models import PayoutDestination, Withdrawal
from lib.refusals import Invalid, Refused

REFUSALS: dict[str, StrOrPromise] = {
    "insufficient_proceeds": _("Amount and fee are more than you can withdraw now."),
    "destination_not_usable": _("This destination can't be used now. Choose another one."),
    "unknown_destination": _("This destination is not yours any more. Choose another one."),
    "withdrawals_stopped": _(
        "Withdrawals are stopped while we look into suspected fraud. Your proceeds stay yours."
    ),
    "already_decided": _("It is too late to cancel: the withdrawal has gone on."),
}
SENT_BEFORE = _("You sent this form before, for another withdrawal. Do you want this one, too?")
NUMBER_KNOWN = _(
    "You have this number already, with another holder or bank. Remove that destination first."
)
NUMBERS: dict[str, StrOrPromise] = {
    PayoutDestination.Kind.BANK_CARD: _(
        "This is no card number: it has 12 to 19 digits. Check each digit."
    ),
    PayoutDestination.Kind.ALIPAY: _(
        "Enter the e-mail address or the mobile number of the Alipay account."
    ),
    PayoutDestination.Kind.BANK_ACCOUNT: _(
        "This is no account number of that country. Check each digit."
    ),
}
ROUTING = _(
    "This is no bank or branch code of that country. Where accounts have an IBAN, leave it empty."
)
NAME = _("Write the name in letters only, as the bank knows it.")

STATES: dict[str, StrOrPromise] = {
    Withdrawal.Status.REQUESTED: _("We send it soon. You can still cancel it."),
    Withdrawal.Status.APPROVED: _("We approved it and send it soon. You can still cancel it."),
    Withdrawal.Status.SENT: _("It is on its way to your account."),
    Withdrawal.Status.UNKNOWN: _(
        "The bank has not told us yet whether it paid. We are asking; nothing is sent twice."
    ),
    Withdrawal.Status.PAID: _("The bank paid it to your account."),
    Withdrawal.Status.REJECTED: _("We did not send it. Amount and fee are back in your proceeds."),
    Withdrawal.Status.CANCELLED: _("You cancelled it. Amount and fee are back in your proceeds."),
    Withdrawal.Status.FAILED: _(
        "The bank could not pay it. Amount and fee are back in your proceeds."
    ),
}
WAITS_FOR_APPROVAL = _(
    "It is large, so a person of our team approves it first. You can still cancel it."
)


def refusal(refused: Refused) -> StrOrPromise:
    """Why nothing was done."""
    return REFUSALS.get(refused.code) or sentences.refusal(refused)


def number_refusal(kind: str, refused: Invalid) -> StrOrPromise:
    """What is wrong with a field of a destination of this kind."""
    if refused.field == "routing":
        return ROUTING
    return NUMBERS[kind] if refused.field == "number" else NAME


def state(withdrawal: Withdrawal) -> StrOrPromise:
    """Where a withdrawal is, and what comes next."""
    if withdrawal.status == Withdrawal.Status.REQUESTED and withdrawal.needs_approval:
        return WAITS_FOR_APPROVAL
    return STATES[withdrawal.status]
