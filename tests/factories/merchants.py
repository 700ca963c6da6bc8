"""What stands about a merchant's people before a test: a profile, an invitation, a proposal."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from factory.base import Factory
from factory.declarations import LazyAttribute, LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory

from merchants.models import Invitation, Membership, OperatorPolicy, Profile, Proposal
from merchants.operations import inviting, operators, profiles
from tests.factories.base import OWNER, OfShop
from tests.factories.people import OperatorFactory, member
from tests.shops import Shop, instant


class ProfileFactory(OfShop[Profile]):
    """What a shop's staff write into its profile; a licence's file only where it is named."""

    class Meta:
        model = Profile

    fields = LazyFunction(lambda: {"contact_name": "Mei Lin"})
    document: Any = None
    actor = OWNER

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> Profile:
        """Fill in the profile."""
        return profiles.complete(merchant_id=shop.merchant.pk, now=now, **said)


class InvitationFactory(OfShop[Invitation]):
    """An invitation that an owner sent, not taken up yet."""

    class Meta:
        model = Invitation

    email = Sequence("guest{}@shop.example".format)
    role = Membership.Role.VIEWER
    actor = LazyAttribute(lambda made: member(made.shop))

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> Invitation:
        """Invite somebody, by an e-mail."""
        return inviting.invite(merchant_id=shop.merchant.pk, now=now, **said)


class ProposalFactory(Factory[Proposal]):
    """A new operator, whom one administrator proposed and another has to confirm."""

    class Meta:
        model = Proposal

    email = Sequence("new{}@tael.example".format)
    roles = ("Auditor",)
    reason = "Starts today."
    actor = SubFactory(OperatorFactory, roles=["Administrator"])
    now = instant("2026-11-01 10:00")

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        """Propose a new operator to a second person."""
        return operators.add(**kwargs)


class OperatorPolicyFactory(DjangoModelFactory[OperatorPolicy]):
    """A version of the operator policy: 1,000 for everything, in force for years, unless a test
    says otherwise. Figures are named by their sorts.
    """

    class Meta:
        model = OperatorPolicy

    currency = "USD"
    version = 1
    starts_on = date(2000, 1, 1)
    thresholds = credits = pay_outs = prices = Decimal(1000)

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        """A version of the policy for operators, without asking a second person."""
        policy = OperatorPolicy(currency=kwargs.pop("currency"))
        number, starts_on = kwargs.pop("version"), kwargs.pop("starts_on")
        made = policy.next_version(number, starts_on, kwargs)
        made.save()
        return made
