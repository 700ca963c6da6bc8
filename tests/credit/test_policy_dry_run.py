"""What a new version of the credit policy would change is shown before anybody decides on it."""

import random
from collections import Counter
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from moneyed import Money

from backoffice import decision_pages
from credit.models import CreditLine, CreditPolicy, LimitReview
from credit.operations import limits
from credit.queries import dry_run, policies, previews
from merchants.models import Proposal
from tests import shops
from tests.amounts import usd
from tests.credit import reviewing
from tests.credit.deciding import DECIDED_AT, address
from tests.factories import CreditPolicyFactory, browser_of, operator
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

INTRODUCE = "/admin/credit/creditpolicy/decide/introduce/"
NEXT = {"currency": "USD", "starts_on": "2026-12-01", "reason": "For winter."}
NOW = DECIDED_AT


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the decisions' pages stands at NOW."""
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: NOW))


def shop_that(reference: str, sells: str, *metrics: Any, **terms: Any) -> shops.Shop:
    """A shop that has sold so much, with these metrics."""
    shop = shops.join("2026-10-01 10:00", reference, name=reference, **terms)
    shop.place("2026-10-02 10:00", "A-1", sells)
    shop.ship("2026-10-02 11:00", "A-1")
    shop.deliver("2026-10-02 12:00", "A-1")
    shop.pay("2026-10-03 10:00", "A-1", sells)
    reviewing.metrics(shop, "2026-10-04 10:00", *metrics)
    return shop


def several() -> None:
    """One shop that A raises at once, one that waits for an operator, one cut, one left."""
    for at, (stars, mark) in enumerate((("4.8", 100), ("4.8", 100), ("3.0", 10), ("4.5", 60))):
        limit = "19000.00" if at == 1 else "5000.00"
        shop_that(f"shop-{at}", limit, stars, mark, mark, mark, credit_limit=limit)


def in_python(policy: CreditPolicy) -> dict[str, Any]:
    """The outcome of a dry run of the policy, line by line, by the arithmetic of reviews."""
    looks = previews.of_lines(list(CreditLine.objects.order_by("pk")), {"USD": policy}, NOW)
    grades = Counter(look.result.grade.value for look in looks)
    told: dict[str, Any] = {f"grade_{name.lower()}": grades[name] for name in "ABCD"}
    told |= {"lines": len(looks), "raised": 0, "raised_by": Decimal(0), "waiting": 0}
    told |= {"waiting_for": Decimal(0), "cut": 0, "cut_by": Decimal(0), "limits": Decimal(0)}
    for look in looks:
        before, after = look.inputs.limit, look.result.limit
        waits = look.result.status == LimitReview.Status.PENDING
        if after != before:
            kind = "waiting" if waits else "raised" if after > before else "cut"
            told[kind] += 1
            told["waiting_for" if waits else f"{kind}_by"] += abs(after - before)
        told["limits"] += before if waits else after
    return told


def test_the_database_computes_what_reviews_compute() -> None:
    several()
    chance = random.Random(17)
    base = policies.in_force("USD", date(2026, 11, 4))
    for _ in range(12):
        figures: dict[str, Decimal | int] = {
            "rating_floor": Decimal(chance.choice(["3.0", "4.0", "4.3"])),
            "volume_multiple": Decimal(chance.choice(["0.3", "1", "3", "7"])),
            "a_from": Decimal(chance.choice(["70", "80", "85"])),
            "b_from": Decimal(chance.choice(["60", "65"])),
            "a_factor": Decimal(chance.choice(["1.7", "2", "3.3333"])),
            "d_factor": Decimal(chance.choice(["0.5", "0.75", "0.3333"])),
            "step": Decimal(chance.choice(["1", "100", "700"])),
            "automatic_up_to": Decimal(chance.choice(["5000", "20000"])),
            "minimum_limit": Decimal(chance.choice(["0", "1000", "4900"])),
            "paid_days": chance.choice([7, 30, 90]),
        }
        policy = base.next_version(2, date(2026, 12, 1), figures)
        assert vars(dry_run.outcome(policy, NOW)) == in_python(policy)


def test_of_an_overdue_order_only_the_parts_past_their_day_count_towards_a_freeze() -> None:
    policy = policies.in_force("USD", date(2026, 11, 4))
    shop = shops.join("2026-09-01 10:00", credit_limit="1000.00", payment_days=0)
    shop.place("2026-10-01 10:00", "A", "300.00", instalments=3)  # due 1 Oct, 31 Oct, 30 Nov
    shop.deliver("2026-10-01 11:00", "A")
    shop.run_jobs("2026-10-31 00:00")
    assert (dry_run.overdue_enough(policy), shop.frozen_by()) == (0, [])  # 100 of 1,000
    shop.run_jobs("2026-11-01 00:00")
    assert (dry_run.overdue_enough(policy), shop.frozen_by()) == (1, ["OVERDUE"])  # 200 of 1,000
    shop.pay("2026-11-01 10:00", "A", "0.01")
    assert (dry_run.overdue_enough(policy), shop.frozen_by()) == (0, [])


def test_with_a_limit_of_nothing_any_overdue_amount_counts_towards_a_freeze() -> None:
    policy = policies.in_force("USD", date(2026, 11, 4))
    shop = shops.join("2026-09-01 10:00", credit_limit="1000.00", payment_days=0)
    shop.place("2026-10-01 10:00", "A", "10.00")
    shop.deliver("2026-10-01 11:00", "A")
    shop.run_jobs("2026-10-03 00:00")
    assert (dry_run.overdue_enough(policy), shop.frozen_by()) == (0, [])  # 1 % of the limit
    limits.set_limit(
        merchant_id=shop.line.pk,
        limit=Money(0, "USD"),
        actor="olga@tael.example",
        reason="No new orders.",
        now=shop.at("2026-10-03 10:00"),
    )
    shop.run_jobs("2026-10-04 00:00")
    assert (dry_run.overdue_enough(policy), shop.frozen_by()) == (1, ["OVERDUE"])


