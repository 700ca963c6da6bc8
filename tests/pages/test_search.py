"""One box finds a page by any of its names, and what the merchant has by its reference."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from lib import search
from pages import navigation
from tests import shops
from tests.billing import deciding
from tests.credit import withdrawing
from tests.credit.pages import set_clock
from tests.factories import UserFactory, browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.whole import full, some

pytestmark = pytest.mark.django_db

SEARCH = "/m/rosewood/search/"


@kept()
def shop() -> Shop:
    """A shop that has orders A-1, A-10 and 50%, request FR-1, charges C-1 to C-3 and a bill."""
    shop = shops.join("2026-10-01 09:00")
    for reference in ("A-1", "A-10", "50%", "a/b"):
        shop.place("2026-10-02 10:00", reference, "120.00")
    shop.charge("2026-10-03 10:00", "pick-pack", "15.50", "C-1")
    shop.charge("2026-10-03 10:00", "pick-pack", "2.00", "C-2", request="")
    shop.charge("2026-10-03 10:00", "app-usage", "3.00", "C-3", request="")
    shop.run_jobs("2026-11-01 00:00")
    return shop


def goes_to(shop: Shop, text: str) -> str:
    """Where a search for this text leads."""
    response = browser_of(member(shop, "VIEWER")).get(SEARCH, {"q": text})
    assert response.status_code == 302, text_of(response)
    return str(response["Location"])


def results(shop: Shop, text: str) -> str:
    """The text of the page of what is found."""
    address = f"/m/{shop.reference}/search/"
    response = browser_of(member(shop, "VIEWER")).get(address, {"q": text})
    assert response.status_code == 200
    return text_of(response).split("Sign out")[-1]


@pytest.mark.parametrize(
    ("text", "path"),
    some(
        [
            ("credit limit", "credit/limit/"),
            ("  Credit   LIMIT ", "credit/limit/"),
            ("先用后付额度", "credit/limit/"),
            ("วงเงิน", "credit/limit/"),
            ("ใบแจ้งหนี้", "billing/invoices/"),
            ("账单", "billing/invoices/"),
            ("invoice", "billing/invoices/"),
            ("ใบแจ้งยอด", "billing/statements/"),
            ("statement", "billing/statements/"),
            ("冻结", "credit/freezes/"),
        ],
        5,
    ),
)
def test_the_whole_name_of_a_page_leads_there(shop: Shop, text: str, path: str) -> None:
    assert goes_to(shop, text) == f"/m/rosewood/{path}"


@pytest.mark.parametrize(
    ("text", "title"),
    some(
        [
            ("lim", "Limit How to raise it"),
            ("monthly", "Statements"),
            ("orders over", "Overdue orders"),
            ("orders under", ""),
            ("over", "Overview Overdue orders"),
            ("额", "Limit How to raise it"),
            ("วงเงินเครดิ", "Limit"),
            ("STATE", "Statements"),
        ],
        4,
    ),
)
def test_the_beginning_of_a_word_lists_pages(shop: Shop, text: str, title: str) -> None:
    page = results(shop, text)
    if title:
        assert f"Pages {title}" in page
    else:
        assert "Nothing of yours has this name" in page


def test_whole_names_come_first(shop: Shop) -> None:
    named = navigation.named("orders")
    assert [one.page.route for one in named if one.is_exact] == ["credit:orders"]
    assert named[0].page.route == "credit:orders"


@pytest.mark.parametrize(
    ("text", "path"),
    some(
        [
            ("A-1", "credit/orders/A-1/"),
            ("50%", "credit/orders/50%25/"),
            ("a/b", "credit/orders/a~2Fb/"),
            ("FR-1", "billing/requests/FR-1/"),
            ("C-1", "billing/requests/FR-1/"),
            ("C-2", "billing/statements/2026-10/"),
            ("C-3", "billing/invoices/2026-000001/"),
            ("2026-000001", "billing/invoices/2026-000001/"),
        ],
        4,
    ),
)
def test_a_whole_reference_leads_to_it(shop: Shop, text: str, path: str) -> None:
    assert goes_to(shop, text) == f"/m/rosewood/{path}"


@pytest.mark.full  # the beginning of a word does
def test_the_beginning_of_a_reference_lists_what_starts_so(shop: Shop) -> None:
    page = results(shop, "A-")
    assert "A-10 Order 2 Oct 2026 Open 120.00 USD A-1 Order" in page
    assert "Order: all with" not in page  # these are all
    for number in range(11, 18):
        shop.place(f"2026-11-{number} 10:00", f"A-{number}", "1.00")
    response = browser_of(member(shop)).get(SEARCH, {"q": "A-"})
    said = text_of(response)
    assert said.index("A-17 Order 17 Nov 2026 Open") < said.index("A-12 Order 12 Nov 2026 Open")
    assert "A-1 Order" not in said  # older than those
    assert "Order: all with “A-” in their reference" in said
    assert 'href="/m/rosewood/credit/orders/?reference=A-"' in response.content.decode()
    assert "T-2026-000001 Bill 31 Oct 2026 To be paid" in results(shop, "2026-")
    page = results(shop, "C-")
    assert "C-1 Charge 3 Oct 2026 – 15.50 USD" in page
    assert "C-2 Charge 3 Oct 2026 – 2.00 USD" in page


PARTS = ["0050", "X0000", "napat", "JAI", "T J", "dee", "171.57", "171.57 USD", "171.5700"]


@pytest.mark.parametrize("parts", [PARTS[::3], *full(PARTS)])
def test_a_part_of_a_reference_a_buyer_and_an_amount_are_found_in_any_case(
    shop: Shop, parts: list[str]
) -> None:
    assert goes_to(shop, "a-10") == "/m/rosewood/credit/orders/A-10/"
    assert "T-2026-000001 Bill" in results(shop, "0001")
    for whole in ("t-2026-000001", "2026-000001"):  # as PDFs and banks have it, and addresses
        assert goes_to(shop, whole) == "/m/rosewood/billing/invoices/2026-000001/"
    page = browser_of(member(shop)).get("/m/rosewood/billing/invoices/?number=T-2026-000001")
    assert "2026-000001" in text_of(page)
    shop.place("2026-11-02 10:00", "2026-x000050", "171.57", buyer="Napat Jaidee")
    for text in parts:
        assert "2026-x000050 Order 2 Nov 2026 Open 171.57 USD" in results(shop, text), text
    assert "FR-1 Fulfilment request" in results(shop, "r-1")
    assert "C-1 Charge 3 Oct 2026 – 15.50 USD" in results(shop, "15.50")
    # A whole amount, or a part of a reference.
    assert "Order 2 Nov 2026" not in results(shop, "171.5")


# The words that people know from elsewhere, by the language in which they look for them.
KNOWN = {
    "zh-hans": {
        "账户管理": "merchant:team",
        "资金管理": "credit:proceeds",
        "支付宝": "credit:destinations",
        "到账": "credit:withdrawals",
        "退款": "credit:after_sales",
        "售后": "credit:after_sales",
        "信用等级": "credit:raise",
        "店铺资料": "merchant:profile",
        "手续费": "billing:pricing",
        "客服": "help",
        "大额订单": "credit:check",
        "恶意刷单": "credit:freezes",
        "逾期": "credit:orders?standing=OVERDUE",
    },
    "th": {
        "ใบเรียกเก็บเงิน": "billing:invoices",
        "ประวัติการเรียกเก็บเงิน": "billing:invoices",
        "การกำหนดราคา": "billing:pricing",
        "ค่าขนส่ง": "billing:requests",
        "การขนส่ง": "billing:requests",
        "รอบการเรียกเก็บเงิน": "billing:settings",
        "ใบเสร็จ": "billing:invoices",
        "ช่วยเหลือ": "help",
        "ค้างชำระ": "credit:orders?standing=OVERDUE",
        "เกินกำหนด": "credit:orders?standing=OVERDUE",
    },
    "en": {
        "invoice": "billing:invoices",
        "statement": "billing:statements",
        "payout": "credit:withdrawals",
        "dispute": "billing:credits",
        "freeze": "credit:freezes",
        "fees": "billing:charges",
        "overdue": "credit:orders?standing=OVERDUE",
        "written off": "credit:orders?standing=WRITTEN_OFF",
        "late buyers": "credit:buyers?standing=LATE",
        "past due": "billing:invoices?standing=PAST_DUE",
    },
}


@pytest.mark.parametrize("language", some(KNOWN, 3))
def test_words_that_merchants_know_from_elsewhere_lead_to_their_page(
    shop: Shop, language: str
) -> None:
    reader = member(shop, "VIEWER", language=language)
    client = browser_of(reader)
    assert f'<html lang="{language}"' in client.get(SEARCH).content.decode()
    for word, route in KNOWN[language].items():
        found = client.get(SEARCH, {"q": word})
        assert (word, found.status_code) == (word, 302), text_of(found)
        page, _question, asked = route.partition("?")
        address = reverse(page, args=["rosewood"]) + (f"?{asked}" if asked else "")
        assert (word, found["Location"]) == (word, address)
    led_to = client.get(found["Location"])
    assert f'<html lang="{language}"' in led_to.content.decode()


@pytest.mark.full  # with hyphens it is, above
def test_a_reference_is_found_with_blanks_for_its_hyphens(shop: Shop) -> None:
    assert goes_to(shop, "a 10") == "/m/rosewood/credit/orders/A-10/"
    shop.place("2026-11-02 10:00", "LA-11601", "10.00")
    shop.place("2026-11-02 10:00", "LA-116010", "10.00")
    page = results(shop, "la 1160")
    assert "LA-116010 Order 2 Nov 2026 Open 10.00 USD LA-11601 Order" in page
    assert goes_to(shop, "2026 000001") == "/m/rosewood/billing/invoices/2026-000001/"
    listed = browser_of(member(shop)).get("/m/rosewood/credit/orders/?reference=la 1160")
    assert [order.reference for order in listed.context["page"].rows] == ["LA-116010", "LA-11601"]
    assert "LA-11601" not in results(shop, "la 11 601")
    assert search.spelled("pay later") == ["pay later"]  # no reference


def test_a_request_has_its_cost_and_all_of_a_kind_are_linked(shop: Shop) -> None:
    for number in range(7):
        shop.charge("2026-11-03 10:00", "pick-pack", "2.50", f"D-{number}", request=f"RQ-{number}")
    shop.charge("2026-11-03 11:00", "pick-pack", "1.00", "D-9", request="RQ-6")
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(amount) FROM billing_charge WHERE request = 'RQ-6'")
        (cost,) = cursor.fetchone()
    response = browser_of(member(shop, "VIEWER")).get(SEARCH, {"q": "rq-"})
    said, content = text_of(response), response.content.decode()
    assert f"RQ-6 Fulfilment request 3 Nov 2026 – {cost:.2f} USD" in said
    assert cost == 3.5
    assert 'href="/m/rosewood/billing/requests/?reference=rq-"' in content
    assert "Fulfilment request: all with “rq-” in their reference" in said
    response = browser_of(member(shop, "VIEWER")).get(SEARCH, {"q": "d-"})
    address = "/m/rosewood/billing/charges/all/?reference=d-"
    assert f'href="{address}"' in response.content.decode()
    listed = browser_of(member(shop, "VIEWER")).get(address)
    assert len(listed.context["page"].rows) == 8
    assert "8 results Total 18.50 USD" in text_of(listed)


def test_a_search_reads_no_other_merchants_rows(shop: Shop) -> None:
    """Each plan reaches orders, charges and requests by an index that starts with the merchant."""
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as asked:
        cursor.execute("SET LOCAL enable_seqscan = off")  # with three rows there is no need for one
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        browser_of(member(shop)).get(SEARCH, {"q": "0050"})
        tables = ("credit_order", "billing_charge", "billing_fulfilmentrequest")
        seen = 0
        (credits,) = (one["sql"] for one in asked if 'FROM "billing_billingcredit"' in one["sql"])
        for query in [
            one["sql"]
            for one in asked
            if one["sql"] != credits and any(f'FROM "{of}"' in one["sql"] for of in tables)
        ]:
            cursor.execute(f"EXPLAIN {query}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            for step in re.findall(r"(?:Scan|Only Scan)[^\n]* on (\w+)[^\n]*\n([^\n]*)", plan):
                if step[0] in tables:
                    seen += 1
                    assert re.search(r"(line_id|account_id|\(id) = ", step[1]), plan
        # The charge of each of the merchant's credits is looked up by itself.
        cursor.execute(f"EXPLAIN {credits}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
        of_one = r"SubPlan \d+\n +-> [^\n]* on billing_charge [^\n]*\n +Index Cond: \(id = "
        assert re.search(of_one + r"billing_billingcredit\.charge_id\)", plan), plan
        assert "billing_charge.reference" not in plan
    assert seen >= 6


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("nothing", ["g", "G"]),
        ("W", ["w", "W"]),
        ("171.57", ["."]),
        ("0050", ["0050"]),
        ("is", ["is"]),  # "ı" and "ſ" become I and S in capitals, too
        ("\u212a-1", ["-1"]),  # the sign of kelvins is no K
    ],
)
def test_names_without_the_rarest_character_of_a_text_are_not_turned_into_capitals(
    shop: Shop, text: str, first: list[str]
) -> None:
    found = shop.merchant.credit_line.orders.filter(search.of_name(text, "reference"))
    sql = str(found.query).split("WHERE", 1)[1]
    assert re.findall(r"LIKE (?:UPPER\()?%(.*?)%", sql)[: len(first)] == first


def test_a_withdrawal_is_found_by_its_reference() -> None:
    shop = withdrawing.shop_with("1000.00", "other-shop")
    withdrawal = withdrawing.withdraw(shop, "150.00")
    page = results(shop, withdrawal.reference[:5].lower())
    assert f"{withdrawal.reference} Withdrawal 3 Nov 2026" in page
    assert "150.00 USD" in page


def test_two_things_of_one_name_are_listed(shop: Shop) -> None:
    shop.charge("2026-11-02 10:00", "pick-pack", "1.00", "A-1", request="FR-2")
    assert "A-1 Order 2 Oct 2026 Open 120.00 USD A-1 Charge 2 Nov 2026" in results(shop, "A-1")


def test_only_ones_own_things_are_found(shop: Shop) -> None:
    other = shops.join("2026-10-01 09:00", "other-shop")
    client = browser_of(member(other))
    for text in ("A-1", "A-", "FR-1", "C-1", "2026-000001", "120.00", "Somchai"):
        response = client.get("/m/other-shop/search/", {"q": text})
        assert response.status_code == 200
        assert "Nothing of yours has this name" in text_of(response)


@pytest.mark.parametrize(
    "text", some(["", "   ", "a\x00b", "x" * 101, "nonsense", "_", "9%", "\\"], 4)
)
def test_nothing_found_says_what_can_be_looked_for(shop: Shop, text: str) -> None:
    page = results(shop, text)
    assert "by any part of their reference" in page


def test_the_box_is_on_every_page_and_keeps_what_was_typed(shop: Shop) -> None:
    client = browser_of(member(shop))
    for path in ("", "credit/orders/", "billing/invoices/"):
        assert 'action="/m/rosewood/search/"' in client.get(f"/m/rosewood/{path}").content.decode()
    found = client.get(SEARCH, {"q": '"A-<'}).content.decode()
    assert 'value="&quot;A-&lt;"' in found


def test_a_search_takes_few_queries(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser_of(member(shop))
    for number in range(20):
        shop.charge("2026-11-03 10:00", "pick-pack", "2.00", f"A-{number}", request=f"A-{number}")
    with django_assert_max_num_queries(12):
        client.get(SEARCH, {"q": "som"})  # finds a buyer, too
    with django_assert_max_num_queries(12):
        page = text_of(client.get(SEARCH, {"q": "A-"}))
    assert page.count(" Charge ") == 6


def test_strangers_and_the_unknown_find_nothing(shop: Shop) -> None:
    other = shops.join("2026-10-01 09:00", "other-shop")
    assert browser_of(member(other)).get(SEARCH, {"q": "A-1"}).status_code == 404
    operator = UserFactory.create(is_staff=True, is_superuser=True)
    assert browser_of(operator).get(SEARCH, {"q": "A-1"}).status_code == 404
    assert Client().get(SEARCH, {"q": "A-1"})["Location"].startswith("/accounts/login/")


def test_no_two_pages_have_the_same_name() -> None:
    names = [name for page in navigation.PAGES for name in navigation.names(page)]
    assert len(names) == len(set(names))


@pytest.mark.full  # whole references lead there, too
def test_a_month_leads_to_its_statement_and_a_year_lists_them(shop: Shop) -> None:
    shop.charge("2026-11-02 10:00", "pick-pack", "4.00", "C-9")
    assert goes_to(shop, "2026-10") == "/m/rosewood/billing/statements/2026-10/"
    page = results(shop, "2026")
    assert "2026-11 Statement 30 Nov 2026 Open 4.00 USD" in page
    assert "2026-10 Statement 31 Oct 2026 Closed 17.50 USD" in page
    for text in ("2026-13", "2026-1", "0000-01", "2025-10"):
        assert "Statement 3" not in results(shop, text)


def test_a_credit_is_found_by_its_charge(shop: Shop) -> None:
    deciding.ask(shop, "2026-11-02 09:30", "C-1", "5.00")
    page = results(shop, "C-1")
    assert "C-1 Charge 3 Oct 2026 – 15.50 USD" in page
    assert "C-1 Credit on a charge 2 Nov 2026 Waits for an answer 5.00 USD" in page


@pytest.mark.full  # a part of a reference is
def test_buyers_and_refunds_are_found_and_an_overdue_order_is_called_so(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.deliver("2026-10-02 11:00", "A-10")
    shop.refund("2026-10-02 12:00", "A-10", "20.00", "RF-7")
    shop.place("2026-11-03 10:00", "B-1", "3.00", buyer="Kanya")
    set_clock(monkeypatch)("2026-11-20 12:00")
    assert "A-10 Order 2 Oct 2026 Overdue 120.00 USD" in results(shop, "a-")
    assert "Kanya Buyer 3 Nov 2026" in results(shop, "kan")
    assert goes_to(shop, "kanya") == "/m/rosewood/credit/buyers/Kanya/"
    assert "RF-7 Refund 1 Nov 2026 – 20.00 USD" in results(shop, "f-7")
    assert goes_to(shop, "RF-7") == "/m/rosewood/credit/orders/A-10/"


@pytest.mark.parametrize("question", ["How do I withdraw?", "怎么提现", "ถอนเงินยังไง"])
def test_a_question_finds_its_pages_and_answers(shop: Shop, question: str) -> None:
    page = results(shop, question)
    assert "Pages" in page
    assert "Withdraw" in page
    assert "Answers" in page
    assert "When does a withdrawal arrive?" in page
