"""Keys of the API: made once, stored as digests, rotated with an overlap, revoked at once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from gateway.models import ApiKey
from gateway.operations import keys
from gateway.queries.keys import digest
from lib.refusals import Invalid
from tests import shops
from tests.factories import browser_of, operator
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db
NOW = shops.instant("2026-11-10 10:00")
TERMS: dict[str, Any] = {
    "name": "Checkout",
    "scopes": ["read", "orders"],
    "requests_per_minute": 600,
    "reason": "for the checkout",
    "actor": "ada@tael.example",
}


def a_key(**terms: Any) -> tuple[ApiKey, str]:
    """A new key, and its text."""
    return keys.make(**TERMS | terms, now=NOW)


def test_a_key_is_kept_as_a_digest_and_found_by_its_prefix() -> None:
    key, text = a_key()
    brand, prefix, secret = text.split("_", 2)
    assert (brand, prefix, len(secret)) == ("tael", key.prefix, 43)
    stored = ApiKey.objects.filter(pk=key.pk).values().get()
    assert stored["digest"] == digest(text)
    assert secret not in str(stored)
    assert stored["scopes"] == ["orders", "read"]


def test_two_keys_have_nothing_in_common() -> None:
    assert not set(a_key()[1].split("_")[1:]) & set(a_key()[1].split("_")[1:])


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["orders", "everything"]}, "scopes"),
        ({"networks": ["203.0.113.0/33"]}, "networks"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"expires_at": NOW}, "expires_at"),
        ({"name": " "}, "name"),
        ({"reason": ""}, "reason"),
    ],
    ids=str,
)
def test_terms_that_make_no_sense_are_refused_and_make_no_key(
    terms: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        a_key(**terms)
    assert refused.value.field == field
    assert not ApiKey.objects.exists()
    assert not TrailEntry.objects.exists()


def test_a_rotated_key_goes_on_for_the_overlap_and_no_longer() -> None:
    old, _ = a_key(networks=["203.0.113.0/24"])
    new, text = keys.rotate(
        key_id=old.pk, overlap=timedelta(hours=24), reason="yearly", actor="ada", now=NOW
    )
    old.refresh_from_db()
    assert digest(text) == new.digest != old.digest
    assert (new.scopes, new.networks, new.expires_at) == (old.scopes, old.networks, None)
    assert old.is_valid(NOW + timedelta(hours=23, minutes=59))
    assert not old.is_valid(NOW + timedelta(hours=24))
    assert new.is_valid(NOW + timedelta(hours=24))
    with pytest.raises(keys.KeyIsOver):
        keys.rotate(key_id=old.pk, overlap=timedelta(), reason="again", actor="ada", now=NOW)
    assert ApiKey.objects.count() == 2


def test_an_overlap_never_makes_a_key_last_longer() -> None:
    ends = NOW + timedelta(hours=1)
    old, _ = a_key(expires_at=ends)
    keys.rotate(key_id=old.pk, overlap=timedelta(days=2), reason="r", actor="ada", now=NOW)
    old.refresh_from_db()
    assert old.expires_at == ends


def test_a_revoked_key_stays_revoked() -> None:
    key, _ = a_key()
    keys.revoke(key_id=key.pk, reason="it leaked", actor="ada", now=NOW)
    key.refresh_from_db()
    assert not key.is_valid(NOW)
    with pytest.raises(keys.KeyIsOver):
        keys.revoke(key_id=key.pk, reason="again", actor="ada", now=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        ApiKey.objects.filter(pk=key.pk).update(revoked_at=None)
    with pytest.raises(DatabaseError), transaction.atomic():
        ApiKey.objects.filter(pk=key.pk).update(scopes=["charges"])
    with pytest.raises(DatabaseError), transaction.atomic():
        key.delete()


def test_the_last_use_is_written_once_a_minute() -> None:
    key, _ = a_key()
    stale = ApiKey.objects.get()
    for seconds, noted in ((0, 0), (59, 0), (60, 60), (100, 60)):
        keys.note_use(ApiKey.objects.get(), NOW + timedelta(seconds=seconds))
        key.refresh_from_db()
        assert key.last_used_at == NOW + timedelta(seconds=noted)
    keys.note_use(stale, NOW + timedelta(seconds=110))  # another process read the row before
    key.refresh_from_db()
    assert key.last_used_at == NOW + timedelta(seconds=60)


def test_an_administrator_makes_a_key_that_is_shown_this_once() -> None:
    shops.join("2026-11-01 10:00")
    admin = browser_of(operator("Administrator"))
    said = {
        "name": "Warehouse",
        "scopes": ["charges", "read"],
        "merchant": "rosewood",
        "networks": "203.0.113.0/24, 2001:db8::/32",
        "requests_per_minute": "60",
        "valid_for_days": "90",
        "reason": "the warehouse sends labels",
        "request_key": "form-1",
    }
    page = admin.post("/admin/gateway/apikey/decide/make/", said).content.decode()
    key = ApiKey.objects.get()
    assert f"tael_{key.prefix}_" in page
    assert key.merchant is not None
    assert (key.merchant.reference, key.networks) == (
        "rosewood",
        ["203.0.113.0/24", "2001:db8::/32"],
    )
    for address in ("/admin/gateway/apikey/", f"/admin/gateway/apikey/{key.pk}/change/"):
        later = admin.get(address).content.decode()
        assert key.prefix in later
        assert key.digest not in later
        assert f"tael_{key.prefix}_" not in later.replace(f"tael_{key.prefix}_…", "")
    row = TrailEntry.objects.get(action="API_KEY_MADE")
    assert row.after["scopes"] == "charges read"
    assert row.merchant == key.merchant
    assert f"_{key.prefix}_" in row.subject  # and nothing of the secret
    assert row.subject.endswith("_…)")


def test_a_form_that_is_sent_twice_makes_one_key_and_says_which() -> None:
    admin = browser_of(operator("Administrator"))
    said = {"name": "Checkout", "scopes": ["orders"], "requests_per_minute": "60", "reason": "r"}
    address = "/admin/gateway/apikey/decide/make/"
    (field,) = re.findall(r'name="request_key" value="([^"]+)"', admin.get(address).text)
    admin.post(address, said | {"request_key": field})
    key = ApiKey.objects.get()
    with nothing_changes():
        again = admin.post(address, said | {"request_key": field}).text
    assert f"this form has made {key} already" in again
    assert f"tael_{key.prefix}_" not in again.replace(f"tael_{key.prefix}_…", "")
    admin.post(address, said | {"request_key": "form-2"})
    assert ApiKey.objects.count() == 2


def test_administrators_rotate_and_revoke_and_each_leaves_a_row_with_its_reason() -> None:
    admin = browser_of(operator("Administrator", email="ada@tael.example"))
    old, _ = a_key()
    page = "/admin/gateway/apikey/{}/decide/{}/".format
    shown = admin.post(page(old.pk, "rotate"), {"overlap_hours": "2", "reason": "yearly"})
    new = ApiKey.objects.exclude(pk=old.pk).get()
    assert f"tael_{new.prefix}_" in shown.content.decode()
    admin.post(page(new.pk, "revoke"), {"reason": "it leaked"})
    rows = TrailEntry.objects.filter(action__in=["API_KEY_ROTATED", "API_KEY_REVOKED"])
    assert [(row.action, row.subject, row.actor, row.reason) for row in rows.order_by("pk")] == [
        ("API_KEY_ROTATED", str(old), "ada@tael.example", "yearly"),
        ("API_KEY_REVOKED", str(new), "ada@tael.example", "it leaked"),
    ]
    new.refresh_from_db()
    assert new.revoked_at is not None


def test_a_key_for_a_merchant_that_does_not_exist_is_not_made() -> None:
    admin = browser_of(operator("Administrator"))
    said = {"name": "X", "scopes": ["read"], "merchant": "nobody", "requests_per_minute": "60"}
    said["request_key"] = "form-1"
    page = admin.post("/admin/gateway/apikey/decide/make/", said | {"reason": "r"})
    assert "There is no merchant with this reference." in page.content.decode()
    assert not ApiKey.objects.exists()
