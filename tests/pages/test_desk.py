"""The start page as a desk: what the reader can do, what is with us, and what the last days came
to (rule 20.9).
"""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.operations import questions
from credit.models import Freeze
from credit.operations import unmatched
from tests import shops
from tests.amounts import usd
from tests.billing import deciding
from tests.credit import unmatching, withdrawing
from tests.credit.pages import set_clock
from tests.factories import FreezeFactory, MembershipFactory, browser_of, member
from tests.routes import full_shop
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

Clock = Callable[[str], None]
clock = pytest.fixture(set_clock)
ACTIONS = (
    "/pay/",
    "/withdrawals/new/",
    "/raise/#ask",
    "settings/#methods",
    "questions/#ask",
)
# The same from the charges and the entries themselves.
COSTS = """
SELECT coalesce(sum(charge.amount), 0) FROM billing_charge charge
JOIN billing_invoiceitem item ON item.id = charge.item_id
WHERE charge.account_id = %s AND item.posting_on BETWEEN %s AND %s
"""
USED = """
SELECT limit_after, used_after FROM credit_limitentry
WHERE line_id = %s AND at < %s ORDER BY at DESC, id DESC LIMIT 1
"""


def page_of(shop: Shop, role: str = "OWNER") -> str:
    """The HTML of the shop's start page."""
    response = browser_of(member(shop, role)).get(f"/m/{shop.reference}/")
    assert response.status_code == 200
    return str(response.content.decode())


def waiting_of(shop: Shop) -> str:
    return text_of(browser_of(member(shop)).get(f"/m/{shop.reference}/")).split("Waiting for us")[1]


def read(sql: str, *given: int | str) -> tuple[Decimal, ...]:
    """The row that the statement gives."""
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return tuple(cursor.fetchone())


def busy_shop() -> Shop:
    """A shop that has sold since November. It pays its bills out of proceeds, too few for that of
    December, and on 30 December it has withdrawn and asked a question.
    """
    shop = withdrawing.shop_with("400.00", payment_method="proceeds", credit_limit="1000.00")
    shop.place("2026-11-02 11:00", "A-1", "300.00")
    shop.charge("2026-11-03 12:00", "pick-pack", "50.25")
    withdrawing.pay_out(withdrawing.withdraw(shop, "390.00", at="2026-11-03 13:00"))
    shop.charge("2026-11-20 12:00", "shipping-label", "20.00")
    shop.run_jobs("2026-12-02 00:00")
    shop.charge("2026-12-05 12:00", "pick-pack", "100.50", "C-1")
    shop.charge("2026-12-09 12:00", "app-usage", "7.00")
    deciding.grant(shop, "2026-12-09 13:00", "5.00", charge="C-1")
    shop.place("2026-12-10 11:00", "A-2", "200.00")
    shop.cancel("2026-12-12 11:00", "A-2")
    shop.run_jobs("2026-12-30 00:00")
    shop.pay("2026-12-30 08:00", "A-1", "60.00")
    withdrawing.withdraw(shop, "20.00", at="2026-12-30 09:00")
    questions.ask(
        merchant_id=shop.account.pk,
        message="What are apps?",
        request_key="form-1",
        actor="mei@rosewood.example",
        now=shop.at("2026-12-30 09:00"),
    )
    return shop


def test_its_figures_are_those_of_the_books(clock: Clock) -> None:
    shop = busy_shop()
    clock("2026-12-30 10:00")
    response = browser_of(member(shop)).get("/m/rosewood/")
    page, costs, use = text_of(response), response.context["costs"], response.context["use"]
    assert read(COSTS, shop.account.pk, "2026-12-01", "2026-12-30") == (costs.total.amount,)
    assert read(COSTS, shop.account.pk, "2026-11-01", "2026-11-30") == (costs.before.amount,)
    assert "102.50 USD in the last 30 days" in page
    assert "32.25 USD more than the 30 days before, which came to 70.25 USD" in page
    assert "Fulfilment 100.50 USD Fulfilment credit −5.00 USD Apps 7.00 USD" in page
    (of_month,) = read(
        "SELECT sum(total.amount) FROM billing_statementtotal total JOIN billing_statement s"
        " ON s.id = total.statement_id WHERE s.account_id = %s AND s.month = '2026-12-01'",
        shop.account.pk,
    )
    assert costs.month.amount == of_month == Decimal("95.50")
    assert len(use.balances) == 30
    for balance in use.balances[:-1]:
        ends_at = f"{balance.on} 24:00:00+00"
        assert read(USED, shop.line.pk, ends_at) == (balance.limit, balance.used)
    assert "Most was used on 11 Dec 2026: 500.00 USD" in page
    assert "10 Dec · Used: 500.00 USD" in page  # under the pointer
    assert "50.00 USD can be withdrawn" in page
    assert response.content.decode().count('class="chart drawn small"') == 2


def test_who_may_act_finds_each_action_on_its_card_and_a_viewer_none(clock: Clock) -> None:
    shop = busy_shop()
    clock("2026-12-30 10:00")
    for role in ("OWNER", "FINANCE"):
        page = page_of(shop, role)
        assert "What needs you</h2>" in page
        assert [action for action in ACTIONS if action not in page] == [], role
    seen = page_of(shop, "VIEWER")
    assert [action for action in ACTIONS if action in seen] == []
    assert "What needs your team</h2>" in seen
    assert "What needs you</h2>" not in seen
    assert "could not be collected" in seen


