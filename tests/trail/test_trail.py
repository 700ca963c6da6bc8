"""What people do at their own shop is on the trail; what rules do is not, and nothing is undone."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from moneyed import Money
from pytest_django import Settings

from billing.operations import payment_methods, payments
from billing.trail import Action as OfBilling
from credit.models import PayoutDestination
from credit.operations import destinations, requests
from credit.trail import Action as OfCredit
from gateway.imports.trail import Action as OfImports
from gateway.trail import Action as OfApi
from gateway.webhooks.trail import Action as OfWebhooks
from jobs.trail import Action as OfJobs
from lib.refusals import Invalid, Refused
from merchants.models import Invitation, Membership
from merchants.operations import invitations, inviting, profiles, team
from merchants.trail import Action
from notices.trail import Action as OfNotices
from tests import trailed
from tests.billing import deciding, paying
from tests.credit import reviewing, withdrawing
from tests.factories import UserFactory, member
from tests.shops import Shop, instant
from trail import actions
from trail import operations as trail
from trail.downloads import Action as OfLists
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

MEI = withdrawing.MERCHANT
AT = "2026-11-03 10:00"
BY: dict[str, Any] = {"actor": MEI, "now": instant(AT)}


@pytest.fixture(autouse=True)
def sandbox(settings: Settings) -> None:
    """The sandbox is switched on."""
    settings.TAEL_SANDBOX = True


@pytest.fixture
def shop() -> Shop:
    """A shop with 1000.00 to withdraw, a bill of 39.00 that waits for a transfer, and a charge of
    30.00.
    """
    shop = withdrawing.shop_with("1000.00", plan_price="39.00", plan_interval_days=365)
    shop.charge("2026-11-02 10:00", "pick-pack", "30.00", "c-1")
    return shop


def what(doing: Callable[[], object], by: str = MEI) -> list[tuple[Any, ...]]:
    """Action, subject, before, after of all that doing it left on the trail; again, nothing."""
    since = trailed.newest()
    doing()
    for entry in trailed.entries(since):
        assert (entry.actor, entry.at) == (by, instant(AT))
        assert entry.merchant
        assert entry.merchant.reference == "rosewood"
    rows = trailed.told(since)
    since = trailed.newest()
    with suppress(Refused):
        doing()
    assert trailed.told(since) == []
    return [tuple(row) for row in rows]


# --- money ---------------------------------------------------------------------------------------


def test_a_withdrawal_asked_for_and_cancelled(shop: Shop) -> None:
    rows = what(lambda: withdrawing.ask(shop, "100.00", key="form"))
    withdrawal = shop.line.withdrawals.get()
    before, after = {"proceeds": "1000.00 USD"}, {"proceeds": "900.00 USD"}
    asked = {"status": "REQUESTED", "amount": "100.00 USD", "fee": "0.00 USD"}
    asked["destination"] = "BANK_CARD ···· 0003"
    assert rows == [("WITHDRAWAL_REQUESTED", str(withdrawal), before, after | asked)]
    assert what(lambda: withdrawing.cancel(withdrawal)) == [
        ("WITHDRAWAL_CANCELLED", str(withdrawal),
         {"status": "REQUESTED"} | after, {"status": "CANCELLED"} | before)
    ]  # fmt: skip


def test_a_destination_is_named_as_pages_show_it_only(shop: Shop) -> None:
    number = "13800138000"

    def add() -> PayoutDestination:
        said: dict[str, Any] = {"holder": "Mei Lin", "number": number, **BY}
        said["kind"] = PayoutDestination.Kind.ALIPAY
        return destinations.add(merchant_id=shop.line.pk, **said)[0]

    words = {"holder": "Mei Lin", "bank": "", "usable_from": "2026-11-04T10:00:00+00:00"}
    assert what(add) == [("DESTINATION_ADDED", "ALIPAY 138******00", {}, words)]
    key = {"merchant_id": shop.line.pk, "destination_id": shop.destination.pk}
    assert what(lambda: destinations.remove(**key, **BY)) == [
        ("DESTINATION_REMOVED", "ALIPAY 138******00", words, {})
    ]
    assert number not in str(TrailEntry.objects.values())
    assert number[-5:] not in str(TrailEntry.objects.values())


def test_a_credit_a_raise_and_a_threshold_that_are_asked_for(shop: Shop) -> None:
    raised = {"merchant_id": shop.line.pk, "limit_wanted": Money("200000", "USD")}
    (row,) = what(lambda: requests.ask_raise(**raised, message="For spring.", **BY))
    request = shop.line.requests.get()
    wanted = {"limit_wanted": "200000.00 USD"}
    assert row == ("RAISE_REQUESTED", f"limit request {request.pk}", {}, wanted)
    assert trailed.entries()[-1].reason == "For spring."
    (row,) = what(lambda: deciding.ask(shop, AT, "c-1", "5.00", form="f"), by=deciding.MERCHANT)
    credited = {"amount": "5.00 USD", "fee": "credit-pick-pack", "charge": "c-1"}
    assert row == ("CREDIT_REQUESTED", f"credit {shop.account.credits.get().pk}", {}, credited)
    (row,) = what(lambda: deciding.ask_threshold(shop, AT, "500.00"), by=deciding.MERCHANT)
    asked = f"threshold request {shop.account.threshold_requests.get().pk}"
    assert row == ("THRESHOLD_REQUESTED", asked, {}, {"threshold_wanted": "500.00 USD"})


def test_a_card_a_method_and_a_payment(shop: Shop) -> None:
    key: dict[str, Any] = {"merchant_id": shop.merchant.pk, **BY}
    card: dict[str, Any] = {
        "provider": "sandbox",
        "token": "tok_secret",
        "brand": "Visa",
        "last_four": "4242",
    }
    since = trailed.newest()
    payment_methods.add_card(**card, **key)
    words = {"card": "Visa ···· 4242", "provider": "sandbox"}
    assert trailed.told(since) == [
        ("CARD_ADDED", "Visa ···· 4242", {}, words),
        ("METHOD_CHANGED", "billing account",
         {"payment_method": "manual"}, {"payment_method": "sandbox Visa ···· 4242"}),
    ]  # fmt: skip
    invoice = shop.account.invoices.get()
    assert what(lambda: payments.pay_now(invoice_id=invoice.pk, **BY)) == [
        ("PAYMENT_STARTED", f"T-{invoice}-1", {}, {"amount": "39.00 USD", "provider": "sandbox"})
    ]
    assert len(what(lambda: payment_methods.choose(method="proceeds", **key))) == 1
    assert what(lambda: payment_methods.remove_card(card_id=_card(shop), **key)) == [
        ("CARD_REMOVED", "Visa ···· 4242", words, {})
    ]
    assert "tok_secret" not in str(TrailEntry.objects.values())


def _card(shop: Shop) -> int:
    """The key of the shop's only card."""
    return shop.account.cards.get().pk


