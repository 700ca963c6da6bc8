"""That factories make what they say, by operations that the audit has nothing against."""

from inspect import getmembers, isclass

import pytest
from factory.base import BaseFactory

from billing.models import Invoice, Payment
from billing.operations import issuers
from lib import audit
from tests import factories, shops
from tests.amounts import usd
from tests.factories import (
    ApiKeyFactory,
    BillingQuestionFactory,
    CardFactory,
    ChargeFactory,
    CreditPolicyFactory,
    CreditRequestFactory,
    DeliveryFactory,
    DestinationFactory,
    DetailsFactory,
    EndpointFactory,
    FeePriceFactory,
    FreezeFactory,
    GrantedCreditFactory,
    HeartbeatFactory,
    ImportFactory,
    InvitationFactory,
    InvoiceFactory,
    IssuerFactory,
    JobFailureFactory,
    JobRunFactory,
    MembershipFactory,
    OperatorFactory,
    OperatorPolicyFactory,
    OrderFactory,
    PaymentFactory,
    PayoutScheduleFactory,
    ProfileFactory,
    ProposalFactory,
    QuestionFactory,
    RaiseRequestFactory,
    ReceivedEventFactory,
    ReversalFactory,
    ShopFactory,
    SoldFactory,
    ThresholdRequestFactory,
    TransferFactory,
    UserFactory,
    WithdrawalFactory,
)
from tests.factories.base import OfShop
from tests.shops import Shop

pytestmark = pytest.mark.django_db

MADE_BY_OTHERS = {"AuthenticatorFactory", "EnrolledFactorFactory", "ProviderReportFactory"}


@pytest.fixture
def shop(settings: pytest.FixtureRequest) -> Shop:
    """A shop whose proceeds mature at once, with the sandbox on."""
    settings.TAEL_SANDBOX = True  # type: ignore[attr-defined]
    return ShopFactory.create(settlement_days=0)


def test_defaults_are_enough_for_a_story_of_all_that_passes_the_audit(shop: Shop) -> None:
    CreditPolicyFactory.create()
    FeePriceFactory.create()
    for factory in (
        *(DestinationFactory, RaiseRequestFactory, QuestionFactory, ProfileFactory),
        *(ThresholdRequestFactory, BillingQuestionFactory, CardFactory, InvitationFactory),
    ):
        assert factory.create(shop=shop).pk
    assert SoldFactory.create(shop=shop, amount="500.00").status == "PAID"
    order = OrderFactory.create(shop=shop, is_delivered=True, paid="4.00")
    assert (order.status, order.outstanding) == ("OPEN", usd(6))
    assert order.delivered_at == shop.at("2026-11-02 10:00")
    issuer = IssuerFactory.create()
    issuers.choose(
        merchant_id=shop.merchant.pk, prefix=issuer.prefix, reason="so", actor="olga@tael.example",
        now=shop.at("2026-11-02 09:00"),
    )  # fmt: skip
    assert DetailsFactory.create(shop=shop).is_confirmed
    ChargeFactory.create(shop=shop, reference="c-1")
    CreditRequestFactory.create(shop=shop)
    GrantedCreditFactory.create(shop=shop, amount="1.00")
    invoice = InvoiceFactory.create(shop=shop)
    paid = PaymentFactory.create(shop=shop)
    assert (invoice, paid.status) == (Invoice.objects.get(), "SUCCEEDED")
    assert ReversalFactory.create(shop=shop, payment=paid).amount == paid.amount
    assert TransferFactory.create(shop=shop).is_new
    at = "2026-11-04 10:00"
    assert WithdrawalFactory.create(shop=shop, at=at).status == "REQUESTED"
    PayoutScheduleFactory.create(shop=shop, at=at)
    FreezeFactory.create(shop=shop, at=at)
    assert ReceivedEventFactory.create(shop=shop, at=at).code == "unknown_order"
    assert ImportFactory.create(shop=shop, at=at).row_count == 1
    assert DeliveryFactory.create(shop=shop, at=at).status == "PENDING"
    findings = audit.run(audit.registered(), now=shops.instant("2026-12-01 00:00"))
    assert [found.check.name for found in findings if found.violations] == []


def test_an_amount_is_in_the_currency_of_its_book() -> None:
    shop = ShopFactory.create(currency="THB", billing_currency="USD")
    assert OrderFactory.create(shop=shop).currency == "THB"
    assert ThresholdRequestFactory.create(shop=shop).currency == "USD"


def test_each_makes_another_one() -> None:
    OperatorFactory.create(roles=["Administrator"])  # who can confirm what is proposed
    assert ShopFactory.create().reference != ShopFactory.create().reference
    assert OperatorPolicyFactory.create(currency="JPY").version == 1
    for factory in (
        *(UserFactory, OperatorFactory, MembershipFactory, ProposalFactory),
        *(ApiKeyFactory, EndpointFactory),
    ):
        assert factory.create().pk != factory.create().pk
    for stored in (HeartbeatFactory, JobFailureFactory, JobRunFactory):
        assert stored.create().pk
    shop = ShopFactory.create(is_billed=True)
    assert shop.invoices() == ["2026-11-01 SUBSCRIPTION 39.00"]
    assert not Payment.objects.exists()


def test_every_factory_is_tried_here() -> None:
    made = {name for name, one in getmembers(factories, isclass) if issubclass(one, BaseFactory)}
    assert made - MADE_BY_OTHERS <= globals().keys()
    assert OfShop.__name__ not in made
