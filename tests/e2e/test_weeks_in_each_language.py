"""In a browser, a week in each language: a Chinese owner decides, a Thai finance person closes the
month, and an English viewer sees all of it and changes nothing.
"""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from credit.models import Withdrawal
from merchants.models import User
from tests.billing import paying
from tests.credit.pages import set_clock
from tests.e2e.signing_in import go_on
from tests.e2e.week import UNPAID, open_shop
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.unchanged import nothing_changes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

clock = pytest.fixture(set_clock)
SHOP = "/m/rosewood/"

Opens = Callable[[str, str], Page]


@pytest.fixture
def shop(settings: LazySettings, clock: Callable[[str], None]) -> Shop:
    """A shop whose bill of Monday could not be collected. It is Tuesday."""
    settings.TAEL_SANDBOX = True
    shop = open_shop(card=paying.SHORT)
    shop.run_jobs("2026-11-02 12:00")
    clock("2026-11-03 09:00")
    return shop


@pytest.fixture
def opened(browser: Browser, live_server: LiveServer, shop: Shop) -> Opens:
    """Opens the overview for a new person of a role, who reads a language."""

    def open_as(role: str, language: str) -> Page:
        person = member(shop, role)
        User.objects.filter(pk=person.pk).update(language=language)
        context = browser.new_context(base_url=live_server.url)
        go_on(context, browser_of(person), live_server)
        page = context.new_page()
        page.goto(SHOP)
        return page

    return open_as


def go_to(page: Page, name: str) -> None:
    """Go to a page by the link in the navigation."""
    link = page.locator(".side nav").get_by_role("link", name=name, exact=True)
    link.click()
    expect(link).to_have_attribute("aria-current", "page")


def press(page: Page, name: str) -> None:
    """Press the button of this name."""
    page.get_by_role("button", name=name, exact=True).click()


def follow(page: Page, name: str) -> None:
    """Follow the link of this name."""
    page.get_by_role("link", name=name, exact=True).click()


@pytest.mark.full  # an owner's week is in English, and test_every_page looks at Thai pages
def test_a_chinese_owner_pays_withdraws_and_takes_an_invitation_back(opened: Opens) -> None:
    page = opened("OWNER", "zh-hans")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    go_to(page, "能否接单")
    page.get_by_label("金额").fill("4000.01")
    press(page, "查询")
    expect(page.locator("section.notice")).to_contain_text("200.01 USD")
    page.locator(".side").get_by_role("searchbox").fill("手续费")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("收费标准")

    go_to(page, "概览")
    follow(page, f"账单 T-{UNPAID} 扣款失败")
    expect(page.locator("#live-state")).to_contain_text("扣款失败")
    follow(page, "选择其他付款方式")
    page.get_by_label("测试卡").select_option("4242424242424242")
    press(page, "添加并使用")
    expect(page.locator("h1")).to_have_text(f"账单 T-{UNPAID}")
    expect(page.locator("#live-state")).to_contain_text("已收款")

    go_to(page, "提现")
    follow(page, "申请提现")
    follow(page, "全部提现")
    expect(page.get_by_label("金额（USD）")).to_have_value("900.00")
    page.get_by_label("0003").check()
    press(page, "下一步")
    press(page, "确认提现")
    expect(page.get_by_role("status")).to_have_text("您的提现申请已提交。")
    follow(page, "所含订单明细")
    expect(page.locator("tbody tr")).to_contain_text("A-1")
    expect(page.get_by_role("link", name="下载 PDF")).to_be_visible()
    page.go_back()
    press(page, "取消提现")
    press(page, "是，取消提现")
    expect(page.get_by_role("status")).to_have_text("已取消，提现金额和手续费已退回您的货款。")
    assert Withdrawal.objects.get().status == "CANCELLED"

    go_to(page, "团队")
    follow(page, "邀请成员")
    page.get_by_label("邮箱地址").fill("lin@rosewood.example")
    press(page, "发送邀请")
    expect(page.get_by_role("status")).to_contain_text("已邀请 lin@rosewood.example")
    press(page, "撤销：lin@rosewood.example")
    press(page, "是，撤销")
    expect(page.get_by_text("lin@rosewood.example", exact=True)).to_have_count(0)