# --- people --------------------------------------------------------------------------------------


def test_an_invitation_and_the_roles_that_follow(shop: Shop) -> None:
    owner = member(shop, email="olive@rosewood.example")
    key: dict[str, Any] = {"merchant_id": shop.merchant.pk, "actor": owner, "now": instant(AT)}

    def invite(role: str) -> Invitation:
        return inviting.invite(email="new@shop.example", role=Membership.Role(role), **key)

    since = trailed.newest()
    invite("VIEWER")
    invitation = invite("FINANCE")
    assert trailed.told(since) == [
        ("MEMBER_INVITED", "new@shop.example", {"role": ""}, {"role": "VIEWER"}),
        ("MEMBER_INVITED", "new@shop.example", {"role": "VIEWER"}, {"role": "FINANCE"}),
    ]
    revoke = {"invitation_id": invitation.pk, **key}
    assert what(lambda: inviting.revoke(**revoke), owner.email) == [
        ("INVITATION_REVOKED", "new@shop.example", {"role": "FINANCE"}, {"role": ""})
    ]


def test_roles_given_changed_and_taken(shop: Shop, mailoutbox: list[Any]) -> None:
    owner = member(shop, email="olive@rosewood.example")
    key: dict[str, Any] = {"merchant_id": shop.merchant.pk, "actor": owner, "now": instant(AT)}
    person = UserFactory.create(email="new@shop.example")
    inviting.invite(email=person.email, role=Membership.Role.VIEWER, **key)
    token = mailoutbox[0].body.partition("/invitations/")[2].split("/")[0]
    joined = what(
        lambda: invitations.accept(token=token, user=person, now=instant(AT)), person.email
    )
    assert joined == [("ROLE_GIVEN", person.email, {"role": ""}, {"role": "VIEWER"})]
    its = {"membership_id": person.memberships.get().pk, **key}
    role = Membership.Role.FINANCE
    assert what(lambda: team.change_role(role=role, **its), owner.email) == [
        ("ROLE_CHANGED", person.email, {"role": "VIEWER"}, {"role": "FINANCE"})
    ]
    assert what(lambda: team.remove(**its), owner.email) == [
        ("ROLE_TAKEN", person.email, {"role": "FINANCE"}, {"role": ""})
    ]


