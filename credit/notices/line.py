"""What a merchant's people are told of their line: its limit, reviews, freezes and days.

The comment of each kind says what it is about (`cause`) and which details it has: all of them text,
amounts as plain decimals with their `currency` beside them.
"""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from credit.explanations import BY_OUR_TEAM
from notices.details import Details, amount, phrase, words
from notices.kinds import Group, Kind, Link, Text

CREDIT = Group("credit", _("Credit"))
# Codes within a sentence.
FREEZES: dict[str, StrOrPromise] = {
    "OVERDUE": _("overdue payments"),
    "SUSPECTED_FRAUD": _("suspected fraud"),
    "UNPAID_BILL": _("an unpaid bill"),
    "MANUAL": _("a decision of our credit officers"),
}


def own_words(name: str, details: Details) -> str:
    """What our people wrote for the merchant (the detail `told`), or a standard sentence, that our
    team decided so, if they wrote nothing. The placeholder's `name` is not used.
    """
    return details.get("told") or str(BY_OUR_TEAM)


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

# In the order in which people find them where they choose their e-mails.
KINDS = (
    LIMIT_80,
    LIMIT_100,
    REVIEW,
    REQUEST_ANSWERED,
    FREEZE_PLACED,
    FREEZE_LIFTED,
    DAYS_CHANGED,
)
