"""Template tags that show codes of the credit book in words."""

from decimal import Decimal
from functools import cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise
from moneyed import Money

from credit import explanations
from credit.models import CreditPolicy, LimitReview, Order
from credit.queries.explanation import Factor
from lib import formats, wording

register = template.Library()


@register.filter
def doer(actor: str) -> str:
    """The name by which merchants are told who did something: "Our team" for any person, whose
    `actor` is an e-mail address, and "Automatic" otherwise.
    """
    return wording.doer(actor)


@register.filter
def standing_of(order: Order) -> SafeString:
    """HTML for where an order stands: a badge with its status, or that it is overdue, and the
    reason if it was declined. The order is one that `with_is_overdue` gave.
    """
    is_overdue = order.is_overdue  # type: ignore[attr-defined]
    return _standing(order.status, order.decline_code, is_overdue, get_language())


@cache
def _standing(status: str, decline_code: str, is_overdue: bool, language: str | None) -> SafeString:
    """The HTML of `standing_of`. It is kept for each combination and language, as there are a few
    dozen such texts, and a list has fifty orders.
    """
    if is_overdue:
        return formats.badge(_("Overdue"), "OVERDUE")
    badge = formats.badge(Order.Status(status).label, status)
    if not decline_code:
        return badge
    reason = Order.Decline(decline_code).label
    return format_html('{} <span class="note">{}</span>', badge, reason)


@register.filter
def freeze_reason(code: str) -> StrOrPromise:
    """The reason of a freeze with this code, in words for merchants, in the reader's language.
    Raises KeyError for an unknown code.
    """
    return explanations.FREEZES[code]


@register.filter
def told(own: str, ours: str) -> StrOrPromise:
    """What the merchant reads of why one of our people did something: `own`, which was written for
    it, or a standard sentence if there is only `ours`, for colleagues; "" if there is neither.
    """
    return explanations.told(own, ours)


@register.filter
def cancel_reason(told: str) -> StrOrPromise:
    """Why an order was cancelled, in the reader's language if it is one of the known reasons, and
    otherwise as it was told; "" if no reason was.
    """
    return explanations.cancel_reason(told)


@register.filter
def decline_advice(code: str) -> StrOrPromise:
    """What the merchant can do about this decline, or "" for an unknown code."""
    return explanations.DECLINES.get(code, "")


@register.filter
def risk(rank: int) -> StrOrPromise:
    """A buyer's risk in words, by its rank from 0 to 3; another rank as it is."""
    return explanations.RISKS.get(rank, str(rank))


@register.filter
def grade(code: str, policy: CreditPolicy) -> StrOrPromise:
    """What the grade with this code is called, and what it does to the limit by the policy, in the
    reader's language. Raises ValueError for an unknown code.
    """
    return explanations.grade(code, policy)


@register.filter
def factor_name(factor: Factor) -> StrOrPromise:
    """The factor's name, in the reader's language."""
    return explanations.FACTORS[factor.name]


@register.filter
def factor_meaning(factor: Factor) -> StrOrPromise:
    """The sentence that says what the factor is, in the reader's language."""
    return explanations.WHAT_IT_IS[factor.name]


@register.filter
def factor_advice(factor: Factor) -> StrOrPromise:
    """The sentence that says how a merchant can raise the factor, in the reader's language."""
    return explanations.HOW_TO_RAISE[factor.name]


@register.simple_tag
def factor_value(factor: Factor, value: Decimal, currency: str) -> str | SafeString:
    """The value as a page shows it: an amount in `currency` for the trade volume, and otherwise a
    number of stars or marks.
    """
    return formats.money(Money(value, currency)) if factor.is_amount else formats.decimals(value)


@register.filter
def note(code: str) -> str:
    """The note of a review with this code, in words of the reader's language. Raises ValueError for
    an unknown code.
    """
    return str(LimitReview.Note(code).label)
