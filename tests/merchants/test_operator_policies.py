"""Versions of the operator policy: two administrators introduce them, and they never change."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.urls import reverse

from billing.sorts import CREDIT, PRICE
from credit.models import CreditPolicy
from credit.operations import policies as credit_policies
from credit.queries.policies import in_force
from lib.refusals import AlreadyDecided, Invalid
from lib.second_person import SamePerson
from merchants.models import OperatorDecision, OperatorFigure, OperatorPolicy, Proposal, User
from merchants.operations import policies, two_people
from merchants.operations.policies import HasStarted, UnknownVersion
from merchants.operations.proposals import MayNotDecide
from merchants.queries import operator_policy
from tests.factories import (
    CreditPolicyFactory,
    GrantedCreditFactory,
    OperatorPolicyFactory,
    browser_of,
    operator,
)
from tests.shops import instant
from tests.text import text_of
from tests.two_people import confirm, policy_by_two, propose
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

NOW = instant("2026-11-10 09:00")
WHY: dict[str, Any] = {"reason": "As the owners decided."}
BY: dict[str, Any] = {"actor": "boss@tael.example", "now": NOW, **WHY}
ALL: dict[str, Any] = dict.fromkeys(OperatorPolicy.figure_names(), Decimal(500))


@pytest.fixture
def boss() -> User:
    """An administrator."""
    return operator("Administrator", email="boss@tael.example")


def introduce(starts_on: str, **figures: Any) -> Proposal:
    """Have a policy for operators in USD be introduced by two people."""
    day = date.fromisoformat(starts_on)
    return policy_by_two(
        policies.introduce, currency="USD", starts_on=day, now=NOW, **figures, **WHY
    )


def test_two_administrators_introduce_one_which_holds_from_its_day_on() -> None:
    proposal = introduce("2026-11-11", **ALL)
    policy = OperatorPolicy.objects.get()
    assert policy.version == 1
    assert policy.figures == {"pay_outs": 500, "thresholds": 500, "credits": 500, "prices": 500}
    assert proposal.after["credits"] == "500"
    assert operator_policy("USD", date(2026, 11, 10)) is None
    assert operator_policy("USD", date(2026, 11, 11)) == policy
    assert operator_policy("THB", date(2026, 11, 11)) is None
    introduce("2026-11-12", credits=Decimal(700))
    second = operator_policy("USD", date(2026, 11, 12))
    assert second is not None
    assert second.version == 2
    assert second.figures == {**policy.figures, "credits": 700}


def test_a_version_has_figures_for_some_sorts_alone_and_the_others_take_two() -> None:
    proposal = introduce("2026-11-11", credits=Decimal(700))
    assert proposal.after == {"version": "1", "starts_on": "2026-11-11", "credits": "700"}
    day = date(2026, 11, 11)
    by: dict[str, Any] = {"currency": "USD", "merchant_id": None, "day": day}
    assert not two_people.is_above(CREDIT, Decimal(700), **by)
    assert two_people.is_above(CREDIT, Decimal("700.01"), **by)
    assert two_people.is_above(PRICE, Decimal(0), **by)
    proposal = introduce("2026-11-12", prices=Decimal("0.000001"))
    assert proposal.before == {"version": "1", "starts_on": "2026-11-11"}
    by["day"] = date(2026, 11, 12)
    assert not two_people.is_above(PRICE, Decimal("0.000001"), **by)
    assert not two_people.is_above(CREDIT, Decimal(700), **by)


def test_one_administrator_introduces_none(boss: User) -> None:
    proposal = propose(
        policies.introduce, currency="USD", starts_on=date(2026, 11, 11), now=NOW, by=boss,
        **ALL, **WHY,
    )  # fmt: skip
    with nothing_changes(), pytest.raises(SamePerson):
        confirm(proposal, now=NOW, by=boss)
    with pytest.raises(MayNotDecide):
        confirm(proposal, now=NOW)  # an officer of both books
    assert not OperatorPolicy.objects.exists()


@pytest.mark.parametrize("starts_on", ["2026-11-10", "2026-11-09"])
def test_it_starts_tomorrow_at_the_earliest_also_where_it_is_confirmed_late(
    boss: User, starts_on: str
) -> None:
    other = operator("Administrator", email="other@tael.example")
    said: dict[str, Any] = {"currency": "USD", "starts_on": date(2026, 11, 11), **ALL}
    with nothing_changes(), pytest.raises(Invalid, match="after today"):
        two_people.decide(
            policies.introduce, said | WHY | {"starts_on": date.fromisoformat(starts_on)},
            actor=boss, now=NOW,
        )  # fmt: skip
    proposal = propose(policies.introduce, now=NOW, by=boss, **said, **WHY)
    # It is the 11th in UTC+14 by then, where a day has started that it would change.
    with nothing_changes(), pytest.raises(Invalid, match="after today"):
        confirm(proposal, now=instant("2026-11-10 10:00"), by=other)
    confirm(proposal, now=instant("2026-11-10 09:59:59"), by=other)
    assert OperatorPolicy.objects.get().starts_on == date(2026, 11, 11)


def test_what_makes_no_policy_is_refused_when_it_is_proposed(boss: User) -> None:
    day: dict[str, Any] = {"currency": "USD", "starts_on": date(2026, 11, 11), **WHY}
    with nothing_changes():
        for wrong in (
            ALL | {"limits": Decimal(1)},  # which has caps of its own
            ALL | {"credits": Decimal("0.001")},
            ALL | {"currency": "XXX"},
            ALL | {"reason": " "},
        ):
            with pytest.raises(Invalid):
                two_people.decide(policies.introduce, day | wrong, actor=boss, now=NOW)
        for figure in (Decimal(-1), Decimal("0.0000001"), Decimal(10) ** 18):
            with pytest.raises(ValidationError) as refused:
                two_people.decide(
                    policies.introduce, day | ALL | {"prices": figure}, actor=boss, now=NOW
                )
            assert set(refused.value.message_dict) == {"prices"}


def test_it_can_be_withdrawn_before_it_starts_and_the_one_before_stays() -> None:
    OperatorPolicyFactory.create()
    second = OperatorPolicyFactory.create(version=2, starts_on=date(2026, 11, 11))
    policies.withdraw(policy_id=second.pk, **BY)
    second.refresh_from_db()
    assert (second.withdrawn_at, second.withdrawn_by) == (NOW, "boss@tael.example")
    in_november = operator_policy("USD", date(2026, 11, 30))
    assert in_november is not None
    assert in_november.version == 1
    with nothing_changes(), pytest.raises(AlreadyDecided):
        policies.withdraw(policy_id=second.pk, **BY)
    # The next one may start on the same day.
    introduce("2026-11-11", credits=Decimal(5))
    third = operator_policy("USD", date(2026, 11, 11))
    assert third is not None
    assert (third.version, third.figures["credits"]) == (3, 5)


def test_what_has_started_somewhere_is_not_withdrawn() -> None:
    policy = OperatorPolicyFactory.create(starts_on=date(2026, 11, 11))
    with nothing_changes(), pytest.raises(HasStarted):
        policies.withdraw(policy_id=policy.pk, **BY | {"now": instant("2026-11-10 10:00")})
    with nothing_changes(), pytest.raises(UnknownVersion):
        policies.withdraw(policy_id=policy.pk + 1, **BY)
    policies.withdraw(policy_id=policy.pk, **BY)


def test_a_credit_policy_is_withdrawn_likewise() -> None:
    policy = CreditPolicyFactory.create(starts_on=date(2026, 11, 12))
    assert in_force("USD", date(2026, 11, 12)).version == 2
    credit_policies.withdraw(policy_id=policy.pk, **BY)
    assert in_force("USD", date(2026, 11, 12)).version == 1
    with nothing_changes(), pytest.raises(HasStarted):
        credit_policies.withdraw(
            policy_id=CreditPolicy.objects.get(currency="USD", version=1).pk, **BY
        )


def test_the_database_refuses_any_change() -> None:
    policy = OperatorPolicyFactory.create(starts_on=date(2026, 11, 11))
    policies.withdraw(policy_id=policy.pk, **BY)
    for change in (
        OperatorPolicy.objects.all().delete,
        lambda: OperatorPolicy.objects.update(currency="THB"),
        lambda: OperatorFigure.objects.update(up_to=Decimal(9)),
        OperatorFigure.objects.all().delete,
        lambda: OperatorFigure.objects.create(policy=policy, sort="credits", up_to=9),
        lambda: OperatorFigure.objects.create(policy=policy, sort="limits", up_to=-1),
        lambda: OperatorPolicy.objects.update(withdrawn_at=None, withdrawn_by=""),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    started = OperatorPolicyFactory.create(currency="THB")
    with pytest.raises(DatabaseError), transaction.atomic():
        OperatorPolicy.objects.filter(pk=started.pk).update(withdrawn_at=NOW, withdrawn_by="boss")


def test_its_page_starts_from_a_versions_figures_and_tells_that_it_waits(boss: User) -> None:
    policy = OperatorPolicyFactory.create()
    page = reverse("admin:merchants_operatorpolicy_decide", args=[policy.pk, "introduce"])
    browser = browser_of(boss)
    initial = browser.get(page).context["form"].initial
    assert initial["credits"] == Decimal(1000)
    said: dict[str, Any] = {name: str(value) for name, value in initial.items()} | WHY
    told = text_of(browser.post(page, said | {"starts_on": "2099-01-01"}, follow=True))
    assert "The new version waits for a second person." in told
    assert OperatorPolicy.objects.count() == 1
    assert Proposal.objects.get().status == "PROPOSED"


@pytest.mark.full  # lists are drawn in test_admin_pages
def test_lists_show_each_sort_by_its_name(boss: User) -> None:
    policy = OperatorPolicyFactory.create(prices=Decimal("0.5"))
    browser = browser_of(boss)
    listed = text_of(browser.get(reverse("admin:merchants_operatorpolicy_changelist")))
    heading = "Pay-outs up to Thresholds up to Credits up to Prices of a unit up to"
    assert heading in listed
    assert "1,000 1,000 1,000 0.5" in listed
    page = reverse("admin:merchants_operatorpolicy_change", args=[policy.pk])
    assert "Prices of a unit up to" in text_of(browser.get(page))
    GrantedCreditFactory.create()
    decided = OperatorDecision.objects.get()
    page = reverse("admin:merchants_operatordecision_changelist")
    assert f"Credit: {decided.subject}" in text_of(browser.get(page, {"what": "credits"}))
    assert decided.subject not in text_of(browser.get(page, {"what": "limits"}))


def test_figures_that_make_no_sense_are_refused_with_the_reason(boss: User) -> None:
    """Three zeros more by a slip of the hand would leave all pay-outs to one person."""
    day: dict[str, Any] = {"currency": "USD", "starts_on": date(2026, 11, 11), **WHY}
    for figure, too_much, said in (
        ("pay_outs", "1000000.01", "Up to 1,000,000 USD: one person sends no more than that"),
        ("credits", "5000000", "Up to 1,000,000 USD: one person gives"),
        ("thresholds", "1000001", "Up to 1,000,000 USD: as much is owed"),
        ("prices", "10000.000001", "Up to 10,000 USD: one parcel"),
    ):
        wrong = day | ALL | {figure: Decimal(too_much)}
        with nothing_changes(), pytest.raises(ValidationError) as refused:
            two_people.decide(policies.introduce, wrong, actor=boss, now=NOW)
        assert said in refused.value.message_dict[figure][0]
    introduce("2026-11-11", **ALL | {"pay_outs": Decimal(1_000_000)})
    assert OperatorPolicy.objects.get().figures["pay_outs"] == 1_000_000
    yen = day | ALL | {"currency": "JPY", "pay_outs": Decimal(200_000_000)}
    two_people.decide(policies.introduce, yen, actor=boss, now=NOW)  # waits for the second person
    page = browser_of(boss).get("/admin/merchants/operatorpolicy/decide/introduce/")
    assert "one person sends no more than that to a merchant in a day" in text_of(page)
