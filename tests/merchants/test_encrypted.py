"""What is secret is encrypted in the database, bound to its row, and reached by rotations."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.conf import LazySettings
from django.core.management import call_command
from django.db import connection, models
from django.test import Client
from django.utils import timezone

from credit.models import PayoutDestination, Withdrawal
from credit.operations import payout_files
from lib import encrypted, secrets
from lib.fields import EncryptedField
from merchants.models import Profile, User
from merchants.operations import profiles
from tests import codes, shops
from tests.credit.withdrawing import NOW, OPERATOR, add, shop_with, withdraw
from tests.factories import PASSWORD, ProfileFactory, UserFactory, member

pytestmark = pytest.mark.django_db

KEYS = [
    "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY=",
    "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",
]
PDF = b"%PDF-1.7 a licence"

# Columns whose names sound like secrets, and what they have in place of one.
HARMLESS = {
    "billing.archivepart.content": "a part of a ZIP file of documents, which are no secrets to us",
    "billing.clearance.content": "a bill as it was sent to a tax office",
    "billing.clearance.file": "a bill as a tax office made it",
    "billing.issuerversion.logo": "a picture on bills",
    "merchants.user.password": "a hash that is slow to make",
    "merchants.invitation.token_digest": "a digest of 256 random bits",
    "billing.payment.idempotency_key": "a payment's name at its provider",
    "mfa.authenticator.data": "encrypted inside (merchants.sign_in.factors)",
    "sessions.session.session_key": "a digest (merchants.sign_in.sessions)",
    "sessions.session.session_data": "encrypted (merchants.sign_in.sessions)",
    "usersessions.usersession.session_key": "a digest (merchants.sign_in.sessions)",
    # The secret itself is encrypted; its model's name sounds like one.
    "gateway.webhooksecret.id": "a number",
    "gateway.webhooksecret.endpoint": "whose it is",
    "gateway.webhooksecret.made_at": "since when it counts",
    "gateway.webhooksecret.valid_until": "until when it counts",
    **dict.fromkeys(
        (
            "credit.withdrawal.request_key",
            "credit.limitrequest.request_key",
            "credit.freeze.request_key",
            "billing.billingcredit.request_key",
            "billing.thresholdrequest.request_key",
            "billing.billingquestion.request_key",
            "billing.card.request_key",
            "billing.waiver.request_key",
            "credit.proceedscorrection.request_key",
            "merchants.note.request_key",
            "merchants.invitation.request_key",
            "gateway.apikey.request_key",
            "gateway.webhookendpoint.request_key",
        ),
        "a form's own number",
    ),
    "billing.card.token": "Stripe's name of a card, good for nothing without our key at Stripe",
}
SOUNDS_SECRET = re.compile(r"secret|token|password|seed|(^|_)key$|session_data|authenticator.data")


def fields() -> Iterator[tuple[str, "models.Field[Any, Any]"]]:
    """The columns of all models, by name."""
    for model in apps.get_models():
        for field in model._meta.local_fields:
            yield f"{model._meta.label_lower}.{field.name}", field


def test_every_column_that_may_keep_a_secret_is_encrypted_or_known_to_be_harmless() -> None:
    found = dict(fields())
    open_ones = {
        name
        for name, field in found.items()
        if not isinstance(field, EncryptedField)
        and (SOUNDS_SECRET.search(name) or isinstance(field, models.BinaryField))
    }
    assert open_ones == HARMLESS.keys()


def test_rotations_and_the_audit_know_every_encrypted_column() -> None:
    ours = {name for name, field in fields() if isinstance(field, EncryptedField)}
    assert ours == {
        "billing.bankline.other_side",
        "credit.payoutdestination.number",
        "gateway.webhooksecret.secret",
        "merchants.profile.licence_document",
    }
    columns = encrypted.columns()
    assert {column.called for column in columns} == {
        "destination numbers", "licence documents", "webhook secrets", "second factors", "sessions",
        "other sides of bank lines",
    }  # fmt: skip
    for column in columns:
        if isinstance(column, encrypted.OfField):
            assert column.called
            assert column.field.bound_to  # else it is bound to no row


def raw(model: type[models.Model], column: str) -> str:
    """All that a dump of the table would have of the column."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT string_agg({column}::text, ' ') FROM {model._meta.db_table}")
        (text,) = cursor.fetchone()
    return str(text)


