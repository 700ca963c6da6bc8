"""By which category of tax a charge is billed: pure rules (rule 28.13, rule 28.15).

Categories have the codes of EN 16931.
"""

from decimal import Decimal

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from stdnum.eu.vat import MEMBER_STATES

from lib import money

EUROPEAN_UNION = frozenset(code.upper() for code in MEMBER_STATES) - {"EL", "XI"} | {"GR"}


class TaxClass(TextChoices):
    """What a fee is to a tax office of its issuer's country."""

    STANDARD = "STANDARD", "Standard rate"
    REDUCED = "REDUCED", "Reduced rate"
    ZERO = "ZERO", "Zero rate"
    EXEMPT = "EXEMPT", "Exempt"
    OUTSIDE = "OUTSIDE", "Outside the scope of tax"


class Treatment(TextChoices):
    """How a merchant is billed by an issuer of some country."""

    DOMESTIC = "DOMESTIC", "Domestic"
    REVERSE_CHARGE = "REVERSE_CHARGE", "Reverse charge"
    OUTSIDE_SCOPE = "OUTSIDE_SCOPE", "Outside the scope of tax"


class TaxCategory(TextChoices):
    """The categories of EN 16931 that bills have."""

    STANDARD = "S", pgettext_lazy("tax", "Tax")
    ZERO = "Z", pgettext_lazy("tax", "Zero rated")
    EXEMPT = "E", pgettext_lazy("tax", "Exempt from tax")
    REVERSE_CHARGE = "AE", pgettext_lazy("tax", "Reverse charge")
    OUTSIDE = "O", pgettext_lazy("tax", "Outside the scope of tax")


# The classes whose tax the recipient owes where the charge is reversed.
REVERSIBLE = (TaxClass.STANDARD.value, TaxClass.REDUCED.value, TaxClass.ZERO.value)
# The classes that have a rate above 0; a country in which STANDARD has none has no tax at all.
WITH_RATES = (TaxClass.STANDARD, TaxClass.REDUCED)
CATEGORIES = {
    TaxClass.STANDARD: TaxCategory.STANDARD,
    TaxClass.REDUCED: TaxCategory.STANDARD,
    TaxClass.ZERO: TaxCategory.ZERO,
    TaxClass.EXEMPT: TaxCategory.EXEMPT,
    TaxClass.OUTSIDE: TaxCategory.OUTSIDE,
}
REVERSE_CHARGE_SENTENCE = _("Reverse charge: the recipient of the service owes the tax.")


def derived(issuer: str, merchant: str, tax_number: str) -> Treatment:
    """How a merchant is billed, by the countries of the issuer and the merchant and the merchant's
    tax number ("" without one). It is DOMESTIC if the merchant's country is the issuer's, or is not
    known (""), and within the European Union without a tax number; REVERSE_CHARGE within the Union
    with one; and OUTSIDE_SCOPE otherwise, also if only the issuer's country is "". Rule 28.15.
    """
    if merchant in ("", issuer):
        return Treatment.DOMESTIC
    if {issuer, merchant} <= EUROPEAN_UNION:
        return Treatment.REVERSE_CHARGE if tax_number else Treatment.DOMESTIC
    return Treatment.OUTSIDE_SCOPE


def category(treatment: Treatment, tax_class: TaxClass) -> TaxCategory:
    """The category of tax for a fee of this class in bills of a merchant with this treatment:
    OUTSIDE if either is outside the scope; REVERSE_CHARGE for reverse charge, unless the fee is
    exempt; otherwise that of the class, where a reduced rate is STANDARD, too. Rule 28.15.
    """
    if treatment == Treatment.OUTSIDE_SCOPE or tax_class == TaxClass.OUTSIDE:
        return TaxCategory.OUTSIDE
    if treatment == Treatment.REVERSE_CHARGE and tax_class in REVERSIBLE:
        return TaxCategory.REVERSE_CHARGE
    return CATEGORIES[tax_class]


def tax_on(base: Decimal, percent: Decimal, currency: str) -> Decimal:
    """The tax of `percent` per cent on a base, rounded once to the currency's digits, half away
    from zero. Rule 28.2.
    """
    return money.rounded(base * percent / 100, currency)
