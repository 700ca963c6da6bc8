"""Factories of what stands before a test begins.

    shop = ShopFactory.create(credit_limit="1000.00")
    order = OrderFactory.create(shop=shop, amount="300.00", is_delivered=True)

Shops and their books are made by the operations that make them in life, with defaults for whatever
a test does not say. What a test is about it does itself: by events of tests.shops, operations,
pages, commands.
"""

from tests.factories.billing import (
    BillingQuestionFactory,
    CardFactory,
    ChargeFactory,
    CreditRequestFactory,
    DetailsFactory,
    FeePriceFactory,
    GrantedCreditFactory,
    InvoiceFactory,
    IssuerFactory,
    PaymentFactory,
    ProviderReportFactory,
    ReversalFactory,
    ThresholdRequestFactory,
    TransferFactory,
)
from tests.factories.credit import (
    CreditPolicyFactory,
    DestinationFactory,
    FreezeFactory,
    OrderFactory,
    PayoutScheduleFactory,
    QuestionFactory,
    RaiseRequestFactory,
    SoldFactory,
    WithdrawalFactory,
)
from tests.factories.gateway import (
    ApiKeyFactory,
    DeliveryFactory,
    EndpointFactory,
    ImportFactory,
    ReceivedEventFactory,
)
from tests.factories.jobs import HeartbeatFactory, JobFailureFactory, JobRunFactory
from tests.factories.merchants import (
    InvitationFactory,
    OperatorPolicyFactory,
    ProfileFactory,
    ProposalFactory,
)
from tests.factories.people import (
    PASSWORD,
    AuthenticatorFactory,
    EnrolledFactorFactory,
    MembershipFactory,
    OperatorFactory,
    UserFactory,
    browser_of,
    confirm_second_factor,
    member,
    operator,
    proved,
    signed_in,
)
from tests.shops import ShopFactory

__all__ = [
    "PASSWORD",
    "ApiKeyFactory",
    "AuthenticatorFactory",
    "BillingQuestionFactory",
    "CardFactory",
    "ChargeFactory",
    "CreditPolicyFactory",
    "CreditRequestFactory",
    "DeliveryFactory",
    "DestinationFactory",
    "DetailsFactory",
    "EndpointFactory",
    "EnrolledFactorFactory",
    "FeePriceFactory",
    "FreezeFactory",
    "GrantedCreditFactory",
    "HeartbeatFactory",
    "ImportFactory",
    "InvitationFactory",
    "InvoiceFactory",
    "IssuerFactory",
    "JobFailureFactory",
    "JobRunFactory",
    "MembershipFactory",
    "OperatorFactory",
    "OperatorPolicyFactory",
    "OrderFactory",
    "PaymentFactory",
    "PayoutScheduleFactory",
    "ProfileFactory",
    "ProposalFactory",
    "ProviderReportFactory",
    "QuestionFactory",
    "RaiseRequestFactory",
    "ReceivedEventFactory",
    "ReversalFactory",
    "ShopFactory",
    "SoldFactory",
    "ThresholdRequestFactory",
    "TransferFactory",
    "UserFactory",
    "WithdrawalFactory",
    "browser_of",
    "confirm_second_factor",
    "member",
    "operator",
    "proved",
    "signed_in",
]
