"""The prefix: what providers and banks know an installation by, and a copy that keeps silent."""

from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from billing.models import Payment
from billing.operations import payments
from billing.providers.registry import PROVIDERS, ProviderNotReady
from config import installation as settings_of
from credit.operations import payouts
from credit.providers import PROVIDERS as PAYERS
from merchants import installation
from merchants.models import Installation
from merchants.operations.installation import set_prefix
from tests import shops, stripe_server
from tests.billing import at_stripe, paying
from tests.credit import payout_server, withdrawing
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db
NOW = shops.instant("2026-11-02 12:00")


def prefix(*words: str) -> str:
    """What `manage.py prefix` says."""
    output = StringIO()
    call_command("prefix", *words, stdout=output)
    return output.getvalue()


def move(place: str = "another.example 1/2") -> None:
    """Have the database be elsewhere, as a copy finds itself with the rows of the original."""
    installation.current()
    Installation.objects.update(place=place)


def test_a_demonstration_has_the_prefix_T_from_its_first_need_on() -> None:
    assert not Installation.objects.exists()
    assert installation.outside("2026-000001") == "T-2026-000001"
    assert Installation.objects.get().place == installation.place()
    assert installation.inside(" T-2026-000001 ") == "2026-000001"
    assert installation.inside("2026-000001") == "2026-000001"


def test_a_deployment_names_its_own(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAEL_PREFIX", raising=False)
    assert (settings_of.first_prefix(deployed=True), settings_of.first_prefix(deployed=False)) == (
        "",
        "T",
    )
    settings.TAEL_FIRST_PREFIX = ""
    with pytest.raises(ImproperlyConfigured, match="Set TAEL_PREFIX"):
        installation.check()
    settings.TAEL_PREFIX = settings.TAEL_FIRST_PREFIX = "SIAM2"
    installation.check()
    assert installation.outside("7") == "SIAM2-7"


@pytest.mark.parametrize("wrong", ["t", "2A", "A-B", "ABCDEFGHI", " T", "Ä"])
def test_what_is_no_prefix_is_refused(wrong: str, settings: Any) -> None:
    settings.TAEL_FIRST_PREFIX = wrong
    with pytest.raises(ImproperlyConfigured, match="can't be a prefix"):
        installation.current()
    with pytest.raises(IntegrityError), transaction.atomic():
        Installation.objects.create(prefix=wrong[:8].lower(), place="x")
    assert not Installation.objects.exists()


def test_another_TAEL_PREFIX_than_the_databases_does_not_start(settings: Any) -> None:
    installation.current()
    settings.TAEL_PREFIX = "X"
    with pytest.raises(ImproperlyConfigured, match="this database has the prefix T"):
        settings_of.check()
    settings.TAEL_PREFIX = "T"
    settings_of.check()


def test_what_leaves_the_house_carries_it_and_what_was_sent_keeps_its_own() -> None:
    shop = paying.manual()
    assert paying.transfer(shop, "2026-11-02 10:00", "9.00", "BANK-1") == "new"
    assert "Prefix SIAM" in prefix("SIAM")
    assert paying.transfer(shop, "2026-11-02 11:00", "30.00", "BANK-2") == "new"
    keys = Payment.objects.order_by("attempt").values_list("idempotency_key", flat=True)
    assert list(keys) == ["T-2026-000001-1", "SIAM-2026-000001-2"]
    assert paying.invoice().number == "2026-000001"
    (entry,) = TrailEntry.objects.filter(action="PREFIX_SET")
    assert (entry.before["prefix"], entry.after["prefix"]) == ("T", "SIAM")


def test_a_copy_elsewhere_asks_stripe_nothing_until_it_has_another_prefix(settings: Any) -> None:
    with stripe_server.odd_stripe() as odd:
        stripe_server.be_asked(settings, odd.url)
        shop = at_stripe.billed_shop()
        invoice = paying.invoice()
        move()
        with pytest.raises(ProviderNotReady, match="no provider is asked"):
            payments.collect(invoice.pk, now=NOW)
        with pytest.raises(ProviderNotReady, match="no provider is asked"):
            payments.pay_now(invoice_id=invoice.pk, actor="a@b.example", now=NOW)
        assert (odd.requests, Payment.objects.count()) == ([], 0)
        with pytest.raises(CommandError, match="a copy has its own"):
            prefix("T")
        assert "no provider is asked" in prefix()
        assert "providers are asked" in prefix("COPY")
        at_stripe.collect(shop, "2026-11-02 13:00")
        assert list(odd.by_key) == ["COPY-2026-000001-1"]
        assert odd.intents[0]["metadata"]["tael_invoice"] == "COPY-2026-000001"


def test_an_installation_that_has_moved_says_so_and_keeps_its_prefix() -> None:
    move()
    with pytest.raises(installation.Elsewhere):
        installation.refuse_elsewhere()
    assert "Prefix T" in prefix("--moved")
    installation.refuse_elsewhere()
    set_prefix("T", has_moved=False, actor="x", now=NOW)  # said again it changes nothing
    assert TrailEntry.objects.filter(action="PREFIX_SET").count() == 1


def test_the_sandbox_asks_nobody_and_so_works_anywhere(settings: Any) -> None:
    settings.TAEL_SANDBOX = True
    move()
    PROVIDERS["sandbox"].check_ready()


def test_a_copy_sends_no_withdrawal(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with payout_server.running() as bank:
        monkeypatch.setitem(PAYERS, "http", payout_server.HttpProvider(bank.url, bank))
        settings.TAEL_PAYOUT_PROVIDER = "http"
        withdrawal = withdrawing.withdraw(withdrawing.shop_with("300.00"), "120.00")
        assert withdrawal.reference.startswith("T-W")
        move()
        with pytest.raises(installation.Elsewhere):
            payouts.send(withdrawal.pk, now=NOW)
        withdrawal.refresh_from_db()
        assert (withdrawal.status, bank.paid) == ("REQUESTED", [])
