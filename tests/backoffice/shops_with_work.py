"""Shops of which something of every kind waits for operators, at noon of 1 December 2026 (UTC)."""

from typing import Any

import pytest
from django.conf import LazySettings, settings
from django.contrib.auth.models import Permission
from django.test import override_settings

from merchants import roles
from merchants.models import User
from tests import factories
from tests.billing import deciding
from tests.credit import reviewing, withdrawing
from tests.credit.pages import set_clock
from tests.factories import (
    CardFactory,
    HeartbeatFactory,
    JobFailureFactory,
    PaymentFactory,
    ProfileFactory,
    QuestionFactory,
    RaiseRequestFactory,
    TransferFactory,
)
from tests.shops import Shop, instant

NOW = "2026-12-01 12:00"
MEI = "mei@rosewood.example"


def operator(**user: Any) -> User:
    """Somebody with all roles at once, as nobody has."""
    return factories.operator(*roles.names(), **user)


def clerk(*permissions: str) -> User:
    """Somebody of ours with these permissions and no role."""
    user = factories.UserFactory.create(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def rosewood(settings: LazySettings) -> Shop:
    """Asks for everything that a merchant can ask for, and sells for 50,000.00 USD.

    Of these 12,000.00 and 150.00 are to be withdrawn, by file for the bank; the limit of 15,000.00
    waits for a raise to 30,000.00.
    """
    settings.TAEL_PAYOUT_PROVIDER = "manual"
    shop = withdrawing.shop_with("0.01", credit_limit="15000.00", billing_threshold="200.00")
    for amount in ("15000.00", "15000.00", "15000.00", "5000.00"):
        withdrawing.sell(shop, "2026-11-02 10:00", amount)
    shop.place("2026-11-02 11:00", "A-1", "120.00")
    shop.place("2026-11-02 14:00", "A-2", "90000.00")
    shop.charge("2026-11-02 15:00", "pick-pack", "15.50", "C-1")
    reviewing.metrics(shop, "2026-11-03 10:00", *reviewing.PERFECT)
    shop.charge("2026-11-03 15:00", "pick-pack", "210.00", "C-2")
    shop.run_jobs("2026-12-01 00:00")
    withdrawing.withdraw(shop, "150.00", "2026-12-01 08:00")
    withdrawing.withdraw(shop, "12000.00", "2026-12-01 09:00")
    deciding.ask(shop, "2026-12-01 10:00", "C-1", "5.00")
    deciding.ask_threshold(shop, "2026-12-01 11:00", "500.00")
    RaiseRequestFactory.create(
        shop=shop, at="2026-12-01 11:30", limit_wanted="20000.00", message="Winter."
    )
    QuestionFactory.create(shop=shop, at="2026-12-01 11:40", message="Why?")
    ProfileFactory.create(shop=shop, at="2026-12-01 11:50", fields={"contact_name": "Mei"})
    return shop


def in_trouble() -> Shop:
    """`rosewood`, of a demonstration, and beside it what is `stuck`; as of NOW."""
    with pytest.MonkeyPatch.context() as patched, override_settings(TAEL_SANDBOX=True):
        set_clock(patched)(NOW)
        shop = rosewood(settings)
        stuck(shop)
    return shop


def stuck(shop: Shop) -> None:
    """Write two payments without an answer, a transfer of 5.00, a row that a job could not do and a
    heartbeat, and have bills be drafts from then on.
    """
    CardFactory.create(shop=shop, at="2026-12-01 06:00", last_four="0002")
    PaymentFactory.create(shop=shop, at="2026-12-01 06:10")
    CardFactory.create(shop=shop, at="2026-12-01 06:00", last_four="0119")
    PaymentFactory.create(shop=shop, at="2026-12-01 06:20")
    TransferFactory.create(shop=shop, at="2026-12-01 07:00", amount="5.00", reference="BANK-7")
    deciding.review_invoices(shop, "2026-12-01 06:00")
    JobFailureFactory.create(
        row_id=shop.account.pk,
        merchant=shop.merchant,
        first_failed_at=instant("2026-12-01 01:00"),
        last_failed_at=instant("2026-12-01 11:00"),
    )
    HeartbeatFactory.create(at=instant("2026-12-01 11:59"))
