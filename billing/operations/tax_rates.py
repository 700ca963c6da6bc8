"""Introduces tax rates, and the tax classes of fees (rule 28.13, rule 28.14)."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from billing.models import Fee, FeeTaxClass, TaxRate
from billing.models.tax import PERCENT_DECIMALS
from billing.operations.prices import EASTERNMOST
from billing.tax import WITH_RATES, TaxClass
from billing.trail import Action
from lib import countries, locks, wording
from lib.refusals import Invalid, Refused
from trail import operations as trail

TURN = "tax rates"  # the lock under which rates and classes are introduced
LONGEST_SENTENCE = 500
NO_TAX = "none"  # what records call the rate of a class that has none


class TaxOfThePast(Refused):
    """Tax can't change from a day that has begun anywhere: services of that day may be billed."""

    code = "tax_of_the_past"


@transaction.atomic
def introduce(
    *,
    country: str,
    tax_class: str,
    percent: Decimal | None,
    starts_on: date,
    sentence: str = "",
    actor: str,
    reason: str,
    now: datetime,
) -> TaxRate:
    """Have services of the class be taxed by `percent` in bills of issuers of the country, from
    local day of service `starts_on` on, which has begun nowhere yet. Writes a trail row. Waits for
    its turn (wait_turn).

    None ends it: for STANDARD the country has no tax any more; another class has that of STANDARD,
    or no sentence. `sentence` is printed on bills with what is ZERO or EXEMPT. Of two from the same
    day the later one holds; the same again is the one there is. Raises TaxOfThePast, and Invalid
    for an unknown country, a class or percent that cannot be, a sentence with a class that has
    rates, or without a reason. Rule 28.13.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    countries.check(country)
    _check_percent(tax_class, percent)
    if sentence:
        sentence = wording.line("sentence", sentence, LONGEST_SENTENCE)
    if sentence and tax_class in WITH_RATES:
        raise Invalid("sentence", "is of what is zero rated or exempt")
    _check_day(starts_on, now)
    wait_turn()
    of_class = TaxRate.objects.filter(country=country, tax_class=tax_class)
    before = of_class.filter(starts_on__lte=starts_on).order_by("-starts_on", "-pk").first()
    if before and (before.starts_on, before.percent, before.sentence) == (
        starts_on,
        percent,
        sentence,
    ):
        return before
    rate = TaxRate.objects.create(
        country=country,
        tax_class=tax_class,
        percent=percent,
        starts_on=starts_on,
        sentence=sentence,
        introduced_at=now,
        introduced_by=actor,
        reason=reason,
    )
    trail.write(
        Action.TAX_RATE_INTRODUCED,
        subject=f"tax {country} {tax_class}",
        before={"percent": _percent_text(before)},
        after={
            "percent": _percent_text(rate),
            "from": starts_on.isoformat(),
            "sentence": sentence,
        },
        actor=actor,
        reason=reason,
        now=now,
    )
    return rate


@transaction.atomic
def classify(
    *, fee: str, tax_class: str, starts_on: date, actor: str, reason: str, now: datetime
) -> FeeTaxClass:
    """Have the fee be of this tax class from local day of service `starts_on` on, which has begun
    nowhere yet. Writes a trail row. Of two from the same day the later one holds; the same again is
    the one there is. Waits for its turn (wait_turn).

    Raises TaxOfThePast, and Invalid for an unknown class or fee, a fee that only settles what was
    billed, or without a reason. Rule 28.14.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    if fee in Fee.UNTAXED or not Fee.objects.filter(pk=fee).exists():
        raise Invalid("fee", f"there is no fee {fee!r} that is taxed")
    if tax_class not in TaxClass.values:
        raise Invalid("tax_class", f"{tax_class!r} is no tax class")
    _check_day(starts_on, now)
    wait_turn()
    known = FeeTaxClass.objects.filter(fee=fee, starts_on__lte=starts_on)
    before = known.order_by("-starts_on", "-pk").first()
    if before and (before.starts_on, before.tax_class) == (starts_on, tax_class):
        return before
    chosen = FeeTaxClass.objects.create(
        fee_id=fee,
        tax_class=tax_class,
        starts_on=starts_on,
        chosen_at=now,
        chosen_by=actor,
        reason=reason,
    )
    trail.write(
        Action.TAX_CLASS_CHOSEN,
        subject=fee,
        before={"tax_class": str(before.tax_class if before else TaxClass.STANDARD)},
        after={"tax_class": tax_class, "from": starts_on.isoformat()},
        actor=actor,
        reason=reason,
        now=now,
    )
    return chosen


def wait_turn() -> None:
    """Take the lock under which tax rates and classes are introduced, one at a time; it is kept
    until the transaction ends.
    """
    locks.wait_for_advisory_lock(TURN)


def first_day(now: datetime) -> date:
    """The first local day from which tax may change: the one after the latest that has begun
    anywhere.
    """
    return now.astimezone(EASTERNMOST).date() + timedelta(days=1)


def _check_day(starts_on: date, now: datetime) -> None:
    """Raise TaxOfThePast for a day that has begun somewhere."""
    if starts_on < first_day(now):
        raise TaxOfThePast(f"starts_on: {starts_on} has begun; tax changes from a later day on")


def _check_percent(tax_class: str, percent: Decimal | None) -> None:
    """Raise Invalid for an unknown class or OUTSIDE, which never has a rate, and for a rate that
    the class can't have. It must be more than 0 and less than 100 for a class with rates, and 0 for
    others, with PERCENT_DECIMALS decimals at most; None, which ends a rate, is valid for either.
    """
    if tax_class not in TaxClass.values or tax_class == TaxClass.OUTSIDE:
        raise Invalid("tax_class", f"{tax_class!r} has no rate")
    if percent is None:
        return
    if not percent.is_finite() or round(percent, PERCENT_DECIMALS) != percent:
        raise Invalid("percent", f"must have {PERCENT_DECIMALS} decimals at most")
    if tax_class in WITH_RATES:
        if not 0 < percent < 100:
            raise Invalid("percent", "must be more than 0 and less than 100")
    elif percent:
        raise Invalid("percent", f"is 0 for {tax_class}")


def _percent_text(rate: TaxRate | None) -> str:
    """The per cent of the rate as text for the trail; NO_TAX without one."""
    if rate is None or rate.percent is None:
        return NO_TAX
    return f"{rate.percent.normalize():f}"
