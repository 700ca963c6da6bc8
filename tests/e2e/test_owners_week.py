"""In a browser, with a worker: what an owner does in a week, from the limit to a colleague."""

import csv
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from allauth.mfa.totp.internal import auth
from django.conf import LazySettings
from django.core import mail
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from merchants.models import User
from tests.billing import paying
from tests.codes import code_of
from tests.e2e.signing_in import SHOP, by_form, by_session
from tests.e2e.week import UNPAID, go_to, open_shop, panel
from tests.e2e.worker import Worker
from tests.factories import EnrolledFactorFactory, member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OWNER = "mei@rosewood.example"
SECRET = "JBSWY3DPEHPK3PXP"

Clock = Callable[[str], None]


@pytest.fixture(autouse=True)
def demonstration(settings: LazySettings, live_server: LiveServer) -> None:
    """The sandbox is on, and links in mails lead to the test's server."""
    settings.TAEL_SANDBOX = True
    settings.TAEL_BASE_URL = live_server.url


def owner_of_shop(**shop: str) -> User:
    """The owner of a new shop."""
    return member(open_shop(**shop), email=OWNER)


@pytest.mark.full  # credit/test_check_page asks without a browser
def test_monday_what_the_limit_takes(page: Page, live_server: LiveServer, clock: Clock) -> None:
    owner_of_shop()
    clock("2026-11-02 09:00")
    by_form(page, live_server, OWNER)
    limit = panel(page, "Credit limit")
    expect(limit.locator(".figure")).to_have_text("3,800.00 USD available")
    expect(limit.locator("dd")).to_have_text(["1,200.00 USD", "5,000.00 USD"])
    expect(limit.get_by_role("img", name="Share of the limit in use: 24%")).to_be_visible()
    go_to(page, "Can I take this order?")
    page.get_by_label("Amount").fill("3,800.00")
    page.get_by_role("button", name="Check").click()
    answer = page.locator("section.notice")
    expect(answer.get_by_role("heading")).to_have_text("Yes: 3,800.00 USD would go through")
    page.get_by_label("Amount").fill("4,000.01")
    page.get_by_role("button", name="Check").click()
    expect(answer.get_by_role("heading")).to_have_text(
        "No: 4,000.01 USD would be declined, as the limit is not enough"
    )
    expect(answer).to_contain_text("3,800.00 USD is available; 200.01 USD is missing.")