def test_a_licence_is_not_in_a_dump(settings: LazySettings) -> None:
    shop = shops.join("2026-11-01 10:00")
    ProfileFactory.create(shop=shop, at=NOW, fields={}, document=profiles.Document("l.pdf", PDF))
    assert PDF.hex() not in raw(Profile, "licence_document")
    profile = Profile.objects.get()
    assert profiles.read_document(profile) == PDF
    settings.TAEL_ENCRYPTION_KEYS = [KEYS[0]]
    with pytest.raises(profiles.DocumentUnreadable):
        profiles.read_document(profile)


def test_second_factors_are_not_in_a_dump() -> None:
    user = UserFactory.create()
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    kept = raw(Authenticator, "data")
    assert secret not in kept
    seed = Authenticator.objects.get(type="recovery_codes").data["seed"]
    assert not re.fullmatch("[0-9a-f]+", seed)  # as seeds are


def signs_in(user: User, code: str) -> bool:
    """Whether the person comes in with this code of an authenticator."""
    browser = Client()
    browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    browser.post("/accounts/2fa/authenticate/", {"code": code})
    return "_auth_user_id" in browser.session


def test_after_two_rotations_apps_recovery_codes_sessions_and_numbers_work_on(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TAEL_ENCRYPTION_KEYS = KEYS[:1]
    shop = shop_with("500.00")
    user, secret = member(shop), generate_totp_secret()
    TOTP.activate(user, secret)
    first_code, second_code, *_ = RecoveryCodes.activate(user).get_unused_codes()
    stays = Client()
    stays.force_login(user)
    assert signs_in(user, first_code)
    for old, new in ((0, 1), (1, 2)):
        settings.TAEL_ENCRYPTION_KEYS = [KEYS[new], KEYS[old]]
        said = io.StringIO()
        call_command("rotate_keys", stdout=said)
        assert "1 destination numbers, 1 of them encrypted anew." in said.getvalue()
        assert "2 second factors, 2 of them encrypted anew." in said.getvalue()
        settings.TAEL_ENCRYPTION_KEYS = [KEYS[new]]
    codes.hold(monkeypatch, timezone.now())
    assert signs_in(user, codes.code_of(secret))
    assert not signs_in(user, first_code)  # that it was used is kept
    assert signs_in(user, second_code)
    assert not signs_in(user, "000000")
    assert stays.get("/m/rosewood/").status_code == 200
    withdrawal = withdraw(shop, "100.00")
    batch = payout_files.export(withdrawal_ids=[withdrawal.pk], actor=OPERATOR, now=shop.at(NOW))
    assert "6212262000000050003" in batch.content


def test_another_rows_number_is_not_paid_to_and_the_audit_names_the_row() -> None:
    shop, thief = shop_with("500.00"), shop_with("500.00", "thief")
    own, others = (PayoutDestination.objects.get(line=one.line) for one in (shop, thief))
    PayoutDestination.objects.filter(pk=own.pk).update(number=bytes(others.number))
    withdrawal = withdraw(shop, "10.00")
    batch = payout_files.export(withdrawal_ids=[withdrawal.pk], actor=OPERATOR, now=shop.at(NOW))
    assert batch.content == ""
    assert Withdrawal.objects.get(pk=withdrawal.pk).status == "REQUESTED"
    second = add(shop, number="4242 4242 4242 4242")  # nor the merchant's own other number
    PayoutDestination.objects.filter(pk=own.pk).update(number=bytes(second.number))
    own.refresh_from_db()
    with pytest.raises(secrets.Undecryptable):
        encrypted.read(own, "number")
    output = io.StringIO()
    with pytest.raises(Exception, match="1 of"):
        call_command("audit", stdout=output)
    assert f"rosewood: destination numbers: row {own.pk}: expected opened" in output.getvalue()
