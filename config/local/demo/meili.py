"""The dress shop whose limit grew. It asks for credits, and withdraws its proceeds."""

from collections.abc import Iterator

from config.local.demo import actions
from config.local.demo.actions import Action
from config.local.demo.season import Days

OWNER = "owner@meili.example"
FINANCE = "finance@meili.example"
ALIPAY, ALIPAY_ENDS = "meili.dresses@mail.example", "sses"


def chapter(days: Days) -> Iterator[Action]:
    """Yield what people did for this shop, each action with its instant; not in order of time."""
    at, ago = days.at, days.ago
    yield Action(at(0, 10), actions.add_card("4242", by=OWNER))
    yield Action(at(12, 10), actions.add_alipay(ALIPAY, holder="林美丽", by=OWNER))
    yield Action(at(25, 10), actions.withdraw("first", "2000.00", to=ALIPAY_ENDS, by=OWNER))
    yield Action(at(55, 10), actions.withdraw("second", "6500.00", to=ALIPAY_ENDS, by=FINANCE))
    yield Action(at(74, 10), actions.withdraw("too-early", "12000.00", to=ALIPAY_ENDS, by=FINANCE))
    yield Action(at(74, 12), actions.cancel_withdrawal("too-early", by=OWNER))

    yield Action(at(10, 14), actions.ask_question(
        "我们什么时候可以把额度提高到 10,000？", by=OWNER))  # fmt: skip
    yield Action(
        at(11, 10), actions.answer("每月 1 日审核。保持店铺评分，按时收款，下次审核就可能提高。")
    )

    yield Action(at(16, 10), actions.ask_credit(
        "cartons", "credit-sourcing", "7.20", "6 箱中有 2 箱不是我们的货。",
        on="receiving", by=FINANCE))  # fmt: skip
    yield Action(at(17, 15), actions.approve_credit("cartons", "仓库已确认：2 箱属于另一家店铺。"))
    yield Action(at(58, 10), actions.ask_credit(
        "storage", "credit-storage", "12.50", "我们只用了 30 个单位。",
        on="storage", by=FINANCE))  # fmt: skip
    yield Action(at(60, 11), actions.reject_credit("storage", "25 日的盘点记录为 40 个单位。"))
    yield Action(ago(1, 10), actions.ask_credit(
        "label", "credit-label", "13.50", "这张面单买了两次。",
        on="shipping-label", by=FINANCE))  # fmt: skip
