"""manage.py rotate_keys: a new key goes first, and the old one is needed no more."""

import io

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.core.management.base import CommandError

from config.management.commands import rotate_keys
from credit.models import PayoutDestination
from credit.operations import destinations
from lib import encrypted
from merchants.operations import keys
from tests import shops
from tests.credit.withdrawing import JOINED, MERCHANT, add

pytestmark = pytest.mark.django_db

OLD = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
NEW = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="
NUMBERS = [f"138001380{number:02}" for number in range(7)]


@pytest.fixture(autouse=True)
def kept_with_the_old_key(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven accounts in chunks of three, the first one removed."""
    monkeypatch.setattr(rotate_keys, "CHUNK", 3)
    settings.TAEL_ENCRYPTION_KEYS = [OLD]
    shop = shops.join(JOINED)
    first, *_ = (add(shop, kind="ALIPAY", bank="", number=number) for number in NUMBERS)
    destinations.remove(
        merchant_id=shop.line.pk, destination_id=first.pk, actor=MERCHANT, now=shop.at(JOINED)
    )


def rotate() -> str:
    """What is said of destinations."""
    said = io.StringIO()
    call_command("rotate_keys", stdout=said)
    (line,) = (line for line in said.getvalue().splitlines() if "destination numbers" in line)
    return line


def numbers() -> list[str]:
    """The numbers of all destinations, decrypted."""
    kept = PayoutDestination.objects.order_by("pk")
    return [encrypted.read(destination, "number").decode() for destination in kept]


def test_afterwards_the_old_key_is_needed_no_more(settings: LazySettings) -> None:
    settings.TAEL_ENCRYPTION_KEYS = [NEW, OLD]
    assert rotate() == "7 destination numbers, 7 of them encrypted anew."
    settings.TAEL_ENCRYPTION_KEYS = [NEW]
    assert numbers() == NUMBERS


def test_it_changes_nothing_the_second_time(settings: LazySettings) -> None:
    settings.TAEL_ENCRYPTION_KEYS = [NEW, OLD]
    rotate()
    before = list(PayoutDestination.objects.order_by("pk").values())
    assert rotate() == "7 destination numbers, 0 of them encrypted anew."
    assert list(PayoutDestination.objects.order_by("pk").values()) == before


def test_interrupted_it_goes_on(settings: LazySettings) -> None:
    settings.TAEL_ENCRYPTION_KEYS = [NEW, OLD]
    (column,) = (one for one in encrypted.columns() if one.model is PayoutDestination)
    keys.reencrypt(
        column,
        list(PayoutDestination.objects.order_by("pk").values_list("pk", flat=True)[:3]),
        actor="manage.py rotate_keys",
        now=shops.instant(JOINED),
    )
    assert numbers() == NUMBERS
    assert rotate() == "7 destination numbers, 4 of them encrypted anew."


def test_what_no_key_opens_is_named_and_left(settings: LazySettings) -> None:
    lost = PayoutDestination.objects.order_by("pk")[4]
    PayoutDestination.objects.filter(pk=lost.pk).update(number=b"lost")
    settings.TAEL_ENCRYPTION_KEYS = [NEW, OLD]
    said = rf"these destination numbers: {lost.pk}\. Keep the old keys"
    with pytest.raises(CommandError, match=said):
        rotate()
    settings.TAEL_ENCRYPTION_KEYS = [NEW]
    others = PayoutDestination.objects.exclude(pk=lost.pk)
    assert all(encrypted.read(one, "number") for one in others)
    lost.refresh_from_db()
    assert bytes(lost.number) == b"lost"
