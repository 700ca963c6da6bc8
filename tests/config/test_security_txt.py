"""/.well-known/security.txt tells where to report a weakness, where somebody reads it."""

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from config import addresses

pytestmark = pytest.mark.django_db

PAGE = "/.well-known/security.txt"


def test_it_names_the_contact_and_expires_in_ninety_days(settings: Settings) -> None:
    settings.TAEL_SECURITY_CONTACT = addresses.contact("security@tael.example")
    settings.TAEL_BASE_URL = "https://tael.example"
    response = Client().get(PAGE)
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in response.text.splitlines())
    assert fields["Contact"] == "mailto:security@tael.example"
    assert fields["Canonical"] == "https://tael.example/.well-known/security.txt"
    expires = datetime.fromisoformat(fields["Expires"])
    left = expires - timezone.now()
    assert timedelta(days=89, hours=23) < left <= timedelta(days=90)
    assert Client().post(PAGE).status_code == 405


def test_without_a_contact_there_is_none() -> None:
    assert Client().get(PAGE).status_code == 404


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        ("security@tael.example", "mailto:security@tael.example"),
        ("https://tael.example/report", "https://tael.example/report"),
        ("tel:+66-2-123-4567", "tel:+66-2-123-4567"),
    ],
)
def test_a_contact_is_an_address_or_a_uri(given: str, kept: str) -> None:
    assert addresses.contact(given) == kept


@pytest.mark.parametrize("given", ["http://tael.example", "call us", "mailto:a@b\nExpires: never"])
def test_another_contact_stops_the_start(given: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="TAEL_SECURITY_CONTACT"):
        addresses.contact(given)
