"""That a test of a refused action would notice whatever the action did."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.db import connection, models
from django.test.utils import isolate_apps

from credit.models import CreditLine
from merchants.models import Membership, User
from tests import shops, unchanged
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    """A shop with a charge and a member."""
    shop = shops.join("2026-11-01 10:00")
    assert shop.charge("2026-11-02 10:00", "pick-pack", "30.00", "c-1") == "applied"
    member(shop, email="mei@rosewood.example")
    return shop


def place(shop: Shop) -> None:
    assert shop.place("2026-11-03 10:00", "A-1", "10.00") == "applied"


def give_a_role(_: Shop) -> None:
    """Give the only person a role."""
    User.objects.get().groups.add(Group.objects.get(name="Auditor"))


def rename(_: Shop) -> None:
    """Give the only person another address."""
    User.objects.update(email="ann@rosewood.example")


def lower_the_limit(_: Shop) -> None:
    """Set all limits to 1."""
    CreditLine.objects.update(limit=1)


def leave(_: Shop) -> None:
    """Delete the only membership."""
    Membership.objects.get().delete()


def make_group(_: Shop) -> None:
    """Add a group."""
    Group.objects.create(name="Bystander")


@pytest.mark.parametrize(
    ("do", "said"),
    [
        (place, "credit_order: 0 rows are gone, 1 are new"),
        (place, "credit_limitentry: 0 rows are gone, 1 are new"),
        (give_a_role, "merchants_user_groups: 0 rows are gone, 1 are new"),
        (make_group, "auth_group: 0 rows are gone, 1 are new"),
        (rename, "merchants_user: 1 rows are gone, 1 are new"),
        (rename, "ann@rosewood.example"),
        (lower_the_limit, "credit_creditline: 1 rows are gone, 1 are new"),
        (leave, "merchants_membership: 1 rows are gone, 0 are new"),
    ],
)
def test_a_row_that_is_added_changed_or_deleted_is_named(
    shop: Shop, do: Callable[[Shop], None], said: str
) -> None:
    with pytest.raises(AssertionError) as failed, nothing_changes():
        do(shop)
    assert said in str(failed.value)


def test_what_is_expected_to_change_has_to_and_nothing_else_may(shop: Shop) -> None:
    with nothing_changes(but=["merchants_user"]):
        rename(shop)
    only_users = nothing_changes(but=["merchants_user"])
    with pytest.raises(AssertionError, match="did not: merchants_user"), only_users:
        pass
    only_users = nothing_changes(but=["merchants_user"])
    with pytest.raises(AssertionError, match="changed:\nmerchants_membership: 1 rows"), only_users:
        leave(shop)


def test_a_misspelt_table_is_refused() -> None:
    misspelt = nothing_changes(but=["merchant_user"])
    with pytest.raises(AssertionError, match="no table merchant_user"), misspelt:
        pass


def test_a_repeat_and_a_look_are_no_change(shop: Shop) -> None:
    browser = browser_of(User.objects.get())
    with nothing_changes():
        assert browser.get("/m/rosewood/").status_code == 200
        repeat = shop.charge("2026-11-02 10:00", "pick-pack", "30.00", "c-1")
        assert repeat == "duplicate"


def test_what_was_taken_back_is_no_change(shop: Shop) -> None:
    user = User.objects.get()
    with nothing_changes():
        rename(shop)
        User.objects.update(email=user.email)


def test_a_table_that_is_added_later_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    with isolate_apps("lib") as later:

        class Later(models.Model):
            name = models.CharField(max_length=10)

            class Meta:
                app_label = "lib"

            def __str__(self) -> str:
                return self.name

        monkeypatch.setattr(unchanged, "apps", later)
        with connection.schema_editor() as editor:
            editor.create_model(Later)
        seen = pytest.raises(AssertionError, match="lib_later: 0 rows are gone, 1 are new")
        with seen, nothing_changes():
            Later(name="late").save()


@pytest.mark.django_db(transaction=True)
def test_outside_of_a_transaction_it_sees_what_was_committed() -> None:
    shops.join("2026-11-01 10:00")
    with pytest.raises(AssertionError, match="credit_creditline: 1 rows"), nothing_changes():
        CreditLine.objects.update(used=1)
