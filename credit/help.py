"""What the help page says about the limit, pay-later orders, proceeds and withdrawals.

Figures are those of the merchant's own line and of the policy in force.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from credit import explanations
from credit.models import CreditLine, CreditPolicy, Freeze, LimitReview
from credit.models.withdrawals import EXPECTED_WITHIN
from credit.operations.destinations import USABLE_AFTER
from credit.queries import freezes, policies, proceeds
from lib import money
from lib.formats import listed, percent, plain_money, quantity, together
from lib.help import Book, Entry, FirstStep, Term, Topic, always
from merchants.models import Merchant

LIMIT = Topic("limit", _("The limit and pay-later orders"), 20)
PROCEEDS = Topic("proceeds", _("Proceeds and withdrawals"), 30)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Credit:
    """A merchant's credit line on a local day, as the answers need it; read once for a page."""

    line: CreditLine
    today: date

    @classmethod
    def of(cls, merchant: Merchant, today: date) -> "Credit":
        """What the answers need of the merchant's credit line on local day `today`; the merchant
        has to be loaded with its line. Nothing is read yet.
        """
        return cls(merchant.credit_line, today)

    @cached_property
    def policy(self) -> CreditPolicy:
        """The policy that is in force for the line today, looked up once."""
        return policies.in_force(self.line.currency, self.today)

    @cached_property
    def withdrawable(self) -> Money:
        """The amount of proceeds that can be withdrawn today, fee included. Freezes are not
        considered.
        """
        return proceeds.withdrawable(self.line, today=self.today)

    @cached_property
    def freezes(self) -> Sequence[Freeze]:
        """The freezes that are in force; nothing is read while there are none."""
        return list(freezes.in_force(self.line)) if self.line.is_frozen else []


def _balance(credit: Credit) -> str:
    """The answer to how limit and balance differ: the limit, and the proceeds now."""
    return gettext(
        "Your limit of %(limit)s is what unpaid orders of your buyers may come to together. It is"
        " not money. Your balance is under Proceeds: what buyers have paid and you have not had"
        " yet, %(proceeds)s now."
    ) % {"limit": plain_money(credit.line.limit), "proceeds": plain_money(credit.line.proceeds)}


def _withdraw_limit(credit: Credit) -> str:
    """The answer to whether the limit can be withdrawn: no; what can be withdrawn now."""
    return gettext(
        "No. The limit only lets your buyers order now and pay later. What you can withdraw is"
        " proceeds: %(amount)s now."
    ) % {"amount": plain_money(credit.withdrawable)}


def _used(credit: Credit) -> str:
    """The answer to what uses the limit: orders until they are paid; how much is held now."""
    return gettext(
        "An order holds its amount from when it is placed until its buyer pays. %(used)s of"
        " your %(limit)s is held now. Each payment, refund and cancellation frees its part."
    ) % {"used": plain_money(credit.line.used), "limit": plain_money(credit.line.limit)}


def _due(credit: Credit) -> str:
    """The answer to when buyers have to pay: the line's payment days after the delivery, and the
    later parts of an order in instalments every 30 days after that.
    """
    days = credit.line.payment_days
    return ngettext(
        "%(days)s day after the delivery. Of an order in instalments that is the first part; the"
        " others are due every 30 days after it.",
        "%(days)s days after the delivery. Of an order in instalments that is the first part; the"
        " others are due every 30 days after it.",
        days,
    ) % {"days": days}


def _frozen(credit: Credit) -> str:
    """The answer to why a limit is frozen: the causes there are, and those of this line now."""
    why = gettext(
        "A limit is frozen when what is overdue reaches %(share)s of it, when a bill stays unpaid"
        " for weeks, or when our team decides so. New orders are declined then; open ones go on."
    ) % {"share": percent(credit.policy.overdue_ratio * 100)}
    if not credit.freezes:
        return together(gettext("Yours is not frozen."), why)
    different = dict.fromkeys(freeze.reason for freeze in credit.freezes)
    reasons = listed(explanations.FREEZES[reason] for reason in different)
    return together(gettext("Yours is frozen now: %(reasons)s.") % {"reasons": reasons}, why)


def _unfreeze(credit: Credit) -> str:
    """The answer to how a freeze ends, with the overdue amount below which one ends by itself;
    where there is none, as with a limit of 0, that nothing may be overdue.
    """
    enough = money.nearest(credit.line.limit * credit.policy.overdue_ratio)
    if not enough:
        return gettext(
            "One for overdue payments ends by itself once nothing is overdue, one for a bill once"
            " all bills are paid. What our team has frozen, our team ends."
        )
    return gettext(
        "One for overdue payments ends by itself once less than %(amount)s is overdue, one for a"
        " bill once all bills are paid. What our team has frozen, our team ends."
    ) % {"amount": plain_money(enough)}


