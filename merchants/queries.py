"""Questions about people and the merchants they act for. Nothing here writes."""

from django.db.models import Prefetch, QuerySet

from merchants.models import Membership, Merchant, User


def membership(user: User, merchant_reference: str) -> Membership | None:
    """The person's role at the merchant; None for a stranger, or if there is no such merchant."""
    return (
        Membership.objects.select_related("merchant")
        .filter(user=user, merchant__reference=merchant_reference)
        .first()
    )


def merchants_of(user: User) -> QuerySet[Merchant]:
    """The merchants a person acts for, each with the person's membership in `own`."""
    own = Prefetch("memberships", Membership.objects.filter(user=user), to_attr="own")
    return Merchant.objects.filter(memberships__user=user).prefetch_related(own)
