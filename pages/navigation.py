"""The merchant's pages, each with the names that merchants give it in the three languages.

It is for the search box, and for links from one app's page to another's. A page whose route does
not exist is left out.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from django_stubs_ext import StrOrPromise


class Page(NamedTuple):
    """A page of the merchant, and the names by which it is found."""

    route: str
    title: StrOrPromise  # as in the navigation; in every language it is one of the names
    words: str  # what else it is called, separated by semicolons
    is_personal: bool = False  # of the person, not of the merchant
    asked: str = ""  # what a list is asked for, as the query of its address

    def address(self, merchant_reference: str) -> str:
        """The page's address for this merchant, or "" if its route does not exist."""
        found = address(self.route, *([] if self.is_personal else [merchant_reference]))
        return f"{found}?{self.asked}" if found and self.asked else found


PAGES = (
    Page("overview", _("Overview"), "home; dashboard; 总览; 首页; ภาพรวม; หน้าแรก"),
    Page(
        "calendar",
        _("Money calendar"),
        "cash flow; what is due; what would be free; coming days; payments to come;"
        " 资金日历; 日历; 现金流; 待回款; ปฏิทินการเงิน; กระแสเงินสด; เงินที่จะได้รับ",
    ),
    Page(
        "help",
        _("Help"),
        "faq; support; glossary; contact us; first steps;"
        " 帮助; 帮助中心; 常见问题; 客服; ช่วยเหลือ; คำถามที่พบบ่อย; ติดต่อเรา",
    ),
    Page(
        "credit:limit",
        _("Limit"),
        "credit limit; credit line; pay later limit; available limit; bnpl;"
        " 先用后付额度; 信用额度; 可用额度; 额度; วงเงิน; วงเงินเครดิต; วงเงินคงเหลือ",
    ),
    Page(
        "credit:raise",
        _("How to raise it"),
        "raise the limit; raise limit; higher limit; increase limit; grade; score; review;"
        " 提额; 提升额度; 额度评估; 评分; 信用等级; เพิ่มวงเงิน; ขอเพิ่มวงเงิน; คะแนน",
    ),
    Page(
        "billing:questions",
        _("Ask about your bills"),
        "ask us; ask about a bill; 咨询账单; สอบถามเรื่องใบแจ้งหนี้",
    ),
    Page("credit:requests", _("Your requests"), "questions; 申请; 提问; คำขอ; คำถาม"),
    Page("credit:reviews", _("Reviews of your limit"), "reviews; 额度评审; ผลการทบทวนวงเงิน"),
    Page(
        "credit:check",
        _("Can I take this order?"),
        "check an order; order check; 能接这笔订单吗; 接单; 大额订单; ตรวจสอบคำสั่งซื้อ; รับออเดอร์",
    ),
    Page(
        "credit:orders",
        _("Orders"),
        "pay later orders; instalments; due date; 订单; 先用后付订单; 分期;"
        " คำสั่งซื้อ; ออเดอร์; ผ่อนชำระ",
    ),
    Page(
        "credit:orders",
        _("Overdue orders"),
        "overdue; late; late orders; 逾期; 逾期订单; 过期未付; 欠款订单;"
        " เกินกำหนด; ค้างชำระ; เลยกำหนด; คำสั่งซื้อค้างชำระ; ออเดอร์ค้างชำระ",
        asked="standing=OVERDUE",
    ),
    Page(
        "credit:orders",
        _("Orders written off"),
        "written off; write-off; bad debt; 坏账; 核销; 已核销; ตัดหนี้สูญ; หนี้สูญ",
        asked="standing=WRITTEN_OFF",
    ),
    Page(
        "credit:buyers",
        _("Buyers"),
        "buyer; customers; customer; who owes me; own rules; caps; pause orders;"
        " 买家; 客户; 欠款; 订单规则; ผู้ซื้อ; ลูกค้า; ใครค้างชำระ",
    ),
    Page(
        "credit:buyers",
        _("Buyers who are late"),
        "late buyers; late payers; 逾期买家; 逾期客户; ผู้ซื้อค้างชำระ; ลูกค้าค้างชำระ",
        asked="standing=LATE",
    ),
    Page(
        "credit:sales",
        _("Sales by month"),
        "sales; turnover; revenue; report; 月度销售; 销售额; 营业额; 报表;"
        " ยอดขายรายเดือน; ยอดขาย; รายงาน",
    ),
    Page(
        "credit:after_sales",
        _("After-sales"),
        "refunds; refund; returns; cancelled orders; 退款; 退货; การคืนเงิน; คืนสินค้า",
    ),
    Page(
        "credit:declined",
        _("Declined orders"),
        "rejected orders; lost orders; 被拒订单; 拒绝; คำสั่งซื้อที่ถูกปฏิเสธ",
    ),
    Page(
        "credit:freezes", _("Freezes"), "frozen; freeze; unfreeze; 冻结; 解冻; 恶意刷单; ระงับ; อายัด"
    ),
    Page(
        "credit:proceeds",
        _("Proceeds"),
        "balance; payments received; earnings; 已收货款; 货款; 资金管理;"
        " 余额; ยอดเงินรับ; เงินที่ได้รับ; รายได้",
    ),
    Page(
        "credit:proceeds_entries",
        _("Entries of your proceeds"),
        "货款明细; รายการเงินรับ",
    ),
    Page("credit:withdrawals", _("Withdrawals"), "payout; payouts; 提现; 提现记录; 到账; การถอน"),
    Page(
        "credit:automatic",
        _("Automatic withdrawals"),
        "auto payout; daily; weekly; 自动提现; ถอนอัตโนมัติ",
    ),
    Page("credit:withdraw", _("Withdraw"), "new withdrawal; take money out; 申请提现; ขอถอนเงิน"),
    Page(
        "credit:destinations",
        _("Destinations"),
        "bank account; bank card; payout destination; alipay;"
        " 收款账户; 银行卡; 支付宝; บัญชีธนาคาร; ปลายทางการถอน",
    ),
    Page("billing:charges", _("Charges"), "fees; costs; this month; 费用; ค่าธรรมเนียม; ค่าใช้จ่าย"),
    Page("billing:all_charges", _("All charges"), "find a charge; 全部费用明细; ค่าใช้จ่ายทั้งหมด"),
    Page(
        "billing:statements",
        _("Statements"),
        "statement; monthly statement; months; closed months; csv; 对账单; 月结单; ใบแจ้งยอด",
    ),
    Page(
        "billing:requests",
        _("Fulfilment costs"),
        "fulfilment requests; fulfillment; shipping costs; 履约费用; 发货费用; 运费; ค่าจัดส่ง; ค่าแพ็ก;"
        " ค่าขนส่ง; การขนส่ง",
    ),
    Page(
        "billing:pricing",
        _("Pricing"),
        "prices; fee list; rates; categories;"
        " 价格; 收费标准; 手续费; ราคา; อัตราค่าบริการ; การกำหนดราคา",
    ),
    Page(
        "billing:invoices",
        _("Bills"),
        "bill; invoice; invoices; unpaid; next bill; 账单; 发票; ใบแจ้งหนี้; บิล; ใบเรียกเก็บเงิน;"
        " ประวัติการเรียกเก็บเงิน; ใบเสร็จ; receipt",
    ),
    Page(
        "billing:invoices",
        _("Bills past due"),
        "past due; overdue bills; 逾期账单; ใบแจ้งหนี้เกินกำหนด; บิลค้างชำระ",
        asked="standing=PAST_DUE",
    ),
    Page(
        "billing:credits",
        _("Credits"),
        "ask for a credit; refund of a charge; dispute; 退费; 抵扣; เครดิตคืน",
    ),
    Page(
        "billing:settings",
        _("Billing settings"),
        "threshold; billing threshold; cycle; payment method; card;"
        " 账单设置; 计费门槛; 付款方式; เกณฑ์การเรียกเก็บเงิน; วิธีชำระเงิน; รอบการเรียกเก็บเงิน",
    ),
    Page(
        "billing:details",
        _("Billing details"),
        "company; address; tax number; vat; purchase order; 开票信息; 税号; 抬头;"
        " ข้อมูลออกใบแจ้งหนี้; เลขประจำตัวผู้เสียภาษี; ที่อยู่",
    ),
    Page(
        "billing:outlook",
        _("Forecast"),
        "what comes next; 费用预测; 下期账单; การคาดการณ์; ใบแจ้งหนี้ครั้งถัดไป",
    ),
    Page(
        "billing:unapplied",
        _("Unapplied money"),
        "overpaid; 未核销款项; 多付; เงินรับที่ยังไม่ได้ตัดชำระ; จ่ายเกิน",
    ),
    Page(
        "billing:accountant",
        _("For the accountant"),
        "accountant; bookkeeping; export; excel; xlsx; zip; 会计; 导出; 会计资料;"
        " นักบัญชี; ส่งออก; ไฟล์บัญชี",
    ),
    Page("merchant:notices", _("Notices"), "activity; news; inbox; 通知; 消息; การแจ้งเตือน; ข่าวสาร"),
    Page(
        "merchant:team",
        _("Team"),
        "staff; people; invite; roles; 团队; 成员; 邀请; 账户管理; ทีม; เชิญ; สมาชิก",
    ),
    Page(
        "merchant:security",
        _("Security"),
        "second factor of members; 安全要求; การยืนยันตัวตนของสมาชิก",
    ),
    Page("merchant:notifications", _("Notifications"), "e-mails; email; 邮件通知; อีเมลแจ้งเตือน"),
    Page(
        "merchant:profile",
        _("Profile"),
        "licence; contact; 资料; 店铺资料; 营业执照; โปรไฟล์; ใบอนุญาต",
    ),
    Page("account_change_password", _("Password"), "change password; 密码; รหัสผ่าน", True),
    Page(
        "mfa_index",
        _("Two-factor authentication"),
        "2fa; mfa; totp; passkey; recovery codes; 两步验证; ยืนยันตัวตนสองขั้นตอน",
        True,
    ),
    Page("usersessions_list", _("Sessions"), "devices; 登录设备; เซสชัน; อุปกรณ์", True),
)


