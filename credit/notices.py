"""The kinds of notices about a merchant's line, orders, proceeds and withdrawals.

The comment of each kind says what it is about (`cause`) and which details it has: all of them text,
amounts as plain decimals with their `currency` beside them.
"""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from credit import masks
from credit.explanations import BY_OUR_TEAM
from credit.withdrawal_failures import TRANSLATED
from notices.details import Details, amount, day, phrase, words
from notices.kinds import Group, Kind, Link, Text


def destination(name: str, details: Details) -> str:
    """What is shown of the number of the destination whose kind the detail has."""
    return masks.shown(details[name], masked=details["masked"], last_four=details["last_four"])


CREDIT = Group("credit", _("Credit"))
ORDERS = Group("orders", _("Orders"))
PROCEEDS = Group("proceeds", _("Proceeds"))

# Codes within a sentence.
DECLINES: dict[str, StrOrPromise] = {
    "account_closed": _("the account was closed"),
    "line_frozen": _("the credit line was frozen"),
    "buyer_risk": _("the buyer's risk was too high"),
    "insufficient_credit": _("the limit was not enough"),
}
FREEZES: dict[str, StrOrPromise] = {
    "OVERDUE": _("overdue payments"),
    "SUSPECTED_FRAUD": _("suspected fraud"),
    "UNPAID_BILL": _("an unpaid bill"),
    "MANUAL": _("a decision of our credit officers"),
}

# Cause: the local day, or what cut the limit. Details: used, limit, currency.
LIMIT_80 = Kind(
    code="LIMIT_80",
    label=_("Four fifths of the limit are used"),
    group=CREDIT,
    texts={
        "": Text(
            _("80%% of your credit limit is used"),
            _("Open orders hold %(used)s of your limit of %(limit)s."),
        )
    },
    link=Link("credit:limit", _("See your limit")),
    shows={"used": amount, "limit": amount},
    is_automatic=True,
)
# As LIMIT_80.
LIMIT_100 = Kind(
    code="LIMIT_100",
    label=_("The whole limit is used"),
    group=CREDIT,
    texts={
        "": Text(
            _("Your credit limit is used up"),
            _(
                "Open orders hold %(used)s of your limit of %(limit)s. New orders are declined"
                " until buyers pay."
            ),
        )
    },
    link=Link("credit:limit", _("See your limit")),
    shows={"used": amount, "limit": amount},
    is_automatic=True,
)


def own_words(name: str, details: Details) -> str:
    """What our people wrote for the merchant, or a standard sentence."""
    return details.get("told") or str(BY_OUR_TEAM)