def test_a_profile(shop: Shop) -> None:
    def complete(**fields: str) -> Callable[[], object]:
        return lambda: profiles.complete(merchant_id=shop.merchant.pk, fields=fields, **BY)

    both = {"contact_name": "Mei", "licence_number": "L-1"}
    assert what(complete(**both)) == [
        ("PROFILE_CHANGED", "profile",
         {"contact_name": "", "licence_number": "", "contacts": "", "licence": ""},
         both | {"contacts": "WAITING", "licence": "WAITING"})
    ]  # fmt: skip
    assert what(complete(**both | {"licence_number": "L-2"})) == [
        ("PROFILE_CHANGED", "profile",
         {"licence_number": "L-1", "licence": "WAITING"},
         {"licence_number": "L-2", "licence": "WAITING"})
    ]  # fmt: skip


# --- what is not on the trail --------------------------------------------------------------------


def test_what_rules_and_events_do_is_in_the_books_only() -> None:
    """Orders, proceeds, a review, freezes, a threshold bill, payments that fail and succeed."""
    shop = paying.billed(card=paying.SHORT, credit_limit="5000.00", plan_price="39.00")
    since = trailed.newest()  # the card was added by a person
    reviewing.metrics(shop, "2026-11-02 10:00", *reviewing.PERFECT)
    shop.place("2026-11-02 11:00", "A-1", "3000.00")
    shop.deliver("2026-11-02 13:00", "A-1")
    shop.charge("2026-11-03 15:00", "pick-pack", "210.00", "C-3")
    for day in ("2026-11-04", "2026-11-10", "2026-11-14", "2026-12-01", "2026-12-15"):
        shop.run_jobs(f"{day} 00:00")
    shop.pay("2026-12-15 10:00", "A-1", "3000.00")
    assert shop.line.reviews.exists()
    assert shop.line.freezes.filter(reason="OVERDUE", lifted_at__isnull=False).exists()
    assert len(shop.invoices()) > 1
    assert trailed.told(since) == []


# --- nothing is undone ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement", ["UPDATE trail_trailentry SET reason = ''", "DELETE FROM trail_trailentry"]
)
def test_the_trail_is_append_only(shop: Shop, statement: str) -> None:
    assert TrailEntry.objects.exists()
    with pytest.raises(DatabaseError, match="Cannot update or delete rows"), transaction.atomic():
        connection.cursor().execute(statement)


def test_what_is_rolled_back_leaves_no_row(shop: Shop) -> None:
    since = trailed.newest()
    with transaction.atomic():
        withdrawing.withdraw(shop, "100.00")
        transaction.set_rollback(True)
    assert trailed.told(since) == []


def test_nothing_is_cut_a_reason_that_does_not_fit_is_refused(shop: Shop) -> None:
    since = trailed.newest()
    with pytest.raises(Invalid, match="reason: must not be longer than 500 characters"):
        trail.write(Action.KEY_ROTATED, actor="a", subject="s", reason="r" * 501, now=instant(AT))
    assert trailed.told(since) == []
    trail.write(Action.KEY_ROTATED, actor="a", subject="s", reason="r" * 500, now=instant(AT))
    assert TrailEntry.objects.latest("pk").reason == "r" * 500


def test_an_action_has_a_label_and_its_code_is_its_name() -> None:
    declared = (
        OfLists,
        OfJobs,
        Action,
        OfNotices,
        OfCredit,
        OfBilling,
        OfApi,
        OfImports,
        OfWebhooks,
    )
    all_of_them = [action for actions_of_app in declared for action in actions_of_app]
    assert all(action.name == action.value for action in all_of_them)
    labels = {str(action.label) for action in all_of_them}
    assert len(labels) == len(all_of_them)
    assert labels == {label for _, label in actions.choices()}
    assert max(len(action.value) for action in all_of_them) <= 40  # the column's length


def test_an_action_is_declared_once() -> None:
    with pytest.raises(ValueError, match="is taken"):
        actions.register(Action)