class Named(NamedTuple):
    """A page that a search found by one of its names."""

    page: Page
    is_exact: bool  # that is its whole name


def address(route: str, *args: object) -> str:
    """The address of the route with these arguments, or "" if there is no such route."""
    try:
        return reverse(route, args=args)
    except NoReverseMatch:
        return ""


def named(text: str) -> list[Named]:
    """The pages that `text` may mean, each with whether the text is a whole name of it; those come
    first. A page is meant if each word of the text starts a word of one and the same of its names.
    Text in Chinese or Thai (any that is not ASCII) only has to be in one of its names; other text
    of fewer than SHORTEST letters has to be a whole one. Empty text means none.
    """
    wanted = plain(text)
    if not wanted:
        return []
    found = [Named(page, wanted in names(page)) for page in PAGES if _is_meant(page, wanted)]
    return sorted(found, key=lambda one: not one.is_exact)


SHORTEST = 3  # letters that mean a page by its beginning: fewer begin a reference
ASKING = re.compile(
    r"[?？]|怎么样?|如何|怎样|什么时候|吗|呢|我|要|想|ยังไง|อย่างไร|ได้ไหม|ครับ|ค่ะ|คะ|ทำ(?=\s|$)"
    r"|\b(?:how|when|where|what|why|can|do|does|should|i|we|my|our|a|an|the|to|is|are|it|please)\b"
)


