"""The words of notices, in the application and in e-mails.

A notice keeps figures and references (notices.operations.notices lists them); here they become a
title and a sentence in the language in force, at the time they are read.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_decimal
from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils.translation import get_language, gettext, override, to_locale
from django.utils.translation import gettext_lazy as _

from lib import formats
from lib.money import minor_digits
from merchants.models import User
from notices import routes
from notices.models import Notice

Kind = Notice.Kind

AMOUNTS = (
    "amount",
    "balance",
    "due",
    "limit",
    "limit_before",
    "limit_proposed",
    "limit_given",
    "threshold",
    "total",
    "used",
)
WORDS = ("answer", "reason")  # a person's or a provider's

# Why a withdrawal failed, where it was nobody's words but ours.
DESTINATION_REMOVED = "Its destination was removed before anything was paid there."

# Codes within a sentence, by the detail that holds them.
PHRASES = {
    "reason": {
        DESTINATION_REMOVED: _("Its destination was removed before anything was paid there."),
    },
    "code": {
        "account_closed": _("the account was closed"),
        "line_frozen": _("the credit line was frozen"),
        "buyer_risk": _("the buyer's risk was too high"),
        "insufficient_credit": _("the limit was not enough"),
    },
    "freeze": {
        "OVERDUE": _("overdue payments"),
        "SUSPECTED_FRAUD": _("suspected fraud"),
        "UNPAID_BILL": _("an unpaid bill"),
        "MANUAL": _("a decision of our credit officers"),
    },
    # Why an attempt to collect a bill failed: ours, and those of card networks.
    "failure": {
        "not_paid_when_due": _("it was not paid by its due date"),
        "not_enough_proceeds": _("there were not enough available proceeds"),
        "never_received": _("our payment provider did not receive it"),
        "authentication_required": _("the bank asks the card's holder to confirm the payment"),
        "card_declined": _("the card was declined"),
        "expired_card": _("the card has expired"),
        "insufficient_funds": _("the card had not enough funds"),
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
    },
}

# Title and sentence of a kind; of a kind and the detail `status` where the outcome matters.
TEXTS = {
    Kind.LIMIT_80: (
        _("80%% of your credit limit is used"),
        _("Open orders hold %(used)s of your limit of %(limit)s."),
    ),
    Kind.LIMIT_100: (
        _("Your credit limit is used up"),
        _(
            "Open orders hold %(used)s of your limit of %(limit)s. New orders are declined until"
            " buyers pay."
        ),
    ),
    Kind.ORDER_DECLINED: (
        _("Order %(order)s was declined"),
        _("Order %(order)s over %(amount)s was declined: %(code)s."),
    ),
    Kind.ORDER_OVERDUE: (
        _("Order %(order)s is overdue"),
        _(
            "A payment for order %(order)s was due on %(due_on)s; %(due)s was due by then and is"
            " not paid yet."
        ),
    ),
    Kind.FREEZE_PLACED: (
        _("Your credit line is frozen"),
        _(
            "Your credit line was frozen because of %(freeze)s. New orders are declined; open"
            " orders go on."
        ),
    ),
    Kind.FREEZE_LIFTED: (
        _("A freeze of your credit line was lifted"),
        _("The freeze of your credit line because of %(freeze)s was lifted."),
    ),
    Kind.REVIEW: (
        _("Your credit limit was reviewed: grade %(grade)s"),
        _("Your shop has grade %(grade)s. Your limit stays at %(limit_before)s."),
    ),
    f"{Kind.REVIEW} APPLIED": (
        _("Your credit limit was reviewed: grade %(grade)s"),
        _(
            "Your shop has grade %(grade)s. Your limit changed from %(limit_before)s to"
            " %(limit_proposed)s."
        ),
    ),
    f"{Kind.REVIEW} PENDING": (
        _("Your credit limit was reviewed: grade %(grade)s"),
        _(
            "Your shop has grade %(grade)s. A raise from %(limit_before)s to %(limit_proposed)s"
            " waits for our decision."
        ),
    ),
    f"{Kind.REVIEW} APPROVED": (
        _("Your credit limit was raised"),
        _("Your limit was raised from %(limit_before)s to %(limit_given)s: %(reason)s"),
    ),
    f"{Kind.REVIEW} REJECTED": (
        _("Your credit limit was not raised"),
        _("A raise to %(limit_proposed)s was not agreed to: %(reason)s"),
    ),
    f"{Kind.REVIEW} VOID": (
        _("A raise of your credit limit was overtaken"),
        _(
            "A raise to %(limit_proposed)s no longer waits for our decision: your limit or your"
            " sales have changed, a newer review was made, or your account was closed."
        ),
    ),
    Kind.WITHDRAWAL_DONE: (
        _("Your withdrawal was paid"),
        _("Withdrawal %(reference)s of %(amount)s to ···· %(last_four)s was paid."),
    ),
    Kind.WITHDRAWAL_FAILED: (
        _("Your withdrawal failed"),
        _(
            "Withdrawal %(reference)s of %(amount)s to ···· %(last_four)s failed, and went back to"
            " your proceeds: %(reason)s"
        ),
    ),
    Kind.DESTINATION_ADDED: (
        _("A payout destination was added"),
        _(
            "%(by)s added ···· %(last_four)s as a destination for withdrawals. It can be used 24"
            " hours later. If you don't know of this, remove it and tell us at once."
        ),
    ),
    Kind.AUTOMATIC_SET_UP: (
        _("Automatic withdrawals were set up"),
        _(
            "%(by)s set up automatic withdrawals to ···· %(last_four)s. They start 24 hours later."
            " If you don't know of this, stop them and tell us at once."
        ),
    ),
    f"{Kind.REQUEST_ANSWERED} APPROVED": (
        _("Your request for a higher limit was approved"),
        _("Your limit is %(limit)s now: %(answer)s"),
    ),
    f"{Kind.REQUEST_ANSWERED} REJECTED": (
        _("Your request for a higher limit was rejected"),
        _("Your limit stays at %(limit)s: %(answer)s"),
    ),
    f"{Kind.REQUEST_ANSWERED} ANSWERED": (
        _("Your question was answered"),
        _("Our answer: %(answer)s"),
    ),
    Kind.STATEMENT_CLOSED: (
        _("Your statement of %(month)s is closed"),
        _("All charges of %(month)s are in, and the statement can be exported."),
    ),
    Kind.BILL_ISSUED: (
        _("Bill %(number)s: %(total)s"),
        _("Bill %(number)s over %(total)s was issued."),
    ),
    Kind.PAYMENT_FAILED: (
        _("A payment of bill %(number)s failed"),
        _("We could not collect %(amount)s for bill %(number)s: %(failure)s."),
    ),
    "THRESHOLD_ANSWERED APPROVED": (
        _("Your threshold was raised"),
        _("Your billing threshold is now %(threshold)s. %(answer)s"),
    ),
    "THRESHOLD_ANSWERED REJECTED": (
        _("Your threshold stays as it is"),
        _("Your billing threshold stays at %(threshold)s. %(answer)s"),
    ),
    "CREDIT_ANSWERED APPROVED": (
        _("A credit was approved"),
        _("You get a credit of %(amount)s. %(answer)s"),
    ),
    "CREDIT_ANSWERED REJECTED": (
        _("A credit was not approved"),
        _("You asked for a credit of %(amount)s and it was not approved: %(answer)s"),
    ),
    Kind.PAYMENT_REVERSED: (
        _("A payment of bill %(number)s was taken back"),
        _(
            "%(amount)s that was paid for bill %(number)s was taken back by the card's bank. The"
            " bill stays paid for now; we look into it and tell you here what follows."
        ),
    ),
    f"{Kind.PAYMENT_REVERSED} REFUNDED": (
        _("%(amount)s of bill %(number)s was refunded"),
        _(
            "%(amount)s that was paid for bill %(number)s went back to your card. Nothing is to be"
            " paid for it."
        ),
    ),
    f"{Kind.PAYMENT_REVERSED} TAKEN": (
        _("%(amount)s that we kept for you was taken back"),
        _(
            "The card's bank took back %(amount)s that came for bill %(number)s and that we kept"
            " for you. Nothing is to be paid for it."
        ),
    ),
    f"{Kind.PAYMENT_REVERSED} CHARGED": (
        _("%(amount)s of bill %(number)s is charged again"),
        _(
            "%(amount)s that was paid for bill %(number)s was taken back by the card's bank, and"
            " is charged again. %(answer)s"
        ),
    ),
    f"{Kind.PAYMENT_REVERSED} ACCEPTED": (
        _("%(amount)s of bill %(number)s is not charged again"),
        _(
            "%(amount)s that was paid for bill %(number)s was taken back by the card's bank."
            " Nothing is to be paid for it. %(answer)s"
        ),
    ),
    f"{Kind.PAYMENT_REVERSED} CAME_BACK": (
        _("%(amount)s of bill %(number)s came back to us"),
        _(
            "%(amount)s that was paid for bill %(number)s and taken back by the card's bank came"
            " back to us. Bill %(number)s stays paid."
        ),
    ),
    f"{Kind.UNAPPLIED} RECEIVED": (
        _("We keep %(amount)s for your bills"),
        _(
            "We received %(amount)s that no bill wanted. It pays your bills by itself: unpaid ones"
            " at once, and each later one as it is issued. We keep %(balance)s for you."
        ),
    ),
    f"{Kind.UNAPPLIED} USED": (
        _("%(amount)s that we kept went to bill %(number)s"),
        _(
            "%(amount)s of the money that we keep for you went to bill %(number)s; %(balance)s is"
            " left."
        ),
    ),
    f"{Kind.UNAPPLIED} GIVEN_BACK": (
        _("We gave %(amount)s back to you"),
        _(
            "We paid back %(amount)s of the money that we keep for you, under the reference"
            " %(reference)s; %(balance)s is left."
        ),
    ),
    f"{Kind.UNAPPLIED} REVERSED": (
        _("%(amount)s that we kept was taken back"),
        _(
            "Whoever paid %(amount)s has taken it back, so we don't keep it for you any more;"
            " %(balance)s is left."
        ),
    ),
}


def title(notice: Notice) -> str:
    return _text(notice, 0)


def sentence(notice: Notice) -> str:
    return _text(notice, 1)


def write(notice: Notice, reader: User) -> EmailMessage:
    """The e-mail that tells `reader` of the notice, in the reader's language if we know it."""
    merchant = notice.merchant
    with override(reader.language or merchant.language):
        body = gettext(
            "%(sentence)s\n\n%(link)s\n\n-- \n"
            "You belong to %(merchant)s on Tael, where you can choose which e-mails you get."
        ) % {
            "sentence": sentence(notice),
            "link": link(notice),
            "merchant": merchant.name,
        }
        # A merchant's name may be anything printable; folded into one line all the same.
        subject = " ".join(f"{merchant.name}: {title(notice)}".split())
    return EmailMessage(subject=subject, body=body, to=[reader.email])


