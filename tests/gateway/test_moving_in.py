"""A marketplace moves in: its past is replayed before it opens, and asks and tells nobody."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from billing.models import Invoice, Payment
from jobs.timetable import job_named
from notices.models import Notice
from tests import books, event_files, factories, shops
from tests.amounts import usd
from tests.kept import kept

pytestmark = pytest.mark.django_db

START = timezone.now().replace(hour=10, minute=0, second=0, microsecond=0) - timedelta(days=12)


def day(number: int, hour: int = 10) -> str:
    """A day of the file, in which the last one is today or yesterday."""
    return (START + timedelta(days=number, hours=hour - 10)).isoformat()


@pytest.fixture(autouse=True)
def nothing_is_a_demonstration(settings: Any) -> None:
    """The sandbox is switched off."""
    settings.TAEL_SANDBOX = False


@kept(TAEL_SANDBOX=False)
def moved() -> shops.Shop:
    """A shop that pays by transfer, with twelve days of trade that end yesterday."""
    events: list[dict[str, Any]] = []
    terms: dict[str, Any] = {"plan_price": "39.00", "billing_threshold": "100.00"}
    shop = shops.Shop("rosewood", sender=lambda e: events.append(e) or "", **terms)  # type: ignore[func-returns-value]
    shop.join(day(0))
    for number in range(1, 12):
        shop.charge(day(number), "pick-pack", "50.00", f"charge-{number}")
    shop.place(day(11), "big", "9000.00")
    with TemporaryDirectory() as folder:
        path = event_files.write(Path(folder) / "events.jsonl", events)
        call_command("replay", path, rejected=path.with_name("rejected.csv"), stdout=StringIO())
    return shops.Shop("rosewood")


def test_its_bills_were_settled_outside(moved: shops.Shop) -> None:
    invoices = Invoice.objects.order_by("pk")
    assert invoices.count() == 6
    for invoice in invoices:
        assert (invoice.status, invoice.amount_paid) == ("PAID", invoice.total)
        assert invoice.paid_at == invoice.issued_at
        assert (invoice.first_failed_at, invoice.next_attempt_at) == (None, None)
        (payment,) = invoice.payments.all()
        assert (payment.provider, payment.status) == ("moved-in", "SUCCEEDED")
        assert (payment.amount, payment.ended_at) == (invoice.total, invoice.issued_at)
    # Those of more than seven days ago would have failed.
    assert not Notice.objects.filter(kind="PAYMENT_FAILED").exists()
    assert moved.frozen_by() == []
    books.assert_clean()


def test_nobody_is_mailed_once_it_opens(moved: shops.Shop) -> None:
    member = factories.member(moved)
    late = Notice.objects.filter(at__gt=timezone.now() - timedelta(hours=48))
    assert late.filter(kind="ORDER_DECLINED").exists()
    assert not Notice.objects.filter(addressed_at__isnull=True).exists()
    job_named("notice-mails").run_here(timezone.now())
    assert mail.outbox == []
    assert member.email


def test_what_comes_after_it_is_live(moved: shops.Shop) -> None:
    """Bills wait for their money, and day-ends go on where the file ended."""
    before = Payment.objects.count()
    now = timezone.now()
    assert shops.apply(
        {
            "id": "live",
            "type": "charge.recorded",
            "at": (now - timedelta(minutes=1)).isoformat(),
            "merchant": "rosewood",
            "data": {
                "charge": "live",
                "fee": "pick-pack",
                "currency": "USD",
                "amount": "500.00",
            },
        },
        arriving=now,
    ) == "applied"  # fmt: skip
    invoice = Invoice.objects.latest("pk")
    assert (invoice.status, invoice.amount_paid) == ("OPEN", usd(0))
    assert Payment.objects.count() == before


def test_the_merchant_sees_how_its_bills_were_paid(moved: shops.Shop, client: Client) -> None:
    client.force_login(factories.member(moved))
    invoice = Invoice.objects.latest("pk")
    page = client.get(f"/m/rosewood/billing/invoices/{invoice.number}/").content.decode()
    assert "Settled before this bill came to Tael" in page
    assert "Paid" in page