@pytest.mark.full  # what the database computes, above
def test_the_page_shows_both_versions_and_decides_nothing() -> None:
    several()
    browser = browser_of(operator("Administrator"))
    assert "Show what it would change" in text_of(browser.get(INTRODUCE))
    with nothing_changes():
        page = browser.post(INTRODUCE, NEXT | {"d_factor": "0.5", "dry_run": "1"})
    said = text_of(page)
    assert "Lines that have a review 4 4" in said
    assert "Lines that go down 1 1" in said
    assert "By so much in all, down 1,300.00 USD 2,500.00 USD" in said
    assert page.context["form"].data["d_factor"] == "0.5"  # what was typed stays


def test_a_dry_run_says_what_is_wrong_with_its_figures() -> None:
    browser = browser_of(operator("Administrator"))
    with nothing_changes():
        page = browser.post(INTRODUCE, NEXT | {"write_off_days": "0", "dry_run": "1"})
    assert page.context["form"].errors["write_off_days"] == [
        "From 7 to 730: payments that are some days late still come."
    ]


@pytest.mark.parametrize(
    ("figures", "name", "why"),
    [
        ({"step": "0"}, "step", "so that it is more than 0"),
        ({"step": "-100"}, "step", "so that it is more than 0"),
        ({"rating_weight": "20"}, "rating_weight", "The five weights come to 90, and not to 100."),
        ({"b_from": "85"}, "a_from", "Less than that of the next grade."),
        ({"c_from": "65.5"}, "b_from", "Less than that of the next grade."),
        ({"b_factor": "2.5"}, "a_factor", "Less than that of the next grade."),
        ({"minimum_limit": "100001"}, "minimum_limit", "More than the maximum limit."),
        ({"minimum_limit": "-1"}, "minimum_limit", "Less than 0."),
        ({"withdrawal_fee_fixed": "-1"}, "withdrawal_fee_fixed", "Less than 0."),
    ],
)
def test_figures_that_can_never_be_saved_are_not_tried_out_either(
    figures: dict[str, str], name: str, why: str
) -> None:
    """The page says what is wrong at the figure, as it does when the version is introduced."""
    several()
    browser = browser_of(operator("Administrator"))
    with nothing_changes():
        for asked in (NEXT | figures | {"dry_run": "1"}, NEXT | figures):
            page = browser.post(INTRODUCE, asked)
            assert page.status_code == 200
            assert why in " ".join(page.context["form"].errors[name])
            assert "Lines that have a review" not in text_of(page)


def test_a_proposal_that_does_not_go_together_any_more_says_so_on_its_page() -> None:
    """The policy that it follows has changed since it was proposed."""
    browser = browser_of(operator("Administrator"))
    said = {"minimum_limit": "5000.00"}
    assert browser.post(INTRODUCE, NEXT | said).status_code == 302
    proposal = Proposal.objects.get()
    CreditPolicyFactory.create(
        starts_on=date(2026, 11, 20), maximum_limit=usd("4000.00"), automatic_up_to=usd("4000.00")
    )
    page = browser_of(operator("Administrator")).get(address(proposal, "decide", "confirm"))
    assert "Cannot be More than the maximum limit." in text_of(page)


@pytest.mark.full  # the page shows it above
def test_the_second_person_sees_it_before_confirming() -> None:
    several()
    browser = browser_of(operator("Administrator"))
    assert browser.post(INTRODUCE, NEXT | {"d_factor": "0.5"}).status_code == 302
    page = address(Proposal.objects.get(), "decide", "confirm")
    said = text_of(browser_of(operator("Administrator")).get(page))
    assert "By so much in all, down 1,300.00 USD 2,500.00 USD" in said


@pytest.mark.parametrize(
    ("wrong", "why"),
    some(
        [
            ({"a_factor": "1000"}, "From 1 to 5"),
            ({"write_off_days": "0"}, "From 7 to 730"),
            ({"paid_days": "0"}, "From 7 to 366"),
            ({"overdue_ratio": "0.001"}, "From 0.01 to 1"),
            ({"d_factor": "0.01"}, "From 0.1 to 1"),
            ({"withdrawal_fee_percent": "11"}, "From 0 to 10"),
            ({"step": "200000"}, "More than the maximum limit"),
            ({"withdrawal_fee_fixed": "20000"}, "More than a withdrawal that needs no approval"),
        ],
        4,
    ),
)
def test_a_figure_that_makes_no_sense_is_refused_with_its_bounds(
    wrong: dict[str, str], why: str
) -> None:
    browser = browser_of(operator("Administrator"))
    with nothing_changes():
        page = browser.post(INTRODUCE, NEXT | wrong)
    (name,) = wrong
    asked_again = page.context["form"].errors.get("__all__", [])
    assert why in str(page.context["form"].errors.get(name, asked_again))


def test_the_form_says_the_bounds() -> None:
    page = text_of(browser_of(operator("Administrator")).get(INTRODUCE))
    assert "From 7 to 730: payments that are some days late still come." in page


def test_who_may_not_introduce_versions_gets_no_dry_run() -> None:
    shops.join("2026-10-01 10:00")
    asked = NEXT | {"dry_run": "1"}
    for role in ("Credit officer", "Auditor"):
        assert browser_of(operator(role)).post(INTRODUCE, asked).status_code == 403
