"""The sentences that merchants read for codes of the books: freezes, declines, factors,
withdrawals.
"""

from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from credit.models import CreditPolicy, Freeze, LimitEntry, LimitReview, Order, Withdrawal
from lib import formats
from lib.formats import percent, plain_money

FREEZES: dict[str, StrOrPromise] = {
    Freeze.Reason.OVERDUE: _("Overdue payments"),
    Freeze.Reason.SUSPECTED_FRAUD: _("Suspected fraud"),
    Freeze.Reason.UNPAID_BILL: _("Unpaid bill"),
    Freeze.Reason.MANUAL: _("Decision of our team"),
}

# What to do so that the next order goes through.
DECLINES: dict[str, StrOrPromise] = {
    Order.Decline.ACCOUNT_CLOSED: _("A closed account takes no new orders. Open ones go on."),
    Order.Decline.PAUSED_BY_MERCHANT: _("You can take new orders again on the page Credit limit."),
    Order.Decline.ABOVE_OWN_CAP: _("You can change your caps on the page Credit limit."),
    Order.Decline.LINE_FROZEN: _("See under Freezes what ends the freeze."),
    Order.Decline.BUYER_RISK: _(
        "The buyer is not accepted for “pay later”. Offer another way to pay."
    ),
    Order.Decline.INSUFFICIENT_CREDIT: _(
        "Limit comes back as buyers pay: remind who is overdue, or ask for a higher limit."
    ),
}

# Reasons of cancelled orders that marketplaces and buyers often tell, in small letters and without
# a full stop. Whatever else they tell is their own words, and shown as it is.
CANCEL_REASONS: dict[str, StrOrPromise] = {
    **dict.fromkeys(
        (
            *("buyer changed mind", "buyer changed their mind", "the buyer changed their mind"),
            *("changed my mind", "changed mind", "no longer needed"),
        ),
        _("The buyer changed their mind"),
    ),
    **dict.fromkeys(("out of stock", "not in stock", "sold out"), _("Out of stock")),
    **dict.fromkeys(("ordered by mistake", "mistake"), _("Ordered by mistake")),
    **dict.fromkeys(("duplicate", "duplicate order", "ordered twice"), _("Ordered twice")),
    **dict.fromkeys(("wrong address", "incorrect address"), _("Wrong address")),
    **dict.fromkeys(("too slow", "took too long", "late delivery"), _("It took too long")),
    **dict.fromkeys(("found cheaper", "found cheaper elsewhere"), _("Found cheaper elsewhere")),
    **dict.fromkeys(("wrong price", "pricing error"), _("Wrong price")),
    **dict.fromkeys(("payment failed", "not paid"), _("Not paid")),
    **dict.fromkeys(("suspected fraud", "fraud"), _("Suspected fraud")),
}


def cancel_reason(told: str) -> StrOrPromise:
    """Why an order was cancelled, in the reader's language if it is a known reason, in whatever
    case and with or without a full stop, and otherwise as it was told; "" stays so.
    """
    return CANCEL_REASONS.get(told.strip().rstrip(".").lower(), told)


def grade(code: str, policy: CreditPolicy) -> StrOrPromise:
    """What the grade with this code is called, and what it does to the limit by the policy, in the
    reader's language: "A: doubles the limit" where its factor is the usual one, and otherwise such
    as "A: multiplies the limit by 3". C always keeps the limit. Rule 8.6.
    """
    known, name = LimitReview.Grade(code), f"{code.lower()}_factor"
    if known == LimitReview.Grade.C:
        return known.label
    factor, usual = getattr(policy, name), CreditPolicy(currency=policy.currency)
    if factor == getattr(usual, name):
        return known.label
    said = gettext("%(grade)s: multiplies the limit by %(factor)s")
    return said % {"grade": known.value, "factor": formats.quantity(factor)}


# A buyer's risk, as the marketplace tells it with an order.
RISKS: dict[int, StrOrPromise] = {
    0: pgettext_lazy("risk", "Unknown"),
    1: pgettext_lazy("risk", "Low"),
    2: pgettext_lazy("risk", "Medium"),
    3: pgettext_lazy("risk", "High"),
}

