"""Requests are signed so that the specification's own library takes them, also over a rotation."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from pytest_django import Settings
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from gateway.webhooks import tasks
from gateway.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookSecret
from gateway.webhooks.operations import deliveries, endpoints
from lib import audit
from lib.refusals import Invalid
from merchants.audit.secrets import SECRETS
from tests import shops, trailed
from tests.gateway.webhooks.hooks import BY, decline, endpoint
from tests.gateway.webhooks.receivers import Receiver, Request

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def right_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library compares with the real clock: a test's requests are sent as it begins."""
    monkeypatch.setitem(globals(), "NOW", datetime.now(UTC))


def sent(to: WebhookEndpoint, receiver: Receiver) -> Request:
    """The next request, sent right now."""
    for delivery in WebhookDelivery.objects.filter(status="DELIVERED"):
        deliveries.resend(delivery_id=delivery.pk, now=NOW, **BY)
    assert tasks.deliver([to.pk], NOW) == {}
    return receiver.requests[-1]


def is_verified(request: Request, secret: str) -> bool:
    """Whether the request, which has to tell of a declined order if so, is signed with the secret,
    by the library that receivers use.
    """
    try:
        said = Webhook(secret).verify(request.body, request.headers)
    except WebhookVerificationError:
        return False
    assert said["type"] == "order.declined"
    return True


def rotate(to: WebhookEndpoint, hours: int, at: datetime | None = None) -> str:
    """The endpoint's new secret; the old one is valid for so many hours more."""
    return endpoints.rotate_secret(endpoint_id=to.pk, overlap_hours=hours, now=at or NOW, **BY).text


def test_a_receiver_verifies_a_request_with_its_secret(receiver: Receiver) -> None:
    made = endpoint(receiver.url, ["order.declined"])
    decline(shops.join("2026-11-01 10:00"), "A-1")
    request = sent(made.endpoint, receiver)
    assert made.text.startswith("whsec_")
    assert is_verified(request, made.text)
    assert not is_verified(request._replace(body=request.body.replace("9000", "9")), made.text)
    other = endpoint(receiver.url, ["order.declined"])
    assert not is_verified(request, other.text)


def test_both_secrets_verify_until_the_old_one_is_over(receiver: Receiver) -> None:
    made = endpoint(receiver.url, ["order.declined"])
    decline(shops.join("2026-11-01 10:00"), "A-1")
    new = rotate(made.endpoint, 24, NOW - timedelta(hours=23))
    request = sent(made.endpoint, receiver)
    assert (is_verified(request, made.text), is_verified(request, new)) == (True, True)
    newest = rotate(made.endpoint, 48, NOW - timedelta(hours=1))
    request = sent(made.endpoint, receiver)
    assert [is_verified(request, one) for one in (made.text, new, newest)] == [True, True, True]
    WebhookSecret.objects.filter(pk=WebhookSecret.objects.earliest("pk").pk).update(valid_until=NOW)
    request = sent(made.endpoint, receiver)
    assert [is_verified(request, one) for one in (made.text, new, newest)] == [False, True, True]


def test_one_that_has_leaked_is_over_at_once(receiver: Receiver) -> None:
    made = endpoint(receiver.url, ["order.declined"])
    decline(shops.join("2026-11-01 10:00"), "A-1")
    second = rotate(made.endpoint, 24)
    third = rotate(made.endpoint, 0)
    request = sent(made.endpoint, receiver)
    assert [is_verified(request, one) for one in (made.text, second, third)] == [False, False, True]


@pytest.mark.parametrize("hours", [-1, 169])
def test_an_overlap_is_a_week_at_most(receiver: Receiver, hours: int) -> None:
    made = endpoint(receiver.url)
    with pytest.raises(Invalid, match="overlap_hours"):
        rotate(made.endpoint, hours)
    assert WebhookSecret.objects.count() == 1


def test_secrets_are_kept_encrypted_and_bound_to_their_row(receiver: Receiver) -> None:
    made, other = endpoint(receiver.url), endpoint(receiver.url)
    row = made.endpoint.secrets.get()
    assert made.text.encode() not in bytes(row.secret)
    assert not violations()
    other.endpoint.secrets.update(secret=row.secret)
    assert violations() == ["webhook secrets: row"]


def violations() -> list[str]:
    """Which endpoints the audit finds secrets of wrong."""
    (finding,) = audit.run(SECRETS, now=NOW)
    return [violation.subject.rpartition(" ")[0] for violation in finding.listed]


def test_rotate_keys_covers_them(receiver: Receiver, settings: Settings) -> None:
    made = endpoint(receiver.url, ["order.declined"])
    decline(shops.join("2026-11-01 10:00"), "A-1")
    before = bytes(made.endpoint.secrets.get().secret)
    settings.TAEL_ENCRYPTION_KEYS = [b"n" * 32, *settings.TAEL_ENCRYPTION_KEYS]
    call_command("rotate_keys", stdout=StringIO())
    after = made.endpoint.secrets.get()
    assert bytes(after.secret) != before
    settings.TAEL_ENCRYPTION_KEYS = settings.TAEL_ENCRYPTION_KEYS[:1]
    assert is_verified(sent(made.endpoint, receiver), made.text)


def test_the_trail_tells_of_it_without_the_secret(receiver: Receiver) -> None:
    since = trailed.newest()
    made = endpoint(receiver.url, ["order.declined"])
    text = rotate(made.endpoint, 24)
    assert [entry.action for entry in trailed.told(since)] == ["ENDPOINT_ADDED", "ENDPOINT_SECRET"]
    for entry in trailed.told(since):
        assert made.text not in str(entry)
        assert text not in str(entry)
