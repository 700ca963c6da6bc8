"""What the help page says about charges, statements, credits, bills and how they are paid.

Figures are those of the merchant's own account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby

from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from billing.models import AccountChange, BillingAccount, Fee
from billing.models.accounts import CYCLE_DAYS, DAYS_TO_PAY, FREEZE_DAYS
from billing.models.fees import Category
from billing.operations.dunning import RETRY_DAYS
from billing.queries.credits import charged_or_credited
from billing.queries.terms import plan_to_come
from lib import calendar
from lib.formats import day_text, labelled, listed, plain_money, together
from lib.help import Book, Entry, FirstStep, Term, Topic, always
from merchants.models import Merchant

CHARGES = Topic("charges", _("Charges, statements and credits"), 40)
INVOICES = Topic("bills", _("Bills and paying them"), 50)
Method = BillingAccount.Method


@dataclass(frozen=True)
class Billing:
    """A merchant's billing account on a local day, as the answers need it."""

    account: BillingAccount
    today: date

    @cached_property
    def fees(self) -> Sequence[Fee]:
        """The fees, looked up once, that the merchant can be charged or credited for, by category
        and name.
        """
        return charged_or_credited()

    @classmethod
    def of(cls, merchant: Merchant, today: date) -> "Billing":
        """The merchant's billing account and the day `today`, from which the answers are made.
        Raises BillingAccount.DoesNotExist if it has none.
        """
        return cls(merchant.billing_account, today)


def _closes(billing: Billing) -> str:
    """The help page's answer to when a statement closes: at the end of its month by the merchant's
    time zone, that this month's closes on its last day, and that what we are told of it later comes
    into the next month as late.
    """
    month_end = calendar.month_end(calendar.month_of(billing.account.open_on))
    return gettext(
        "When its month ends by your time zone: this month's closes at the end of %(day)s. What we"
        " are told of it later comes into the next month and is marked as late."
    ) % {"day": day_text(month_end)}


def _categories(billing: Billing) -> str:
    """The help page's answer on what is in which category: that statements have only fulfilment and
    shipping and their credits, and a line with the fees of each category.
    """
    lines = [
        labelled(listed(fee.label for fee in group), Category(category).label)
        for category, group in groupby(billing.fees, key=lambda fee: fee.category)
    ]
    on_invoices_alone = gettext(
        "Statements have the fulfilment and shipping charges and their credits; bills have all."
    )
    return "\n".join([on_invoices_alone, *lines])


def _credit(billing: Billing) -> str:
    """The help page's answer on a charge that is wrong: to ask for a credit and say what went
    wrong, that we answer with a reason, that it comes off the next bill, and the reasons that can
    be given.
    """
    reasons = [fee.label for fee in billing.fees if fee.is_credit]
    return gettext(
        "Ask for a credit on it and say what went wrong; we answer with a reason. It comes off"
        " your next bill. Reasons: %(reasons)s."
    ) % {"reasons": listed(reasons)}


def _two_invoices(billing: Billing) -> str:
    """The help page's answer to why a month can have two bills: the days between bill dates, and
    that one more comes at the threshold.
    """
    account = billing.account
    if account.has_cycle:
        dates = ngettext(
            "Bills come every %(cycle)s days and on your plan's date, every %(days)s day, so a"
            " month can have two.",
            "Bills come every %(cycle)s days and on your plan's date, every %(days)s days, so a"
            " month can have two.",
            account.plan_interval_days,
        )
    else:
        dates = gettext(
            "Bills come every %(days)s days with your plan, not by calendar month, so a month can"
            " have two."
        )
    more = gettext("One more comes whenever %(threshold)s is outstanding.")
    said = {"cycle": CYCLE_DAYS, "days": account.plan_interval_days}
    return together(dates % said, more % {"threshold": plain_money(account.threshold)})


def _threshold(billing: Billing) -> str:
    """The help page's answer to what the threshold is: its amount, that a bill comes the same day
    when it is reached, what is outstanding now, and that a higher one can be asked for.
    """
    return gettext(
        "When your charges that are on no bill yet reach %(threshold)s, a bill comes the same day,"
        " so that they don't pile up. %(outstanding)s is outstanding now. You can ask for a higher"
        " threshold."
    ) % {
        "threshold": plain_money(billing.account.threshold),
        "outstanding": plain_money(billing.account.outstanding),
    }


def _next_invoice(billing: Billing) -> str:
    """The help page's answer to when the next bill comes: its day, with the plan fee if it has one,
    which is that of a plan to come if one starts then, or earlier at the threshold; none by date
    for a closed account.
    """
    account = billing.account
    if account.is_closed:
        return gettext("Your account is closed, so no bill comes by date.")
    said = {
        "day": day_text(account.next_invoice_on),
        "threshold": plain_money(account.threshold),
        "fee": plain_money((plan_to_come(account) or account).plan_price),
    }
    if account.next_invoice_on == account.next_plan_on:
        return (
            gettext(
                "On %(day)s, with your plan fee of %(fee)s, or earlier if %(threshold)s is"
                " outstanding before."
            )
            % said
        )
    return gettext("On %(day)s, or earlier if %(threshold)s is outstanding before.") % said