# Cause: the review's day, with the status that an operator's decision gave it. Details: grade,
# status, limit_before, limit_proposed, limit_given, currency, told (by who decided).
REVIEW = Kind(
    code="REVIEW",
    label=_("The limit was reviewed"),
    group=CREDIT,
    texts={
        "": Text(
            _("Your credit limit was reviewed: grade %(grade)s"),
            _("Your shop has grade %(grade)s. Your limit stays at %(limit_before)s."),
        ),
        "APPLIED": Text(
            _("Your credit limit was reviewed: grade %(grade)s"),
            _(
                "Your shop has grade %(grade)s. Your limit changed from %(limit_before)s to"
                " %(limit_proposed)s."
            ),
        ),
        "PENDING": Text(
            _("Your credit limit was reviewed: grade %(grade)s"),
            _(
                "Your shop has grade %(grade)s. A raise from %(limit_before)s to"
                " %(limit_proposed)s waits for our decision."
            ),
        ),
        "APPROVED": Text(
            _("Your credit limit was raised"),
            _("Your limit was raised from %(limit_before)s to %(limit_given)s: %(reason)s"),
        ),
        "REJECTED": Text(
            _("Your credit limit was not raised"),
            _("A raise to %(limit_proposed)s was not agreed to: %(reason)s"),
        ),
        "VOID": Text(
            _("A raise of your credit limit no longer applies"),
            _(
                "A raise to %(limit_proposed)s no longer waits for our decision: your limit or your"
                " sales have changed, a newer review was made, or your account was closed."
            ),
        ),
    },
    link=Link("credit:reviews", _("See your limit reviews")),
    shows={
        "limit_before": amount,
        "limit_proposed": amount,
        "limit_given": amount,
        "reason": own_words,  # of notices from before it is for colleagues
    },
    is_automatic=True,
)
# Cause: the request's id. Details: request, status, answer, limit, currency.
REQUEST_ANSWERED = Kind(
    code="REQUEST_ANSWERED",
    label=_("A request was answered"),
    group=CREDIT,
    texts={
        "APPROVED": Text(
            _("Your request for a higher limit was approved"),
            _("Your limit is %(limit)s now: %(answer)s"),
        ),
        "REJECTED": Text(
            _("Your request for a higher limit was rejected"),
            _("Your limit stays at %(limit)s: %(answer)s"),
        ),
        "ANSWERED": Text(_("Your question was answered"), _("Our answer: %(answer)s")),
    },
    link=Link("credit:requests", _("See the answer")),
    shows={"limit": amount, "answer": words},
)
# Cause: the freeze's id. Details: reason (its code); told, where something was written for the
# merchant, with the status TOLD.
FREEZE_PLACED = Kind(
    code="FREEZE_PLACED",
    label=_("The credit line was frozen"),
    group=CREDIT,
    texts={
        "": Text(
            _("Your credit line is frozen"),
            _(
                "Your credit line was frozen because of %(freeze)s. New orders are declined; open"
                " orders go on."
            ),
        ),
        "TOLD": Text(
            _("Your credit line is frozen"),
            _(
                "Your credit line was frozen because of %(freeze)s. New orders are declined; open"
                " orders go on. %(told)s"
            ),
        ),
    },
    link=Link("credit:freezes", _("See your freezes")),
    shows={"freeze": phrase(FREEZES, of="reason")},
    is_automatic=True,
)
# As FREEZE_PLACED.
FREEZE_LIFTED = Kind(
    code="FREEZE_LIFTED",
    label=_("A freeze was lifted"),
    group=CREDIT,
    texts={
        "": Text(
            _("A freeze of your credit line was lifted"),
            _("The freeze of your credit line because of %(freeze)s was lifted."),
        ),
        "TOLD": Text(
            _("A freeze of your credit line was lifted"),
            _("The freeze of your credit line because of %(freeze)s was lifted. %(told)s"),
        ),
    },
    link=Link("credit:freezes", _("See your freezes")),
    shows={"freeze": phrase(FREEZES, of="reason")},
    is_automatic=True,
)
# Cause: the days' row. Details: payment_days, settlement_days, told (what our people wrote, or "").
DAYS_CHANGED = Kind(
    code="DAYS_CHANGED",
    label=_("Payment days or settlement days were changed"),
    group=CREDIT,
    texts={
        "": Text(
            _("Your payment and settlement days have changed"),
            _(
                "Days from a delivery to the first due day: %(payment_days)s. Days until what a"
                " buyer paid can be withdrawn: %(settlement_days)s. They count for what is"
                " delivered and paid from now on; dates that you see already stay. %(told)s"
            ),
        )
    },
    link=Link("credit:limit", _("See your limit")),
    shows={"told": own_words},
)
# Cause: the order. Details: order, amount, currency, code (of the decline).
ORDER_DECLINED = Kind(
    code="ORDER_DECLINED",
    label=_("An order was declined"),
    group=ORDERS,
    texts={
        "": Text(
            _("Order %(order)s was declined"),
            _("Order %(order)s for %(amount)s was declined: %(code)s."),
        )
    },
    link=Link("credit:order", _("Open the order"), {"reference": "order"}),
    shows={"amount": amount, "code": phrase(DECLINES)},
    is_automatic=True,
)
# Cause: the order and a due date. Details: order, due (all that was due by then), currency, due_on.
ORDER_OVERDUE = Kind(
    code="ORDER_OVERDUE",
    label=_("An order is overdue"),
    group=ORDERS,
    texts={
        "": Text(
            _("Order %(order)s is overdue"),
            _(
                "A payment for order %(order)s was due on %(due_on)s; %(due)s was due by then and"
                " is not paid yet."
            ),
        )
    },
    link=Link("credit:order", _("Open the order"), {"reference": "order"}),
    shows={"due": amount, "due_on": day},
    is_automatic=True,
)
# Cause: the order. Details: order, amount, limit (after it), currency, answer.
ORDER_WRITTEN_OFF = Kind(
    code="ORDER_WRITTEN_OFF",
    label=_("An order was written off"),
    group=ORDERS,
    texts={
        "": Text(
            _("Order %(order)s was written off"),
            _(
                "%(amount)s of order %(order)s was written off. It holds nothing of your limit any"
                " more, which is %(limit)s now. What the buyer still pays is yours. %(answer)s"
            ),
        )
    },
    link=Link("credit:order", _("Open the order"), {"reference": "order"}),
    shows={"amount": amount, "limit": amount, "answer": words},
)
# Cause: the withdrawal. Details: reference, amount, currency, and of its destination the kind
# (`destination`), masked and last_four.
WITHDRAWAL_DONE = Kind(
    code="WITHDRAWAL_DONE",
    label=_("A withdrawal was paid"),
    group=PROCEEDS,
    texts={
        "": Text(
            _("Your withdrawal was paid"),
            _("Withdrawal %(reference)s of %(amount)s to %(destination)s was paid."),
        )
    },
    link=Link("credit:withdrawal", _("Open the withdrawal"), {"reference": "reference"}),
    shows={"amount": amount, "destination": destination},
)
# As WITHDRAWAL_DONE, and reason (the bank's, or one of credit.withdrawal_failures).
WITHDRAWAL_FAILED = Kind(
    code="WITHDRAWAL_FAILED",
    label=_("A withdrawal failed"),
    group=PROCEEDS,
    texts={
        "": Text(
            _("Your withdrawal failed"),
            _(
                "Withdrawal %(reference)s of %(amount)s to %(destination)s failed, and went back"
                " to your proceeds: %(reason)s"
            ),
        )
    },
    link=Link("credit:withdrawal", _("Open the withdrawal"), {"reference": "reference"}),
    shows={"amount": amount, "destination": destination, "reason": phrase(TRANSLATED)},
)
# As WITHDRAWAL_FAILED.
WITHDRAWAL_SENT_BACK = Kind(
    code="WITHDRAWAL_SENT_BACK",
    label=_("A paid withdrawal was sent back by the bank"),
    group=PROCEEDS,
    texts={
        "": Text(
            _("The bank sent a withdrawal back"),
            _(
                "Withdrawal %(reference)s to %(destination)s had been paid, and the bank sent"
                " %(amount)s back. It is in your proceeds again; the fee is kept. Reason:"
                " %(reason)s"
            ),
        )
    },
    link=Link("credit:withdrawal", _("Open the withdrawal"), {"reference": "reference"}),
    shows={"amount": amount, "destination": destination, "reason": phrase(TRANSLATED)},
)
# As WITHDRAWAL_DONE.
WITHDRAWAL_CORRECTED = Kind(
    code="WITHDRAWAL_CORRECTED",
    label=_("A withdrawal that failed was paid after all"),
    group=PROCEEDS,
    texts={
        "": Text(
            _("A withdrawal was paid after all"),
            _(
                "Withdrawal %(reference)s to %(destination)s did not fail: the bank paid"
                " %(amount)s. What had come back to your proceeds for it was taken again."
            ),
        )
    },
    link=Link("credit:withdrawal", _("Open the withdrawal"), {"reference": "reference"}),
    shows={"amount": amount, "destination": destination},
)
# Cause: the correction's id. Details: status (ADDED or TAKEN), amount, proceeds (after it),
# currency, answer.
PROCEEDS_CORRECTED = Kind(
    code="PROCEEDS_CORRECTED",
    label=_("Your proceeds were corrected"),
    group=PROCEEDS,
    texts={
        "ADDED": Text(
            _("%(amount)s was added to your proceeds"),
            _(
                "We corrected your proceeds: %(amount)s was added, and they stand at %(proceeds)s."
                " %(answer)s"
            ),
        ),
        "TAKEN": Text(
            _("%(amount)s was taken from your proceeds"),
            _(
                "We corrected your proceeds: %(amount)s was taken, and they stand at %(proceeds)s."
                " %(answer)s"
            ),
        ),
    },
    link=Link("credit:proceeds_entries", _("See your proceeds")),
    shows={"amount": amount, "proceeds": amount, "answer": words},
)
# Cause: the destination's id. Details: destination, masked and last_four, by (who added it).
DESTINATION_ADDED = Kind(
    code="DESTINATION_ADDED",
    label=_("A payout destination was added"),
    group=PROCEEDS,
    texts={
        "": Text(
            _("A payout destination was added"),
            _(
                "%(by)s added %(destination)s as a destination for withdrawals. It can be used"
                " 24 hours later. If you don't know of this, remove it and tell us at once."
            ),
        )
    },
    link=Link("credit:destinations", _("See your destinations")),
    shows={"destination": destination},
    owners_always=True,
    owners_hint=_(
        "We always write to owners about a new destination for withdrawals: it may not be theirs."
    ),
)
# Cause: the destination's id. Details: destination, masked and last_four, reason (what was written
# for the merchant).
DESTINATION_BLOCKED = Kind(
    code="DESTINATION_BLOCKED",
    label=_("A payout destination was blocked"),
    group=PROCEEDS,
    texts={
        "": Text(
            _("We blocked a payout destination"),
            _(
                "Nothing is sent to %(destination)s any more, and what had not been sent is back"
                " in your proceeds. Reason: %(reason)s"
            ),
        )
    },
    link=Link("credit:destinations", _("See your destinations")),
    shows={"destination": destination},
    owners_always=True,
)
# Cause: the schedule's id. Details: destination, masked and last_four, by (who set it up).
AUTOMATIC_SET_UP = Kind(
    code="AUTOMATIC_SET_UP",
    label=_("Automatic withdrawals were set up"),
    group=PROCEEDS,
    texts={
        "": Text(
            _("Automatic withdrawals were set up"),
            _(
                "%(by)s set up automatic withdrawals to %(destination)s. They start 24 hours"
                " later. If you don't know of this, stop them and tell us at once."
            ),
        )
    },
    link=Link("credit:automatic", _("See your automatic withdrawals")),
    shows={"destination": destination},
    owners_always=True,
)

# In the order in which people find them where they choose their e-mails.
KINDS = (
    *(LIMIT_80, LIMIT_100, REVIEW, REQUEST_ANSWERED, FREEZE_PLACED, FREEZE_LIFTED),
    DAYS_CHANGED,
    *(ORDER_DECLINED, ORDER_OVERDUE, ORDER_WRITTEN_OFF),
    *(WITHDRAWAL_DONE, WITHDRAWAL_FAILED, WITHDRAWAL_SENT_BACK, WITHDRAWAL_CORRECTED),
    *(PROCEEDS_CORRECTED, DESTINATION_ADDED, DESTINATION_BLOCKED, AUTOMATIC_SET_UP),
)
