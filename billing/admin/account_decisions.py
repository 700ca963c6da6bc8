"""The decisions about an account: its terms, its payment method, and credits that correct no
charge.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils.formats import date_format
from moneyed import Money

from backoffice.columns import figure
from backoffice.decisions import Act, Call, Decision, Reasoned
from billing import tasks
from billing.admin import shown
from billing.admin.forms import (
    GrantedCredit,
    MethodChoice,
    PlanChange,
    ThresholdChange,
    TimeZoneChange,
)
from billing.admin.payments import outcome
from billing.models import BillingAccount, Payment, PlanTerm
from billing.models.fees import CREDIT_CATEGORIES
from billing.operations import accounts, credits, payment_methods, payments, terms, thresholds
from billing.queries import methods, taxation
from lib import calendar
from lib.refusals import Refused
from merchants.admin.two_people import CallOrPropose, done

MOST_CARDS = 50  # to choose from
TERMS = "Terms"  # the menu


def is_open(account: BillingAccount) -> bool:
    """Whether the account is not closed."""
    return not account.is_closed


def figures(account: BillingAccount, **more: Money) -> dict[str, str]:
    """Return amounts as text with their currency, by name, to be put into a sentence: the account's
    `outstanding` and `threshold`, and those given in `more`.
    """
    named = {"outstanding": account.outstanding, "threshold": account.threshold, **more}
    return {name: figure(value) for name, value in named.items()}


def comes(account: BillingAccount) -> str:
    """How a sentence about a bill of the account goes on: "is issued at once" or, where its bills
    are reviewed, that it waits as a draft for an operator.
    """
    return "waits as a draft for an operator" if account.reviews_bills else "is issued at once"


def over(account: BillingAccount, amount: Money) -> str:
    """What a bill over this amount without tax is over, for a sentence: the amount as text, and
    that tax is added, if the account's bills may have tax.
    """
    return f"{figure(amount)}{' and its tax' if taxation.payers([account.pk]) else ''}"


# Credits and the threshold.


def _credit_effect(account: BillingAccount) -> str:
    """What an operator reads before granting a credit: that it is a negative charge of today, what
    is outstanding and will be less by it, that it corrects no charge in particular, on which page a
    credit on a charge is granted, and that the merchant is told.
    """
    return (
        "A credit is a negative charge of today: {outstanding} is outstanding, and will be less by"
        " its amount. It corrects no charge in particular; a credit on a charge is granted on the"
        " charge's page. The merchant is told."
    ).format(**figures(account))


def _new_credit(account: BillingAccount) -> dict[str, Any]:
    """The initial data of the form for granting a credit: all categories of credits."""
    return {"categories": CREDIT_CATEGORIES}


def _threshold_effect(account: BillingAccount) -> str:
    """What an operator reads before setting another threshold: the present threshold and what is
    outstanding, and that nothing is billed until the next charge posts.
    """
    return (
        "The threshold is {threshold}, and {outstanding} is outstanding. Another threshold, higher"
        " or lower, bills nothing by itself: the next charge that posts does."
    ).format(**figures(account))


# Terms.


def _plan_effect(account: BillingAccount) -> str:
    """What an operator reads before changing the plan: the present plan with its price and days,
    and that the new one holds from the next plan fee on, with nothing charged or given back until
    then.
    """
    return (
        f"The plan is {account.plan}, {figure(account.plan_price)} every"
        f" {account.plan_interval_days} days. The new one holds from"
        f" {date_format(account.next_plan_on)} on, when the next plan fee is due; until then"
        " nothing is charged or given back."
    )


def _change_plan(act: Act) -> PlanTerm:
    """Change the plan, from the next plan date on and with a trail row, to the one that the
    operator's form states; returns the new term. Raises what terms.change_plan raises.
    """
    said = act.cleaned_data
    plan = accounts.Plan(said["plan"], said["price"], said["interval_days"])
    return terms.change_plan(
        merchant_id=act.row.pk, plan=plan, reason=act.reason, actor=act.actor, now=act.now
    )


def _time_zone_effect(account: BillingAccount) -> str:
    """What an operator reads before changing the time zone: the present one, and that account and
    credit line count their days in the new one from the merchant's next month on.
    """
    return (
        f"Days are counted in {account.timezone}. From"
        f" {date_format(calendar.next_month(account.open_on))} on, the start of the merchant's"
        " next month, those of the billing account and of the credit line are counted in the new"
        " time zone."
    )


def _methods(account: BillingAccount) -> dict[str, Any]:
    """The initial data of the form that chooses a payment method: the present one, and those that
    can be chosen as pairs of a value and a label. These are the methods without a card and each of
    the latest MOST_CARDS cards that were not removed; the sandbox only in demonstrations or where
    it is chosen.
    """
    Method = BillingAccount.Method
    plain = [Method.MANUAL, Method.PROCEEDS]
    if methods.has_sandbox() or account.payment_method == Method.SANDBOX:
        plain.append(Method.SANDBOX)
    cards = account.cards.filter(removed_at__isnull=True).order_by("-pk")[:MOST_CARDS]
    present = account.payment_method + (f":{account.card_id}" if account.card_id else "")
    return {
        "method": present,
        "methods": [(str(method), method.label) for method in plain]
        + [(f"{card.provider}:{card.pk}", str(card)) for card in cards],
    }


def _method_effect(account: BillingAccount) -> str:
    """What an operator reads before choosing another payment method: the present one, and that
    failed bills are tried at once by the new one, open ones on their due day, and none with bank
    transfer.
    """
    present = account.get_payment_method_display() + (f" {account.card}" if account.card else "")
    return (
        f"Bills are paid by: {present}. With another method, bills whose payment failed are tried"
        " at once; open ones that are not due yet, on their due day. With bank transfer nothing"
        " is collected any more until somebody chooses."
    )


def _choose_method(act: Act) -> BillingAccount:
    """Choose the method that the operator's form states, with a trail row (payment_methods.choose,
    which also says what it raises), and return the account: bills that have failed become due at
    once, and nothing is collected here. A freeze may be lifted and unapplied money pay bills, of
    which the merchant is notified. The present method again changes nothing, unless its card is
    disputed.
    """
    method, _separator, card = act.cleaned_data["method"].partition(":")
    return payment_methods.choose(
        merchant_id=act.row.pk,
        method=method,
        card_id=int(card) if card else None,
        reason=act.reason,
        actor=act.actor,
        now=act.now,
    )


@dataclass(frozen=True)
class NotTried:
    """An account whose method is chosen, and why no bill was tried by it at once."""

    account: BillingAccount
    why: str

    @property
    def pk(self) -> int:
        """The account's key, as the decision is about the account."""
        return int(self.account.pk)