def _plan(billing: Billing) -> str:
    """The help page's answer to what the plan costs, how often, from when on a new one counts, and
    that nothing is prorated; nothing for a closed account, as it says.
    """
    account = billing.account
    if account.is_closed:
        return gettext("Your account is closed, so no plan is charged.")
    said = ngettext(
        "Your plan costs %(fee)s every %(days)s day, in advance. A new plan counts from the next"
        " plan date on, %(date)s; nothing is prorated.",
        "Your plan costs %(fee)s every %(days)s days, in advance. A new plan counts from the next"
        " plan date on, %(date)s; nothing is prorated.",
        account.plan_interval_days,
    )
    return said % {
        "fee": plain_money(account.plan_price),
        "days": account.plan_interval_days,
        "date": day_text(account.next_plan_on),
    }


def _paid(billing: Billing) -> str:
    """The help page's answer to how bills are paid: by transfer within some days, or from proceeds
    or the card as they are issued, or not at all by a card that was disputed; and that another
    method can be chosen.
    """
    method = billing.account.payment_method
    if method == Method.MANUAL:
        return ngettext(
            "By bank transfer, within %(days)s day. Each bill shows our bank account and the"
            " reference to give. You can choose another method.",
            "By bank transfer, within %(days)s days. Each bill shows our bank account and the"
            " reference to give. You can choose another method.",
            DAYS_TO_PAY,
        ) % {"days": DAYS_TO_PAY}
    if billing.account.has_disputed_card:
        return gettext(
            "A payment from your card was disputed, so nothing is collected from it. Choose it"
            " again, or another method; until then you can pay a bill by bank transfer."
        )
    if method == Method.PROCEEDS:
        return gettext("From your proceeds, as it is issued. You can choose another method.")
    return gettext("From your card, as it is issued. You can choose another method.")


def _not_paid(billing: Billing) -> str:
    """The help page's answer to what follows if a bill is not paid: when it is tried again, or that
    it is not while its card is disputed, or when it has failed, and after how many days new
    pay-later orders are declined until all bills are paid.
    """
    days = gettext(
        "If it is still unpaid %(freeze)s days after it first failed, new pay-later orders are"
        " declined until all bills are paid."
    ) % {"freeze": FREEZE_DAYS}
    if billing.account.has_disputed_card:
        waits = gettext("Nothing tries it again by itself: a payment from your card was disputed.")
        return together(waits, days)
    if billing.account.pays_by_itself:
        retries = gettext("We try again %(days)s days after the first failure.")
        return together(retries % {"days": _listed(RETRY_DAYS)}, days)
    due = ngettext(
        "It is due %(days)s day after its date; unpaid then, it has failed.",
        "It is due %(days)s days after its date; unpaid then, it has failed.",
        DAYS_TO_PAY,
    )
    return together(due % {"days": DAYS_TO_PAY}, days)


def _listed(days: Sequence[int]) -> str:
    """The numbers as text in the reader's language, such as "1, 3, 5 and 7". There have to
    be at least two.
    """
    *first, last = map(str, days)
    return gettext("%(first)s and %(last)s") % {"first": listed(first), "last": last}


def _too_much(billing: Billing) -> str:
    """The help page's answer to what becomes of money paid in excess: it pays the next bills, and
    how much of it there is now, if there is some.
    """
    said = gettext("We keep it for you, and it pays your next bills by itself.")
    if not billing.account.unapplied:
        return said
    kept = gettext("We keep %(amount)s for you now.")
    return together(said, kept % {"amount": plain_money(billing.account.unapplied)})