FACTORS: dict[str, StrOrPromise] = {
    "rating": _("Shop rating"),
    "volume": _("Trade volume"),
    "listing": _("Listing quality"),
    "profile": _("Profile completeness"),
    "after_sales": _("After-sales service"),
}
# What a factor is, for who has not seen a figure of it yet.
WHAT_IT_IS: dict[str, StrOrPromise] = {
    "rating": _("The stars that buyers give your shop, as the marketplace measures them."),
    "volume": _("What buyers have paid lately, less refunds, compared with your limit."),
    "listing": _("How complete your listings are, as the marketplace marks them, of 100."),
    "profile": _("Whether your licence and your contacts are there, of 100: 50 for each."),
    "after_sales": _("How disputes and returns are settled, as the marketplace marks it, of 100."),
}
HOW_TO_RAISE: dict[str, StrOrPromise] = {
    "rating": _("Buyers' stars. Quick answers and parcels that arrive on time raise it."),
    "volume": _("What buyers paid, less refunds. It grows as buyers pay for more orders."),
    "listing": _("Complete titles, sizes and pictures in your listings raise it."),
    "profile": _("Add your licence and contacts to your profile, and keep them up to date."),
    "after_sales": _("Fewer disputes, and returns that are settled quickly, raise it."),
}

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
    Withdrawal.Status.RETURNED_BY_BANK: _(
        "The bank paid it, and then sent it back. The amount is in your proceeds again; the fee is"
        " kept."
    ),
}
WAITS_FOR_APPROVAL = _(
    "It is large, so a person of our team approves it first. You can still cancel it."
)

# What stands in where one of our people has written nothing for the merchant.
BY_OUR_TEAM = _("Our team has decided this. Ask us about it if anything is unclear.")


def told(own: str, ours: str) -> StrOrPromise:
    """What a merchant reads of why something was decided about its limit or freezes: what was
    written for it (`own`), or a standard sentence if there is only a reason for colleagues
    (`ours`); "" if nobody decided, but a rule.
    """
    return own or (BY_OUR_TEAM if ours else "")


def state(withdrawal: Withdrawal) -> StrOrPromise:
    """The sentence that tells a merchant where a withdrawal stands and what comes next."""
    if withdrawal.status == Withdrawal.Status.REQUESTED and withdrawal.needs_approval:
        return WAITS_FOR_APPROVAL
    return STATES[withdrawal.status]


def fee_of_withdrawals(policy: CreditPolicy) -> str:
    """What a withdrawal costs by the policy, in one or two sentences: its percentage, fixed fee or
    nothing, and how many are free each month.
    """
    share, fixed = policy.withdrawal_fee_percent, policy.withdrawal_fee_fixed
    if not share and not fixed:
        return gettext("Withdrawals cost nothing.")
    if share and fixed:
        said = gettext("A withdrawal costs %(percent)s of its amount and %(fixed)s on top.")
    elif share:
        said = gettext("A withdrawal costs %(percent)s of its amount, on top.")
    else:
        said = gettext("A withdrawal costs %(fixed)s on top.")
    said %= {"percent": percent(share, 4), "fixed": plain_money(fixed)}  # as exact as the policy
    free = policy.free_withdrawals_a_month
    if not free:
        return said
    return f"{said} " + ngettext(
        "The first of each month is free.", "The first %(count)s of each month are free.", free
    ) % {"count": free}


def overtaken(review: LimitReview, by: LimitReview | LimitEntry | None) -> str:
    """The sentence that tells a merchant why a raise that waited was never decided about. `by` is
    what came before the decision, a later review or a change of the limit
    (queries.past_reviews.what_overtook). None means that nothing was left to raise if the review
    has a decision's reason, and that the account was closed if not. Rule 8.10.
    """
    if isinstance(by, LimitReview):
        sentence = gettext("The review of %(day)s came before this raise was decided about.")
        return sentence % {"day": formats.day_text(by.on)}
    if by is not None:
        sentence = gettext(
            "Your limit was changed from %(before)s to %(after)s before this raise was decided"
            " about. The next review looks at it anew."
        )
        before = formats.plain_money(by.limit_after - by.limit_change)
        return sentence % {"before": before, "after": formats.plain_money(by.limit_after)}
    if review.decision_reason:
        return gettext(
            "When we came to decide, your limit and what buyers had paid left nothing to raise."
        )
    return gettext("Your account was closed before this raise was decided about.")
