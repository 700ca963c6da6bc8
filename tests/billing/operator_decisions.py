"""What tests of operators' decisions about billing have in common: one shop, and its rows.

The shop joined on 1 November with a threshold of 200.00 USD, and owes 30.00 of 2 November; it pays
by bank transfer. What operators do happens on 4 November.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Permission
from django.db.models import Model
from moneyed import Money

from billing.models import (
    BillingAccount,
    BillingCredit,
    Card,
    Charge,
    Invoice,
    Payment,
    Reversal,
    ThresholdRequest,
)
from billing.operations import (
    credits,
    invoice_decisions,
    payment_methods,
    payments,
    reversals,
    terms,
    thresholds,
    transfers,
)
from merchants.models import User
from tests import shops
from tests.factories import UserFactory
from tests.shops import Shop, instant

DECIDED_AT = instant("2026-11-04 09:00")
DECIDER = "olga@tael.example"
WHY = {"reason": "I have looked at it."}
BEFORE = instant("2026-11-03 10:00")
ASKED: dict[str, Any] = {"actor": "mei@rosewood.example", "now": BEFORE}
AGREED: dict[str, Any] = {"actor": "otto@tael.example", "reason": "as agreed", "now": BEFORE}


def operator(*may_change: str, email: str = DECIDER) -> User:
    """Somebody of ours who may look at all of billing, and decide about these models."""
    user = UserFactory.create(is_staff=True, email=email)
    ours = Permission.objects.filter(content_type__app_label="billing")
    user.user_permissions.set(ours.filter(codename__startswith="view_"))
    user.user_permissions.add(*ours.filter(codename__in=[f"change_{name}" for name in may_change]))
    return user


def everything() -> list[Any]:
    models = [model for label in ("billing", "credit") for model in
              apps.get_app_config(label).get_models()]  # fmt: skip
    models += [apps.get_model("notices.Notice"), apps.get_model("merchants.TimeZonePeriod")]
    return [list(model._default_manager.order_by("pk").values()) for model in models]


@contextmanager
def nothing_changes() -> Iterator[None]:
    before = everything()
    yield
    assert everything() == before


def join() -> Shop:
    shop = shops.join("2026-11-01 10:00", billing_threshold="200.00")
    assert shop.charge("2026-11-02 10:00", "pick-pack", "30.00", "c-1") == "applied"
    return shop


# Rows that are decided about; each takes the shop to where it is needed.


def account(shop: Shop) -> BillingAccount:
    return shop.account


def reviewed(shop: Shop) -> BillingAccount:
    return terms.review_invoices(merchant_id=shop.merchant.pk, wanted=True, **AGREED)


def with_monthly(shop: Shop) -> BillingAccount:
    shop.charge("2026-11-03 09:00", "storage", "8.00")
    return shop.account


def closed_in_debt(shop: Shop) -> BillingAccount:
    terms.close(merchant_id=shop.merchant.pk, **AGREED)
    invoice_decisions.void(invoice_id=shop.account.invoices.get().pk, **AGREED)
    return shop.account


def closed_in_credit(shop: Shop) -> BillingAccount:
    credits.grant(
        merchant_id=shop.merchant.pk,
        fee="credit-account",
        amount=Money("50.00", "USD"),
        request_key="k",
        **AGREED,
    )
    return terms.close(merchant_id=shop.merchant.pk, **AGREED)


def charge(shop: Shop) -> Charge:
    return shop.account.charges.get(reference="c-1")


def credit(shop: Shop) -> BillingCredit:
    return credits.ask(
        merchant_id=shop.merchant.pk,
        charge="c-1",
        fee="credit-pick-pack",
        amount=Money("10.00", "USD"),
        message="The wrong size was packed.",
        request_key="form-1",
        **ASKED,
    )


def request(shop: Shop) -> ThresholdRequest:
    return thresholds.ask(
        merchant_id=shop.merchant.pk,
        threshold=Money("500.00", "USD"),
        message="We sell more in winter.",
        **ASKED,
    )


def invoice(shop: Shop) -> Invoice:
    """Over 240.00: what was outstanding, and 210.00 that reached the threshold."""
    shop.charge("2026-11-03 09:00", "pick-pack", "210.00", "c-2")
    return shop.account.invoices.get()


def draft(shop: Shop) -> Invoice:
    reviewed(shop)
    shop.charge("2026-11-03 11:00", "pick-pack", "210.00", "c-2")
    return shop.account.invoices.get()


def card(shop: Shop, last_four: str) -> Card:
    return payment_methods.add_card(
        merchant_id=shop.merchant.pk,
        provider="sandbox",
        token="t",
        brand="Visa",
        last_four=last_four,
        **ASKED,
    )


def of_sandbox(shop: Shop) -> Invoice:
    made = invoice(shop)
    payment_methods.choose(merchant_id=shop.merchant.pk, method="sandbox", **AGREED)
    return made


def of_silent_card(shop: Shop) -> Payment:
    made = invoice(shop)
    card(shop, "0119")
    return payments.pay_now(invoice_id=made.pk, **ASKED)


def of_strange_provider(shop: Shop) -> Payment:
    """Its provider says that another amount arrived than the 240.00 that were asked for."""
    payment = of_silent_card(shop)
    payment.problem = "pi_1 says that 239.00 USD arrived; we asked for 240.00 USD."
    payment.save(update_fields=["problem"])
    return payment


def reversed_payment(shop: Shop) -> Reversal:
    """The bill's payment of 240.00 was disputed, and the dispute is lost."""
    paid = payments.pay_now(invoice_id=of_sandbox(shop).pk, **ASKED)
    told = reversals.Told(
        provider="sandbox",
        reference="du_1",
        kind=Reversal.Kind.DISPUTE,
        money_reference=paid.provider_reference,
        amount=paid.amount,
        state="lost",
        came_back=False,
        is_ours=False,
    )
    reversal = reversals.record(told, payment_id=paid.pk, actor="stripe", now=BEFORE)
    assert reversal is not None
    return reversal


def with_unapplied(shop: Shop) -> BillingAccount:
    """50.00 came, and there is no bill."""
    transfers.receive(
        merchant_id=shop.merchant.pk,
        amount=Money("50.00", "USD"),
        reference="B-6",
        actor=AGREED["actor"],
        now=BEFORE,
    )
    return shop.account


def reread(row: Model) -> Any:
    return type(row)._default_manager.get(pk=row.pk)