def _raise(credit: Credit) -> str:
    """The answer to how the limit gets higher: by monthly reviews, if the policy holds them, and on
    request.
    """
    if not credit.policy.holds_reviews:
        return gettext("Ask for it, and say what you will sell and when. We answer with a reason.")
    return gettext(
        "It is reviewed by five factors on the first of each month, and the page shows which of"
        " them costs you most. You can also ask for a higher one at any time; we answer with a"
        " reason."
    )


def _grade(credit: Credit) -> str:
    """The answer to how a grade comes about: from how many points each is given, and what it does
    to the limit; or that limits in this currency have no grades.
    """
    policy, grade = credit.policy, LimitReview.Grade
    if not policy.holds_reviews:
        return gettext("Limits in your currency are set by our team, without grades.")
    return gettext(
        "The five factors make a score of up to 100. From %(a)s points on it is grade A, from"
        " %(b)s B, from %(c)s C, and below that D. A multiplies the limit by %(a_factor)s, B by"
        " %(b_factor)s and D by %(d_factor)s; C leaves it as it is."
    ) % {
        **{
            grade.lower(): quantity(getattr(policy, f"{grade.lower()}_from"))
            for grade in (grade.A, grade.B, grade.C)
        },
        **{f"{name}_factor": quantity(getattr(policy, f"{name}_factor")) for name in "abd"},
    }


def _written_off(credit: Credit) -> str:
    """The answer to what happens to an order that its buyer never pays: after how many days it is
    written off, and that the limit falls.
    """
    days = credit.policy.write_off_days
    return ngettext(
        "It is overdue first. %(days)s day after the due date it is written off, and your limit"
        " falls by what was not paid. If the buyer still pays later, that is yours.",
        "It is overdue first. %(days)s days after the due date it is written off, and your limit"
        " falls by what was not paid. If the buyer still pays later, that is yours.",
        days,
    ) % {"days": days}


def _caps(credit: Credit) -> str:
    """The answer to whether the merchant can limit orders itself, with its own caps for an order
    and a buyer.
    """
    line = credit.line
    return gettext(
        "Yes: cap what one order may be, and what one buyer may owe, or pause new orders. Your cap"
        " for an order: %(order)s; for a buyer: %(buyer)s."
    ) % {"order": _cap(line.order_cap), "buyer": _cap(line.buyer_cap)}


def _cap(cap: Money | None) -> str:
    """The cap as text; "none" without one."""
    return gettext("none") if cap is None else plain_money(cap)


def _matures(credit: Credit) -> str:
    """The answer to when sales can be withdrawn: the line's settlement days after the payment, and
    how much can be withdrawn now.
    """
    days, now = credit.line.settlement_days, plain_money(credit.withdrawable)
    if not days:
        return gettext("At once. %(amount)s can be withdrawn now.") % {"amount": now}
    return ngettext(
        "%(days)s day after the payment. %(amount)s can be withdrawn now; the page shows when the"
        " rest matures.",
        "%(days)s days after the payment. %(amount)s can be withdrawn now; the page shows when the"
        " rest matures.",
        days,
    ) % {"days": days, "amount": now}


def _arrives(credit: Credit) -> str:
    """The answer to when a withdrawal arrives, and above which amount a day it is approved
    first.
    """
    hours = EXPECTED_WITHIN // HOUR
    return gettext(
        "Within %(hours)s hours of your request, as a rule. If a day's withdrawals come to more"
        " than %(amount)s, a person of our team approves them first. The withdrawal's page shows"
        " each step."
    ) % {"hours": hours, "amount": plain_money(credit.policy.approval_above)}


def _fee(credit: Credit) -> str:
    """The answer to what a withdrawal costs."""
    return (
        explanations.fee_of_withdrawals(credit.policy)
        + " "
        + gettext("You see the fee before you confirm.")
    )