@pytest.mark.full  # its figures are told above
def test_what_waits_for_us_stands_apart_from_what_needs_the_reader(clock: Clock) -> None:
    shop = busy_shop()
    clock("2026-12-30 10:00")
    needs, waiting = text_of(browser_of(member(shop)).get("/m/rosewood/")).split("Waiting for us")
    needs, waiting = needs.split("What needs you")[1], waiting.split("Credit limit")[0]
    (invoice,) = shop.account.invoices.all()
    assert f"Bill T-{invoice.number} could not be collected" in needs
    assert f"Pay 70.25 USD for bill T-{invoice.number} now, from Proceeds?" in needs
    assert "withdrawal" not in needs
    assert "1 withdrawal is on its way to you 20.00 USD" in waiting
    assert "1 question about your bills waits for our answer" in waiting
    assert "could not be collected" not in waiting


@pytest.mark.full  # their page is below
def test_payments_that_no_order_could_take_wait_for_us_until_they_are_settled(
    clock: Clock,
) -> None:
    """150.00 came for an order of 100.00, and the order took none of it."""
    shop = unmatching.shop_with_unmatched_cash()
    clock("2026-11-05 10:00")
    said = "payment that no order could take is looked into"
    assert f"1 {said} 150.00 USD" in waiting_of(shop)
    unmatching.settle(shop, "apply", "80.00")
    assert f"1 {said} 70.00 USD" in waiting_of(shop)
    assert 'href="/m/rosewood/credit/proceeds/#unmatched"' in page_of(shop)
    unmatching.settle(shop, "return", "70.00")
    assert "Waiting for us" not in page_of(shop)


@pytest.mark.full  # its figures, above
def test_what_is_not_settled_of_such_payments_comes_first_on_the_page_that_the_desk_leads_to(
    clock: Clock,
) -> None:
    shop = unmatching.shop_with_unmatched_cash()
    for number in range(10):
        shop.pay("2026-11-04 10:00", "A", "150.00", f"Q-{number}")
        unmatched.release(
            payment_id=shop.line.payments.get(reference=f"Q-{number}").pk,
            amount=usd("150.00"),
            settled=usd("0.00"),
            actor="olga@tael.example",
            reason="as the buyer wrote",
            now=shop.at("2026-11-05 09:00"),
        )
    clock("2026-11-05 10:00")
    shown = browser_of(member(shop)).get("/m/rosewood/credit/proceeds/").context["unmatched"]
    assert [one.reference for one in shown][:3] == ["P", "Q-9", "Q-8"]
    assert len(shown) == 10


def test_a_bill_is_paid_from_the_desk_once_however_often_it_is_sent(clock: Clock) -> None:
    shop = busy_shop()
    clock("2026-12-30 10:00")
    shop.pay("2026-12-30 10:00", "A-1", "100.00")
    (invoice,) = shop.account.invoices.all()
    seen = {"seen": invoice.payments.count()}
    assert f'name="seen" value="{seen["seen"]}"' in page_of(shop)
    path = f"/m/rosewood/billing/invoices/{invoice.number}/pay/"
    viewer = browser_of(member(shop, "VIEWER"))
    with nothing_changes():
        assert viewer.post(path, seen).status_code == 403
    browser_of(member(shop)).post(path, seen)
    invoice.refresh_from_db()
    assert invoice.status == "PAID"
    attempts = invoice.payments.count()
    browser_of(member(shop)).post(path, seen)
    assert invoice.payments.count() == attempts == seen["seen"] + 1


@pytest.mark.full  # what is not settled, above
def test_a_frozen_line_comes_first_with_its_reason_and_the_way_out(clock: Clock) -> None:
    shop = busy_shop()
    FreezeFactory.create(shop=shop, at="2026-12-30 09:30", reason=Freeze.Reason.SUSPECTED_FRAUD)
    clock("2026-12-30 10:00")
    response = browser_of(member(shop)).get("/m/rosewood/")
    main = response.content.decode().split("<main")[1]
    assert main.index("Your credit line is frozen") < main.index("<h1>")
    page = text_of(response)
    assert "Unpaid bill, since 30 Dec 2026 00:00" in page
    assert "The freeze ends by itself when no bill is unpaid any more. Bills" in page
    assert "Suspected fraud, since 30 Dec 2026 09:30" in page
    assert "Our team ends this freeze once it is cleared up. Ask us about it" in page
    assert "/withdrawals/new/" not in main  # stopped meanwhile
    seen = page_of(shop, "VIEWER").split("<main")[1].split("<h1>")[0]
    assert "Suspected fraud" in seen
    assert "#ask" not in seen


def test_it_takes_eight_queries_beyond_those_for_who_asks_and_for_which_merchant(
    clock: Clock,
) -> None:
    """Frozen, in debt and with other merchants, which takes most."""
    shop = full_shop()
    FreezeFactory.create(shop=shop, at="2026-12-01 10:00", reason=Freeze.Reason.SUSPECTED_FRAUD)
    owner = member(shop)
    MembershipFactory.create(user=owner, merchant=shops.join("2026-10-01 09:00", "b").merchant)
    clock("2026-12-01 10:00")
    client = browser_of(owner)
    client.get("/m/rosewood/")  # what is cached for a day is
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/m/rosewood/").status_code == 200
    said = [one["sql"] for one in queries.captured_queries]
    looked_up = ("django_session", "merchants_user", "merchants_membership", "billing_account")
    for table, sql in zip(looked_up, said, strict=False):
        assert table.replace("billing_account", "billing_billingaccount") in sql
    assert len(said) - len(looked_up) == 8
