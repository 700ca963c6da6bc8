"""Why a bill exists and what became of a payment, in sentences that merchants read."""

from django.contrib import messages
from django.utils.translation import gettext

from billing import payment_failures
from billing.models import Invoice, Payment
from billing.models.accounts import CYCLE
from lib import calendar, formats
from merchants import installation


def reason(invoice: Invoice) -> str:
    """Why a bill exists, as a sentence: its threshold was reached, the days of its plan or of its
    30-day cycle, that it was drawn up on request, or that the account was closed.
    """
    if invoice.threshold is not None:
        amount = formats.plain_money(invoice.threshold)
        said = gettext("Threshold of %(amount)s reached on %(day)s")
        return said % {"amount": amount, "day": formats.day_text(invoice.issued_on)}
    if invoice.kind == Invoice.Kind.SUBSCRIPTION:
        said, first, last = (
            gettext("Plan from %(first)s to %(last)s"),
            invoice.issued_on,
            invoice.plan_end,
        )
    elif invoice.kind == Invoice.Kind.CYCLE:
        said = gettext("30 days from %(first)s to %(last)s")
        first, last = invoice.issued_on - CYCLE, invoice.issued_on - calendar.ONE_DAY
    elif invoice.kind == Invoice.Kind.ON_REQUEST:
        return gettext("Drawn up on request, of what was outstanding")
    else:
        return gettext("Your account was closed")
    return said % {"first": formats.day_text(first), "last": formats.day_text(last)}


def outcome_of_invoice(payment: Payment) -> tuple[int, str]:
    """What became of an attempt to collect a bill, for a page that is not about the bill: (a level
    of django.contrib.messages, a sentence with the bill's number in front), as in `outcome`.
    """
    level, said = outcome(payment)
    number = installation.outside(str(payment.invoice))
    return level, gettext("Bill %(number)s: %(said)s") % {"number": number, "said": said}


def outcome(payment: Payment) -> tuple[int, str]:
    """What became of an attempt to collect a bill: a level of django.contrib.messages, and a
    sentence. ERROR says why it failed, WARNING that there is no answer yet and that the bill should
    not be paid in another way, and SUCCESS what was paid.
    """
    amount = formats.plain_money(payment.amount)
    if payment.has_failed:
        reason = payment_failures.in_words(payment.failure)
        text = gettext("The payment of %(amount)s failed: %(reason)s.")
        return messages.ERROR, text % {"amount": amount, "reason": reason}
    if payment.is_undecided:
        return messages.WARNING, gettext(
            "We have no answer yet and go on asking. Don't pay this bill in another way meanwhile."
        )
    return messages.SUCCESS, gettext("%(amount)s was paid.") % {"amount": amount}