def _destination(credit: Credit) -> str:
    """The answer to when a new destination can be used."""
    return gettext(
        "A new one can be used after %(hours)s hours. Owners are mailed at once, so that they"
        " notice in time if somebody else has added it."
    ) % {"hours": USABLE_AFTER // HOUR}


def _negative(credit: Credit) -> str:
    """The answer to why proceeds are below 0, or how they could be: by a refund, a correction of
    ours (rule 9.6), or a withdrawal that was paid after all (rule 10.17).
    """
    if credit.line.proceeds.amount < 0:
        return gettext(
            "More was taken from them than was there: a buyer got money back, our team corrected"
            " what was too much, or a withdrawal that was marked as failed had been paid after all;"
            " your entries say which. Later sales cover that first; nothing is collected from you"
            " for it."
        )
    return gettext(
        "Yours are not. They would be if, after you had withdrawn the money, a buyer got some back,"
        " our team corrected what was too much, or a withdrawal that was marked as failed had been"
        " paid after all; later sales would cover that first, and nothing would be collected from"
        " you."
    )


ENTRIES: Sequence[Entry[Credit]] = (
    Entry(
        anchor="limit-or-balance",
        topic=LIMIT,
        question=_("What is the difference between the limit and a balance?"),
        answer=_balance,
        pages=("credit:limit", "credit:proceeds"),
        words="credit limit; balance; 额度; 余额; 资金管理; ยอดเงิน; วงเงิน",
    ),
    Entry(
        anchor="withdraw-the-limit",
        topic=LIMIT,
        question=_("Can I withdraw the limit, or pay with it?"),
        answer=_withdraw_limit,
        pages=("credit:proceeds",),
        words="cash out; 套现; 额度提现; ถอนวงเงิน",
    ),
    Entry(
        anchor="limit-used-up",
        topic=LIMIT,
        question=_("Why is my limit used up?"),
        answer=_used,
        pages=("credit:orders", "credit:limit"),
        words="hold; 占用; 额度不足; วงเงินเต็ม",
    ),
    Entry(
        anchor="when-buyers-pay",
        topic=LIMIT,
        question=_("When does a buyer have to pay?"),
        answer=_due,
        pages=("credit:orders",),
        words="due date; instalments; 到期; 分期; ครบกำหนด; ผ่อนชำระ",
    ),
    Entry(
        anchor="frozen",
        topic=LIMIT,
        question=_("Why is my limit frozen?"),
        answer=_frozen,
        pages=("credit:freezes",),
        words="freeze; suspended; blocked; 冻结; ระงับ; อายัด",
    ),
    Entry(
        anchor="end-of-a-freeze",
        topic=LIMIT,
        question=_("How does a freeze end?"),
        answer=_unfreeze,
        pages=("credit:freezes",),
        words="unfreeze; lift; 解冻; ยกเลิกการระงับ",
    ),
    Entry(
        anchor="declined",
        topic=LIMIT,
        question=_("Why was an order declined?"),
        answer=always(
            _(
                "Each declined order says why: too little limit, a freeze, the buyer's risk, or"
                " your own pause or caps. You can also check an amount before the order comes."
            )
        ),
        pages=("credit:declined", "credit:check"),
        words="rejected; refused; 被拒; ปฏิเสธ",
    ),
    Entry(
        anchor="higher-limit",
        topic=LIMIT,
        question=_("How do I get a higher limit?"),
        answer=_raise,
        pages=("credit:raise",),
        words="raise; increase; 提额; เพิ่มวงเงิน",
    ),
    Entry(
        anchor="grades",
        topic=LIMIT,
        question=_("What do the grades mean?"),
        answer=_grade,
        pages=("credit:raise", "credit:reviews"),
        words="credit rating; score; 信用等级; 评级; เกรด; คะแนน",
    ),
    Entry(
        anchor="buyer-does-not-pay",
        topic=LIMIT,
        question=_("What happens when a buyer does not pay?"),
        answer=_written_off,
        pages=("credit:orders",),
        words="overdue; write-off; bad debt; 逾期; 坏账; เกินกำหนด; หนี้สูญ",
    ),
    Entry(
        anchor="large-orders",
        topic=LIMIT,
        question=_("Can I cap large orders, or what one buyer may owe?"),
        answer=_caps,
        pages=("credit:limit",),
        words="cap; pause; 大额订单; 上限; 暂停; เพดาน; คำสั่งซื้อขนาดใหญ่",
    ),
    Entry(
        anchor="fake-orders",
        topic=LIMIT,
        question=_("What about fake orders?"),
        answer=always(
            _(
                "Many orders of one buyer within a day are looked at by our team. If we suspect"
                " fraud, we freeze the limit, and withdrawals wait until that is cleared up."
            )
        ),
        pages=("credit:freezes",),
        words="fraud; brushing; 恶意刷单; 刷单; 欺诈; คำสั่งซื้อปลอม; ทุจริต",
    ),
    Entry(
        anchor="refunds",
        topic=LIMIT,
        question=_("What does a refund to a buyer do?"),
        answer=always(
            _(
                "It first takes away what the buyer still owes, and so frees limit. The rest comes"
                " out of your proceeds."
            )
        ),
        pages=("credit:proceeds_entries",),
        words="return; after-sales; 退款; 售后; 退货; คืนเงิน",
    ),
    Entry(
        anchor="when-it-matures",
        topic=PROCEEDS,
        question=_("When can I withdraw what a buyer has paid?"),
        answer=_matures,
        pages=("credit:proceeds",),
        words="settlement; maturing; 结算; 账期; พร้อมถอน",
    ),
    Entry(
        anchor="when-a-withdrawal-arrives",
        topic=PROCEEDS,
        question=_("When does a withdrawal arrive?"),
        answer=_arrives,
        pages=("credit:withdrawals",),
        words="payout; 到账; 提现; เงินเข้า; ถอนเงิน",
    ),
    Entry(
        anchor="fee-of-a-withdrawal",
        topic=PROCEEDS,
        question=_("What does a withdrawal cost?"),
        answer=_fee,
        pages=("billing:pricing", "credit:withdraw"),
        words="payout fee; fees; 手续费; ค่าธรรมเนียมการถอน",
    ),
    Entry(
        anchor="new-destination",
        topic=PROCEEDS,
        question=_("Why can't I use my new bank account yet?"),
        answer=_destination,
        pages=("credit:destinations",),
        words="alipay; bank card; 支付宝; 银行卡; บัญชีธนาคาร",
    ),
    Entry(
        anchor="automatic-withdrawals",
        topic=PROCEEDS,
        question=_("Can withdrawals happen by themselves?"),
        answer=always(
            _("Yes, each day or week, from an amount on that you choose. An owner sets them up.")
        ),
        pages=("credit:automatic",),
        words="automatic; schedule; 自动提现; ถอนอัตโนมัติ",
    ),
    Entry(
        anchor="withdrawal-came-back",
        topic=PROCEEDS,
        question=_("My withdrawal failed. Where is the money?"),
        answer=always(
            _(
                "Back in your proceeds: amount and fee, or the amount alone if the bank had paid it"
                " and sent it back later. The withdrawal's page says what the bank said; check the"
                " destination before you try again."
            )
        ),
        pages=("credit:withdrawals", "credit:proceeds_entries"),
        words="failed payout; rejected; 提现失败; 退回; ถอนไม่สำเร็จ",
    ),
    Entry(
        anchor="below-zero",
        topic=PROCEEDS,
        question=_("Why are proceeds below zero?"),
        answer=_negative,
        pages=("credit:proceeds_entries",),
        words="negative balance; 负数; ติดลบ",
    ),
)

STEPS: Sequence[FirstStep[Credit]] = (
    FirstStep(
        place=20,
        title=_("Add the account that your proceeds go to"),
        why=_("It can be used a day later, so add it before you need it."),
        page="credit:destinations",
        is_done=lambda credit: credit.line.destinations.filter(removed_at=None).exists(),
    ),
)

TERMS = (
    Term(
        pgettext_lazy("glossary", "Limit"),
        _("What unpaid orders of your buyers may come to together; it is no money."),
    ),
    Term(pgettext_lazy("glossary", "Used"), _("What open orders hold of the limit.")),
    Term(pgettext_lazy("glossary", "Available"), _("What of the limit is left for new orders.")),
    Term(pgettext_lazy("glossary", "Order"), _("What a buyer ordered now, to pay later.")),
    Term(pgettext_lazy("glossary", "Overdue"), _("Not paid by its due date.")),
    Term(
        pgettext_lazy("glossary", "Written off"),
        _("Given up long after the due date; the limit falls with it."),
    ),
    Term(pgettext_lazy("glossary", "Freeze"), _("While one is in force, new orders are declined.")),
    Term(
        pgettext_lazy("glossary", "Proceeds"), _("What buyers have paid and you have not had yet.")
    ),
    Term(
        pgettext_lazy("glossary", "Maturing"),
        _("Proceeds that can be withdrawn from a later day on."),
    ),
    Term(pgettext_lazy("glossary", "On its way"), _("Withdrawn, and not with you yet.")),
    Term(pgettext_lazy("glossary", "Withdrawal"), _("Proceeds that go to your own account.")),
    Term(
        pgettext_lazy("glossary", "Destination"),
        _("The bank account, card or Alipay account that withdrawals go to."),
    ),
)

BOOK = Book(place=20, about=Credit.of, entries=ENTRIES, steps=STEPS, terms=TERMS)