@pytest.mark.full  # test_every_page looks at Thai pages
def test_a_thai_finance_person_reads_the_month_and_asks_for_credits(
    opened: Opens, tmp_path: Path
) -> None:
    page = opened("FINANCE", "en")
    page.get_by_role("button", name="ไทย").click()
    expect(page.locator("html")).to_have_attribute("lang", "th")
    expect(page.locator("h1")).to_have_text("ภาพรวม")
    assert User.objects.filter(language="th").count() == 1
    go_to(page, "ปฏิทินการเงิน")
    go_to(page, "รายการเรียกเก็บ")
    follow(page, "ตุลาคม 2026")
    expect(page.locator("h1")).to_have_text("ใบแจ้งยอด ตุลาคม 2026")
    with page.expect_download() as download:
        follow(page, "ส่งออกเป็น CSV")
    download.value.save_as(tmp_path / "october.csv")
    with (tmp_path / "october.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["เลขที่รายการ"] for row in rows][:3] == ["C-1", "C-2", "C-3"]
    assert [row["จำนวนเงิน"] for row in rows] == ["15.50", "7.25", "40.00", "-5.00"]

    press(page, "เลือกทั้งหมดในหน้านี้")
    press(page, "ขอเครดิตคืนรายการที่เลือก")
    expect(page.locator("tfoot td")).to_have_text("57.75 USD")
    page.get_by_label("ปัญหาที่เกิดขึ้น").fill("สินค้าสองชิ้นไม่ตรงกับคำสั่งซื้อ")
    for category in ("ฟูลฟิลเมนต์", "จัดส่ง"):  # each has reasons of its own
        page.get_by_label(f"เหตุผล: เครดิตคืนค่า{category}").select_option(index=1)
    press(page, "ส่งคำขอเครดิตคืน")
    expect(page.get_by_role("status")).to_be_visible()
    go_to(page, "เครดิตคืน")
    expect(page.locator("tbody")).to_contain_text("40.00 USD")
    go_to(page, "ทีม")
    expect(page.get_by_role("link", name="เชิญสมาชิก")).to_have_count(0)


# What stands in a page to be done, beside what is the reader's own: views, notices, mails.
TO_BE_DONE = """() => [...document.querySelectorAll("main form, main .button.prominent")]
  .filter((one) => one.localName === "a" || one.method === "post")
  .filter((one) => !/notices|notifications|views/.test(one.action ?? ""))
  .map((one) => one.outerHTML.slice(0, 200))"""
SENDS = """(path) => fetch(path, {method: "POST", redirect: "manual", headers: {
  "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value}})
  .then((answer) => answer.status)"""
SEES = {
    "Overview": "3,800.00 USD",
    "Money calendar": "1,200.00 USD",
    "Limit": "5,000.00 USD",
    "How to raise it": "Owners and finance can ask.",
    "Orders": "A-2",
    "Proceeds": "900.00 USD",
    "Withdrawals": "",
    "Destinations": "···· 0003",
    "Charges": "57.75 USD",
    "Bills": UNPAID,
    "Credits": "5.00 USD",
    "Billing settings": "···· 9995",
    "Team": "Viewer",
    "Profile": "Only owners change the profile.",
}
DOES = (
    "credit/withdrawals/new/",
    "credit/withdrawals/automatic/new/",
    "credit/destinations/new/",
    "credit/limit/pause/",
    "credit/raise/ask/",
    f"billing/invoices/{UNPAID}/pay/",
    "billing/credits/new/",
    "billing/credits/several/",
    "settings/team/invite/",
    "settings/profile/",
)


@pytest.mark.full  # each page of a viewer is in test_authorisation
def test_an_english_viewer_sees_all_and_can_do_nothing(opened: Opens) -> None:
    page = opened("VIEWER", "en")
    with nothing_changes():
        for name, shown in SEES.items():
            go_to(page, name)
            expect(page.locator("main")).to_contain_text(shown)
            assert page.evaluate(TO_BE_DONE) == [], name
        answers = {path: page.evaluate(SENDS, SHOP + path) for path in DOES}
        assert answers == dict.fromkeys(DOES, 403)