def failure(code: str) -> str:
    """Why a payment failed, in words; a code that we have none for is told as it is."""
    return str(PHRASES["failure"].get(code, code)) or gettext("no reason was given")


def reason(words: str) -> str:
    """Why something was done, in the words of who did it; ours are translated."""
    return str(PHRASES["reason"].get(words, words))


def link(notice: Notice) -> str:
    """Where the merchant's people read more: the page of what the notice is about."""
    merchant = notice.merchant.reference
    address = routes.address(notice, merchant)
    return settings.TAEL_BASE_URL + (address or reverse("overview", args=[merchant]))


def _text(notice: Notice, which: int) -> str:
    status = notice.details.get("status", "")
    texts = TEXTS.get(f"{notice.kind} {status}") or TEXTS.get(notice.kind)
    try:
        return str(texts[which]) % _readable(notice.details) if texts else notice.get_kind_display()
    except (KeyError, ValueError, ArithmeticError):
        # Written by another version, with other details: say at least what it is.
        return notice.get_kind_display()


def _readable(details: Mapping[str, str]) -> dict[str, str]:
    """The details as a sentence has them: amounts and dates by locale, codes as phrases."""
    shown = dict(details)
    for name in AMOUNTS:
        if name in details:
            shown[name] = _money(Decimal(details[name]), details["currency"])
    if "due_on" in details:
        shown["due_on"] = format_date(date.fromisoformat(details["due_on"]), locale=_locale())
    if "month" in details:
        month = date.fromisoformat(f"{details['month']}-01")
        shown["month"] = formats.month(month)
    for name in WORDS:
        if details.get(name) == "":
            shown[name] = gettext("no reason was given")
    if "code" in details:
        shown["code"] = str(PHRASES["code"].get(details["code"], details["code"]))
    if "failure" in details:
        shown["failure"] = failure(details["failure"])
    if details.get("reason"):
        shown["reason"] = reason(details["reason"])
    if "reason" in details:  # of a freeze it is a code, elsewhere a person's words
        shown["freeze"] = str(PHRASES["freeze"].get(details["reason"], details["reason"]))
    return shown


def _money(value: Decimal, currency: str) -> str:
    """An amount with the currency's digits and its code, kept on one line."""
    digits = minor_digits(currency)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return f"{format_decimal(value, format=pattern, locale=_locale())}\N{NO-BREAK SPACE}{currency}"


def _locale() -> str:
    language = get_language() or "en"
    # Days before months: the plain "en" is American.
    return "en_GB" if language == "en" else to_locale(language)
