"""Reads credits that were asked for or granted, and the charges they correct. Nothing here
writes.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db.models import Case, DecimalField, F, OuterRef, Q, QuerySet, Subquery, Value, When

from billing.models import BillingAccount, BillingCredit, Charge, Fee
from billing.models.fees import CREDIT_CATEGORIES, CREDIT_FOR, Category

_WITH = ("charge__fee", "fee", "made__item__invoice", "taken_back__item__invoice")


def of(account: BillingAccount, *, status: str = "", charge: str = "") -> QuerySet[BillingCredit]:
    """The account's credits, in no order, each with the charge that it corrects, its reason, and
    the bills that its own charge, and the one that took it back, are on; and with its amount as
    `given` if it was approved and not taken back, or as `waiting` if it is not answered yet: they
    are 0 otherwise.

    They can be filtered by a status, and by what stands somewhere in the corrected charge's
    reference, in any case (`charge`); "" means any.
    """
    found = _with_sums(account.credits.select_related(*_WITH))
    if charge:
        found = with_reference(found).filter(Q(reference__icontains=charge))
    return found.filter(status=status) if status else found


def with_reference(found: QuerySet[BillingCredit]) -> QuerySet[BillingCredit]:
    """These credits, to be filtered by the `reference` of the charge that each corrects.

    It is looked up for each credit by itself: joined, the database may begin with the charges of
    all merchants that fit, and read every charge there is.
    """
    corrected = Charge.objects.filter(pk=OuterRef("charge_id")).values("reference")
    return found.alias(reference=Subquery(corrected))


def _with_sums(found: QuerySet[BillingCredit]) -> QuerySet[BillingCredit]:
    """The credits, each annotated with its amount as `given` if it was approved and not taken back,
    and as `waiting` if it is not answered yet; they are 0 otherwise.
    """
    status, nothing = BillingCredit.Status, Value(Decimal(0))
    given, waiting = (
        When(status=status.APPROVED, then=F("amount")),
        When(status=status.REQUESTED, then=F("amount")),
    )
    return found.annotate(
        given=Case(given, default=nothing, output_field=DecimalField()),
        waiting=Case(waiting, default=nothing, output_field=DecimalField()),
    )


def find(account: BillingAccount, pk: int) -> BillingCredit | None:
    """The account's credit with this primary key, or None."""
    found = account.credits.select_related(*_WITH, "charge__item__invoice")
    return found.filter(pk=pk).first()


def charge_to_credit(account: BillingAccount, reference: str) -> Charge | None:
    """The account's charge with this reference, with its fee and bill; None if there is none, or
    its category has no credits, as those of credits.
    """
    found = account.charges.select_related("fee", "item__invoice").filter(reference=reference)
    return found.filter(fee__category__in=CREDIT_FOR).first()


def charges_to_credit(account: BillingAccount, references: Iterable[str]) -> QuerySet[Charge]:
    """Those of the account's charges with these references that are of a category that credits are
    given for, in no order, with their fees and bills.
    """
    found = account.charges.select_related("fee", "item__invoice")
    return found.filter(reference__in=list(references), fee__category__in=CREDIT_FOR)


def chosen(account: BillingAccount, keys: Iterable[int]) -> Sequence[Charge]:
    """The account's charges with these primary keys, in order of service, with their fees; also
    those of which nothing can be credited. Keys of no charge of the account are left out.
    """
    found = account.charges.select_related("fee").filter(pk__in=list(keys))
    return list(found.order_by("at", "pk"))


def charged_or_credited() -> list[Fee]:
    """The fees that the platform's systems can charge, and those that can be the reason for a
    credit, by category and name. Others are left out, such as the plan fee and what settles a
    payment.
    """
    fees = Fee.objects.filter(Q(is_sent_by_platform=True) | Q(category__in=CREDIT_CATEGORIES))
    places = list(Category)
    return sorted(
        fees.exclude(pk__in=Fee.NOT_GRANTED).order_by("name"),
        key=lambda fee: places.index(Category(fee.category)),
    )


def reasons(charge: Charge) -> QuerySet[Fee]:
    """The fees that can be the reason for a credit on this charge, by name. The charge's category
    has to be one that credits are given for (CREDIT_FOR).
    """
    category = CREDIT_FOR[Category(charge.fee.category)]
    return Fee.objects.filter(category=category).exclude(pk__in=Fee.NOT_GRANTED).order_by("name")
