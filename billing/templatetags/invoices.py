"""Template tags that put failure codes and fees into words, and sum up a bill's lines."""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil

from django import template
from django.utils.translation import gettext, ngettext
from moneyed import Money

from billing import payment_failures
from billing.models import BillingAccount, Charge, Fee, InvoiceLine
from billing.models.fees import Category
from billing.queries import days, sections, taxes
from billing.queries.sections import FeeSum, Section
from billing.queries.standings import Standing
from credit.models import Order
from lib import formats
from merchants.templatetags.numbers import document_number

register = template.Library()
register.filter(document_number)


@register.filter
def failure(code: str) -> str:
    """Why a payment failed, in words of the reader's language, for a failure code; an unknown code
    is returned as it is.
    """
    return payment_failures.in_words(code)


@register.filter
def standing(code: str) -> Standing:
    """The standing of a bill with this code, which templates ask for its label and properties.
    Raises ValueError for what is no code of Standing.
    """
    return Standing(code)


@register.filter
def definition(fee: Fee) -> str:
    """The explanation of a fee in the reader's language; where it is not translated, as it
    is stored.
    """
    return fee.meaning


@register.filter
def fee_sums(section: Section[InvoiceLine]) -> Sequence[FeeSum]:
    """The sums of a bill's category: one for each fee and rate of tax, in the order of their first
    lines.
    """
    return sections.fee_sums(section)


@register.filter
def tax_rate(line: InvoiceLine) -> str:
    """The name of the tax rate of a bill's line, such as "Tax 19%". The line has to have a tax
    category.
    """
    return taxes.rate_text(line.tax_category, line.tax_percent)


@register.simple_tag
def under_review(account: BillingAccount) -> Money:
    """What the account's bills that wait for our review come to, tax included; 0 without any.
    `account` is as accounts.of_merchant gives it. Rule 13.10.
    """
    return days.under_review(account)


@register.simple_tag
def has_description(charges: Iterable[Charge]) -> bool:
    """Whether any of these charges has a text of its own."""
    return any(charge.description for charge in charges)


@register.simple_tag
def has_rate(charges: Iterable[Charge]) -> bool:
    """Whether any of these charges was priced by us, so that it has a price of a unit."""
    return any(charge.unit_price is not None for charge in charges)


@register.simple_tag
def line_with(charge: Charge, lines: Mapping[int, InvoiceLine] | str) -> InvoiceLine | None:
    """The line of its bill that the charge is in, if the page has `lines` (invoices.lines_with);
    None if not, or if the charge is on no bill.
    """
    return lines.get(charge.pk) if isinstance(lines, Mapping) else None


@register.simple_tag
def unit_times_price(charge: Charge) -> str:
    """The sentence, in the reader's language, that says how many units were charged at which price
    each. The charge has to be one that we priced.
    """
    assert charge.unit_price is not None
    return ngettext(
        "%(quantity)s unit at %(price)s.",
        "%(quantity)s units at %(price)s each.",
        ceil(charge.quantity),
    ) % {
        "quantity": formats.quantity(charge.quantity),
        "price": formats.plain_unit_price(charge.unit_price, charge.currency),
    }


@register.filter
def share_of(charge: Charge, order: Order) -> str:
    """The sentence, in the reader's language, that says which per cent of the order's amount a
    charge for a sale is; "" for other charges, and where they are in two currencies.
    """
    is_of_sale = charge.fee.category == Category.TRANSACTION
    if not is_of_sale or charge.currency != order.currency:
        return ""
    share = charge.amount.amount / order.amount.amount * 100
    return gettext("It is %(share)s of the order of %(amount)s.") % {
        "share": formats.percent(share),
        "amount": formats.plain_money(order.amount),
    }


@register.simple_tag
def can_be_disputed(charges: Sequence[Charge]) -> bool:
    """Whether a credit may be asked for on any of these charges: whether one is above 0 and no
    credit itself. How much of it was credited already is not looked at.
    """
    return any(charge.can_be_credited for charge in charges)
