"""Reads an account's terms, and changes of them that are planned. Nothing here writes."""

from datetime import timedelta

from django.db.models import QuerySet

from billing.models import BillingAccount, BillingQuestion, PlanTerm, ThresholdRequest
from merchants.models import TimeZonePeriod


def plan_to_come(account: BillingAccount) -> PlanTerm | None:
    """The plan term that starts on the account's next plan date, if its name, price or length
    differs from the present one's; otherwise None, and None for a closed account.
    """
    terms = account.plan_terms.filter(starts_on=account.next_plan_on)
    term = None if account.is_closed else terms.order_by("-id").first()
    if term is None:
        return None
    present = (account.plan, account.plan_price, account.plan_interval_days)
    return term if (term.plan, term.plan_price, term.plan_interval_days) != present else None


def plan_starts_anew(account: BillingAccount) -> bool:
    """Whether the plan of a closed account would start anew if it was opened again on its open day:
    a plan date has passed while it was closed, and brought no fee. False while it is open.
    Rule 19.9.
    """
    last = account.next_plan_on - timedelta(days=account.plan_interval_days)
    return account.closed_on is not None and last > account.closed_on


def plan_chosen(account: BillingAccount) -> PlanTerm:
    """The plan term that was chosen last for the account, in force or still to come; each account
    has one from the start.
    """
    return account.plan_terms.latest("pk")


def zone_to_come(account: BillingAccount) -> TimeZonePeriod | None:
    """The next period after the account's open day whose time zone is not the present one; None if
    there is none.
    """
    later = TimeZonePeriod.objects.filter(merchant=account.pk, starts_on__gt=account.open_on)
    return later.exclude(timezone=account.timezone).order_by("starts_on").first()


def questions(account: BillingAccount, *, status: str = "") -> QuerySet[BillingQuestion]:
    """The questions that the merchant asked about its charges and bills, in no order, only those of
    this status if one is given.
    """
    found = account.questions.all()
    return found.filter(status=status) if status else found


def threshold_requests(account: BillingAccount, *, status: str = "") -> QuerySet[ThresholdRequest]:
    """The requests of the account for a higher threshold, in no order, only those of this status if
    one is given.
    """
    found = account.threshold_requests.all()
    return found.filter(status=status) if status else found