def _try_at_once(act: Act, account: BillingAccount) -> Payment | BillingAccount | NotTried:
    """Try at once to collect the account's oldest bill that is due, by the method that was just
    chosen, and have workers try the others. Each bill is locked with its account and credit line,
    and merchants are notified of failures. Returns that attempt, or the account if none was made.

    The choice is committed. So what refuses the attempt, such as ProviderNotReady, is not raised,
    which would read as if nothing was chosen: it is returned as NotTried, and workers try the
    bills all the same. Rule 16.9, rule 16.24.
    """
    tried: Payment | BillingAccount | NotTried
    try:
        tried = payments.collect_chosen(account.pk, now=act.now) or account
    except Refused as refused:
        tried = NotTried(account, str(refused))
    tasks.start_collecting(account.pk)
    return tried


def _method_chosen(result: Payment | BillingAccount | NotTried) -> str:
    """The sentence that tells the operator that the method is chosen, and what became of the
    attempt, if one was made, or why none could be.
    """
    said = "The payment method is chosen."
    if isinstance(result, NotTried):
        return f"{said} Nothing was tried at once: {result.why}. Workers try what is due."
    return f"{said} {outcome(result)}" if isinstance(result, Payment) else said


DECISIONS = (
    Decision(
        "credit",
        "Grant a credit",
        form=GrantedCredit,
        effect=_credit_effect,
        initial=_new_credit,
        shown=shown.granted,
        repeats=shown.is_granted,
        carry_out=CallOrPropose(credits.grant, "merchant_id"),
        done=done("The credit is granted."),
    ),
    Decision(
        "threshold",
        "Change threshold",
        form=ThresholdChange,
        effect=_threshold_effect,
        initial=lambda account: {"present": {"threshold": account.threshold}},
        shown=shown.threshold,
        is_so=shown.has_threshold,
        carry_out=CallOrPropose(thresholds.change, "merchant_id"),
        done=done("The threshold is changed."),
        is_open=is_open,
        menu=TERMS,
    ),
    Decision(
        "plan",
        "Change plan",
        form=PlanChange,
        effect=_plan_effect,
        initial=lambda account: {"present": {"price": account.plan_price}},
        shown=shown.plan,
        is_so=shown.has_plan,
        carry_out=_change_plan,
        done="The new plan holds from the next plan date on.",
        is_open=is_open,
        menu=TERMS,
    ),
    Decision(
        "time-zone",
        "Change time zone",
        form=TimeZoneChange,
        effect=_time_zone_effect,
        shown=shown.time_zone,
        is_so=shown.has_time_zone,
        carry_out=Call(terms.change_time_zone, "merchant_id"),
        done="The new time zone holds from the next month on.",
        menu=TERMS,
    ),
    Decision(
        "method",
        "Choose payment method",
        form=MethodChoice,
        effect=_method_effect,
        initial=_methods,
        shown=shown.method,
        is_so=lambda act: act.cleaned_data["method"] == _methods(act.row)["method"],
        carry_out=_choose_method,
        afterwards=_try_at_once,
        done=_method_chosen,
        menu=TERMS,
    ),
    Decision(
        "review",
        "Review bills",
        form=Reasoned,
        effect=lambda account: (
            "From the next bill on, each waits as a draft without a number until an operator issues"
            " it or sends it back."
        ),
        shown=shown.reviews,
        is_so=lambda act: bool(act.row.reviews_bills),
        carry_out=Call(partial(terms.review_invoices, wanted=True), "merchant_id"),
        done="Bills are reviewed from the next on.",
        is_open=lambda account: not account.reviews_bills,
        menu=TERMS,
    ),
    Decision(
        "no-review",
        "Stop reviewing bills",
        form=Reasoned,
        effect=lambda account: (
            "From the next bill on, bills are issued at once. Drafts that there are wait on."
        ),
        shown=shown.reviews,
        is_so=lambda act: not act.row.reviews_bills,
        carry_out=Call(partial(terms.review_invoices, wanted=False), "merchant_id"),
        done="Bills are issued without a review.",
        is_open=lambda account: account.reviews_bills,
        menu=TERMS,
    ),
)
