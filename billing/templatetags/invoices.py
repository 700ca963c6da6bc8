"""Template tags that put failure codes and fees into words, and sum up a bill's lines."""

from collections.abc import Sequence

from django import template
from moneyed import Money

from billing import payment_failures
from billing.models import BillingAccount, Charge, Fee, InvoiceLine
from billing.queries import days, sections, taxes
from billing.queries.sections import FeeSum, Section
from billing.queries.standings import Standing

register = template.Library()


@register.filter
def failure(code: str) -> str:
    """Why a payment failed, in words, for a failure code."""
    return payment_failures.in_words(code)


@register.filter
def standing(code: str) -> Standing:
    """The standing of a bill with this code, which templates ask for its label and properties."""
    return Standing(code)


@register.filter
def definition(fee: Fee) -> str:
    """The explanation of a fee, in the reader's language."""
    return fee.meaning


@register.filter
def fee_sums(section: Section[InvoiceLine]) -> Sequence[FeeSum]:
    """What each fee of a bill's category comes to."""
    return sections.fee_sums(section)


@register.filter
def tax_rate(line: InvoiceLine) -> str:
    """The name of the tax rate of a bill's line, such as "Tax 19%"."""
    return taxes.rate_text(line.tax_category, line.tax_percent)


@register.simple_tag
def under_review(account: BillingAccount) -> Money:
    """What the account's bills that wait for our review come to, tax included (rule 13.10)."""
    return days.under_review(account)


@register.simple_tag
def can_be_disputed(charges: Sequence[Charge]) -> bool:
    """Whether a credit may be asked for on any of these charges."""
    return any(charge.can_be_credited for charge in charges)
