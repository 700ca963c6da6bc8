"""What a merchant's people are told of their bills, payments, statements, credits and terms.

The comment of each kind says what it is about (`cause`) and which details it has: all of them text,
amounts as plain decimals with their `currency` beside them.
"""

from django.utils.translation import gettext_lazy as _

from billing.payment_failures import FAILURES
from notices.details import amount, month, phrase, words
from notices.kinds import Group, Kind, Link, Text

BILLING = Group("billing", _("Billing"))

# Cause: the bill. Details: number, total, currency, invoice_kind.
BILL_ISSUED = Kind(
    code="BILL_ISSUED",
    label=_("A bill was issued"),
    group=BILLING,
    texts={
        "": Text(
            _("Bill %(number)s: %(total)s"),
            _("Bill %(number)s over %(total)s was issued."),
        )
    },
    link=Link("billing:invoice", {"number": "number"}),
    shows={"total": amount},
    is_automatic=True,
)
# Cause: the bill. Details: number, amount, currency, failure (its code).
PAYMENT_FAILED = Kind(
    code="PAYMENT_FAILED",
    label=_("A payment failed"),
    group=BILLING,
    texts={
        "": Text(
            _("A payment of bill %(number)s failed"),
            _("We could not collect %(amount)s for bill %(number)s: %(failure)s."),
        )
    },
    link=Link("billing:invoice", {"number": "number"}),
    shows={"amount": amount, "failure": phrase(FAILURES)},
)
# Cause: the provider's id of the reversal, and its status. Details: number (of the bill), amount,
# currency, status, answer.
PAYMENT_REVERSED = Kind(
    code="PAYMENT_REVERSED",
    label=_("A payment was taken back"),
    group=BILLING,
    texts={
        "": Text(
            _("A payment of bill %(number)s was taken back"),
            _(
                "%(amount)s that was paid for bill %(number)s was taken back by the card's bank."
                " The bill stays paid while we look into it; we tell you here what follows."
            ),
        ),
        "REFUNDED": Text(
            _("%(amount)s of bill %(number)s was refunded"),
            _(
                "%(amount)s that was paid for bill %(number)s went back to your card. Nothing is"
                " to be paid for it."
            ),
        ),
        "TAKEN": Text(
            _("%(amount)s that we kept for you was taken back"),
            _(
                "The card's bank took back %(amount)s that came for bill %(number)s and that we"
                " kept for you. Nothing is to be paid for it."
            ),
        ),
        "CHARGED": Text(
            _("%(amount)s of bill %(number)s is charged again"),
            _(
                "%(amount)s that was paid for bill %(number)s was taken back by the card's bank,"
                " and is charged again. %(answer)s"
            ),
        ),
        "ACCEPTED": Text(
            _("%(amount)s of bill %(number)s is not charged again"),
            _(
                "%(amount)s that was paid for bill %(number)s was taken back by the card's bank."
                " Nothing is to be paid for it. %(answer)s"
            ),
        ),
        "CAME_BACK": Text(
            _("%(amount)s of bill %(number)s came back to us"),
            _(
                "%(amount)s that was paid for bill %(number)s and taken back by the card's bank"
                " came back to us. Bill %(number)s stays paid."
            ),
        ),
    },
    link=Link("billing:invoice", {"number": "number"}),
    shows={"amount": amount, "answer": words},
)
# Cause: the month, such as 2026-11. Details: month.
STATEMENT_CLOSED = Kind(
    code="STATEMENT_CLOSED",
    label=_("A statement was closed"),
    group=BILLING,
    texts={
        "": Text(
            _("Your statement of %(month)s is closed"),
            _("All charges of %(month)s are in, and the statement can be exported."),
        )
    },
    link=Link("billing:statement", {"month": "month"}),
    shows={"month": month},
    is_automatic=True,
)
# Cause: the request's id. Details: status, answer, threshold, currency.
THRESHOLD_ANSWERED = Kind(
    code="THRESHOLD_ANSWERED",
    label=_("A threshold request was answered"),
    group=BILLING,
    texts={
        "APPROVED": Text(
            _("Your threshold was raised"),
            _("Your billing threshold is now %(threshold)s. %(answer)s"),
        ),
        "REJECTED": Text(
            _("Your threshold stays as it is"),
            _("Your billing threshold stays at %(threshold)s. %(answer)s"),
        ),
    },
    link=Link("billing:threshold_requests"),
    shows={"threshold": amount, "answer": words},
)
# Cause: the credit's id. Details: status, answer, amount, currency.
CREDIT_ANSWERED = Kind(
    code="CREDIT_ANSWERED",
    label=_("A credit was decided"),
    group=BILLING,
    texts={
        "APPROVED": Text(
            _("A credit was approved"),
            _("You get a credit of %(amount)s. %(answer)s"),
        ),
        "REJECTED": Text(
            _("A credit was not approved"),
            _("You asked for a credit of %(amount)s and it was not approved: %(answer)s"),
        ),
    },
    link=Link("billing:credits"),
    shows={"amount": amount, "answer": words},
)
# As CREDIT_ANSWERED, without status.
CREDIT_UNDONE = Kind(
    code="CREDIT_UNDONE",
    label=_("A credit was taken back"),
    group=BILLING,
    texts={
        "": Text(
            _("A credit was taken back"),
            _(
                "A credit of %(amount)s had been given by mistake. It is taken back by a charge"
                " that comes with your next bill. %(answer)s"
            ),
        ),
    },
    link=Link("billing:credits"),
    shows={"amount": amount, "answer": words},
)
# Cause: the transfer's id. Details: status, reference (the bank's), number (of the bill that it
# named, or empty), amount, charged (what of it is asked for again), currency, answer.
TRANSFER_MOVED = Kind(
    code="TRANSFER_MOVED",
    label=_("A transfer was booked elsewhere"),
    group=BILLING,
    texts={
        "AWAY": Text(
            _("A transfer of %(amount)s was not yours"),
            _(
                "%(amount)s under the reference %(reference)s had been booked for you by mistake."
                " %(charged)s of it comes with your next bill; bills that are paid stay paid."
                " %(answer)s"
            ),
        ),
        "TAKEN": Text(
            _("A transfer of %(amount)s was not yours"),
            _(
                "%(amount)s under the reference %(reference)s had been booked for you by mistake,"
                " and we don't keep it for you any more. Nothing is to be paid for it. %(answer)s"
            ),
        ),
        "OTHER_INVOICE": Text(
            _("A transfer of %(amount)s was booked on the wrong bill"),
            _(
                "%(amount)s under the reference %(reference)s had been booked on bill %(number)s by"
                " mistake. It pays your unpaid bills now. Bill %(number)s stays paid, and"
                " %(charged)s comes with your next bill. %(answer)s"
            ),
        ),
    },
    link=Link("billing:unapplied"),
    shows={"amount": amount, "charged": amount, "answer": words},
)
# Cause: the entry's id. Details: status (its kind), amount, balance, currency, number (of the bill
# that it paid), reference (the bank's).
UNAPPLIED = Kind(
    code="UNAPPLIED",
    label=_("Money came that no bill wanted, was used or went back"),
    group=BILLING,
    texts={
        "RECEIVED": Text(
            _("We keep %(amount)s for your bills"),
            _(
                "We received %(amount)s that no bill wanted. It pays your bills by itself: unpaid"
                " ones at once, and each later one as it is issued. We keep %(balance)s for you."
            ),
        ),
        "USED": Text(
            _("%(amount)s that we kept went to bill %(number)s"),
            _(
                "%(amount)s of the money that we keep for you went to bill %(number)s; %(balance)s"
                " is left."
            ),
        ),
        "GIVEN_BACK": Text(
            _("We gave %(amount)s back to you"),
            _(
                "We paid back %(amount)s of the money that we keep for you, under the reference"
                " %(reference)s; %(balance)s is left."
            ),
        ),
        "MOVED": Text(
            _("%(amount)s that we kept was not yours"),
            _(
                "%(amount)s that we kept for you had been booked for you by mistake, so we don't"
                " keep it for you any more; %(balance)s is left."
            ),
        ),
        "REVERSED": Text(
            _("%(amount)s that we kept was taken back"),
            _(
                "Whoever paid %(amount)s has taken it back, so we don't keep it for you any more;"
                " %(balance)s is left."
            ),
        ),
    },
    link=Link("billing:unapplied"),
    shows={"amount": amount, "balance": amount},
)

# In the order in which people find them where they choose their e-mails.
KINDS = (
    *(BILL_ISSUED, PAYMENT_FAILED, PAYMENT_REVERSED, STATEMENT_CLOSED),
    *(THRESHOLD_ANSWERED, CREDIT_ANSWERED, CREDIT_UNDONE, UNAPPLIED, TRANSFER_MOVED),
)
