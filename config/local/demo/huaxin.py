"""The electronics shop at the highest limit. It has prices of its own, pays bills out of its
proceeds, and makes withdrawals so large that people send them.
"""

from collections.abc import Iterator
from datetime import timedelta

from config.local.demo import actions
from config.local.demo.actions import Action
from config.local.demo.season import Days
from lib import calendar

OWNER = "owner@meili.example"
FINANCE = "finance@meili.example"
HOUR = timedelta(hours=1)
CARD, CARD_ENDS = "6212 2620 0000 0050 003", "0003"


def chapter(days: Days) -> Iterator[Action]:
    """Yield what people did for this shop, each action with its instant; not in order of time."""
    at, ago = days.at, days.ago
    heavy = actions.price(
        "shipping-label", "CNY", "26.80", from_on=days.first, is_own=True,
        reason="Heavy parcels, insured.")  # fmt: skip
    many = actions.price(
        "pick-pack", "CNY", "4.20", from_on=days.first, is_own=True,
        reason="Agreed for more than 50 orders a month.")  # fmt: skip
    lighter = actions.price(
        "shipping-label", "CNY", "24.50", is_own=True,
        from_on=calendar.next_month(calendar.month_of(days.today)),
        reason="Agreed with the carrier for the next year.")  # fmt: skip
    yield Action(at(0, 10), heavy)
    yield Action(at(0, 10), many)
    yield Action(ago(5, 10), lighter)

    yield Action(at(0, 11), actions.add_card("4242", by=OWNER))
    yield Action(at(45, 10), actions.pay_invoices_from_proceeds(by=FINANCE))
    yield Action(at(33, 10), actions.ask_threshold(
        "8000.00", "每周一张账单太多了。", by=FINANCE))  # fmt: skip
    yield Action(at(34, 10), actions.approve_threshold("付款一直准时。"))

    yield Action(at(14, 10), actions.add_bank_card(
        CARD, holder="华信电子有限公司", bank="中国工商银行", by=OWNER))  # fmt: skip
    for key, amount, asked in (
        ("first", "30000.00", at(40, 10)),
        ("second", "45000.00", ago(1, 9)),
        ("third", "20000.00", ago(1, 11)),
    ):
        withdrawal = actions.withdraw(key, amount, to=CARD_ENDS, by=FINANCE, by_hand=True)
        yield Action(asked, withdrawal)
        yield Action(asked + 3 * HOUR, actions.approve_withdrawal(key))
        if key != "third":
            yield Action(asked + 5 * HOUR, actions.hand_to_bank(key))
    yield Action(at(41, 10), actions.bank_paid("first", "ICBC-2291-7703"))
