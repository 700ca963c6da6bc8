"""In a browser, through nginx, from two web servers and two workers: what an owner and an operator
do while each request goes to the next machine.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.conf import settings as conf
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connections
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from billing.models import Invoice
from credit.models import Withdrawal
from gateway.imports.models import Import
from merchants.models import User
from tests import shops
from tests.credit import withdrawing
from tests.factories import PASSWORD, browser_of, member, operator
from tests.machines.running import Machines, end, is_ready, redis_server
from tests.nginx import nginx
from tests.pdf_text import pages_of
from tests.processes import new_data_folder
from tests.shops import Shop

pytestmark = [
    pytest.mark.full,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

OWNER, OLGA = "mei@rosewood.example", "olga@tael.example"
PROFILE = "/m/rosewood/settings/profile/"
SCAN = b"%PDF-1.7 a licence"
ROWS = 300  # of the import
WEB, WORKERS = ("north", "south"), ("first", "second")


@pytest.fixture
def shop(settings: LazySettings) -> Iterator[Shop]:
    """A shop of the last days, as no clock is moved here. It has 900.00 of proceeds, of which
    100.00 are to be withdrawn, and a bill of 210.00.
    """
    settings.TAEL_PAYOUT_PROVIDER = "manual"
    shop = shops.join(ago(days=9), credit_limit="100000", settlement_days=0)
    withdrawing.add(shop, ago(days=8))
    withdrawing.sell(shop, ago(days=6), "900.00", "A-0")
    shop.charge(ago(days=5), "receiving", "210.00", "C-1")
    withdrawing.withdraw(shop, "100.00", ago(days=2))
    yield shop
    connections.close_all()


def ago(**time: int) -> str:
    """The instant so long ago."""
    return (timezone.now() - timedelta(**time)).isoformat()


@pytest.fixture
def owner(shop: Shop) -> User:
    """Whose password is kept as a deployment keeps it, and not as tests do."""
    person = member(shop, email=OWNER)
    person.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt-of-a-test")
    person.save()
    return person


@pytest.fixture
def machines(shop: Shop) -> Iterator[Machines]:
    """Two web servers behind nginx; workers are the test's to start."""
    with ExitStack() as stack:
        folder = stack.enter_context(new_data_folder())
        found = Machines(folder, stack.enter_context(redis_server(folder)))
        found.collect_static(*WEB)
        ports = [found.web_server(stack, name) for name in WEB]
        _, found.access_log = stack.enter_context(nginx(is_ready, *ports, port=found.port))
        yield found


def test_an_owner_and_an_operator_are_served_by_two_machines_at_once(
    machines: Machines, browser: Browser, owner: User
) -> None:
    olga = operator("Credit officer", email=OLGA)
    with ExitStack() as stack:
        first = machines.worker(stack, "first")
        page = new_page(stack, browser)
        an_owner_signs_in_and_uploads(page, machines.address)
        office = new_page(stack, browser)
        go_on(office, olga, machines.address)
        a_file_is_imported(office, machines)
        machines.worker(stack, "second")
        end(first)
        the_bank_answers(office, machines)
        files_are_the_same(page, machines.address)
    for name in (*WEB, *WORKERS):
        assert machines.kept(name) == []
    served = Counter(re.findall(r" (127\.0\.0\.1:\d+)$", machines.access_log.read_text(), re.M))
    assert len(served) == 2
    assert min(served.values()) > 20
    assert max(served.values()) - min(served.values()) <= 2


def new_page(stack: ExitStack, browser: Browser) -> Page:
    """A page of a new person's, which is closed with the stack."""
    context = browser.new_context()
    stack.callback(context.close)
    return context.new_page()


def go_on(page: Page, person: User, address: str) -> None:
    """Let the page's browser go on in a session of the person."""
    name = conf.SESSION_COOKIE_NAME
    session = browser_of(person).cookies[name].value
    page.context.add_cookies([{"name": name, "value": session, "url": address}])


def an_owner_signs_in_and_uploads(page: Page, address: str) -> None:
    """Check that an owner signs in and uploads a licence, by two web servers in turn."""
    page.goto(f"{address}{PROFILE}")
    page.get_by_label("E-mail address").fill(OWNER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Contact person").fill("Mei")
    scan = {"name": "licence.pdf", "mimeType": "application/pdf", "buffer": SCAN}
    page.locator("[name=licence_document]").set_input_files(scan)  # type: ignore[arg-type]
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("The profile is saved")
    for _ in range(4):  # of each twice
        page.reload()
        expect(page.get_by_label("Contact person")).to_have_value("Mei")
        assert page.request.get(f"{address}{PROFILE}document/").body() == SCAN


def a_file_is_imported(office: Page, machines: Machines) -> None:
    """Check that an import's page follows, asking one machine after the other, what a worker
    does.
    """
    office.goto(f"{machines.address}/admin/gateway/import/decide/upload/")
    lines = [f"rosewood,A-{number},Kai,1.00,USD" for number in range(1, ROWS + 1)]
    content = "\n".join(["merchant,order,buyer,amount,currency", *lines]).encode()
    office.locator("[name=kind]").select_option("ORDERS")
    file = {"name": "old.csv", "mimeType": "text/csv", "buffer": content}
    office.locator("[name=file]").set_input_files(file)  # type: ignore[arg-type]
    office.locator("[name=reason]").fill("From the old shop's books.")
    office.get_by_role("button", name="Upload a file", exact=True).click()
    expect(office.locator("body")).to_contain_text(f"{ROWS} rows are in order")
    office.get_by_role("link", name=Import.objects.get().name, exact=True).click()
    expect(office.locator("body")).to_contain_text(f"0 of {ROWS} rows")
    machines.run("imports")
    expect(office.locator("body")).to_contain_text(f"{ROWS} of {ROWS} rows")  # by itself
    assert Import.objects.get().status == Import.Status.DONE


def the_bank_answers(office: Page, machines: Machines) -> None:
    """Check that a file for the bank, and its answers, go through two web servers."""
    row = Withdrawal.objects.get()
    pages = f"{machines.address}/admin/credit/withdrawal/decide"
    office.goto(f"{pages}/export/")
    office.get_by_role("button", name="File for the bank", exact=True).click()
    expect(office.locator("body")).to_contain_text("1 withdrawal is written")
    office.goto(f"{pages}/answers/")
    content = f"reference,status,bank_reference,reason\n{row},PAID,B-1,\n".encode()
    file = {"name": "answers.csv", "mimeType": "text/csv", "buffer": content}
    office.locator("[name=file]").set_input_files(file)  # type: ignore[arg-type]
    office.get_by_role("button", name="The bank's answers", exact=True).click()
    expect(office.locator("body")).to_contain_text("The file is here, with 1 rows.")
    machines.run("bank-answers")
    row.refresh_from_db()
    assert row.is_paid


def files_are_the_same(page: Page, address: str) -> None:
    """Check that each of the machines makes the same of a bill and of a list."""

    def from_both(path: str) -> list[bytes]:
        files = [page.request.get(f"{address}/m/rosewood/{path}") for _ in range(2)]
        assert [file.status for file in files] == [200, 200]
        return [file.body() for file in files]

    number = Invoice.objects.get().number
    # But for the minute in which it was made.
    invoices = [str(pages_of(file)) for file in from_both(f"billing/invoices/{number}.pdf")]
    first, second = (re.sub(r"\b\d\d:\d\d\b", "", invoice) for invoice in invoices)
    assert first == second
    assert "Left to pay 210.00" in first
    for path in ("credit/orders.csv", "billing/invoices.csv"):
        once, again = from_both(path)
        assert once == again