def test_tuesday_octobers_statement_and_its_csv(
    page: Page, live_server: LiveServer, clock: Clock, tmp_path: Path
) -> None:
    owner = owner_of_shop()
    clock("2026-11-03 09:00")
    by_session(page, live_server, owner, SHOP)
    go_to(page, "Charges")
    page.get_by_role("link", name="October 2026", exact=True).click()
    total = panel(page, "Totals").locator("tfoot td")
    expect(total).to_have_text(["4", "57.75 USD"])
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    download.value.save_as(tmp_path / "october.csv")
    with (tmp_path / "october.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    charges = [(row["Charge"], row["Fee"], row["Amount"], row["Bill #"]) for row in rows]
    assert charges[:3] == [
        ("C-1", "Pick and pack", "15.50", "T-2026-000001"),
        ("C-2", "Shipping label", "7.25", "T-2026-000001"),
        ("C-3", "Receiving", "40.00", "T-2026-000001"),
    ]
    assert [charge[1:] for charge in charges[3:]] == [
        ("Pick and pack credit", "-5.00", "T-2026-000001")
    ]
    shown = total.last.inner_text().replace("\N{NO-BREAK SPACE}USD", "")
    assert sum(Decimal(row["Amount"]) for row in rows) == Decimal(shown) == Decimal("57.75")


@pytest.mark.full  # billing/test_paying_page pays without a browser
def test_wednesday_a_bill_that_failed_is_paid(
    page: Page, live_server: LiveServer, clock: Clock, worker: Worker
) -> None:
    owner = owner_of_shop(card=paying.SHORT)
    clock("2026-11-04 09:00")
    worker.run("collect-payments")
    worker.run("notice-mails")
    *_, letter = worker.letters(OWNER)
    assert letter["Subject"] == f"Rosewood Dresses: A payment of bill T-{UNPAID} failed"
    assert f"could not collect 210.00\N{NO-BREAK SPACE}USD for bill T-{UNPAID}" in worker.text_of(
        letter
    )
    by_session(page, live_server, owner, SHOP)
    task = panel(page, "What needs you").get_by_role("listitem")
    expect(task).to_contain_text("the card did not have enough funds")
    expect(task).to_contain_text("210.00 USD")
    task.get_by_role("link", name=f"Bill T-{UNPAID} could not be collected").click()
    expect(page.locator("#live-state")).to_contain_text("Payment failed")
    page.get_by_role("button", name="Pay 210.00 USD now").click()
    expect(page.get_by_role("status")).to_contain_text(
        "The payment of 210.00 USD failed: the card did not have enough funds"
    )

    page.get_by_role("link", name="Choose another method").click()
    page.get_by_label("Test card").select_option("4242424242424242")
    expect(panel(page, "Add a test card")).to_contain_text(
        re.compile(rf"Collects 210.00.USD of bill T-{UNPAID} from the new card at once.")
    )
    page.get_by_role("button", name="Add and use it").click()
    # What had failed is tried at once by the card that was chosen.
    expect(page.get_by_role("status")).to_have_text(
        ["Bills are collected from Visa ···· 4242 now.", f"Bill T-{UNPAID}: 210.00 USD was paid."]
    )
    # It has led to the bill.
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Bill T-{UNPAID}")
    expect(page.locator("#live-state")).to_contain_text("Collected")
    history = panel(page, "History").locator("tbody tr")
    expect(history).to_have_count(5)
    expect(history.nth(3)).to_contain_text("Visa ···· 4242")
    expect(page.get_by_role("button", name=re.compile("Pay .* now"))).to_have_count(0)


@pytest.mark.full  # credit/test_second_factor withdraws, and test_following_withdrawals reads it
def test_thursday_proceeds_go_to_the_bank(
    page: Page, live_server: LiveServer, clock: Clock, worker: Worker, settings: LazySettings
) -> None:
    EnrolledFactorFactory.create(factor=auth.TOTP.activate(owner_of_shop(), SECRET).instance)
    # Where money moves, a second factor is asked for, as no demonstration does.
    settings.TAEL_SANDBOX, settings.TAEL_PAYOUT_PROVIDER = False, "sandbox"
    clock("2026-11-05 09:00")
    by_form(page, live_server, OWNER)
    give_code(page, "Sign in")
    clock("2026-11-05 10:00")
    go_to(page, "Withdrawals")
    page.get_by_role("link", name="Withdraw", exact=True).click()
    give_code(page, "Confirm")
    expect(page.locator(".figure")).to_contain_text("900.00 USD available, fee included")
    page.get_by_label("Amount in USD").fill("250.00")
    page.get_by_label("0003").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".figure")).to_have_text("250.00 USD arrives")
    page.get_by_role("button", name="Confirm the withdrawal").click()
    expect(page.get_by_role("status")).to_have_text("Your withdrawal is with us.")
    expect(page.locator("#live-state")).to_contain_text("Requested")

    clock("2026-11-05 10:05")
    worker.run("send-withdrawals")
    page.reload()
    expect(page.locator("#live-state")).to_contain_text("Paid")
    expect(panel(page, "History").locator("tbody th")).to_have_text(["Requested", "Sent", "Paid"])
    worker.run("notice-mails")
    *_, letter = worker.letters(OWNER)
    assert letter["Subject"] == "Rosewood Dresses: Your withdrawal was paid"
    assert "of 250.00\N{NO-BREAK SPACE}USD to ···· 0003 was paid." in worker.text_of(letter)
    go_to(page, "Overview")
    expect(panel(page, "Proceeds").locator(".figure")).to_have_text("650.00 USD can be withdrawn")


def give_code(page: Page, button: str) -> None:
    """Type the code of the authenticator, and press the button."""
    page.locator("input[name=code]").fill(code_of(SECRET))
    page.get_by_role("button", name=button, exact=True).first.click()


@pytest.mark.full  # merchants/test_team_pages invites, too
def test_friday_a_colleague_is_invited_and_looks_around(
    page: Page, browser: Browser, live_server: LiveServer, clock: Clock
) -> None:
    owner = owner_of_shop()
    clock("2026-11-06 09:00")
    by_session(page, live_server, owner, SHOP)
    go_to(page, "Team")
    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_label("E-mail address").fill("vera@rosewood.example")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("status")).to_contain_text("vera@rosewood.example is invited")
    (letter,) = mail.outbox
    assert letter.to == ["vera@rosewood.example"]
    (link,) = re.findall(rf"{live_server.url}/invitations/\S+", str(letter.body))

    colleague = browser.new_page()
    colleague.goto(link)
    expect(colleague.get_by_role("heading")).to_have_text("Join Rosewood Dresses")
    for field in colleague.locator("input[type=password]").all():
        field.fill("a long one indeed")
    colleague.get_by_role("button", name="Accept the invitation").click()
    expect(colleague.get_by_role("status").first).to_have_text("Welcome to Rosewood Dresses.")
    expect(panel(colleague, "Credit limit").locator(".figure")).to_have_text(
        "3,800.00 USD available"
    )
    go_to(colleague, "Bills")
    colleague.get_by_role("link", name=UNPAID).click()
    expect(colleague.locator(".figure")).to_have_text("210.00 USD")
    expect(colleague.get_by_role("button", name=re.compile("Pay"))).to_have_count(0)
    colleague.goto(link)
    expect(colleague.get_by_role("heading", name="Join")).to_have_count(0)
    colleague.close()
    page.reload()
    expect(page.get_by_role("row", name="vera@rosewood.example")).to_contain_text("Viewer")
