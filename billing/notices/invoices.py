"""What a merchant's people are told of charges, statements, bills and how those are collected.

The comment of each kind says what it is about (`cause`) and which details it has: all of them text,
amounts as plain decimals with their `currency` beside them.
"""

from django.utils.translation import gettext_lazy as _

from billing.notices.group import BILLING
from billing.notices.numbers import invoice_number, transfer_reference
from billing.payment_failures import FAILURES
from notices.details import amount, day, month, phrase, words
from notices.kinds import Kind, Link, Text

# Cause: the bill. Details: number, total, currency, invoice_kind; since they are told, too: status,
# which is whether it is collected or to be paid by transfer, or not collected from a card that was
# disputed, and due_on; with a status that is DATED: issued_on, and has_reference, which is empty
# unless it has a structured one (rule 29.12).
BILL_ISSUED = Kind(
    code="BILL_ISSUED",
    label=_("A bill was issued"),
    group=BILLING,
    texts={
        "": Text(
            _("Bill %(number)s: %(total)s"),
            _("Bill %(number)s over %(total)s was issued."),
        ),
        "COLLECTED": Text(
            _("Bill %(number)s: %(total)s"),
            _(
                "Bill %(number)s over %(total)s was issued. It is due on %(due_on)s, and collected"
                " from your payment method on that day."
            ),
        ),
        "TO_PAY": Text(
            _("Bill %(number)s: %(total)s"),
            _(
                "Bill %(number)s over %(total)s was issued. Please pay it by bank transfer by"
                " %(due_on)s."
            ),
        ),
        "DATED_COLLECTED": Text(
            _("Bill %(number)s: %(total)s"),
            _(
                "Bill %(number)s over %(total)s was issued on %(issued_on)s. It is due on"
                " %(due_on)s, and collected from your payment method on that day."
            ),
        ),
        "DATED_TO_PAY": Text(
            _("Bill %(number)s: %(total)s"),
            _(
                "Bill %(number)s over %(total)s was issued on %(issued_on)s. Please pay it by bank"
                " transfer by %(due_on)s, with the reference %(reference)s."
            ),
        ),
        "DATED_NOT_COLLECTED": Text(
            _("Bill %(number)s: %(total)s"),
            _(
                "Bill %(number)s over %(total)s was issued on %(issued_on)s, and is due on"
                " %(due_on)s. It is not collected, as a payment from your card was disputed: choose"
                " how you pay under Billing settings, or pay it by bank transfer, with the"
                " reference %(reference)s."
            ),
        ),
    },
    link=Link("billing:invoice", _("Open the bill"), {"number": "number"}),
    shows={
        "number": invoice_number,
        "total": amount,
        "issued_on": day,
        "due_on": day,
        "reference": transfer_reference,
    },
    is_automatic=True,
)
# Cause: the bill, of its first failure, or with dunning.GIVEN_UP when no retry is left. Details:
# number, amount, currency, failure (its code); unless it freezes the line at once, or has: status,
# freezes_on, and with RETRIED retry_on, with PAST_DUE due_on.
PAYMENT_FAILED = Kind(
    code="PAYMENT_FAILED",
    label=_("A payment failed"),
    group=BILLING,
    texts={
        "": Text(
            _("A payment of bill %(number)s failed"),
            _("We could not collect %(amount)s for bill %(number)s: %(failure)s."),
        ),
        "RETRIED": Text(
            _("A payment of bill %(number)s failed"),
            _(
                "We could not collect %(amount)s for bill %(number)s: %(failure)s. We try again on"
                " %(retry_on)s. If the bill stays unpaid, your credit line is frozen on"
                " %(freezes_on)s and takes no new orders."
            ),
        ),
        "WAITS": Text(
            _("A payment of bill %(number)s failed"),
            _(
                "We could not collect %(amount)s for bill %(number)s: %(failure)s. Nothing tries it"
                " again by itself: choose another method, or pay it now. If the bill stays unpaid,"
                " your credit line is frozen on %(freezes_on)s and takes no new orders."
            ),
        ),
        "WAITS_FOR_METHOD": Text(
            _("A payment of bill %(number)s failed"),
            _(
                "We could not collect %(amount)s for bill %(number)s: %(failure)s. Nothing is"
                " collected from it until you choose it again, or another method. If the bill stays"
                " unpaid, your credit line is frozen on %(freezes_on)s and takes no new orders."
            ),
        ),
        "PAST_DUE": Text(
            _("Bill %(number)s is past due"),
            _(
                "%(amount)s of bill %(number)s was due on %(due_on)s and has not arrived. If the"
                " bill stays unpaid, your credit line is frozen on %(freezes_on)s and takes no new"
                " orders."
            ),
        ),
    },
    link=Link("billing:invoice", _("Open the bill"), {"number": "number"}),
    shows={
        "number": invoice_number,
        "amount": amount,
        "failure": phrase(FAILURES),
        "retry_on": day,
        "due_on": day,
        "freezes_on": day,
    },
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
        "RETURN_RECORDED": Text(
            _("A payment of bill %(number)s was taken back"),
            _(
                "%(amount)s that was transferred for bill %(number)s was returned by the bank. The"
                " bill stays paid while we look into it; we tell you here what follows."
            ),
        ),
        "RETURN_CHARGED": Text(
            _("%(amount)s of bill %(number)s is charged again"),
            _(
                "%(amount)s that was transferred for bill %(number)s was returned by the bank, and"
                " is charged again. %(answer)s"
            ),
        ),
        "RETURN_ACCEPTED": Text(
            _("%(amount)s of bill %(number)s is not charged again"),
            _(
                "%(amount)s that was transferred for bill %(number)s was returned by the bank."
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
    link=Link("billing:invoice", _("Open the bill"), {"number": "number"}),
    shows={"number": invoice_number, "amount": amount, "answer": words},
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
    link=Link("billing:statement", _("Open the statement"), {"month": "month"}),
    shows={"month": month},
    is_automatic=True,
)
# Cause: the charge. Details: charge, description, amount, currency, reason.
CHARGED = Kind(
    code="CHARGED",
    label=_("Our team charged something"),
    group=BILLING,
    texts={
        "": Text(
            _("%(amount)s is charged: %(description)s"),
            _("Our team charged %(amount)s for: %(description)s. Reason: %(reason)s"),
        )
    },
    link=Link("billing:days", _("See your fees by day")),
    shows={"amount": amount, "reason": words},
)
# Cause: the waiver's id. Details: number, amount, left, currency, reason.
WAIVED = Kind(
    code="WAIVED",
    label=_("A part of a bill was waived"),
    group=BILLING,
    texts={
        "": Text(
            _("%(amount)s of bill %(number)s is not asked for"),
            _(
                "You need not pay %(amount)s of bill %(number)s; %(left)s of it is left to pay."
                " Reason: %(reason)s"
            ),
        )
    },
    link=Link("billing:invoice", _("Open the bill"), {"number": "number"}),
    shows={"number": invoice_number, "amount": amount, "left": amount, "reason": words},
)
# Cause: the move's id. Details: number, day, reason.
DUE_DAY = Kind(
    code="DUE_DAY",
    label=_("A bill is due later"),
    group=BILLING,
    texts={
        "": Text(
            _("Bill %(number)s is due on %(day)s"),
            _("You have until %(day)s to pay bill %(number)s. Reason: %(reason)s"),
        )
    },
    link=Link("billing:invoice", _("Open the bill"), {"number": "number"}),
    shows={"number": invoice_number, "day": day, "reason": words},
)
# Cause: the pause's id, and whether it ended. Details: status, number, day, reason.
PAUSED = Kind(
    code="PAUSED",
    label=_("The collecting of a bill was paused or went on"),
    group=BILLING,
    texts={
        "PAUSED": Text(
            _("Bill %(number)s is not collected until %(day)s"),
            _(
                "We don't try to collect bill %(number)s by ourselves until %(day)s. You can pay it"
                " at any time. Reason: %(reason)s"
            ),
        ),
        "RESUMED": Text(
            _("Bill %(number)s is collected again"),
            _("We go on collecting bill %(number)s. Reason: %(reason)s"),
        ),
    },
    link=Link("billing:invoice", _("Open the bill"), {"number": "number"}),
    shows={"number": invoice_number, "day": day, "reason": words},
)
# Cause: the plan's id, and its status. Details: status, number, parts (how many), amount, currency,
# day (of its first part, or of the one that was not paid), reason.
PAYMENT_PLAN = Kind(
    code="PAYMENT_PLAN",
    label=_("A payment plan was made or ended"),
    group=BILLING,
    texts={
        "IN_FORCE": Text(
            _("You pay bill %(number)s in %(parts)s parts"),
            _(
                "%(amount)s of bill %(number)s is paid in %(parts)s parts, the first on %(day)s."
                " While each is paid on its day, nothing else follows. Reason: %(reason)s"
            ),
        ),
        "KEPT": Text(
            _("Your payment plan for bill %(number)s is paid"),
            _("All %(parts)s parts of bill %(number)s are paid. Thank you."),
        ),
        "BROKEN": Text(
            _("A part of bill %(number)s was not paid"),
            _(
                "The part of %(day)s of bill %(number)s was not paid, so the payment plan has"
                " ended. %(amount)s is left to pay at once."
            ),
        ),
        "CANCELLED": Text(
            _("Your payment plan for bill %(number)s has ended"),
            _(
                "The payment plan for bill %(number)s has ended, and %(amount)s is left to pay."
                " Reason: %(reason)s"
            ),
        ),
    },
    link=Link("billing:invoice", _("Open the bill"), {"number": "number"}),
    shows={"number": invoice_number, "amount": amount, "day": day, "reason": words},
)
# Cause: the plan's id, and the part's day. Details: number, amount (what is due by then), currency,
# day.
PART_DUE = Kind(
    code="PLAN_PART_DUE",
    label=_("A part of a payment plan is due soon"),
    group=BILLING,
    texts={
        "": Text(
            _("%(amount)s of bill %(number)s is due on %(day)s"),
            _(
                "By your payment plan for bill %(number)s, %(amount)s is due on %(day)s. The plan"
                " goes on while each part is paid on its day."
            ),
        )
    },
    link=Link("billing:invoice", _("Open the bill"), {"number": "number"}),
    shows={"number": invoice_number, "amount": amount, "day": day},
    is_automatic=True,
)

# In the order in which people find them where they choose their e-mails.
KINDS = (
    BILL_ISSUED,
    PAYMENT_FAILED,
    PAYMENT_REVERSED,
    STATEMENT_CLOSED,
    CHARGED,
    WAIVED,
    DUE_DAY,
    PAUSED,
    PAYMENT_PLAN,
    PART_DUE,
)
