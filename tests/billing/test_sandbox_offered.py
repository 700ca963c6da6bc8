"""The sandbox is offered to operators only where it exists."""

import pytest
from django.conf import LazySettings
from django.urls import reverse

from tests import shops
from tests.factories import browser_of, operator

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("exists", [True, False])
def test_as_a_payment_method(settings: LazySettings, exists: bool) -> None:
    shop = shops.join("2026-11-01 10:00")
    settings.TAEL_SANDBOX = exists
    address = reverse("admin:billing_billingaccount_decide", args=[shop.merchant.pk, "method"])
    page = browser_of(operator("Billing officer")).get(address)
    offered = dict(page.context["form"].fields["method"].choices)
    assert "manual" in offered
    assert ("sandbox" in offered) is exists


def test_an_account_that_has_it_keeps_it_as_the_present_one(settings: LazySettings) -> None:
    settings.TAEL_SANDBOX = True
    shop = shops.join("2026-11-01 10:00", payment_method="sandbox")
    assert shop.account.payment_method == "sandbox"
    settings.TAEL_SANDBOX = False
    address = reverse("admin:billing_billingaccount_decide", args=[shop.merchant.pk, "method"])
    page = browser_of(operator("Billing officer")).get(address)
    assert "sandbox" in dict(page.context["form"].fields["method"].choices)


@pytest.mark.parametrize("exists", [True, False])
def test_to_a_new_merchant(settings: LazySettings, exists: bool) -> None:
    settings.TAEL_SANDBOX = exists
    address = reverse("admin:merchants_merchant_decide_list", args=["add"])
    page = browser_of(operator("Credit officer")).get(address)
    assert ("sandbox" in dict(page.context["form"].fields["payment_method"].choices)) is exists


@pytest.mark.parametrize("exists", [True, False])
def test_in_the_filters_of_lists(settings: LazySettings, exists: bool) -> None:
    settings.TAEL_SANDBOX = True
    shops.join("2026-11-01 10:00", payment_method="sandbox")
    officer = browser_of(operator("Billing officer"))
    settings.TAEL_SANDBOX = exists
    for name, parameter in (
        ("billingaccount", "payment_method"),
        ("card", "provider"),
        ("payment", "provider"),
    ):
        page = officer.get(reverse(f"admin:billing_{name}_changelist"))
        (found,) = [
            one
            for one in page.context["cl"].filter_specs
            if getattr(one, "parameter_name", "") == parameter
        ]
        choices = dict(found.lookup_choices)
        assert "stripe" in choices
        assert ("sandbox" in choices) is exists
    # An account that has it is found all the same, by who asks for it.
    address = reverse("admin:billing_billingaccount_changelist")
    listed = officer.get(address, {"payment_method": "sandbox"})
    assert len(listed.context["cl"].result_list) == 1