ENTRIES: Sequence[Entry[Billing]] = (
    Entry(
        anchor="statement-or-bill",
        topic=CHARGES,
        question=_("What is the difference between a statement and a bill?"),
        answer=always(
            _(
                "A statement lists the fulfilment and shipping charges of a calendar month;"
                " nothing is paid on it. A bill is what you pay: all that was outstanding when it"
                " was issued."
            )
        ),
        pages=("billing:statements", "billing:invoices"),
        words="invoice; statement; 对账单; 账单; ใบแจ้งยอด; ใบแจ้งหนี้; ใบเรียกเก็บเงิน",
    ),
    Entry(
        anchor="when-a-statement-closes",
        topic=CHARGES,
        question=_("When is a statement closed?"),
        answer=_closes,
        pages=("billing:statements",),
        words="month end; cut-off; 月结; 截止; ปิดยอด; สิ้นเดือน",
    ),
    Entry(
        anchor="categories",
        topic=CHARGES,
        question=_("What is in which category?"),
        answer=_categories,
        pages=("billing:pricing", "billing:charges"),
        words="fulfilment; shipping; 类别; 履约; 运费; หมวดหมู่; ค่าขนส่ง; การขนส่ง",
    ),
    Entry(
        anchor="wrong-charge",
        topic=CHARGES,
        question=_("A charge is wrong. How do I get it back?"),
        answer=_credit,
        pages=("billing:credits",),
        words="dispute; credit; refund; complaint; 争议; 退费; 抵扣; 申诉; โต้แย้ง; เครดิตคืน",
    ),
    Entry(
        anchor="files",
        topic=CHARGES,
        question=_("Where do I find documents for my books?"),
        answer=always(
            _(
                "Each bill and closed statement can be taken as PDF and CSV. The page for your"
                " accountant has charges of any days, and all documents of a year."
            )
        ),
        pages=("billing:accountant", "billing:invoices", "billing:statements"),
        words="receipt; accountant; export; csv; 发票; 收据; 会计; 导出; ใบเสร็จ; บัญชี; ส่งออก",
    ),
    Entry(
        anchor="two-bills",
        topic=INVOICES,
        question=_("Why did I get two bills in a month?"),
        answer=_two_invoices,
        pages=("billing:invoices", "billing:settings"),
        words="billing cycle; 两张账单; 账单周期; รอบการเรียกเก็บเงิน; สองใบ",
    ),
    Entry(
        anchor="threshold",
        topic=INVOICES,
        question=_("What is a threshold bill?"),
        answer=_threshold,
        pages=("billing:settings", "billing:outlook"),
        words="billing threshold; 出账门槛; 计费门槛; เกณฑ์การเรียกเก็บเงิน",
    ),
    Entry(
        anchor="next-bill",
        topic=INVOICES,
        question=_("When does the next bill come?"),
        answer=_next_invoice,
        pages=("billing:outlook",),
        words="forecast; 下一张账单; 预测; ใบแจ้งหนี้ครั้งถัดไป",
    ),
    Entry(
        anchor="plan",
        topic=INVOICES,
        question=_("What does my plan cost, and when?"),
        answer=_plan,
        pages=("billing:pricing", "billing:settings"),
        words="subscription; 套餐; 订阅; แพ็กเกจ; ค่าสมาชิก",
    ),
    Entry(
        anchor="paying",
        topic=INVOICES,
        question=_("How is a bill paid?"),
        answer=_paid,
        pages=("billing:settings", "billing:invoices"),
        words="payment method; card; transfer; 付款; 银行卡; วิธีชำระเงิน; โอนเงิน",
    ),
    Entry(
        anchor="not-paid",
        topic=INVOICES,
        question=_("What happens if a bill is not paid?"),
        answer=_not_paid,
        pages=("billing:invoices",),
        words="failed payment; retry; 扣款失败; 未付; ชำระไม่สำเร็จ; ค้างชำระ",
    ),
    Entry(
        anchor="paid-too-much",
        topic=INVOICES,
        question=_("What if I pay too much?"),
        answer=_too_much,
        pages=("billing:unapplied",),
        words="overpaid; twice; 多付; 重复付款; จ่ายเกิน",
    ),
)


def _has_chosen(billing: Billing) -> bool:
    """Look up whether bills are collected by themselves, or somebody has ever chosen how they are
    paid.
    """
    chosen = billing.account.changes.filter(what=AccountChange.What.PAYMENT_METHOD)
    return billing.account.pays_by_itself or chosen.exists()


STEPS: Sequence[FirstStep[Billing]] = (
    FirstStep(
        place=30,
        title=_("Choose how bills are paid"),
        why=_("A card or your proceeds pay them by themselves, and none is forgotten."),
        page="billing:settings",
        is_done=_has_chosen,
    ),
)

TERMS = (
    Term(pgettext_lazy("glossary", "Charge"), _("What one service cost.")),
    Term(pgettext_lazy("glossary", "Fee"), _("A kind of service that costs something.")),
    Term(pgettext_lazy("glossary", "Category"), _("Fees of one kind, which stand together.")),
    Term(
        pgettext_lazy("glossary", "Fulfilment request"),
        _("A job for the warehouse, to which charges belong."),
    ),
    Term(
        pgettext_lazy("glossary", "Statement"),
        _("The fulfilment and shipping charges of one month."),
    ),
    Term(pgettext_lazy("glossary", "Late"), _("Told after its own month had closed.")),
    Term(pgettext_lazy("glossary", "Credit"), _("What is taken off for a charge that was wrong.")),
    Term(pgettext_lazy("glossary", "Bill"), _("What you are asked to pay, with a number.")),
    Term(pgettext_lazy("glossary", "Outstanding"), _("Charges that are on no bill yet.")),
    Term(
        pgettext_lazy("glossary", "Threshold"),
        _("When this much is outstanding, a bill comes the same day."),
    ),
    Term(pgettext_lazy("glossary", "Plan"), _("Your subscription, paid in advance.")),
    Term(pgettext_lazy("glossary", "Period"), _("The days whose charges a bill has.")),
    Term(
        pgettext_lazy("glossary", "Void"),
        _("A bill that was taken back; its charges come with a later one."),
    ),
    Term(
        pgettext_lazy("glossary", "Unapplied money"),
        _("Money that no bill wanted; it pays the next one."),
    ),
)

BOOK = Book(place=30, about=Billing.of, entries=ENTRIES, steps=STEPS, terms=TERMS)
