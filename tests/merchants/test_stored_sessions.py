"""Sessions in the database are no way in: it has digests of their keys, and encrypted contents."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from jobs.timetable import job_named
from merchants.operations import sessions as operations
from merchants.sign_in import sessions
from merchants.sign_in.sessions import Digest
from tests.factories import PASSWORD, UserFactory, signed_in

pytestmark = pytest.mark.django_db

KEPT = ("django_session", "usersessions_usersession")


def kept(table: str) -> list[str]:
    """The keys of sessions in this table."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT session_key FROM {table}")
        return [key for (key,) in cursor.fetchall()]


def cookie_of(client: Client) -> str:
    """The session's cookie in this browser."""
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def sign_in() -> tuple[Client, str]:
    """A browser in which somebody new has signed in, and their e-mail address."""
    user, client = UserFactory.create(), Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert client.get("/accounts/sessions/").status_code == 200
    return client, user.email


def test_both_tables_have_the_digest_of_the_cookie_and_not_the_cookie() -> None:
    client, _email = sign_in()
    cookie = cookie_of(client)
    for table in KEPT:
        assert kept(table) == [str(Digest.of(cookie))]
        assert cookie not in kept(table)


def test_what_the_database_has_is_no_cookie() -> None:
    _client, _email = sign_in()
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = kept("django_session")[0]
    assert thief.get("/accounts/sessions/").status_code == 302


def test_what_a_session_holds_cannot_be_read_in_the_database() -> None:
    client, _email = sign_in()
    session = client.session
    session["mfa.totp.secret"] = "JBSWY3DPEHPK3PXP"
    session.save()
    (data,) = Session.objects.values_list("session_data", flat=True)
    assert "JBSWY3DPEHPK3PXP" not in data
    assert sessions.SessionStore(cookie_of(client))["mfa.totp.secret"] == "JBSWY3DPEHPK3PXP"
    # Another session's contents do not open in this one.
    other, _email = sign_in()
    Session.objects.filter(session_key=cookie_of(other)).update(session_data=data)
    assert other.get("/accounts/sessions/").status_code == 302


def test_a_session_is_listed_as_the_present_one_and_can_be_ended() -> None:
    client, email = sign_in()
    other = signed_in(UserSession.objects.get().user)
    listed = client.get("/accounts/sessions/").context["sessions"]
    assert sorted(one.session_key == cookie_of(client) for one in listed) == [False, True]
    client.post("/accounts/sessions/")
    assert other.get("/accounts/sessions/").status_code == 302
    assert client.get("/accounts/sessions/").status_code == 200
    assert operations.end(UserSession.objects.get().user) == 1
    assert client.get("/accounts/sessions/").status_code == 302
    assert [kept(table) for table in KEPT] == [[], []]
    assert email


def test_a_digest_is_equal_to_the_key_that_it_is_of_and_to_no_other() -> None:
    digest = Digest.of("n4w0vx1m2p7c8a")
    assert len(digest) == 40
    assert digest == "n4w0vx1m2p7c8a"
    assert digest != "another-key-of-a-session"
    assert digest != str(digest)  # a text is a key, however it looks
    assert Digest.of(digest) == digest


def test_expired_sessions_are_cleared_by_a_job() -> None:
    now = timezone.now()
    old, _email = sign_in()
    here, _other = sign_in()
    job = job_named("retention")
    Session.objects.filter(session_key=cookie_of(old)).update(expire_date=now - timedelta(1))
    job.run_here(now + timedelta(days=30))  # run for then, by hand
    assert [kept(table) for table in KEPT] == [[str(Digest.of(cookie_of(here)))]] * 2
    assert here.get("/accounts/sessions/").status_code == 200