def without_asking(text: str) -> str:
    """The text, normalised by `plain`, without the words by which people ask a question: of "How do
    I withdraw?" "withdraw" is left.
    """
    return " ".join(ASKING.sub(" ", plain(text)).split())


def _is_meant(page: Page, wanted: str) -> bool:
    """Whether the text, normalised by `plain`, fits one of the page's names."""
    return any(fits(wanted, name) for name in names(page))


def fits(wanted: str, name: str) -> bool:
    # Chinese and Thai have no spaces between words, so that any part may be a word.
    """Whether each word of `wanted` starts a word of the name. Text in Chinese or Thai (any that is
    not ASCII) only has to be in the name; other text of fewer than SHORTEST letters in all has to
    be the whole name. Both are normalised by `plain`.
    """
    if not wanted.isascii():
        return wanted in name
    if len(wanted) < SHORTEST:
        return wanted == name
    words = name.split()
    return all(any(word.startswith(part) for word in words) for part in wanted.split())


@lru_cache(maxsize=len(PAGES))
def names(page: Page) -> frozenset[str]:
    """All names of the page in all languages, normalised by `plain`."""
    return frozenset(filter(None, map(plain, (*_titles(page), *page.words.split(";")))))


def _titles(page: Page) -> Iterator[str]:
    """Yield the page's title in each language."""
    for language, _name in settings.LANGUAGES:
        with override(language):
            yield str(page.title)


def plain(text: str) -> str:
    """The text without differences of case, width and blanks, so that names can be compared."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
