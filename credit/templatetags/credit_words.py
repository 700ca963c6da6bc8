"""Template tags that show codes of the credit book in words."""

from decimal import Decimal

from django import template
from django.utils.safestring import SafeString
from django_stubs_ext import StrOrPromise
from moneyed import Money

from credit import explanations
from credit.models import LimitReview
from credit.queries.explanation import Factor
from lib import formats, wording

register = template.Library()


@register.filter
def doer(actor: str) -> str:
    """The name by which merchants are told who did something: "Our team" for any person, and
    "Automatic" otherwise.
    """
    return wording.doer(actor)


@register.filter
def freeze_reason(code: str) -> StrOrPromise:
    """The reason of a freeze in the merchant's words."""
    return explanations.FREEZES[code]


@register.filter
def told(own: str, ours: str) -> StrOrPromise:
    """What the merchant reads of why one of our people did something (explanations.told)."""
    return explanations.told(own, ours)


@register.filter
def decline_advice(code: str) -> StrOrPromise:
    """What the merchant can do about this decline, or "" for an unknown code."""
    return explanations.DECLINES.get(code, "")


@register.filter
def risk(rank: int) -> StrOrPromise:
    """A buyer's risk in words, by its rank."""
    return explanations.RISKS.get(rank, str(rank))


@register.filter
def factor_name(factor: Factor) -> StrOrPromise:
    return explanations.FACTORS[factor.name]


@register.filter
def factor_meaning(factor: Factor) -> StrOrPromise:
    return explanations.WHAT_IT_IS[factor.name]


@register.filter
def factor_advice(factor: Factor) -> StrOrPromise:
    return explanations.HOW_TO_RAISE[factor.name]


@register.simple_tag
def factor_value(factor: Factor, value: Decimal, currency: str) -> str | SafeString:
    """The value as a page shows it: an amount in `currency` for the trade volume, and otherwise a
    number of stars or marks.
    """
    return formats.money(Money(value, currency)) if factor.is_amount else formats.decimals(value)


@register.filter
def note(code: str) -> str:
    """A review's note in words."""
    return str(LimitReview.Note(code).label)
