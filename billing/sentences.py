"""What merchants read where the books have a code: refusals, and what became of a payment."""

from django.contrib import messages
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from billing import payment_failures
from billing.models import Invoice, Payment
from billing.models.accounts import CYCLE
from lib import calendar, formats
from lib.refusals import Refused

REFUSALS: dict[str, StrOrPromise] = {
    # paying
    "bill_not_open": _("Nothing is to be paid for this bill any more."),
    "payment_under_way": _(
        "A payment of this bill is being checked. Wait for its outcome before you try again."
    ),
    "no_payment_method": _(
        "Your bills are paid by bank transfer. Choose another method under Billing settings first."
    ),
    "too_little": _(
        "That is less than can be collected from your method. Pay it by bank transfer, or choose"
        " another method."
    ),
    "card_disputed": _(
        "A payment from this card was disputed. Choose a method under Billing settings first; it"
        " may be the same card."
    ),
    "too_many_attempts": _(
        "This bill was tried five times within 24 hours. Try again later, or pay it by bank"
        " transfer."
    ),
    "currency_not_taken": _("Bills in your currency can't be collected this way."),
    "provider_not_ready": _(
        "We can't collect from this method at the moment. Choose another one, or try again later."
    ),
    # credits
    "unknown_charge": _("This charge can't be credited."),
    "credit_too_large": _("With the credits before, that is more than the charge."),
    "conflict": _("This form was sent before, with other content. See under Credits."),
    # threshold
    "request_pending": _(
        "You have asked for a higher threshold already. You can ask again once we have answered."
    ),
    "not_higher": _("Name a threshold that is above the present one."),
    "account_closed": _("Your account is closed."),
    # methods
    "unknown_card": _("This card is not there any more. Choose another method."),
    "card_in_use": _("Bills are collected from this card. Choose another method first."),
    "card_not_confirmed": _("The card's bank has not agreed. Try again, or add another card."),
    "unknown_card_setup": _("This card was not added. Start again."),
    "too_many_cards": _(
        "Five cards were added within 24 hours. Use one of them, or add another one later."
    ),
    "provider_silent": _("Our payment provider does not answer. Try again in a few minutes."),
    "currency_mismatch": _("Your bills are in another currency."),
}
TRIED_MEANWHILE: StrOrPromise = _(
    "Something has changed since you opened this bill, so nothing was tried. See its history below."
)


def refusal(refused: Refused) -> StrOrPromise:
    """Why nothing was done."""
    return REFUSALS.get(refused.code, _("This can't be done. Check what you entered."))


def reason(bill: Invoice) -> str:
    """Why a bill exists, in words. The 30 days of a CYCLE bill are those of its cycle."""
    if bill.threshold is not None:
        amount = formats.plain_money(bill.threshold, bill.currency)
        said = gettext("Threshold of %(amount)s reached on %(day)s")
        return said % {"amount": amount, "day": formats.day_text(bill.issued_on)}
    if bill.kind == Invoice.Kind.SUBSCRIPTION:
        said, first, last = (
            gettext("Plan from %(first)s to %(last)s"),
            bill.issued_on,
            bill.plan_end,
        )
    elif bill.kind == Invoice.Kind.CYCLE:
        said = gettext("30 days from %(first)s to %(last)s")
        first, last = bill.issued_on - CYCLE, bill.issued_on - calendar.ONE_DAY
    else:
        return gettext("Your account was closed")
    return said % {"first": formats.day_text(first), "last": formats.day_text(last)}


def outcome_of_bill(payment: Payment) -> tuple[int, str]:
    """The same where the page is not about the bill, which is named."""
    level, said = outcome(payment)
    return level, gettext("Bill %(number)s: %(said)s") % {"number": payment.invoice, "said": said}


def outcome(payment: Payment) -> tuple[int, str]:
    """What became of an attempt to collect a bill: how grave it is, and a sentence."""
    amount = formats.plain_money(payment.amount, payment.currency)
    if payment.has_failed:
        reason = payment_failures.in_words(payment.failure)
        text = gettext("The payment of %(amount)s failed: %(reason)s.")
        return messages.ERROR, text % {"amount": amount, "reason": reason}
    if payment.is_undecided:
        return messages.WARNING, gettext(
            "We have no answer yet and go on asking. Don't pay this bill in another way meanwhile."
        )
    return messages.SUCCESS, gettext("%(amount)s was paid.") % {"amount": amount}
