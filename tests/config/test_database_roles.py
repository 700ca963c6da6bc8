"""deploy/roles.sql: Tael works as the role that owns nothing, and that role can do no more.

All of it happens in the test's transaction, roles included.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from billing.models import Charge
from billing.models.documents import KEPT_FOR
from billing.operations import archives
from credit.models import Order
from gateway.models import ReceivedEvent
from jobs.timetable import job_named
from merchants.models import SavedView, User
from merchants.operations import people, proposals, saved_views, team
from tests import shops
from tests.credit.withdrawing import add, shop_with, withdraw
from tests.factories import PASSWORD, ProposalFactory, member, operator
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

SQL = (Path(settings.BASE_DIR) / "deploy" / "roles.sql").read_text()


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def as_the_app() -> Iterator[None]:
    """Two administrators are there, and a shop with a day behind it; then the role counts."""
    operator("Administrator", email="boss@tael.example")
    operator("Administrator", email="other@tael.example")
    shop = shop_with("500.00")
    member(shop, email="mei@rosewood.example")
    run("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")  # what is to be checked is
    run(SQL)
    run(SQL)  # it may run again
    run("SET LOCAL ROLE tael_app")
    yield
    run("RESET ROLE")


def test_it_runs_before_there_are_tables() -> None:
    run("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    run(SQL)
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_schema_privilege('tael_owner', 'public', 'CREATE'),"
                       " has_schema_privilege('tael_app', 'public', 'CREATE')")  # fmt: skip
        assert cursor.fetchone() == (True, False)


@pytest.mark.usefixtures("as_the_app")
def test_what_tael_does_every_day_works_as_the_apps_role() -> None:
    shop, now = shops.Shop("rosewood"), timezone.now()
    browser = Client()
    browser.post("/accounts/login/", {"login": "mei@rosewood.example", "password": PASSWORD})
    assert browser.get("/m/rosewood/").status_code == 200
    assert shop.place("2026-11-02 10:00", "A-1", "12.50") == "applied"
    assert shop.charge("2026-11-02 11:00", "app-usage", "15.00") == "applied"
    add(shop, number="4242 4242 4242 4242", at="2026-11-02 12:00")
    shop.run_jobs("2026-11-04 00:00")
    withdraw(shop, "20.00", "2026-11-04 10:00")
    assert Order.objects.get(reference="A-1").status == "OPEN"
    assert Charge.objects.filter(amount=15).exists()
    boss, other = (User.objects.get(email=f"{name}@tael.example") for name in ("boss", "other"))
    proposal = ProposalFactory.create(email="new@tael.example", actor=boss, now=now)
    proposals.confirm(proposal_id=proposal.pk, actor=other, now=now)
    new = User.objects.get(email="new@tael.example")
    assert (new.is_staff, new.groups.get().name) == (True, "Auditor")
    people.deactivate(user_id=new.pk, reason="Left.", actor=boss, now=now)
    ReceivedEvent.objects.create(received_at=now - timedelta(days=31))
    for name in ("retention", "lapse-proposals", "notice-mails"):
        job_named(name).run_here(now)
    assert not ReceivedEvent.objects.exists()
    call_command("rotate_keys")
    what_people_take_away_goes(shop, now)
    assert TrailEntry.objects.filter(action="PROPOSAL_CONFIRMED").exists()


def what_people_take_away_goes(shop: shops.Shop, now: datetime) -> None:
    """A member with a view of a list, and the parts of a ZIP file that was kept for long enough."""
    owner = User.objects.get(email="mei@rosewood.example")
    asked: dict[str, Any] = {"page": "credit:orders", "name": "Mine", "query": "", "now": now}
    viewer = member(shop, "VIEWER").memberships.get()
    for _ in range(2):
        view = saved_views.save(membership_id=viewer.pk, **asked)
        saved_views.remove(membership_id=viewer.pk, view_id=view.pk)
    saved_views.save(membership_id=viewer.pk, **asked)
    team.remove(merchant_id=shop.merchant.pk, actor=owner, membership_id=viewer.pk, now=now)
    assert not SavedView.objects.exists()
    built = archives.ask(merchant_id=shop.merchant.pk, year=2026, actor=owner.email, now=now)
    for at in (now, now + KEPT_FOR):
        archives.work_off(built.pk, at)
    built.refresh_from_db()
    assert (built.status, built.parts.exists()) == ("EXPIRED", False)


FORBIDDEN = [
    "CREATE TABLE public.mine (id int)",
    "DROP TABLE billing_charge",
    "ALTER TABLE billing_charge DISABLE TRIGGER ALL",
    "SET session_replication_role = replica",
    "TRUNCATE billing_charge CASCADE",
    "DELETE FROM billing_charge",
    "DELETE FROM credit_limitentry",
    "UPDATE credit_limitentry SET limit_change = 1",
    "UPDATE credit_proceedsentry SET amount = 1",
    "DELETE FROM trail_trailentry",
    "UPDATE trail_trailentry SET reason = ''",
    "DELETE FROM merchants_proposal",
    "DELETE FROM merchants_user",
    "UPDATE merchants_user SET is_superuser = true",
    "INSERT INTO merchants_user (email, password, is_superuser, first_name, last_name, is_staff,"
    " is_active, date_joined, language) VALUES ('x@tael.example', '!', true, '', '', true, true,"
    " now(), '')",
    "INSERT INTO auth_group_permissions (group_id, permission_id) SELECT auth_group.id,"
    " auth_permission.id FROM auth_group, auth_permission LIMIT 1",
    "DELETE FROM auth_group_permissions",
    "UPDATE auth_group SET name = 'Mine'",
    "UPDATE auth_permission SET codename = 'mine'",
    "INSERT INTO merchants_user_user_permissions (user_id, permission_id) SELECT merchants_user.id,"
    " auth_permission.id FROM merchants_user, auth_permission LIMIT 1",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('credit', '0009', now())",
]


@pytest.mark.usefixtures("as_the_app")
def test_the_apps_role_is_refused_what_nobody_may_do() -> None:
    allowed = []
    for statement in FORBIDDEN:
        try:
            with transaction.atomic():
                run(statement)
                allowed.append(statement)
                transaction.set_rollback(True)
        except DatabaseError as error:
            said = str(error)
            expected = ("permission denied", "must be owner", "only the owner", "never", "append")
            assert any(words in said for words in expected), f"{statement}: {said}"
    assert allowed == []


@pytest.mark.usefixtures("as_the_app")
def test_the_owner_makes_superusers_and_the_app_keeps_those_that_are_there() -> None:
    User.objects.filter(email="other@tael.example").update(is_active=False)
    with pytest.raises(DatabaseError, match="only the owner"), transaction.atomic():
        User.objects.create_superuser("root@tael.example", PASSWORD)
    run("SET LOCAL ROLE tael_owner")
    root = User.objects.create_superuser("root@tael.example", PASSWORD)
    run("SET LOCAL ROLE tael_app")
    root.last_login = timezone.now()
    root.save()  # all columns, as a sign-in may
    assert User.objects.get(pk=root.pk).is_superuser
