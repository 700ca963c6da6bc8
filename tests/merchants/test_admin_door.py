"""The admin is reached from the networks of the settings, and not after doing nothing for long."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from config import addresses
from merchants import second_factor
from merchants.sign_in import admin_door
from tests import shops
from tests.factories import UserFactory, browser_of, member, operator

pytestmark = pytest.mark.django_db

OFFICE = ["10.1.0.0/16", "2001:db8::/32"]


def test_it_is_reached_from_the_named_networks_alone(settings: Settings) -> None:
    settings.TAEL_ADMIN_NETWORKS = addresses.networks(OFFICE)
    browser = browser_of(operator("Auditor"))
    for address, status in (("10.1.2.3", 200), ("2001:db8::7", 200), ("10.2.0.1", 403)):
        assert browser.get("/admin/", REMOTE_ADDR=address).status_code == status
    # Nobody else sees as much as where to sign in; a page that is not there gives no more away.
    for page in ("/admin/login/", "/admin/", "/admin/nothing/"):
        assert Client().get(page, REMOTE_ADDR="192.0.2.1").status_code == 403
    merchants = browser_of(member(shops.join("2026-10-01 09:00")))
    assert merchants.get("/m/rosewood/", REMOTE_ADDR="192.0.2.1").status_code == 200


def test_an_address_is_not_what_the_client_says_it_is(settings: Settings) -> None:
    settings.TAEL_ADMIN_NETWORKS = addresses.networks(OFFICE)
    browser = browser_of(operator("Auditor"))
    said: Any = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "10.1.2.3"}
    assert browser.get("/admin/", **said).status_code == 403


def test_without_networks_it_is_reached_from_anywhere() -> None:
    browser = browser_of(operator("Auditor"))
    assert browser.get("/admin/", REMOTE_ADDR="192.0.2.1").status_code == 200


@pytest.mark.parametrize("named", [["10.1.0.1/16"], ["office"], ["10.0.0.0/99"]])
def test_what_is_no_network_stops_the_start(named: list[str]) -> None:
    with pytest.raises(ImproperlyConfigured, match="TAEL_ADMIN_NETWORKS"):
        addresses.networks(named)


def at_minute(monkeypatch: pytest.MonkeyPatch, minute: float) -> None:
    """Have the admin's door think that it is so many minutes later than now, when somebody has just
    signed in.
    """
    now = timezone.now() + timedelta(minutes=minute)
    monkeypatch.setattr(admin_door, "timezone", SimpleNamespace(now=lambda: now))


@pytest.mark.full  # a form too late does nothing, below
def test_who_does_nothing_for_long_signs_in_anew(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TAEL_ADMIN_IDLE_MINUTES = 30
    browser = browser_of(operator("Auditor"))
    for minute in (1, 29, 57):  # each within half an hour of the one before
        at_minute(monkeypatch, minute)
        assert browser.get("/admin/").status_code == 200
    at_minute(monkeypatch, 90)
    assert browser.get("/admin/").headers["Location"].startswith("/admin/login/")
    assert "_auth_user_id" not in browser.session
    at_minute(monkeypatch, 91)
    assert browser.get("/admin/").status_code == 302


@pytest.mark.full  # who does nothing signs in anew
def test_a_page_that_refreshes_by_itself_is_nothing_done(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TAEL_ADMIN_IDLE_MINUTES = 30
    browser = browser_of(operator("Auditor"))
    for minute in (10, 20, 29):
        at_minute(monkeypatch, minute)
        assert browser.get("/admin/", headers={"X-Live": "progress"}).status_code == 200
    at_minute(monkeypatch, 31)
    ended = browser.get("/admin/", headers={"X-Live": "progress"})
    assert ended.status_code == 286  # no sign-in within the page, and no more asking
    assert "This no longer refreshes by itself." in ended.content.decode()
    assert "_auth_user_id" not in browser.session


def test_a_form_that_is_sent_too_late_does_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TAEL_ADMIN_IDLE_MINUTES = 5
    boss, other = operator("Administrator"), operator("Auditor")
    browser = browser_of(boss)
    browser.get("/admin/")
    at_minute(monkeypatch, 6)
    page = f"/admin/merchants/user/{other.pk}/decide/deactivate/"
    assert browser.post(page, {"reason": "Left."}).status_code == 302
    other.refresh_from_db()
    assert other.is_active


def test_0_is_never_and_merchants_pages_do_not_count(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TAEL_ADMIN_IDLE_MINUTES = 0
    browser = browser_of(operator("Auditor"))
    at_minute(monkeypatch, 600)
    assert browser.get("/admin/").status_code == 200


def test_who_sets_up_a_factor_for_a_decision_is_led_back_to_its_page(rf: RequestFactory) -> None:
    # The admin lets nobody in without one: it can only have been removed at this moment.
    page = "/admin/merchants/user/7/decide/deactivate/"
    request = rf.get(page)
    request.user, request.session = UserFactory.create(is_staff=True), SessionStore()
    sent = second_factor.confirm_again(request)
    assert sent is not None
    assert sent.headers["Location"] == reverse("mfa_index")
    assert request.session[second_factor.GO_ON] == page
